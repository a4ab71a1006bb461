"""The node daemon: one process a fake node, the only writer of DIR/answers, the only reader of DIR/driver.sock.

It holds DIR/lock while it lives, so that two never serve one folder. DIR/ready appears last at start and vanishes
first at the end. On SIGTERM and SIGINT it takes its files away, except state.json: the node's state outlives it.
"""

import asyncio
import fcntl
import json
import logging
import os
import signal
import socket
import struct
from pathlib import Path

from fake_nvml import build, control, wire
from fake_nvml.abi import table
from fake_nvml.answers import Answers
from fake_nvml.calls.dispatch import perform
from fake_nvml.calls.registry import Caller
from fake_nvml.errors import FakeNvmlError, WorldError
from fake_nvml.machines import load
from fake_nvml.model import load_node, save_node
from fake_nvml.publisher import Publisher

log = logging.getLogger(__name__)
REQUEST_TIMEOUT_S = 10


def _claim_folder(folder: Path) -> int:
    """Make FOLDER ours; returns the lock that is to be held."""
    try:
        folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        handle = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        message = f"cannot use folder {folder}: {error.strerror}; give a writable one with --dir"
        raise WorldError(message) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(handle)
        message = f"another node daemon serves {folder}; stop it or give another folder with --dir"
        raise WorldError(message) from error
    return handle


class Daemon:
    """Serves one node from FOLDER until it is told to stop."""

    def __init__(self, machine: str, folder: Path) -> None:
        self._node = load_node(*load(machine), folder / "state.json")
        self._folder = folder
        self._library = build.library()
        self._lock = _claim_folder(folder)
        self._answers = Answers(folder / "answers")
        self._publisher = Publisher(self._node, self._answers)

    async def run(self) -> None:
        """Serve until SIGTERM or SIGINT."""
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        path = self._folder / "driver.sock"
        path.unlink(missing_ok=True)
        server = await asyncio.start_unix_server(self._serve, path, limit=wire.FRAME_MAX, backlog=512)
        path.chmod(0o666)  # as /dev/nvidiactl: everybody may ask, SO_PEERCRED says who did
        libraries = self._folder / "lib"
        libraries.mkdir(mode=0o755, exist_ok=True)
        link = libraries / "libnvidia-ml.so.1"
        link.unlink(missing_ok=True)
        link.symlink_to(self._library)
        self._answers.publish()
        (self._folder / "ready").write_text(f"{os.getpid()}\n")
        log.info("serving %s in %s", self._node.machine.name, self._folder)
        try:
            await stop.wait()
        finally:
            for name in ("ready", "answers", "driver.sock"):
                (self._folder / name).unlink(missing_ok=True)
            server.close()
            save_node(self._node, self._folder / "state.json")
            self._answers.close()
            os.close(self._lock)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, one request."""
        try:
            async with asyncio.timeout(REQUEST_TIMEOUT_S):
                head = wire.read_head(await reader.readexactly(wire.HEAD.size), len(table.by_id()))
                body = await reader.readexactly(head.length)
                writer.write(self._answer(head, body, _caller(writer)))
                await writer.drain()
        except (ValueError, TimeoutError, asyncio.IncompleteReadError, ConnectionError) as error:
            log.warning("refused a request: %s", str(error) or type(error).__name__)
        finally:
            writer.close()

    def _answer(self, head: wire.Head, body: bytes, caller: Caller) -> bytes:
        if head.magic == wire.CONTROL:
            frame = wire.control_reply(self._control(body, caller))
        else:
            function = table.by_id()[head.entry]
            frame = wire.reply(perform(self._node, caller, function, body))
        if self._node.touched:
            self._publisher.refresh()
            save_node(self._node, self._folder / "state.json")
        return frame

    def _control(self, body: bytes, caller: Caller) -> bytes:
        try:
            wanted = json.loads(body)
            if not caller.privileged:
                return json.dumps({"error": f"process {caller.pid} may not control this node"}).encode()
            return json.dumps(
                {"result": control.perform(self._node, wanted["command"], wanted.get("index"))}
            ).encode()
        except FakeNvmlError as error:
            return json.dumps({"error": str(error)}).encode()
        except (KeyError, TypeError, AttributeError) as error:
            message = f"malformed control command: {error!r}"
            raise ValueError(message) from error


def _caller(writer: asyncio.StreamWriter) -> Caller:
    """Who is at the other end: root, or the user of this daemon, is privileged."""
    peer: socket.socket = writer.get_extra_info("socket")
    credentials = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    pid, uid, _ = struct.unpack("3i", credentials)
    return Caller(pid=pid, privileged=uid in (0, os.geteuid()))


def serve(machine: str, folder: Path) -> None:
    """Serve MACHINE from FOLDER in this process until a signal ends it.

    Raises:
        FakeNvmlError: the machine is unknown, the folder is in use or cannot be written, no compiler.
    """
    asyncio.run(Daemon(machine, folder).run())
