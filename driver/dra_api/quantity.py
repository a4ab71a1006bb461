"""Kubernetes quantities in canonical form (apimachinery pkg/api/resource/quantity.go, 1.37): parse, print, compare.

A quantity is a number with a binary (Ki to Ei) or decimal (m, k to E) suffix. Only what devices need is here: whole
bytes are printed with the largest binary suffix that divides them, and counts with the largest decimal one, as the API
server would canonicalise them, so that what is written equals what is read back.
"""

import re
from fractions import Fraction

BINARY = {"Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30, "Ti": 1 << 40, "Pi": 1 << 50, "Ei": 1 << 60}
DECIMAL = {
    "n": Fraction(1, 10**9),
    "u": Fraction(1, 10**6),
    "m": Fraction(1, 1000),
    "": Fraction(1),
    "k": Fraction(10**3),
    "M": Fraction(10**6),
    "G": Fraction(10**9),
    "T": Fraction(10**12),
    "P": Fraction(10**15),
    "E": Fraction(10**18),
}
PATTERN = re.compile(r"^([+-]?(?:\d+\.?\d*|\.\d+))(?:(Ki|Mi|Gi|Ti|Pi|Ei)|([numkMGTPE]?)|[eE]([+-]?\d{1,3}))$")


def parse(text: str) -> Fraction:
    """The value of a quantity, exactly.

    Raises:
        ValueError: TEXT is not a quantity.
    """
    match = PATTERN.match(text)
    if match is None:
        message = f"{text!r} is not a Kubernetes quantity, e.g. 80Gi, 250m or 7"
        raise ValueError(message)
    number, binary, decimal, exponent = match.groups()
    value = Fraction(number)
    if binary:
        return value * BINARY[binary]
    if exponent:
        return value * Fraction(10) ** int(exponent)
    return value * DECIMAL[decimal or ""]


def of_bytes(count: int) -> str:
    """COUNT bytes, e.g. ``183359Mi``."""
    for suffix, unit in reversed(BINARY.items()):
        if count and count % unit == 0:
            return f"{count // unit}{suffix}"
    return str(count)


def of_count(count: int) -> str:
    """COUNT of something, e.g. ``148`` or ``956250M``: a thousand has a suffix, as the API server stores it."""
    suffix, unit = "", 1
    for name, value in (
        ("k", 10**3),
        ("M", 10**6),
        ("G", 10**9),
        ("T", 10**12),
        ("P", 10**15),
        ("E", 10**18),
    ):
        if count and count % value == 0:
            suffix, unit = name, value
    return f"{count // unit}{suffix}"
