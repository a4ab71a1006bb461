"""Which IMEX channels a process has, by the device nodes that it sees and may open."""

import os
from pathlib import Path

import pytest

from fake_nvml.device_memory.channels import FOLDER, MAJOR, channels_of

OWNER = os.getuid()
STRANGER = 4711


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A driver root in which nobody could make device nodes: three plain files."""
    folder = tmp_path / "root" / FOLDER
    folder.mkdir(parents=True)
    for number in range(3):
        (folder / f"channel{number}").touch(mode=0o666)
        (folder / f"channel{number}").chmod(0o666)
    return tmp_path / "root"


@pytest.fixture
def seen(tmp_path: Path) -> Path:
    """The channels' folder as process 7 sees it."""
    folder = tmp_path / "proc/7/root" / FOLDER
    folder.mkdir(parents=True)
    return folder


def channels(root: Path | None, uid: int = STRANGER) -> set[int]:
    processes = (root.parent if root else Path("/nonexistent")) / "proc"
    return set(channels_of(7, uid, root, processes))


def test_a_process_has_the_channels_whose_files_it_sees(root: Path, seen: Path) -> None:
    assert channels(root) == set()
    os.link(root / FOLDER / "channel1", seen / "channel1")
    assert channels(root) == {1}


def test_a_file_that_is_not_the_channels_node_gives_nothing(root: Path, seen: Path) -> None:
    (seen / "channel0").touch(mode=0o666)  # as a container could make it
    os.link(root / FOLDER / "channel1", seen / "channel2")
    (seen / "channel99999").touch()
    (seen / "channelx").touch()
    assert channels(root) == set()


def test_the_mode_of_the_node_says_which_user_may_open_it(root: Path, seen: Path) -> None:
    os.link(root / FOLDER / "channel1", seen / "channel1")
    (seen / "channel1").chmod(0o600)
    assert channels(root, STRANGER) == set()
    assert channels(root, OWNER) == {1}
    assert channels(root, 0) == {1}


@pytest.mark.skipif(os.getuid() != 0, reason="only root makes device nodes")
def test_a_device_node_counts_by_its_numbers(root: Path, seen: Path) -> None:
    for name, major, minor in (("channel5", MAJOR, 5), ("channel6", MAJOR, 7), ("channel8", MAJOR + 1, 8)):
        os.mknod(seen / name, 0o020666, os.makedev(major, minor))
        (seen / name).chmod(0o666)
    assert channels(root) == {5}


def test_a_process_that_cannot_be_inspected_has_none(root: Path) -> None:
    assert channels_of(8, 0, root, root.parent / "proc") == frozenset()
