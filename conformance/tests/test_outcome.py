"""How pytest reports a check: with the verdict that the command gives it."""

import datetime
from typing import Any

import pytest

from dra_conformance.drivers.descriptor import Exemption
from dra_conformance.expectations import Violation
from dra_conformance.harness.evidence import Evidence
from dra_conformance.outcome import description, outcome_of, shown_as, steps_before
from dra_conformance.verdict import CheckResult, judge_check

TODAY = datetime.date(2026, 1, 1)
ACCEPTED = Exemption(id="REG-003", reason="ticket 1", owner="me", expires=TODAY)


def shown(
    outcome: Any, *ids: str, features: tuple[str, ...] = (), exempt: bool = False, profile: str = "core"
) -> tuple[str, str]:
    result = CheckResult(name="t::x", requirements=ids, outcome=outcome, seconds=0, message="broken")
    exemptions = [ACCEPTED] if exempt else []
    return shown_as(judge_check(result, features=features, exemptions=exemptions, today=TODAY), profile)


@pytest.mark.parametrize(
    ("outcome", "ids", "wanted"),
    [
        ("passed", ("REG-003",), ("passed", "")),
        ("violated", ("REG-005",), ("xfailed", "non-strict: REG-005 (SHOULD) broken")),
        ("violated", ("REG-030",), ("xfailed", "info: REG-030 (MAY) broken")),
        ("not-applicable", ("REG-003",), ("skipped", "not-applicable: broken")),
        ("blocked", ("REG-003",), ("failed", "blocked: broken")),
        ("error", ("REG-003",), ("failed", "error: broken")),
    ],
)
def test_a_check_is_reported_by_its_verdict(
    outcome: str, ids: tuple[str, ...], wanted: tuple[str, str]
) -> None:
    assert shown(outcome, *ids) == wanted


def test_a_violated_must_fails_with_the_five_lines() -> None:
    how, text = shown("violated", "REG-003")
    assert how == "failed"
    assert text.startswith("FAIL REG-003 (MUST)")
    assert [line[2:10].strip() for line in text.splitlines()[1:]] == ["did:", "found:", "matters:", "read:"]


def test_the_worst_of_several_requirements_decides() -> None:
    assert shown("violated", "REG-005", "REG-003")[0] == "failed"


def test_only_a_must_of_the_profile_fails() -> None:
    assert shown("violated", "IDEM-003")[0] == "xfailed"
    assert shown("violated", "IDEM-003", profile="robust")[0] == "failed"
    assert shown("violated", "IDEM-003", "REG-003")[0] == "failed"


def test_an_exempt_failure_names_its_exemption() -> None:
    how, text = shown("violated", "REG-003", exempt=True)
    assert (how, text) == ("xfailed", "exempt: REG-003 (MUST) ticket 1 (me, until 2026-01-01)")
    assert shown("violated", "REG-003", "REG-001", exempt=True)[0] == "failed"


def test_what_belongs_to_a_feature_that_is_not_claimed_is_skipped() -> None:
    how, text = shown("violated", "ADM-003")
    assert (how, text) == ("skipped", "not-applicable: the driver does not claim the feature DRAAdminAccess")
    assert shown("violated", "ADM-003", features=("DRAAdminAccess",))[0] == "failed"


def test_steps_after_the_violation_are_cleanup() -> None:
    evidence = Evidence()
    evidence.add("grpc", "NodePrepareResources")
    error = Violation("a", "b", "c")
    evidence.add("grpc", "NodeUnprepareResources")
    steps = evidence.take()
    late = ({**steps[0]}, {**steps[1], "at": steps[1]["at"] + 1})
    assert steps_before(late, evidence, error) == 1
    assert steps_before(late, evidence, None) == 2


def test_a_violation_is_passed_on_with_all_that_it_says() -> None:
    found = outcome_of(Violation("a", "b", "c"))
    assert found["outcome"] == "violated"
    assert (found["wanted"], found["found"], found["where"]) == ("a", "b", "c")


def test_a_check_for_several_rules_is_described_by_the_rule_only_where_that_is_a_function() -> None:
    def rule() -> None:
        """What the rule says."""

    def check() -> None:
        """What the check does.

        More of it.
        """

    assert description(rule, check) == "What the rule says."
    assert description("PREP-014", check) == "What the check does."
    assert description(None, None) == ""
