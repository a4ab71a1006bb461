"""The frames of NRI's connection; lengths and order are those of nri pkg/net/multiplex and of ttrpc's PROTOCOL.md."""

import pytest

from dra_conformance.harness.nri.frames import (
    BUFFER,
    HEADER,
    MESSAGE_MAX,
    PIECE,
    PLUGIN,
    REQUEST,
    RESPONSE,
    RUNTIME,
    Frames,
    Message,
    ProtocolError,
    packed,
)

MESSAGES = [
    Message(RUNTIME, 1, REQUEST, b"hello"),
    Message(PLUGIN, 1, RESPONSE, b""),
    Message(PLUGIN, 3, REQUEST, bytes(3 * BUFFER)),
]


def test_a_message_has_its_connection_and_lengths_in_network_order() -> None:
    wanted = bytes([0, 0, 0, 2, 0, 0, 0, 13, 0, 0, 0, 3, 0, 0, 0, 7, 1, 0]) + b"abc"
    assert packed(Message(RUNTIME, 7, REQUEST, b"abc")) == wanted


@pytest.mark.parametrize("step", [1, 7, 5000, 1 << 20])
def test_messages_come_out_whatever_pieces_the_socket_gives(step: int) -> None:
    raw = b"".join(map(packed, MESSAGES))
    frames = Frames()
    found = [message for at in range(0, len(raw), step) for message in frames.feed(raw[at : at + step])]
    assert found == MESSAGES


def test_no_first_piece_is_longer_than_what_the_go_side_reads_at_once() -> None:
    _, length = PIECE.unpack_from(packed(MESSAGES[2]))
    assert length == BUFFER


def test_a_piece_of_an_unknown_connection_is_dropped() -> None:
    assert list(Frames().feed(packed(Message(9, 1, REQUEST, b"x")) + packed(MESSAGES[0]))) == MESSAGES[:1]


@pytest.mark.parametrize(
    "raw",
    [
        PIECE.pack(PLUGIN, HEADER.size + MESSAGE_MAX + 1),
        PIECE.pack(PLUGIN, HEADER.size) + HEADER.pack(MESSAGE_MAX + 1, 1, REQUEST, 0),
    ],
)
def test_an_endless_message_is_refused_by_its_length(raw: bytes) -> None:
    with pytest.raises(ProtocolError, match="wanted at most"):
        list(Frames().feed(raw))
