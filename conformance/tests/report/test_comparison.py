"""What changed since an earlier run."""

from pathlib import Path
from typing import Any

import pytest

from dra_conformance.errors import UsageError
from dra_conformance.report.comparison import compare, direction, read


def report(kubernetes: str = "1.37", **verdicts: str) -> dict[str, Any]:
    return {
        "subject": {"driver": "x.example.com", "features": []},
        "suite": {"date": "2026-01-01", "version": "1", "catalogue": "a", "select": "", "tier": "node"},
        "environment": {"kubernetes": kubernetes, "machine": ""},
        "requirements": [
            {"id": name, "level": "MUST", "statement": "s", "verdict": verdict, "reason": ""}
            for name, verdict in verdicts.items()
        ],
    }


def test_what_became_worse_comes_first_and_what_stayed_is_left_out() -> None:
    found = compare(
        report(A="pass", B="fail", C="pass", D="disabled"), report(A="pass", B="pass", C="fail", D="pass")
    )
    assert [(one.id, one.direction) for one in found.changes] == [
        ("C", "worse"),
        ("B", "better"),
        ("D", "other"),
    ]
    assert found.counts() == "1 worse, 1 better, 1 other"
    assert found.differs == []


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("fail", "non-strict", "better"),
        ("pass", "non-strict", "worse"),
        ("not-covered", "fail", "worse"),
        ("fail", "not-applicable", "other"),
        ("not-covered", "pass", "other"),
    ],
)
def test_directions(before: str, after: str, expected: str) -> None:
    assert direction(before, after) == expected


def test_other_surroundings_are_said() -> None:
    assert compare(report("1.34"), report("1.37")).differs == ["kubernetes 1.34, now 1.37"]


def test_a_requirement_that_the_earlier_run_did_not_know_counts_as_not_covered() -> None:
    [change] = compare(report(), report(A="fail")).changes
    assert (change.before, change.direction) == ("not-covered", "worse")


def test_what_is_no_report_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--compare .*nothing: wanted report.json"):
        read(tmp_path / "nothing")
    (tmp_path / "report.json").write_text('{"schema": "other"}')
    with pytest.raises(UsageError, match="schema is 'other'"):
        read(tmp_path)
