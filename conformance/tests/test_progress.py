"""What a run prints: every finding once, under its own verdict."""

import datetime
from typing import Any

from dra_conformance.catalogue import one
from dra_conformance.progress import findings_of
from dra_conformance.verdict import CheckResult, Judgement, judge


def judged(requirement_id: str, outcome: Any, message: str) -> Judgement:
    check = CheckResult(
        name="t::x", requirements=(requirement_id,), outcome=outcome, seconds=0.1, message=message
    )
    return judge(
        one(requirement_id),
        [check],
        covered=True,
        features=(),
        exemptions=(),
        today=datetime.date(2026, 1, 1),
    )


def test_a_must_is_never_listed_under_a_should_that_is_broken_by_the_same_thing() -> None:
    should, must = judged("REG-005", "violated", "no socket"), judged("REG-003", "violated", "no socket")
    assert (should.verdict, must.verdict) == ("non-strict", "fail")
    assert findings_of([should, must]) == [[must], [should]]


def test_as_many_findings_are_listed_as_are_counted() -> None:
    ids = ("REG-001", "REG-002", "REG-003", "REG-005")
    judgements = [judged(requirement_id, "violated", "the same") for requirement_id in ids]
    listed = [judgement for alike in findings_of(judgements) for judgement in alike]
    assert sorted(j.requirement.id for j in listed) == sorted(ids)


def test_the_worst_comes_first_and_what_passed_is_no_finding() -> None:
    found = [
        judged("REG-005", "violated", "a"),
        judged("REG-006", "error", "b"),
        judged("REG-003", "violated", "c"),
        judged("REG-001", "passed", ""),
    ]
    assert [alike[0].verdict for alike in findings_of(found)] == ["fail", "error", "non-strict"]
