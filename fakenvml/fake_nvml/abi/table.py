"""The entry points of the library, read from ``functions.txt``: which parameter goes in, which comes out, how long.

The generator writes C rows from this table, the daemon decodes requests and packs answers by it, the answers file is
keyed by it: one table, so that the sides cannot disagree. Its checksum is in the library and in the answers file.
"""

import re
import zlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from fake_nvml.abi import kinds, layout
from fake_nvml.abi.kinds import ParamKind

ACTS = re.compile(
    r"^nvml(\w+?)(Set[A-Z]|Clear|Reset|Create|Destroy|Modify|Remove|Discover|Freeze|Register|Activate|Update|Free|Alloc|Wait|SampleGet)"
)


ARRAY = re.compile(r">(?P<pointer_field>\w+)\*(?P<count_field>\w+):(?P<array>\w+)$")
FOLLOWS = re.compile(r"\+(?P<array>\w+)\*(?P<count_field>\w+)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Param:
    """One described parameter.

    Attributes:
        kind: how it is passed.
        name: as the header calls it.
        types: the layouts that it may have; empty for numbers, strings and counters.
        arg: its position in the C call.
        other: position of the parameter that holds its size, or 0.
        key: leading bytes of a versioned structure that select the answer.
        array: type of the elements behind a pointer in the structure, or behind the structure itself (WITH_ARRAY); else empty.
        count_field, pointer_field: the fields that say how many and where; offsets as ``count_at``, ``pointer_at``.
    """

    kind: ParamKind
    name: str
    types: tuple[str, ...] = ()
    arg: int = 0
    other: int = 0
    key: int = 4
    array: str = ""
    count_field: str = ""
    pointer_field: str = ""

    @property
    def count_at(self) -> int:
        """Offset of the counter in the structure."""
        return layout.offset_of(self.types[0], self.count_field) if self.array else 0

    @property
    def pointer_at(self) -> int:
        """Offset of the pointer in the structure; 0 where the array follows it."""
        return layout.offset_of(self.types[0], self.pointer_field) if self.pointer_field else 0

    @property
    def element(self) -> int:
        """Bytes of an element of ``array``."""
        return layout.size_of(self.array) if self.array else 0

    @property
    def size(self) -> int:
        """Bytes of the value, the largest layout or one element; 0 where nothing is fixed."""
        return max((layout.size_of(name) for name in self.types), default=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """One entry point; ``asks`` says that its effect is in the daemon, so that it is never looked up.

    One that is written by hand in C can have parameters: those of the call that the C code makes.
    """

    id: int
    name: str
    params: tuple[Param, ...]
    by_hand: bool = False
    asks: bool = False

    @property
    def plain(self) -> bool:
        """Whether it has only numbers, fixed structures and texts, so that the library may take its short way."""
        return all(param.kind in kinds.PLAIN and not param.array for param in self.params)


def parse(number: int, line: str) -> Function:
    """One line of functions.txt."""
    name, _, rest = line.partition(":")
    words = rest.split()
    by_hand = words[0] == "hand"
    params: list[Param] = []
    positions: dict[str, int] = {}
    arg = 0
    for text in words[by_hand:]:
        code, _, tail = text.partition(":")
        kind = ParamKind(code)
        param_name, _, layouts = tail.partition("=")
        positions[param_name] = arg
        match = ARRAY.search(layouts) or FOLLOWS.search(layouts)
        array = match.groupdict() if match else {}
        layouts, key, other = layouts[: match.start()] if match else layouts, 4, 0
        if kind is ParamKind.VERSIONED and "/" in layouts:
            layouts, _, length = layouts.partition("/")
            key = int(length)
        types = tuple(layouts.split(",")) if layouts else ()
        if kind in kinds.BUFFERS:
            param_name, _, _ = param_name.partition("/")
            other = arg + 1
        elif kind in (ParamKind.SIZED_ARRAY, ParamKind.UPDATED_ARRAY):
            base, _, counter = layouts.partition("*")
            types, other = (base,), positions[counter]
        params.append(Param(kind=kind, name=param_name, types=types, arg=arg, other=other, key=key, **array))
        arg += 2 if kind in kinds.BUFFERS else 1
    asks = bool(ACTS.match(name)) or any(param.kind in kinds.SENT or param.array for param in params)
    return Function(id=number, name=name, params=tuple(params), by_hand=by_hand, asks=asks)


@cache
def functions() -> dict[str, Function]:
    """All entry points by name, in the file's order."""
    text = files("fake_nvml.abi").joinpath("functions.txt").read_text()
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    made = [parse(number, line) for number, line in enumerate(lines)]
    return {function.name: function for function in made}


@cache
def by_id() -> tuple[Function, ...]:
    """All entry points by their number."""
    return tuple(functions().values())


@cache
def checksum() -> int:
    """CRC-32 over both tables: the library refuses answers that were packed by others."""
    data = files("fake_nvml.abi")
    return zlib.crc32(data.joinpath("functions.txt").read_bytes() + data.joinpath("structs.txt").read_bytes())


MASK = (1 << 64) - 1


def mix(key: int, word: int) -> int:
    """One step of the key, as ``mix`` in shim.c."""
    key = ((key ^ word) * 0x9E3779B97F4A7C15) & MASK
    return key ^ (key >> 32)


def mix_bytes(key: int, raw: bytes) -> int:
    """Words of four bytes, the last one filled with zeros, as in shim.c."""
    for start in range(0, len(raw), 4):
        key = mix(key, int.from_bytes(raw[start : start + 4], "little"))
    return key


def seed_of(function: Function) -> int:
    """The key of a call before its inputs."""
    return mix(0x4E564D4C, function.id)


def key_of(function: Function, inputs: tuple[Any, ...]) -> int:
    """The key of a call; INPUTS holds an int, a str or the leading bytes of a structure for each input parameter."""
    key = seed_of(function)
    for value in inputs:
        if isinstance(value, int):
            key = mix(key, value)
        else:
            key = mix_bytes(key, value.encode() if isinstance(value, str) else value)
    return key + 2 if key < 2 else key
