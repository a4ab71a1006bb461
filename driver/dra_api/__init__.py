"""What Kubernetes fixes for every DRA driver: names and limits, types of the API's objects, quantities, gRPC contracts.

Import the names from the modules that ``__all__`` lists; ``dra_api.kubelet`` has the stubs of the kubelet's contracts.
"""

import importlib
from types import ModuleType

__all__ = ["identifiers", "kubelet", "names", "objects", "quantity"]  # modules, see __getattr__


def __getattr__(name: str) -> ModuleType:
    """Import a public module on first use (PEP 562)."""
    if name not in __all__:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    return importlib.import_module(f"{__name__}.{name}")
