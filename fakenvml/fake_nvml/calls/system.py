"""Driver-wide calls: versions, enumeration, handles by index, UUID, serial and PCI address, units (there are none)."""

from typing import TYPE_CHECKING

from fake_nvml.abi.codes import Code
from fake_nvml.calls.registry import Subject, check, getter
from fake_nvml.model import Gpu, Node, NvmlError

if TYPE_CHECKING:
    from fake_nvml.abi import structures_generated as nv


@getter("nvmlSystemGetDriverVersion", subject=Subject.SYSTEM, fixed=True)
def driver_version(node: Node) -> str:
    return node.machine.driver.version


@getter("nvmlSystemGetNVMLVersion", subject=Subject.SYSTEM, fixed=True)
def nvml_version(node: Node) -> str:
    return node.machine.driver.nvml


@getter(
    "nvmlSystemGetCudaDriverVersion", "nvmlSystemGetCudaDriverVersion_v2", subject=Subject.SYSTEM, fixed=True
)
def cuda_version(node: Node) -> int:
    return node.machine.driver.cuda


@getter("nvmlSystemGetDriverBranch", subject=Subject.SYSTEM, over=((80,),), fixed=True)
def driver_branch(node: Node, _length: int) -> "nv.SystemDriverBranchInfoV1":
    return {"branch": node.machine.driver.branch}


@getter("nvmlDeviceGetCount", "nvmlDeviceGetCount_v2", subject=Subject.SYSTEM, fixed=True)
def count(node: Node) -> int:
    return len(node.machine.gpus)


def indices(node: Node) -> range:
    """Indices of the GPUs."""
    return range(len(node.machine.gpus))


@getter(
    "nvmlDeviceGetHandleByIndex", "nvmlDeviceGetHandleByIndex_v2", subject=Subject.SYSTEM, over=(indices,)
)
def by_index(node: Node, index: int) -> int:
    check(index < len(node.machine.gpus))
    return _alive(Gpu(node, index))


def _alive(gpu: Gpu) -> int:
    check(not gpu.state.lost, Code.GPU_IS_LOST)
    return gpu.handle


@getter(
    "nvmlDeviceGetHandleByUUID",
    subject=Subject.SYSTEM,
    over=(lambda node: [gpu.uuid for gpu in node.gpus()],),
)
def by_uuid(node: Node, uuid: str) -> int:
    for gpu in node.gpus():
        if gpu.uuid == uuid:
            return _alive(gpu)
        for device in gpu.mig_devices():
            if device.uuid == uuid:
                return device.handle
    raise NvmlError(Code.NOT_FOUND)


@getter(
    "nvmlDeviceGetHandleBySerial", subject=Subject.SYSTEM, over=(lambda n: map(n.machine.serial, indices(n)),)
)
def by_serial(node: Node, serial: str) -> int:
    """A serial number that several GPUs share names none of them (nvml.h, nvmlDeviceGetHandleBySerial)."""
    found = [gpu for gpu in node.gpus() if node.machine.serial(gpu.index) == serial]
    check(len(found) < 2)
    check(bool(found), Code.NOT_FOUND)
    return _alive(found[0])


@getter(
    "nvmlDeviceGetHandleByPciBusId",
    "nvmlDeviceGetHandleByPciBusId_v2",
    subject=Subject.SYSTEM,
    over=(lambda node: [gpu.bus_id for gpu in node.gpus()],),
)
def by_bus_id(node: Node, bus_id: str) -> int:
    parts = bus_id.upper().split(":")
    for gpu in node.gpus():
        wanted = gpu.bus_id.split(":")
        if parts[-2:] == wanted[-2:] and (len(parts) < 3 or int(parts[0], 16) == int(wanted[0], 16)):
            return _alive(gpu)
    raise NvmlError(Code.NOT_FOUND)


@getter(
    "nvmlUnitGetCount",
    "nvmlGetExcludedDeviceCount",
    "nvmlGetBlacklistDeviceCount",
    subject=Subject.SYSTEM,
    fixed=True,
)
def none_of_these(_node: Node) -> int:
    return 0


@getter("nvmlSystemGetHicVersion", subject=Subject.SYSTEM, fixed=True)
def no_hics(_node: Node) -> list[int]:
    return []


@getter("nvmlSystemGetTopologyGpuSet", subject=Subject.SYSTEM, over=((0,),), fixed=True)
def gpus_near_cpu(node: Node, cpu: int) -> list[int]:
    cpus = node.machine.cpus
    check(cpu < cpus.sockets * cpus.cores_per_socket)
    return [
        gpu.handle for gpu in node.gpus() if node.machine.gpus[gpu.index].numa == cpu // cpus.cores_per_socket
    ]
