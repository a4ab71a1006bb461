"""One run: pytest over the suite in this process, everything that it tells into ``log.jsonl``.

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

from dra_conformance.catalogue.marks import marks_of
from dra_conformance.errors import HarnessError
from dra_conformance.plugin import PROPERTY
from dra_conformance.verdict import CheckResult

SUITE = Path(__file__).parent / "suite"


class Watcher(Protocol):
    """Who is told of progress."""

    def planned(self, count: int) -> None:
        """COUNT checks will run."""

    def finished(self, result: CheckResult) -> None:
        """A check ended."""


@dataclass(slots=True)
class Recorder:
    """A pytest plugin that writes the log while checks end.

    Attributes:
        covered: the ids that any check of the suite proves, selected or not.
    """

    log: Path
    watcher: Watcher
    covered: set[str] = field(default_factory=set)
    results: list[CheckResult] = field(default_factory=list)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Tell how much there is to do."""
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
def isolated() -> Iterator[None]:
    """No plugins of the environment, and SIGTERM as Ctrl-C."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    names = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": "", "PYTEST_PLUGINS": ""}
    before = {name: os.environ.get(name) for name in names}
    handler = signal.signal(signal.SIGTERM, interrupt)
    os.environ.update(names)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, handler)
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


def covered_ids() -> set[str]:
    """The ids that the suite's checks prove."""
    found: set[str] = set()

    class Collector:
        def pytest_collection_finish(self, session: pytest.Session) -> None:
            for item in session.items:
                found.update(marks_of(item)[0])

    words = [*BARE, "-p", "dra_conformance.plugin", "--collect-only", f"--rootdir={SUITE}", str(SUITE)]
    with isolated():
        code = pytest.main(words, plugins=[Collector()])
    if code not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        message = f"the suite's checks cannot be collected (pytest: {code})"
        raise HarnessError(message)
    return found


def run_checks(words: list[str], *, workers: int, recorder: Recorder) -> bool:
    """Run the checks; whether the run was interrupted.

    Raises:
        HarnessError: pytest itself failed.
    """
    command = [*BARE, "-p", "dra_conformance.plugin", "-p", "xdist.plugin", f"--rootdir={SUITE}"]
    command += [*(["-n", str(workers), "--dist=worksteal"] if workers > 1 else []), *words, str(SUITE)]
    append(recorder.log, {"type": "start", "time": time.time()})
    with isolated():
        code = pytest.main(command, plugins=[recorder])
    interrupted = code == pytest.ExitCode.INTERRUPTED
    append(recorder.log, {"type": "end", "time": time.time(), "interrupted": interrupted})
    if code in (pytest.ExitCode.INTERNAL_ERROR, pytest.ExitCode.USAGE_ERROR):
        message = f"the suite itself failed (pytest: {pytest.ExitCode(code).name})"
        raise HarnessError(message)
    return interrupted
