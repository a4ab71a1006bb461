"""What every provider of a cluster offers; everything above this line of the project sees no more of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from dra_clusters.errors import UsageError
from kube_emulator.apiserver.audit import ApiRequest, Fault
from kube_emulator.releases.release import RELEASES

__all__ = ["ApiRequest", "Fault"]  # the audit's values are part of the protocols below

VERSIONS = tuple(map(str, RELEASES))
"""Kubernetes versions that can be asked for."""

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
class ClusterOptions:
    """What can be asked of a provider.

    Attributes:
        directory: for everything that the cluster writes; the caller removes it.
        parts: out of ``PARTS``; a provider that cannot leave out a part runs it.
        seed: decides generated names.
        rbac: whether the embedded cluster asks roles what users may do; real clusters always do.
        gates: feature gates that are switched, as ``--feature-gates`` does; the others are as the release has them.
        runtime_config: versions of the API that are switched, as ``--runtime-config`` does: ``{"api/all": True}``,
            ``{"resource.k8s.io/v1beta1": True}``; stable versions are served by default, others are not.
        hollow: further nodes, ``hollow-0`` and on, that have no folders until a driver makes them or a pod comes.
    """

    directory: Path
    kubernetes: str = VERSIONS[-1]
    nodes: tuple[str, ...] = ("node-0",)
    parts: frozenset[str] = PARTS
    seed: int = 0
    rbac: bool = False
    gates: Mapping[str, bool] = field(default_factory=dict)
    runtime_config: Mapping[str, bool] = field(default_factory=dict)
    hollow: int = 0


def check_options(options: ClusterOptions) -> None:
    """Refuse what no provider has.

    Raises:
        UsageError: unknown release or part, no API server.
    """
    if options.kubernetes not in VERSIONS:
        message = f"unknown Kubernetes version {options.kubernetes!r}; there are: {', '.join(VERSIONS)}"
        raise UsageError(message)
    if unknown := options.parts - PARTS:
        message = f"unknown parts {sorted(unknown)}; there are {', '.join(sorted(PARTS))}"
        raise UsageError(message)
    if "api" not in options.parts:
        message = f"parts {sorted(options.parts)} lack api, which the others need"
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
        """Out of api, rbac, scheduler, controllers, kubelet, container-runtime, multi-node, hardware, api-audit, api-faults."""

    @property
    def nodes(self) -> tuple[Node, ...]:
        """Its nodes."""

    def down(self) -> None:
        """End it; nothing of it runs afterwards."""


@runtime_checkable
class ObservableCluster(Cluster, Protocol):
    """A cluster that tells what was asked of it and misbehaves on request (api-audit and api-faults)."""

    def kubeconfig_of(self, user: str) -> Path:
        """The file of ``admin`` or ``driver``; who is who shows in the audit."""

    def requests(self) -> list[ApiRequest]:
        """What was asked of the API server so far, oldest first."""

    def outage(self, on: bool) -> None:
        """Break every connection, and each new one, until it is switched off again."""

    def inject(self, fault: Fault) -> None:
        """Answer requests of the driver wrongly."""

    def heal(self) -> None:
        """Answer rightly again."""

    def plant(self, plural: str, item: dict[str, Any]) -> None:
        """Store an object as it is, past every rule, as a newer API server or a broken one would hand it out."""

    def cut_watches(self, *, forget: bool = False) -> None:
        """End every watch; with FORGET going on from an old version is answered with 410."""


@runtime_checkable
class AuthorizingCluster(ObservableCluster, Protocol):
    """A cluster that asks roles what its users may do, and tells what they were denied (``ClusterOptions.rbac``)."""

    def kubeconfig_for_serviceaccount(self, namespace: str, name: str, *, node: str = "") -> Path:
        """The file of a service account, bound to a node as in a pod that runs there."""

    def permissions_denied(self, user: str) -> Sequence[object]:
        """What a user wanted and could not do."""


class Provider(Protocol):
    """Makes clusters."""

    name: str

    def up(self, options: ClusterOptions) -> Cluster:
        """A cluster that is ready.

        Raises:
            ClusterError: it cannot be had.
        """
