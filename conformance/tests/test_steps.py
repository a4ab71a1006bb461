"""Steps of a check for people."""

from typing import Any

from dra_conformance.catalogue import one
from dra_conformance.finding import finding
from dra_conformance.steps import folded, sentence
from dra_conformance.verdict import CheckResult, Judgement


def step(at: float, what: str, **details: Any) -> dict[str, Any]:
    return {"at": at, "kind": "api", "what": what, **details}


def test_repeated_polls_are_one_step_with_their_number() -> None:
    steps = [step(0, "GET a"), step(1, "GET a"), step(2, "GET b"), step(3, "GET a")]
    assert [(s["what"], s["at"], s.get("times", 1)) for s in folded(steps)] == [
        ("GET a", 0, 2),
        ("GET b", 2, 1),
        ("GET a", 3, 1),
    ]
    assert sentence(steps, 2) == "GET b; GET a"
    assert sentence(steps[:2], 6) == "GET a (2 times)"


def test_polls_with_other_answers_stay_apart() -> None:
    assert len(folded([step(0, "GET a", code="200"), step(1, "GET a", code="404")])) == 2


def test_a_finding_shows_what_led_to_the_violation_and_not_the_cleanup() -> None:
    steps = tuple(step(i, what) for i, what in enumerate(["prepare", "look", "release", "delete"]))
    check = CheckResult(
        name="t::x",
        requirements=("REG-003",),
        outcome="violated",
        seconds=0,
        why="it matters",
        evidence=steps,
        seen_after=2,
    )
    lines = finding(Judgement(requirement=one("REG-003"), verdict="fail", reason="r", checks=(check,)))
    assert lines[1] == "  did:     prepare; look"
    assert len(lines) == 5
