"""The connections of one node to all others: each is dialled until it answers, and again when it is lost.

Two daemons say their version and a digest of their list of nodes to each other, then the connection stays open; a daemon
that ends says so. Messages are JSON, one a line, of at most ``LINE_MAX`` bytes.
"""

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

from fake_nvml import fabric_wire
from fake_nvml.imex.states import Link, NodeState, NodeView, link_of, lost_link, unavailable

LINE_MAX = 1 << 16
REDIAL_S = 0.2
ANSWER_S = 2.0
"""A peer that takes longer does not answer: ``nvidia-imex-ctl`` must not hang because one node does."""

Message = dict[str, Any]


async def read_message(reader: asyncio.StreamReader) -> Message | None:
    """The next message; None at the end of the stream, and for what is no message."""
    with contextlib.suppress(ValueError, OSError):
        line = await reader.readline()
        message = json.loads(line) if line.endswith(b"\n") else None
        return message if isinstance(message, dict) else None
    return None


async def send_message(writer: asyncio.StreamWriter, message: Message) -> None:
    """Send one message."""
    writer.write(json.dumps(message).encode() + b"\n")
    await writer.drain()


@contextlib.asynccontextmanager
async def dialled(
    address: str, port: int, source: str
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection to ADDRESS from the local address SOURCE, which is closed at the end.

    Raises:
        OSError: there is nobody.
    """
    async with asyncio.timeout(ANSWER_S):
        reader, writer = await asyncio.open_connection(
            address, port, limit=LINE_MAX, local_addr=(source, 0) if source else None
        )
    try:
        yield reader, writer
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


@dataclass(slots=True)
class Peer:
    """What this node knows of another one.

    Attributes:
        name: as in the list of nodes.
        address: what the name resolved to; empty if it does not.
        channel: the open connection.
    """

    name: str
    address: str = ""
    link: Link = Link.NEVER_CONNECTED
    lost_at: float = 0.0
    said_goodbye: bool = False
    channel: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
    asking: asyncio.Lock = field(default_factory=asyncio.Lock)


class Peers:
    """All nodes of a domain as one of them sees them.

    Args:
        local: this node's number.
        hello: (version, digest of the list of nodes) of this daemon.
        source: the address that connections come from; empty: any.
        on_change: called when a connection was made or lost.
    """

    def __init__(
        self,
        nodes: tuple[str, ...],
        local: int,
        *,
        port: int,
        hello: tuple[str, str],
        source: str,
        grace_s: float,
        on_change: Callable[[], None],
    ) -> None:
        self._peers = [Peer(name) for name in nodes]
        self._local = local
        self._port = port
        self._hello = hello
        self._source = source
        self._grace_s = grace_s
        self._on_change = on_change
        self._dialling: set[asyncio.Task[None]] = set()

    @property
    def links(self) -> tuple[Link, ...]:
        """The connections to all nodes, in order; the one to itself is there."""
        now = asyncio.get_running_loop().time()
        return tuple(
            Link.CONNECTED if number == self._local else self._seen(peer, now)
            for number, peer in enumerate(self._peers)
        )

    def _seen(self, peer: Peer, now: float) -> Link:
        if not peer.lost_at:
            return peer.link
        return lost_link(now - peer.lost_at, self._grace_s, said_goodbye=peer.said_goodbye)

    async def dial_all(self) -> None:
        """Resolve the names again and open every connection anew."""
        await self.close()
        for number, peer in enumerate(self._peers):
            peer.address = await resolve(peer.name)
            if number != self._local and peer.address:
                self._dialling.add(asyncio.create_task(self._keep(peer)))

    async def close(self) -> None:
        """Close all connections."""
        for task in self._dialling:
            task.cancel()
        await asyncio.gather(*self._dialling, return_exceptions=True)
        self._dialling.clear()

    async def _keep(self, peer: Peer) -> None:
        """Hold a connection to PEER until cancelled."""
        while True:
            with contextlib.suppress(OSError, TimeoutError):
                async with dialled(peer.address, self._port, self._source) as channel:
                    await self._hold(peer, channel)
            await asyncio.sleep(REDIAL_S)

    async def _hold(self, peer: Peer, channel: tuple[asyncio.StreamReader, asyncio.StreamWriter]) -> None:
        """Greet PEER; returns when it is gone."""
        reader, writer = channel
        await send_message(writer, {"version": self._hello[0], "map": self._hello[1], "from": self._local})
        async with asyncio.timeout(ANSWER_S):
            answer = await read_message(reader)
        if answer is None:
            return
        peer.link = link_of(self._hello, (str(answer.get("version")), str(answer.get("map"))))
        peer.lost_at, peer.said_goodbye = 0.0, False
        connected = peer.link is Link.CONNECTED
        peer.channel = channel if connected else None
        self._on_change()
        try:
            await wait_for_end(reader)
        finally:
            if connected:
                peer.channel, peer.lost_at = None, asyncio.get_running_loop().time()
                self._on_change()

    def goodbye(self, number: int) -> None:
        """Peer NUMBER said that it ends."""
        if 0 <= number < len(self._peers):
            self._peers[number].said_goodbye = True

    async def say_goodbye(self) -> None:
        """Report to every peer that this daemon ends."""
        for peer in self._peers:
            with contextlib.suppress(OSError, TimeoutError):
                if peer.address and peer.link is Link.CONNECTED and not peer.lost_at:
                    async with dialled(peer.address, self._port, self._source) as (_, writer):
                        await send_message(writer, {"goodbye": self._local})

    async def views(self, own: NodeView) -> list[NodeView]:
        """Every node as it describes itself; one that does not answer in time is unavailable."""
        return list(
            await asyncio.gather(
                *(
                    self._own(own) if number == self._local else self._view(peer)
                    for number, peer in enumerate(self._peers)
                )
            )
        )

    def connected(self) -> list[int]:
        """The numbers of the nodes that are connected, without this one."""
        return [number for number, peer in enumerate(self._peers) if peer.channel is not None]

    def is_member(self, number: object, said: tuple[object, object], address: str) -> bool:
        """Whether a daemon that SAID (version, digest of the list) from ADDRESS is node NUMBER of this domain."""
        if not isinstance(number, int) or not 0 <= number < len(self._peers):
            return False
        return said == self._hello and self._peers[number].address == address

    async def ask(self, number: int, message: Message, payload: bytes = b"") -> tuple[Message, bytes] | None:
        """What node NUMBER answers about shared memory; None if it does not."""
        who = {"version": self._hello[0], "map": self._hello[1], "from": self._local}
        with contextlib.suppress(OSError, EOFError, TimeoutError, ValueError):
            async with (
                asyncio.timeout(fabric_wire.ANSWER_S),
                dialled(self._peers[number].address, self._port, self._source) as (reader, writer),
            ):
                await fabric_wire.send(writer, {"fabric": message, **who}, payload)
                return await fabric_wire.receive(reader)
        return None

    async def _own(self, own: NodeView) -> NodeView:
        return own

    async def _view(self, peer: Peer) -> NodeView:
        host, count = peer.address or peer.name, len(self._peers)
        if peer.channel is None:
            return unavailable(host, count)
        with contextlib.suppress(OSError, TimeoutError, KeyError, ValueError, TypeError):
            async with (
                asyncio.timeout(ANSWER_S),
                dialled(peer.address, self._port, self._source) as (
                    reader,
                    writer,
                ),
            ):
                await send_message(writer, {"view": True})
                answer = await read_message(reader)
                if answer is not None:
                    links = tuple(Link(sign) for sign in answer["links"])
                    if len(links) == count:
                        return NodeView(host, NodeState[answer["state"]], str(answer["version"]), links)
        return unavailable(host, count)


async def wait_for_end(reader: asyncio.StreamReader) -> None:
    """Read until the other side closes."""
    with contextlib.suppress(OSError):
        while await reader.read(LINE_MAX):
            pass


async def resolve(name: str) -> str:
    """The address of NAME; empty if it has none."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except OSError:
        return ""
    return str(found[0][4][0])
