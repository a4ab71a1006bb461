"""What the suite's own test says of known-good and known-bad drivers."""

import pytest

from dra_conformance.controls.defects import DEFECTS
from dra_conformance.selftest import chosen, judge_control, judge_mutant


def test_a_sample_is_the_same_each_time_and_spread_over_all() -> None:
    every = list(DEFECTS.values())
    sample = chosen(every, 3)
    assert sample == chosen(every, 3)
    assert [every.index(defect) for defect in sample] == list(range(0, len(every), 3))
    assert chosen(every, 1) == every


@pytest.mark.parametrize(
    ("verdict", "killed"), [("fail", True), ("non-strict", True), ("pass", False), ("error", False)]
)
def test_a_known_bad_driver_is_caught_by_the_requirement_that_it_breaks(verdict: str, killed: bool) -> None:
    defect = next(iter(DEFECTS.values()))
    row = judge_mutant(defect, dict.fromkeys(defect.violates, verdict))
    assert row["killed"] is killed


def test_a_known_good_driver_passes_without_a_failure_or_an_error() -> None:
    assert judge_control({"A-1": "pass", "A-2": "not-applicable"})["passed"]
    assert judge_control({"A-1": "pass", "A-2": "error"})["wrong"] == ["A-2 error"]
    assert not judge_control({"A-1": "not-applicable"})["passed"]
