"""Quantities in the canonical form in which the API server returns them (apimachinery ``pkg/api/resource/quantity.go``, 1.36).

The suffix family (binary, decimal, exponent) of the client's text stays; the number gets the largest suffix that leaves no
fraction; the finest unit is a nano. ``dra_api.quantity`` reads quantities; this module writes them.
"""

import functools
import re
from fractions import Fraction
from typing import Any

from dra_api.quantity import BINARY, parse

NANO = Fraction(1, 10**9)
DECIMAL = (
    ("E", 18),
    ("P", 15),
    ("T", 12),
    ("G", 9),
    ("M", 6),
    ("k", 3),
    ("", 0),
    ("m", -3),
    ("u", -6),
    ("n", -9),
)
LARGEST = (1 << 63) - 1
REMEMBERED = 4096
"""Size of the cache: the devices of a slice, and of all nodes, are alike."""


def value_of(quantity: Any) -> Fraction:
    """The number, rounded away from zero to nanos, the finest unit of a quantity.

    Binary quantities stop at the largest int64, as Go's parser has it (``8Ei`` is one too many).
    """
    exact = parse(str(quantity))
    nanos = -((-abs(exact)) // NANO)
    value = (nanos if exact >= 0 else -nanos) * NANO
    return min(value, Fraction(LARGEST)) if str(quantity).endswith("i") else value


def whole(quantity: Any) -> int:
    """The number rounded up to an integer, as ``Quantity.Value`` does."""
    return -((-value_of(quantity)) // 1)


def canonical(quantity: Any) -> str:
    """The text that the server sends for QUANTITY, e.g. ``1Gi`` for ``1024Mi``.

    Raises:
        ValueError: QUANTITY is not a quantity.
    """
    return _canonical(str(quantity))


@functools.lru_cache(maxsize=REMEMBERED)
def _canonical(text: str) -> str:
    return printed(value_of(text), text)


def printed(value: Fraction, text: str) -> str:
    """VALUE in canonical form with the suffix family of TEXT."""
    if not value:
        return "0"
    if re.search(r"[KMGTPE]i$", text) and abs(value) >= 1024:
        return _binary(value)
    exponent = re.search(r"[eE][+-]?\d+$", text) is not None
    for suffix, power in DECIMAL:
        scaled = value / Fraction(10) ** power
        if scaled.denominator == 1:
            tail = (f"e{power}" if power else "") if exponent else suffix
            return f"{scaled.numerator}{tail}"
    return str(value.numerator)


def _binary(value: Fraction) -> str:
    if value.denominator != 1:
        millis = value * 1000
        return f"{millis.numerator}m" if millis.denominator == 1 else f"{(value / NANO).numerator}n"
    for suffix, unit in reversed(BINARY.items()):
        if value % unit == 0:
            return f"{value.numerator // unit}{suffix}"
    return str(value.numerator)
