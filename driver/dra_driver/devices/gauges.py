"""What the metrics say of each device (pure)."""

from collections.abc import Mapping

from dra_api.identifiers import DeviceName
from dra_api.objects import DeviceTaint
from dra_driver.devices.model import Allocatable, GpuDevice, Inventory, MigDevice
from dra_driver.metrics import DeviceRow


def device_rows(
    inventory: Inventory,
    claims: Mapping[DeviceName, int],
    taints: Mapping[DeviceName, list[DeviceTaint]],
) -> tuple[DeviceRow, ...]:
    """A row for each device of INVENTORY; CLAIMS is how many claims have a device prepared."""
    return tuple(
        DeviceRow(
            name=name,
            kind=device.kind.value,
            gpu=device.gpu.uuid if device.gpu else "",
            memory_bytes=memory_bytes(device),
            claims=claims.get(name, 0),
            taints=tuple(sorted({taint["key"] for taint in taints.get(name, ())})),
        )
        for name, device in inventory.devices.items()
    )


def memory_bytes(device: Allocatable) -> int:
    """The memory that a container gets with DEVICE; 0 where NVML does not say."""
    match device:
        case GpuDevice(gpu=gpu):
            return gpu.memory_bytes or 0
        case MigDevice(profile=profile):
            return profile.memory_bytes
        case _:
            return 0
