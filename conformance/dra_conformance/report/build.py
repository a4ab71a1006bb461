"""Pure: the log of a run to the report's document (schema ``dra-conformance/report/v2``)."""

import datetime
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from dra_conformance.catalogue import load_catalogue
from dra_conformance.drivers.descriptor import Exemption
from dra_conformance.errors import UsageError
from dra_conformance.profiles import judge_profiles, profiles_of
from dra_conformance.report.model import SCHEMA, CheckRow, Report, Row, Subject, Suite, Surroundings
from dra_conformance.verdict import CheckResult, Judgement, judge_all

LEVELS = ("MUST", "SHOULD", "MAY")
BROKEN_FIRST = ("fail", "error", "exempt", "non-strict", "info")


class Run(msgspec.Struct, kw_only=True):
    """What a log says."""

    head: dict[str, Any]
    results: list[CheckResult]
    interrupted: bool
    seconds: float


def rows_of(path: Path) -> list[dict[str, Any]]:
    """The lines of a log.

    Raises:
        UsageError: it is none.
    """
    try:
        return [msgspec.json.decode(line, type=dict[str, Any]) for line in path.read_bytes().splitlines()]
    except (OSError, msgspec.MsgspecError) as error:
        message = f"{path} is not the log of a run: {error!r}"
        raise UsageError(message) from error


def read_log(path: Path) -> Run:
    """The run in ``log.jsonl``; one that was resumed has several parts.

    Raises:
        UsageError: it is not such a log.
    """
    try:
        rows = rows_of(path)
        head = next(row for row in rows if row["type"] == "run")
        checks = [
            {name: value for name, value in row.items() if name != "type"}
            for row in rows
            if row["type"] == "check"
        ]
        ends = [row for row in rows if row["type"] == "end"]
        starts = [row["time"] for row in rows if row["type"] == "start"]
        complete = len(ends) == len(starts) and not (ends and ends[-1]["interrupted"])
        return Run(
            head=head,
            results=[msgspec.convert(check, CheckResult) for check in checks],
            interrupted=not complete,
            seconds=sum(end["time"] - start for start, end in zip(starts, ends, strict=False)),
        )
    except (StopIteration, KeyError, TypeError, msgspec.MsgspecError) as error:
        message = f"{path} is not the log of a run: {error!r}"
        raise UsageError(message) from error


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


def summary_of(judgements: Iterable[Judgement]) -> dict[str, int]:
    """{verdict: count}."""
    return dict(Counter(judgement.verdict for judgement in judgements))


def faults(judgements: Sequence[Judgement]) -> dict[str, str]:
    """{requirement: the first one that the same observation condemned}; only those that are condemned."""
    first: dict[tuple[str, str], Judgement] = {}
    broken = [one for one in judgements if one.verdict in BROKEN_FIRST]
    for one in sorted(broken, key=rank):
        first.setdefault(observation(one), one)
    return {one.requirement.id: first[observation(one)].requirement.id for one in broken}


def rank(judgement: Judgement) -> tuple[int, bool]:
    """Worst first, and what upstream states before what is inferred."""
    return BROKEN_FIRST.index(judgement.verdict), judgement.requirement.basis != "stated"


def observation(judgement: Judgement) -> tuple[str, str]:
    """What condemns a requirement: a check at a violation; equal ones are one fault."""
    for check in judgement.checks:
        if check.outcome in ("violated", "error"):
            return check.outcome, check.message
    return judgement.verdict, judgement.reason


def document(run: Run, judgements: Sequence[Judgement]) -> Report:
    """``report.json``."""
    head = run.head
    suite = head["suite"] | {"interrupted": run.interrupted, "seconds": round(run.seconds, 3)}
    same = faults(judgements)
    checks = list(dict.fromkeys(id(check) for one in judgements for check in one.checks))
    found = {id(check): check for one in judgements for check in one.checks}
    index = {key: number for number, key in enumerate(checks)}
    return Report(
        schema=SCHEMA,
        subject=msgspec.convert(head["subject"], Subject),
        suite=msgspec.convert(suite, Suite),
        environment=msgspec.convert(head["environment"], Surroundings),
        profile=head["profile"],
        profiles=list(judge_profiles(judgements, head["subject"]["features"])),
        summary=summary_of(judgements),
        levels={
            level: summary_of(one for one in judgements if one.requirement.level == level) for level in LEVELS
        },
        requirements=[
            row(one, same.get(one.requirement.id, ""), [index[id(check)] for check in one.checks])
            for one in judgements
        ],
        checks=[check_row(found[key]) for key in checks],
    )


def check_row(check: CheckResult) -> CheckRow:
    """One check of the report."""
    return CheckRow(**{name: getattr(check, name) for name in CheckRow.__struct_fields__})


def row(judgement: Judgement, first: str, checks: list[int]) -> Row:
    """One requirement of the report; FIRST is the one that the same observation condemned first."""
    requirement = judgement.requirement
    return Row(
        id=requirement.id,
        section=requirement.section,
        level=requirement.level,
        basis=requirement.basis,
        area=requirement.area,
        feature=requirement.feature,
        profiles=list(profiles_of(requirement)),
        statement=requirement.statement,
        how=requirement.how,
        argument=requirement.argument,
        source=requirement.source,
        verdict=judgement.verdict,
        tier=judgement.tier,
        reason=judgement.reason,
        same_as="" if first == requirement.id else first,
        checks=checks,
    )
