"""``dra-conformance bench``: what a driver costs, and what the suite costs, each beside a floor of the same run.

The floor of a call is an empty prepare over the same connection: what gRPC, the socket and both processes cost without
any work. As a kubelet, the bench asks for version and endpoint once and not before each call. Times are milliseconds
unless a name says otherwise.
"""

import contextlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from rich.console import Console

from dra_clusters.measures import Measure, measure, print_measures, timed
from dra_conformance.drivers.descriptor import load_descriptor
from dra_conformance.drivers.programs import check_programs
from dra_conformance.errors import HarnessError
from dra_conformance.expectations import Violation
from dra_conformance.harness.factory import Environment, HarnessFactory
from dra_conformance.harness.harness import Harness
from dra_conformance.run import RunOptions, judge_driver

STARTS, CALLS, BATCHES = 5, 100, 30


def bench_calls(harness: Harness) -> list[Measure]:
    """Prepare and unprepare of one claim and of eight, and claims per second."""
    harness.start_registered()
    version, endpoint = harness.kubelet.version(), harness.kubelet.endpoint

    def prepare(*claims: Any) -> None:
        harness.kubelet.prepare(*claims, version=version, endpoint=endpoint)

    def unprepare(*claims: Any) -> None:
        harness.kubelet.unprepare(*claims, version=version, endpoint=endpoint)

    empty = measure("empty_prepare", "ms", [timed(prepare) for _ in range(CALLS)])
    one = harness.claim()
    prepares, unprepares = [], []
    for _ in range(CALLS):
        prepares.append(timed(lambda: prepare(one)))
        unprepares.append(timed(lambda: unprepare(one)))
    many = [harness.claim(device) for device in harness.require_devices(min(8, len(harness.devices())))]
    batches = []
    for _ in range(BATCHES):
        batches.append(timed(lambda: prepare(*many)))
        unprepare(*many)
    rates = [len(many) * 1000 / milliseconds for milliseconds in batches]
    pages = next(
        line
        for line in Path(f"/proc/{harness.driver.pid}/status").read_text().splitlines()
        if line.startswith("VmRSS")
    )
    return [
        empty,
        measure("prepare_one", "ms", prepares, empty),
        measure("unprepare_one", "ms", unprepares, empty),
        measure("prepare_eight", "ms", batches, empty),
        measure("claims_per_second", "1/s", rates),
        measure("driver_rss", "MiB", [int(pages.split()[1]) / 1024]),
    ]


def bench_starts(factory: HarnessFactory) -> list[Measure]:
    """From the start of the process to its sockets, and to its slice."""
    sockets, slices, pythons = [], [], []
    for _ in range(STARTS):
        pythons.append(timed(lambda: subprocess.run([sys.executable, "-c", "import grpc"], check=True)))
        with ExitStack() as stack:
            harness = factory.make(stack)
            start = time.perf_counter()
            harness.start()
            sockets.append((time.perf_counter() - start) * 1000)
            harness.api.wait_slices(harness.descriptor.budgets.publish_seconds)
            slices.append((time.perf_counter() - start) * 1000)
    floor = measure("python_with_grpc", "ms", pythons)
    return [
        floor,
        measure("driver_start_to_sockets", "ms", sockets, floor),
        measure("driver_start_to_slice", "ms", slices, floor),
    ]


def bench_suite(descriptor: str) -> list[Measure]:
    """The default run."""
    with tempfile.TemporaryDirectory(prefix="dra-bench-") as folder:
        options = RunOptions(descriptor=descriptor, output=Path(folder, "r"), as_json=True)
        with Path(folder, "out").open("w") as sink, contextlib.redirect_stdout(sink):
            wall = timed(lambda: judge_driver(options))
        rows = [json.loads(line) for line in Path(folder, "r", "log.jsonl").read_text().splitlines()]
    return suite_measures(descriptor, wall, rows)


def suite_measures(descriptor: str, wall: float, rows: Sequence[Mapping[str, Any]]) -> list[Measure]:
    """What a run cost, by its WALL time in milliseconds and the ROWS of its log.

    Raises:
        HarnessError: no check has ended.
    """
    seconds = [row["seconds"] * 1000 for row in rows if row["type"] == "check"]
    if not seconds:
        message = f"the default run of {descriptor} ended without a check, so there is nothing to measure; see dra-conformance run"
        raise HarnessError(message)
    mean = sum(seconds) / len(seconds)
    return [
        measure("run_wall", "s", [wall / 1000]),
        measure("check_mean", "ms", [mean]) | {"n": len(seconds)},
        measure("check_median", "ms", seconds),
    ]


@contextlib.contextmanager
def driver_faults_as_errors() -> Iterator[None]:
    """A driver that does not do what is measured cannot be measured.

    Raises:
        HarnessError: it does not start, publish, prepare or unprepare.
    """
    try:
        yield
    except Violation as error:
        message = f"the driver cannot be measured: {error}; see dra-conformance run"
        raise HarnessError(message) from error


def run_bench(descriptor: str, *, as_json: bool) -> int:
    """Measure everything; without AS_JSON each group of rows is printed when it is measured."""
    loaded = load_descriptor(descriptor)
    check_programs(loaded)
    console = Console(quiet=as_json, highlight=False, stderr=True)
    measures: list[Measure] = []

    def add(rows: list[Measure]) -> None:
        measures.extend(rows)
        if not as_json:
            print_measures(rows, as_json=False)

    with HarnessFactory(loaded, Environment()) as factory, driver_faults_as_errors():
        with console.status("measuring starts of the driver"):
            rows = bench_starts(factory)
        add(rows)
        with console.status("measuring calls"), ExitStack() as stack:
            rows = bench_calls(factory.make(stack))
        add(rows)
    with console.status("measuring the suite"):
        rows = bench_suite(descriptor)
    add(rows)
    if as_json:
        print_measures(measures, as_json=True)
    return 0
