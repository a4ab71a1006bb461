"""GPU operational events of NVML 13.4: event bits and records in one set, and the contexts of a record."""

import contextlib
import ctypes
from types import ModuleType
from typing import Any

import pytest

from fake_nvml.session import Session

XID = 79


def subscribe(nvml: ModuleType, *, bits: bool, records: bool, **thresholds: int) -> Any:
    """A set with the XIDs of GPU 0 as bits, its operational events, or both."""
    events, gpu = nvml.nvmlEventSetCreate(), nvml.nvmlDeviceGetHandleByIndex(0)
    if bits:
        nvml.nvmlDeviceRegisterEvents(gpu, nvml.nvmlEventTypeXidCriticalError, events)
    if records:
        config = nvml.c_nvmlGpuOperationalEventConfig_v1_t(nvml.nvmlDeviceGetUUID(gpu), **thresholds)
        nvml.nvmlEventSetRegisterGpuOperationalEvents_v1(events, config)
    return events


def waited(nvml: ModuleType, events: Any) -> Any:
    """The next event of a set that is there already."""
    params = nvml.c_nvmlEventSetWait_v3_t(timeoutMs=0)
    nvml.nvmlEventSetWait_v3(events, params)
    return params


def test_a_set_with_bits_and_records_gets_both_of_one_incident(nvml: ModuleType, node: Session) -> None:
    events = subscribe(nvml, bits=True, records=True)
    node.control("xid", 0, code=XID)
    bit, record = waited(nvml, events), waited(nvml, events)
    assert (bit.dataType, bit.eventType, bit.eventData) == (0, nvml.nvmlEventTypeXidCriticalError, XID)
    assert (bit.sourceModule, bit.groupSize, bit.severity) == ("", 0, 0)
    assert (record.dataType, record.eventType, record.eventData) == (1, 0, 0)
    assert (record.moduleEventCode, record.severity, record.logLevel) == (XID, 40, 50)
    assert bit.uuid == record.uuid == nvml.nvmlDeviceGetUUID(nvml.nvmlDeviceGetHandleByIndex(0))


def test_a_wait_for_bits_leaves_records_in_the_set(nvml: ModuleType, node: Session) -> None:
    events = subscribe(nvml, bits=False, records=True)
    node.control("xid", 0, code=XID)
    with pytest.raises(nvml.NVMLError_Timeout, match="Timeout"):
        nvml.nvmlEventSetWait_v2(events, 0)
    assert waited(nvml, events).dataType == 1


@pytest.mark.parametrize(
    ("threshold", "there"), [({"minSeverity": 40}, 1), ({"minSeverity": 41}, 0), ({"minLogLevel": 51}, 0)]
)
def test_records_below_the_thresholds_of_the_subscription_do_not_come(
    nvml: ModuleType, node: Session, threshold: dict[str, int], there: int
) -> None:
    events = subscribe(nvml, bits=False, records=True, **threshold)
    node.control("xid", 0, code=XID)
    found = 0
    with contextlib.suppress(nvml.NVMLError_Timeout):
        found = waited(nvml, events).dataType
    assert found == there


def test_the_payload_of_a_context_can_be_asked_for_its_size_and_copied(
    nvml: ModuleType, node: Session
) -> None:
    events = subscribe(nvml, bits=False, records=True)
    node.control("xid", 0, code=XID)
    waited(nvml, events)
    params = nvml.c_nvmlEventSetGetContextData_v1_t(index=0)
    with pytest.raises(nvml.NVMLError_InsufficientSize, match="Insufficient Size"):
        nvml.nvmlEventSetGetContextData_v1(events, params)
    assert params.dataSize == 4
    buffer = ctypes.create_string_buffer(8)
    params.data, params.dataSize = ctypes.addressof(buffer), 8
    nvml.nvmlEventSetGetContextData_v1(events, params)
    assert (buffer.raw, params.dataSize) == (XID.to_bytes(8, "little"), 4)


def test_the_one_context_of_an_xid_is_a_legacy_xid(nvml: ModuleType, node: Session) -> None:
    events = subscribe(nvml, bits=False, records=True)
    node.control("xid", 0, code=XID)
    waited(nvml, events)
    count, info = nvml.c_nvmlEventSetGetContextCount_v1_t(), nvml.c_nvmlEventSetGetContextInfo_v1_t()
    xid = nvml.c_nvmlEventSetGetGpuOperationalEventContextLegacyXid_v1_t()
    nvml.nvmlEventSetGetContextCount_v1(events, count)
    nvml.nvmlEventSetGetContextInfo_v1(events, info)
    nvml.nvmlEventSetGetGpuOperationalEventContextLegacyXid_v1(events, xid)
    assert (count.count, info.nvmlGpuOperationalEventContextType, info.dataSize, xid.xidCode) == (
        1,
        1,
        4,
        XID,
    )
    info.index = 1
    with pytest.raises(nvml.NVMLError_InvalidArgument, match="Invalid Argument"):
        nvml.nvmlEventSetGetContextInfo_v1(events, info)


def test_there_is_no_context_before_the_first_event(nvml: ModuleType) -> None:
    events, data = nvml.nvmlEventSetCreate(), nvml.c_nvmlEventSetGetContextData_v1_t()
    with pytest.raises(nvml.NVMLError_NotFound, match="Not Found"):
        nvml.nvmlEventSetGetContextData_v1(events, data)
    with pytest.raises(nvml.NVMLError_NotFound, match="Not Found"):
        nvml.nvmlEventSetGetContextCount_v1(events, nvml.c_nvmlEventSetGetContextCount_v1_t())


@pytest.mark.parametrize("uuid", ["", "GPU-0"])
def test_operational_events_are_of_one_gpu_that_exists(nvml: ModuleType, uuid: str) -> None:
    config = nvml.c_nvmlGpuOperationalEventConfig_v1_t(uuid)
    with pytest.raises(nvml.NVMLError_InvalidArgument, match="Invalid Argument"):
        nvml.nvmlEventSetRegisterGpuOperationalEvents_v1(nvml.nvmlEventSetCreate(), config)
