"""Types of virtual GPUs: the shares of a board that virtual machines can have, and what NVML says about each.

A board offers types once its virtualisation mode is HOST_VGPU (3): compute types of a half, a quarter and so on of its
memory, by NVIDIA's naming. Numbers of types are made up (assumed).
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fake_nvml.abi.codes import Code
from fake_nvml.calls.registry import Subject, check, getter
from fake_nvml.model import MIB, NO_INSTANCE, Gpu, Node, NvmlError

if TYPE_CHECKING:
    from fake_nvml.abi import structures_generated as nv


HOST_VGPU = 3
PARTS = (1, 2, 4, 8, 16)


@dataclass(frozen=True, slots=True)
class VgpuType:
    """One type: a share of the board's memory."""

    id: int
    name: str
    memory_mib: int
    instances: int


def types(node: Node) -> list[VgpuType]:
    """The types of this board; boards for workstations drive screens and are not shared here."""
    board = node.board
    if board.thermal.fans:
        return []
    gib = board.memory.total_mib // 1024
    short = board.identity.name.removeprefix("NVIDIA ").removeprefix("Tesla ").split()[0]
    first = (board.identity.pci_device_id & 0xFFF) << 4
    return [
        VgpuType(first + i, f"NVIDIA {short}-{gib // part}C", gib // part * 1024, part)
        for i, part in enumerate(PARTS)
    ]


def type_of(node: Node, number: int) -> VgpuType:
    """A type, once some GPU of the node is in host mode: without it there is no vGPU manager to ask."""
    check(any(gpu.setting("virtualization") == HOST_VGPU for gpu in node.gpus()), Code.NOT_SUPPORTED)
    for known in types(node):
        if known.id == number:
            return known
    raise NvmlError(Code.INVALID_ARGUMENT)


def require_host(gpu: Gpu) -> None:
    """Raise NOT_SUPPORTED unless the GPU is in host mode and has types."""
    check(gpu.setting("virtualization") == HOST_VGPU and types(gpu.node), Code.NOT_SUPPORTED)


def type_ids(node: Node) -> list[int]:
    """Numbers of all types."""
    return [known.id for known in types(node)]


def of_type(name: str) -> Any:
    """A getter about a type: its function gets the node and the type."""

    def declare(answer: Any) -> Any:
        def one(node: Node, number: int, *rest: int) -> Any:
            return answer(node, type_of(node, number), *rest)

        getter(f"nvmlVgpuType{name}", subject=Subject.SYSTEM, over=(type_ids,))(one)
        return answer

    return declare


of_type("GetClass")(lambda _node, _type_: "Compute")
of_type("GetName")(lambda _node, known: known.name)
of_type("GetLicense")(
    lambda _node, known: f"NVIDIA-AI-Enterprise,{known.memory_mib // 1024}.0;Quadro-Virtual-DWS,5.0"
)
of_type("GetGpuInstanceProfileId")(lambda _node, _type_: NO_INSTANCE)
of_type("GetDeviceID")(
    lambda node, known: (node.board.identity.pci_device_id << 16 | 0x10DE, known.id << 16 | 0x10DE)
)
of_type("GetFramebufferSize")(lambda _node, known: known.memory_mib * MIB)
of_type("GetNumDisplayHeads")(lambda _node, known: 1 if known.instances else 0)
of_type("GetFrameRateLimit")(lambda _node, known: 60 if known.instances > 1 else 0)
of_type("GetMaxInstancesPerVm")(lambda _node, known: 16 if known.instances == 1 else 1)
of_type("GetGspHeapSize")(lambda _node, known: (64 + known.memory_mib // 1024) * MIB)
of_type("GetFbReservation")(lambda _node, known: known.memory_mib * MIB // 64)
of_type("GetBAR1Info")(lambda node, known: {"bar1Size": node.board.memory.bar1_mib // known.instances})


@getter("nvmlVgpuTypeGetCapabilities", subject=Subject.SYSTEM, over=(type_ids, range(5)))
def type_capability(node: Node, number: int, which: int) -> int:
    """P2P over NVLink for whole boards, GPUDirect always."""
    known = type_of(node, number)
    check(which < 5)
    return (int(known.instances == 1 and node.board.nvlink is not None), 1, int(known.instances == 1), 0, 1)[
        which
    ]


@getter("nvmlVgpuTypeGetResolution", subject=Subject.SYSTEM, over=(type_ids, (0,)))
def resolution(node: Node, number: int, display: int) -> tuple[int, int]:
    type_of(node, number)
    check(display == 0)
    return 4096, 2160


@getter("nvmlVgpuTypeGetMaxInstances", over=(type_ids,))
def most(gpu: Gpu, number: int) -> int:
    require_host(gpu)
    return type_of(gpu.node, number).instances


@getter("nvmlVgpuTypeGetMaxInstancesPerGpuInstance", subject=Subject.SYSTEM, over=(type_ids,))
def most_in_instance(node: Node, number: int) -> "nv.VgpuTypeMaxInstanceV1":
    known = type_of(node, number)
    check(node.board.mig and node.board.compute.architecture >= 10, Code.NOT_SUPPORTED)
    return {"vgpuTypeId": number, "maxInstancePerGI": max(1, known.instances // 8)}
