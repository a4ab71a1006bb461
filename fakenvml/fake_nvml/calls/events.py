"""Events: what a set subscribes to, and waiting for it. ``fake-nvml ctl`` and the setters make things happen.

A set belongs to the process that made it and ends with it. GPU and compute instance ids are 0xFFFFFFFF on a board that
is not in MIG mode, and in events that are about the whole GPU.
"""

import os
from typing import TYPE_CHECKING

from fake_nvml.abi.codes import Code
from fake_nvml.calls.registry import Caller, Subject, Wait, action, check, getter
from fake_nvml.model import EVENT_SET, SETS_MAX, Event, EventSet, Gpu, Node, NumberedIn

if TYPE_CHECKING:
    from fake_nvml.abi import structures_generated as nv


SINGLE_BIT, DOUBLE_BIT, PSTATE, XID, CLOCK, POWER_SOURCE, MIG_CHANGE = 0x1, 0x2, 0x4, 0x8, 0x10, 0x80, 0x100
RECOVERY_ACTION = 0x8000


def supported(gpu: Gpu) -> int:
    """Power source and clocks since Ampere, MIG where the board has it, recovery actions since Hopper."""
    architecture = gpu.board.compute.architecture
    mask = SINGLE_BIT | DOUBLE_BIT | XID | PSTATE | CLOCK
    if architecture >= 7:
        mask |= POWER_SOURCE
    if architecture >= 9:
        mask |= RECOVERY_ACTION
    return mask | (MIG_CHANGE if gpu.board.mig else 0)


@getter("nvmlDeviceGetSupportedEventTypes", fixed=True)
def event_types(gpu: Gpu) -> int:
    return supported(gpu)


def _forget_sets_of_the_dead(node: Node) -> None:
    for number, known in list(node.sets.items()):
        if not os.path.exists(f"/proc/{known.owner}"):  # noqa: PTH110 # one system call, for each of many
            del node.sets[number]


@action("nvmlEventSetCreate", privileged=False, subjects=(Subject.SYSTEM,))
def create(caller: Caller, node: Node) -> int:
    if len(node.sets) >= SETS_MAX:
        _forget_sets_of_the_dead(node)
    check(len(node.sets) < SETS_MAX, Code.INSUFFICIENT_RESOURCES)
    number = next(node.numbers)
    node.sets[number] = EventSet(owner=caller.pid)
    return EVENT_SET << 32 | number


@action("nvmlEventSetFree", privileged=False, subjects=(Subject.EVENT_SET,))
def free(_caller: Caller, found: NumberedIn) -> None:
    del found.node.sets[found.number]


@action("nvmlDeviceRegisterEvents", privileged=False)
def register(_caller: Caller, gpu: Gpu, mask: int, handle: int) -> None:
    check(handle >> 32 == EVENT_SET and handle & 0xFFFFFFFF in gpu.node.sets)
    check(mask and not mask & ~supported(gpu), Code.NOT_SUPPORTED)
    known = gpu.node.sets[handle & 0xFFFFFFFF]
    known.masks[gpu.index] = known.masks.get(gpu.index, 0) | mask


def _data(node: Node, event: Event) -> "nv.EventData":
    return {
        "device": node.gpus()[event.gpu].handle,
        "eventType": event.type,
        "eventData": event.data,
        "gpuInstanceId": event.gi,
        "computeInstanceId": event.ci,
    }


@action("nvmlEventSetWait", "nvmlEventSetWait_v2", privileged=False, subjects=(Subject.EVENT_SET,))
def wait(_caller: Caller, found: NumberedIn, timeout_ms: int) -> Wait:
    return Wait(set=found.number, timeout_ms=timeout_ms, made=lambda event: _data(found.node, event))
