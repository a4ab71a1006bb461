"""Pure: what the checks' outcomes say about each requirement.

An error of the harness never condemns a driver and never certifies one. A requirement with several checks is as good
as its worst. A check that could not begin because the driver broke other requirements is *blocked*, and blames those:
they fail, whether their own checks ran or not.
"""

import datetime
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Literal

import msgspec

from dra_conformance.catalogue import Requirement, one
from dra_conformance.drivers.descriptor import Exemption

Outcome = Literal["passed", "violated", "not-applicable", "blocked", "error"]
Tier = Literal["node", "cluster"]
"""Where a check looks: at a driver process that the suite starts, or at an installed driver, through pods and objects."""
TIERS: tuple[Tier, ...] = ("node", "cluster")
"""The lowest first: what holds in a cluster holds with a real scheduler and a real kubelet around it."""
Verdict = Literal[
    "pass",
    "non-strict",
    "fail",
    "info",
    "not-applicable",
    "exempt",
    "disabled",
    "blocked",
    "error",
    "not-covered",
]
BROKEN: Mapping[str, Verdict] = {"MUST": "fail", "SHOULD": "non-strict", "MAY": "info"}
WORKS = ", and the check of it passes"
WORST_FIRST: Sequence[Outcome] = ("violated", "error", "blocked", "passed", "not-applicable")


class CheckResult(msgspec.Struct, frozen=True, kw_only=True):
    """One check that ran.

    Attributes:
        name: ``test_registration.py::test_type``.
        rule: what the check's docstring says.
        tier: where it looked.
        blames: the requirements that the driver broke before the check could begin.
        driver_log: the file with the driver's own log, relative to the report.
        evidence: what was observed, see ``harness.evidence``.
        seen_after: how many steps of the evidence came before the violation was seen.
        reruns: attempts that failed before this one, where a plugin of the user runs failed checks again.
    """

    name: str
    requirements: tuple[str, ...]
    outcome: Outcome
    seconds: float
    tier: Tier = "node"
    rule: str = ""
    why: str = ""
    wanted: str = ""
    found: str = ""
    where: str = ""
    message: str = ""
    blames: tuple[str, ...] = ()
    driver_log: str = ""
    evidence: tuple[dict[str, Any], ...] = ()
    seen_after: int | None = None
    reruns: int = 0


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a requirement."""

    requirement: Requirement
    verdict: Verdict
    reason: str
    checks: tuple[CheckResult, ...] = ()

    @property
    def tier(self) -> Tier | Literal[""]:
        """The highest tier that proved the requirement; empty if it is not proven."""
        if self.verdict != "pass":
            return ""
        return max((check.tier for check in self.checks if check.outcome == "passed"), key=TIERS.index)


def judge(
    requirement: Requirement,
    checks: Sequence[CheckResult],
    *,
    covered: bool,
    features: Collection[str],
    exemptions: Iterable[Exemption],
    today: datetime.date,
) -> Judgement:
    """The verdict on one requirement; CHECKS are those that name it and ran, COVERED is whether any exists."""

    def say(verdict: Verdict, reason: str) -> Judgement:
        return Judgement(requirement=requirement, verdict=verdict, reason=reason, checks=tuple(checks))

    if not covered:
        return say("not-covered", requirement.no_check or "no check exists yet")
    if requirement.section == "driver" and requirement.feature not in ("core", *features):
        return say("not-applicable", unclaimed(requirement, checks))
    if not checks:
        return say("disabled", "not selected, not of this tier, or the run ended before")
    worst = min(checks, key=lambda check: WORST_FIRST.index(check.outcome))
    if worst.outcome == "violated":
        for exemption in exemptions:
            if exemption.id == requirement.id and exemption.expires >= today:
                return say("exempt", f"{exemption.reason} ({exemption.owner}, until {exemption.expires})")
        return say(BROKEN[requirement.level], worst.message)
    if worst.outcome == "passed":
        return say("pass", "")
    return say(worst.outcome, worst.message)


def unclaimed(requirement: Requirement, checks: Sequence[CheckResult]) -> str:
    """Why a requirement of a feature that is not claimed does not apply, and whether it could be claimed."""
    passed = checks and all(check.outcome == "passed" for check in checks)
    return f"the driver does not claim the feature {requirement.feature}" + (WORKS if passed else "")


def unclaimed_features(judgements: Iterable[Judgement]) -> list[str]:
    """Features that are not claimed although checks of them passed."""
    return sorted({each.requirement.feature for each in judgements if each.reason.endswith(WORKS)})


def judge_check(
    result: CheckResult,
    *,
    features: Collection[str],
    exemptions: Sequence[Exemption],
    today: datetime.date,
) -> list[Judgement]:
    """The verdicts of one check alone on its requirements."""
    return [
        judge(
            one(requirement_id),
            [result],
            covered=True,
            features=features,
            exemptions=exemptions,
            today=today,
        )
        for requirement_id in result.requirements
    ]


def judge_all(
    catalogue: Mapping[str, Requirement],
    results: Sequence[CheckResult],
    *,
    covered: Collection[str],
    features: Collection[str],
    exemptions: Sequence[Exemption],
    today: datetime.date,
) -> list[Judgement]:
    """Every requirement of the catalogue once, in its order."""
    by_id: dict[str, list[CheckResult]] = {}
    for result in results:
        for requirement_id in result.requirements:
            by_id.setdefault(requirement_id, []).append(result)
    for requirement_id, result in blamed(results).items():
        by_id.setdefault(requirement_id, []).append(result)
    return [
        judge(
            requirement,
            by_id.get(requirement.id, []),
            covered=requirement.id in covered,
            features=features,
            exemptions=exemptions,
            today=today,
        )
        for requirement in catalogue.values()
    ]


def blamed(results: Iterable[CheckResult]) -> dict[str, CheckResult]:
    """{requirement: the first check that was blocked because the driver broke it, as a violation}."""
    found: dict[str, CheckResult] = {}
    for result in results:
        for requirement_id in result.blames:
            found.setdefault(requirement_id, msgspec.structs.replace(result, outcome="violated", blames=()))
    return found
