"""One run: pytest over the suite in this process; every result is written to ``log.jsonl``.

pytest runs without the user's configuration and plugins, so that the same command judges the same way everywhere.
"""

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any, Protocol

import msgspec
import pytest

from dra_conformance.covered import SUITE
from dra_conformance.errors import HarnessError
from dra_conformance.plugin import PROPERTY
from dra_conformance.verdict import CheckResult


class Watcher(Protocol):
    """Receives progress."""

    def planned(self, count: int) -> None:
        """COUNT checks will run."""

    def finished(self, result: CheckResult) -> None:
        """A check ended."""


@dataclass(slots=True, eq=False)  # hashable: pytest 9.0.0 keeps plugins in a set
class Recorder:
    """A pytest plugin that writes the log while checks end."""

    log: Path
    watcher: Watcher
    results: list[CheckResult] = field(default_factory=list)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Report the number of checks."""
        self.watcher.planned(len(session.items))

    def pytest_xdist_node_collection_finished(self, node: Any, ids: list[str]) -> None:
        """The same when the checks are in other processes."""
        self.watcher.planned(len(ids))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Write a finished check."""
        for name, value in report.user_properties:
            if name == PROPERTY:
                result = msgspec.json.decode(str(value), type=CheckResult)
                self.results.append(result)
                append(self.log, {"type": "check", **msgspec.to_builtins(result)})
                self.watcher.finished(result)
        report.user_properties = [pair for pair in report.user_properties if pair[0] != PROPERTY]


def append(log: Path, row: dict[str, Any]) -> None:
    """Add a line to the log."""
    with log.open("ab") as stream:
        stream.write(msgspec.json.encode(row) + b"\n")


@contextlib.contextmanager
def isolated_pytest() -> Iterator[None]:
    """No plugins of the environment, and SIGTERM and SIGHUP as Ctrl-C."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    names = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": "", "PYTEST_PLUGINS": ""}
    before = {name: os.environ.get(name) for name in names}
    ends = [n for n in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(n) is not signal.SIG_IGN]
    handlers = {number: signal.signal(number, interrupt) for number in ends}
    os.environ.update(names)
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


BARE = [
    "-p",
    "no:terminal",
    "-p",
    "no:cacheprovider",
    "-p",
    "no:logging",
    "--import-mode=importlib",
    "--assert=plain",
    "-c",
    os.devnull,
]


def run_checks(arguments: list[str], *, workers: int, recorder: Recorder) -> bool:
    """Run the checks; whether the run was interrupted.

    Raises:
        HarnessError: pytest itself failed.
    """
    command = [*BARE, "-p", "dra_conformance.plugin", "-p", "xdist.plugin", f"--rootdir={SUITE}"]
    command += [*(["-n", str(workers), "--dist=worksteal"] if workers > 1 else []), *arguments, str(SUITE)]
    append(recorder.log, {"type": "start", "time": time.time()})
    with isolated_pytest():
        code = pytest.main(command, plugins=[recorder])
    interrupted = code == pytest.ExitCode.INTERRUPTED
    append(recorder.log, {"type": "end", "time": time.time(), "interrupted": interrupted})
    if code in (pytest.ExitCode.INTERNAL_ERROR, pytest.ExitCode.USAGE_ERROR):
        message = f"the suite itself failed (pytest: {pytest.ExitCode(code).name})"
        raise HarnessError(message)
    return interrupted
