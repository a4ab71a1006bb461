"""Pure: quantities as the server stores them: ``0.5`` is ``500m``, ``1024Mi`` is ``1Gi``, ``100Mi`` stays.

The suffix family (binary, decimal, exponent) of the client's text stays; the number gets the largest suffix that leaves no
fraction; the finest unit is a nano. ``dra_api.quantity`` reads values exactly; what the server makes of them is here.

Facts: k8s.io/apimachinery v0.36.3 pkg/api/resource/quantity.go (its fast path keeps a text that is near enough to canonical)
and suffix.go.
"""

import re
from fractions import Fraction
from functools import lru_cache
from typing import Any

from dra_api.quantity import BINARY, parse

POWERS = {"E": 18, "P": 15, "T": 12, "G": 9, "M": 6, "k": 3, "": 0, "m": -3, "u": -6, "n": -9}
"""{decimal suffix: power of ten}, the largest first."""
FORMAT = re.compile(r"([+-]?)([0-9]*)(?:\.([0-9]*))?([eEinumkKMGTP]*[-+]?[0-9]*)")
EXPONENT = re.compile(r"[eE]([-+]?[0-9]{1,3})")
WRONG = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
SUFFIX = "unable to parse quantity's suffix"
KEPT_DIGITS = 18
NANO = Fraction(1, 10**9)
LARGEST = (1 << 63) - 1
REMEMBERED = 4096
"""Size of the cache: the devices of a slice, and of all nodes, are alike."""


def value_of(quantity: Any) -> Fraction:
    """The number, rounded away from zero to nanos.

    Binary quantities stop at the largest int64, as Go's parser has it (``8Ei`` is one too many).

    Raises:
        ValueError: QUANTITY is not a quantity.
    """
    text = str(quantity)
    exact = parse(text)
    size = -((-abs(exact)) // NANO) * NANO
    if text.endswith("i"):
        size = min(size, Fraction(LARGEST))
    return size if exact >= 0 else -size


def whole(quantity: Any) -> int:
    """The number rounded up to an integer, as ``Quantity.Value`` does."""
    return -((-value_of(quantity)) // 1)


def canonical(quantity: Any) -> str:
    """The text that the server stores and sends for QUANTITY.

    Raises:
        ValueError: it is not a quantity; the message is the server's.
    """
    return _canonical(str(quantity).strip())


@lru_cache(maxsize=REMEMBERED)
def _canonical(text: str) -> str:
    matched = FORMAT.fullmatch(text)
    if not text or not matched:
        raise ValueError(WRONG)
    number, part, suffix = matched[2].lstrip("0") or "0", matched[3] or "", matched[4]
    exponent = EXPONENT.fullmatch(suffix)
    if suffix not in POWERS and suffix not in BINARY and not exponent:
        raise ValueError(SUFFIX)
    if int(number + part) == 0:
        return "0"
    if suffix in BINARY:
        kept = not part and _is_kept_binary(number, BINARY[suffix].bit_length() - 1)
    else:
        kept = _is_kept_decimal(number, part, int(exponent[1]) if exponent else POWERS[suffix])
    return text if kept else printed(value_of(text), text)


def _is_kept_binary(number: str, shift: int) -> bool:
    """Whether the server keeps the text of NUMBER * 2^SHIFT: ParseQuantity's fast path, which caches the text."""
    return len(number) + shift * 3 // 10 < 15 and int(number) & 7 != 0


def _is_kept_decimal(number: str, part: str, power: int) -> bool:
    """Whether the server keeps the text of NUMBER.PART * 10^POWER (the same fast path)."""
    digits, scale = number + part, power - len(part)
    short = len(digits) <= KEPT_DIGITS and scale >= POWERS["n"]
    return short and scale % 3 == 0 and not digits.endswith("000") and digits[0] != "0"


def printed(value: Fraction, text: str) -> str:
    """VALUE in canonical form with the suffix family of TEXT."""
    if not value:
        return "0"
    if text.endswith("i") and abs(value) >= 1024 and value.denominator == 1:
        return _binary(value.numerator)
    exponent = EXPONENT.search(text) is not None and text[-1].isdigit()
    for suffix, power in POWERS.items():
        scaled = value / Fraction(10) ** power
        if scaled.denominator == 1:
            tail = (f"e{power}" if power else "") if exponent else suffix
            return f"{scaled.numerator}{tail}"
    return str(value.numerator)


def _binary(value: int) -> str:
    for suffix, unit in reversed(BINARY.items()):
        if value % unit == 0:
            return f"{value // unit}{suffix}"
    return str(value)
