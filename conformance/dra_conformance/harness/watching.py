"""What happens to files in a folder, even to those that are removed a moment later: the kernel reports it (inotify(7)).

The standard library has no inotify; two functions of libc are enough.
"""

import ctypes
import os
import select
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

IN_MODIFY, IN_MOVED_TO, IN_CREATE = 0x2, 0x80, 0x100
HEADER = struct.Struct("iIII")  # watch, mask, cookie, length of the name that follows
EVENTS_MAX = 1 << 16
LIBC = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True, slots=True)
class Change:
    """One event; ``kind`` is one of the masks above."""

    kind: int
    path: Path


class Watch:
    """Collects what happens in folders from now on, until it is closed."""

    def __init__(self, *folders: Path, kinds: int = IN_CREATE) -> None:
        self._descriptor = LIBC.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if self._descriptor < 0:
            raise OSError(ctypes.get_errno(), "inotify_init1")
        self._watched = {
            LIBC.inotify_add_watch(self._descriptor, os.fsencode(path), kinds): path for path in folders
        }

    def close(self) -> None:
        """Stop watching."""
        os.close(self._descriptor)

    def changes(self, timeout_s: float = 0) -> list[Change]:
        """What happened since the last call; waits TIMEOUT_S for the first of it."""
        if timeout_s:
            select.select([self._descriptor], [], [], timeout_s)
        found: list[Change] = []
        while batch := list(self._read()):
            found += batch
        return found

    def _read(self) -> Iterator[Change]:
        try:
            raw = os.read(self._descriptor, EVENTS_MAX)
        except BlockingIOError:
            return
        offset = 0
        while offset < len(raw):
            watch, mask, _, length = HEADER.unpack_from(raw, offset)
            offset += HEADER.size
            name = os.fsdecode(raw[offset : offset + length].rstrip(b"\0"))
            offset += length
            if watch in self._watched:
                yield Change(mask & (IN_MODIFY | IN_MOVED_TO | IN_CREATE), self._watched[watch] / name)


@contextmanager
def changes_in(*folders: Path, kinds: int = IN_CREATE) -> Iterator[list[Change]]:
    """What happens in FOLDERS meanwhile; the list is filled when the context ends."""
    found: list[Change] = []
    watch = Watch(*folders, kinds=kinds)
    try:
        yield found
        found.extend(watch.changes())
    finally:
        watch.close()


@contextmanager
def made_in(*folders: Path) -> Iterator[list[Path]]:
    """The files that are created in FOLDERS meanwhile; the list is filled when the context ends."""
    made: list[Path] = []
    with changes_in(*folders) as found:
        yield made
    made.extend(change.path for change in found)
