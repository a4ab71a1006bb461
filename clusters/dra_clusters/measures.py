"""What a benchmark prints: rows with median, p95, n and, where there is one, the floor that was measured in the same run."""

import json
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any, Literal, TypedDict

from rich.console import Console
from rich.table import Table


class Floor(TypedDict):
    """The least that a measure could cost, measured in the same run."""

    name: str
    median: float


class Measure(TypedDict):
    """One row; ``median`` and ``p95`` of ``n`` values are in ``unit``."""

    name: str
    unit: str
    median: float
    p95: float
    n: int
    floor: Floor | None


def measure(name: str, unit: str, values: Sequence[float], floor: Measure | None = None) -> Measure:
    """One row from VALUES in UNIT.

    Raises:
        ValueError: there are none.
    """
    if not values:
        message = f"no values of {name}: nothing was measured"
        raise ValueError(message)
    ordered = sorted(values)
    return {
        "name": name,
        "unit": unit,
        "median": round(statistics.median(ordered), 4),
        "p95": round(ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))], 4),
        "n": len(ordered),
        "floor": {"name": floor["name"], "median": floor["median"]} if floor else None,
    }


def timed(call: Callable[[], Any]) -> float:
    """Milliseconds of one call."""
    start = time.perf_counter()
    call()
    return (time.perf_counter() - start) * 1000


def print_measures(measures: Sequence[Measure], *, as_json: bool) -> None:
    """The rows for scripts or for people."""
    if as_json:
        sys.stdout.write(json.dumps({"measures": measures}, indent=1) + "\n")
        return
    table = Table(box=None, pad_edge=False)
    for column in ("measure", "median", "p95", "n", "times the floor"):
        justify: Literal["left", "right"] = "left" if column in ("measure", "times the floor") else "right"
        table.add_column(column, justify=justify, no_wrap=True)
    for row in measures:
        floor = row["floor"]
        ratio = f"{row['median'] / floor['median']:.1f} x {floor['name']}" if floor else ""
        table.add_row(
            row["name"], f"{row['median']:g} {row['unit']}", f"{row['p95']:g}", str(row["n"]), ratio
        )
    Console(highlight=False, width=110).print(table)
