"""A run that goes on where an earlier one was interrupted."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from dra_conformance.errors import UsageError
from dra_conformance.resuming import names, parts, settled

HEAD: dict[str, Any] = {
    "type": "run",
    "descriptor": "d",
    "environment": {"kubernetes": "1.37"},
    "subject": {"driver": "x"},
    "covered": ["REG-003"],
    "suite": {"version": "1", "catalogue": "c", "seed": 0, "select": "", "tier": "node", "date": "today"},
}


def check(name: str, outcome: str) -> dict[str, Any]:
    return {"type": "check", "name": name, "outcome": outcome}


def test_what_was_settled_counts_and_the_rest_runs_again() -> None:
    outcomes = ("passed", "violated", "not-applicable", "blocked", "error")
    rows = [HEAD, *(check(outcome, outcome) for outcome in outcomes)]
    assert names(settled(rows, HEAD)) == ["passed", "violated", "not-applicable"]


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"descriptor": "other"}, "descriptor"),
        ({"environment": {"kubernetes": "1.34"}}, "environment"),
        ({"suite": HEAD["suite"] | {"seed": 7}}, "seed"),
    ],
)
def test_verdicts_of_two_different_runs_are_never_mixed(change: dict[str, Any], word: str) -> None:
    with pytest.raises(UsageError, match=f"has another {word}; leave --resume out"):
        settled([HEAD], HEAD | change)
    assert settled([HEAD], HEAD | {"suite": HEAD["suite"] | {"date": "tomorrow"}}) == []


def test_there_must_be_a_run_to_resume() -> None:
    with pytest.raises(UsageError, match="there is no run to resume"):
        settled([], HEAD)


def test_a_part_that_was_killed_has_no_length() -> None:
    start, end = {"type": "start", "time": 1}, {"type": "end", "time": 2}
    assert parts([start, start, end, start]) == [start, end]
    assert parts([start]) == []


@pytest.mark.slow
def test_a_resumed_run_does_only_what_is_missing(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "dra_conformance",
        "run",
        "control",
        "--select",
        "REG-003,REG-007",
        "-n",
        "1",
    ]

    def run(*more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*command, *more], capture_output=True, text=True, cwd=tmp_path, timeout=300, check=False
        )

    assert "there is no run to resume" in run("--resume").stderr
    assert run().returncode == 0
    log = tmp_path / "dra-report" / "log.jsonl"
    rows = [json.loads(line) for line in log.read_text().splitlines()]
    first = next(row for row in rows if row["type"] == "check")
    log.write_text(
        "".join(json.dumps(row) + "\n" for row in rows[:3])
    )  # head, start, one check: then it was killed
    assert run("--resume").returncode == 0
    after = [json.loads(line) for line in log.read_text().splitlines()]
    checks = [row for row in after if row["type"] == "check"]
    assert checks[0] == first
    assert (
        len(checks)
        == len({row["name"] for row in checks})
        == len([row for row in rows if row["type"] == "check"])
    )
    report = json.loads((tmp_path / "dra-report" / "report.json").read_text())
    assert report["summary"]["pass"] == 2
    assert not report["suite"]["interrupted"]
