"""From what a check raised to its result, and from that to what pytest reports of it.

Every pytest run loads this module with the plugin: what is slow to import is imported where it is used. A result is
passed in its report's ``user_properties``, so it also works with xdist.
"""

import inspect
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import pytest

from dra_conformance.catalogue.marks import TIER
from dra_conformance.errors import SuiteError, UsageError
from dra_conformance.expectations import Blocked, NotApplicable, Violation
from dra_conformance.harness.evidence import Evidence

if TYPE_CHECKING:
    from dra_conformance.verdict import CheckResult, Judgement, Tier

PROPERTY = "dra-conformance"
MARK = "requirement"
USAGE_ERROR = "usage error"
"""``CheckResult.where`` of an error that the user can correct."""
EVIDENCE = pytest.StashKey[Evidence]()


class Shown(NamedTuple):
    """How pytest reports a check: a skip, an expected failure (``xfail``), or as it is; TEXT replaces the traceback."""

    how: Literal["failed", "skipped", "xfailed", "passed"]
    text: str


def marks_of(item: pytest.Item) -> tuple[tuple[str, ...], str]:
    """The ids and the reason of a collected check; no ids if it has no mark."""
    mark: Any = item.get_closest_marker(MARK)
    return (tuple(mark.args), mark.kwargs["why"]) if mark else ((), "")


def tiers_of(item: pytest.Item) -> tuple[str, ...]:
    """The tiers at which a check can run."""
    mark = item.get_closest_marker(TIER)
    return tuple(mark.args) if mark else ("node",)


def tier_of(item: pytest.Item) -> "Tier":
    """The tier at which a check runs: the highest that both the check and the run have."""
    from dra_conformance.verdict import TIERS

    chosen = item.config.getoption("--dra-tier").split(",")
    return max((tier for tier in TIERS if tier in tiers_of(item) and tier in chosen), key=TIERS.index)


def name_of(item: pytest.Item) -> str:
    """The name of a check in reports: ``test_cdi.py::test_file_names``."""
    return item.nodeid.rpartition("/")[2]


def result_of(item: pytest.Item, call: pytest.CallInfo[None]) -> "CheckResult":
    """The result of a finished check."""
    from dra_conformance.verdict import CheckResult

    ids, why = marks_of(item)
    evidence = item.stash.get(EVIDENCE, None)
    parameters = (
        item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}
    )
    error = call.excinfo.value if call.excinfo else None
    steps = evidence.take() if evidence else ()
    return CheckResult(
        name=name_of(item),
        requirements=ids,
        seconds=round(call.duration, 4),
        tier=tier_of(item),
        rule=description(parameters.get("rule"), getattr(item, "function", None)),
        why=why,
        driver_log=evidence.driver_log if evidence else "",
        evidence=steps,
        seen_after=steps_before(steps, evidence, error),
        **outcome_of(error),
    )


def description(rule: object, function: object) -> str:
    """The first line on what a check demands: that of the RULE that it is parametrized with, if this is a function."""
    return (inspect.getdoc(rule if callable(rule) else function) or "").partition("\n")[0]


def steps_before(
    steps: tuple[dict[str, Any], ...], evidence: Evidence | None, error: BaseException | None
) -> int:
    """How many of STEPS came before the violation was seen; those after it are cleanup."""
    if evidence is None or not isinstance(error, Violation):
        return len(steps)
    seen = evidence.moment(error.at)
    return sum(step["at"] <= seen for step in steps)


def outcome_of(error: BaseException | None) -> dict[str, Any]:
    """The outcome of a check by what it raised: only a violation or a failed call counts against the driver."""
    if error is None:
        return {"outcome": "passed"}
    if isinstance(error, Violation):
        return {
            "outcome": "violated",
            "wanted": error.wanted,
            "found": error.found,
            "where": error.where,
            "message": str(error),
        }
    if isinstance(error, NotApplicable):
        return {"outcome": "not-applicable", "message": str(error)}
    if isinstance(error, Blocked):
        return {"outcome": "blocked", "message": str(error), "blames": error.requirements}
    from grpc import RpcError  # here, because this module is loaded by every pytest run

    if isinstance(error, RpcError):
        found = f"{error.code().name}: {error.details()}"
        details = {"wanted": "an answer", "found": found, "where": "gRPC call"}
        return {"outcome": "violated", **details, "message": f"a call that must succeed was answered {found}"}
    kind = "" if isinstance(error, SuiteError) else f"{type(error).__name__}: "
    where = USAGE_ERROR if isinstance(error, UsageError) else ""
    return {"outcome": "error", "message": f"{kind}{error}", "where": where}


def shown_as(judgements: "list[Judgement]", profile: str) -> Shown:
    """How pytest reports a check that gave its requirements these verdicts: as the worst of them.

    As for the command's exit status, only a MUST of PROFILE fails; another one is an expected failure that says so.
    """
    from dra_conformance.finding import finding
    from dra_conformance.profiles import profiles_of

    order = ("fail", "error", "blocked", "exempt", "non-strict", "info", "pass", "not-applicable")
    worst = min(
        judgements,
        key=lambda one: (
            (profile not in profiles_of(one.requirement), order.index(one.verdict))
            if one.verdict == "fail"
            else (True, order.index(one.verdict))
        ),
    )
    name = f"{worst.requirement.id} ({worst.requirement.level})"
    match worst.verdict:
        case "pass":
            return Shown("passed", "")
        case "not-applicable":
            return Shown("skipped", f"not-applicable: {worst.reason}")
        case "fail" if profile in profiles_of(worst.requirement):
            return Shown("failed", "\n".join(finding(worst)))
        case "error" | "blocked":
            return Shown("failed", f"{worst.verdict}: {worst.reason}")
        case verdict:
            return Shown("xfailed", f"{verdict}: {name} {worst.reason}")


def apply(shown: Shown, report: pytest.TestReport, item: pytest.Item) -> None:
    """Write into REPORT how its check is shown."""
    if shown.how == "passed":
        return
    report.longrepr = shown.text
    if shown.how != "failed":
        report.outcome = "skipped"
        report.longrepr = (str(item.path), item.location[1] or 0, shown.text)
    if shown.how == "xfailed":
        report.wasxfail = shown.text
