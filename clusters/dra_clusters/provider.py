"""The interface of every provider: options, clusters, nodes. The rest of the project uses no more of a cluster than this."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self, runtime_checkable

from dra_api.objects import JsonObject
from dra_clusters.errors import UsageError
from kube_emulator.apiserver.audit import ApiRequest, Fault
from kube_emulator.releases.gates import STAGES
from kube_emulator.releases.release import LATEST, RELEASES

__all__ = ["ApiRequest", "Fault"]  # the audit's values are part of the protocols below

VERSIONS = tuple(map(str, RELEASES))
"""Kubernetes versions that can be asked for."""

DEFAULT_VERSION = str(LATEST)
"""The newest stable one."""

PARTS = frozenset({"api", "scheduler", "controllers", "kubelet"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A node and the folders on this machine that its kubelet and drivers share."""

    name: str
    registry_dir: Path
    plugins_dir: Path
    cdi_dir: Path

    @property
    def directory(self) -> Path:
        """The folder that holds the others; the kubelet emulation writes ``containers/`` here."""
        return self.cdi_dir.parent


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerView:
    """What a container was given, as its runtime has it.

    Attributes:
        environment: {name: value}.
        devices: paths of the device nodes that are in it besides those of every container.
    """

    environment: Mapping[str, str]
    devices: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class RackOptions:
    """Racks of nodes with fake GPUs, each rack one NVLink domain (provider ``embedded``).

    Attributes:
        machine: one of ``fake-nvml list`` that is a tray of a rack.
        nodes: of each rack; None means all that the machine has, and so for ``gpus`` of each node.
        full: how many nodes, rack by rack, have a fake GPU node and a driver that run; the others are hollow and have the
            slices that a driver would publish there.
    """

    machine: str = "gb200-nvl72"
    racks: int = 1
    nodes: int | None = None
    gpus: int | None = None
    full: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterOptions:
    """Options of a cluster, the same for every provider.

    Attributes:
        directory: for everything that the cluster writes; the caller removes it. None means a temporary folder, which
            ``down`` removes.
        parts: out of ``PARTS``; a provider that cannot leave out a part runs it.
        seed: decides generated names.
        rbac: whether roles decide what users are allowed to do in the embedded cluster; in real clusters they always do.
        gates: feature gates that are switched, as ``--feature-gates`` does; the others are as the release has them.
        runtime_config: versions of the API that are switched, as ``--runtime-config`` does: ``{"api/all": True}``,
            ``{"resource.k8s.io/v1beta1": True}``; stable versions are served by default, others are not.
        real_kubelet: whether the nodes are a real kubelet and containerd each (providers ``embedded``, ``binaries``).
        kubeconfig: of a cluster that runs already (provider ``existing``); None means ``$KUBECONFIG``, ``~/.kube/config`` or the
            service account of the pod in which this runs.
        context: of that file; empty means its current one.
        hollow: further nodes, ``hollow-0`` and on, that have no folders until a driver makes them or a pod comes.
        name: of the cluster, where its provider gives it one (provider ``kind``); a cluster of that name that runs is used.
            Empty means a new name.
        keep: whether the cluster goes on when ``down`` is called (provider ``kind``).
        node_image: of the nodes (provider ``kind``); empty means that of the release.
        images: OCI archives whose images every node has (provider ``kind``).
        gpus: the machine whose fake GPUs every node has, e.g. ``dgx-b200`` (provider ``kind``); empty means none.
        racks: nodes in racks, in place of ``nodes`` and ``hollow`` (provider ``embedded``).
    """

    directory: Path | None = None
    kubernetes: str = DEFAULT_VERSION
    nodes: tuple[str, ...] = ("node-0",)
    parts: frozenset[str] = PARTS
    seed: int = 0
    rbac: bool = False
    gates: Mapping[str, bool] = field(default_factory=dict)
    runtime_config: Mapping[str, bool] = field(default_factory=dict)
    real_kubelet: bool = False
    kubeconfig: Path | None = None
    context: str = ""
    hollow: int = 0
    name: str = ""
    keep: bool = False
    node_image: str = ""
    images: tuple[Path, ...] = ()
    gpus: str = ""
    racks: RackOptions | None = None


def switchable(kubernetes: str, gates: Collection[str]) -> frozenset[str]:
    """Those of GATES that the release KUBERNETES knows, so that they can be switched on."""
    column = VERSIONS.index(kubernetes)
    return frozenset(gate for gate in gates if gate in STAGES and STAGES[gate][column] != "absent")


def check_release(kubernetes: str) -> None:
    """Check that a release is known.

    Raises:
        UsageError: it is not.
    """
    if kubernetes not in VERSIONS:
        message = f"unknown Kubernetes version {kubernetes!r}; there are: {', '.join(VERSIONS)}"
        raise UsageError(message)


def check_options(options: ClusterOptions) -> None:
    """Check what holds for every provider.

    Raises:
        UsageError: unknown release or part, no API server.
    """
    check_release(options.kubernetes)
    if unknown := options.parts - PARTS:
        message = f"unknown parts {sorted(unknown)}; there are {', '.join(sorted(PARTS))}"
        raise UsageError(message)
    if "api" not in options.parts:
        message = f"parts {sorted(options.parts)} lack api, which the others need"
        raise UsageError(message)


def check_own_options(provider: str, options: ClusterOptions) -> None:
    """Check that what only one provider has is asked of no other.

    Raises:
        UsageError: it is.
    """
    asked = {
        "name": options.name,
        "keep": options.keep,
        "node_image": options.node_image,
        "images": options.images,
        "gpus": options.gpus,
    }
    if provider != "kind" and (names := [name for name, value in asked.items() if value]):
        message = f"the provider {provider} has no {', '.join(names)}; these are for kind clusters (--provider kind)"
        raise UsageError(message)
    if provider != "embedded" and options.racks is not None:
        message = f"the provider {provider} has no racks; use --provider embedded, or --provider kind --gpus {options.racks.machine} --nodes N"
        raise UsageError(message)


def node_in(directory: Path, name: str) -> Node:
    """The node NAME of a cluster in DIRECTORY; its folders need not be there."""
    root = directory / "nodes" / name
    return Node(
        name=name, registry_dir=root / "plugins_registry", plugins_dir=root / "plugins", cdi_dir=root / "cdi"
    )


def make_node(directory: Path, name: str) -> Node:
    """The node NAME with its folders."""
    node = node_in(directory, name)
    for folder in (node.registry_dir, node.plugins_dir, node.cdi_dir):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return node


class Cluster(Protocol):
    """A cluster that runs."""

    @property
    def name(self) -> str:
        """The provider's name."""

    @property
    def kubeconfig(self) -> Path:
        """A file for ``KUBECONFIG``, readable by this user only."""

    @property
    def kubernetes(self) -> str:
        """The version, e.g. ``1.37``."""

    @property
    def capabilities(self) -> frozenset[str]:
        """Out of api, rbac, scheduler, controllers, kubelet, container-runtime, multi-node, hardware, api-audit, api-faults, webhooks.

        ``webhooks``: its API server can call programs on this machine.
        """

    @property
    def nodes(self) -> tuple[Node, ...]:
        """Its nodes."""

    def container(self, node: str, namespace: str, pod: str, name: str) -> ContainerView:
        """What the container NAME of a pod on NODE was given.

        Raises:
            ClusterError: there is no such container, or the nodes have no kubelet.
        """

    def down(self) -> None:
        """Stop it; nothing of it runs afterwards."""

    def __enter__(self) -> Self:
        """The cluster, which runs already."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop it."""


@runtime_checkable
class ObservableCluster(Cluster, Protocol):
    """A cluster that records requests and injects faults (capabilities ``api-audit`` and ``api-faults``)."""

    def kubeconfig_of(self, user: str) -> Path:
        """The kubeconfig of ``admin`` or ``driver``; the audit has their names."""

    def requests(self) -> list[ApiRequest]:
        """The requests that the API server got so far, oldest first."""

    def outage(self, on: bool) -> None:
        """Break every connection, and each new one, until it is switched off again."""

    def inject(self, fault: Fault) -> None:
        """Answer matching requests with FAULT."""

    def heal(self) -> None:
        """Remove all injected faults."""

    def plant(self, plural: str, item: JsonObject) -> None:
        """Store an object unchecked, as a newer API server or a faulty one would serve it."""

    def cut_watches(self, *, forget: bool = False) -> None:
        """End every watch; with FORGET the history goes too, so that resuming from a version is answered with 410."""


@runtime_checkable
class AuthorizingCluster(ObservableCluster, Protocol):
    """A cluster whose roles decide what users are allowed to do, and that records it (``ClusterOptions.rbac``)."""

    def kubeconfig_for_serviceaccount(self, namespace: str, name: str, *, node: str = "") -> Path:
        """The kubeconfig of a service account; with NODE its token is bound to that node, as in a pod that runs there."""

    def permissions_used(self, user: str) -> Sequence[object]:
        """What USER did, as rules that a role needs."""

    def permissions_denied(self, user: str) -> Sequence[object]:
        """What USER asked for and was denied."""


class Kubelet(Protocol):
    """The kubelet of one node of an emulated cluster, to be stopped, restarted or made to misbehave."""

    def start(self) -> None:
        """Start it, if it does not run."""

    def stop(self) -> None:
        """Kill it; containers go on, heartbeats stop."""

    def restart(self) -> None:
        """Kill it and start it again."""

    def reboot(self) -> None:
        """Restart the node: no container, no CDI file and no socket is left."""

    def duplicate_calls(self, count: int = 1) -> None:
        """Send the next COUNT calls to drivers twice at the same time."""

    def reorder(self, count: int = 1) -> None:
        """Send the claims of the next COUNT calls in reverse order."""

    def unprepare_first(self, count: int = 1) -> None:
        """Unprepare the claims of the next COUNT prepare calls before them."""

    def old_uid(self, count: int = 1) -> None:
        """Send the next COUNT calls first with the UIDs of claims that were deleted long ago."""

    def cancel_call(self, after_s: float) -> None:
        """Cancel the next call AFTER_S seconds after it began."""

    def drivers(self) -> dict[str, list[str]]:
        """{driver: endpoints of its registered instances, oldest first}."""

    def claims(self) -> dict[str, bool]:
        """{UID: whether it is prepared} of the claims that the kubelet knows."""


@runtime_checkable
class EmulatedCluster(AuthorizingCluster, Protocol):
    """A cluster of this process, with a clock that tests can turn and kubelets that they can control."""

    def advance(self, seconds: float) -> None:
        """Turn the cluster's clock forward: timeouts and back-offs of that time expire now."""

    def kubelet(self, node: str) -> Kubelet:
        """The kubelet of NODE.

        Raises:
            UsageError: there is no such node, or the cluster runs without kubelets.
        """


class Provider(Protocol):
    """Makes clusters."""

    name: str

    def up(self, options: ClusterOptions) -> Cluster:
        """A cluster that is ready.

        Raises:
            ClusterError: it cannot be started.
        """
