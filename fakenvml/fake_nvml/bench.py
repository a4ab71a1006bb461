"""``fake-nvml bench``: what a call costs from C and through pynvml, beside a trivial library in the same run."""

import ctypes
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any, TypedDict

import pynvml

from fake_nvml import build
from fake_nvml.errors import EnvironmentFault
from fake_nvml.session import Session

MIG_ROUNDS = 20
START_ROUNDS = 5
RUN_ROUNDS = 15
PYTHON_CALLS = 2000
IN_CHILD = "import sys; from fake_nvml.bench import bench_python; bench_python()"


class Floor(TypedDict):
    """What a measure is compared with."""

    name: str
    median: float


class Measure(TypedDict):
    """One row; ``floor`` is None where there is nothing to compare with."""

    name: str
    unit: str
    median: float
    p95: float
    n: int
    floor: Floor | None


def measure(name: str, unit: str, values: Sequence[float], floor: Measure | None = None) -> Measure:
    """One row."""
    ordered = sorted(values)
    return {
        "name": name,
        "unit": unit,
        "median": round(statistics.median(ordered), 3),
        "p95": round(ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))], 3),
        "n": len(ordered),
        "floor": {"name": floor["name"], "median": floor["median"]} if floor else None,
    }


def samples_of(text: str) -> dict[str, list[float]]:
    """{name: values} of lines ``name value``."""
    found: dict[str, list[float]] = {}
    for line in text.splitlines():
        name, _, value = line.partition(" ")
        found.setdefault(name, []).append(float(value))
    return found


def run_client(command: list[str], session: Session) -> dict[str, list[float]]:
    """Samples that a client of the node prints.

    Raises:
        EnvironmentFault: it failed.
    """
    done = subprocess.run(command, env=session.environment, capture_output=True, text=True, check=False)
    if done.returncode:
        message = f"the benchmark client failed: {done.stderr.strip()[-500:]}"
        raise EnvironmentFault(message)
    return samples_of(done.stdout)


def run_all() -> list[Measure]:
    """Every measure, on a ``dgx-b200``."""
    size = ctypes.sizeof(pynvml.c_nvmlGpuFabricInfoV_t)
    here = files("fake_nvml")
    source, floor_source = here.joinpath("bench.c").read_text(), here.joinpath("bench_floor.c").read_text()
    program = build.compile_once({"bench.c": source}, ("-O2", f"-DFABRIC_SIZE={size}u", "-ldl"), "bench")
    trivial = build.compile_once(
        {"bench_floor.c": floor_source}, ("-O2", "-fPIC", "-shared", "-pthread"), "floor.so"
    )
    starts = [first_answer_ms() for _ in range(START_ROUNDS)]
    plain, mounted = command_starts()
    with tempfile.TemporaryDirectory(prefix="nvml-") as folder, Session("dgx-b200", Path(folder)) as session:
        lowest = run_client([str(program), str(trivial)], session)
        native = run_client([str(program), str(Path(folder, "lib", build.SONAME))], session)
        python = run_client([sys.executable, "-c", IN_CHILD], session)
        resident = resident_mib(session.pid)
    floors = {name: measure(f"trivial_{name}", "ns", values) for name, values in lowest.items()}
    rows = [measure(name, "ns", values, floors[name]) for name, values in native.items()]
    python_floor = measure("empty_ctypes_call", "ns", python.pop("empty_ctypes_call"))
    mig = measure("mig_create_visible", "ms", python.pop("mig_create_visible"))
    through = [measure(f"pynvml_{name}", "ns", values, python_floor) for name, values in python.items()]
    run_plain = measure("run_a_command", "ms", plain)
    sizes = [
        measure("run_to_first_answer", "ms", starts),
        run_plain,
        *mounted_rows(run_plain, plain, mounted),
        measure("daemon_resident", "MiB", [resident]),
        measure("library_size", "KiB", [build.library().stat().st_size / 1024]),
    ]
    return [*floors.values(), *rows, python_floor, *through, mig, *sizes]


def first_answer_ms() -> float:
    """From the start of a node daemon until a client in this process has its first answer."""
    start = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="nvml-") as folder, Session("dgx-b200", Path(folder)) as session:
        session.control("machine")
        return (time.perf_counter() - start) * 1000


def command_starts() -> tuple[list[float], list[float]]:
    """Milliseconds of ``fake-nvml run -- true``, plain and inside the node, in turns; none of the latter where it is not allowed."""
    command = [sys.executable, "-m", "fake_nvml.cli", "run", "--machine", "dgx-b200"]
    plain, mounted = [], []
    for _ in range(RUN_ROUNDS):
        plain.append(command_ms([*command, "--", "true"]))
        inside = command_ms([*command, "--mount", "--", "true"])
        mounted += [inside] if inside is not None else []
    return [each for each in plain if each is not None], mounted


def command_ms(command: list[str]) -> float | None:
    """How long a command runs; None if it fails."""
    start = time.perf_counter()
    done = subprocess.run(command, capture_output=True, check=False)
    return (time.perf_counter() - start) * 1000 if done.returncode == 0 else None


def mounted_rows(floor: Measure, plain: list[float], mounted: list[float]) -> list[Measure]:
    """What ``--mount`` costs: beside a plain start, and by how much each start was longer than the plain one before it."""
    if len(mounted) < len(plain):
        return []
    longer = [inside - before for before, inside in zip(plain, mounted, strict=True)]
    return [measure("run_a_command_mount", "ms", mounted, floor), measure("mount_over_plain", "ms", longer)]


def resident_mib(pid: int) -> float:
    """Memory that a process holds."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / (1 << 20)


def bench_python() -> None:
    """The part that runs in a client of its own: prints samples."""
    pynvml.nvmlInit()
    handle = pynvml.nvmlDeviceGetHandleByIndex(0)
    absolute = ctypes.CDLL(None).abs
    calls: dict[str, Callable[[], Any]] = {
        "empty_ctypes_call": lambda: absolute(1),
        "getter_count": pynvml.nvmlDeviceGetCount,
        "getter_name": lambda: pynvml.nvmlDeviceGetName(handle),
        "getter_memory_v2": lambda: pynvml.nvmlDeviceGetMemoryInfo(handle, version=pynvml.nvmlMemory_v2),
    }
    for name, call in calls.items():
        for _ in range(20):
            start = time.perf_counter_ns()
            for _ in range(PYTHON_CALLS):
                call()
            print(name, (time.perf_counter_ns() - start) / PYTHON_CALLS)  # noqa: T201 # read by run_all
    for milliseconds in create_and_look(handle):
        print("mig_create_visible", milliseconds)  # noqa: T201 # read by run_all
    pynvml.nvmlShutdown()


def create_and_look(handle: Any) -> list[float]:
    """Milliseconds from the request for a MIG instance until its device can be found, and back."""
    pynvml.nvmlDeviceSetMigMode(handle, pynvml.NVML_DEVICE_MIG_ENABLE)
    profile = pynvml.nvmlDeviceGetGpuInstanceProfileInfo(handle, pynvml.NVML_GPU_INSTANCE_PROFILE_1_SLICE)
    found = []
    for _ in range(MIG_ROUNDS):
        start = time.perf_counter()
        gpu_instance = pynvml.nvmlDeviceCreateGpuInstance(handle, profile.id)
        slices = pynvml.nvmlGpuInstanceGetComputeInstanceProfileInfo(gpu_instance, 0, 0)
        compute_instance = pynvml.nvmlGpuInstanceCreateComputeInstance(gpu_instance, slices.id)
        pynvml.nvmlDeviceGetMigDeviceHandleByIndex(handle, 0)
        found.append((time.perf_counter() - start) * 1000)
        pynvml.nvmlComputeInstanceDestroy(compute_instance)
        pynvml.nvmlGpuInstanceDestroy(gpu_instance)
    pynvml.nvmlDeviceSetMigMode(handle, pynvml.NVML_DEVICE_MIG_DISABLE)
    return found


def main(*, as_json: bool) -> None:
    """Measure and print."""
    rows = run_all()
    if as_json:
        print(json.dumps({"measures": rows}, indent=1))  # noqa: T201 # the command's output
        return
    print(f"{'measure':26} {'median':>10} {'p95':>10} {'n':>5}  times the floor")  # noqa: T201 # the same
    for row in rows:
        floor = row["floor"]
        ratio = f"{row['median'] / floor['median']:.1f} x {floor['name']}" if floor else ""
        print(f"{row['name']:26} {row['median']:>7} {row['unit']} {row['p95']:>10} {row['n']:>5}  {ratio}")  # noqa: T201
