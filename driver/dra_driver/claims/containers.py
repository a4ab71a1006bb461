"""What a container with each device of a claim gets, from the record and the inventory. Pure."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from dra_api.identifiers import DeviceName
from dra_driver.cdi.capabilities import mig_nodes
from dra_driver.cdi.spec import Entry, entry_name
from dra_driver.claims.step import Made, PreparedDevice, StartMps, Step
from dra_driver.devices.model import GpuDevice, Inventory, MigDevice, VfioDevice
from dra_driver.errors import EnvironmentFault

MPS_PIPE = "/tmp/nvidia-mps"  # noqa: S108 # in the container; NVIDIA's default, which its libraries assume
MPS_ENV = (f"CUDA_MPS_PIPE_DIRECTORY={MPS_PIPE}",)


def entries(
    devices: Sequence[PreparedDevice],
    steps: Sequence[Step],
    made: Mapping[DeviceName, Made],
    inventory: Inventory,
    *,
    minors: Callable[[], Mapping[str, int]],
    mps_folder: Callable[[str], Path],
) -> list[Entry]:
    """One entry for each device and share, in the order of their names.

    Raises:
        EnvironmentFault: a device is gone.
    """
    daemons = {
        device: mps_folder(step.key)
        for step in steps
        if isinstance(step, StartMps)
        for device in step.devices
    }
    found: dict[str, Entry] = {}
    for device in devices:
        name = entry_name(device.device, device.share_id)
        folder = None if device.admin else daemons.get(device.device)
        mounts = tuple(mps_mounts(folder)) if folder else ()
        uuid, nodes = place_of(device, made, inventory, minors)
        found[name] = Entry(
            name=name,
            uuid=uuid,
            nodes=nodes,
            env=MPS_ENV if folder else (),
            mounts=mounts,
            controls=not isinstance(inventory.devices[device.device], VfioDevice),
        )
    return [found[name] for name in sorted(found)]


def mps_mounts(folder: Path) -> Iterator[tuple[str, str]]:
    """(path of the host, path of the container) of what a client of a daemon needs."""
    yield str(folder / "pipe"), MPS_PIPE
    yield str(folder / "shm"), "/dev/shm"  # noqa: S108 # in the container


def place_of(
    device: PreparedDevice,
    made: Mapping[DeviceName, Made],
    inventory: Inventory,
    minors: Callable[[], Mapping[str, int]],
) -> tuple[str, tuple[str, ...]]:
    """The UUID of a device and its nodes.

    Raises:
        EnvironmentFault: the hardware is gone, is another one, or a MIG device does not exist.
    """
    match inventory.devices.get(device.device):
        case GpuDevice(gpu=gpu) if gpu.uuid == device.gpu:
            return gpu.uuid, (f"/dev/nvidia{gpu.minor}",)
        case MigDevice(gpu=gpu, instance=instance) if gpu.uuid == device.gpu:
            new = made.get(device.device)
            if instance is None and new is None:
                message = f"device {device.device} is no MIG device yet; nobody prepared it"
                raise EnvironmentFault(message)
            ids = (instance.gi, instance.ci) if instance else (new.gi, new.ci)  # type: ignore[union-attr]
            uuid = instance.uuid if instance else new.uuid  # type: ignore[union-attr]
            return uuid, (f"/dev/nvidia{gpu.minor}", *mig_nodes(minors(), gpu.minor, *ids))
        case VfioDevice(function=function) if function.driver != "vfio-pci":
            message = f"device {device.device}: PCI function {function.pci_bus_id} is bound to {function.driver}; bind it to vfio-pci, which this driver does not do yet"
            raise EnvironmentFault(message)
        case VfioDevice(function=function):
            return "", (f"/dev/vfio/{function.iommu_group}", "/dev/vfio/vfio")
        case other:
            shown = "gone" if other is None else "another one than was prepared"
            message = f"device {device.device}: its hardware {device.gpu} is {shown}; wait for the claim to be allocated again"
            raise EnvironmentFault(message)
