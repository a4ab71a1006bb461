"""Where field values are declared: for each number of NVML_FI_* (API version 13) its type and how it is found.

A value is a function of the GPU and of the scope, which is a link, a profile or a power scope, as the header says at
each field; or it raises ``NvmlError``, whose code becomes the field's own.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from fake_nvml.model import Gpu

UINT, ULL, INT = 1, 3, 5
"""NVML_VALUE_TYPE_*."""
Value = Callable[[Gpu, int], int]
FIELDS: dict[int, tuple[int, Value]] = {}


def field(*numbers: int, kind: int = UINT) -> Callable[[Value], Value]:
    """Declare the value of fields."""

    def declare(value: Value) -> Value:
        for number in numbers:
            FIELDS[number] = (kind, value)
        return value

    return declare


def family(
    members: Mapping[int, Any], kind: int = UINT
) -> Callable[[Callable[..., int]], Callable[..., int]]:
    """Declare fields {number: which} whose value one function finds: it gets the GPU, the scope and which."""

    def declare(value: Callable[..., int]) -> Callable[..., int]:
        for number, which in members.items():
            FIELDS[number] = (kind, partial(value, which=which))
        return value

    return declare
