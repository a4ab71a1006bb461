"""What a container with each device of a claim gets, from the record, the inventory, and what sysfs says of bound functions."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path

from dra_api.identifiers import DeviceName
from dra_driver.cdi.capabilities import mig_nodes
from dra_driver.cdi.spec import Entry, entry_name
from dra_driver.claims.opaque import Vfio
from dra_driver.claims.pci_functions import PciFunctions
from dra_driver.claims.step import BindVfio, Made, PreparedDevice, StartMps, Step
from dra_driver.devices.inventory import VFIO_DRIVER
from dra_driver.devices.model import GpuDevice, Inventory, MigDevice, VfioDevice, VfioFunction
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
    functions: PciFunctions,
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
    bound = {step.function for step in steps if isinstance(step, BindVfio)}
    found: dict[str, Entry] = {}
    for device in devices:
        name = entry_name(device.device, device.share_id)
        folder = None if device.admin else daemons.get(device.device)
        mounts = tuple(mps_mounts(folder)) if folder else ()
        uuid, nodes = place_of(device, made, inventory, minors, functions, bound)
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


def vfio_nodes(
    function: VfioFunction, mode: Vfio, functions: PciFunctions, bound: Collection[str]
) -> Iterator[str]:
    """The device nodes of a PCI function for a virtual machine (Linux Documentation/driver-api/vfio.rst).

    BOUND are the functions that a step binds.

    Raises:
        EnvironmentFault: it is not bound to vfio-pci, and no step does it.
    """
    driver = functions.driver(function.pci_bus_id)
    if driver != VFIO_DRIVER and function.pci_bus_id not in bound:
        message = f"PCI function {function.pci_bus_id} is bound to {driver}, wanted {VFIO_DRIVER}"
        raise EnvironmentFault(message)
    name = functions.vfio_node(function.pci_bus_id) if mode.iommufd and function.iommufd else None
    yield f"/dev/vfio/devices/{name}" if name else f"/dev/vfio/{function.iommu_group}"
    if mode.api:
        yield "/dev/iommu" if name else "/dev/vfio/vfio"


def place_of(
    device: PreparedDevice,
    made: Mapping[DeviceName, Made],
    inventory: Inventory,
    minors: Callable[[], Mapping[str, int]],
    functions: PciFunctions,
    bound: Collection[str],
) -> tuple[str, tuple[str, ...]]:
    """What names a device in its container, the UUID or the PCI address, and its nodes.

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
        case VfioDevice(function=function):
            mode = device.mode if isinstance(device.mode, Vfio) else Vfio()
            return function.pci_bus_id, tuple(vfio_nodes(function, mode, functions, bound))
        case other:
            shown = "gone" if other is None else "another one than was prepared"
            message = f"device {device.device}: its hardware {device.gpu} is {shown}; wait for the claim to be allocated again"
            raise EnvironmentFault(message)
