"""Serves trays of racks out of one process: modules are loaded once, and every tray is a fork of it with a daemon of its own.

The parent holds one end of a pipe that every tray has as standard input, so that all trays end when it does, however it ends.
Trays that died stay dead, as a machine without power does, until SIGUSR1, at which those that no fault holds down are started again.
"""

import contextlib
import gc
import logging
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Collection, Sequence
from pathlib import Path

from fake_nvml import build, daemon
from fake_nvml.errors import EnvironmentFault, FakeNvmlError
from fake_nvml.rack.records import read_faults, write_shape
from fake_nvml.rack.shape import Shape, folder_of

READY_S = 120.0
ENDS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
log = logging.getLogger(__name__)


def is_ready(folder: Path) -> bool:
    """Whether a tray, or all of them, is served from FOLDER by a process that lives."""
    try:
        os.kill(int((folder / "ready").read_text()), 0)
    except (OSError, ValueError):
        return False
    return True


class Trays:
    """The processes of the first COUNT trays of SHAPE, served below FOLDER."""

    def __init__(self, shape: Shape, folder: Path, count: int, *, roots: bool) -> None:
        self._shape, self._folder, self._roots = shape, folder, roots
        self._wanted = list(shape.trays())[:count]
        self._running: dict[int, tuple[int, int]] = {}
        self._life, self._alive = os.pipe()

    def start(self) -> None:
        """Start every tray that does not run and is not held down by a fault; returns when they are ready.

        Raises:
            EnvironmentFault: one of them ended, or is not ready in time.
        """
        running = set(self._running.values())
        started = [tray for tray in self._wanted if tray not in running and not self._is_down(tray)]
        for tray in started:
            self._fork(tray)
        deadline = time.monotonic() + READY_S
        while not all(is_ready(self._folder / folder_of(*tray)) for tray in started):
            self.reap()
            if not set(started) <= set(self._running.values()) or time.monotonic() > deadline:
                message = f"the trays in {self._folder} are not ready; the lines above say why"
                raise EnvironmentFault(message)
            time.sleep(0.01)

    def reap(self) -> None:
        """Take note of trays that ended."""
        with contextlib.suppress(ChildProcessError):
            while True:
                pid, _ = os.waitpid(-1, os.WNOHANG)
                if pid == 0:
                    return
                self._running.pop(pid, None)

    def stop(self) -> None:
        """End all of them and wait."""
        for pid in self._running:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
        for pid in list(self._running):
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, 0)

    def _is_down(self, tray: tuple[int, int]) -> bool:
        rack, node = tray
        return any(fault.kind == "node" and fault.node == node for fault in read_faults(self._folder, rack))

    def _fork(self, tray: tuple[int, int]) -> None:
        pid = os.fork()
        if pid:
            self._running[pid] = tray
            return
        code = 1
        try:
            os.close(self._alive)
            os.dup2(self._life, 0)
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGUSR1, signal.SIG_DFL)
            for number in ENDS:
                signal.signal(number, signal.SIG_DFL)
            folder = self._folder / folder_of(*tray)
            root = folder / "root" if self._roots else None
            daemon.serve(self._shape.tray(*tray), self._shape.board, folder, root=root, follows_stdin=True)
            code = 0
        except FakeNvmlError as error:
            sys.stderr.write(f"fake-nvml: {error}\n")
        finally:
            sys.stderr.flush()
            os._exit(code)  # what the parent wants done at its end is not to be done by a fork of it


def serve(shape: Shape, folder: Path, count: int, *, roots: bool, follows_stdin: bool) -> None:
    """Serve the first COUNT trays of SHAPE below FOLDER until a signal ends this process.

    Raises:
        FakeNvmlError: a tray cannot be served.
    """
    folder.mkdir(parents=True, exist_ok=True)
    write_shape(folder, shape)
    build.libraries()  # once, and not in every tray
    wake, woken = socket.socketpair()
    for end in (wake, woken):
        end.setblocking(False)
    signal.set_wakeup_fd(woken.fileno(), warn_on_full_buffer=False)
    for number in (*ENDS, signal.SIGUSR1, signal.SIGCHLD):
        signal.signal(number, lambda *_: None)
    gc.freeze()  # what is loaded by now is shared with the trays
    trays = Trays(shape, folder, count, roots=roots)
    ready = folder / "ready"
    try:
        trays.start()
        ready.write_text(f"{os.getpid()}\n")
        log.info("serving %d trays in %s", count, folder)
        _wait(trays, wake, [0] if follows_stdin else [])
    finally:
        ready.unlink(missing_ok=True)
        trays.stop()


def _wait(trays: Trays, wake: socket.socket, others: Sequence[int]) -> None:
    """Return at a signal that ends this process, or when one of OTHERS is closed."""
    while True:
        readable, _, _ = select.select([wake.fileno(), *others], [], [])
        signals: Collection[int] = wake.recv(64) if wake.fileno() in readable else b""
        if set(signals) & set(ENDS) or set(readable) & set(others):
            return
        trays.reap()
        if signal.SIGUSR1 in signals:
            trays.start()
