"""What a GPU is on the PCI bus: its address, its configuration space and its regions of memory (pure).

The layouts are those of the PCI Express Base Specification; the kernel shows them as ``config`` and ``resource``
(Documentation/PCI/sysfs-pci.rst). Physical addresses are made up: nobody reads the memory behind them.
"""

import struct
from dataclasses import dataclass

from fake_nvml.calls.device import pci_ext
from fake_nvml.model import Gpu

NVIDIA, REVISION = 0x10DE, 0xA1
HOPPER, AMPERE = 9, 7
MIB = 1 << 20
CONFIG_BYTES = 4096
MSI_AT, POWER_AT, EXPRESS_AT = 0x68, 0x60, 0x78
AER_AT, SRIOV_AT = 0x100, 0x160
# include/linux/ioport.h: IORESOURCE_MEM, PREFETCH, MEM_64 and SIZEALIGN; the low bits are those of the base address register
MEMORY_32, MEMORY_64 = 0x40200, 0x14220C
STANDARD_REGIONS, ALL_REGIONS = 6, 13
"""Base address registers; with the ROM and those of virtual functions, as a kernel with CONFIG_PCI_IOV lists them."""
FUNCTIONS_MAX, FIRST_FUNCTION = 16, 4
"""Virtual functions of a GPU, and the distance of the first one (NVIDIA vGPU documentation, A100: 41:00.4 to 41:02.3).
For other boards than the A100 the number is assumed."""
FIRST_GROUP = 1000
"""IOMMU group of the first GPU: above any that the computer itself has, so that both can be shown together."""


@dataclass(frozen=True, slots=True)
class Region:
    """A range of memory that the GPU has on the bus; ``register`` is the first base address register that has it."""

    register: int
    start: int
    size: int
    flags: int


def address(gpu: Gpu) -> str:
    """The PCI address as the kernel prints it."""
    slot = gpu.node.machine.gpus[gpu.index]
    return f"{slot.domain:04x}:{slot.bus:02x}:00.0"


def function_address(gpu: Gpu, number: int) -> str:
    """The address of virtual function NUMBER of the GPU: eight functions make a device."""
    slot = gpu.node.machine.gpus[gpu.index]
    device, function = divmod(FIRST_FUNCTION + number, 8)
    return f"{slot.domain:04x}:{slot.bus:02x}:{device:02x}.{function}"


def interrupt(gpu: Gpu) -> int:
    """The number of the GPU's interrupt."""
    return 64 + gpu.node.machine.gpus[gpu.index].bus


def class_code(gpu: Gpu) -> int:
    """The three bytes of the PCI class, as NVML returns them."""
    known = pci_ext(gpu)
    return int(known["baseClass"]) << 16 | int(known["subClass"]) << 8


def has_functions(gpu: Gpu) -> bool:
    """Whether the board can have virtual functions: vGPU uses SR-IOV from Ampere on (NVIDIA vGPU documentation)."""
    return gpu.board.compute.architecture >= AMPERE


def regions(gpu: Gpu) -> tuple[Region, ...]:
    """Registers, frame buffer, and the small third region. From Hopper on all of them are 64-bit."""
    frame, base = gpu.board.memory.bar1_mib * MIB, (gpu.index + 2) << 40
    if gpu.board.compute.architecture >= HOPPER:
        return (
            Region(0, base + frame + 32 * MIB, 16 * MIB, MEMORY_64),
            Region(2, base, frame, MEMORY_64),
            Region(4, base + frame, 32 * MIB, MEMORY_64),
        )
    return (
        Region(0, 0xC0000000 + gpu.index * 16 * MIB, 16 * MIB, MEMORY_32),
        Region(1, base, frame, MEMORY_64),
        Region(3, base + frame, 32 * MIB, MEMORY_64),
    )


def resource_text(found: tuple[Region, ...]) -> str:
    """The file ``resource``: first and last address and flags of each region, zeros where there is none."""
    rows = [(0, 0, 0)] * ALL_REGIONS
    for region in found:
        rows[region.register] = (region.start, region.start + region.size - 1, region.flags)
    return "".join(f"0x{first:016x} 0x{last:016x} 0x{flags:016x}\n" for first, last, flags in rows)


def _registers(found: tuple[Region, ...]) -> bytes:
    """The base address registers: a 64-bit region takes two."""
    words = [0] * STANDARD_REGIONS
    for region in found:
        words[region.register] = region.start & 0xFFFFFFF0 | region.flags & 0xF
        if region.flags & 0x4:
            words[region.register + 1] = region.start >> 32
    return struct.pack("<6I", *words)


def configuration(gpu: Gpu) -> bytes:
    """The file ``config``: header, power management, MSI, PCI Express; error reporting and SR-IOV in the extended part."""
    identity, link = gpu.board.identity, gpu.board.pcie
    raw = bytearray(CONFIG_BYTES)
    # command: memory space and bus master; status: there is a list of capabilities
    struct.pack_into("<HHHH", raw, 0x00, NVIDIA, identity.pci_device_id, 0x0006, 0x0010)
    struct.pack_into("<I", raw, 0x08, class_code(gpu) << 8 | REVISION)
    raw[0x10:0x28] = _registers(regions(gpu))
    struct.pack_into("<HH", raw, 0x2C, NVIDIA, identity.pci_subsystem_id)
    raw[0x34], raw[0x3C], raw[0x3D] = POWER_AT, interrupt(gpu) & 0xFF, 1
    struct.pack_into("<BBH", raw, POWER_AT, 0x01, MSI_AT, 0x0003)
    struct.pack_into("<BBH", raw, MSI_AT, 0x05, EXPRESS_AT, 0x0080)
    struct.pack_into("<BBH", raw, EXPRESS_AT, 0x10, 0, 0x0002)  # version 2, an endpoint
    struct.pack_into("<I", raw, EXPRESS_AT + 0x0C, link.device_generation | link.width << 4)
    struct.pack_into("<H", raw, EXPRESS_AT + 0x12, link.generation | link.width << 4)
    struct.pack_into("<I", raw, EXPRESS_AT + 0x2C, ((1 << link.device_generation) - 1) << 1)
    struct.pack_into("<I", raw, AER_AT, 0x0001 | 2 << 16 | (SRIOV_AT << 20 if has_functions(gpu) else 0))
    if has_functions(gpu):
        count = gpu.state.virtual_functions
        struct.pack_into("<I", raw, SRIOV_AT, 0x0010 | 1 << 16)
        struct.pack_into("<HH", raw, SRIOV_AT + 0x0C, FUNCTIONS_MAX, FUNCTIONS_MAX)
        struct.pack_into("<HxxHH", raw, SRIOV_AT + 0x10, count, FIRST_FUNCTION, 1)
        struct.pack_into("<H", raw, SRIOV_AT + 0x1A, identity.pci_device_id)
    return bytes(raw)


def function_configuration(gpu: Gpu) -> bytes:
    """``config`` of a virtual function: vendor and device read as ones there, the kernel fills them in from the GPU."""
    raw = bytearray(CONFIG_BYTES)
    identity = gpu.board.identity
    struct.pack_into("<HHHH", raw, 0x00, NVIDIA, identity.pci_device_id, 0x0006, 0x0010)
    struct.pack_into("<I", raw, 0x08, class_code(gpu) << 8 | REVISION)
    struct.pack_into("<HH", raw, 0x2C, NVIDIA, identity.pci_subsystem_id)
    raw[0x34] = EXPRESS_AT
    struct.pack_into("<BBH", raw, EXPRESS_AT, 0x10, 0, 0x0002)
    return bytes(raw)
