"""How a node's driver, its nvidia-imex and those of other nodes speak of shared memory: a line of JSON, then raw bytes.

``{"op": "find" | "read" | "write", ...}`` goes from the importing node's driver to its nvidia-imex, from there over TCP to the
exporting node's, and to that node's driver; the answer, ``{"code": CUresult, ...}``, comes back the same way.
"""

import asyncio
import json
from typing import Any

LINE_MAX = 1 << 16
PAYLOAD_MAX = 1 << 18
"""The bytes of one step of a copy: CHUNK in shim/cuda_client.h."""
SOCKET = "imex.sock"
"""In the node's folder: where its nvidia-imex answers its driver."""
ANSWER_S = 10.0

Message = dict[str, Any]


async def send(writer: asyncio.StreamWriter, message: Message, payload: bytes = b"") -> None:
    """Send a message with its bytes."""
    writer.write(json.dumps(message | {"length": len(payload)}).encode() + b"\n" + payload)
    await writer.drain()


async def receive(reader: asyncio.StreamReader) -> tuple[Message, bytes]:
    """The next message with its bytes.

    Raises:
        ValueError: it is none, or too large.
        EOFError, OSError: the other side went away.
    """
    try:
        message = json.loads(await reader.readuntil(b"\n"))
    except (asyncio.LimitOverrunError, RecursionError) as error:
        text = f"wanted a line of at most {LINE_MAX} bytes, found {error}"
        raise ValueError(text) from error
    return await payload_of(message, reader)


async def payload_of(message: Any, reader: asyncio.StreamReader) -> tuple[Message, bytes]:
    """MESSAGE with the bytes that follow it.

    Raises:
        ValueError: it is no message, or has too many bytes.
        EOFError, OSError: the other side went away.
    """
    length = message.get("length", 0) if isinstance(message, dict) else None
    if not isinstance(length, int) or not 0 <= length <= PAYLOAD_MAX:
        text = f"wanted a JSON object with a length from 0 to {PAYLOAD_MAX}, found {str(message)[:200]}"
        raise ValueError(text)
    return message, await reader.readexactly(length)
