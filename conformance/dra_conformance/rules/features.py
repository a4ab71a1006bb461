"""Pure: rules on the parts of slices that features bring: taints, partitions, shared capacity, lists, skipped operations.

Written from the API documentation and its validation (resource/v1, 1.37), apart from the embedded API server's own, as
``rules.slices``. Each rule takes the driver's slices of one node and yields a text for each violation.
"""

import itertools
import re
from collections import Counter
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

from dra_api.objects import JsonObject
from dra_api.quantity import parse
from dra_conformance.rules.slices import LABEL, SEMVER, SUBDOMAIN, Rule, attributes, devices

EFFECTS = ("None", "NoSchedule", "NoExecute")
OPERATIONS = ("NodePrepareResources", "NodeUnprepareResources", "*")
LISTS = {"bools": bool, "ints": int, "strings": str, "versions": str}
LIST_MAX, TEXT_MAX = 48, 64
NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?")
"""The name part of a label's key, and a label's value (apimachinery pkg/util/validation)."""


def taints_of(slices: list[JsonObject]) -> Iterator[tuple[str, JsonObject]]:
    """(device name, taint) of all taints."""
    for device in devices(slices):
        for taint in device.get("taints") or []:
            yield device["name"], taint


def valid_taints(slices: list[JsonObject], driver: str, node: str) -> Iterator[str]:
    """Taints have a key and a value in the syntax of labels and a known effect; a device has at most 16."""
    for device in devices(slices):
        if len(device.get("taints") or []) > 16:
            yield f"{device['name']} has {len(device['taints'])} taints"
    for name, taint in taints_of(slices):
        prefix, _, key = str(taint.get("key", "")).rpartition("/")
        value = str(taint.get("value") or "")
        good = NAME.fullmatch(key) and (not prefix or (SUBDOMAIN.fullmatch(prefix) and len(prefix) <= 253))
        if not good or (value and not NAME.fullmatch(value)) or taint.get("effect") not in EFFECTS:
            yield f"{name}: {taint}"


def taint_domains(slices: list[JsonObject], driver: str, node: str) -> Iterator[str]:
    """Keys of taints have a domain."""
    for name, taint in taints_of(slices):
        if "/" not in str(taint.get("key", "")):
            yield f"{name}: {taint.get('key')!r}"


def crowded(slices: list[JsonObject], driver: str, node: str) -> Iterator[str]:
    """A slice with a tainted device has at most 64 devices."""
    for item in slices:
        held = item["spec"].get("devices") or []
        if len(held) > 64 and any(device.get("taints") for device in held):
            yield f"{item['metadata']['name']} has {len(held)} devices"


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


def policies(slices: list[JsonObject]) -> Iterator[tuple[str, JsonObject, JsonObject]]:
    """(where, device, capacity) of each capacity with a request policy."""
    for device in devices(slices):
        for name, capacity in (device.get("capacity") or {}).items():
            if capacity.get("requestPolicy"):
                yield f"{device['name']}.{name}", device, capacity


def policy_kinds(slices: list[JsonObject], driver: str, node: str) -> Iterator[str]:
    """Request policies are on devices for several allocations, and have valid values or a range, not both."""
    for where, device, capacity in policies(slices):
        policy = capacity["requestPolicy"]
        both = "validValues" in policy and "validRange" in policy
        if not device.get("allowMultipleAllocations") or both:
            yield f"{where}: {policy}"


def valid_values(slices: list[JsonObject], driver: str, node: str) -> Iterator[str]:
    """Valid values are at most 10, ascend, are not above the capacity, and contain the default."""
    for where, _, capacity in policies(slices):
        policy = capacity["requestPolicy"]
        if "validValues" not in policy:
            continue
        values = [parse(str(text)) for text in policy["validValues"]]
        ascending = all(one < two for one, two in itertools.pairwise(values))
        default = parse(str(policy["default"])) if "default" in policy else None
        fits = all(value <= parse(str(capacity["value"])) for value in values)
        if len(values) > 10 or not ascending or not fits or default not in values:
            yield f"{where}: {policy}"


def valid_ranges(slices: list[JsonObject], driver: str, node: str) -> Iterator[str]:
    """Ranges are within the capacity, have a default inside, and a step that leads to default and maximum."""
    for where, _, capacity in policies(slices):
        policy = capacity["requestPolicy"]
        if "validRange" not in policy:
            continue
        bounds = {name: parse(str(text)) for name, text in policy["validRange"].items()}
        whole = parse(str(capacity["value"]))
        low, high = bounds.get("min"), bounds.get("max", whole)
        default = parse(str(policy["default"])) if "default" in policy else None
        if low is None or default is None or not low <= default <= high or high > whole:
            yield f"{where}: {policy}"
            continue
        step = bounds.get("step")
        ends = [default, *([high] if "max" in bounds else [])]
        if step is not None and (step <= 0 or any((end - low) % step for end in ends)):
            yield f"{where}: {policy}"


def whole_steps(slices: list[JsonObject], driver: str, node: str) -> Iterator[str]:
    """Without DRAFractionalCapacityRange, ranges have whole numbers."""
    for where, _, capacity in policies(slices):
        found = capacity["requestPolicy"].get("validRange") or {}
        if any(parse(str(text)).denominator != 1 for text in found.values()):
            yield f"{where}: {found}"


def skipped_operations(slices: list[JsonObject], driver: str, node: str) -> Iterator[str]:
    """Skipped operations are known ones, each once; prepare is skipped with unprepare only."""
    for item in slices:
        listed = item["spec"].get("skipNodeOperations") or []
        alone = "NodePrepareResources" in listed and not {"NodeUnprepareResources", "*"} & set(listed)
        if alone or len(set(listed)) != len(listed) or not set(listed) <= set(OPERATIONS):
            yield f"{item['metadata']['name']}: {listed}"


def list_items(slices: list[JsonObject], driver: str, node: str) -> Iterator[str]:
    """The items of a list attribute have its type and the limits of single values."""
    for device, name, value in attributes(slices):
        for kind, items in value.items():
            if kind in LISTS and not all(good_item(kind, item) for item in items):
                yield f"{device}: {name} is {value}"


def list_lengths(slices: list[JsonObject], driver: str, node: str) -> Iterator[str]:
    """Lists are not empty, and a device has at most 48 values, each item of a list counted."""
    for item in devices(slices):
        values = [pair for value in (item.get("attributes") or {}).values() for pair in value.items()]
        count = sum(len(found) if kind in LISTS else 1 for kind, found in values)
        if count > LIST_MAX or any(kind in LISTS and not found for kind, found in values):
            yield f"{item['name']} has {count} values"


def binding_conditions(slices: list[JsonObject], driver: str, node: str) -> Iterator[str]:
    """Binding and failure conditions are both set or none, at most 4 each, with names like labels, each once."""
    for item in devices(slices):
        good, bad = item.get("bindingConditions") or [], item.get("bindingFailureConditions") or []
        names = [*good, *bad]
        odd = [name for name in names if not NAME.fullmatch(name.rpartition("/")[2])]
        if bool(good) != bool(bad) or max(len(good), len(bad)) > 4 or len(set(names)) != len(names) or odd:
            yield f"{item['name']}: {good} and {bad}"


def binds_to_node(slices: list[JsonObject], driver: str, node: str) -> Iterator[str]:
    """A device that several nodes can reach, and that is attached to one, says bindsToNode."""
    for item in slices:
        shared = not item["spec"].get("nodeName")
        for device in item["spec"].get("devices") or []:
            attached = shared and not device.get("nodeName") and device.get("bindingConditions")
            if attached and not device.get("bindsToNode"):
                yield f"{device['name']}: bindsToNode is not true"


NODE_RESOURCES = re.compile(r"cpu|memory|ephemeral-storage|hugepages-.+")


def node_resources(slices: list[JsonObject], driver: str, node: str) -> Iterator[str]:
    """Amounts that a device takes from its node are of resources of nodes, with a mapping, an overhead or both."""
    for item in devices(slices):
        for name, taken in (item.get("nodeAllocatableResources") or {}).items():
            if not NODE_RESOURCES.fullmatch(name) or not {"mapping", "overhead"} & set(taken):
                yield f"{item['name']}: {name} {taken}"


def node_mappings(slices: list[JsonObject], driver: str, node: str) -> Iterator[str]:
    """A mapping has a capacity of the device with a multiplier above zero, or a multiplier for the device."""
    for item in devices(slices):
        for name, taken in (item.get("nodeAllocatableResources") or {}).items():
            mapping = taken.get("mapping")
            if mapping is None:
                continue
            key, factor = mapping.get("capacityKey"), mapping.get("capacityMultiplier")
            by_capacity = key is not None or factor is not None
            known = key in (item.get("capacity") or {}) and parse(str(factor or "0")) > 0
            if by_capacity == ("deviceMultiplier" in mapping) or (by_capacity and not known):
                yield f"{item['name']}: {name} {mapping}"


def good_item(kind: str, item: Any) -> bool:
    """Whether ITEM can be in a list of KIND."""
    if not isinstance(item, LISTS[kind]) or (kind == "ints" and isinstance(item, bool)):
        return False
    text = item if isinstance(item, str) else ""
    return len(text.encode()) <= TEXT_MAX and (kind != "versions" or SEMVER.fullmatch(text) is not None)


def any_device(member: str) -> Callable[[list[JsonObject]], bool]:
    """Whether a device has MEMBER."""
    return lambda slices: any(device.get(member) for device in devices(slices))


def any_slice(member: str) -> Callable[[list[JsonObject]], bool]:
    """Whether a slice has MEMBER."""
    return lambda slices: any(item["spec"].get(member) for item in slices)


OFFERED: dict[str, tuple[Callable[[list[JsonObject]], bool], str, str]] = {
    "DRAPartitionableDevices": (any_slice("sharedCounters"), "PART-002", "no slice has sharedCounters"),
    "DRAPartitionableDevicesType": (
        any_slice("partitionTypeAttribute"),
        "PART-014",
        "no slice has partitionTypeAttribute",
    ),
    "DRADeviceCompatibilityGroups": (
        lambda slices: any("compatibilityGroups" in entry for _, entry in consumptions(slices)),
        "PART-015",
        "no device has compatibilityGroups",
    ),
    "DRAConsumableCapacity": (
        any_device("allowMultipleAllocations"),
        "CCAP-005",
        "no device has allowMultipleAllocations",
    ),
    "DRAFractionalCapacityRange": (
        lambda slices: bool(list(whole_steps(slices, "", ""))),
        "CCAP-011",
        "no range has a fraction",
    ),
    "DRAOptionalNodeOperations": (
        any_slice("skipNodeOperations"),
        "ONO-001",
        "no slice has skipNodeOperations",
    ),
    "DRAListTypeAttributes": (
        lambda slices: any(kind in LISTS for _, _, value in attributes(slices) for kind in value),
        "LST-001",
        "no attribute is a list",
    ),
    "DRADeviceBindingConditions": (
        any_device("bindingConditions"),
        "BIND-001",
        "no device has bindingConditions",
    ),
    "DRANodeAllocatableResources": (
        any_device("nodeAllocatableResources"),
        "NAR-001",
        "no device has nodeAllocatableResources",
    ),
}
"""{feature: (whether slices use it, the requirement that fails if it is claimed and they do not, what was found then)}."""

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
    "CCAP-005": (policy_kinds, "the API server refuses the slice"),
    "CCAP-006": (valid_values, "the API server refuses the slice"),
    "CCAP-007": (valid_ranges, "the API server refuses the slice"),
    "ONO-001": (skipped_operations, "the API server refuses the slice"),
    "LST-001": (list_items, "the API server refuses the slice"),
    "RSL-017": (list_lengths, "the API server refuses the slice"),
    "BIND-001": (binding_conditions, "the API server refuses the slice"),
    "NAR-001": (node_resources, "the API server refuses the slice"),
    "NAR-002": (node_mappings, "the API server refuses the slice"),
    "BIND-006": (binds_to_node, "a second pod of the claim is sent to a node where the device no longer is"),
}
"""{requirement: (rule, why it matters)} of features that slices show."""
