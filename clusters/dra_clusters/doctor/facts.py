"""What the probes found out about a machine, as frozen values."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from dra_clusters.kind.machine import Machine


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A program on the PATH.

    Attributes:
        path: empty if it is not there.
        version: the first line that it prints about its version, or why it printed none.
    """

    path: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """One machine.

    Attributes:
        python: e.g. ``3.12.4``.
        packages: {distribution: version} of what the clusters need; empty if it is not installed.
        cgroup: ``v2``, ``v1`` or ``none``.
        user_namespaces: whether this user can make a user and a mount namespace; None if there is no ``unshare``.
        mount_namespaces: whether this user can make a mount namespace alone, which needs root; None as above.
        programs: {name: program} of container engines, compilers and clients.
        kubeconfig: the value of ``$KUBECONFIG``, or the default file if it exists; empty if there is neither.
        cluster: the version of the cluster of ``kubeconfig``; empty if it was not reached.
        cluster_problem: why it was not reached; empty if it was, or if there is no kubeconfig.
        cache: the folder of built programs.
        cache_free_mb: free space there, in MB.
        assets: ``$KUBEBUILDER_ASSETS``; empty if it is not set.
        assets_programs: the programs of a control plane in it, e.g. ``("etcd", "kube-apiserver")``.
        node_missing: what a real kubelet needs besides its own program and is not here, e.g. ``("runc (package runc)",)``.
        kind: what it has for kind.
        built: {version: programs} of the versions that are built in the cache, e.g. ``{"1.36.3": ("etcd",)}``.
    """

    python: str
    packages: Mapping[str, str]
    kernel: str
    cgroup: str
    uid: int
    user_namespaces: bool | None
    mount_namespaces: bool | None
    programs: Mapping[str, Program]
    kubeconfig: str = ""
    cluster: str = ""
    cluster_problem: str = ""
    cache: str = ""
    cache_free_mb: int = 0
    assets: str = ""
    assets_programs: tuple[str, ...] = ()
    node_missing: tuple[str, ...] = ()
    kind: Machine = field(default_factory=Machine)
    built: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether a provider can be used here.

    Attributes:
        detail: what it can do here, or what is missing and how to get it.
    """

    provider: str
    usable: bool
    detail: str
