"""What sysfs says about a PCI function: its root, its NUMA node, and GPUs that a virtual machine can have (VFIO)."""

from pathlib import Path

from dra_driver.devices.model import PciBusId, VfioFunction

PCI_DEVICES = "bus/pci/devices"
NVIDIA_VENDOR = 0x10DE
DISPLAY_CLASS = 0x03
"""The upper byte of a PCI class: VGA and 3D controllers (pciutils, pci.ids)."""
MEMORY_64 = 0x100000
"""IORESOURCE_MEM_64 (Linux include/linux/ioport.h): the region is addressed with 64 bits."""
REGIONS = 6


def root(sysfs: Path, bus_id: str) -> str | None:
    """The root complex above a PCI function, e.g. ``pci0000:00``."""
    try:
        resolved = (sysfs / PCI_DEVICES / bus_id).resolve(strict=True)
    except OSError:
        return None
    return next((part for part in resolved.parts if part.startswith("pci") and ":" in part), None)


def numa_node(sysfs: Path, bus_id: str) -> int | None:
    """The NUMA node; None if sysfs does not say it, or says -1."""
    try:
        node = int((sysfs / PCI_DEVICES / bus_id / "numa_node").read_text())
    except (OSError, ValueError):
        return None
    return node if node >= 0 else None


def functions(sysfs: Path, dev: Path) -> tuple[VfioFunction, ...]:
    """NVIDIA's GPUs that have an IOMMU group, by address; without one, no virtual machine can have them."""
    try:
        folders = sorted((sysfs / PCI_DEVICES).iterdir())
    except OSError:
        return ()
    gpus = [folder for folder in folders if is_gpu(folder)]
    found = (function(index, folder, sysfs, (dev / "iommu").exists()) for index, folder in enumerate(gpus))
    return tuple(each for each in found if each is not None)


def number(path: Path) -> int:
    """A hexadecimal number in a file; -1 if there is none."""
    try:
        return int(path.read_text(), 16)
    except (OSError, ValueError):
        return -1


def is_gpu(folder: Path) -> bool:
    """Whether it is a display controller of NVIDIA."""
    return number(folder / "vendor") == NVIDIA_VENDOR and number(folder / "class") >> 16 == DISPLAY_CLASS


def function(index: int, folder: Path, sysfs: Path, iommufd: bool) -> VfioFunction | None:
    """One GPU as a value; None without an IOMMU group."""
    group = folder / "iommu_group"
    name = group.resolve().name if group.is_symlink() else ""
    if not name.isdecimal():
        return None
    driver = folder / "driver"
    return VfioFunction(
        index=index,
        pci_bus_id=PciBusId(folder.name),
        driver=driver.resolve().name if driver.is_symlink() else None,
        device_id=number(folder / "device"),
        vendor_id=NVIDIA_VENDOR,
        iommu_group=int(name),
        addressable_bytes=addressable_bytes(folder / "resource"),
        pcie_root=root(sysfs, folder.name),
        numa_node=numa_node(sysfs, folder.name),
        iommufd=iommufd,
    )


def addressable_bytes(resource: Path) -> int:
    """The 64-bit regions of the function, together rounded up to a power of two.

    Each line of the file is ``start end flags`` (Linux Documentation/ABI/testing/sysfs-bus-pci).
    """
    total = 0
    try:
        lines = resource.read_text().splitlines()[:REGIONS]
    except OSError:
        return 0
    for line in lines:
        start, end, flags = (int(word, 16) for word in line.split())
        if flags & MEMORY_64:
            total += end - start + 1
    return 1 << (total - 1).bit_length() if total else 0
