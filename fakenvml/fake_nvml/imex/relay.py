"""Shared memory through nvidia-imex: what this node's driver asks goes to the other nodes, what they ask goes to the driver.

Only nodes of the domain are answered: they say the same version and list of nodes, and come from the address of one of them.
The real service connects drivers so that GPUs reach memory over NVLink; here the bytes themselves take this way.
"""

import asyncio
import contextlib
import secrets
from collections.abc import Callable
from pathlib import Path

from fake_nvml import fabric_wire, wire
from fake_nvml.device_memory.results import INVALID_HANDLE, SUCCESS
from fake_nvml.fabric_wire import Message
from fake_nvml.imex.peers import Peers

REFUSED: tuple[Message, bytes] = ({"code": INVALID_HANDLE}, b"")


class Relay:
    """The questions of one node.

    Args:
        node: the folder of the node's driver; None without a GPU.
        is_ready: whether this daemon is READY.
    """

    def __init__(self, node: Path | None, peers: Peers, is_ready: Callable[[], bool]) -> None:
        self._node = node
        self._peers = peers
        self._is_ready = is_ready
        self._instance = secrets.token_hex(8)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer a question of this node's driver."""
        with (
            contextlib.closing(writer),
            contextlib.suppress(OSError, EOFError, ValueError, KeyError, TypeError),
        ):
            message, payload = await fabric_wire.receive(reader)
            asked = self._find if message["op"] == "find" else self._step
            answer = await asked(message, payload) if self._is_ready() else REFUSED
            await fabric_wire.send(writer, *answer)

    async def _find(self, message: Message, _payload: bytes) -> tuple[Message, bytes]:
        """The first node that has the memory answers; a refusal of its owner is an answer too."""
        for number in self._peers.connected():
            answer, _ = await self._peers.ask(number, message) or REFUSED
            if answer.get("code") == SUCCESS:
                return answer | {"peer": number, "lease": f"{self._instance} {answer.get('instance')}"}, b""
            if answer.get("code") not in (None, INVALID_HANDLE):
                return answer, b""
        return REFUSED

    async def _step(self, message: Message, payload: bytes) -> tuple[Message, bytes]:
        """A step of a copy goes to the daemon that found the memory, if both are still the same."""
        ours, _, theirs = str(message["lease"]).partition(" ")
        number = int(message["peer"])
        if ours != self._instance or number not in self._peers.connected():
            return REFUSED
        return await self._peers.ask(number, message | {"instance": theirs}, payload) or REFUSED

    async def answer(self, message: Message, payload: bytes) -> tuple[Message, bytes]:
        """The answer to another node."""
        if self._node is None or message.get("instance", self._instance) != self._instance:
            return REFUSED
        with contextlib.suppress(OSError, EOFError, ValueError, TimeoutError):
            async with asyncio.timeout(fabric_wire.ANSWER_S):
                reader, writer = await asyncio.open_unix_connection(
                    self._node / "driver.sock", limit=fabric_wire.LINE_MAX
                )
                with contextlib.closing(writer):
                    writer.write(wire.HEAD.pack(wire.FABRIC, 0, 0))
                    await fabric_wire.send(writer, message, payload)
                    answer, data = await fabric_wire.receive(reader)
            return answer | {"instance": self._instance}, data
        return REFUSED
