"""``sys``: each GPU below a root port of its own host bridge, as PCI device with an IOMMU group, and the loaded module.

The names and contents are those of Documentation/ABI/testing/sysfs-bus-pci in the kernel. Lines of NVIDIA's go-nvlib
(``nvpci``), which mig-parted and the device plugins use, are read here: they give up at the first file that is missing.
"""

import shutil
from pathlib import Path

from fake_nvml.driver_root import pci
from fake_nvml.driver_root.files import link, write
from fake_nvml.model import Gpu, Node

SPEEDS = {1: "2.5", 2: "5.0", 3: "8.0", 4: "16.0", 5: "32.0", 6: "64.0"}
"""Gigatransfers a second by generation, as the kernel prints them."""
BUS, GROUPS = Path("sys/bus/pci"), Path("sys/kernel/iommu_groups")


def device_folder(gpu: Gpu) -> Path:
    """Where the GPU is in a root."""
    slot = gpu.node.machine.gpus[gpu.index]
    bus = f"{slot.domain:04x}:{slot.bus & 0xF0:02x}"
    return Path(f"sys/devices/pci{bus}/{bus}:01.0") / pci.address(gpu)


def _identity(gpu: Gpu, name: str) -> dict[str, str]:
    """What a GPU and its virtual functions have in common; NAME is the address."""
    identity, slot, class_code = gpu.board.identity, gpu.node.machine.gpus[gpu.index], pci.class_code(gpu)
    cpus, board = gpu.node.machine.cpus.cores_per_socket, f"{pci.NVIDIA:04X}"
    alias = (
        f"pci:v0000{board}d0000{identity.pci_device_id:04X}sv0000{board}sd0000{identity.pci_subsystem_id:04X}"
        f"bc{class_code >> 16:02X}sc{class_code >> 8 & 0xFF:02X}i00"
    )
    return {
        "vendor": f"0x{pci.NVIDIA:04x}",
        "device": f"0x{identity.pci_device_id:04x}",
        "subsystem_vendor": f"0x{pci.NVIDIA:04x}",
        "subsystem_device": f"0x{identity.pci_subsystem_id:04x}",
        "class": f"0x{class_code:06x}",
        "revision": f"0x{pci.REVISION:02x}",
        "irq": str(pci.interrupt(gpu)),
        "enable": "1",
        "power_state": "D0",
        "driver_override": "(null)",
        "numa_node": str(slot.numa),
        "local_cpulist": f"{slot.numa * cpus}-{slot.numa * cpus + cpus - 1}",
        "modalias": alias,
        "uevent": (
            f"DRIVER=nvidia\nPCI_CLASS={class_code:X}\nPCI_ID={board}:{identity.pci_device_id:04X}\n"
            f"PCI_SUBSYS_ID={board}:{identity.pci_subsystem_id:04X}\nPCI_SLOT_NAME={name}\nMODALIAS={alias}"
        ),
    }


def _own(gpu: Gpu) -> dict[str, str]:
    """What only the GPU itself has."""
    pcie = gpu.board.pcie
    values = {
        "max_link_speed": f"{SPEEDS[pcie.device_generation]} GT/s PCIe",
        "max_link_width": str(pcie.width),
        "current_link_speed": f"{SPEEDS[pcie.generation]} GT/s PCIe",
        "current_link_width": str(pcie.width),
        "reset_method": "flr bus",
    }
    if pci.has_functions(gpu):
        values |= {
            "sriov_totalvfs": str(pci.FUNCTIONS_MAX),
            "sriov_offset": str(pci.FIRST_FUNCTION),
            "sriov_stride": "1",
            "sriov_drivers_autoprobe": "1",
        }
    return values


def _place(root: Path, folder: Path, group: int) -> None:
    """The links of a device: from the bus and its driver, and to driver, bus and IOMMU group."""
    name = folder.name
    link(root / BUS / "devices" / name, root / folder)
    link(root / BUS / "drivers/nvidia" / name, root / folder)
    link(root / folder / "driver", root / BUS / "drivers/nvidia")
    link(root / folder / "subsystem", root / BUS)
    link(root / folder / "iommu_group", root / GROUPS / str(group))
    link(root / GROUPS / str(group) / "devices" / name, root / folder)
    write(root / GROUPS / str(group) / "type", "DMA-FQ\n")


def write_sys(root: Path, node: Node) -> None:
    """Everything but the virtual functions."""
    module = root / "sys/module/nvidia"
    values = {"version": node.machine.driver.version, "initstate": "live", "refcnt": str(len(node.gpus()))}
    for name, value in values.items():
        write(module / name, f"{value}\n")
    link(root / BUS / "drivers/nvidia/module", module)
    for gpu in node.gpus():
        folder, found = device_folder(gpu), pci.regions(gpu)
        for name, value in {**_identity(gpu, pci.address(gpu)), **_own(gpu)}.items():
            write(f"{root}/{folder}/{name}", f"{value}\n")
        write(root / folder / "resource", pci.resource_text(found))
        # the registers are mapped by some programs; the file takes no room, and reads as zeros
        with (root / folder / "resource0").open("wb") as registers:
            registers.truncate(found[0].size)
        write(root / folder / "reset", "")
        _place(root, folder, pci.FIRST_GROUP + gpu.index)


def write_functions(root: Path, node: Node) -> None:
    """``config`` and the virtual functions of each GPU as many as are enabled, and no others."""
    for gpu in node.gpus():
        folder = root / device_folder(gpu)
        wanted = pci.configuration(gpu)
        if not (folder / "config").exists() or (folder / "config").read_bytes() != wanted:
            write(folder / "config", wanted)
        if not pci.has_functions(gpu):
            continue
        write(folder / "sriov_numvfs", f"{gpu.state.virtual_functions}\n")
        for number in range(pci.FUNCTIONS_MAX):
            name, there = pci.function_address(gpu, number), (folder / f"virtfn{number}").is_symlink()
            if number < gpu.state.virtual_functions and not there:
                _add_function(root, gpu, number, name)
            elif number >= gpu.state.virtual_functions and there:
                _remove_function(root, gpu, number, name)


def _group_of(gpu: Gpu, number: int) -> int:
    """A group of its own for each virtual function, after those of the GPUs."""
    return pci.FIRST_GROUP + len(gpu.node.machine.gpus) + gpu.index * pci.FUNCTIONS_MAX + number


def _add_function(root: Path, gpu: Gpu, number: int, name: str) -> None:
    parent = device_folder(gpu)
    folder = parent.parent / name
    for field, value in _identity(gpu, name).items():
        write(root / folder / field, f"{value}\n")
    write(root / folder / "config", pci.function_configuration(gpu))
    write(root / folder / "resource", pci.resource_text(()))
    link(root / folder / "physfn", root / parent)
    _place(root, folder, _group_of(gpu, number))
    link(root / parent / f"virtfn{number}", root / folder)


def _remove_function(root: Path, gpu: Gpu, number: int, name: str) -> None:
    parent = device_folder(gpu)
    for path in (parent / f"virtfn{number}", BUS / "devices" / name, BUS / "drivers/nvidia" / name):
        (root / path).unlink(missing_ok=True)
    for path in (parent.parent / name, GROUPS / str(_group_of(gpu, number))):
        shutil.rmtree(root / path, ignore_errors=True)
