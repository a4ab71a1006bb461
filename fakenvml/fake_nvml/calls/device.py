"""What a GPU is: identity, PCI, memory; and what of it a MIG device shares."""

import time
import zlib
from collections.abc import Iterable
from typing import TYPE_CHECKING, TypeVar
from uuid import UUID

from fake_nvml.abi.codes import Code
from fake_nvml.calls.registry import Caller, Subject, action, check, getter
from fake_nvml.calls.system import by_uuid
from fake_nvml.mig import GpuInstance
from fake_nvml.model import MIB, Gpu, MigDevice, Node, NvmlError

if TYPE_CHECKING:
    from fake_nvml.abi import structures_generated as nv


T = TypeVar("T")


@getter("nvmlDeviceGetName", fixed=True)
def name(gpu: Gpu) -> str:
    return gpu.node.board.identity.name


@getter("nvmlDeviceGetName", subject=Subject.MIG_DEVICE)
def mig_name(device: MigDevice) -> str:
    slices, total = device.ci.slices, device.profile.compute_slices
    compute = "" if slices == total else f"{slices}c."
    return f"{name(device.gpu)} MIG {compute}{device.profile.name}"


@getter("nvmlDeviceGetUUID", fixed=True)
def uuid(gpu: Gpu) -> str:
    return gpu.uuid


@getter("nvmlDeviceGetUUID", subject=Subject.MIG_DEVICE)
def mig_uuid(device: MigDevice) -> str:
    return device.uuid


@getter("nvmlDeviceGetIndex", "nvmlDeviceGetMinorNumber", fixed=True)
def index(gpu: Gpu) -> int:
    return gpu.index


@getter("nvmlDeviceGetIndex", subject=Subject.MIG_DEVICE)
def mig_index(device: MigDevice) -> int:
    return [d.uuid for d in device.gpu.mig_devices()].index(device.uuid)


@getter("nvmlDeviceGetMinorNumber", subject=Subject.MIG_DEVICE)
def mig_minor(device: MigDevice) -> int:
    return device.gpu.index


@getter("nvmlDeviceGetSerial", fixed=True)
def serial(gpu: Gpu) -> str:
    return gpu.node.machine.serial(gpu.index)


@getter("nvmlDeviceGetBrand", fixed=True)
def brand(gpu: Gpu) -> int:
    return gpu.node.board.identity.brand


@getter("nvmlDeviceGetBrand", subject=Subject.MIG_DEVICE)
def mig_brand(device: MigDevice) -> int:
    return brand(device.gpu)


@getter("nvmlDeviceGetArchitecture", fixed=True)
def architecture(gpu: Gpu) -> int:
    return gpu.node.board.compute.architecture


@getter("nvmlDeviceGetArchitecture", subject=Subject.MIG_DEVICE)
def mig_architecture(device: MigDevice) -> int:
    return architecture(device.gpu)


@getter("nvmlDeviceGetCudaComputeCapability", fixed=True)
def capability(gpu: Gpu) -> tuple[int, int]:
    return gpu.node.board.compute.capability


@getter("nvmlDeviceGetCudaComputeCapability", subject=Subject.MIG_DEVICE)
def mig_capability(device: MigDevice) -> tuple[int, int]:
    return capability(device.gpu)


@getter("nvmlDeviceGetNumGpuCores", fixed=True)
def cores(gpu: Gpu) -> int:
    return gpu.node.board.compute.cores


@getter("nvmlDeviceGetMemoryBusWidth", fixed=True)
def bus_width(gpu: Gpu) -> int:
    return gpu.node.board.memory.bus_width_bits


def published(value: T | None) -> T:
    """VALUE, or NOT_SUPPORTED where nobody published it."""
    if value is None:
        raise NvmlError(Code.NOT_SUPPORTED)
    return value


@getter("nvmlDeviceGetVbiosVersion", fixed=True)
def vbios(gpu: Gpu) -> str:
    return published(gpu.board.identity.vbios)


@getter("nvmlDeviceGetBoardPartNumber", fixed=True)
def board_part_number(gpu: Gpu) -> str:
    return published(gpu.board.identity.board_part_number)


@getter("nvmlDeviceGetInforomImageVersion", fixed=True)
def inforom_image(gpu: Gpu) -> str:
    return published(gpu.board.identity.inforom)["image"]


@getter("nvmlDeviceGetInforomVersion", over=(range(2),), fixed=True)
def inforom_version(gpu: Gpu, part: int) -> str:
    check(part < 4)
    check(part < 2, Code.NOT_SUPPORTED)
    return published(gpu.board.identity.inforom)[("oem", "ecc")[part]]


@getter("nvmlDeviceGetInforomConfigurationChecksum", fixed=True)
def inforom_checksum(gpu: Gpu) -> int:
    return zlib.crc32(repr(sorted(published(gpu.board.identity.inforom).items())).encode())


@action("nvmlDeviceValidateInforom", privileged=False)
def validate_inforom(_caller: Caller, gpu: Gpu) -> None:
    published(gpu.board.identity.inforom)
    check(not gpu.setting("inforom_corrupt"), Code.CORRUPTED_INFOROM)


@getter("nvmlDeviceGetGspFirmwareVersion", fixed=True)
def gsp_version(gpu: Gpu) -> str:
    return gpu.node.machine.driver.version


@getter("nvmlDeviceGetGspFirmwareMode", fixed=True)
def gsp_mode(_gpu: Gpu) -> tuple[int, int]:
    return 1, 1


def pci(gpu: Gpu) -> "nv.PciInfo":
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


@getter(
    "nvmlDeviceGetPciInfo", "nvmlDeviceGetPciInfo_v2", "nvmlDeviceGetPciInfo_v3", subject=Subject.MIG_DEVICE
)
def mig_pci(device: MigDevice) -> "nv.PciInfo":
    return pci(device.gpu)


@getter("nvmlDeviceGetPciInfoExt", fixed=True)
def pci_ext(gpu: Gpu) -> "nv.PciInfoExtV1":
    known = pci(gpu)
    return {
        "baseClass": 3,
        "subClass": 2,
        "domain": known["domain"],
        "bus": known["bus"],
        "device": known["device"],
        "pciDeviceId": known["pciDeviceId"],
        "pciSubSystemId": known["pciSubSystemId"],
        "busId": known["busId"],
    }


@getter("nvmlDeviceGetCurrPcieLinkGeneration", "nvmlDeviceGetMaxPcieLinkGeneration", fixed=True)
def pcie_generation(gpu: Gpu) -> int:
    return gpu.board.pcie.generation


@getter("nvmlDeviceGetGpuMaxPcieLinkGeneration", fixed=True)
def pcie_device_generation(gpu: Gpu) -> int:
    return gpu.board.pcie.device_generation


@getter("nvmlDeviceGetPcieLinkMaxSpeed", fixed=True)
def pcie_max_speed(gpu: Gpu) -> int:
    """NVML_PCIE_LINK_MAX_SPEED_*, which counts as the generations do."""
    return gpu.board.pcie.generation


@getter("nvmlDeviceGetCurrPcieLinkWidth", "nvmlDeviceGetMaxPcieLinkWidth", fixed=True)
def pcie_width(gpu: Gpu) -> int:
    return gpu.node.board.pcie.width


@getter("nvmlDeviceGetPcieSpeed", fixed=True)
def pcie_speed(gpu: Gpu) -> int:
    """Megabits a second and lane."""
    return {3: 8000, 4: 16000, 5: 32000, 6: 64000}[gpu.node.board.pcie.generation]


def idle_bytes(gpu: Gpu, instances: Iterable[GpuInstance]) -> int:
    """What GPU instances use without any process, by their compute slices (captures of H100 and H200 on 590.48.01)."""
    board = gpu.board.mig
    slices = sum(gpu.profile(each.profile).compute_slices for each in instances)
    return board.idle_kib_per_slice * slices * 1024 if board else 0


@getter("nvmlDeviceGetMemoryInfo_v2")
def memory_v2(gpu: Gpu) -> "nv.MemoryV2":
    facts = gpu.board.memory
    total, reserved = facts.total_mib * MIB, facts.reserved_mib * MIB
    used = sum(process.used_bytes for process in gpu.processes()) + idle_bytes(gpu, gpu.state.instances)
    return {"total": total, "reserved": reserved, "free": total - reserved - used, "used": used}


@getter("nvmlDeviceGetMemoryInfo")
def memory(gpu: Gpu) -> "nv.Memory":
    """The older form counts what the driver reserves as used."""
    known = memory_v2(gpu)
    return {"total": known["total"], "free": known["free"], "used": known["used"] + known["reserved"]}


@getter("nvmlDeviceGetMemoryInfo", "nvmlDeviceGetMemoryInfo_v2", subject=Subject.MIG_DEVICE)
def mig_memory(device: MigDevice) -> "nv.MemoryV2":
    total = device.total_bytes
    used = device.used_bytes() + idle_bytes(device.gpu, (device.gi,))
    return {"total": total, "free": total - used, "used": used}


@getter("nvmlDeviceGetBAR1MemoryInfo", fixed=True)
def bar1(gpu: Gpu) -> "nv.BAR1Memory":
    total = gpu.node.board.memory.bar1_mib * MIB
    return {"bar1Total": total, "bar1Free": total - MIB, "bar1Used": MIB}


@getter("nvmlDeviceGetBAR1MemoryInfo", subject=Subject.MIG_DEVICE)
def mig_bar1(device: MigDevice) -> "nv.BAR1Memory":
    """The window is shared out as the memory is; where captures exist, what instances share is less than the whole."""
    board = device.gpu.board
    assert board.mig is not None
    total = (board.mig.bar1_mib or board.memory.bar1_mib) * MIB * device.gi.size // board.mig.memory_slices
    return {"bar1Total": total, "bar1Free": total, "bar1Used": 0}


@getter("nvmlDeviceGetAddressingMode", fixed=True)
def addressing_mode(gpu: Gpu) -> "nv.DeviceAddressingModeV1":
    return {"value": gpu.board.memory.addressing_mode}


@getter("nvmlDeviceGetMultiGpuBoard", fixed=True)
def multi_gpu_board(_gpu: Gpu) -> int:
    """No board here reports several GPUs, superchips neither (captures of GB200, GB300, Rubin)."""
    return 0


@getter("nvmlDeviceGetBusType", fixed=True)
def bus_type(_gpu: Gpu) -> int:
    return 2  # NVML_BUS_TYPE_PCIE


@getter("nvmlDeviceGetBoardId", fixed=True)
def board_id(gpu: Gpu) -> int:
    slot = gpu.node.machine.gpus[gpu.index]
    return slot.domain << 16 | slot.bus << 8


@getter("nvmlDeviceGetIrqNum", fixed=True)
def irq(gpu: Gpu) -> int:
    return 64 + gpu.node.machine.gpus[gpu.index].bus


@getter("nvmlDeviceGetPdi", fixed=True)
def pdi(gpu: Gpu) -> "nv.PdiV1":
    return {"value": gpu.node.machine.pdi(gpu.index)}


RUBIN = 13


def _coherent(gpu: Gpu) -> bool:
    """Whether the CPU reaches the board's memory over a chip-to-chip link."""
    return gpu.board.nvlink is not None and gpu.board.nvlink.c2c


@getter("nvmlDeviceGetC2cModeInfoV", fixed=True)
def c2c_mode(gpu: Gpu) -> "nv.C2cModeInfoV1":
    """Since Hopper; boards before it answer NOT_SUPPORTED (captures of A100, L40S, T4)."""
    check(gpu.board.compute.architecture >= 9, Code.NOT_SUPPORTED)
    return {"isC2cEnabled": int(_coherent(gpu))}


@getter("nvmlDeviceGetCapabilities", fixed=True)
def capabilities(gpu: Gpu) -> "nv.DeviceCapabilitiesV1":
    """NVML_DEV_CAP_EGM: extended GPU memory is off on GB200 and GB300, on on Rubin (captures)."""
    return {"capMask": int(_coherent(gpu) and gpu.board.compute.architecture >= RUBIN)}


@getter("nvmlDeviceGetNumaNodeId", fixed=True)
def numa_node(gpu: Gpu) -> int:
    """Coherent boards bring a NUMA node of their own, numbered after those of the CPUs."""
    check(_coherent(gpu), Code.NOT_SUPPORTED)
    return gpu.node.machine.cpus.sockets + 8 * gpu.index


@getter("nvmlDeviceGetLastBBXFlushTime", live=True)
def black_box_flush(gpu: Gpu) -> tuple[int, int]:
    """The black box is written every ten seconds."""
    seconds = int(time.time() - gpu.node.started_s)
    return int((gpu.node.started_s + seconds - seconds % 10) * 1e6), 900


@getter("nvmlDeviceGetBBXTimeData_v1", live=True)
def black_box_time(gpu: Gpu) -> "nv.BBXTimeDataV1":
    return {"timeRun": int(time.time() - gpu.node.started_s)}


@getter("nvmlDeviceGetHandleByUUIDV", subject=Subject.SYSTEM, live=True)
def by_uuid_v(node: Node, kind: int, *words: int) -> int:
    """Type 1 is the text with its prefix, type 2 the sixteen bytes."""
    raw = b"".join(word.to_bytes(4, "little") for word in words)
    check(kind in (1, 2))
    if kind == 1:
        return int(by_uuid(node, raw.split(b"\0")[0].decode(errors="replace")))
    return int(by_uuid(node, f"GPU-{UUID(bytes=raw[:16])}"))
