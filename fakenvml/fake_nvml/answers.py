"""The file of answers that clients map: a hash table of 64-bit keys and a heap of packed answers, under a sequence counter.

One writer, the node daemon. A change is written between two increments of the counter, so that a reader who met a
change in the middle reads again. Answers whose bytes did not change are not touched; one that fits into the room of
its predecessor is written over it. The daemon makes the file anew at each start, which
reclaims the space of replaced answers.

    0   magic "NVMLANSW"      8  layout u32    12  checksum of the tables u32    16  sequence u64
    24  slots u64             32 size u64      40  retired u32: a newer file replaces this one
    64  guards: one byte per entry point, 1 sends every call to the daemon
    1024  slots of 16 bytes: key u64, offset u32, length u32
"""

import mmap
import os
import struct
from collections.abc import Collection
from pathlib import Path

from fake_nvml.abi import table
from fake_nvml.errors import EnvironmentFault

MAGIC, LAYOUT, GUARDS, HEADER = b"NVMLANSW", 2, 64, 1024
SLOTS = 1 << 16
SIZE = 16 << 20
GROWTH = 1 << 20
DELETED = 1
RETIRED = 40
SLOT = struct.Struct("<QII")


def retire(path: Path) -> None:
    """Mark an answers file as no longer maintained, for the clients that have mapped it; nothing to do without a file."""
    try:
        with path.open("r+b") as old:
            if old.read(8) == MAGIC:
                old.seek(RETIRED)
                old.write(b"\1")
    except FileNotFoundError:
        return


class Answers:
    """The writer's view of DIR/answers; ``close`` leaves the file as it is."""

    def __init__(self, path: Path) -> None:
        self._path = path
        scratch = path.with_name("answers.new")
        handle = os.open(scratch, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
        try:
            os.ftruncate(handle, SIZE)
            self._map = mmap.mmap(handle, SIZE)
        except OSError:
            os.close(handle)
            raise
        self._file, self._allocated = handle, 0
        self._allocate(HEADER + SLOTS * SLOT.size)
        self._map[:8] = MAGIC
        self._map[8:40] = struct.pack("<IIQQQ", LAYOUT, table.checksum(), 0, SLOTS, SIZE)
        self._slot_of: dict[int, int] = {}
        self._room: dict[int, tuple[int, int, bytes]] = {}  # key -> (offset, room in bytes, answer)
        self._top = HEADER + SLOTS * SLOT.size
        self._scratch = scratch

    def _allocate(self, end: int) -> None:
        """Have room on the disk up to END: a write to a mapped page without any would kill the process with SIGBUS.

        Raises:
            EnvironmentFault: the file system is full.
        """
        if end <= self._allocated:
            return
        wanted = min(SIZE, (end | GROWTH - 1) + 1)  # the rest stays sparse and uses no memory
        try:
            os.posix_fallocate(self._file, self._allocated, wanted - self._allocated)
        except OSError as error:
            message = f"no room for {self._path}, wanted {wanted} bytes: {error.strerror}; make room, or give another folder"
            raise EnvironmentFault(message) from error
        self._allocated = wanted

    def publish(self) -> None:
        """Put the file in its place: from now on clients find it, and those of an earlier daemon leave its file."""
        # in this order: after the rename the path is the new file, and the old one could not be marked any more
        retire(self._path)
        self._scratch.replace(self._path)

    def guard(self, entries: Collection[int]) -> None:
        """Let calls of these entry points, and of no others, go to the daemon instead of the answers."""
        count = len(table.by_id())
        self._map[GUARDS : GUARDS + count] = bytes(int(number in entries) for number in range(count))

    def update(self, changed: dict[int, bytes], removed: Collection[int] = ()) -> None:
        """Write answers {key: code and out parameters} and delete REMOVED, as one change for readers.

        Raises:
            OverflowError: more answers than the file has room for.
        """
        work = {k: v for k, v in changed.items() if k not in self._room or self._room[k][2] != v}
        gone = [key for key in removed if key in self._room]
        if not work and not gone:
            return
        sequence = struct.unpack_from("<Q", self._map, 16)[0]
        struct.pack_into("<Q", self._map, 16, sequence + 1)
        try:
            for key in gone:
                self._remove(key)
            for key, answer in work.items():
                self._write(key, answer)
        finally:
            struct.pack_into("<Q", self._map, 16, sequence + 2)

    def _remove(self, key: int) -> None:
        SLOT.pack_into(self._map, HEADER + self._slot_of.pop(key) * SLOT.size, DELETED, 0, 0)
        del self._room[key]

    def _write(self, key: int, answer: bytes) -> None:
        offset, room, _ = self._room.get(key, (0, 0, b""))
        if len(answer) > room:
            # room to grow, so that an answer whose length varies a little (a name, a list) is mostly replaced in place
            offset, room = self._top, (len(answer) + 15) & ~15
            if offset + room > SIZE:
                message = f"answers file of {SIZE} bytes is full"
                raise OverflowError(message)
            self._allocate(offset + room)
            self._top += room
        self._map[offset : offset + len(answer)] = answer
        self._room[key] = (offset, room, answer)
        slot = self._slot_of.get(key)
        if slot is None:
            slot = self._free_slot(key)
            self._slot_of[key] = slot
        SLOT.pack_into(self._map, HEADER + slot * SLOT.size, key, offset, len(answer))

    def _free_slot(self, key: int) -> int:
        # linear probing needs free slots: beyond three quarters the chains, and so the reads, get long
        if len(self._slot_of) * 4 > SLOTS * 3:
            message = f"answers file has {SLOTS} slots, wanted more"
            raise OverflowError(message)
        slot = key & (SLOTS - 1)
        while SLOT.unpack_from(self._map, HEADER + slot * SLOT.size)[0] > DELETED:
            slot = (slot + 1) & (SLOTS - 1)
        return slot

    def close(self) -> None:
        """Unmap; readers keep what they have mapped."""
        self._map.close()
        os.close(self._file)
