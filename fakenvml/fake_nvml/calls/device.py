"""What a GPU is: identity, PCI, memory, affinity, modes and their setters; and what of it a MIG device shares."""

from typing import Any

from fake_nvml.abi.codes import Code
from fake_nvml.calls.registry import Caller, action, check, getter
from fake_nvml.calls.system import indices
from fake_nvml.model import GPU, Gpu, MigDevice, Node

MIB = 1 << 20
EVENT_TYPES = 0x1 | 0x2 | 0x4 | 0x8 | 0x10 | 0x80 | 0x100 | 0x8000
"""Single and double bit ECC, P-state, XID, clock, power source, MIG configuration, recovery action."""


def other_gpus(node: Node) -> list[int]:
    """Handles of all GPUs, for calls about two."""
    return [GPU << 32 | index << 16 for index in indices(node)]


@getter("nvmlDeviceGetName", fixed=True)
def name(gpu: Gpu) -> str:
    return gpu.node.board.identity.name


@getter("nvmlDeviceGetName", subject="mig")
def mig_name(device: MigDevice) -> str:
    slices, total = device.ci.slices, device.profile.compute_slices
    compute = "" if slices == total else f"{slices}c."
    return f"{name(device.gpu)} MIG {compute}{device.profile.name}"


@getter("nvmlDeviceGetUUID", fixed=True)
def uuid(gpu: Gpu) -> str:
    return gpu.uuid


@getter("nvmlDeviceGetUUID", subject="mig")
def mig_uuid(device: MigDevice) -> str:
    return device.uuid


@getter("nvmlDeviceGetIndex", "nvmlDeviceGetMinorNumber", fixed=True)
def index(gpu: Gpu) -> int:
    return gpu.index


@getter("nvmlDeviceGetIndex", subject="mig")
def mig_index(device: MigDevice) -> int:
    return [d.uuid for d in device.gpu.mig_devices()].index(device.uuid)


@getter("nvmlDeviceGetMinorNumber", subject="mig")
def mig_minor(device: MigDevice) -> int:
    return device.gpu.index


@getter("nvmlDeviceGetSerial", fixed=True)
def serial(gpu: Gpu) -> str:
    return gpu.node.machine.serial(gpu.index)


@getter("nvmlDeviceGetBrand", fixed=True)
def brand(gpu: Gpu) -> int:
    return gpu.node.board.identity.brand


@getter("nvmlDeviceGetBrand", subject="mig")
def mig_brand(device: MigDevice) -> int:
    return brand(device.gpu)


@getter("nvmlDeviceGetArchitecture", fixed=True)
def architecture(gpu: Gpu) -> int:
    return gpu.node.board.compute.architecture


@getter("nvmlDeviceGetArchitecture", subject="mig")
def mig_architecture(device: MigDevice) -> int:
    return architecture(device.gpu)


@getter("nvmlDeviceGetCudaComputeCapability", fixed=True)
def capability(gpu: Gpu) -> tuple[int, int]:
    return gpu.node.board.compute.capability


@getter("nvmlDeviceGetCudaComputeCapability", subject="mig")
def mig_capability(device: MigDevice) -> tuple[int, int]:
    return capability(device.gpu)


@getter("nvmlDeviceGetNumGpuCores", fixed=True)
def cores(gpu: Gpu) -> int:
    return gpu.node.board.compute.cores


@getter("nvmlDeviceGetMemoryBusWidth", fixed=True)
def bus_width(gpu: Gpu) -> int:
    return gpu.node.board.memory.bus_width_bits


@getter("nvmlDeviceGetVbiosVersion", fixed=True)
def vbios(gpu: Gpu) -> str:
    return gpu.node.board.identity.vbios


@getter("nvmlDeviceGetBoardPartNumber", fixed=True)
def board_part_number(gpu: Gpu) -> str:
    return gpu.node.board.identity.board_part_number


@getter("nvmlDeviceGetInforomImageVersion", fixed=True)
def inforom_image(gpu: Gpu) -> str:
    return gpu.node.board.identity.inforom["image"]


@getter("nvmlDeviceGetInforomVersion", over=(range(2),), fixed=True)
def inforom_version(gpu: Gpu, part: int) -> str:
    check(part < 4)
    check(part < 2, Code.NOT_SUPPORTED)
    return gpu.node.board.identity.inforom[("oem", "ecc")[part]]


@getter("nvmlDeviceGetGspFirmwareVersion", fixed=True)
def gsp_version(gpu: Gpu) -> str:
    return gpu.node.machine.driver.version


@getter("nvmlDeviceGetGspFirmwareMode", fixed=True)
def gsp_mode(_gpu: Gpu) -> tuple[int, int]:
    return 1, 1


def pci(gpu: Gpu) -> dict[str, Any]:
    """``nvmlPciInfo_t``: the legacy form has a domain of four digits."""
    slot, identity = gpu.node.machine.gpus[gpu.index], gpu.node.board.identity
    return {
        "busIdLegacy": f"{slot.domain:04X}:{slot.bus:02X}:00.0",
        "domain": slot.domain,
        "bus": slot.bus,
        "device": 0,
        "pciDeviceId": identity.pci_device_id << 16 | 0x10DE,
        "pciSubSystemId": identity.pci_subsystem_id << 16 | 0x10DE,
        "busId": gpu.bus_id,
    }


getter("nvmlDeviceGetPciInfo", "nvmlDeviceGetPciInfo_v2", "nvmlDeviceGetPciInfo_v3", fixed=True)(pci)


@getter("nvmlDeviceGetPciInfo", "nvmlDeviceGetPciInfo_v2", "nvmlDeviceGetPciInfo_v3", subject="mig")
def mig_pci(device: MigDevice) -> dict[str, Any]:
    return pci(device.gpu)


@getter("nvmlDeviceGetPciInfoExt", fixed=True)
def pci_ext(gpu: Gpu) -> dict[str, Any]:
    known = pci(gpu)
    fields = ("domain", "bus", "device", "pciDeviceId", "pciSubSystemId", "busId")
    return {"baseClass": 3, "subClass": 2, **{field: known[field] for field in fields}}


@getter(
    "nvmlDeviceGetCurrPcieLinkGeneration",
    "nvmlDeviceGetMaxPcieLinkGeneration",
    "nvmlDeviceGetGpuMaxPcieLinkGeneration",
    fixed=True,
)
def pcie_generation(gpu: Gpu) -> int:
    return gpu.node.board.pcie.generation


@getter("nvmlDeviceGetCurrPcieLinkWidth", "nvmlDeviceGetMaxPcieLinkWidth", fixed=True)
def pcie_width(gpu: Gpu) -> int:
    return gpu.node.board.pcie.width


@getter("nvmlDeviceGetPcieSpeed", fixed=True)
def pcie_speed(gpu: Gpu) -> int:
    """Megabits a second and lane."""
    return {3: 8000, 4: 16000, 5: 32000, 6: 64000}[gpu.node.board.pcie.generation]


@getter("nvmlDeviceGetModuleId", fixed=True)
def module_id(gpu: Gpu) -> int:
    return gpu.node.machine.gpus[gpu.index].module


def _mask(first: int, bits: int) -> bytes:
    return ((1 << bits) - 1 << first).to_bytes(128, "little")


@getter("nvmlDeviceGetCpuAffinity", over=((1, 2, 4),), fixed=True)
def cpu_affinity(gpu: Gpu, _words: int) -> bytes:
    per_socket = gpu.node.machine.cpus.cores_per_socket
    return _mask(gpu.node.machine.gpus[gpu.index].numa * per_socket, per_socket)


@getter("nvmlDeviceGetCpuAffinityWithinScope", over=((1, 2, 4), (0, 1)), fixed=True)
def cpu_affinity_within(gpu: Gpu, words: int, scope: int) -> bytes:
    check(scope < 2)
    return bytes(cpu_affinity(gpu, words))


@getter("nvmlDeviceGetMemoryAffinity", over=((1,), (0, 1)), fixed=True)
def memory_affinity(gpu: Gpu, _words: int, scope: int) -> bytes:
    check(scope < 2)
    return _mask(gpu.node.machine.gpus[gpu.index].numa, 1)


@getter("nvmlDeviceGetMemoryInfo")
def memory(gpu: Gpu) -> dict[str, int]:
    facts = gpu.node.board.memory
    total, used = facts.total_mib * MIB, facts.reserved_mib * MIB
    return {"total": total, "free": total - used, "used": used}


@getter("nvmlDeviceGetMemoryInfo_v2")
def memory_v2(gpu: Gpu) -> dict[str, int]:
    facts = gpu.node.board.memory
    total, reserved = facts.total_mib * MIB, facts.reserved_mib * MIB
    return {"total": total, "reserved": reserved, "free": total - reserved, "used": 0}


@getter("nvmlDeviceGetMemoryInfo", "nvmlDeviceGetMemoryInfo_v2", subject="mig")
def mig_memory(device: MigDevice) -> dict[str, int]:
    total = device.profile.memory_mib * MIB
    return {"total": total, "free": total, "used": 0}


@getter("nvmlDeviceGetBAR1MemoryInfo", fixed=True)
def bar1(gpu: Gpu) -> dict[str, int]:
    total = gpu.node.board.memory.bar1_mib * MIB
    return {"bar1Total": total, "bar1Free": total - MIB, "bar1Used": MIB}


@getter("nvmlDeviceGetAddressingMode", fixed=True)
def addressing_mode(_gpu: Gpu) -> dict[str, int]:
    return {"value": 0}


@getter("nvmlDeviceGetVirtualizationMode", "nvmlDeviceGetMultiGpuBoard", fixed=True)
def not_virtual(_gpu: Gpu) -> int:
    return 0


@getter("nvmlDeviceGetDisplayActive", "nvmlDeviceGetDisplayMode", fixed=True)
def no_display(_gpu: Gpu) -> int:
    return 0


@getter("nvmlDeviceGetBusType", fixed=True)
def bus_type(_gpu: Gpu) -> int:
    return 2  # NVML_BUS_TYPE_PCIE


@getter("nvmlDeviceGetSupportedEventTypes", fixed=True)
def event_types(_gpu: Gpu) -> int:
    return EVENT_TYPES


@getter("nvmlDeviceGetP2PStatus", over=(other_gpus, range(6)), fixed=True)
def p2p_status(gpu: Gpu, other: int, capability_index: int) -> int:
    check(other in other_gpus(gpu.node) and capability_index < 6)
    return 0 if other != gpu.handle else 6  # NVML_P2P_STATUS_OK, or UNKNOWN with itself


@getter("nvmlDeviceGetTopologyCommonAncestor", over=(other_gpus,), fixed=True)
def common_ancestor(gpu: Gpu, other: int) -> int:
    check(other in other_gpus(gpu.node))
    gpus = gpu.node.machine.gpus
    if other == gpu.handle:
        return 0  # NVML_TOPOLOGY_INTERNAL
    return 40 if gpus[gpu.index].numa == gpus[other >> 16 & 0xFFFF].numa else 50  # NODE or SYSTEM


@getter("nvmlDeviceGetPersistenceMode")
def persistence(gpu: Gpu) -> int:
    return gpu.state.persistence


@action("nvmlDeviceSetPersistenceMode")
def set_persistence(_caller: Caller, gpu: Gpu, mode: int) -> None:
    check(mode < 2)
    gpu.node.replace(gpu.index, persistence=mode)


@getter("nvmlDeviceGetComputeMode")
def compute_mode(gpu: Gpu) -> int:
    return gpu.state.compute_mode


@action("nvmlDeviceSetComputeMode")
def set_compute_mode(_caller: Caller, gpu: Gpu, mode: int) -> None:
    check(mode < 4)
    check(mode != 1, Code.NOT_SUPPORTED)  # EXCLUSIVE_THREAD went with CUDA 8
    gpu.node.replace(gpu.index, compute_mode=mode)


@getter("nvmlDeviceGetEccMode")
def ecc_mode(gpu: Gpu) -> tuple[int, int]:
    return int(gpu.state.ecc), int(gpu.state.ecc_pending)


@getter("nvmlDeviceGetDefaultEccMode", fixed=True)
def default_ecc_mode(_gpu: Gpu) -> int:
    return 1


@action("nvmlDeviceSetEccMode")
def set_ecc_mode(_caller: Caller, gpu: Gpu, mode: int) -> None:
    check(mode < 2)
    gpu.node.replace(gpu.index, ecc_pending=bool(mode))


@getter("nvmlDeviceGetAccountingMode")
def accounting(gpu: Gpu) -> int:
    return gpu.state.accounting


@action("nvmlDeviceSetAccountingMode")
def set_accounting(_caller: Caller, gpu: Gpu, mode: int) -> None:
    check(mode < 2)
    gpu.node.replace(gpu.index, accounting=mode)
