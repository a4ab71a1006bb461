"""What can be asked of an emulated cluster, as one frozen value that is checked when it is made."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from kube_emulator.apiserver.served_versions import check_runtime_config
from kube_emulator.errors import UsageError
from kube_emulator.releases.gates import gates_of
from kube_emulator.releases.release import LATEST, RELEASES, Release

PARTS = frozenset({"api", "controllers", "kubelet", "scheduler"})
"""What a cluster can run; ``api`` cannot be left out."""

NODE_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?", re.ASCII)

NODES_MAX = 5000
"""Nodes of one cluster, hollow ones included: the limit that Kubernetes is tested to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Options of one cluster.

    Attributes:
        release: the release of Kubernetes to be, e.g. ``1.37``; out of ``RELEASES``.
        nodes: how many nodes (``node-0`` and on), or their names.
        hollow: further nodes (``hollow-0`` and on, or their names), without folders until a driver makes them or a pod comes.
        node_labels: {node: labels} that its Node has beside those of every node.
        parts: what runs, out of ``PARTS``.
        directory: for everything that the cluster writes; the caller removes it. None means a temporary folder, which
            the cluster removes when it ends.
        rbac: whether roles are asked what users may do; without it every known user may do everything.
        gates: feature gates that are switched, as ``--feature-gates`` does; the others are as the release has them.
        runtime_config: versions of the API that are switched, as ``--runtime-config`` does: ``{"api/all": True}``,
            ``{"resource.k8s.io/v1beta1": True}``; stable versions are served by default, others are not.
        seed: decides generated names.

    Raises:
        UsageError: unknown release, part, gate or version; no API server; names or numbers of nodes that cannot be.
    """

    release: str = str(LATEST)
    nodes: int | tuple[str, ...] = 1
    hollow: int | tuple[str, ...] = 0
    node_labels: Mapping[str, Mapping[str, str]] = field(default_factory=lambda: MappingProxyType({}))
    parts: frozenset[str] = PARTS
    directory: Path | None = None
    rbac: bool = False
    gates: Mapping[str, bool] = field(default_factory=lambda: MappingProxyType({}))
    runtime_config: Mapping[str, bool] = field(default_factory=lambda: MappingProxyType({}))
    seed: int = 0

    def __post_init__(self) -> None:
        if self.release not in map(str, RELEASES):
            message = (
                f"unknown Kubernetes version {self.release!r}; there are: {', '.join(map(str, RELEASES))}"
            )
            raise UsageError(message)
        if unknown := self.parts - PARTS:
            message = f"unknown parts {sorted(unknown)}; there are {', '.join(sorted(PARTS))}"
            raise UsageError(message)
        if "api" not in self.parts:
            message = f"parts {sorted(self.parts)} lack api, which the others need"
            raise UsageError(message)
        count = self.nodes if isinstance(self.nodes, int) else len(self.nodes)
        hollow = self.hollow if isinstance(self.hollow, int) else len(self.hollow)
        if count < 0 or hollow < 0 or count + hollow > NODES_MAX:
            message = f"{count} nodes and {hollow} hollow ones; wanted 0 to {NODES_MAX} in all"
            raise UsageError(message)
        _check_names((*self.node_names, *self.hollow_names))
        check_runtime_config(self.runtime_config, self.version)
        gates_of(self.version, self.gates)

    @property
    def version(self) -> Release:
        """The release as a value that compares."""
        return Release.parse(self.release)

    @property
    def node_names(self) -> tuple[str, ...]:
        """The names of the nodes that are not hollow."""
        if isinstance(self.nodes, int):
            return tuple(f"node-{number}" for number in range(self.nodes))
        return self.nodes

    @property
    def hollow_names(self) -> tuple[str, ...]:
        """The names of the hollow nodes."""
        if isinstance(self.hollow, int):
            return tuple(f"hollow-{number}" for number in range(self.hollow))
        return self.hollow


def _check_names(names: tuple[str, ...]) -> None:
    """Check names that become folders and Node objects before either is made."""
    if len(set(names)) < len(names):
        message = f"nodes {', '.join(map(repr, names))}: two have the same name"
        raise UsageError(message)
    for name in names:
        if NODE_NAME.fullmatch(name) is None:
            message = f"node name {name!r}: wanted lower case letters, digits, '-' and '.'"
            raise UsageError(message)
