"""Pure: the log of a run to the report's document (schema ``dra-conformance/report/v1``)."""

import datetime
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from dra_conformance.catalogue import load_catalogue
from dra_conformance.drivers.descriptor import Exemption
from dra_conformance.errors import UsageError
from dra_conformance.verdict import CheckResult, Judgement, judge_all

SCHEMA = "dra-conformance/report/v1"


class Run(msgspec.Struct, kw_only=True):
    """What a log says."""

    head: dict[str, Any]
    results: list[CheckResult]
    interrupted: bool
    seconds: float


def read_log(path: Path) -> Run:
    """The run in ``log.jsonl``.

    Raises:
        UsageError: it is not such a log.
    """
    try:
        rows = [msgspec.json.decode(line) for line in path.read_bytes().splitlines()]
        head = next(row for row in rows if row["type"] == "run")
    except (OSError, msgspec.DecodeError, StopIteration, KeyError, TypeError) as error:
        message = f"{path} is not the log of a run: {error!r}"
        raise UsageError(message) from error
    checks = [
        {name: value for name, value in row.items() if name != "type"}
        for row in rows
        if row["type"] == "check"
    ]
    times = {row["type"]: row["time"] for row in rows if row["type"] in ("start", "end")}
    end = next((row for row in rows if row["type"] == "end"), None)
    return Run(
        head=head,
        results=[msgspec.convert(check, CheckResult) for check in checks],
        interrupted=end is None or end["interrupted"],
        seconds=times.get("end", times.get("start", 0)) - times.get("start", 0),
    )


def judgements_of(run: Run) -> list[Judgement]:
    """Every requirement's verdict."""
    head = run.head
    return judge_all(
        load_catalogue(),
        run.results,
        covered=set(head["covered"]),
        features=head["subject"]["features"],
        exemptions=msgspec.convert(head["subject"]["exemptions"], list[Exemption]),
        today=datetime.date.fromisoformat(head["date"]),
    )


def summary_of(judgements: Sequence[Judgement]) -> dict[str, int]:
    """{verdict: count}."""
    return dict(Counter(judgement.verdict for judgement in judgements))


def exit_code(summary: dict[str, int]) -> int:
    """0: no MUST failed; 1: some did; 3: something that should have been judged was not."""
    if summary.get("fail"):
        return 1
    return 3 if summary.get("error") or summary.get("blocked") else 0


def document(run: Run, judgements: Sequence[Judgement]) -> dict[str, Any]:
    """``report.json``."""
    return {
        "schema": SCHEMA,
        "subject": run.head["subject"],
        "suite": run.head["suite"] | {"interrupted": run.interrupted, "seconds": round(run.seconds, 3)},
        "environment": run.head["environment"],
        "summary": summary_of(judgements),
        "requirements": [row(judgement) for judgement in judgements],
    }


def row(judgement: Judgement) -> dict[str, Any]:
    """One requirement of the report."""
    requirement = judgement.requirement
    return {
        "id": requirement.id,
        "level": requirement.level,
        "area": requirement.area,
        "feature": requirement.feature,
        "section": requirement.section,
        "statement": requirement.statement,
        "source": requirement.source,
        "verdict": judgement.verdict,
        "reason": judgement.reason,
        "checks": [
            {
                "name": check.name,
                "outcome": check.outcome,
                "rule": check.rule,
                "why": check.why,
                "wanted": check.wanted,
                "found": check.found,
                "where": check.where,
                "seconds": check.seconds,
                "driverLog": check.driver_log,
            }
            for check in judgement.checks
        ],
        "evidence": [step | {"check": check.name} for check in judgement.checks for step in check.evidence],
    }
