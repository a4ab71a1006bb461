"""What is printed while checks run, and after them."""

from collections import Counter
from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from dra_conformance.finding import finding
from dra_conformance.outcome import USAGE_ERROR
from dra_conformance.printable import printable
from dra_conformance.verdict import CheckResult, Judgement, unclaimed_features

COLOURS = {
    "pass": "green",
    "fail": "red",
    "error": "magenta",
    "non-strict": "yellow",
    "exempt": "cyan",
    "blocked": "magenta",
}
SHOWN = (
    "pass",
    "fail",
    "non-strict",
    "info",
    "error",
    "blocked",
    "exempt",
    "not-applicable",
    "disabled",
    "not-covered",
)


class LiveProgress:
    """A progress bar; violations are printed above it as they are found."""

    def __init__(self, console: Console) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[last]}", markup=False),
            console=console,
            transient=True,
        )
        self._task = self._progress.add_task("checks", total=None, last="")
        self._progress.start()

    def planned(self, count: int) -> None:
        """COUNT checks will run."""
        self._progress.update(self._task, total=count)

    def finished(self, result: CheckResult) -> None:
        """A check ended."""
        if result.outcome in ("violated", "error") and result.where != USAGE_ERROR:
            line = Text(
                printable(
                    f"{result.outcome:9} {', '.join(result.requirements)}  {result.rule or result.name}"
                )
            )
            self._progress.console.print(line, style="red" if result.outcome == "violated" else "magenta")
        self._progress.update(self._task, advance=1, last=printable(result.name.partition("::")[2][:60]))

    def stop(self) -> None:
        """End the progress bar."""
        self._progress.stop()


def print_summary(console: Console, judgements: Sequence[Judgement], summary: Mapping[str, int]) -> None:
    """A table by area, then each finding."""
    areas: dict[str, Counter[str]] = {}
    for judgement in judgements:
        areas.setdefault(judgement.requirement.area, Counter())[judgement.verdict] += 1
    columns = [verdict for verdict in SHOWN if summary.get(verdict)]
    table = Table(title=None, box=None, pad_edge=False)
    table.add_column("area")
    for verdict in columns:
        table.add_column(verdict, justify="right", style=COLOURS.get(verdict, ""))
    for area, counts in sorted(areas.items()):
        if any(
            counts[verdict]
            for verdict in columns
            if verdict not in ("not-covered", "not-applicable", "disabled")
        ):
            table.add_row(area, *(str(counts[verdict] or "") for verdict in columns))
    silent = [
        area
        for area, counts in areas.items()
        if not any(counts[v] for v in ("pass", "fail", "error", "blocked", "non-strict", "info", "exempt"))
    ]
    table.add_row(
        f"{len(silent)} other areas", *(str(sum(areas[a][v] for a in silent) or "") for v in columns)
    )
    table.add_row("all", *(str(summary[verdict]) for verdict in columns), style="bold")
    console.print(table)
    proven = Counter(judgement.tier for judgement in judgements if judgement.tier)
    console.print(
        f"proven at the tier {', '.join(f'{tier}: {count}' for tier, count in sorted(proven.items()))}"
        if proven
        else "nothing is proven"
    )
    for feature in unclaimed_features(judgements):
        console.print(f"not claimed, and works: {feature}; add it to the descriptor's features")
    for alike in findings_of(judgements):
        print_finding(console, alike[0])
        if len(alike) > 1:
            others = ", ".join(judgement.requirement.id for judgement in alike[1:])
            console.print(Text(f"  same:    {others}"), soft_wrap=True)


def findings_of(judgements: Sequence[Judgement]) -> list[list[Judgement]]:
    """What is printed in full, worst first; requirements of one verdict that are broken by the same thing are one finding."""
    found: dict[tuple[str, str], list[Judgement]] = {}
    for verdict in ("fail", "error", "non-strict"):
        for judgement in judgements:
            if judgement.verdict == verdict:
                found.setdefault((verdict, judgement.reason), []).append(judgement)
    return list(found.values())


def print_finding(console: Console, judgement: Judgement) -> None:
    """The five lines of a finding."""
    lines = [Text(line) for line in finding(judgement)]
    lines[0].stylize(COLOURS[judgement.verdict])
    console.print()
    for line in lines:
        console.print(line, soft_wrap=True)
