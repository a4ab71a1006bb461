"""Pure: the evidence of a check as a timeline: repeated polls are one line, the violation is marked, cleanup is apart."""

import json
from typing import Any, NamedTuple

from dra_conformance.steps import folded, readable

LIMIT = 60
"""Lines of a timeline; a longer one begins later, because the end has the cause."""
DETAIL = 1500
"""Characters of a detail; the rest is in report.json."""
HIDDEN = ("at", "kind", "what", "times", "seconds")


class Detail(NamedTuple):
    """Something that a step has: a request, an answer, a body."""

    name: str
    text: str


class Line(NamedTuple):
    """A step; ``at`` is in seconds, ``took`` and ``note`` may be empty."""

    at: str
    kind: str
    what: str
    note: str
    details: list[Detail]


class Timeline(NamedTuple):
    """What led to the verdict, and what came after it; ``omitted`` steps at the beginning are only in report.json."""

    before: list[Line]
    after: list[Line]
    omitted: int


def timeline(check: dict[str, Any]) -> Timeline:
    """The timeline of a check of the report."""
    steps = check["evidence"]
    seen = len(steps) if check["seenAfter"] is None else check["seenAfter"]
    before = [line(step) for step in folded(steps[:seen])]
    after = [line(step) for step in folded(steps[seen:])]
    return Timeline(before[-LIMIT:], after[:LIMIT], max(0, len(before) - LIMIT))


def line(step: dict[str, Any]) -> Line:
    """One step for people."""
    notes = [f"{step['times']} times"] if step.get("times", 1) > 1 else []
    if "seconds" in step:
        notes.append(f"took {float(step['seconds']) * 1000:.0f} ms")
    if "code" in step:
        notes.append(str(step["code"]))
    details = [
        Detail(name, pretty(str(value)))
        for name, value in step.items()
        if name not in (*HIDDEN, "code") and not name.endswith(" bytes")
    ]
    return Line(f"{step['at']:.3f}", step["kind"], readable(step["what"]), ", ".join(notes), details)


def pretty(text: str) -> str:
    """TEXT with JSON indented, at most ``DETAIL`` characters."""
    try:
        shown = json.dumps(json.loads(text), indent=1, ensure_ascii=False)
    except ValueError:
        shown = text.strip()
    if len(shown) <= DETAIL:
        return shown
    return f"{shown[:DETAIL]}\n... {len(shown) - DETAIL} more characters in report.json"
