"""Measurements of a run: there are none without a check."""

from typing import Any

import pytest

from dra_conformance.bench import suite_measures
from dra_conformance.errors import HarnessError


def test_a_run_without_a_check_has_nothing_to_measure() -> None:
    rows: list[dict[str, Any]] = [
        {"type": "run"},
        {"type": "start", "time": 1.0},
        {"type": "end", "time": 1.5},
    ]
    with pytest.raises(HarnessError, match="the default run of mine ended without a check"):
        suite_measures("mine", 500.0, rows)


def test_the_checks_of_a_run_are_measured() -> None:
    rows = [{"type": "check", "seconds": 0.2}, {"type": "check", "seconds": 0.4}]
    names = [row["name"] for row in suite_measures("mine", 500.0, rows)]
    assert names == ["run_wall", "check_mean", "check_median"]
