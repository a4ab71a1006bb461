"""Event sets: which events there are, and how a client waits for one."""

import threading
from types import ModuleType
from typing import Any

import pytest

from fake_nvml.session import Session

pytestmark = pytest.mark.slow


def waited(nvml: ModuleType, events: Any, found: list[Any]) -> threading.Thread:
    """A thread that waits for one event of a set."""
    thread = threading.Thread(
        target=lambda: found.append(nvml.nvmlEventSetWait_v2(events, 20_000)), daemon=True
    )
    thread.start()
    return thread


def test_an_xid_wakes_who_waits_for_it(nvml: ModuleType, node: Session) -> None:
    gpu, events = nvml.nvmlDeviceGetHandleByIndex(2), nvml.nvmlEventSetCreate()
    nvml.nvmlDeviceRegisterEvents(gpu, nvml.nvmlEventTypeXidCriticalError, events)
    found: list[Any] = []
    thread = waited(nvml, events, found)
    node.control("xid", 1, code=13)
    node.control("xid", 2, code=79)
    thread.join(10)
    (event,) = found
    assert (event.eventType, event.eventData) == (nvml.nvmlEventTypeXidCriticalError, 79)
    assert (event.gpuInstanceId, event.computeInstanceId) == (0xFFFFFFFF, 0xFFFFFFFF)


@pytest.mark.parametrize(
    ("kind", "command", "values"),
    [
        (0x1, "ecc", {"kind": "corrected"}),
        (0x2, "ecc", {}),
        (0x4, "set", {"pstate": 8}),
        (0x80, "set", {"power_source": 1}),
        (0x8000, "recovery", {"action": "reset"}),
    ],
)
def test_each_kind_of_event_can_happen(
    nvml: ModuleType, node: Session, kind: int, command: str, values: dict[str, Any]
) -> None:
    events = nvml.nvmlEventSetCreate()
    nvml.nvmlDeviceRegisterEvents(nvml.nvmlDeviceGetHandleByIndex(0), kind, events)
    node.control(command, 0, **values)
    assert nvml.nvmlEventSetWait_v2(events, 0).eventType == kind


def test_waiting_without_an_event_times_out(nvml: ModuleType) -> None:
    with pytest.raises(nvml.NVMLError_Timeout, match="Timeout"):
        nvml.nvmlEventSetWait_v2(nvml.nvmlEventSetCreate(), 10)


def test_an_event_that_the_board_does_not_have_is_not_supported(nvml: ModuleType) -> None:
    with pytest.raises(nvml.NVMLError_NotSupported, match="Not Supported"):
        nvml.nvmlDeviceRegisterEvents(nvml.nvmlDeviceGetHandleByIndex(0), 1 << 40, nvml.nvmlEventSetCreate())
