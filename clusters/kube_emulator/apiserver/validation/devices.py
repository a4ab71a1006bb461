"""Rules of one device in a ResourceSlice: its attributes, counters, node and binding conditions.

Source: ``pkg/apis/resource/validation/validation.go``, 1.36 (1.37 where said). Capacities are in ``capacities``, taints in
``taints``, the slice around the device in ``slices``.
"""

import dataclasses
import functools
import re
from collections.abc import Iterator

from dra_api.objects import JsonObject
from kube_emulator.apiserver.validation import names
from kube_emulator.apiserver.validation.capacities import capacity
from kube_emulator.apiserver.validation.causes import Cause, duplicate, invalid, required, too_long
from kube_emulator.apiserver.validation.context import Context
from kube_emulator.apiserver.validation.items import each_of, mapped, unique
from kube_emulator.apiserver.validation.metadata import label_key
from kube_emulator.apiserver.validation.node_resources import node_resources
from kube_emulator.apiserver.validation.selection import node_selector, one_term
from kube_emulator.apiserver.validation.taints import taint
from kube_emulator.releases.release import V1_35, V1_37, V1_38

NUMBER, NUMBER_1_38 = r"(0|[1-9][0-9]*)", r"(0|[1-9][0-9]{0,17})"
"""A number in a version; since 1.38 every one fits into 64 bits."""


def semver(number: str) -> re.Pattern[str]:
    """Semantic Versioning 2.0.0 with NUMBER as numbers."""
    part = rf"({number}|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*)"
    return re.compile(
        rf"{number}\.{number}\.{number}(-{part}(\.{part})*)?(\+[0-9a-zA-Z-]+(\.[0-9a-zA-Z-]+)*)?"
    )


SEMVER, SEMVER_1_38 = semver(NUMBER), semver(NUMBER_1_38)
NO_SEMVER = "must be a string compatible with semver.org spec 2.0.0"
LISTS = ("bools", "ints", "strings", "versions")
LISTED = frozenset(LISTS)
VALUES = ("bool", "int", "string", "version", *LISTS)
ENTRIES_MAX, VALUES_MAX, VALUE_MAX = 32, 48, 64
DOMAIN_MAX, ID_MAX = 63, 32
KEY_MAX = DOMAIN_MAX + 1 + ID_MAX
TAINTS_MAX, CONSUMPTIONS_MAX, COUNTERS_MAX, CONDITIONS_MAX = 16, 2, 32, 4
GROUPS_MAX = 2
PER_DEVICE = (
    "exactly one of `nodeName`, `nodeSelector`, or `allNodes` is required when `perDeviceNodeSelection` "
    "is set to true in the ResourceSlice spec"
)


def device(
    item: JsonObject, path: str, *, old: JsonObject | None, per_device: bool, context: Context
) -> Iterator[Cause]:
    """One device; OLD is the stored device of that name, PER_DEVICE says that devices select their nodes."""
    name = item.get("name") or ""
    yield from names.each(f"{path}.name", name, names.label(name))
    attributes, capacities = item.get("attributes") or {}, item.get("capacity") or {}
    entries = len(attributes) + len(capacities)
    if entries > ENTRIES_MAX:
        detail = f"the total number of attributes and capacities must not exceed {ENTRIES_MAX}"
        yield invalid(path, entries, detail)
    values = sum(map(values_in, attributes.values()))
    if values > VALUES_MAX:
        yield invalid(path, values, f"the total number of attribute values must not exceed {VALUES_MAX}")
    key_rule = functools.partial(qualified_name, context=context)
    entry = functools.partial(mapped, key_shown=KEY_MAX, keyed=not context.at_least(V1_35))
    value_rule = functools.partial(attribute, limited=context.at_least(V1_38))
    yield from entry(attributes, None, key_rule, value_rule, f"{path}.attributes")
    # since 1.37 unchanged capacities are not validated again: its new rules must not block updates of stored slices
    changed = old is None or (old.get("capacity") or {}) != capacities
    if changed or not context.at_least(V1_37):
        shared = bool(item.get("allowMultipleAllocations"))
        rule = functools.partial(capacity, shared=shared, context=context)
        yield from entry(capacities, None, key_rule, rule, f"{path}.capacity")
    if old is None or (old.get("taints") or []) != (item.get("taints") or []):
        yield from each_of(item.get("taints"), TAINTS_MAX, taint, f"{path}.taints")
    yield from unique(
        item.get("consumesCounters"),
        CONSUMPTIONS_MAX,
        counter_consumption,
        f"{path}.consumesCounters",
        lambda consumption: consumption.get("counterSet") or "",
    )
    yield from _node(item, path, per_device=per_device)
    if context.at_least(V1_38) and per_device and item.get("nodeSelector") is not None:
        yield from one_term(item["nodeSelector"], f"{path}.nodeSelector")
    yield from binding(item, path)
    named = functools.partial(qualified_name, context=context) if context.at_least(V1_38) else None
    yield from node_resources(item, path, named)


def values_in(value: JsonObject) -> int:
    """The number of values of an attribute: the length of its longest list, or one."""
    if LISTED.isdisjoint(value):
        return 1
    return max(1, *(len(value.get(kind) or []) for kind in LISTS))


def qualified_name(name: str, path: str, *, context: Context) -> Iterator[Cause]:
    """Name of an attribute or capacity.

    Up to 1.36 a name with two slashes passes: the switch over its parts had no case for three.
    """
    for cause in _name_causes(name, counts_slashes=context.at_least(V1_37)):
        yield dataclasses.replace(cause, field=path)


@functools.lru_cache(maxsize=names.REMEMBERED)
def _name_causes(name: str, *, counts_slashes: bool) -> tuple[Cause, ...]:
    """What is wrong with a name, without its path; cached, because all devices of a driver have the same names."""
    parts, path = name.split("/"), ""
    if len(parts) > 2:
        return (invalid(path, name, "must not contain more than one slash"),) if counts_slashes else ()
    found: list[Cause] = []
    if len(parts) == 2:
        domain_causes = driver_name(parts[0], path)
        found += domain_causes if parts[0] else [invalid(path, "", "the domain must not be empty")]
        if not parts[1]:
            return (*found, invalid(path, "", "the name must not be empty"))
    if names.size(parts[-1]) > ID_MAX:
        found.append(too_long(path, ID_MAX))
    return (*found, *names.each(path, parts[-1], names.c_identifier(parts[-1])))


def fully_qualified_name(name: str, path: str, *, context: Context) -> Iterator[Cause]:
    """Name with its domain, as constraints require it."""
    yield from qualified_name(name, path, context=context)
    if "/" not in name:
        yield invalid(path, name, "a fully qualified name must be a domain and a name separated by a slash")


def driver_name(name: str, path: str) -> Iterator[Cause]:
    """Name of a driver: a DNS subdomain; upper case is accepted for compatibility and only warned about."""
    if not name:
        yield required(path)
        return
    if names.size(name) > DOMAIN_MAX:
        yield too_long(path, DOMAIN_MAX)
    yield from names.each(path, name, names.subdomain(name.lower()))


def pool_name(name: str, path: str) -> Iterator[Cause]:
    """Name of a pool: DNS subdomains separated by slashes."""
    if not name:
        yield required(path)
        return
    if names.size(name) > 253:
        yield too_long(path, 253)
    for part in name.split("/"):
        yield from names.each(path, part, names.subdomain(part))


def attribute(value: JsonObject, path: str, *, limited: bool) -> Iterator[Cause]:
    """Value of an attribute: exactly one member is set; LIMITED says that numbers in versions are."""
    pattern = SEMVER_1_38 if limited else SEMVER
    no_semver = f"{NO_SEMVER}, with at most 18 digits in numbers" if limited else NO_SEMVER
    found = [member for member in value if value[member] is not None and member in VALUES]
    found.sort(key=VALUES.index)
    for member in found:
        where, items = f"{path}.{member}", value[member]
        if member in LISTS and not items:
            yield invalid(where, [], "must not be empty if specified")
        texts = [(where, items)] if member in ("string", "version") else []
        if member in ("strings", "versions"):
            texts = [(f"{where}[{index}]", text) for index, text in enumerate(items)]
        for place, text in texts:
            if member.startswith("version") and pattern.fullmatch(text) is None:
                yield invalid(place, text, no_semver)
            if names.size(text) > VALUE_MAX:
                yield too_long(place, VALUE_MAX)
    if len(found) != 1:
        yield invalid(path, shown_attribute(value) if found else "", "exactly one value must be specified")


def shown_attribute(value: JsonObject) -> JsonObject:
    """An attribute as causes print it: all members of the internal type."""
    members = {
        f"{'Version' if m.startswith('version') else m.rstrip('s').title()}Value{'s' * (m in LISTS)}": m
        for m in VALUES
    }
    order = (
        "IntValue",
        "BoolValue",
        "StringValue",
        "VersionValue",
        "IntValues",
        "BoolValues",
        "StringValues",
        "VersionValues",
    )
    return {name: value.get(members[name]) for name in order}


def counter_consumption(item: JsonObject, path: str) -> Iterator[Cause]:
    """What a device consumes of one counter set."""
    yield from counter_set_name(item.get("counterSet") or "", f"{path}.counterSet")
    yield from counters(item.get("counters"), f"{path}.counters")
    groups, where = item.get("compatibilityGroups"), f"{path}.compatibilityGroups"
    yield from unique(groups, GROUPS_MAX, _counter_name, where, lambda group: group)


def counter_set_name(name: str, path: str) -> Iterator[Cause]:
    """Name of a counter set, or of a counter."""
    if name:
        yield from names.each(path, name, names.label(name))
    else:
        yield required(path)


def counters(items: JsonObject | None, path: str) -> Iterator[Cause]:
    """Counters of a set or of a consumption."""
    if not items:
        yield required(path)
    yield from mapped(items, COUNTERS_MAX, _counter_name, lambda _item, _path: iter(()), path, key_shown=63)


def _counter_name(name: str, path: str) -> Iterator[Cause]:
    yield from names.each(path, name, names.label(name))


def _node(item: JsonObject, path: str, *, per_device: bool) -> Iterator[Cause]:
    if not per_device:
        if any(item.get(member) is not None for member in ("nodeName", "nodeSelector", "allNodes")):
            detail = (
                "`nodeName`, `nodeSelector` and `allNodes` can only be set if `perDeviceNodeSelection` "
                "is set to true in the ResourceSlice spec"
            )
            yield invalid(path, None, detail)
        return
    found = []
    if item.get("nodeName"):
        found.append("`nodeName`")
        yield from names.each(f"{path}.nodeName", item["nodeName"], names.subdomain(item["nodeName"]))
    elif item.get("nodeName") is not None:
        yield invalid(f"{path}.nodeName", "", "must not be empty")
    if item.get("nodeSelector") is not None:
        found.append("`nodeSelector`")
        yield from node_selector(item["nodeSelector"], f"{path}.nodeSelector")
    if item.get("allNodes"):
        found.append("`allNodes`")
    elif item.get("allNodes") is not None:
        yield invalid(f"{path}.allNodes", False, "must be either unset or set to true")
    if not found:
        yield required(path, PER_DEVICE)
    elif len(found) > 1:
        yield invalid(path, f"{{{', '.join(found)}}}", PER_DEVICE)


def binding(item: JsonObject, path: str) -> Iterator[Cause]:
    """Binding conditions of a device or of an allocation result."""
    good, bad = item.get("bindingConditions") or [], item.get("bindingFailureConditions") or []
    if not good and not bad:
        return
    for member, found in (("bindingConditions", good), ("bindingFailureConditions", bad)):
        yield from each_of(found, CONDITIONS_MAX, label_key, f"{path}.{member}")
    for member, found in (("bindingConditions", good), ("bindingFailureConditions", bad)):
        for index, name in enumerate(found):
            where = f"{path}.{member}[{index}]"
            if name in found[:index]:
                yield duplicate(where, name)
            if found is bad and name in good:
                yield invalid(where, name, "bindingFailureConditions must not overlap with bindingConditions")
    for member, found, other in (
        ("bindingConditions", good, "bindingFailureConditions"),
        ("bindingFailureConditions", bad, "bindingConditions"),
    ):
        if not found:
            yield invalid(f"{path}.{member}", item.get(member), f"{member} are required to use {other}")
