"""CUmemFabricHandle, 64 bytes that are opaque to programs. Pure.

Whoever has them can ask for the memory, so they contain a secret: they cannot be guessed. They are worth nothing without the
exporter's channel and domain.
"""

import secrets
from dataclasses import dataclass

MAGIC = b"fakeFAB1"
SIZE, NODE, SECRET = 64, 16, 32
REST = bytes(SIZE - len(MAGIC) - NODE - SECRET)


@dataclass(frozen=True, slots=True)
class FabricHandle:
    """Which memory of which node."""

    node: bytes
    secret: bytes


def new_node() -> bytes:
    """The name of a node's driver in handles; another one after each start."""
    return secrets.token_bytes(NODE)


def new_secret() -> bytes:
    """The name of memory that is exported."""
    return secrets.token_bytes(SECRET)


def pack(handle: FabricHandle) -> bytes:
    """As a program gets it."""
    return MAGIC + handle.node + handle.secret + REST


def unpack(raw: bytes) -> FabricHandle | None:
    """What ``pack`` made; None for any other bytes."""
    node, secret = raw[8 : 8 + NODE], raw[8 + NODE : 8 + NODE + SECRET]
    found = FabricHandle(node, secret)
    return found if raw == pack(found) else None
