"""Which shared libraries a program or library needs, read from its bytes (ELF, 64 bit, little endian; System V ABI).

``ldd`` would run the file, and would look on this machine instead of in the folder or archive that the file comes from.
"""

import struct
from collections.abc import Callable, Iterable

PT_LOAD, PT_DYNAMIC, PT_INTERP = 1, 2, 3
DT_NEEDED, DT_STRTAB = 1, 5
HEADER, SEGMENT = struct.Struct("<16sHHIQQQIHHHHHH"), struct.Struct("<IIQQQQQQ")


def is_elf(content: bytes) -> bool:
    """Whether these are the first bytes of a 64-bit ELF file."""
    return content[:5] == b"\x7fELF\x02"


def needed(content: bytes) -> list[str]:
    """The names of the libraries that a file needs, and its interpreter's; none if it is no ELF file or linked statically."""
    if not is_elf(content):
        return []
    header = HEADER.unpack_from(content)
    start, size, count = header[5], header[9], header[10]
    segments = [SEGMENT.unpack_from(content, start + index * size) for index in range(count)]
    names = [
        text_at(content, offset).rpartition("/")[2] for kind, _, offset, *_ in segments if kind == PT_INTERP
    ]
    for kind, _, offset, _, _, length, *_ in segments:
        if kind == PT_DYNAMIC:
            pairs = list(struct.iter_unpack("<qQ", content[offset : offset + length - length % 16]))
            table = next((value for tag, value in pairs if tag == DT_STRTAB), None)
            place = None if table is None else place_of(table, segments)
            if place is not None:
                names += [text_at(content, place + value) for tag, value in pairs if tag == DT_NEEDED]
    return names


def place_of(address: int, segments: Iterable[tuple[int, ...]]) -> int | None:
    """Where in the file what is loaded at ADDRESS is."""
    for kind, _, offset, virtual, _, length, *_ in segments:
        if kind == PT_LOAD and virtual <= address < virtual + length:
            return offset + address - virtual
    return None


def text_at(content: bytes, place: int) -> str:
    """The text that ends with a zero byte."""
    return content[place : content.index(b"\0", place)].decode()


def closure(names: Iterable[str], read: Callable[[str], bytes]) -> list[str]:
    """NAMES and all libraries that they need, directly or not; READ gives the content of a library by its name."""
    found: list[str] = []
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.append(name)
            waiting += needed(read(name))
    return sorted(found)
