"""Verdicts: from what checks found to what a report says of a requirement."""

import datetime
from typing import Any

import msgspec
import pytest

from dra_conformance.catalogue import load_catalogue, one
from dra_conformance.drivers.descriptor import Exemption
from dra_conformance.verdict import CheckResult, judge, judge_all, unclaimed_features

TODAY = datetime.date(2026, 1, 1)


def result(outcome: Any, *ids: str, message: str = "") -> CheckResult:
    return CheckResult(name="t::x", requirements=ids, outcome=outcome, seconds=0.1, message=message)


def verdict(requirement_id: str, *checks: CheckResult, **how: Any) -> str:
    options: dict[str, Any] = {"covered": True, "features": (), "exemptions": (), "today": TODAY} | how
    return judge(one(requirement_id), checks, **options).verdict


@pytest.mark.parametrize(
    ("requirement_id", "outcome", "wanted"),
    [
        ("REG-003", "passed", "pass"),
        ("REG-003", "violated", "fail"),
        ("REG-005", "violated", "non-strict"),
        ("REG-030", "violated", "info"),
        ("REG-003", "error", "error"),
        ("REG-003", "not-applicable", "not-applicable"),
    ],
)
def test_outcomes_become_verdicts_by_level(requirement_id: str, outcome: str, wanted: str) -> None:
    assert verdict(requirement_id, result(outcome, requirement_id)) == wanted


def test_a_requirement_is_as_good_as_its_worst_check() -> None:
    good, bad, broken = (result(outcome, "REG-003") for outcome in ("passed", "violated", "error"))
    assert verdict("REG-003", good, broken) == "error"
    assert verdict("REG-003", good, broken, bad) == "fail"


def test_what_a_blocked_check_blames_fails_and_the_check_says_nothing() -> None:
    blocked = msgspec.structs.replace(result("blocked", "REG-003", message="no socket"), blames=("REG-001",))
    judged = judge_all(
        load_catalogue(),
        [blocked, blocked],
        covered=["REG-001", "REG-003"],
        features=[],
        exemptions=[],
        today=TODAY,
    )
    verdicts = {item.requirement.id: item.verdict for item in judged}
    assert (verdicts["REG-001"], verdicts["REG-003"]) == ("fail", "blocked")


def test_a_requirement_that_is_blamed_fails_although_its_own_check_passed() -> None:
    blocked = msgspec.structs.replace(result("blocked", "REG-003"), blames=("REG-001",))
    passed = result("passed", "REG-001")
    judged = judge_all(
        load_catalogue(), [passed, blocked], covered=["REG-001"], features=[], exemptions=[], today=TODAY
    )
    assert {item.requirement.id: item.verdict for item in judged}["REG-001"] == "fail"


def test_what_was_not_judged_is_never_a_pass() -> None:
    assert verdict("REG-003") == "disabled"
    assert verdict("REG-003", covered=False) == "not-covered"
    assert verdict("MV-004", result("passed", "MV-004")) == "not-applicable"
    assert verdict("MV-004", result("passed", "MV-004"), features=["DRAConsumableCapacity"]) == "pass"


def test_an_exemption_holds_until_its_day() -> None:
    exemption = Exemption(id="REG-003", reason="known", owner="me", expires=TODAY)
    bad = result("violated", "REG-003")
    assert verdict("REG-003", bad, exemptions=[exemption]) == "exempt"
    assert verdict("REG-003", bad, exemptions=[exemption], today=datetime.date(2026, 1, 2)) == "fail"


def test_a_requirement_on_the_cluster_asks_for_no_feature_of_the_driver() -> None:
    assert one("SCH-014").feature == "DRADeviceTaints"
    assert verdict("SCH-014", result("passed", "SCH-014")) == "pass"
    assert verdict("SCH-014", result("violated", "SCH-014")) == "fail"


def test_a_feature_that_works_and_is_not_claimed_is_reported() -> None:
    passed = result("passed", "ADM-003")
    judged = judge_all(
        {"ADM-003": one("ADM-003")}, [passed], covered={"ADM-003"}, features=(), exemptions=(), today=TODAY
    )
    assert [each.verdict for each in judged] == ["not-applicable"]
    assert unclaimed_features(judged) == ["DRAAdminAccess"]
    broken = judge_all(
        {"ADM-003": one("ADM-003")},
        [result("violated", "ADM-003")],
        covered={"ADM-003"},
        features=(),
        exemptions=(),
        today=TODAY,
    )
    assert unclaimed_features(broken) == []


def test_the_tier_is_the_highest_that_proved_a_requirement() -> None:
    def tier(*checks: CheckResult) -> str:
        options: dict[str, Any] = {"covered": True, "features": (), "exemptions": (), "today": TODAY}
        return judge(one("REG-003"), checks, **options).tier

    low, idle = (result(outcome, "REG-003") for outcome in ("passed", "not-applicable"))
    high = msgspec.structs.replace(low, tier="cluster")
    assert tier(low) == "node"
    assert tier(low, high) == tier(high, low) == "cluster"
    assert tier(low, msgspec.structs.replace(idle, tier="cluster")) == "node"
    assert tier(high, result("violated", "REG-003")) == ""
    assert tier() == ""
