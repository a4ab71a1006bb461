"""Writes the reports of a run into its folder."""

from pathlib import Path
from typing import Any

import msgspec

from dra_conformance.printable import printable_document
from dra_conformance.report.build import Run, document, judgements_of
from dra_conformance.report.junit import junit
from dra_conformance.report.model import Report
from dra_conformance.verdict import Judgement


def write_reports(run: Run, folder: Path) -> tuple[Report, list[Judgement]]:
    """Write ``report.json``, ``report.html`` and ``junit.xml`` beside the log; the report and its judgements."""
    judgements = judgements_of(run)
    report = document(run, judgements)
    (folder / "report.json").write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=1))
    shown = printable_document(msgspec.to_builtins(report))
    (folder / "junit.xml").write_bytes(junit(shown))
    (folder / "report.html").write_text(page(shown), encoding="utf-8")
    return report, judgements


def page(report: dict[str, Any]) -> str:
    """The HTML page: one file, no script from elsewhere, nothing loaded."""
    import jinja2  # slow to import, used once per run

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("dra_conformance.report", "."),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    areas: dict[str, list[dict[str, Any]]] = {}
    for row in report["requirements"]:
        areas.setdefault(row["area"], []).append(row)
    return environment.get_template("report.html.j2").render(report=report, areas=areas)
