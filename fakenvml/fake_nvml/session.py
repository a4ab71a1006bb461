"""A node daemon as a child process for as long as a ``with`` block: for ``fake-nvml run``, for pytest, for benchmarks."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

from fake_nvml import control
from fake_nvml.errors import EnvironmentFault, UsageError


class SessionFactory(Protocol):
    """What the pytest fixture ``fake_nvml`` gives: makes a session, with a folder of the test's own by default."""

    def __call__(
        self,
        machine: str = "dgx-b200",
        folder: Path | None = None,
        *,
        node: int = 0,
        driver: str | None = None,
        driver_root: Path | None = None,
        isolate: bool = False,
        timeout_s: float = 60,
    ) -> "Session":
        """See ``Session``."""
        ...


class Session:
    """Serves MACHINE from FOLDER while the ``with`` block runs; ``environment`` makes a process its client.

    Args:
        machine: a name of ``fake-nvml list``, or the path of a machine file.
        folder: where the node keeps its files; a state that is already there is continued.
        node: the tray of a rack, from 0.
        driver: the driver version to report, e.g. 550.163.01; by default the machine's.
        driver_root: where to keep a driver root that follows the MIG instances.
        isolate: whether a process sees only the GPUs whose device nodes it can see.
        timeout_s: how long the daemon has to become ready; the first start compiles the library.
    """

    def __init__(
        self,
        machine: str,
        folder: Path,
        *,
        node: int = 0,
        driver: str | None = None,
        driver_root: Path | None = None,
        isolate: bool = False,
        timeout_s: float = 60,
    ) -> None:
        self.machine = machine
        self._options = ["--node", str(node)]
        self._options += ["--driver", driver] if driver else []
        self._options += ["--driver-root", str(driver_root)] if driver_root else []
        self._options += ["--isolate"] if isolate else []
        self.folder = folder
        self._timeout_s = timeout_s
        self._daemon: subprocess.Popen[str] | None = None

    @property
    def environment(self) -> Mapping[str, str]:
        """The process environment with the fake library first."""
        libraries = [str(self.folder / "lib"), os.environ.get("LD_LIBRARY_PATH", "")]
        return {
            **os.environ,
            "FAKE_NVML_DIR": str(self.folder),
            "LD_LIBRARY_PATH": ":".join(path for path in libraries if path),
        }

    def control(self, command: str, index: int | None = None, **values: object) -> Any:
        """Do something to the node, see ``fake_nvml.control``: ``node.control("xid", 3, code=79)``."""
        return control.send(self.folder, command, index, {name: str(value) for name, value in values.items()})

    def kill(self) -> None:
        """Let the daemon die at once, as from a crash; ``start`` brings it back with the state it had."""
        assert self._daemon is not None, "the session has not begun"
        self._daemon.kill()
        self._end()

    @property
    def pid(self) -> int:
        """The daemon's process id."""
        assert self._daemon is not None, "the session has not begun"
        return self._daemon.pid

    def _end(self) -> None:
        """Wait for the end of the daemon and close what it said."""
        assert self._daemon is not None
        self._daemon.wait()
        if self._daemon.stdin:
            self._daemon.stdin.close()
        if self._daemon.stderr and not self._daemon.stderr.closed:
            self._daemon.stderr.close()

    def __enter__(self) -> Self:
        """Start the daemon, see ``start``."""
        self.start()
        return self

    def start(self) -> None:
        """Start the daemon and wait until it is ready.

        Raises:
            UsageError, EnvironmentFault: it refused to serve; the text is its own.
        """
        command = [sys.executable, "-m", "fake_nvml.cli", "serve", "--machine", self.machine]
        self._daemon = subprocess.Popen(
            # the daemon ends with this process, however that ends: the kernel closes the pipe
            [*command, *self._options, "--dir", str(self.folder), "--quiet", "--follow-stdin"],
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            self._wait_until_ready(self._daemon)
        except BaseException:  # also a signal that ends this process: the daemon must not outlive it
            if self._daemon.poll() is None:
                self.__exit__(None, None, None)
            raise

    def _wait_until_ready(self, daemon: "subprocess.Popen[str]") -> None:
        deadline = time.monotonic() + self._timeout_s
        while not self._is_ready(daemon.pid):
            code = daemon.poll()
            if code is not None:
                assert daemon.stderr is not None
                text = daemon.stderr.read().strip().removeprefix("fake-nvml: ")
                self._end()
                raise (UsageError if code == UsageError.exit_code else EnvironmentFault)(text)
            if time.monotonic() > deadline:
                message = f"the node daemon was not ready after {self._timeout_s} s"
                raise EnvironmentFault(message)
            time.sleep(0.005)

    def _is_ready(self, pid: int) -> bool:
        """Whether this daemon is ready; the file may be an earlier one's."""
        try:
            return (self.folder / "ready").read_text().strip() == str(pid)
        except (FileNotFoundError, NotADirectoryError):
            return False

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the daemon."""
        assert self._daemon is not None
        self._daemon.terminate()
        try:
            self._daemon.wait(10)
        except subprocess.TimeoutExpired:
            self._daemon.kill()
        self._end()
