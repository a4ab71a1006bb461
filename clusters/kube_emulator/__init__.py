"""Kubernetes in one Python process: API server, scheduler, controllers and kubelets, for tests of drivers and clients.

The names in ``__all__`` are the public API; every other module is private. They are imported when they are used, so
that importing one module of this package does not import the server.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kube_emulator.apiserver.audit import ApiRequest, Fault
    from kube_emulator.cluster import Cluster
    from kube_emulator.errors import ClusterError, EnvironmentFault, UsageError
    from kube_emulator.kubelet.handle import KubeletHandle
    from kube_emulator.node_paths import NodePaths
    from kube_emulator.options import Options

__all__ = [
    "ApiRequest",
    "Cluster",
    "ClusterError",
    "EnvironmentFault",
    "Fault",
    "KubeletHandle",
    "NodePaths",
    "Options",
    "UsageError",
]

_MODULES = {
    "ApiRequest": "kube_emulator.apiserver.audit",
    "Cluster": "kube_emulator.cluster",
    "ClusterError": "kube_emulator.errors",
    "EnvironmentFault": "kube_emulator.errors",
    "Fault": "kube_emulator.apiserver.audit",
    "KubeletHandle": "kube_emulator.kubelet.handle",
    "NodePaths": "kube_emulator.node_paths",
    "Options": "kube_emulator.options",
    "UsageError": "kube_emulator.errors",
}


def __getattr__(name: str) -> Any:
    """Import a public name on first use (PEP 562)."""
    if name not in _MODULES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(importlib.import_module(_MODULES[name]), name)
