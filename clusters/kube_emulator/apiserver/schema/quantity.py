"""Pure: quantities as the server stores them: ``0.5`` is ``500m``, ``1024Mi`` is ``1Gi``, ``100Mi`` stays.

Facts: k8s.io/apimachinery v0.36.3 pkg/api/resource/quantity.go (its fast path keeps a text that is near enough to canonical)
and suffix.go.
"""

import re
from fractions import Fraction
from functools import lru_cache
from math import ceil

DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
FORMAT = re.compile(r"([+-]?)([0-9]*)(?:\.([0-9]*))?([eEinumkKMGTP]*[-+]?[0-9]*)")
EXPONENT = re.compile(r"[eE]([-+]?[0-9]{1,3})")
WRONG = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
SUFFIX = "unable to parse quantity's suffix"
KEPT_DIGITS = 18


@lru_cache(maxsize=4096)
def canonical(text: str) -> str:
    """TEXT as the server shows it.

    Raises:
        ValueError: it is not a quantity; the message is the server's.
    """
    text = text.strip()
    matched = FORMAT.fullmatch(text)
    if not text or not matched:
        raise ValueError(WRONG)
    sign, whole, part, suffix = matched[1], matched[2].lstrip("0"), matched[3] or "", matched[4]
    exponent = EXPONENT.fullmatch(suffix)
    if suffix not in DECIMAL and suffix not in BINARY and not exponent:
        raise ValueError(SUFFIX)
    scale = int(exponent[1]) if exponent else DECIMAL.get(suffix, 0)
    digits = int((whole or "0") + part)
    if digits == 0:
        return "0"
    if _kept(whole or "0", part, suffix, scale, digits):
        return text
    value = Fraction(digits) * Fraction(10) ** (scale - len(part)) * 2 ** BINARY.get(suffix, 0)
    value = -value if sign == "-" else value
    if suffix in BINARY and value.denominator == 1 and abs(value) >= 1024:
        return _binary(int(value))
    return _decimal(value, exponential=exponent is not None)


def _kept(whole: str, part: str, suffix: str, scale: int, digits: int) -> bool:
    """Whether the server keeps the text as it was written: ParseQuantity's fast path, which caches the text."""
    if suffix in BINARY:
        return not part and len(whole) + BINARY[suffix] * 3 // 10 < 15 and digits & 7 != 0
    shifted = whole + part
    scale -= len(part)
    return (
        len(shifted) <= KEPT_DIGITS
        and scale >= -9
        and scale % 3 == 0
        and shifted[-3:] != "000"
        and shifted[0] != "0"
    )


def _binary(value: int) -> str:
    exponent = 0
    while value % 1024 == 0 and exponent < BINARY["Ei"]:
        value, exponent = value // 1024, exponent + 10
    return f"{value}{ {shift: suffix for suffix, shift in BINARY.items()}.get(exponent, '') }"


def _decimal(value: Fraction, *, exponential: bool) -> str:
    """The number with the largest suffix that leaves no fraction, rounded away from zero to nanos."""
    nanos = abs(value) * 10**9
    count, exponent = ceil(nanos), -9
    while count % 1000 == 0 and exponent < DECIMAL["E"]:
        count, exponent = count // 1000, exponent + 3
    sign = "-" if value < 0 else ""
    if exponential:
        return f"{sign}{count}e{exponent}" if exponent else f"{sign}{count}"
    return sign + str(count) + {power: suffix for suffix, power in DECIMAL.items()}[exponent]
