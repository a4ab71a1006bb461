"""Reports: from the log of a run to the files that people read, and to the exit code."""

import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import msgspec
import pytest

from dra_conformance.catalogue import load_catalogue
from dra_conformance.errors import UsageError
from dra_conformance.report.build import faults, judgements_of, read_log
from dra_conformance.report.headline import headline
from dra_conformance.report.schema import OUTPUT
from dra_conformance.report.write import write_reports
from dra_conformance.verdict import CheckResult

HEAD = {
    "type": "run",
    "date": "2026-01-01",
    "profile": "core",
    "descriptor": "name: n\n",
    "covered": ["REG-001", "REG-003", "REG-005"],
    "subject": {"name": "n", "driver": "d", "digest": "", "command": ["x"], "features": [], "exemptions": []},
    "suite": {
        "name": "dra-conformance",
        "version": "0",
        "catalogue": "sha256:0",
        "command": ["dra-conformance", "run"],
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
    report, _, _ = write_reports(read_log(log), tmp_path)
    assert report == msgspec.json.decode((tmp_path / "report.json").read_bytes(), type=type(report))
    total = len(load_catalogue())
    assert len({row.id for row in report.requirements}) == len(report.requirements) == total
    assert report.summary == {"pass": 1, "fail": 1, "disabled": 1, "not-covered": total - 3}
    assert report.levels["SHOULD"]["disabled"] == 1
    assert headline(report).startswith("d is not conformant by profile core (1 of ")
    suites = ET.fromstring((tmp_path / "junit.xml").read_text())
    [failure] = suites.iter("failure")
    assert failure.get("message") == "wanted <DRAPlugin>"
    page = (tmp_path / "report.html").read_text()
    assert "wanted &lt;DRAPlugin&gt;" in page
    assert not re.findall(r"<(?:script|img|link|iframe)[^>]+(?:src|href)=|@import|url\(", page)


def test_a_log_without_an_end_is_an_interrupted_run(tmp_path: Path) -> None:
    log = write_log(tmp_path / "log.jsonl", result("passed", "REG-001"), end=False)
    assert read_log(log).interrupted


def test_a_file_that_is_no_log_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("nonsense")
    with pytest.raises(UsageError, match="is not the log of a run"):
        read_log(tmp_path / "x")


def test_one_observation_is_one_fault_to_which_the_others_refer(tmp_path: Path) -> None:
    both = result("violated", "REG-005", "REG-003", message="broken")
    other = result("violated", "REG-001", message="other")
    log = write_log(tmp_path / "log.jsonl", both, other)
    assert faults(judgements_of(read_log(log))) == {
        "REG-001": "REG-001",
        "REG-003": "REG-003",
        "REG-005": "REG-003",
    }
    report, _, _ = write_reports(read_log(log), tmp_path)
    rows = {row.id: row for row in report.requirements}
    assert (rows["REG-003"].same_as, rows["REG-005"].same_as) == ("", "REG-003")
    assert rows["REG-003"].checks == rows["REG-005"].checks
    assert len(report.checks) == 2


def test_the_report_is_what_its_schema_says(tmp_path: Path) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    log = write_log(tmp_path / "log.jsonl", result("passed", "REG-001"))
    write_reports(read_log(log), tmp_path)
    schema = json.loads(OUTPUT.read_bytes())
    jsonschema.validate(json.loads((tmp_path / "report.json").read_text()), schema)
    with pytest.raises(jsonschema.ValidationError, match="is a required property"):
        jsonschema.validate({}, schema)
