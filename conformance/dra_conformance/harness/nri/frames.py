"""Pure: the frames of NRI's connection. Two ttrpc connections share one socket, the plugin's service and the runtime's.

Each piece on the socket has the number of its connection and its length (nri pkg/net/multiplex/mux.go). Inside a connection
each ttrpc message has its length, stream, type and flags (ttrpc PROTOCOL.md). There is no maintained ttrpc for Python.
"""

import struct
from collections.abc import Iterator
from typing import NamedTuple

PLUGIN, RUNTIME = 1, 2
"""The connections: requests on PLUGIN are the runtime's, those on RUNTIME the plugin's."""
REQUEST, RESPONSE = 1, 2
MESSAGE_MAX = 4 << 20
"""ttrpc's limit."""
PIECE = struct.Struct(">II")
HEADER = struct.Struct(">IIBB")
BUFFER = 4096
"""Go's side reads a message through a buffer of this size and takes no larger first piece (bufio in ttrpc channel.go)."""


class ProtocolError(Exception):
    """The other side does not keep to the protocol."""


class Message(NamedTuple):
    """A ttrpc message on one of the connections."""

    connection: int
    stream: int
    kind: int
    payload: bytes


def packed(message: Message) -> bytes:
    """MESSAGE as it goes over the socket."""
    raw = HEADER.pack(len(message.payload), message.stream, message.kind, 0) + message.payload
    pieces = filter(None, (raw[:BUFFER], raw[BUFFER:]))
    return b"".join(PIECE.pack(message.connection, len(piece)) + piece for piece in pieces)


class Frames:
    """Messages out of what a socket gives; at most one message of each connection is held back."""

    def __init__(self) -> None:
        self._socket = bytearray()
        self._connections = {PLUGIN: bytearray(), RUNTIME: bytearray()}

    def feed(self, data: bytes) -> Iterator[Message]:
        """The messages that are complete with DATA.

        Raises:
            ProtocolError: one is longer than ttrpc allows.
        """
        self._socket += data
        while len(self._socket) >= PIECE.size:
            number, length = PIECE.unpack_from(self._socket)
            bounded(length, HEADER.size + MESSAGE_MAX)
            end = PIECE.size + length
            if len(self._socket) < end:
                return
            piece = bytes(self._socket[PIECE.size : end])
            del self._socket[:end]
            if number in self._connections:  # as upstream's: pieces of other connections are dropped
                yield from self._messages(number, piece)

    def _messages(self, number: int, piece: bytes) -> Iterator[Message]:
        held = self._connections[number]
        held += piece
        while len(held) >= HEADER.size:
            length, stream, kind, _flags = HEADER.unpack_from(held)
            bounded(length, MESSAGE_MAX)
            end = HEADER.size + length
            if len(held) < end:
                return
            payload = bytes(held[HEADER.size : end])
            del held[:end]
            yield Message(number, stream, kind, payload)


def bounded(length: int, limit: int) -> None:
    """Refuse lengths above LIMIT.

    Raises:
        ProtocolError: it is above.
    """
    if length > limit:
        message = f"wanted at most {limit} bytes in one piece, found {length}"
        raise ProtocolError(message)
