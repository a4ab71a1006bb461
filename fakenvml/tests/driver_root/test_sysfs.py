"""The PCI devices of a driver root, read as lspci and NVIDIA's Go library ``nvpci`` read them."""

import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from fake_nvml import build, driver_root
from fake_nvml.driver_root import sysfs
from fake_nvml.machines import load
from fake_nvml.model import Node
from fake_nvml.saved import load_node

MIB = 1 << 20


def made(tmp_path: Path, machine: str) -> tuple[Path, Node]:
    """The sys folder of a root, and its node."""
    node = load_node(*load(machine), tmp_path / "state.json")
    sysfs.write_sys(tmp_path, node)
    sysfs.write_functions(tmp_path, node)
    return tmp_path / "sys", node


def capabilities(raw: bytes) -> list[int]:
    """Ids along both lists of a configuration space."""
    found, at = [], raw[0x34]
    while at:
        found.append(raw[at])
        at = raw[at + 1]
    at = 0x100
    while at:
        (head,) = struct.unpack_from("<I", raw, at)
        found.append(head & 0xFFFF)
        at = head >> 20
    return found


def regions(device: Path) -> Iterator[tuple[int, int, int]]:
    """(register, bytes, flags) of the regions that there are."""
    for number, line in enumerate((device / "resource").read_text().splitlines()):
        first, last, flags = (int(word, 16) for word in line.split(" "))
        if last > first:
            yield number, last - first + 1, flags


def test_a_gpu_has_its_regions_of_memory(tmp_path: Path) -> None:
    root, node = made(tmp_path, "dgx-a100")
    device = root / "bus/pci/devices/0000:07:00.0"
    frame = node.board.memory.bar1_mib * MIB
    assert list(regions(device)) == [(0, 16 * MIB, 0x40200), (1, frame, 0x14220C), (3, 32 * MIB, 0x14220C)]
    assert (device / "resource0").stat().st_size == 16 * MIB


def test_from_hopper_on_all_regions_are_64_bit(tmp_path: Path) -> None:
    root, node = made(tmp_path, "dgx-b200")
    found = list(regions(root / "bus/pci/devices/0000:8f:00.0"))
    assert [(number, flags) for number, _, flags in found] == [(0, 0x14220C), (2, 0x14220C), (4, 0x14220C)]
    assert found[1][1] == node.board.memory.bar1_mib * MIB


@pytest.mark.parametrize(("machine", "extended"), [("t4", [1]), ("dgx-b200", [1, 0x10])])
def test_the_configuration_space_leads_through_its_capabilities(
    tmp_path: Path, machine: str, extended: list[int]
) -> None:
    root, node = made(tmp_path, machine)
    device = next((root / "bus/pci/devices").iterdir())
    raw = (device / "config").read_bytes()
    assert len(raw) == 4096
    assert struct.unpack_from("<HH", raw) == (0x10DE, node.board.identity.pci_device_id)
    assert raw[6] & 0x10, "the status says that there is a list of capabilities"
    assert capabilities(raw) == [0x01, 0x05, 0x10, *extended]
    start = int((device / "resource").read_text().split()[0], 16)
    assert struct.unpack_from("<I", raw, 0x10)[0] & 0xFFFFFFF0 == start & 0xFFFFFFF0


def test_a_gpu_is_in_an_iommu_group_of_its_own(tmp_path: Path) -> None:
    root, node = made(tmp_path, "dgx-b200")
    groups = [(device / "iommu_group").resolve() for device in (root / "bus/pci/devices").iterdir()]
    assert len({group.name for group in groups}) == len(node.gpus()) == 8
    assert all(group.name.isdecimal() for group in groups)
    assert [path.name for path in (groups[0] / "devices").iterdir()] == [
        next(
            d.name for d in (root / "bus/pci/devices").iterdir() if (d / "iommu_group").resolve() == groups[0]
        )
    ]


def test_a_gpu_tells_its_numa_node_and_processors(tmp_path: Path) -> None:
    root, _ = made(tmp_path, "dgx-b200")
    device = root / "bus/pci/devices/0000:c4:00.0"
    assert (device / "numa_node").read_text() == "1\n"
    assert (device / "local_cpulist").read_text() == "56-111\n"


def test_virtual_functions_come_and_go(tmp_path: Path) -> None:
    root, node = made(tmp_path, "dgx-a100")
    device = root / "bus/pci/devices/0000:07:00.0"
    assert (device / "sriov_totalvfs").read_text() == "16\n"
    node.replace(0, virtual_functions=5)
    sysfs.write_functions(tmp_path, node)
    # NVIDIA's vGPU documentation: the first is function 4, eight functions are a device
    function = (device / "virtfn4").resolve()
    assert function.name == "0000:07:01.0"
    assert (function / "physfn").resolve() == device.resolve()
    assert (function / "iommu_group").resolve() != (device / "iommu_group").resolve()
    assert (device / "sriov_numvfs").read_text() == "5\n"
    assert len(list((root / "bus/pci/devices").iterdir())) == 13
    node.replace(0, virtual_functions=0)
    sysfs.write_functions(tmp_path, node)
    assert not (device / "virtfn0").is_symlink()
    assert (
        len(list((root / "bus/pci/devices").iterdir()))
        == len(list((root / "kernel/iommu_groups").iterdir()))
        == 8
    )


def test_a_board_without_sriov_has_no_virtual_functions(tmp_path: Path) -> None:
    root, _ = made(tmp_path, "t4")
    device = next((root / "bus/pci/devices").iterdir())
    assert not (device / "sriov_totalvfs").exists()


def test_a_root_is_written_again_over_itself(tmp_path: Path) -> None:
    node = load_node(*load("dgx-b200"), tmp_path / "state.json")
    driver_root.make(tmp_path, node, build.libraries())
    before = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*"))
    driver_root.make(tmp_path, node, build.libraries())
    assert sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*")) == before
