"""Pure but for ``read``: what changed since an earlier run, by the verdicts of both reports.

A verdict is better or worse where both runs judged the requirement. What only one judged is neither, unless it is broken now: a
fault that nobody looked for before is news.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from dra_conformance.errors import UsageError
from dra_conformance.printable import printable_document
from dra_conformance.report.model import SCHEMA

BROKEN = ("fail", "error", "blocked", "non-strict", "info", "exempt")
JUDGED = (*BROKEN, "pass")
"""Worst first."""
DIRECTIONS = ("worse", "better", "other")


class Change(NamedTuple):
    """A requirement whose verdict is not what it was; ``direction`` is one of ``DIRECTIONS``."""

    id: str
    level: str
    statement: str
    before: str
    after: str
    direction: str
    reason: str


class Comparison(NamedTuple):
    """What changed, worse first; ``before`` names the earlier run, ``differs`` what was not the same besides the driver."""

    before: str
    differs: list[str]
    changes: list[Change]

    def counts(self) -> str:
        """How many went which way."""
        numbers = {name: sum(one.direction == name for one in self.changes) for name in DIRECTIONS}
        return ", ".join(f"{number} {name}" for name, number in numbers.items())


def read(path: Path) -> dict[str, Any]:
    """The report of an earlier run: ``report.json``, or the folder with it.

    Raises:
        UsageError: it is none, or of another format.
    """
    file = path / "report.json" if path.is_dir() else path
    try:
        report = msgspec.json.decode(file.read_bytes(), type=dict[str, Any])
    except (OSError, ValueError) as error:
        message = f"--compare {path}: wanted report.json of an earlier run, or its folder: {error}"
        raise UsageError(message) from error
    if report.get("schema") != SCHEMA:
        message = f"--compare {path}: schema is {report.get('schema')!r}, wanted {SCHEMA!r}"
        raise UsageError(message)
    return printable_document(report)


def compare(earlier: Mapping[str, Any], now: Mapping[str, Any]) -> Comparison:
    """What changed between two reports."""
    verdicts = {row["id"]: row["verdict"] for row in earlier["requirements"]}
    changes = [
        Change(
            row["id"],
            row["level"],
            row["statement"],
            before,
            row["verdict"],
            direction(before, row["verdict"]),
            row["reason"],
        )
        for row in now["requirements"]
        if (before := verdicts.get(row["id"], "not-covered")) != row["verdict"]
    ]
    changes.sort(key=lambda one: (DIRECTIONS.index(one.direction), rank(one.after), one.id))
    suite = earlier["suite"]
    before = f"{earlier['subject']['driver']} of {suite['date']}"
    return Comparison(before, differing(earlier, now), changes)


def differing(earlier: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """What two runs do not have in common and verdicts depend on, as text."""
    places = (
        ("subject", "driver"),
        ("environment", "kubernetes"),
        ("environment", "machine"),
        ("suite", "version"),
        ("suite", "catalogue"),
        ("suite", "select"),
        ("suite", "tier"),
        ("subject", "features"),
    )
    return [
        f"{name} {shown(earlier[part][name])}, now {shown(now[part][name])}"
        for part, name in places
        if earlier[part].get(name) != now[part].get(name)
    ]


def shown(value: Any) -> str:
    """A value of a report in a sentence."""
    text = ", ".join(value) if isinstance(value, list) else str(value)
    return text[:60] or "none"


def direction(before: str, after: str) -> str:
    """Whether a verdict is worse, better, or neither."""
    if before not in JUDGED or after not in JUDGED:
        return "worse" if after in BROKEN and before not in BROKEN else "other"
    return "worse" if rank(after) < rank(before) else "better"


def rank(verdict: str) -> int:
    """Small is bad."""
    return JUDGED.index(verdict) if verdict in JUDGED else len(JUDGED)
