"""Pure: the steps of a check for people. Repeated polls are one line, and what followed a violation is left out."""

from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import unquote

from dra_conformance.verdict import CheckResult

SEEN = ("log", "driver api", "cdi", "object")
"""Kinds of steps that were seen, not taken."""
RACKS = "racks at the end"
"""What a step of the kind *object* is called that has a picture of racks, as ``dra-cluster top --output json`` prints it."""


def folded(steps: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """STEPS with runs of equal ones as the last of them; ``times`` says how many there were."""
    found: list[dict[str, Any]] = []
    for step in steps:
        if found and same(found[-1], step):
            found[-1] = {**step, "at": found[-1]["at"], "times": found[-1].get("times", 1) + 1}
        else:
            found.append(dict(step))
    return found


def readable(what: str) -> str:
    """A step without what every request has: the group's path, and the escapes of a query."""
    return unquote(what.replace("/apis/resource.k8s.io/v1/", "", 1).replace("/api/v1/", "", 1))


def same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether two steps differ in their time at most."""
    ignored = ("at", "times", "seconds")
    return {k: v for k, v in one.items() if k not in ignored} == {
        k: v for k, v in other.items() if k not in ignored
    }


def before_violation(check: CheckResult) -> tuple[dict[str, Any], ...]:
    """The steps of a check until its violation was seen."""
    return check.evidence if check.seen_after is None else check.evidence[: check.seen_after]


def sentence(steps: Sequence[dict[str, Any]], most: int) -> str:
    """The last MOST of STEPS on one line, repeated ones with their number."""
    shown = []
    for step in folded(step for step in steps if step["kind"] not in SEEN)[-most:]:
        times = step.get("times", 1)
        shown.append(readable(str(step["what"])) + (f" ({times} times)" if times > 1 else ""))
    return "; ".join(shown)
