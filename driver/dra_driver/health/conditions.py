"""What is wrong with a GPU, and which devices are tainted for it. Pure.

Two sources. *Levels* are read at every scan: a lost GPU, the recovery action that the driver recommends, an
NVLink fabric that is not ready or not whole. They come and go with what NVML says, so they need no memory. *Edges* are XID errors and
ECC errors, which NVML reports once. They are kept, over restarts too, until the GPU recovers (``recovered``).

A condition of a whole GPU is one of every device on it. A condition of a GPU instance is one of the MIG device in it, and
of the whole GPU and its VFIO sibling, which contain it.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import msgspec

from dra_api.identifiers import DeviceName
from dra_api.objects import DeviceTaint
from dra_driver.devices.inventory import dynamic_name
from dra_driver.devices.model import Allocatable, Gpu, Inventory, MigDevice
from dra_driver.errors import ConfigError


class Fault(StrEnum):
    """Kinds of conditions; the name after the driver's domain in a taint's key."""

    XID = "xid"
    ECC = "ecc"
    LOST = "gpu-lost"
    RECOVERY = "recovery-action"
    FABRIC = "fabric"
    DEGRADED = "fabric-degraded"
    UNMONITORED = "unmonitored"


class Condition(msgspec.Struct, frozen=True, kw_only=True):
    """One fault of a GPU, or of one GPU instance of it.

    Attributes:
        gpu: UUID.
        value: number of the XID, or the recommended action.
        gi: GPU instance; None for the whole GPU.
        since: seconds since 1970.
        severe: since then the GPU was lost, or the driver recommended an action; without it, nothing shows a recovery.
    """

    gpu: str
    fault: Fault
    value: str
    gi: int | None = None
    since: int = 0
    severe: bool = False


def in_order(conditions: Iterable[Condition]) -> tuple[Condition, ...]:
    """CONDITIONS in one order; those of a whole GPU before those of its instances."""
    return tuple(
        sorted(
            conditions,
            key=lambda each: (
                each.gpu,
                each.fault,
                each.value,
                -1 if each.gi is None else each.gi,
                each.since,
            ),
        )
    )


APPLICATION_XIDS = frozenset({13, 31, 43, 45, 68, 109})
"""Errors of an application, after which the GPU is as good as before (NVIDIA, XID Errors, and its DRA driver's list)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Effects:
    """Which effect a fault's taint has: ``None`` only informs, ``NoSchedule`` keeps new pods away, ``NoExecute`` evicts.

    Attributes:
        by_fault: {fault: effect}.
        harmless_xids: XIDs with the effect ``None``.
    """

    by_fault: Mapping[Fault, str] = field(
        default_factory=lambda: {
            Fault.XID: "NoSchedule",
            Fault.ECC: "NoSchedule",
            Fault.LOST: "NoSchedule",
            Fault.RECOVERY: "NoSchedule",
            Fault.FABRIC: "NoSchedule",
            Fault.DEGRADED: "None",
            Fault.UNMONITORED: "None",
        }
    )
    harmless_xids: frozenset[int] = APPLICATION_XIDS

    def of(self, condition: Condition) -> str:
        """The effect of CONDITION's taint."""
        if condition.fault is Fault.XID and int(condition.value) in self.harmless_xids:
            return "None"
        return self.by_fault[condition.fault]


EFFECTS = ("None", "NoSchedule", "NoExecute")


def parse_effects(effects: str, xids: str) -> Effects:
    """The values of ``--taint-effects`` (``xid=NoExecute,gpu-lost=NoExecute``) and ``--additional-xids-to-ignore`` (``63,64``).

    What is not named has its default.

    Raises:
        ConfigError: an unknown fault or effect, or what is no number.
    """
    chosen = dict(Effects().by_fault)
    for part in filter(None, (part.strip() for part in effects.split(","))):
        fault, _, effect = part.partition("=")
        if fault not in list(Fault) or effect not in EFFECTS:
            message = f"--taint-effects {part!r}: wanted FAULT=EFFECT with one of {', '.join(Fault)} and one of {', '.join(EFFECTS)}"
            raise ConfigError(message)
        chosen[Fault(fault)] = effect
    numbers = [part.strip() for part in xids.split(",") if part.strip()]
    if wrong := [number for number in numbers if not number.isdecimal()]:
        message = f"--additional-xids-to-ignore {wrong[0]!r}: wanted numbers with commas between them"
        raise ConfigError(message)
    return Effects(by_fault=chosen, harmless_xids=APPLICATION_XIDS | set(map(int, numbers)))


def levels(inventory: Inventory, unmonitored: Collection[str] = ()) -> frozenset[Condition]:
    """The conditions that NVML states now; UNMONITORED are UUIDs of GPUs without events."""
    found = {Condition(gpu=gpu, fault=Fault.LOST, value="true") for gpu in inventory.lost}
    for gpu in inventory.gpus:
        if gpu.uuid in inventory.lost:
            continue
        if gpu.recovery not in (None, "none"):
            found.add(Condition(gpu=gpu.uuid, fault=Fault.RECOVERY, value=gpu.recovery))
        for fault, value in ((Fault.FABRIC, gpu.fabric_fault), (Fault.DEGRADED, gpu.fabric_degraded)):
            if value is not None:
                found.add(Condition(gpu=gpu.uuid, fault=fault, value=value))
        if gpu.uuid in unmonitored:
            found.add(Condition(gpu=gpu.uuid, fault=Fault.UNMONITORED, value="true"))
    return frozenset(found)


def recovered(edges: Iterable[Condition], before: Inventory, after: Inventory) -> frozenset[Condition]:
    """The EDGES that are over: their GPU was reset, came back, or was replaced by another between two scans.

    A reset is seen by the recommended action, which is gone afterwards. Errors of a GPU instance end with it.
    """
    over = set()
    for edge in edges:
        old, new = before.gpu(edge.gpu), after.gpu(edge.gpu)
        destroyed = bool(old and new and edge.gi is not None and has(old, edge.gi) and not has(new, edge.gi))
        if new is None or destroyed or (edge.severe and not is_severe(edge, after)):
            over.add(edge)
    return frozenset(over)


def with_severity(edges: Iterable[Condition], inventory: Inventory) -> frozenset[Condition]:
    """EDGES, marked where their GPU is lost or has a recommended action now."""
    return frozenset(
        msgspec.structs.replace(edge, severe=True) if is_severe(edge, inventory) else edge for edge in edges
    )


def is_severe(edge: Condition, inventory: Inventory) -> bool:
    """Whether the GPU of EDGE is lost, or the driver recommends to do something to it."""
    gpu = inventory.gpu(edge.gpu)
    return edge.gpu in inventory.lost or (gpu is not None and gpu.recovery not in (None, "none"))


def has(gpu: Gpu, gi: int) -> bool:
    """Whether the GPU instance exists."""
    return any(instance.gi == gi for instance in gpu.instances)


def concerns(condition: Condition, device: Allocatable) -> bool:
    """Whether DEVICE has the fault of CONDITION."""
    gpu = device.gpu
    if gpu is None or gpu.uuid != condition.gpu:
        return False
    if condition.gi is None or not isinstance(device, MigDevice):
        return True
    if device.instance:
        return device.instance.gi == condition.gi
    return any(
        instance.gi == condition.gi and dynamic_name(gpu, instance) == device.name
        for instance in gpu.instances
    )


def by_device(
    inventory: Inventory, conditions: Collection[Condition]
) -> dict[DeviceName, tuple[Condition, ...]]:
    """{device: its conditions, in order}; only devices that have any."""
    found = {
        name: in_order(each for each in conditions if concerns(each, device))
        for name, device in inventory.devices.items()
    }
    return {name: mine for name, mine in found.items() if mine}


def taints_of(domain: str, conditions: Iterable[Condition], effects: Effects) -> list[DeviceTaint]:
    """One taint for each kind of fault, with the value of the newest; DOMAIN is the driver's name."""
    newest: dict[Fault, Condition] = {}
    for each in sorted(conditions, key=lambda one: (one.since, one.value)):
        known = newest.get(each.fault)
        if known is None or effects.of(known) == "None" or effects.of(each) != "None":
            newest[each.fault] = each
    return [
        {"key": f"{domain}/{fault.value}", "value": each.value, "effect": effects.of(each)}
        for fault, each in sorted(newest.items())
    ]


def is_sick(conditions: Iterable[Condition], effects: Effects) -> bool:
    """Whether a device with CONDITIONS is reported to the kubelet as unhealthy."""
    return any(effects.of(each) != "None" for each in conditions)
