"""Writes the reports of a run into its folder."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from dra_conformance.bundles.archive import write_bundle
from dra_conformance.printable import printable, printable_document
from dra_conformance.report.build import Run, document, judgements_of
from dra_conformance.report.comparison import Comparison, compare
from dra_conformance.report.headline import headline
from dra_conformance.report.junit import junit
from dra_conformance.report.model import Report
from dra_conformance.report.page import page
from dra_conformance.report.submission import ai_conformance, badge, conformance_report
from dra_conformance.verdict import Judgement


def write_reports(
    run: Run, folder: Path, earlier: Mapping[str, Any] | None = None
) -> tuple[Report, list[Judgement], Comparison | None]:
    """Write the report in all its forms beside the log; the report, its judgements, and what changed since the report EARLIER."""
    judgements = judgements_of(run)
    report = document(run, judgements)
    (folder / "report.json").write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=1))
    shown = printable_document(msgspec.to_builtins(report))
    (folder / "junit.xml").write_bytes(junit(shown))
    changed = compare(earlier, shown) if earlier is not None else None
    text = page(shown, printable(headline(report)), changed)
    (folder / "report.html").write_text(text, encoding="utf-8")
    (folder / "badge.json").write_bytes(msgspec.json.encode(badge(report)))
    documents = {"conformance-report.yaml": conformance_report, "ai-conformance.yaml": ai_conformance}
    for name, form in documents.items():
        (folder / name).write_bytes(msgspec.yaml.encode(form(report)))
    (folder / "descriptor.yaml").write_text(run.head["descriptor"], encoding="utf-8")
    write_bundle(folder)
    return report, judgements, changed
