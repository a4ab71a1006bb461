"""Frames between clients and the node daemon; sizes and versions are explicit, what is unknown is refused by name.

request   magic u32   entry u32   length u32   arguments        ("NVM1"; arguments as ``encode`` in shim.c writes them)
reply     code u32    length u32  out parameters
control   magic u32   0 u32       length u32   JSON             ("CTL1"; answered by length u32 and JSON)
work      magic u32   op u32      length u32   arguments        ("CUD1"; many on one connection, replies as above)
fabric    magic u32   0 u32       0 u32                         ("FAB1"; then one question and its answer, see ``fabric_wire``)
"""

import struct
from dataclasses import dataclass

CALL, CONTROL, WORK, FABRIC = 0x314D564E, 0x314C5443, 0x31445543, 0x31424146
HEAD = struct.Struct("<III")
FRAME_MAX = 65536
WORK_MAX = (1 << 18) + 64
"""A step of a copy has its bytes in its frame."""


@dataclass(frozen=True, slots=True)
class Head:
    """The first twelve bytes of a request; ``entry`` is a number of functions.txt, or a workload's operation."""

    magic: int
    entry: int
    length: int


def read_head(raw: bytes, entries: int) -> Head:
    """Check the first twelve bytes.

    Raises:
        ValueError: wrong magic, unknown entry point or too long a frame.
    """
    head = Head(*HEAD.unpack(raw))
    if head.magic not in (CALL, CONTROL, WORK, FABRIC):
        message = f"magic 0x{head.magic:08x}, wanted 0x{CALL:08x} or 0x{CONTROL:08x}"
        raise ValueError(message)
    if head.entry >= entries:
        message = f"entry point {head.entry}, there are {entries}"
        raise ValueError(message)
    most = WORK_MAX if head.magic == WORK else FRAME_MAX
    if head.length > most:
        message = f"{head.length} bytes of arguments, at most {most} are allowed"
        raise ValueError(message)
    return head


def reply(answer: bytes) -> bytes:
    """An answer (code and out parameters) as a frame."""
    return answer[:4] + struct.pack("<I", len(answer) - 4) + answer[4:]


def control_request(text: bytes) -> bytes:
    """A control command as a frame."""
    return HEAD.pack(CONTROL, 0, len(text)) + text


def control_reply(text: bytes) -> bytes:
    """The answer to a control command as a frame."""
    return struct.pack("<I", len(text)) + text
