"""``dra-conformance bench MINE --peer OTHER``: two drivers in one run, and the ratio of each measure.

A machine that does something else changes its speed from one minute to the next. So the drivers run at the same time and are
called in turns, a few calls each; what is compared was measured within a second.
"""

import json
import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack

from rich.console import Console
from rich.table import Table

from dra_clusters.measures import Measure, measure
from dra_conformance.bench import Samples, driver_faults_as_errors, rest, sampled, start_samples
from dra_conformance.drivers.descriptor import load_descriptor
from dra_conformance.drivers.programs import check_programs
from dra_conformance.harness.factory import Environment, HarnessFactory
from dra_conformance.harness.harness import Harness

ROUNDS, STARTS = 10, 5
CYCLES, BATCHES = 5, 2
"""Of one driver in one round."""
IDLE_S = 10.0
UNITS = {"claims_per_second": "1/s"}
Pair = tuple[Measure, Measure]


def run_peer_bench(mine: str, peer: str, *, as_json: bool) -> int:
    """Measure both; without AS_JSON each group of pairs is printed when it is measured."""
    descriptors = [load_descriptor(mine), load_descriptor(peer)]
    for descriptor in descriptors:
        check_programs(descriptor)
    load, pairs = os.getloadavg(), []

    def add(rows: list[Pair]) -> None:
        pairs.extend(rows)
        if not as_json:
            print_pairs(rows, (descriptors[0].name, descriptors[1].name))

    with ExitStack() as stack, driver_faults_as_errors():
        first, second = (
            stack.enter_context(HarnessFactory(descriptor, Environment())) for descriptor in descriptors
        )
        harnesses = first.make(stack), second.make(stack)
        for harness in harnesses:
            harness.start_registered()
        add(paired(*call_rounds(*harnesses)))
        add(list(zip(*(rest(harness.driver.pid, IDLE_S) for harness in harnesses), strict=True)))
        add(paired(*start_rounds(first, second)))
    if as_json:
        print_json(pairs, load)
    else:
        sys.stdout.write(f"load of the machine before: {load[0]:.1f}, after: {os.getloadavg()[0]:.1f}\n")
    return 0


def start_rounds(first: HarnessFactory, second: HarnessFactory) -> tuple[Samples, Samples]:
    """Starts in turns."""
    found: tuple[Samples, Samples] = ({}, {})
    for _ in range(STARTS):
        for factory, samples in zip((first, second), found, strict=True):
            extend(samples, start_samples(factory))
    return found


def call_rounds(first: Harness, second: Harness) -> tuple[Samples, Samples]:
    """Calls in turns; who begins changes."""
    found: tuple[Samples, Samples] = ({}, {})
    order = list(zip((first, second), found, strict=True))
    for _ in range(ROUNDS):
        for harness, samples in order:
            extend(samples, sampled(harness, CYCLES, BATCHES))
        order.reverse()
    return found


def extend(samples: Samples, more: Samples) -> None:
    """Add MORE values to SAMPLES."""
    for name, values in more.items():
        samples.setdefault(name, []).extend(values)


def paired(first: Samples, second: Samples) -> list[Pair]:
    """A pair of rows for each measure."""
    return [
        (
            measure(name, UNITS.get(name, "ms"), first[name]),
            measure(name, UNITS.get(name, "ms"), second[name]),
        )
        for name in first
    ]


def ratio(pair: Pair, column: str = "median") -> float | None:
    """The first driver's value as a part of the second's; None if that has none."""
    first, second = (float(row[column]) for row in pair)  # type: ignore[literal-required] # median or p95
    return round(first / second, 3) if second else None


def print_json(pairs: Sequence[Pair], load: Sequence[float]) -> None:
    """The pairs for scripts."""
    rows = [
        {
            "mine": pair[0],
            "peer": pair[1],
            "ratio": ratio(pair),
            "p95_ratio": ratio(pair, "p95"),
        }
        for pair in pairs
    ]
    sys.stdout.write(json.dumps({"load": load, "pairs": rows}, indent=1) + "\n")


def print_pairs(pairs: Sequence[Pair], names: tuple[str, str]) -> None:
    """The pairs for people."""
    table = Table(box=None, pad_edge=False)
    for column in ("median (p95)", *names, "ratio", "ratio of p95"):
        table.add_column(column, justify="left" if column == "median (p95)" else "right", no_wrap=True)
    for pair in pairs:
        values = [f"{row['median']:.4g} ({row['p95']:.4g}) {row['unit']}" for row in pair]
        table.add_row(
            pair[0]["name"], *values, *(str(ratio(pair, each) or "-") for each in ("median", "p95"))
        )
    Console(highlight=False, width=110).print(table)
