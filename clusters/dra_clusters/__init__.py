"""Kubernetes clusters to run DRA drivers against: one interface over several providers, and the list of what a cluster does.

The names in ``__all__`` are the public API; every other module is private. They are imported when they are used, so
that importing this package does not import a server.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dra_clusters.choose import start_cluster
    from dra_clusters.errors import ClusterError, EnvironmentFault, UsageError
    from dra_clusters.provider import (
        ApiRequest,
        AuthorizingCluster,
        Cluster,
        ClusterOptions,
        EmulatedCluster,
        Fault,
        Kubelet,
        Node,
        ObservableCluster,
        Provider,
        RackOptions,
    )

__all__ = [
    "ApiRequest",
    "AuthorizingCluster",
    "Cluster",
    "ClusterError",
    "ClusterOptions",
    "EmulatedCluster",
    "EnvironmentFault",
    "Fault",
    "Kubelet",
    "Node",
    "ObservableCluster",
    "Provider",
    "RackOptions",
    "UsageError",
    "start_cluster",
]

_ELSEWHERE = {
    "ClusterError": "dra_clusters.errors",
    "EnvironmentFault": "dra_clusters.errors",
    "UsageError": "dra_clusters.errors",
    "start_cluster": "dra_clusters.choose",
}


def __getattr__(name: str) -> Any:
    """Import a public name on first use (PEP 562)."""
    if name not in __all__:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(importlib.import_module(_ELSEWHERE.get(name, "dra_clusters.provider")), name)
