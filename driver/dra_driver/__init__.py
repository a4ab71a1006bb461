"""A DRA driver for NVIDIA GPUs, started by the command ``dra-driver`` or, within a program, by ``App(settings).run()``.

The names in ``__all__`` are the public API; every other module is private. They are imported when they are used, so
that importing one module of this package does not import gRPC and NVML.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dra_driver.app import App
    from dra_driver.errors import ApiError, ClaimError, ConfigError, DriverError, EnvironmentFault
    from dra_driver.settings import Settings

__all__ = ["ApiError", "App", "ClaimError", "ConfigError", "DriverError", "EnvironmentFault", "Settings"]

_MODULES = {
    "ApiError": "dra_driver.errors",
    "App": "dra_driver.app",
    "ClaimError": "dra_driver.errors",
    "ConfigError": "dra_driver.errors",
    "DriverError": "dra_driver.errors",
    "EnvironmentFault": "dra_driver.errors",
    "Settings": "dra_driver.settings",
}


def __getattr__(name: str) -> Any:
    """Import a public name on first use (PEP 562)."""
    if name not in _MODULES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(importlib.import_module(_MODULES[name]), name)
