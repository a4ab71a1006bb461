"""Processes under test: the machine and the driver, started with the descriptor's arguments, ended by process id, never left behind."""

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from dra_clusters.guard import ProcessGuard
from dra_conformance.drivers.descriptor import Descriptor, Machine
from dra_conformance.drivers.parts import Variant
from dra_conformance.drivers.programs import find_program
from dra_conformance.errors import HarnessError, UsageError
from dra_conformance.harness.evidence import Evidence
from dra_conformance.harness.patience import Patience

LOG_MAX = 1 << 20
POLL_S = 0.005
USAGE_ERROR = 2
"""Exit code of a machine command that was called with something it does not know."""


@cache
def guard() -> ProcessGuard:
    """One for this process: it ends what still runs here when the suite itself is killed."""
    return ProcessGuard()


class Process:
    """A child with its log.

    Attributes:
        log: file with its standard output and error.
    """

    def __init__(self, argv: list[str], environment: Mapping[str, str], log: Path) -> None:
        self.log = log
        with log.open("ab") as stream:
            try:
                self._child = subprocess.Popen(
                    [find_program(argv[0]), *argv[1:]],
                    stdin=subprocess.DEVNULL,
                    stdout=stream,
                    stderr=stream,
                    env={**os.environ, **environment},
                    start_new_session=True,
                )
            except OSError as error:
                message = f"cannot start {argv[0]}: {error.strerror}"
                raise HarnessError(message) from error
        guard().add(self.pid)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._child.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs; negative if a signal ended it."""
        if self._child.returncode is None and self._child.poll() is not None:
            guard().discard(self.pid)
        return self._child.returncode

    def signal(self, number: int) -> None:
        """Send a signal, if it still runs."""
        with contextlib.suppress(ProcessLookupError):
            self._child.send_signal(number)

    def wait(self, timeout_s: float) -> int | None:
        """Its exit code; None if it still runs after TIMEOUT_S."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._child.wait(timeout_s)
            guard().discard(self.pid)
        return self._child.returncode

    def end(self) -> None:
        """Kill it and everything that it started."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._child.pid, signal.SIGKILL)
        self._child.wait()
        guard().discard(self.pid)

    def log_text(self) -> str:
        """The end of its log."""
        raw = self.log.read_bytes()
        return raw[-LOG_MAX:].decode(errors="replace")


def start_machine(machine: Machine, places: Mapping[str, str], log: Path, timeout_s: float = 60) -> Process:
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
        log: Path,
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

    def log_text(self) -> str:
        """The end of its log over all starts."""
        return self._process.log_text() if self._process else ""

    def log_size(self) -> int:
        """How many bytes it has logged over all starts."""
        return self._log.stat().st_size if self._log.exists() else 0

    def end(self) -> None:
        """Leave nothing running."""
        if self._process is not None:
            self._process.end()
