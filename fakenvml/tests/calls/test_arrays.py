"""Calls that return an array: the question for the number, and an array that is too short, as nvml.h says for each."""

import ctypes
from types import ModuleType
from typing import Any

import pynvml
import pytest

from fake_nvml.session import Session

pytestmark = pytest.mark.slow

NEAR, FAR = pynvml.NVML_TOPOLOGY_NODE, pynvml.NVML_TOPOLOGY_SYSTEM


def indices(nvml: ModuleType, handles: list[Any]) -> list[int]:
    return [nvml.nvmlDeviceGetIndex(handle) for handle in handles]


def call(nvml: ModuleType, name: str, *arguments: Any) -> int:
    """The return code of a call that the bindings do not wrap this way."""
    return int(nvml._nvmlGetFunctionPointer(name)(*arguments))


def test_nvidias_bindings_list_the_gpus_of_a_cpu_and_those_near_a_gpu(nvml: ModuleType) -> None:
    gpu = nvml.nvmlDeviceGetHandleByIndex(0)
    assert indices(nvml, nvml.nvmlSystemGetTopologyGpuSet(0)) == [0, 1, 2, 3]
    assert indices(nvml, nvml.nvmlDeviceGetTopologyNearestGpus(gpu, NEAR)) == [1, 2, 3]
    assert indices(nvml, nvml.nvmlDeviceGetTopologyNearestGpus(gpu, FAR)) == [4, 5, 6, 7]
    assert nvml.nvmlDeviceGetTopologyNearestGpus(gpu, pynvml.NVML_TOPOLOGY_SINGLE) == []


def test_nvidias_bindings_read_samples(nvml: ModuleType) -> None:
    gpu = nvml.nvmlDeviceGetHandleByIndex(0)
    kind, samples = nvml.nvmlDeviceGetSamples(gpu, pynvml.NVML_TOTAL_POWER_SAMPLES, 0)
    assert (kind, len(samples)) == (pynvml.NVML_VALUE_TYPE_UNSIGNED_INT, 20)
    assert samples[0].sampleValue.uiVal == nvml.nvmlDeviceGetPowerUsage(gpu)


def test_a_short_array_of_gpus_is_filled(nvml: ModuleType) -> None:
    count, handles = ctypes.c_uint(2), (pynvml.c_nvmlDevice_t * 3)()
    code = call(nvml, "nvmlSystemGetTopologyGpuSet", 0, ctypes.byref(count), handles)
    assert (code, count.value, bool(handles[2])) == (pynvml.NVML_SUCCESS, 2, False)
    assert indices(nvml, handles[:2]) == [0, 1]


def test_gpus_are_counted_with_a_count_of_zero_only(nvml: ModuleType) -> None:
    count, handles = ctypes.c_uint(0), (pynvml.c_nvmlDevice_t * 1)()
    name = "nvmlSystemGetTopologyGpuSet"
    assert call(nvml, name, 0, ctypes.byref(count), handles) == pynvml.NVML_SUCCESS
    assert (count.value, bool(handles[0])) == (4, False)
    assert call(nvml, name, 0, ctypes.byref(count), None) == pynvml.NVML_ERROR_INVALID_ARGUMENT


@pytest.mark.parametrize(
    ("room", "code", "written"),
    [(3, pynvml.NVML_SUCCESS, 3), (0, pynvml.NVML_ERROR_INVALID_ARGUMENT, 0)],
)
def test_samples_fill_the_array_that_there_is(nvml: ModuleType, room: int, code: int, written: int) -> None:
    gpu = nvml.nvmlDeviceGetHandleByIndex(0)
    kind, count, samples = ctypes.c_uint(), ctypes.c_uint(room), (pynvml.c_nvmlSample_t * 4)()
    since, power = ctypes.c_ulonglong(0), pynvml.NVML_TOTAL_POWER_SAMPLES
    arguments = (gpu, power, since, ctypes.byref(kind), ctypes.byref(count), samples)
    assert call(nvml, "nvmlDeviceGetSamples", *arguments) == code
    assert sum(sample.timeStamp > 0 for sample in samples) == written
    assert code != pynvml.NVML_SUCCESS or count.value == written


def test_an_array_behind_a_null_pointer_is_too_short(node: Session, nvml: ModuleType) -> None:
    node.control("ecc", 0, place="sram")
    gpu = nvml.nvmlDeviceGetHandleByIndex(0)
    counts = pynvml.c_nvmlEccSramUniqueUncorrectedErrorCounts_v1_t()
    counts.entryCount = 8
    code = call(nvml, "nvmlDeviceGetSramUniqueUncorrectedEccErrorCounts", gpu, ctypes.byref(counts))
    assert (code, counts.entryCount) == (pynvml.NVML_ERROR_INSUFFICIENT_SIZE, 1)


def test_without_processes_there_is_no_sample_of_their_use(nvml: ModuleType) -> None:
    gpu = nvml.nvmlDeviceGetHandleByIndex(0)
    for use in (nvml.nvmlDeviceGetProcessUtilization, nvml.nvmlDeviceGetProcessesUtilizationInfo):
        with pytest.raises(pynvml.NVMLError_NotFound, match="Not Found"):
            use(gpu, 0)
