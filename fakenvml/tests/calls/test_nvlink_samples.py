"""NVLink telemetry samples of NVML 13.4: a batch of requests, each with an array of its own."""

import ctypes
from types import ModuleType
from typing import Any

import pytest

from fake_nvml.session import Session

RUBIN = pytest.mark.parametrize("node", ["vr200-nvl72"], indirect=True)


def batch(nvml: ModuleType, *slots: Any) -> Any:
    """A request; each slot is (link, kind, room, array or None)."""
    made = (nvml.c_nvmlNvlinkTelemetrySample_v1_t * len(slots))()
    for slot, (link, kind, room, array) in zip(made, slots, strict=True):
        slot.linkId, slot.sampleType, slot.sampleCount, slot.nvmlReturn = link, kind, room, 999
        slot.samples = ctypes.cast(array, ctypes.POINTER(ctypes.c_ulonglong)) if array else None
    return nvml.c_nvmlNvlinkTelemetrySamples_v1_t(len(slots), made)


def asked(nvml: ModuleType, *slots: Any) -> list[tuple[int, int]]:
    """(count, return code) of each slot after the call."""
    request = batch(nvml, *slots)
    nvml.nvmlDeviceGetNvLinkTelemetrySamples_v1(nvml.nvmlDeviceGetHandleByIndex(0), request)
    return [(each.sampleCount, each.nvmlReturn) for each in request.telemetrySamples[: len(slots)]]


@RUBIN
def test_a_slot_without_room_is_told_how_many_samples_it_can_have(nvml: ModuleType) -> None:
    assert asked(nvml, (0, 0, 0, None), (17, 1, 0, None)) == [(32, 0), (32, 0)]


@RUBIN
def test_each_slot_gets_the_counters_of_its_link_in_its_own_array(nvml: ModuleType, node: Session) -> None:
    node.control("set", 0, gpu_percent=100)
    node.control("link", 0, link=1, up=0)
    arrays = [(ctypes.c_ulonglong * 32)(*[1] * 32) for _ in range(2)]
    counts = asked(nvml, (0, 0, 32, arrays[0]), (1, 1, 32, arrays[1]))
    assert [code for _, code in counts] == [0, 0]
    first, second = (list(array[:count]) for array, (count, _) in zip(arrays, counts, strict=True))
    assert first == sorted(first)
    assert not any(second)


@RUBIN
@pytest.mark.parametrize(
    "slot", [(36, 0, 0, None), (0, 2, 0, None), (0, 0, 33, (ctypes.c_ulonglong * 33)()), (0, 0, 8, None)]
)
def test_a_slot_that_is_wrong_makes_the_call_wrong(nvml: ModuleType, slot: Any) -> None:
    with pytest.raises(nvml.NVMLError_InvalidArgument, match="Invalid Argument"):
        asked(nvml, (0, 0, 0, None), slot)


def test_boards_before_rubin_have_no_samples(nvml: ModuleType) -> None:
    with pytest.raises(nvml.NVMLError_NotSupported, match="Not Supported"):
        asked(nvml)
