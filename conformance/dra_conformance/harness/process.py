"""Processes under test: the machine and the driver, started with the descriptor's arguments, ended by process id, never left behind."""

import contextlib
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from dra_clusters.guard import ProcessGuard
from dra_conformance.drivers.descriptor import Descriptor
from dra_conformance.drivers.parts import Machine, Variant
from dra_conformance.drivers.programs import find_program
from dra_conformance.errors import HarnessError, UsageError
from dra_conformance.harness.evidence import Evidence
from dra_conformance.harness.log_file import LogFile
from dra_conformance.harness.patience import Patience

TRIM_S = 0.5
"""How often logs are looked at; a flood writes less than a gigabyte in that time."""
POLL_S = 0.005
MARK = "DRA_CONFORMANCE_PROCESS"
"""The variable by which children of a driver are found that have left its process group; the path of its log."""
ROUNDS = 100
USAGE_ERROR = 2
"""Exit code of a machine command that was called with something it does not know."""


@cache
def guard() -> ProcessGuard:
    """One for this process: it ends what still runs here when the suite itself is killed."""
    return ProcessGuard()


class Process:
    """A child with its log.

    Attributes:
        log: its standard output and error.
    """

    def __init__(self, argv: list[str], environment: Mapping[str, str], log: LogFile) -> None:
        self.log = log
        log.path.parent.mkdir(parents=True, exist_ok=True)  # a driver may have removed it
        with log.path.open("ab") as stream:
            try:
                self._child = subprocess.Popen(
                    [find_program(argv[0]), *argv[1:]],
                    stdin=subprocess.DEVNULL,
                    stdout=stream,
                    stderr=stream,
                    env={**os.environ, **environment, MARK: str(log.path)},
                    start_new_session=True,
                )
            except OSError as error:
                message = f"cannot start {argv[0]}: {error.strerror}"
                raise HarnessError(message) from error
        guard().add(self.pid)
        self._ended = threading.Event()
        threading.Thread(target=self._trim, daemon=True).start()

    def _trim(self) -> None:
        while not self._ended.wait(TRIM_S):
            self.log.trim()

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._child.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs; negative if a signal ended it."""
        if self._child.returncode is None and self._child.poll() is not None:
            self._forget()
        return self._child.returncode

    def _forget(self) -> None:
        """It has ended."""
        guard().discard(self.pid)
        self._ended.set()

    def signal(self, number: int) -> None:
        """Send a signal, if it still runs."""
        with contextlib.suppress(ProcessLookupError):
            self._child.send_signal(number)

    def wait(self, timeout_s: float) -> int | None:
        """Its exit code; None if it still runs after TIMEOUT_S."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._child.wait(timeout_s)
            self._forget()
        return self._child.returncode

    def end(self) -> None:
        """Kill it and everything that it started, in sessions of their own too."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._child.pid, signal.SIGKILL)
        self._child.wait()
        self._forget()
        for _ in range(ROUNDS):  # some may have been started meanwhile
            if not (left := marked(str(self.log.path))):
                break
            for pid in left:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, signal.SIGKILL)

    def log_text(self) -> str:
        """The end of its log."""
        return self.log.text()


def marked(mark: str) -> list[int]:
    """The processes that run and were started with MARK in their environment, which children inherit."""
    wanted = f"{MARK}={mark}".encode()
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if wanted in process.joinpath("environ").read_bytes().split(b"\0"):
                found.append(int(process.name))
        except OSError:  # gone meanwhile, or not ours to see
            continue
    return found


def start_machine(
    machine: Machine, places: Mapping[str, str], log: LogFile, timeout_s: float = 60
) -> Process:
    """The machine, ready.

    Raises:
        UsageError: its command exits with 2, e.g. because it does not know the machine.
        HarnessError: it does not get ready.
    """
    process = Process([argument.format_map(places) for argument in machine.command], {}, log)
    ready, deadline = Path(machine.ready.format_map(places)), time.monotonic() + timeout_s
    while not ready.exists():
        if process.exit_code is not None or time.monotonic() > deadline:
            state = "still runs" if process.exit_code is None else f"exited with {process.exit_code}"
            process.end()
            kind = UsageError if process.exit_code == USAGE_ERROR else HarnessError
            message = f"machine {places['machine']!r} is not ready: {machine.command[0]} {state}: {process.log_text().strip()[-2000:]}"
            raise kind(message)
        time.sleep(POLL_S)
    return process


def free_address() -> str:
    """A loopback address that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        host, port = probe.getsockname()
        return f"{host}:{port}"


class DriverProcess:
    """The driver under test; may be started many times, one at a time.

    Attributes:
        places: {placeholder: value} of its node.
    """

    def __init__(
        self,
        descriptor: Descriptor,
        places: Mapping[str, str],
        log: LogFile,
        evidence: Evidence,
        patience: Patience,
        *,
        rolling: bool = False,
    ) -> None:
        self._rolling = rolling
        self._descriptor = descriptor
        self.places = places
        self._log = log
        self._evidence = evidence
        self._patience = patience
        self._process: Process | None = None

    @property
    def running(self) -> bool:
        """Whether it runs."""
        return self._process is not None and self._process.exit_code is None

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._alive().pid

    @property
    def exit_code(self) -> int | None:
        """Of the last start; None while it runs."""
        return self._process.exit_code if self._process else None

    def _alive(self) -> Process:
        if self._process is None:
            message = "the driver was not started"
            raise HarnessError(message)
        return self._process

    def start(self, *, prefix: Sequence[str] = (), variant: Variant | None = None) -> None:
        """Start it; returns at once. PREFIX is a command that runs it, e.g. in a namespace; VARIANT another way to start.

        One that still runs, because it did not stop when it was asked to, is killed before, as by its supervisor.
        """
        if self.running:
            self.kill()
        for name in (
            "registry_dir",
            "plugins_dir",
            "cdi_dir",
        ):  # a driver may have removed what is the node's
            Path(self.places[name]).mkdir(parents=True, exist_ok=True)
        start = self._descriptor.start
        other = variant or Variant()
        command = [*(other.command or start.command), *(start.rolling if self._rolling else [])]
        command += other.arguments
        argv = [argument.format_map(self.places) for argument in command]
        argv = [*prefix, find_program(argv[0]), *argv[1:]] if prefix else argv
        variables = start.environment | other.environment
        environment = {name: value.format_map(self.places) for name, value in variables.items()}
        self._process = Process(argv, environment, self._log)
        self._evidence.add("process", "started the driver", command=" ".join(argv), pid=self._process.pid)

    def kill(self) -> None:
        """SIGKILL, as a crash or the kernel's memory killer."""
        self._alive().signal(signal.SIGKILL)
        self._alive().wait(self._descriptor.budgets.stop_seconds)
        self._evidence.add("process", "killed the driver (SIGKILL)")

    def terminate(self) -> int | None:
        """SIGTERM; its exit code, None if it did not end within the budget."""
        self._alive().signal(signal.SIGTERM)
        code = self._alive().wait(self._patience.limit_s("SIGTERM", self._descriptor.budgets.stop_seconds))
        if code is None:
            self._patience.was_in_vain("SIGTERM")
        self._evidence.add("process", "asked the driver to stop (SIGTERM)", exit_code=code)
        return code

    def signal(self, number: int) -> None:
        """Send a signal and go on."""
        self._alive().signal(number)
        self._evidence.add("process", f"sent signal {number}")

    def wait(self, timeout_s: float) -> int | None:
        """Its exit code; None if it still runs after TIMEOUT_S."""
        return self._alive().wait(timeout_s)

    def log_text(self, since: int = 0) -> str:
        """What it has logged over all starts, or after it had logged SINCE bytes; of much, the end."""
        return self._log.text(since)

    def log_beginning(self) -> str:
        """The beginning of its log over all starts."""
        return self._log.beginning()

    def log_size(self) -> int:
        """How many bytes it has logged over all starts."""
        return self._log.size()

    def end(self) -> None:
        """Leave nothing running."""
        if self._process is not None:
            self._process.end()
