"""Pure: rules on partitionable devices: counter sets, and the devices that consume their counters (KEP-4815).

Written from the API documentation and its validation (resource/v1, 1.37), as ``rules.slices``.
"""

from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from dra_api.objects import JsonObject
from dra_api.quantity import parse
from dra_conformance.rules.slices import LABEL, Rule, devices


def pools_of(slices: list[JsonObject]) -> dict[str, list[JsonObject]]:
    """{pool: its slices of the newest generation}."""
    found: dict[str, list[JsonObject]] = {}
    for item in slices:
        found.setdefault(item["spec"]["pool"]["name"], []).append(item)
    newest = {name: max(i["spec"]["pool"]["generation"] for i in items) for name, items in found.items()}
    return {
        name: [item for item in items if item["spec"]["pool"]["generation"] == newest[name]]
        for name, items in found.items()
    }


def counter_sets(slices: list[JsonObject]) -> Iterator[JsonObject]:
    """All counter sets."""
    for item in slices:
        yield from item["spec"].get("sharedCounters") or []


def consumptions(slices: list[JsonObject]) -> Iterator[tuple[str, JsonObject]]:
    """(device name, entry of consumesCounters) of all devices."""
    for device in devices(slices):
        for entry in device.get("consumesCounters") or []:
            yield device["name"], entry


def totals(slices: list[JsonObject]) -> dict[str, dict[str, Fraction]]:
    """{counter set: {counter: amount}} of one pool."""
    return {found["name"]: amounts(found) for found in counter_sets(slices)}


def amounts(entry: JsonObject) -> dict[str, Fraction]:
    """{counter: amount} of a counter set or a consumption."""
    return {name: parse(str(counter["value"])) for name, counter in (entry.get("counters") or {}).items()}


def counters_exist(slices: list[JsonObject], driver: str, node: str) -> Iterator[str]:
    """Every consumed counter is in a counter set of the same pool."""
    for pool, items in pools_of(slices).items():
        known = totals(items)
        for device, entry in consumptions(items):
            missing = set(entry.get("counters") or {}) - set(known.get(entry["counterSet"], {}))
            if entry["counterSet"] not in known or missing:
                yield f"{pool}/{device} consumes {sorted(missing) or 'counters'} of {entry['counterSet']}"


def unique_sets(slices: list[JsonObject], driver: str, node: str) -> Iterator[str]:
    """Counter sets have different names in a pool."""
    for pool, items in pools_of(slices).items():
        counts = Counter(found["name"] for found in counter_sets(items))
        yield from (f"{name} is there {count} times in {pool}" for name, count in counts.items() if count > 1)


def counters_or_devices(slices: list[JsonObject], driver: str, node: str) -> Iterator[str]:
    """A slice has counter sets or devices, not both."""
    for item in slices:
        if item["spec"].get("sharedCounters") and item["spec"].get("devices"):
            yield item["metadata"]["name"]


def counter_limits(slices: list[JsonObject], driver: str, node: str) -> Iterator[str]:
    """At most 8 counter sets in a slice, 32 counters in a set, 2 sets for a device and 32 counters in an entry."""
    for item in slices:
        if len(item["spec"].get("sharedCounters") or []) > 8:
            yield f"{item['metadata']['name']} has {len(item['spec']['sharedCounters'])} counter sets"
    for found in counter_sets(slices):
        if len(found.get("counters") or {}) > 32:
            yield f"{found['name']} has {len(found['counters'])} counters"
    for device in devices(slices):
        entries = device.get("consumesCounters") or []
        if len(entries) > 2 or any(len(entry.get("counters") or {}) > 32 for entry in entries):
            yield f"{device['name']} has {len(entries)} entries"


def one_entry_per_set(slices: list[JsonObject], driver: str, node: str) -> Iterator[str]:
    """A device names a counter set once, with at least one counter."""
    for device in devices(slices):
        entries = device.get("consumesCounters") or []
        names = [entry["counterSet"] for entry in entries]
        if len(set(names)) != len(names) or not all(entry.get("counters") for entry in entries):
            yield f"{device['name']}: {names}"


def counter_names(slices: list[JsonObject], driver: str, node: str) -> Iterator[str]:
    """Counters and counter sets are named by DNS labels."""
    for found in counter_sets(slices):
        for name in (found["name"], *(found.get("counters") or {})):
            if not LABEL.fullmatch(name):
                yield repr(name)


def counters_suffice(slices: list[JsonObject], driver: str, node: str) -> Iterator[str]:
    """No device consumes more than there is, and one that contains all others consumes all of it."""
    for pool, items in pools_of(slices).items():
        known = totals(items)
        for name, total in known.items():
            users = {d: amounts(entry) for d, entry in consumptions(items) if entry["counterSet"] == name}
            for device, taken in users.items():
                over = {c: str(v) for c, v in taken.items() if v > total.get(c, v)}
                if over:
                    yield f"{pool}/{device} consumes {over} of {name}"
                others = [amount for user, amount in users.items() if user != device]
                whole = others and all(exceeds(taken, other) for other in others)
                left = sorted(c for c, v in total.items() if taken.get(c, Fraction(0)) < v)
                if whole and left:
                    yield f"{pool}/{device} is the whole of {name} and leaves some of {left}"


def exceeds(one: dict[str, Fraction], other: dict[str, Fraction]) -> bool:
    """Whether ONE has at least as much of every counter as OTHER, and more than twice of one.

    Twice, because three parts of the sizes 1, 1 and 2 have a largest one that is not the whole.
    """
    at_least = all(one.get(name, Fraction(0)) >= value for name, value in other.items())
    return at_least and any(value > 2 * other.get(name, Fraction(0)) for name, value in one.items())


def same_visibility(slices: list[JsonObject], driver: str, node: str) -> Iterator[str]:
    """Either all slices of a pool leave it to devices where they are, or none; those with counters say neither."""
    for pool, items in pools_of(slices).items():
        said = {bool(i["spec"].get("perDeviceNodeSelection")) for i in items if i["spec"].get("devices")}
        if len(said) > 1:
            yield f"pool {pool}"


def partition_types(slices: list[JsonObject], driver: str, node: str) -> Iterator[str]:
    """The attribute for partition types is fully qualified and a string, and equal values mean equal counters."""
    for item in slices:
        attribute = item["spec"].get("partitionTypeAttribute")
        if attribute is None:
            continue
        if "/" not in attribute:
            yield f"{item['metadata']['name']}: {attribute!r} has no domain"
        seen: dict[str, Any] = {}
        for device in item["spec"].get("devices") or []:
            if not device.get("consumesCounters"):
                continue
            held = device.get("attributes") or {}
            value = (held.get(attribute) or held.get(attribute.removeprefix(f"{driver}/")) or {}).get(
                "string"
            )
            taken = sorted(sorted(amounts(entry).items()) for entry in device["consumesCounters"])
            if value is None or seen.setdefault(value, taken) != taken:
                yield f"{device['name']} has {attribute}={value}"


def compatibility_groups(slices: list[JsonObject], driver: str, node: str) -> Iterator[str]:
    """Groups are DNS labels, named once; a device that has groups for a counter set has at least one."""
    for device, entry in consumptions(slices):
        groups = entry.get("compatibilityGroups")
        if groups is None:
            continue
        if not groups or len(set(groups)) != len(groups) or not all(LABEL.fullmatch(name) for name in groups):
            yield f"{device}: {groups}"


RULES: dict[str, tuple[Rule, str]] = {
    "PART-002": (counters_exist, "the scheduler treats the whole pool as invalid"),
    "PART-003": (unique_sets, "the scheduler treats the whole pool as invalid"),
    "PART-004": (counters_or_devices, "the API server refuses the slice"),
    "PART-005": (counter_limits, "the API server refuses the slice"),
    "PART-006": (one_entry_per_set, "the API server refuses the slice"),
    "PART-007": (counter_names, "the API server refuses the slice"),
    "PART-008": (counters_suffice, "devices are never allocated, or one piece of silicon is allocated twice"),
    "PART-013": (same_visibility, "a device is allocated on a node that does not have it"),
    "PART-014": (partition_types, "the pool's status counts partitions wrongly"),
    "PART-015": (compatibility_groups, "devices that cannot coexist are allocated together"),
}
"""{requirement: (rule, why it matters)}."""
