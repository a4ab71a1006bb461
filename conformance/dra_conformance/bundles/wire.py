"""Pure: reads protobuf messages from their bytes, without generated code.

``verify`` shares nothing with the checks, and that includes the stubs: a wrong field number in a ``.proto`` file of ours
would deceive both.
"""

from collections.abc import Iterator

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5


class WireError(ValueError):
    """The bytes are no protobuf message."""


def varint(data: bytes, at: int) -> tuple[int, int]:
    """(number, position after it)."""
    value = shift = 0
    while True:
        if at >= len(data) or shift > 63:
            message = f"no number at byte {at}"
            raise WireError(message)
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """(field number, value) of a message, in order; a repeated field comes several times.

    Raises:
        WireError: the bytes are no message.
    """
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        number, kind = key >> 3, key & 7
        if kind == VARINT:
            value, at = varint(data, at)
            yield number, value
            continue
        if kind == BYTES:
            size, at = varint(data, at)
        elif kind in (FIXED64, FIXED32):
            size = 8 if kind == FIXED64 else 4
        else:
            message = f"unknown kind {kind} of field {number}"
            raise WireError(message)
        if at + size > len(data):
            message = f"field {number} ends after the message"
            raise WireError(message)
        yield number, data[at : at + size]
        at += size


def texts(data: bytes, number: int) -> list[str]:
    """The texts in a field."""
    return [value.decode(errors="replace") for value in messages(data, number)]


def messages(data: bytes, number: int) -> list[bytes]:
    """The messages in a field, as bytes."""
    return [value for found, value in fields(data) if found == number and isinstance(value, bytes)]
