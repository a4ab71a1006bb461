"""How large values can be: ranges, and the limits of what ``device`` holds.

After cel-go 0.26 checker/cost.go and dynamic-resource-allocation cel/compile.go (1.36).
"""

import math
from dataclasses import dataclass

UNKNOWN_MAX = 2**64 - 1
DEVICE = "kubernetes.DRADevice"
"""The type of the variable ``device``."""
DEVICE_SIZES = {
    "device": 0,
    "device.driver": 63,
    "device.allowMultipleAllocations": 1,
    "device.attributes": 32,
    "device.attributes.@keys": 63,
    "device.attributes.@values": 32,
    "device.attributes.@values.@keys": 32,
    "device.attributes.@values.*": 64,
    "device.attributes.@values.*.@items": 0,
    "device.capacity": 32,
    "device.capacity.@keys": 63,
    "device.capacity.@values": 32,
    "device.capacity.@values.@keys": 32,
    "device.capacity.@values.@values": 0,
}
"""The largest size of each part of ``device`` (limits of resource/v1); ``*`` is any member."""


def times(size: int, factor: float) -> int:
    """SIZE times FACTOR, rounded up. Like cel-go's uint64, it stops at the largest value instead of overflowing."""
    return UNKNOWN_MAX if size * factor >= UNKNOWN_MAX else math.ceil(size * factor)


def capped(value: int) -> int:
    """VALUE, at most the largest of 64 bits."""
    return min(value, UNKNOWN_MAX)


@dataclass(frozen=True, slots=True)
class Size:
    """How many characters or items something has."""

    low: int
    high: int

    def union(self, other: "Size") -> "Size":
        """The range that covers both."""
        return Size(min(self.low, other.low), max(self.high, other.high))

    def plus(self, other: "Size") -> "Size":
        """The size of both, one after the other."""
        return Size(capped(self.low + other.low), capped(self.high + other.high))

    def by(self, other: "Size") -> "Size":
        """The number of pairs."""
        return Size(capped(self.low * other.low), capped(self.high * other.high))


UNKNOWN = Size(0, UNKNOWN_MAX)


@dataclass(frozen=True, slots=True)
class Entries:
    """The sizes of what a list or map holds."""

    is_list: bool
    key: Size
    value: Size


def union_of(sizes: list[Size]) -> Size:
    """The range that covers all SIZES."""
    return Size(min((s.low for s in sizes), default=0), max((s.high for s in sizes), default=0))


def device_size(path: str) -> int | None:
    """The largest size of the part of ``device`` at PATH; None if PATH leads elsewhere."""
    if path in DEVICE_SIZES:
        return DEVICE_SIZES[path]
    head, _, last = path.rpartition(".")
    return DEVICE_SIZES.get(f"{head}.*") if not last.startswith("@") or last == "@values" else None
