"""Opaque configuration of claims and classes, decoded strictly: an unknown kind, field or value is the user's error.

Three kinds in our own group and, under NVIDIA's driver name, in NVIDIA's, so that manifests for its driver work:
``GpuConfig``, ``MigDeviceConfig`` and ``VfioDeviceConfig``. The same functions check an allocation at prepare and an
object at admission (``webhook``). An error begins with the path of the field.

Defaults follow NVIDIA's driver (0.5.0-dev): no configuration means no sharing, a strategy without its block means the
block's defaults. A MIG device accepts the strategy TimeSlicing, which changes nothing there: GPUs have one time slice.
"""

import re
from typing import Any, Literal

import msgspec

from dra_api.identifiers import DriverName
from dra_api.quantity import parse
from dra_driver.errors import ClaimError

OWN_VERSION = "resource.dra-conformance.dev/v1beta1"
NVIDIA_VERSION = "resource.nvidia.com/v1beta1"
NVIDIA_DRIVER = DriverName("gpu.nvidia.com")
INTERVALS = ("Default", "Short", "Medium", "Long")
"""As ``nvidia-smi compute-policy --set-timeslice`` numbers them."""
MIB = 1 << 20
LIMIT_MIN = MIB
DEVICE_KEY = re.compile(r"\d{1,3}|(GPU|MIG)-[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class TimeSlicingConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """``sharing.timeSlicingConfig``."""

    interval: Literal["Default", "Short", "Medium", "Long"] = "Default"


class MpsConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """``sharing.mpsConfig``; limits are quantities, the keys of the map are indexes of the claim's devices or UUIDs."""

    default_active_thread_percentage: int | None = None
    default_pinned_device_memory_limit: str | int | None = None
    default_per_device_pinned_memory_limit: dict[str, str | int] = {}
    multi_user: bool = False


class Sharing(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """``sharing``."""

    strategy: Literal["TimeSlicing", "MPS"]
    time_slicing_config: TimeSlicingConfig | None = None
    mps_config: MpsConfig | None = None


class Iommu(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """``iommu`` of a VFIO device."""

    backend_policy: Literal["LegacyOnly", "PreferIommuFD"] = "LegacyOnly"
    enable_api_device: bool = msgspec.field(name="enableAPIDevice", default=False)


class GpuConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """Parameters for whole GPUs."""

    api_version: str
    kind: str
    sharing: Sharing | None = None


class MigDeviceConfig(GpuConfig, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """Parameters for MIG devices."""


class VfioDeviceConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """Parameters for PCI functions that a virtual machine gets."""

    api_version: str
    kind: str
    iommu: Iommu = Iommu()


Config = GpuConfig | MigDeviceConfig | VfioDeviceConfig
KINDS: dict[str, type[GpuConfig] | type[MigDeviceConfig] | type[VfioDeviceConfig]] = {
    "GpuConfig": GpuConfig,
    "MigDeviceConfig": MigDeviceConfig,
    "VfioDeviceConfig": VfioDeviceConfig,
}
DEVICE_KINDS = {"GpuConfig": "gpu", "MigDeviceConfig": "mig", "VfioDeviceConfig": "vfio"}
"""{kind of parameters: ``Kind`` of the devices that they are for}."""


class Header(msgspec.Struct, frozen=True, rename="camel"):
    """What says which kind it is."""

    api_version: str
    kind: str


class TimeSlice(msgspec.Struct, frozen=True, tag="timeSlicing"):
    """How long a process may run before the next one does: a place in ``INTERVALS``."""

    interval: int = 0


class Mps(msgspec.Struct, frozen=True, tag="mps"):
    """Shares of concurrent processes; ``limits`` are bytes by index or UUID of a device, ``limit`` is for the others."""

    percentage: int | None = None
    limit: int | None = None
    limits: tuple[tuple[str, int], ...] = ()
    multi_user: bool = False


class Vfio(msgspec.Struct, frozen=True, tag="vfio"):
    """How a virtual machine reaches its function: by ``iommufd`` or by its group, and with the API's own node or without."""

    iommufd: bool = False
    api: bool = True


Mode = TimeSlice | Mps | Vfio
"""How the processes on a device share it, or how a virtual machine has it."""


def versions_of(driver_name: DriverName) -> list[str]:
    """The groups and versions of parameters that a driver of this name reads."""
    return [OWN_VERSION, *([NVIDIA_VERSION] if driver_name == NVIDIA_DRIVER else [])]


def read_config(driver_name: DriverName, parameters: Any, path: str) -> Config:
    """The opaque PARAMETERS, checked as a whole; PATH says where they are.

    Raises:
        ClaimError: unknown kind or field, wrong type or value, or members that exclude each other.
    """
    try:
        header = msgspec.convert(parameters, Header)
        if header.api_version not in versions_of(driver_name) or header.kind not in KINDS:
            wanted = f"{' or '.join(versions_of(driver_name))}, {', '.join(KINDS)}"
            message = f"{path}: unknown opaque parameters {header.api_version} {header.kind}; wanted {wanted}"
            raise ClaimError(message)
        config: Config = msgspec.convert(parameters, KINDS[header.kind])
    except msgspec.ValidationError as error:
        reason, _, place = str(error).partition(" - at `$")
        message = f"{path}{place.removesuffix('`')}: {reason}"
        raise ClaimError(message) from error
    if not isinstance(config, VfioDeviceConfig) and config.sharing is not None:
        check_sharing(config.sharing, f"{path}.sharing")
    return config


def check_sharing(sharing: Sharing, path: str) -> None:
    """What the types do not say.

    Raises:
        ClaimError: a block of another strategy, a percentage or a limit out of range, a key that names no device.
    """
    blocks = {"TimeSlicing": sharing.mps_config, "MPS": sharing.time_slicing_config}
    if blocks[sharing.strategy] is not None:
        other = {"TimeSlicing": "mpsConfig", "MPS": "timeSlicingConfig"}[sharing.strategy]
        message = f"{path}.{other}: strategy {sharing.strategy} does not take it; leave it out or change the strategy"
        raise ClaimError(message)
    mps, path = sharing.mps_config or MpsConfig(), f"{path}.mpsConfig"
    percentage = mps.default_active_thread_percentage
    if percentage is not None and not 0 <= percentage <= 100:  # percent
        message = f"{path}.defaultActiveThreadPercentage: {percentage}; wanted 0 to 100"
        raise ClaimError(message)
    if mps.default_pinned_device_memory_limit is not None:
        limit_of(mps.default_pinned_device_memory_limit, f"{path}.defaultPinnedDeviceMemoryLimit")
    for key, limit in mps.default_per_device_pinned_memory_limit.items():
        place = f"{path}.defaultPerDevicePinnedMemoryLimit[{key}]"
        if not DEVICE_KEY.fullmatch(key):
            message = f"{place}: wanted the index of a device of the claim or its UUID"
            raise ClaimError(message)
        limit_of(limit, place)


def limit_of(quantity: str | int, path: str) -> int:
    """A limit of memory in bytes.

    Raises:
        ClaimError: it is no quantity, or too low.
    """
    try:
        value = parse(str(quantity))
    except ValueError as error:
        message = f"{path}: {quantity!r} is no quantity; wanted one like 10Gi"
        raise ClaimError(message) from error
    if value < LIMIT_MIN:
        message = f"{path}: {quantity!r} is too low; wanted at least 1Mi"
        raise ClaimError(message)
    return int(value)


def mode_of(config: Config | None) -> Mode | None:
    """How a device with this configuration is shared; None if it says nothing. The configuration was checked."""
    if isinstance(config, VfioDeviceConfig):
        return Vfio(config.iommu.backend_policy == "PreferIommuFD", config.iommu.enable_api_device)
    if config is None or config.sharing is None:
        return None
    if config.sharing.strategy == "TimeSlicing":
        if isinstance(config, MigDeviceConfig):
            return None
        chosen = config.sharing.time_slicing_config or TimeSlicingConfig()
        return TimeSlice(INTERVALS.index(chosen.interval))
    mps = config.sharing.mps_config or MpsConfig()
    default = mps.default_pinned_device_memory_limit
    limits = mps.default_per_device_pinned_memory_limit
    return Mps(
        percentage=mps.default_active_thread_percentage,
        limit=None if default is None else limit_of(default, "defaultPinnedDeviceMemoryLimit"),
        limits=tuple(sorted((key, limit_of(limit, key)) for key, limit in limits.items())),
        multi_user=mps.multi_user,
    )
