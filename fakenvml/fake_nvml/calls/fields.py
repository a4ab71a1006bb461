"""nvmlDeviceGetFieldValues: several hundred figures by number, many the same as a getter's, some only here.

A field that the board does not have has NOT_SUPPORTED as its own return code; the call as a whole succeeds. The values
are declared in ``board_fields`` and ``link_fields``.
"""

import ctypes
import struct
import time
from typing import Any

from fake_nvml.abi import layout
from fake_nvml.abi.codes import Code
from fake_nvml.calls import board_fields, link_fields
from fake_nvml.calls.field_table import FIELDS, INT, UINT
from fake_nvml.calls.registry import Caller, action, check, getter
from fake_nvml.model import Gpu, NvmlError

LAST = 308
CLEARED = {*range(32, 60), *range(161, 164), *range(205, 223)}
"""The fields that can be set to zero."""
DECLARED = (board_fields, link_fields)
"""Importing them is what fills FIELDS."""


def one(gpu: Gpu, number: int, scope: int) -> tuple[int, int, Code]:
    """(value type, value, return code) of one field."""
    if number not in FIELDS:
        return UINT, 0, Code.INVALID_ARGUMENT if number == 0 or number > LAST else Code.NOT_SUPPORTED
    kind, value = FIELDS[number]
    try:
        return kind, value(gpu, scope), Code.SUCCESS
    except NvmlError as error:
        return kind, 0, error.code


def _answer(gpu: Gpu, raw: bytes, number: int, scope: int, began_s: float) -> bytes:
    kind, value, code = one(gpu, number, scope)
    made: Any = layout.ctype("nvmlFieldValue_t").from_buffer_copy(raw)
    made.timestamp = int(began_s * 1e6)
    made.latencyUsec = int((time.time() - began_s) * 1e6)
    made.valueType, made.nvmlReturn = kind, code
    packed = struct.pack("<i4x" if kind == INT else "<Q", value) if code == Code.SUCCESS else bytes(8)
    ctypes.memmove(ctypes.addressof(made.value), packed, 8)
    return bytes(made)


@getter("nvmlDeviceGetFieldValues", live=True)
def field_values(gpu: Gpu, count: int, raw: bytes) -> bytes:
    size = layout.size_of("nvmlFieldValue_t")
    check(count and len(raw) == count * size)
    parts = []
    for start in range(0, len(raw), size):
        number, scope = struct.unpack_from("<II", raw, start)
        parts.append(_answer(gpu, raw[start : start + size], number, scope, time.time()))
    return b"".join(parts)


@action("nvmlDeviceClearFieldValues")
def clear_fields(_caller: Caller, gpu: Gpu, _count: int, raw: bytes) -> bytes:
    """Counters of link errors can be cleared; anything else says NOT_SUPPORTED in its own return code."""
    size = layout.size_of("nvmlFieldValue_t")
    parts = []
    for start in range(0, len(raw), size):
        number, _scope = struct.unpack_from("<II", raw, start)
        made: Any = layout.ctype("nvmlFieldValue_t").from_buffer_copy(raw[start : start + size])
        made.nvmlReturn = Code.SUCCESS if number in CLEARED else Code.NOT_SUPPORTED
        if number in CLEARED:
            kept = {name: n for name, n in gpu.state.errors.items() if not name.startswith("nvlink/")}
            gpu.change(errors=kept)
        parts.append(bytes(made))
    return b"".join(parts)
