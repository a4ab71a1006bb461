"""Measurements of a run: there are none without a check."""

import os
import time
from contextlib import ExitStack
from typing import Any

import pytest

from dra_conformance.bench import bench_calls, cpu_seconds, memory_mib, suite_measures
from dra_conformance.drivers.descriptor import load_descriptor
from dra_conformance.errors import HarnessError
from dra_conformance.harness.factory import Environment, HarnessFactory


def test_a_run_without_a_check_has_nothing_to_measure() -> None:
    rows: list[dict[str, Any]] = [
        {"type": "run"},
        {"type": "start", "time": 1.0},
        {"type": "end", "time": 1.5},
    ]
    with pytest.raises(HarnessError, match="the default run of mine ended without a check"):
        suite_measures("mine", 500.0, rows)


def test_the_checks_of_a_run_are_measured() -> None:
    rows = [{"type": "check", "seconds": 0.2}, {"type": "check", "seconds": 0.4}]
    names = [row["name"] for row in suite_measures("mine", 500.0, rows)]
    assert names == ["run_wall", "check_mean", "check_median"]


def test_the_cpu_time_of_a_process_is_the_kernel_s() -> None:
    before = time.process_time()
    assert before <= cpu_seconds(os.getpid()) <= time.process_time()


def test_private_memory_is_a_part_of_the_resident() -> None:
    resident, private = memory_mib(os.getpid())
    assert 0 < private <= resident


@pytest.mark.slow
def test_calls_are_measured_without_getinfo() -> None:
    with HarnessFactory(load_descriptor("control"), Environment()) as factory, ExitStack() as stack:
        harness = factory.make(stack)
        bench_calls(harness)
        calls = [step["what"] for step in harness.evidence.take() if step["kind"] == "grpc"]
    measured = calls[calls.index("NodePrepareResources") :]
    assert set(measured) == {"NodePrepareResources", "NodeUnprepareResources"}
