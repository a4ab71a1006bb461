"""Pure: a printable report as one HTML page that works offline: verdict first, then what is wrong, then everything."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from dra_conformance.differences import lines
from dra_conformance.report.comparison import Comparison
from dra_conformance.report.links import linked
from dra_conformance.report.racks import rack_views
from dra_conformance.report.timeline import timeline

VERDICTS = (
    "fail",
    "error",
    "blocked",
    "non-strict",
    "info",
    "exempt",
    "pass",
    "not-applicable",
    "disabled",
    "not-covered",
)
"""Worst first; the order of rows, and of columns in every report."""
FINDINGS = ("fail", "error", "non-strict", "info", "exempt")
LEVELS = ("MUST", "SHOULD", "MAY")
COLUMNS = (
    ("MUST", ("pass",), "pass"),
    ("MUST", ("fail",), "fail"),
    ("SHOULD", ("pass",), "pass"),
    ("SHOULD", ("non-strict",), "non-strict"),
    ("", ("error", "blocked", "exempt", "info"), "other"),
    ("", ("not-applicable", "disabled"), "not judged"),
    ("", ("not-covered",), "no check"),
)
"""(level, verdicts, heading) of the columns of the table by area; they stay where they are, also where all are zero."""


class AreaRow(NamedTuple):
    """An area: its numbers by column, its requirements worst first, those without a check."""

    name: str
    counts: list[int]
    rows: list[dict[str, Any]]
    uncovered: list[str]


class Finding(NamedTuple):
    """A fault: the requirement that stands for it, the others that it condemns, and the check that saw it."""

    row: dict[str, Any]
    others: list[dict[str, Any]]
    check: dict[str, Any] | None


def page(report: dict[str, Any], headline: str, changed: Comparison | None = None) -> str:
    """The page; CHANGED is what is not as in an earlier run."""
    import jinja2  # slow to import, used once per run

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("dra_conformance.report", "."),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.globals |= {"linked": linked, "timeline": timeline, "diff": lines}
    areas = by_area(report["requirements"])
    return environment.get_template("report.html.j2").render(
        report=report,
        headline=headline,
        findings=findings(report),
        changed=changed,
        areas=areas,
        racks=rack_views(report),
        columns=COLUMNS,
        verdicts=[verdict for verdict in VERDICTS if report["summary"].get(verdict)],
        every_verdict=VERDICTS,
        levels=LEVELS,
        condition=condition(report),
    )


def condition(report: dict[str, Any]) -> str:
    """The colour of the verdict: good, bad or open."""
    [chosen] = [one for one in report["profiles"] if one["name"] == report["profile"]]
    if chosen["failed"]:
        return "bad"
    return "open" if chosen["result"] == "incomplete" else "good"


def findings(report: dict[str, Any]) -> list[Finding]:
    """The faults, worst first, what upstream states before what is inferred; requirements that one observation condemns are one fault."""
    rows = [row for row in report["requirements"] if row["verdict"] in FINDINGS]
    first = sorted(
        (row for row in rows if not row["sameAs"]),
        key=lambda row: (FINDINGS.index(row["verdict"]), "core" not in row["profiles"]),
    )
    return [
        Finding(row, [one for one in rows if one["sameAs"] == row["id"]], worst_check(report, row["checks"]))
        for row in first
    ]


def worst_check(report: dict[str, Any], indices: Iterable[int]) -> dict[str, Any] | None:
    """The check that condemns a requirement."""
    checks: list[dict[str, Any]] = [report["checks"][index] for index in indices]
    return next((check for check in checks if check["outcome"] in ("violated", "error", "blocked")), None)


def by_area(rows: Sequence[dict[str, Any]]) -> list[AreaRow]:
    """The areas by name."""
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault(row["area"], []).append(row)
    return [
        AreaRow(
            name,
            counted(members),
            sorted(members, key=lambda row: VERDICTS.index(row["verdict"])),
            [row["id"] for row in members if row["verdict"] == "not-covered"],
        )
        for name, members in sorted(found.items())
    ]


def counted(rows: Iterable[dict[str, Any]]) -> list[int]:
    """The numbers of an area by column."""
    counts = Counter((row["level"], row["verdict"]) for row in rows)
    return [
        sum(number for (one, verdict), number in counts.items() if verdict in verdicts and level in ("", one))
        for level, verdicts, _ in COLUMNS
    ]
