"""C layouts of NVML's structures, built from ``structs.txt`` as ctypes classes and packed from plain dicts.

ctypes knows the platform's alignment rules; the size in the file is checked against what they give, so a wrong line cannot
go unnoticed. Values go in and out as ``{field: int | float | str | bytes | dict | list}``; what is
missing is zero. Nothing here knows what a field means.
"""

import ctypes
import re
from functools import cache
from importlib.resources import files
from typing import Any

PRIMITIVES: dict[str, Any] = {
    "u8": ctypes.c_uint8,
    "i8": ctypes.c_int8,
    "u16": ctypes.c_uint16,
    "i16": ctypes.c_int16,
    "u32": ctypes.c_uint32,
    "i32": ctypes.c_int32,
    "u64": ctypes.c_uint64,
    "i64": ctypes.c_int64,
    "f32": ctypes.c_float,
    "f64": ctypes.c_double,
    "c": ctypes.c_char,
    "h": ctypes.c_uint64,  # a handle: nobody dereferences it
}


@cache
def lines() -> dict[str, tuple[int, list[str]]]:
    """``structs.txt`` as {structure: (bytes, texts of its fields)}."""
    text = files("fake_nvml.abi").joinpath("structs.txt").read_text()
    rows = (line.split() for line in text.splitlines() if line and not line.startswith("#"))
    return {name: (int(size), fields) for name, size, *fields in rows}


@cache
def ctype(name: str) -> Any:
    """The ctypes class of a type as the tables spell it: ``u32``, ``c[96]``, ``nvmlMemory_v2_t``.

    Raises:
        ValueError: the fields of a structure do not add up to the size in its line.
    """
    match = re.fullmatch(r"(.+?)\[(\d+)\]", name)
    if match:
        return ctype(match[1]) * int(match[2])
    if name in PRIMITIVES:
        return PRIMITIVES[name]
    size, texts = lines()[name]
    base = ctypes.Union if texts[0] == "union" else ctypes.Structure
    fields = []
    for text in texts[1:] if texts[0] == "union" else texts:
        field, kind = text.split(":")
        inner = re.fullmatch(r"([^\[]+)((?:\[\d+\])*)", kind)
        assert inner is not None, text
        made = ctype(inner[1])
        for count in reversed(re.findall(r"\d+", inner[2])):
            made = made * int(count)
        fields.append((field, made))
    made = type(name, (base,), {"_fields_": fields})
    if ctypes.sizeof(made) != size:
        message = f"structs.txt: {name} should have {size} bytes, its fields make {ctypes.sizeof(made)}"
        raise ValueError(message)
    return made


@cache
def size_of(name: str) -> int:
    """Bytes of a type."""
    return ctypes.sizeof(ctype(name))


def offset_of(name: str, field: str) -> int:
    """Bytes before FIELD in structure NAME."""
    return int(getattr(ctype(name), field).offset)


def version_word(name: str) -> int:
    """What a caller writes into the first field: size and, from the name, version."""
    match = re.search(r"_v(\d+)_t$", name)
    assert match is not None, f"{name} has no version"
    return size_of(name) | int(match[1]) << 24


def _fill(target: Any, field: str, value: Any) -> None:
    current = getattr(target, field)
    if isinstance(value, dict):
        for inner, item in value.items():
            _fill(current, inner, item)
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            if isinstance(item, dict):
                for inner, leaf in item.items():
                    _fill(current[index], inner, leaf)
            else:
                current[index] = item
    elif isinstance(value, str):
        setattr(target, field, value.encode())
    elif isinstance(value, bytes) and not isinstance(current, bytes):
        ctypes.memmove(ctypes.addressof(current), value, min(len(value), ctypes.sizeof(current)))
    else:
        setattr(target, field, value)


def pack(name: str, value: Any) -> bytes:
    """VALUE as the bytes of type NAME; a structure takes a dict, with its version word filled in if it has one."""
    if name in PRIMITIVES:
        return bytes(PRIMITIVES[name](value))
    if name.startswith("c["):
        return str(value).encode().ljust(size_of(name), b"\0")
    made = ctype(name)()
    if hasattr(made, "version") and "version" not in value and re.search(r"_v\d+_t$", name):
        made.version = version_word(name)
    for field, item in value.items():
        _fill(made, field, item)
    return bytes(made)


def unpack(name: str, raw: bytes) -> Any:
    """The ctypes value of type NAME in RAW."""
    return ctype(name).from_buffer_copy(raw)
