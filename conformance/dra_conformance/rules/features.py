"""Pure: rules on the parts of slices that features bring: taints, shared capacity, lists, skipped operations.

Written from the API documentation and its validation (resource/v1, 1.37), apart from the embedded API server's own, as
``rules.slices``. Each rule takes the driver's slices of one node and yields a text for each violation.
"""

import itertools
import re
from collections.abc import Callable, Iterator
from typing import Any

from dra_api.objects import JsonObject
from dra_api.quantity import parse
from dra_conformance.rules import partitions
from dra_conformance.rules.partitions import consumptions
from dra_conformance.rules.slices import SEMVER, SUBDOMAIN, Rule, attributes, devices

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


def per_device_nodes(slices: list[JsonObject], driver: str, node: str) -> Iterator[str]:
    """Devices say where they are only when the slice leaves it to them, and then each in one way."""
    for item in slices:
        wanted = 1 if item["spec"].get("perDeviceNodeSelection") else 0
        for device in item["spec"].get("devices") or []:
            found = sum(bool(device.get(name)) for name in ("nodeName", "nodeSelector", "allNodes"))
            if found != wanted:
                yield f"{device['name']} has {found}, wanted {wanted}"


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
    **partitions.RULES,
    "CCAP-005": (policy_kinds, "the API server refuses the slice"),
    "CCAP-006": (valid_values, "the API server refuses the slice"),
    "CCAP-007": (valid_ranges, "the API server refuses the slice"),
    "ONO-001": (skipped_operations, "the API server refuses the slice"),
    "LST-001": (list_items, "the API server refuses the slice"),
    "RSL-017": (list_lengths, "the API server refuses the slice"),
    "RSL-021": (per_device_nodes, "the API server refuses the slice"),
    "BIND-001": (binding_conditions, "the API server refuses the slice"),
    "NAR-001": (node_resources, "the API server refuses the slice"),
    "NAR-002": (node_mappings, "the API server refuses the slice"),
    "BIND-006": (binds_to_node, "a second pod of the claim is sent to a node where the device no longer is"),
}
"""{requirement: (rule, why it matters)} of features that slices show."""
