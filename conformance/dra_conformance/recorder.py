"""Writes ``log.jsonl`` while checks end: the one source of every report.

The log of a run is a line about the run, then one line per check that ended. A check that a plugin of the user ran
again (pytest-rerunfailures) counts with its last attempt; the log says how many there were.
"""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import msgspec
import pytest

from dra_conformance.outcome import PROPERTY
from dra_conformance.verdict import CheckResult

LOG = "log.jsonl"


class Watcher(Protocol):
    """Receives progress."""

    def planned(self, count: int) -> None:
        """COUNT checks will run."""

    def finished(self, result: CheckResult) -> None:
        """A check ended."""


class Silent:
    """Progress for scripts."""

    def planned(self, count: int) -> None:
        """Nothing."""

    def finished(self, result: CheckResult) -> None:
        """Nothing."""


@dataclass(slots=True, eq=False)  # hashable: pytest 9.0.0 keeps plugins in a set
class Recorder:
    """A pytest plugin that writes the log while checks end."""

    log: Path
    watcher: Watcher
    results: list[CheckResult] = field(default_factory=list)
    reruns: Counter[str] = field(default_factory=Counter)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Report the number of checks."""
        self.watcher.planned(len(session.items))

    def pytest_xdist_node_collection_finished(self, node: Any, ids: list[str]) -> None:
        """The same when the checks are in other processes."""
        self.watcher.planned(len(ids))

    @pytest.hookimpl(tryfirst=True)  # before JUnit reads the properties
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Write a finished check."""
        found = [str(value) for name, value in report.user_properties if name == PROPERTY]
        report.user_properties = [pair for pair in report.user_properties if pair[0] != PROPERTY]
        for text in found:
            result = msgspec.json.decode(text, type=CheckResult)
            if str(report.outcome) == "rerun":  # a word of pytest-rerunfailures
                self.reruns[result.name] += 1
                continue
            self.record(msgspec.structs.replace(result, reruns=self.reruns[result.name]))

    def record(self, result: CheckResult) -> None:
        """Add a result to the log."""
        self.results.append(result)
        append(self.log, {"type": "check", **msgspec.to_builtins(result)})
        self.watcher.finished(result)


def append(log: Path, row: dict[str, Any]) -> None:
    """Add a line to the log."""
    with log.open("ab") as stream:
        stream.write(msgspec.json.encode(row) + b"\n")
