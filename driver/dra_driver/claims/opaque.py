"""Opaque configuration of claims and classes, decoded strictly: an unknown kind or field is the user's error.

Whole GPUs take one kind, ``GpuConfig``, in our own group and, under NVIDIA's driver name, in NVIDIA's. Sharing is not
implemented by this version, so asking for it is refused rather than ignored.
"""

from typing import Any

import msgspec

from dra_api.identifiers import DriverName
from dra_driver.errors import ClaimError

OWN_VERSION = "resource.dra-conformance.dev/v1beta1"
NVIDIA_VERSION = "resource.nvidia.com/v1beta1"
NVIDIA_DRIVER = DriverName("gpu.nvidia.com")


class GpuConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """Parameters for whole GPUs."""

    api_version: str
    kind: str
    sharing: dict[str, Any] | None = None


def check_config(driver_name: DriverName, parameters: Any, source: str) -> None:
    """Refuse parameters that this driver does not support; SOURCE says where they are written.

    Raises:
        ClaimError: unknown kind, unknown field, wrong type, sharing.
    """
    try:
        config = msgspec.convert(parameters, GpuConfig)
    except msgspec.ValidationError as error:
        message = f"{source}: opaque parameters: {error}"
        raise ClaimError(message) from error
    versions = [OWN_VERSION, *([NVIDIA_VERSION] if driver_name == NVIDIA_DRIVER else [])]
    if config.api_version not in versions or config.kind != "GpuConfig":
        message = f"{source}: unknown opaque parameters {config.api_version} {config.kind}; wanted {' or '.join(versions)} GpuConfig"
        raise ClaimError(message)
    if config.sharing is not None:
        message = f"{source}: sharing is not supported by this version of the driver; leave it out"
        raise ClaimError(message)
