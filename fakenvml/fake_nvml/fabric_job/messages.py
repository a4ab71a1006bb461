"""What launcher and workers say: one JSON object a line, of bounded length."""

import json
import socket
from typing import Any, BinaryIO

LINE_MAX = 1 << 16

Message = dict[str, Any]


def send(channel: socket.socket, message: Message) -> None:
    """Send one."""
    channel.sendall(json.dumps(message).encode() + b"\n")


def receive(stream: BinaryIO) -> Message | None:
    """The next one; None at the end.

    Raises:
        ValueError: it is none, or too long.
    """
    line = stream.readline(LINE_MAX)
    if not line:
        return None
    message = json.loads(line) if line.endswith(b"\n") else None
    if not isinstance(message, dict):
        text = f"wanted a JSON object in a line of at most {LINE_MAX} bytes, found {line[:80]!r}"
        raise ValueError(text)
    return message
