"""A scan of the hardware: NVML and sysfs in, frozen ``Gpu`` values out. Unchanged hardware gives equal values."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pynvml

from dra_api.identifiers import DeviceName
from dra_driver.errors import EnvironmentFault
from dra_driver.nvml.library import Library, optional

ARCHITECTURES = {
    5: "Volta",
    6: "Turing",
    7: "Ampere",
    8: "Ada Lovelace",
    9: "Hopper",
    10: "Blackwell",
    13: "Rubin",
}
"""NVML_DEVICE_ARCH_* of API version 13."""

BRANDS = {
    1: "Quadro",
    2: "Tesla",
    4: "Grid",
    5: "GeForce",
    12: "QuadroRTX",
    13: "NvidiaRTX",
    14: "Nvidia",
    15: "GeForceRTX",
    16: "TitanRTX",
}
"""NVML_BRAND_* as NVIDIA's drivers spell them."""

SYSFS = Path("/sys")
PCI_DEVICES = "bus/pci/devices"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gpu:
    """A whole GPU.

    Attributes:
        minor: number of its device node /dev/nvidia<minor>.
        memory_bytes: NVML's total; None where memory is the host's.
        pci_bus_id: ``0000:8f:00.0``.
        pcie_root: ``pci0000:00``; None if sysfs does not know the device.
        numa_node: None if unknown.
        cuda: CUDA version of the driver as major * 1000 + minor * 10.
        clique: (cluster UUID, clique id) in a multi-node NVLink domain.
    """

    minor: int
    uuid: str
    name: str
    brand: str | None
    architecture: str | None
    capability: tuple[int, int]
    memory_bytes: int | None
    pci_bus_id: str
    pcie_root: str | None
    numa_node: int | None
    driver_version: str
    cuda: int
    links: int
    clique: tuple[str, int] | None

    @property
    def device_name(self) -> DeviceName:
        """The name in the pool; it changes only with the minor number."""
        return DeviceName(f"gpu-{self.minor}")


def pcie_root(sysfs: Path, bus_id: str) -> str | None:
    """The root complex above a PCI function, e.g. ``pci0000:00``."""
    try:
        resolved = (sysfs / PCI_DEVICES / bus_id).resolve(strict=True)
    except OSError:
        return None
    return next((part for part in resolved.parts if part.startswith("pci") and ":" in part), None)


def numa_node(sysfs: Path, library_handle: Any, bus_id: str) -> int | None:
    """The NUMA node of a GPU: from sysfs, else from NVML's memory affinity."""
    try:
        node = int((sysfs / PCI_DEVICES / bus_id / "numa_node").read_text())
    except (OSError, ValueError):
        mask = optional(
            pynvml.nvmlDeviceGetMemoryAffinity, library_handle, 1, pynvml.NVML_AFFINITY_SCOPE_NODE
        )
        word = int(mask[0]) if mask else 0
        node = (word & -word).bit_length() - 1
    return node if node >= 0 else None


def read_gpu(library: Library, handle: Any, sysfs: Path) -> Gpu | None:
    """One GPU as a value; None if MIG divides it, because it cannot be used as a whole then."""
    mode = optional(pynvml.nvmlDeviceGetMigMode, handle)
    if mode is not None and mode[0]:
        return None
    memory = optional(pynvml.nvmlDeviceGetMemoryInfo, handle)
    pci = pynvml.nvmlDeviceGetPciInfo(handle)
    bus_id = f"{pci.domain:04x}:{pci.bus:02x}:{pci.device:02x}.0"
    driver_version, cuda = library.versions()
    return Gpu(
        minor=pynvml.nvmlDeviceGetMinorNumber(handle),
        uuid=pynvml.nvmlDeviceGetUUID(handle),
        name=pynvml.nvmlDeviceGetName(handle),
        brand=BRANDS.get(optional(pynvml.nvmlDeviceGetBrand, handle) or 0),
        architecture=ARCHITECTURES.get(optional(pynvml.nvmlDeviceGetArchitecture, handle) or 0),
        capability=tuple(pynvml.nvmlDeviceGetCudaComputeCapability(handle)),
        memory_bytes=int(memory.total) if memory else None,
        pci_bus_id=bus_id,
        pcie_root=pcie_root(sysfs, bus_id),
        numa_node=numa_node(sysfs, handle, bus_id),
        driver_version=driver_version,
        cuda=cuda,
        links=library.active_links(handle),
        clique=library.fabric(handle),
    )


def take_inventory(sysfs: Path = SYSFS) -> tuple[Gpu, ...]:
    """The whole GPUs of this node, by minor number; where they are on the PCI bus is read from sysfs at SYSFS.

    Raises:
        EnvironmentFault: NVML does not start or fails in the middle.
    """
    library = Library()
    try:
        found = [gpu for handle in library.handles() if (gpu := read_gpu(library, handle, sysfs))]
    except pynvml.NVMLError as error:
        message = f"NVML failed while the GPUs were listed: {error}"
        raise EnvironmentFault(message) from error
    finally:
        library.close()
    return tuple(sorted(found, key=lambda gpu: gpu.minor))
