"""A drop-in libnvidia-ml.so.1 with a whole GPU node behind it, shared by all processes, for tests of what runs on GPUs.

The names in ``__all__`` are the public API; every other module is private. They are imported on first use: the pytest
fixture ``fake_nvml`` makes this package part of every pytest run.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fake_nvml.errors import EnvironmentFault, FakeNvmlError, UsageError
    from fake_nvml.machines import names as machine_names
    from fake_nvml.session import Session, SessionFactory

__all__ = [
    "EnvironmentFault",
    "FakeNvmlError",
    "Session",
    "SessionFactory",
    "UsageError",
    "machine_names",
]

_PLACES = {
    "EnvironmentFault": ("fake_nvml.errors", "EnvironmentFault"),
    "FakeNvmlError": ("fake_nvml.errors", "FakeNvmlError"),
    "Session": ("fake_nvml.session", "Session"),
    "SessionFactory": ("fake_nvml.session", "SessionFactory"),
    "UsageError": ("fake_nvml.errors", "UsageError"),
    "machine_names": ("fake_nvml.machines", "names"),
}


def __getattr__(name: str) -> Any:
    """Import a public name on first use (PEP 562)."""
    if name not in _PLACES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    module, member = _PLACES[name]
    return getattr(importlib.import_module(module), member)
