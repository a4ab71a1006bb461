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
IDLE_S = 10.0


def bench_calls(harness: Harness) -> list[Measure]:
    """Prepare and unprepare of one claim and of eight, and how many claims a second are prepared and unprepared again."""
    harness.start_registered()
    version, endpoint = harness.kubelet.version(), harness.kubelet.endpoint

    def prepare(*claims: Any) -> None:
        harness.kubelet.prepare(*claims, version=version, endpoint=endpoint)

    def unprepare(*claims: Any) -> None:
        harness.kubelet.unprepare(*claims, version=version, endpoint=endpoint)

    empty = measure("empty_prepare", "ms", [timed(prepare) for _ in range(CALLS)])
    one = harness.claim()
    prepares, unprepares = [], []
    before = cpu_seconds(harness.driver.pid)
    for _ in range(CALLS):
        prepares.append(timed(lambda: prepare(one)))
        unprepares.append(timed(lambda: unprepare(one)))
    cycle = (cpu_seconds(harness.driver.pid) - before) / CALLS
    many = [harness.claim(device) for device in harness.require_devices(min(8, len(harness.devices())))]
    batches, rates = [], []
    for _ in range(BATCHES):
        batches.append(timed(lambda: prepare(*many)))
        rates.append(len(many) * 1000 / (batches[-1] + timed(lambda: unprepare(*many))))
    return [
        empty,
        measure("prepare_one", "ms", prepares, empty),
        measure("unprepare_one", "ms", unprepares, empty),
        measure("prepare_eight", "ms", batches, empty),
        measure("claims_per_second", "1/s", rates),
        measure("driver_cpu_of_a_cycle", "ms", [cycle * 1000]),
    ]


def bench_rest(harness: Harness) -> list[Measure]:
    """What the driver takes of the node after the calls, while nobody asks it for anything."""
    pid = harness.driver.pid
    before = cpu_seconds(pid)
    time.sleep(IDLE_S)  # an idle driver has no event to wait for
    idle = (cpu_seconds(pid) - before) / IDLE_S
    resident, private = memory_mib(pid)
    return [
        measure("driver_idle_cpu", "%", [idle * 100]),
        measure("driver_rss", "MiB", [resident]),
        measure("driver_private_memory", "MiB", [private]),
    ]


def cpu_seconds(pid: int) -> float:
    """CPU time of a process with all its threads; the ticks in /proc are longer than a call."""
    return time.clock_gettime((~pid << 3) | 2)  # the id that clock_getcpuclockid(3) makes


def memory_mib(pid: int) -> tuple[float, float]:
    """Resident memory of a process, and the part of it that no other process has."""
    rows = (line.split() for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:])
    kib = {name.rstrip(":"): int(size) for name, size, *_ in rows}
    return kib["Rss"] / 1024, (kib["Private_Clean"] + kib["Private_Dirty"]) / 1024


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
            harness = factory.make(stack)
            rows = bench_calls(harness)
            add(rows)
            rows = bench_rest(harness)
            add(rows)
    with console.status("measuring the suite"):
        rows = bench_suite(descriptor)
    add(rows)
    if as_json:
        print_measures(measures, as_json=True)
    return 0
