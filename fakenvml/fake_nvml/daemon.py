"""The node daemon: one process per fake node, the only writer of DIR/answers, the only reader of DIR/driver.sock.

It holds DIR/lock while it lives, so that two never serve one folder. DIR/ready appears last at start and vanishes
first at the end. On SIGTERM and SIGINT it removes its files, except state.json: the node's state outlives it.
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

from fake_nvml import build, control, driver_root, fabric_wire, wire
from fake_nvml.abi import table
from fake_nvml.abi.codes import Code
from fake_nvml.answers import Answers, retire
from fake_nvml.calls import visibility
from fake_nvml.calls.dispatch import Pending, perform, success
from fake_nvml.calls.operational_events import wanted_by
from fake_nvml.calls.registry import Caller
from fake_nvml.device_memory.channels import channels_of
from fake_nvml.device_memory.results import WorkError
from fake_nvml.device_memory.sharing import Fabric
from fake_nvml.driver_root import node_dev
from fake_nvml.errors import EnvironmentFault, FakeNvmlError
from fake_nvml.faults import Faults, gpu_of
from fake_nvml.machines import Board, Machine
from fake_nvml.publisher import Publisher
from fake_nvml.saved import load_node, save_node
from fake_nvml.workload import Client

log = logging.getLogger(__name__)
REQUEST_TIMEOUT_S = 10
FOREVER_MS = 0xFFFFFFFF


def _claim_folder(folder: Path) -> int:
    """Lock FOLDER for this daemon; returns the handle that holds the lock."""
    try:
        folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        handle = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        message = f"cannot use folder {folder}: {error.strerror}; give a writable one with --dir"
        raise EnvironmentFault(message) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(handle)
        message = f"another node daemon serves {folder}; stop it or give another folder with --dir"
        raise EnvironmentFault(message) from error
    return handle


class Daemon:
    """Serves one node from FOLDER until a signal stops it.

    Args:
        root: where a driver root is to be kept, if anywhere.
        dev: the node's ``/dev``, which gets the device nodes of the driver root too, if any.
        isolates: whether a process sees only the GPUs whose device nodes it can see.
        follows_stdin: whether the end of standard input ends it.
    """

    def __init__(
        self,
        machine: Machine,
        board: Board,
        folder: Path,
        *,
        root: Path | None = None,
        dev: Path | None = None,
        isolates: bool = False,
        follows_stdin: bool = False,
    ) -> None:
        self._follows_stdin = follows_stdin
        self._folder = folder
        self._root, self._dev = root, dev
        self._isolates = isolates
        libraries = build.libraries()
        self._lock = _claim_folder(folder)
        self._node = load_node(machine, board, folder / "state.json")
        self._fabric = Fabric(folder)
        self._faults = Faults()
        self._waiters: dict[int, list[asyncio.Future[None]]] = {}
        self._connections: set[asyncio.Task[None]] = set()
        self._answers = Answers(folder / "answers")
        self._publisher = Publisher(self._node, self._answers)
        self._guard()
        self._link(libraries)
        if root:
            driver_root.make(root, self._node, libraries)
        if root and dev:
            node_dev.check(dev)
            node_dev.mirror(root / "dev", dev)

    def _link(self, libraries: dict[str, Path]) -> None:
        """Put the libraries where LD_LIBRARY_PATH and programs that link by version find them."""
        target = self._folder / "lib"
        target.mkdir(mode=0o755, exist_ok=True)
        for name, path in libraries.items():
            stem = name.removesuffix(".1")
            for link in (name, f"{stem}.{self._node.machine.driver.version}"):
                (target / link).unlink(missing_ok=True)
                (target / link).symlink_to(path)

    async def run(self) -> None:
        """Serve until SIGTERM, SIGINT or SIGHUP, or the end of the process that holds the other end of standard input."""
        stop, loop = asyncio.Event(), asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            if signal.getsignal(number) is not signal.SIG_IGN:  # nohup ignores SIGHUP
                loop.add_signal_handler(number, stop.set)
        if self._follows_stdin:
            loop.add_reader(0, stop.set)  # nothing is written there: readable means that it was closed
        path = self._folder / "driver.sock"
        path.unlink(missing_ok=True)
        server = await asyncio.start_unix_server(self._serve, path, limit=wire.FRAME_MAX, backlog=512)
        path.chmod(0o666)  # as /dev/nvidiactl: every user can call, SO_PEERCRED identifies the caller
        self._answers.publish()
        (self._folder / "ready").write_text(f"{os.getpid()}\n")
        log.info("serving %s in %s", self._node.machine.seed, self._folder)
        try:
            await stop.wait()
        finally:
            retire(self._folder / "answers")
            for name in ("ready", "answers", "driver.sock"):
                (self._folder / name).unlink(missing_ok=True)
            server.close()
            for task in self._connections:
                task.cancel()
            await asyncio.gather(*self._connections, return_exceptions=True)
            if self._root and self._dev:
                node_dev.clear(self._root / "dev", self._dev)
            save_node(self._node, self._folder / "state.json")
            self._answers.close()
            os.close(self._lock)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection: one call or control command, or a workload for as long as its process lives."""
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            async with asyncio.timeout(REQUEST_TIMEOUT_S):
                head = wire.read_head(await reader.readexactly(wire.HEAD.size), len(table.by_id()))
                body = await reader.readexactly(head.length)
            if head.magic == wire.WORK:
                await self._work(head, body, reader, writer)
                return
            if head.magic == wire.FABRIC:
                await self._share(reader, writer)
                return
            answer = await self._answer(head, body, _caller(writer), reader)
            if answer:
                writer.write(answer)
                await writer.drain()
        except FakeNvmlError as error:  # nothing can be published: the folder is full
            log.error("%s", error)
        except (ValueError, TimeoutError, EOFError, OSError) as error:
            log.warning("refused a request: %s", str(error) or type(error).__name__)
        finally:
            self._connections.discard(task)
            writer.close()

    def _guard(self) -> None:
        """Mark the calls that must come to the daemon although an answer is published."""
        isolated = visibility.entries() if self._isolates else set()
        self._answers.guard(self._faults.entries() | isolated)

    def _settle(self) -> None:
        """Publish what changed and deliver what happened: before the answer to the call that caused it."""
        node = self._node
        if node.touched:
            self._publisher.refresh()
            if self._root:
                driver_root.refresh(self._root, node)
            if self._root and self._dev:
                node_dev.mirror(self._root / "dev", self._dev)
            save_node(node, self._folder / "state.json")
        for event in node.happened:
            for number, known in node.sets.items():
                if wanted := wanted_by(known, event):
                    known.queue.extend(wanted)
                    for waiter in self._waiters.pop(number, []):
                        if not waiter.done():
                            waiter.set_result(None)
        node.happened.clear()

    async def _answer(
        self, head: wire.Head, body: bytes, caller: Caller, reader: asyncio.StreamReader
    ) -> bytes | None:
        """The frame to send back; None if the client went away while it waited."""
        if head.magic == wire.CONTROL:
            frame = wire.control_reply(self._control(body, caller))
            self._guard()
            self._settle()
            return frame
        function = table.by_id()[head.entry]
        code, delay_ms = self._faults.strike(function.name, caller.pid, gpu_of(function, body))
        if delay_ms:
            await asyncio.sleep(delay_ms / 1000)
        if code is not None or not function.params:
            return wire.reply(struct.pack("<I", code or Code.SUCCESS))
        if self._isolates and function.name in visibility.FUNCTIONS:
            view = visibility.view_of(caller.pid)
            return wire.reply(visibility.perform_in_view(view, self._node, caller, function, body))
        answer = perform(self._node, caller, function, body)
        self._settle()
        if isinstance(answer, Pending):
            waited = await self._wait(answer, reader)
            return None if waited is None else wire.reply(waited)
        return wire.reply(answer)

    async def _wait(self, pending: Pending, reader: asyncio.StreamReader) -> bytes | None:
        """The next event of a set, or TIMEOUT; None if the client hung up."""
        loop, wait = asyncio.get_running_loop(), pending.wait
        deadline = None if wait.timeout_ms == FOREVER_MS else loop.time() + wait.timeout_ms / 1000
        hung_up = loop.create_task(reader.read(1))
        try:
            while wait.set in self._node.sets:
                queue = self._node.sets[wait.set].queue
                event = next((each for each in queue if wait.records or not each.record), None)
                if event is not None:
                    queue.remove(event)
                    return success(pending.function, pending.versions, wait.made(event))
                left = None if deadline is None else max(0.0, deadline - loop.time())
                if left == 0.0:
                    return struct.pack("<I", Code.TIMEOUT)
                arrived = loop.create_future()
                self._waiters.setdefault(wait.set, []).append(arrived)
                await asyncio.wait((arrived, hung_up), timeout=left, return_when=asyncio.FIRST_COMPLETED)
                if hung_up.done():
                    return None
            return struct.pack("<I", Code.INVALID_ARGUMENT)
        finally:
            hung_up.cancel()

    async def _work(
        self, head: wire.Head, body: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """A workload's connection."""
        caller = _caller(writer)
        client = Client(
            self._node,
            caller.pid,
            self._fabric,
            lambda: channels_of(caller.pid, caller.uid, self._root),
            view=visibility.view_of(caller.pid) if self._isolates else None,
        )
        try:
            while True:
                try:
                    answer = struct.pack("<I", 0) + await client.perform(head.entry, body)
                except WorkError as error:
                    answer = struct.pack("<I", error.code)
                except (struct.error, OverflowError) as error:
                    message = f"workload request {head.entry}: {error}"
                    raise ValueError(message) from error
                self._settle()
                writer.write(wire.reply(answer))
                await writer.drain()
                head = wire.read_head(await reader.readexactly(wire.HEAD.size), len(table.by_id()))
                body = await reader.readexactly(head.length)
        except asyncio.IncompleteReadError as error:
            if error.partial:
                raise
        finally:
            client.close()
            self._settle()

    async def _share(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """A question of this node's nvidia-imex for another node.

        Raises:
            ValueError: it comes from a process that may not change this node, or is none.
        """
        if not _caller(writer).privileged:
            message = (
                "shared memory is only given to an nvidia-imex of root or of the user of fake-nvml serve"
            )
            raise ValueError(message)
        async with asyncio.timeout(REQUEST_TIMEOUT_S):
            await fabric_wire.send(writer, *self._fabric.answer(*await fabric_wire.receive(reader)))

    def _control(self, body: bytes, caller: Caller) -> bytes:
        try:
            wanted = json.loads(body)
            if not caller.privileged:
                return json.dumps(
                    {
                        "error": f"process {caller.pid} is not allowed to control this node; run as root or as the user of fake-nvml serve"
                    }
                ).encode()
            values = {str(name): str(value) for name, value in wanted.get("values", {}).items()}
            result = control.perform(self._node, self._faults, wanted["command"], wanted.get("index"), values)
            return json.dumps({"result": result}).encode()
        except FakeNvmlError as error:
            return json.dumps({"error": str(error)}).encode()
        except (KeyError, TypeError, AttributeError, ValueError, RecursionError) as error:
            message = f"malformed control command: {error!r}"
            raise ValueError(message) from error


def _caller(writer: asyncio.StreamWriter) -> Caller:
    """The process at the other end; root and the user of this daemon are privileged."""
    peer: socket.socket = writer.get_extra_info("socket")
    credentials = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    pid, uid, _ = struct.unpack("3i", credentials)
    return Caller(pid=pid, privileged=uid in (0, os.geteuid()), uid=uid)


def serve(
    machine: Machine,
    board: Board,
    folder: Path,
    *,
    root: Path | None = None,
    dev: Path | None = None,
    isolates: bool = False,
    follows_stdin: bool = False,
) -> None:
    """Serve MACHINE from FOLDER until a signal ends this process; see ``Daemon``.

    Raises:
        FakeNvmlError: the folder is in use, cannot be written or is full, no compiler.
    """
    try:
        daemon = Daemon(
            machine, board, folder, root=root, dev=dev, isolates=isolates, follows_stdin=follows_stdin
        )
        asyncio.run(daemon.run())
    except OSError as error:
        message = f"cannot write in {folder}: {error.strerror}; make room, or give another folder with --dir"
        raise EnvironmentFault(message) from error
