"""Which files are created in a folder, even those that are removed a moment later: the kernel reports them (inotify(7)).

The standard library has no inotify; two functions of libc are enough.
"""

import ctypes
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

IN_CREATE = 0x100
HEADER = struct.Struct("iIII")  # watch, mask, cookie, length of the name that follows
EVENTS_MAX = 1 << 16
LIBC = ctypes.CDLL(None, use_errno=True)


@contextmanager
def made_in(*folders: Path) -> Iterator[list[Path]]:
    """The files that are created in FOLDERS meanwhile; the list is filled when the context ends."""
    made: list[Path] = []
    descriptor = LIBC.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
    if descriptor < 0:
        raise OSError(ctypes.get_errno(), "inotify_init1")
    try:
        watched = {LIBC.inotify_add_watch(descriptor, os.fsencode(path), IN_CREATE): path for path in folders}
        yield made
        made.extend(events(descriptor, watched))
    finally:
        os.close(descriptor)


def events(descriptor: int, watched: dict[int, Path]) -> Iterator[Path]:
    """The paths that the kernel has reported."""
    try:
        raw = os.read(descriptor, EVENTS_MAX)
    except BlockingIOError:
        return
    offset = 0
    while offset < len(raw):
        watch, _, _, length = HEADER.unpack_from(raw, offset)
        offset += HEADER.size
        name = os.fsdecode(raw[offset : offset + length].rstrip(b"\0"))
        offset += length
        if watch in watched:
            yield watched[watch] / name
