"""Reports: from the log of a run to the files that people read, and to the exit code."""

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import msgspec
import pytest

from dra_conformance.errors import UsageError
from dra_conformance.report.build import exit_code, read_log
from dra_conformance.report.write import write_reports
from dra_conformance.verdict import CheckResult

HEAD = {
    "type": "run",
    "date": "2026-01-01",
    "covered": ["REG-001", "REG-003", "REG-005"],
    "subject": {"name": "n", "driver": "d", "command": ["x"], "features": [], "exemptions": []},
    "suite": {
        "name": "dra-conformance",
        "version": "0",
        "date": "2026-01-01",
        "seed": 0,
        "select": "",
        "tier": "node",
    },
    "environment": {
        "kubernetes": "1.37",
        "provider": "embedded",
        "machine": "",
        "python": "3",
        "kernel": "6",
    },
}


def result(outcome: Any, *ids: str, message: str = "") -> CheckResult:
    return CheckResult(name="t::x", requirements=ids, outcome=outcome, seconds=0.1, message=message)


def write_log(path: Path, *results: CheckResult, end: bool = True) -> Path:
    rows: list[Any] = [HEAD, {"type": "start", "time": 1.0}]
    rows += [{"type": "check", **msgspec.to_builtins(item)} for item in results]
    rows += [{"type": "end", "time": 2.5, "interrupted": False}] if end else []
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_reports_agree_and_name_every_requirement_once(tmp_path: Path) -> None:
    bad = result("violated", "REG-003", message="wanted <DRAPlugin>")
    log = write_log(tmp_path / "log.jsonl", result("passed", "REG-001"), bad)
    report, _ = write_reports(read_log(log), tmp_path)
    assert report == json.loads((tmp_path / "report.json").read_text())
    assert len({row["id"] for row in report["requirements"]}) == len(report["requirements"]) == 505
    assert report["summary"] == {"pass": 1, "fail": 1, "disabled": 1, "not-covered": 502}
    assert exit_code(report["summary"]) == 1
    suites = ET.fromstring((tmp_path / "junit.xml").read_text())
    [failure] = suites.iter("failure")
    assert failure.get("message") == "wanted <DRAPlugin>"
    page = (tmp_path / "report.html").read_text()
    assert "wanted &lt;DRAPlugin&gt;" in page
    assert "http://" not in page
    assert "https://" not in page


def test_a_log_without_an_end_is_an_interrupted_run(tmp_path: Path) -> None:
    log = write_log(tmp_path / "log.jsonl", result("passed", "REG-001"), end=False)
    assert read_log(log).interrupted


def test_a_file_that_is_no_log_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("nonsense")
    with pytest.raises(UsageError, match="is not the log of a run"):
        read_log(tmp_path / "x")


def test_a_run_with_blocked_checks_never_exits_with_0() -> None:
    assert exit_code({"pass": 200, "blocked": 1}) == 3
    assert exit_code({"pass": 200, "blocked": 1, "fail": 1}) == 1
