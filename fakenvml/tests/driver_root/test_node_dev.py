"""The device nodes of a fake node in the node's own /dev."""

import os
import stat
from pathlib import Path

import pytest

from fake_nvml.driver_root import node_dev
from fake_nvml.errors import EnvironmentFault

NULL = os.makedev(1, 3)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """The folder dev of a driver root with one GPU and one capability."""
    folder = tmp_path / "root/dev"
    (folder / "nvidia-caps").mkdir(parents=True)
    for name in ("nvidia0", "nvidia-caps/nvidia-cap3"):
        try:
            os.mknod(folder / name, 0o666 | stat.S_IFCHR, NULL)
        except PermissionError:
            pytest.skip("device nodes cannot be made here (CAP_MKNOD)")
    return folder


@pytest.fixture
def dev(tmp_path: Path) -> Path:
    """A node's /dev with something of its own."""
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev/other").touch()
    return tmp_path / "dev"


def names(dev: Path) -> set[str]:
    return {str(path.relative_to(dev)) for path in dev.rglob("*") if not path.is_dir()}


def test_the_node_has_the_device_nodes_of_the_driver_root(source: Path, dev: Path) -> None:
    node_dev.mirror(source, dev)
    assert names(dev) == {"other", "nvidia0", "nvidia-caps/nvidia-cap3"}
    assert (dev / "nvidia0").stat().st_rdev == NULL
    assert stat.S_IMODE((dev / "nvidia0").stat().st_mode) == 0o666


def test_a_capability_that_is_gone_is_gone_from_the_node_too(source: Path, dev: Path) -> None:
    node_dev.mirror(source, dev)
    (source / "nvidia-caps/nvidia-cap3").unlink()
    node_dev.mirror(source, dev)
    assert names(dev) == {"other", "nvidia0"}


def test_what_the_fake_node_did_not_make_stays_when_it_ends(source: Path, dev: Path) -> None:
    node_dev.mirror(source, dev)
    node_dev.clear(source, dev)
    assert names(dev) == {"other"}


def test_a_computer_with_nvidias_driver_keeps_its_device_nodes(dev: Path, tmp_path: Path) -> None:
    (tmp_path / "version").touch()
    with pytest.raises(EnvironmentFault, match="this computer runs NVIDIA's driver"):
        node_dev.check(dev, tmp_path / "version")
