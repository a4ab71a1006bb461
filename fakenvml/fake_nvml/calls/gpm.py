"""GPU performance monitoring: samples that a client takes, and figures between two of them. Hopper and later.

A sample remembers how busy the GPU was; what depends on which kernels run (tensor, FP64, ...) follows the utilisation
by fixed shares, because no kernel runs here.
"""

import struct
import time
from typing import TYPE_CHECKING, Any, TypedDict

from fake_nvml.abi import layout
from fake_nvml.abi.codes import Code
from fake_nvml.calls.clocks import busy
from fake_nvml.calls.registry import Caller, Subject, action, check, getter
from fake_nvml.model import GPM_SAMPLE, Gpu, Node, NumberedIn

if TYPE_CHECKING:
    from fake_nvml.abi import structures_generated as nv


HOPPER = 9
SAMPLES_MAX = 65536
SHARES = {
    1: 1.0,
    2: 0.9,
    3: 0.6,
    4: 0.2,
    5: 0.5,
    6: 0.3,
    7: 0.3,
    8: 0.0,
    9: 0.1,
    10: 0.4,
    11: 0.0,
    12: 0.4,
    13: 0.2,
}
"""NVML_GPM_METRIC_*: graphics, SM, occupancy, integer, tensor and its kinds, DRAM, FP64, FP32, FP16."""
RATES = {20: "pcie_kib_s", 21: "pcie_kib_s", 60: "nvlink", 61: "nvlink"}


def _supported(gpu: Gpu) -> bool:
    return gpu.board.compute.architecture >= HOPPER


@getter("nvmlGpmQueryDeviceSupport", fixed=True)
def support(gpu: Gpu) -> "nv.GpmSupport":
    return {"version": 1, "isSupportedDevice": int(_supported(gpu))}


@action("nvmlGpmSampleAlloc", privileged=False, subjects=(Subject.SYSTEM,))
def allocate(_caller: Caller, node: Node) -> int:
    check(len(node.samples) < SAMPLES_MAX, Code.MEMORY)
    number = next(node.numbers)
    node.samples[number] = {}
    return GPM_SAMPLE << 32 | number


@action("nvmlGpmSampleFree", privileged=False, subjects=(Subject.GPM_SAMPLE,))
def free(_caller: Caller, found: NumberedIn) -> None:
    del found.node.samples[found.number]


def _take(gpu: Gpu, handle: int, percent: float) -> None:
    check(_supported(gpu), Code.NOT_SUPPORTED)
    check(handle >> 32 == GPM_SAMPLE and handle & 0xFFFFFFFF in gpu.node.samples)
    rate = float(gpu.reading("pcie_kib_s", 0)) / 1024
    gpu.node.samples[handle & 0xFFFFFFFF] = {"at": time.time(), "busy": percent, "pcie_kib_s": rate}


@action("nvmlGpmSampleGet", privileged=False)
def sample(_caller: Caller, gpu: Gpu, handle: int) -> None:
    _take(gpu, handle, busy(gpu))


@action("nvmlGpmMigSampleGet", privileged=False)
def mig_sample(_caller: Caller, gpu: Gpu, gi: int, handle: int) -> None:
    check(gpu.state.mig, Code.NOT_SUPPORTED)
    gpu.instance(gi)
    mine = sum(process.sm_percent for process in gpu.processes() if process.gi == gi)
    _take(gpu, handle, min(100, mine))


class Metrics(TypedDict):
    """nvmlGpmMetricsHead_t, and the array that follows it in memory, by the name of its type."""

    version: int
    sample1: int
    sample2: int
    nvmlGpmMetric_t: "list[nv.GpmMetric]"


@action("nvmlGpmMetricsGet", privileged=False, subjects=(Subject.SYSTEM,))
def metrics(_caller: Caller, node: Node, raw: bytes) -> Metrics:
    """Averages of two samples; the second one has to be the later."""
    head: Any = layout.unpack("nvmlGpmMetricsHead_t", raw)
    pair = [node.samples.get(handle & 0xFFFFFFFF) for handle in (head.sample1, head.sample2)]
    check(all(pair) and head.version == 1)
    first, second = (known or {} for known in pair)
    check(first["at"] < second["at"])
    rows: list[nv.GpmMetric] = []
    for index in range(head.numMetrics):
        start = layout.size_of("nvmlGpmMetricsHead_t") + index * layout.size_of("nvmlGpmMetric_t")
        (number,) = struct.unpack_from("<I", raw, start)
        rows.append({"metricId": number, **_metric(number, first, second)})
    return {"version": 1, "sample1": head.sample1, "sample2": head.sample2, "nvmlGpmMetric_t": rows}


def _metric(number: int, first: dict[str, float], second: dict[str, float]) -> "nv.GpmMetric":
    if number in SHARES:
        return {"nvmlReturn": Code.SUCCESS, "value": (first["busy"] + second["busy"]) / 2 * SHARES[number]}
    if number in RATES:
        name = RATES[number]
        return {"nvmlReturn": Code.SUCCESS, "value": (first.get(name, 0) + second.get(name, 0)) / 2}
    return {"nvmlReturn": Code.NOT_SUPPORTED}
