"""Pure: which checks of an interrupted run count, so that ``run --resume`` does only the others."""

from collections.abc import Iterable, Mapping
from typing import Any

from dra_conformance.errors import UsageError

SETTLED = ("passed", "violated", "not-applicable")
"""Outcomes that another attempt would not change; what was blocked or an error is run again."""
SAME = ("descriptor", "environment", "subject", "covered")
SUITE = ("version", "catalogue", "seed", "select", "tier")


def settled(rows: Iterable[Mapping[str, Any]], head: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The lines of the log of an earlier run that count in the run that HEAD describes, without its head.

    Raises:
        UsageError: it was another run: verdicts of two drivers or suites must not be mixed.
    """
    found = [dict(row) for row in rows]
    before = next((row for row in found if row.get("type") == "run"), None)
    if before is None:
        message = "--resume: there is no run to resume in the output folder; leave --resume out"
        raise UsageError(message)
    changed = [name for name in SAME if before.get(name) != head[name]]
    changed += [name for name in SUITE if before["suite"].get(name) != head["suite"][name]]
    if changed:
        message = (
            f"--resume: the run in the output folder has another {', '.join(changed)}; leave --resume out"
        )
        raise UsageError(message)
    return [*parts(found), *(row for row in found if row["type"] == "check" and row["outcome"] in SETTLED)]


def parts(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The lines that begin and end a part of a run, without the beginning of one that was killed."""
    kept: list[dict[str, Any]] = []
    for row in (row for row in rows if row["type"] in ("start", "end")):
        if row["type"] == "start" and kept and kept[-1]["type"] == "start":
            kept.pop()
        kept.append(row)
    return kept[:-1] if kept and kept[-1]["type"] == "start" else kept


def names(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """The checks that ROWS are about."""
    return [row["name"] for row in rows if row["type"] == "check"]
