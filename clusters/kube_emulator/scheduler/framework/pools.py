"""Pure: the pools that a node is offered (structured/internal pools_experimental.go, 1.37).

A pool counts in its newest generation and when all of its slices are there; one whose names collide, or whose devices
take counters that nobody declares, is invalid. Where the slices that say something to the node make up the count, the
others are not looked at: a newer generation of which the node has no slice makes them obsolete only then.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from dra_api.objects import Node
from kube_emulator.scheduler.framework.devices import Counters, Device, PoolId, Slice
from kube_emulator.scheduler.framework.selection import chosen_by


@dataclass(frozen=True, eq=False)
class Pool:
    """A pool as one node sees it."""

    id: PoolId
    devices: tuple[Device, ...] = ()
    """Those that the node may use, if it is complete and valid."""
    others: tuple[Device, ...] = ()
    """Those of other nodes, which take from the same counters."""
    counters: Counters | None = None
    problem: str = ""
    """Why it is invalid, or nothing."""
    incomplete: str = ""
    """What is missing, or nothing."""


def relevant(item: Slice, node: Node, gates: frozenset[str]) -> bool:
    """Whether a slice says something to NODE."""
    spec = item.spec
    per_device, counters = spec.get("perDeviceNodeSelection"), spec.get("sharedCounters")
    if (per_device or counters) and "DRAPartitionableDevices" not in gates:
        return False
    if ignored(item, gates):
        return False
    if per_device:
        return any(chosen_by(device, node) for device in spec.get("devices") or [])
    return chosen_by(spec, node)


def ignored(item: Slice, gates: frozenset[str]) -> bool:
    """Whether a slice counts as missing: who does not know compatibility groups cannot obey them."""
    return item.grouped and "DRADeviceCompatibilityGroups" not in gates


def problem_of(targeting: Sequence[Slice], everything: Sequence[Slice], gates: frozenset[str]) -> str:
    """Why a complete pool is invalid, or nothing."""
    names: set[str] = set()
    for device in (device for item in targeting for device in item.devices):
        if device.id[2] in names:
            return f"duplicate device name {device.id[2]}"
        names.add(device.id[2])
    if "DRAPartitionableDevices" not in gates:
        return ""
    sets: dict[str, Mapping[str, Fraction]] = {}
    for item in everything:
        for name, counters in item.counters.items():
            if name in sets or item.repeated:
                return f"duplicate counter set name {item.repeated or name}"
            sets[name] = counters
    for device in (device for item in everything for device in item.devices):
        for name, counters in device.consumes.items():
            if name not in sets:
                return f"counter set {name} not found"
            unknown = next((counter for counter in counters if counter not in sets[name]), None)
            if unknown is not None:
                return f"counter {unknown} not found in counter set {name}"
    return ""


def pool_of(pool: PoolId, everything: Sequence[Slice], node: Node, gates: frozenset[str]) -> Pool | None:
    """A pool, of all whose slices are EVERYTHING, for NODE; None if it has nothing for the node."""
    mine = [item for item in everything if relevant(item, node, gates)]
    if not mine:
        return None
    newest = max(item.generation for item in mine)
    mine = sorted((item for item in mine if item.generation == newest), key=lambda item: item.name)
    wanted, current = mine[0].count, mine
    if len(mine) != wanted:
        # Slices of other nodes count too: a pool may span nodes, and its size is that of all of them.
        if any(item.generation > newest for item in everything):
            return None
        current = [item for item in everything if item.generation == newest and not ignored(item, gates)]
    if len(current) != wanted:
        return Pool(pool, incomplete=f"{len(current)} of {wanted} slices of generation {newest} are there")
    if problem := problem_of(mine, current, gates):
        return Pool(pool, problem=problem)
    return Pool(
        pool,
        devices=tuple(device for item in mine for device in item.devices),
        others=tuple(device for item in current if item not in mine for device in item.devices),
        counters={name: counters for item in current for name, counters in item.counters.items()},
    )


def pools_of(by_pool: Mapping[PoolId, Sequence[Slice]], node: Node, gates: frozenset[str]) -> list[Pool]:
    """All pools that NODE is offered: first those whose devices need no binding conditions, each group by name."""
    found = [
        pool for name, slices in by_pool.items() if (pool := pool_of(name, slices, node, gates)) is not None
    ]
    return sorted(found, key=lambda pool: (conditional(pool.devices), pool.id))


def conditional(devices: Iterable[Device]) -> bool:
    """Whether one of DEVICES needs conditions before a pod is bound."""
    return any(device.spec.get("bindingConditions") for device in devices)
