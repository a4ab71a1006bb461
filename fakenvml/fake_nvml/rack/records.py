"""The files of racks that are served: their shape, and the faults of each rack, which a program may read at any time."""

import contextlib
import fcntl
import os
from collections.abc import Collection, Iterator
from pathlib import Path

import msgspec

from fake_nvml.errors import UsageError
from fake_nvml.rack.faults import Fault
from fake_nvml.rack.shape import Shape, shape_of

SHAPE, LOCK = "racks.json", "faults.lock"


def write_shape(folder: Path, shape: Shape) -> None:
    """Say what is served in FOLDER."""
    facts = (shape.machine.name, shape.racks, shape.nodes, shape.gpus)
    (folder / SHAPE).write_bytes(msgspec.json.encode(facts))


def read_shape(folder: Path) -> Shape:
    """What is served in FOLDER.

    Raises:
        UsageError: it is no folder of racks.
    """
    try:
        facts = msgspec.json.decode((folder / SHAPE).read_bytes(), type=tuple[str, int, int, int])
    except (OSError, msgspec.DecodeError) as error:
        message = f"{folder}: wanted the folder of fake-nvml rack serve, found no {SHAPE} in it ({error})"
        raise UsageError(message) from error
    return shape_of(*facts)


def _path(folder: Path, rack: int) -> Path:
    return folder / f"rack-{rack}" / "faults.json"


def read_faults(folder: Path, rack: int) -> tuple[Fault, ...]:
    """The faults of a rack, in order."""
    try:
        return msgspec.json.decode(_path(folder, rack).read_bytes(), type=tuple[Fault, ...])
    except FileNotFoundError:
        return ()


def write_faults(folder: Path, rack: int, faults: Collection[Fault]) -> None:
    """Replace the faults of a rack; a reader sees the old ones or the new ones."""
    path = _path(folder, rack)
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(".new")
    new.write_bytes(msgspec.json.encode(sorted(faults)))
    new.replace(path)


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep other programs from changing faults for the length of a block."""
    handle = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
