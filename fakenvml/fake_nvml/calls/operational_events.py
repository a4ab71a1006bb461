"""GPU operational events, new with NVML 13.4: structured records of what happened, and the contexts that they carry.

An event set can want event bits (``events``), records, or both, and then it gets both of one incident; only
nvmlEventSetWait_v3 returns records. What nvml.h 13.4 leaves open is assumed here: the source module's name, which severity and
log level an event has, that every kind of event has a record, that only records have contexts, and the payload of the
one context that it names, that of a legacy XID: the code as a 32-bit number.
"""

import struct
from typing import TYPE_CHECKING, Any

import msgspec

from fake_nvml.abi.codes import Code
from fake_nvml.calls.events import DOUBLE_BIT, RECOVERY_ACTION, SINGLE_BIT, XID
from fake_nvml.calls.registry import Caller, Subject, Wait, action, check
from fake_nvml.model import Event, EventSet, Gpu, Node, NumberedIn, RecordFilter

if TYPE_CHECKING:
    from fake_nvml.abi import structures_generated as nv


NVML_EVENT, OPERATIONAL_EVENT = 0, 1
"""NVML_EVENT_DATA_TYPE_*."""
NOTICE, ERROR = 30, 50
"""NVML_GPU_OPERATIONAL_EVENT_LOG_LEVEL_*."""
INFORMATIONAL, CORRECTED, FATAL = 10, 20, 40
"""NVML_OPERATIONAL_EVENT_SEVERITY_*."""
LEGACY_XID = 1
"""NVML_GPU_OPERATIONAL_EVENT_CONTEXT_TYPE_LEGACY_XID."""
SOURCE = "GPU"
TURING = 6


def severity(event: Event) -> int:
    """How bad it was."""
    if event.type in (XID, DOUBLE_BIT, RECOVERY_ACTION):
        return FATAL
    return CORRECTED if event.type == SINGLE_BIT else INFORMATIONAL


def log_level(event: Event) -> int:
    """At which level it is logged."""
    return ERROR if severity(event) == FATAL else NOTICE


def wanted_by(known: EventSet, event: Event) -> list[Event]:
    """What a set gets of an event: its bit, its record, both or nothing."""
    found = [event] if known.masks.get(event.gpu, 0) & event.type else []
    filters = (each for each in known.records if each.gpu == event.gpu)
    if any(f.min_severity <= severity(event) and f.min_log_level <= log_level(event) for f in filters):
        found.append(msgspec.structs.replace(event, record=True))
    return found


@action("nvmlEventSetRegisterGpuOperationalEvents_v1", privileged=False, subjects=(Subject.EVENT_SET,))
def register_operational(_caller: Caller, found: NumberedIn, config: Any) -> None:
    """Of one GPU, by its UUID; the same subscription twice is one."""
    uuid = config.uuid.decode(errors="replace")
    gpu = next((gpu for gpu in found.node.gpus() if gpu.uuid == uuid), None)
    check(gpu)
    assert gpu is not None
    check(gpu.board.compute.architecture >= TURING, Code.NOT_SUPPORTED)
    wanted = RecordFilter(gpu=gpu.index, min_severity=config.minSeverity, min_log_level=config.minLogLevel)
    found.node.sets[found.number].records.add(wanted)


def record_of(gpu: Gpu, event: Event) -> "nv.EventSetWaitV3":
    """What nvmlEventSetWait_v3 returns; the fields of the other format are zero or empty (nvml.h)."""
    if not event.record:
        return {
            "dataType": NVML_EVENT,
            "uuid": gpu.uuid,
            "eventType": event.type,
            "eventData": event.data,
            "timestampUsec": event.at_us,
            "gpuInstanceId": event.gi,
            "computeInstanceId": event.ci,
        }
    return {
        "dataType": OPERATIONAL_EVENT,
        "uuid": gpu.uuid,
        "sourceModule": SOURCE,
        "groupCursor": event.at_us,
        "instanceId": event.at_us,
        "timestampUsec": event.at_us,
        "gpuInstanceId": 0xFFFFFFFF,
        "computeInstanceId": 0xFFFFFFFF,
        "severity": severity(event),
        "moduleEventCode": event.data if event.type == XID else 0,
        "logLevel": log_level(event),
        "groupSize": 1,
    }


@action("nvmlEventSetWait_v3", privileged=False, subjects=(Subject.EVENT_SET,))
def wait_v3(_caller: Caller, found: NumberedIn, params: Any) -> Wait:
    def made(event: Event) -> "nv.EventSetWaitV3":
        found.node.sets[found.number].last = event
        return {"timeoutMs": params.timeoutMs, **record_of(Gpu(found.node, event.gpu), event)}

    return Wait(set=found.number, timeout_ms=params.timeoutMs, made=made, records=True)


def _contexts(node: Node, number: int) -> list[int]:
    """The XIDs that are the contexts of the event that nvmlEventSetWait_v3 returned last.

    Raises:
        NvmlError: NOT_FOUND, it has returned none.
    """
    last = node.sets[number].last
    check(last is not None, Code.NOT_FOUND)
    assert last is not None
    return [last.data] if last.record and last.type == XID else []


def _context(found: NumberedIn, index: int) -> int:
    contexts = _contexts(found.node, found.number)
    check(index < len(contexts))
    return contexts[index]


@action("nvmlEventSetGetContextCount_v1", privileged=False, subjects=(Subject.EVENT_SET,))
def context_count(_caller: Caller, found: NumberedIn, _params: Any) -> "nv.EventSetGetContextCountV1":
    return {"count": len(_contexts(found.node, found.number))}


@action("nvmlEventSetGetContextInfo_v1", privileged=False, subjects=(Subject.EVENT_SET,))
def context_info(_caller: Caller, found: NumberedIn, params: Any) -> "nv.EventSetGetContextInfoV1":
    payload = struct.pack("<I", _context(found, params.index))
    return {
        "index": params.index,
        "nvmlGpuOperationalEventContextType": LEGACY_XID,
        "sourceEventContextType": LEGACY_XID,
        "dataSize": len(payload),
        "dataFormatVersion": 1,
    }


@action("nvmlEventSetGetContextData_v1", privileged=False, subjects=(Subject.EVENT_SET,))
def context_data(_caller: Caller, found: NumberedIn, params: Any) -> "nv.EventSetGetContextDataV1":
    return {"index": params.index, "data": struct.pack("<I", _context(found, params.index))}


@action(
    "nvmlEventSetGetGpuOperationalEventContextLegacyXid_v1", privileged=False, subjects=(Subject.EVENT_SET,)
)
def context_xid(_caller: Caller, found: NumberedIn, params: Any) -> "nv.EventSetLegacyXidV1":
    return {"index": params.index, "xidCode": _context(found, params.index)}
