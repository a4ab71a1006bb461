"""The addresses of one process: what is reserved, what is mapped there, and which handles of memory it holds.

Memory is freed when the last handle and the last mapping of it are gone, or with the context to which it is charged. An
access needs a mapping that some device may access (cuMemSetAccess); memory of cuMemAlloc is accessible as it is.
"""

import struct
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from fake_nvml.device_memory.pages import Pages
from fake_nvml.device_memory.results import (
    CONTAINED,
    INVALID_DEVICE,
    INVALID_VALUE,
    NOT_PERMITTED,
    NOT_SUPPORTED,
    OUT_OF_MEMORY,
    WorkError,
)
from fake_nvml.device_memory.sharing import Channels, Fabric, Local, Remote, Source, place_of
from fake_nvml.fabric_wire import PAYLOAD_MAX
from fake_nvml.model import Gpu

T = TypeVar("T")
RESERVE, UNRESERVE, CREATE, RELEASE, MAP, UNMAP, ACCESS, SHARE, IMPORT, WRITE, READ, COPY = range(9, 21)
OPERATIONS = range(RESERVE, COPY + 1)
GRANULARITY, HOST_PAGE = 2 << 20, 4096
FABRIC_HANDLE = 8
"""CU_MEM_HANDLE_TYPE_FABRIC, a bit of the handle types."""
NO_ACCESS, READ_ONLY, READ_WRITE = 0, 1, 3
FIRST_ADDRESS, ADDRESSES = 0x7E0000000000, 0x10000000000
"""Below the addresses of cuMemAlloc; one process can reserve a tebibyte."""
ENTRIES_MAX = 4096
"""Reservations, mappings and handles of one process."""


class Owner(Protocol):
    """The process: its devices, and what it is charged."""

    def gpu(self, number: int) -> Gpu:
        """The GPU that device NUMBER is on; raises WorkError if there is none."""
        ...

    def sees(self, gpu: Gpu) -> bool:
        """Whether it is one of the process's devices."""
        ...

    def charge(self, number: int, key: int, size: int) -> int:
        """Take memory of a device; returns the context to which it is charged; raises WorkError if it does not fit."""
        ...

    def give_back(self, context: int, key: int) -> None:
        """End a charge, if its context is still there."""
        ...

    def holds(self, context: int, key: int) -> bool:
        """Whether a charge is still there."""
        ...

    def allocation(self, address: int) -> tuple[int, int] | None:
        """(start, size) of the memory of cuMemAlloc that ADDRESS is in."""
        ...


@dataclass(slots=True)
class Mapping:
    """Memory at an address; ``access`` has the flags of each device that has any."""

    start: int
    size: int
    source: Source
    offset: int
    access: dict[int, int] = field(default_factory=dict)

    @property
    def end(self) -> int:
        """The address behind it."""
        return self.start + self.size


@dataclass(slots=True)
class AddressSpace:
    """The addresses of one process.

    Args:
        channels: which IMEX channels the process has.
        numbers: for handles, and for what is charged.
    """

    owner: Owner
    fabric: Fabric
    channels: Callable[[], Channels]
    numbers: Iterator[int]
    broken: bool = False
    reserved: dict[int, int] = field(default_factory=dict)
    mappings: list[Mapping] = field(default_factory=list)
    handles: dict[int, Source] = field(default_factory=dict)
    made: list[Local] = field(default_factory=list)
    plain: dict[int, Pages] = field(default_factory=dict)
    next_address: int = FIRST_ADDRESS

    async def perform(self, op: int, body: bytes) -> bytes:
        """The reply to one request.

        Raises:
            WorkError: the CUresult to give back.
            struct.error: not a request.
        """
        if op == IMPORT:
            return await self._import(body)
        if op == WRITE:
            [address] = struct.unpack_from("<Q", body)
            await self._write(address, body[8:])
            return b""
        if op in (MAP, ACCESS):
            (self._map if op == MAP else self._set_access)(*struct.unpack("<QQQQ", body))
            return b""
        first, second, third = struct.unpack("<QQQ", body)
        if op in (READ, COPY):
            size = second if op == READ else third
            if size > PAYLOAD_MAX:
                raise WorkError(INVALID_VALUE)
            data = await self._read(first if op == READ else second, size)
            if op == READ:
                return data
            await self._write(first, data)
        elif op == RESERVE:
            return self._reserve(first, second)
        elif op == CREATE:
            return self._create(first, second, third)
        elif op == SHARE:
            return self._share(first)
        elif op == RELEASE:
            self._release(first)
        elif op == UNRESERVE:
            self._unreserve(first, second)
        else:
            self._unmap(first, second)
        return b""

    def _reserve(self, size: int, alignment: int) -> bytes:
        """Addresses, never the same twice."""
        step = max(alignment, GRANULARITY)
        if not size or size % HOST_PAGE or alignment & (alignment - 1):
            raise WorkError(INVALID_VALUE)
        start = -(-self.next_address // step) * step
        if start + size > FIRST_ADDRESS + ADDRESSES or len(self.reserved) >= ENTRIES_MAX:
            raise WorkError(OUT_OF_MEMORY)
        self.reserved[start] = size
        self.next_address = start + size
        return struct.pack("<Q", start)

    def _unreserve(self, start: int, size: int) -> None:
        if self.reserved.get(start) != size or self._overlapping(start, size):
            raise WorkError(INVALID_VALUE)
        del self.reserved[start]

    def _create(self, number: int, size: int, handle_types: int) -> bytes:
        gpu = self.owner.gpu(number)
        if not size or size % GRANULARITY:
            raise WorkError(INVALID_VALUE)
        channels: Channels = frozenset()
        if handle_types & FABRIC_HANDLE:
            channels = self.channels()
            if not channels:
                raise WorkError(NOT_PERMITTED)
            if not place_of(gpu).registered:
                raise WorkError(NOT_SUPPORTED)
        key = next(self.numbers)
        context = self.owner.charge(number, key, size)
        memory = Local(
            gpu,
            (context, key),
            lambda: self.owner.give_back(context, key),
            handle_types,
            Pages(size, self.fabric.budget),
            channels,
        )
        self.made.append(memory)
        return self._hold(memory)

    def _hold(self, source: Source) -> bytes:
        """A new handle."""
        self.fabric.use(source, 1)
        if len(self.handles) >= ENTRIES_MAX:
            self.fabric.use(source, -1)
            raise WorkError(OUT_OF_MEMORY)
        number = next(self.numbers)
        self.handles[number] = source
        return struct.pack("<Q", number)

    def _handle(self, number: int) -> Source:
        if number not in self.handles:
            raise WorkError(INVALID_VALUE)
        return self.handles[number]

    def _release(self, number: int) -> None:
        source = self._handle(number)
        del self.handles[number]
        self.fabric.use(source, -1)

    def _share(self, number: int) -> bytes:
        memory = self._handle(number)
        if isinstance(memory, Remote) or not memory.handle_types & FABRIC_HANDLE:
            raise WorkError(INVALID_VALUE)
        return self.fabric.export(memory)

    async def _import(self, raw: bytes) -> bytes:
        found = await self.fabric.find(raw, self.channels())
        if isinstance(found, Local) and not self.owner.sees(found.gpu):
            raise WorkError(INVALID_DEVICE)
        return self._hold(found)

    def _overlapping(self, start: int, size: int) -> list[Mapping]:
        return [one for one in self.mappings if one.start < start + size and start < one.end]

    def _map(self, start: int, size: int, offset: int, number: int) -> None:
        source = self._handle(number)
        fits = size and offset + size <= source.size and not (start | size | offset) % GRANULARITY
        room = any(first <= start and start + size <= first + held for first, held in self.reserved.items())
        if not fits or not room or self._overlapping(start, size):
            raise WorkError(INVALID_VALUE)
        self.mappings.append(Mapping(start, size, source, offset))
        self.fabric.use(source, 1)

    def _whole(self, start: int, size: int) -> list[Mapping]:
        """The mappings that make up exactly this range, in order.

        Raises:
            WorkError: there are none, or they do not.
        """
        found = sorted(self._overlapping(start, size), key=lambda one: one.start)
        if sum(one.size for one in found) != size or not found or found[0].start != start:
            raise WorkError(INVALID_VALUE)
        return found

    def _unmap(self, start: int, size: int) -> None:
        for one in self._whole(start, size):
            self.mappings.remove(one)
            self.fabric.use(one.source, -1)

    def _set_access(self, start: int, size: int, number: int, flags: int) -> None:
        found, gpu = self._whole(start, size), self.owner.gpu(number)
        if flags not in (NO_ACCESS, READ_ONLY, READ_WRITE):
            raise WorkError(INVALID_VALUE)
        far = [one.source for one in found if isinstance(one.source, Remote)]
        if not all(place_of(gpu).reaches(source.place) for source in far):
            raise WorkError(INVALID_VALUE)
        for one in found:
            one.access[number] = flags

    def _parts(self, address: int, length: int, wanted: int) -> Iterator[tuple[Source | Pages, int, int]]:
        """(memory, offset, bytes) of what is at an address.

        Raises:
            WorkError: nothing is there, or no device may access it.
        """
        while length:
            here = next((one for one in self.mappings if one.start <= address < one.end), None)
            if here is not None:
                if not any(flags & wanted == wanted for flags in here.access.values()):
                    raise WorkError(INVALID_VALUE)
                part = min(length, here.end - address)
                yield here.source, here.offset + address - here.start, part
            else:
                held = self.owner.allocation(address)
                if held is None:
                    raise WorkError(INVALID_VALUE)
                start, size = held
                part = min(length, start + size - address)
                pages = self.plain.setdefault(start, Pages(size, self.fabric.budget))
                yield pages, address - start, part
            address, length = address + part, length - part

    async def _read(self, address: int, length: int) -> bytes:
        found = bytearray()
        for source, offset, part in self._parts(address, length, READ_ONLY):
            if isinstance(source, Pages):
                found += source.read(offset, part)
            else:
                found += await self._reached(self.fabric.read(source, offset, part))
        return bytes(found)

    async def _write(self, address: int, data: bytes) -> None:
        done = 0
        for source, offset, part in self._parts(address, len(data), READ_WRITE):
            piece = data[done : done + part]
            done += part
            if isinstance(source, Pages):
                source.write(offset, piece)
            else:
                await self._reached(self.fabric.write(source, offset, piece))

    async def _reached(self, access: Awaitable[T]) -> T:
        """The result of an access; when the memory is gone, the process can do nothing more."""
        try:
            return await access
        except WorkError as error:
            self.broken = error.code == CONTAINED
            raise

    def sweep(self) -> None:
        """Free what is charged to contexts that have ended, and the contents of memory that cuMemFree took back."""
        for memory in [one for one in self.made if not self.owner.holds(*one.charge)]:
            self.fabric.free(memory)
        self.made = [one for one in self.made if one.alive]
        for start in [start for start in self.plain if self.owner.allocation(start) is None]:
            self.plain.pop(start).drop()

    def close(self) -> None:
        """The process is gone."""
        for source in [*self.handles.values(), *(one.source for one in self.mappings)]:
            self.fabric.use(source, -1)
        self.handles.clear()
        self.mappings.clear()
        self.sweep()
