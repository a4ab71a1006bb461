"""The report folder of a run that the user started with pytest: the same files that ``dra-conformance run`` writes."""

import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from dra_conformance.drivers.descriptor import Descriptor, load_descriptor
from dra_conformance.harness.driver_log import kept_logs
from dra_conformance.harness.factory import Environment
from dra_conformance.head import head_of
from dra_conformance.pytest_options import LOGS, OUTPUT, environment_of
from dra_conformance.recorder import LOG, Recorder, Silent, append
from dra_conformance.report.build import read_log
from dra_conformance.report.headline import headline
from dra_conformance.report.write import write_reports
from dra_conformance.verdict import CheckResult


@dataclass(slots=True, eq=False)
class FolderWriter(Recorder):
    """Writes log and reports once a check of the suite has ended; without one, e.g. in a vendor's own tests, nothing."""

    name: str = field(kw_only=True)
    descriptor: Descriptor = field(kw_only=True)
    environment: Environment = field(kw_only=True)
    profile: str = field(kw_only=True)
    select: str = field(kw_only=True)
    command: tuple[str, ...] = field(kw_only=True)
    started: float = field(default_factory=time.time)
    headline: str = ""

    def record(self, result: CheckResult) -> None:
        """Add a result to the log, which the first one begins."""
        if not self.results:
            self._begin()
        Recorder.record(self, result)

    def _begin(self) -> None:
        folder = self.log.parent
        folder.mkdir(parents=True, exist_ok=True)
        for path in kept_logs(folder / LOGS, self.descriptor.driver):
            if path.stat().st_mtime < self.started:  # of an earlier run, whose report is replaced too
                path.unlink()
        self.log.write_bytes(b"")
        append(
            self.log,
            head_of(
                self.name,
                self.environment,
                profile=self.profile,
                select=self.select,
                command=self.command,
            ),
        )
        append(self.log, {"type": "start", "time": self.started})

    def pytest_sessionfinish(self, exitstatus: int) -> None:
        """Write the reports."""
        if not self.results:
            return
        interrupted = exitstatus == pytest.ExitCode.INTERRUPTED
        append(self.log, {"type": "end", "time": time.time(), "interrupted": interrupted})
        report, _, _ = write_reports(read_log(self.log), self.log.parent)
        self.headline = headline(report)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say where the report is."""
        if self.headline:
            terminalreporter.section("dra-conformance")
            terminalreporter.write_line(self.headline)
            terminalreporter.write_line(f"report {self.log.parent / 'report.html'}")


def folder_writer(config: pytest.Config) -> FolderWriter:
    """The writer for a pytest session with a driver."""
    return FolderWriter(
        log=Path(config.getoption("--dra-output") or OUTPUT) / LOG,
        watcher=Silent(),
        name=config.getoption("--dra-driver"),
        descriptor=load_descriptor(config.getoption("--dra-driver")),
        environment=environment_of(config),
        profile=config.getoption("--dra-profile"),
        select=config.getoption("--dra-select"),
        command=("pytest", *map(str, config.invocation_params.args)),
    )
