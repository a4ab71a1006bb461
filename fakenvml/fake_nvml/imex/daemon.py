"""One nvidia-imex daemon: it answers its peers and ``nvidia-imex-ctl``, and is READY when its domain lets it be.

SIGTERM, SIGINT and SIGQUIT end it in order, after saying so to the peers. SIGUSR1 resolves all names again and reopens all
connections, at most once in ``REOPEN_S``; signals within that time are one. SIGHUP does nothing: there is no log in memory to write.
"""

import asyncio
import contextlib
import fcntl
import logging
import os
import signal
import socket
from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime
from pathlib import Path

from fake_nvml import fabric_wire
from fake_nvml.errors import EnvironmentFault
from fake_nvml.imex.config import Config, map_of, read_nodes
from fake_nvml.imex.peers import LINE_MAX, Message, Peers, read_message, resolve, send_message
from fake_nvml.imex.relay import Relay
from fake_nvml.imex.report import as_json, as_text
from fake_nvml.imex.states import NodeState, NodeView, local_state

log = logging.getLogger(__name__)
REOPEN_S = 5.0
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Daemon:
    """One daemon.

    Args:
        version: of the NVIDIA driver; daemons of different versions do not talk.
        node: the folder of the node's driver, which has one IMEX session; None: there is no driver to ask.
    """

    def __init__(self, config: Config, version: str, node: Path | None) -> None:
        self._config = config
        self._version = version
        self._node = node
        self._nodes = read_nodes(config.node_file)
        self._stopping = asyncio.Event()
        self._state = NodeState.INITIALIZING
        self._reopened_at = 0.0
        self._reopening: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Serve until a signal or the command ``stop`` ends it.

        Raises:
            EnvironmentFault: no node of the list is this one, an address is in use, or another daemon has the session.
        """
        with session_of(self._node):
            local, address = await self._find_itself()
            self._peers = Peers(
                self._nodes,
                local,
                port=self._config.port,
                hello=(self._version, map_of(self._nodes)),
                source=address,
                grace_s=self._config.grace_s,
                on_change=self._update,
            )
            self._relay = Relay(self._node, self._peers, lambda: self._state is NodeState.READY)
            self._address, self._local = address, local
            servers = [await listen(self._peer, (address, self._config.port))]
            if self._config.command is not None:
                servers.append(await listen(self._command, self._config.command))
            if self._node is not None:
                servers.append(await listen(self._relay.serve, self._node / fabric_wire.SOCKET))
            self._install_signals()
            await self._reopen()
            self._update()
            await self._stopping.wait()
            self._update()
            if self._reopening is not None:
                self._reopening.cancel()
            await self._peers.say_goodbye()
            await self._peers.close()
            for server in servers:
                server.close()
            if isinstance(self._config.command, Path):
                self._config.command.unlink(missing_ok=True)
            if self._node is not None:
                (self._node / fabric_wire.SOCKET).unlink(missing_ok=True)

    async def _find_itself(self) -> tuple[int, str]:
        """The number and address of this node: the one of ``bind``, else the first that this machine has."""
        for number, name in enumerate(self._nodes):
            address = await resolve(name)
            if address and (address == self._config.bind or (not self._config.bind and is_local(address))):
                return number, address
        message = "No matching network interface found for any IP addresses in the node configuration file"
        raise EnvironmentFault(message)

    def _install_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
            loop.add_signal_handler(number, self._stopping.set)
        loop.add_signal_handler(signal.SIGUSR1, self._ask_to_reopen)
        loop.add_signal_handler(signal.SIGHUP, lambda: None)

    def _ask_to_reopen(self) -> None:
        if self._reopening is None or self._reopening.done():
            self._reopening = asyncio.create_task(self._reopen_later())

    async def _reopen_later(self) -> None:
        now = asyncio.get_running_loop().time()
        await asyncio.sleep(max(0.0, self._reopened_at + REOPEN_S - now))
        await self._reopen()

    async def _reopen(self) -> None:
        self._reopened_at = asyncio.get_running_loop().time()
        await self._peers.dial_all()

    def _update(self) -> None:
        """Compute the state again."""
        state = local_state(self._config.quorum, self._peers.links, stopping=self._stopping.is_set())
        if state is not self._state:
            log.info("state %s, before %s", state.name, self._state.name)
            self._state = state

    def _view(self) -> NodeView:
        return NodeView(self._address, self._state, self._version, self._peers.links)

    async def _peer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer a peer until it closes."""
        with contextlib.closing(writer):
            while (message := await read_message(reader)) is not None:
                if "goodbye" in message:
                    self._peers.goodbye(int(message["goodbye"]))
                    return
                if "fabric" in message:
                    await self._share(message, reader, writer)
                    return
                await send_message(writer, self._answer(message))

    async def _share(
        self, message: Message, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Answer a node of this domain about shared memory; nobody else is answered."""
        address = str(writer.get_extra_info("peername")[0])
        said = (message.get("version"), message.get("map"))
        asked = message["fabric"]
        if not self._peers.is_member(message.get("from"), said, address) or not isinstance(asked, dict):
            log.warning("refused to share memory with %s, which is no node of this domain", address)
            return
        with contextlib.suppress(OSError, EOFError, ValueError):
            _, payload = await fabric_wire.payload_of(message, reader)
            await fabric_wire.send(writer, *await self._relay.answer(asked, payload))

    def _answer(self, message: Message) -> Message:
        if "view" in message:
            view = self._view()
            return {
                "state": view.state.name,
                "version": view.version,
                "links": [link.value for link in view.links],
            }
        return {"version": self._version, "map": map_of(self._nodes)}

    async def _command(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer ``nvidia-imex-ctl``."""
        with contextlib.closing(writer):
            message = await read_message(reader) or {}
            asked = message.get("command")
            if asked == "state":
                writer.write(f"{self._state.name}\n".encode())
            elif asked == "domain":
                nodes = await self._peers.views(self._view())
                shown = as_json if message.get("json") else as_text
                writer.write(shown(nodes, self._local, datetime.now().astimezone()).encode())
            elif asked == "stop":
                self._stopping.set()
            await writer.drain()


async def listen(serve: Serve, where: Path | tuple[str, int]) -> asyncio.Server:
    """A server at an address or a UNIX socket, which only this user may use.

    Raises:
        EnvironmentFault: it is in use, or cannot be made.
    """
    try:
        if not isinstance(where, Path):
            return await asyncio.start_server(serve, *where, limit=LINE_MAX)
        make_room(where)
        before = os.umask(0o177)
        try:
            return await asyncio.start_unix_server(serve, where, limit=LINE_MAX)
        finally:
            os.umask(before)
    except OSError as error:
        message = f"cannot listen on {where}: {os.strerror(error.errno) if error.errno else error}"
        raise EnvironmentFault(message) from error


def make_room(path: Path) -> None:
    """The folder of a socket, without the one that an earlier daemon left."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)


def is_local(address: str) -> bool:
    """Whether ADDRESS is one of this machine."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as probe:
        try:
            probe.bind((address, 0))
        except OSError:
            return False
        return True


@contextlib.contextmanager
def session_of(node: Path | None) -> Iterator[None]:
    """The IMEX session of a node's driver, of which there is one.

    Raises:
        EnvironmentFault: another daemon has it.
    """
    if node is None:
        yield
        return
    with (node / "imex.lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            message = "Failed to allocate Imex session: NV_ERR_IN_USE; another nvidia-imex runs on this node"
            raise EnvironmentFault(message) from error
        yield
