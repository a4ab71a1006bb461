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
MANY_IDLE_S, SETTLE_S = 60.0, 5.0


Samples = dict[str, list[float]]
"""{measure: its values}."""


def sampled(harness: Harness, cycles: int, batches: int) -> Samples:
    """CYCLES of one claim and BATCHES of eight, of a driver that is registered; milliseconds, and claims per second."""
    version, endpoint = harness.kubelet.version(), harness.kubelet.endpoint

    def prepare(*claims: Any) -> None:
        harness.kubelet.prepare(*claims, version=version, endpoint=endpoint)

    def unprepare(*claims: Any) -> None:
        harness.kubelet.unprepare(*claims, version=version, endpoint=endpoint)

    found: Samples = {
        "empty_prepare": [timed(prepare) for _ in range(cycles)],
        "prepare_one": [],
        "unprepare_one": [],
    }
    one = harness.claim()
    before = cpu_seconds(harness.driver.pid)
    for _ in range(cycles):
        found["prepare_one"].append(timed(lambda: prepare(one)))
        found["unprepare_one"].append(timed(lambda: unprepare(one)))
    cycle = (cpu_seconds(harness.driver.pid) - before) / cycles * 1000
    many = [harness.claim(device) for device in harness.require_devices(min(8, len(harness.devices())))]
    eight: list[float] = []
    rates: list[float] = []
    for _ in range(batches):
        eight.append(timed(lambda: prepare(*many)))
        rates.append(len(many) * 1000 / (eight[-1] + timed(lambda: unprepare(*many))))
    return found | {"prepare_eight": eight, "claims_per_second": rates, "driver_cpu_of_a_cycle": [cycle]}


def bench_calls(harness: Harness) -> list[Measure]:
    """Prepare and unprepare of one claim and of eight, and how many claims a second are prepared and unprepared again."""
    harness.start_registered()
    found = sampled(harness, CALLS, BATCHES)
    empty = measure("empty_prepare", "ms", found["empty_prepare"])
    beside = ("prepare_one", "unprepare_one", "prepare_eight")
    return [
        empty,
        *(measure(name, "ms", found[name], empty) for name in beside),
        measure("claims_per_second", "1/s", found["claims_per_second"]),
        measure("driver_cpu_of_a_cycle", "ms", found["driver_cpu_of_a_cycle"]),
    ]


def rest(pid: int, seconds: float, suffix: str = "") -> list[Measure]:
    """What a driver takes of the node while nobody asks it for anything; SUFFIX says in which state."""
    before = cpu_seconds(pid)
    time.sleep(seconds)  # an idle driver has no event to wait for
    idle = (cpu_seconds(pid) - before) / seconds
    resident, private = memory_mib(pid)
    return [
        measure(f"driver_idle_cpu{suffix}", "%", [idle * 100]),
        measure(f"driver_rss{suffix}", "MiB", [resident]),
        measure(f"driver_private_memory{suffix}", "MiB", [private]),
    ]


def bench_many(factory: HarnessFactory) -> list[Measure]:
    """The driver at rest with as many devices as it can publish, if its descriptor says how; a minute, for its timers are slow."""
    many = factory.descriptor.start.many
    if many is None:
        return []
    with ExitStack() as stack:
        harness = factory.make(stack)
        harness.start_registered(variant=many)
        harness.api.wait_slices(harness.descriptor.budgets.publish_seconds)
        time.sleep(SETTLE_S)
        return rest(harness.driver.pid, MANY_IDLE_S, "_with_many_devices")


def cpu_seconds(pid: int) -> float:
    """CPU time of a process with all its threads; the ticks in /proc are longer than a call."""
    return time.clock_gettime((~pid << 3) | 2)  # the id that clock_getcpuclockid(3) makes


def memory_mib(pid: int) -> tuple[float, float]:
    """Resident memory of a process, and the part of it that no other process has."""
    rows = (line.split() for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:])
    kib = {name.rstrip(":"): int(size) for name, size, *_ in rows}
    return kib["Rss"] / 1024, (kib["Private_Clean"] + kib["Private_Dirty"]) / 1024


def start_samples(factory: HarnessFactory) -> Samples:
    """One start: from the process to its sockets, and to its slice, in milliseconds."""
    with ExitStack() as stack:
        harness = factory.make(stack)
        start = time.perf_counter()
        harness.start()
        sockets = (time.perf_counter() - start) * 1000
        harness.api.wait_slices(harness.descriptor.budgets.publish_seconds)
        return {
            "driver_start_to_sockets": [sockets],
            "driver_start_to_slice": [(time.perf_counter() - start) * 1000],
        }


def bench_starts(factory: HarnessFactory) -> list[Measure]:
    """Starts of the driver, beside that of an interpreter."""
    pythons: list[float] = []
    found: Samples = {}
    for _ in range(STARTS):
        pythons.append(timed(lambda: subprocess.run([sys.executable, "-c", "import grpc"], check=True)))
        for name, values in start_samples(factory).items():
            found.setdefault(name, []).extend(values)
    floor = measure("python_with_grpc", "ms", pythons)
    return [floor, *(measure(name, "ms", values, floor) for name, values in found.items())]


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
            add(rest(harness.driver.pid, IDLE_S))
        with console.status("measuring the driver at rest"):
            rows = bench_many(factory)
        add(rows)
    with console.status("measuring the suite"):
        rows = bench_suite(descriptor)
    add(rows)
    if as_json:
        print_measures(measures, as_json=True)
    return 0
