"""Pure: what the API server refuses about ResourceSlices and claims (pkg/apis/resource/validation, 1.37).

Each function returns (field path, message) for every broken rule; an empty list means valid.
"""

import re
from collections.abc import Iterator
from typing import Any

from dra_api import names
from dra_api.quantity import parse

Cause = tuple[str, str]
LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
SEMVER = re.compile(
    r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)"
    r"(-(0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*)(\.(0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*))*)?"
    r"(\+[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?"
)
VALUES = ("bool", "int", "string", "version", "bools", "ints", "strings", "versions")
ATTRIBUTE_VALUES_MAX = 48
REQUESTS_MAX = 32
PLACES = ("nodeName", "nodeSelector", "allNodes", "perDeviceNodeSelection")


def is_name(text: Any, pattern: re.Pattern[str], longest: int) -> bool:
    """Whether TEXT is a name of that form."""
    return isinstance(text, str) and 0 < len(text) <= longest and pattern.fullmatch(text) is not None


def slice_causes(item: dict[str, Any]) -> list[Cause]:
    """Rules of a ResourceSlice."""
    return list(_slice_causes(item.get("spec") or {}))


def _slice_causes(spec: dict[str, Any]) -> Iterator[Cause]:
    if not is_name(str(spec.get("driver", "")).lower(), SUBDOMAIN, names.DRIVER_NAME_MAX):
        yield "spec.driver", "must be a DNS subdomain of at most 63 characters"
    pool = spec.get("pool") or {}
    parts = str(pool.get("name", "")).split("/")
    if len(pool.get("name", "")) > names.POOL_NAME_MAX or not all(
        is_name(part, SUBDOMAIN, 253) for part in parts
    ):
        yield "spec.pool.name", "must be DNS subdomains separated by slashes, at most 253 characters"
    if pool.get("resourceSliceCount", 0) <= 0:
        yield "spec.pool.resourceSliceCount", "must be greater than zero"
    if pool.get("generation", 0) < 0:
        yield "spec.pool.generation", "must be greater than or equal to zero"
    for place in ("allNodes", "perDeviceNodeSelection"):
        if spec.get(place) is False:
            yield f"spec.{place}", "must be either unset or set to true"
    if sum(bool(spec.get(place)) for place in PLACES) != 1:
        yield "spec", f"exactly one of {', '.join(PLACES)} is required"
    if "nodeName" in spec and not is_name(spec["nodeName"], SUBDOMAIN, 253):
        yield "spec.nodeName", "must be a DNS subdomain"
    devices = spec.get("devices") or []
    rich = any(is_rich(device) for device in devices)
    limit = names.SLICE_RICH_DEVICES_MAX if rich else names.SLICE_DEVICES_MAX
    if len(devices) > limit:
        yield "spec.devices", f"must have at most {limit} items, has {len(devices)}"
    if len(spec.get("sharedCounters") or []) > names.SLICE_COUNTER_SETS_MAX:
        yield "spec.sharedCounters", f"must have at most {names.SLICE_COUNTER_SETS_MAX} items"
    if devices and spec.get("sharedCounters"):
        yield "spec", "only one of devices and sharedCounters can be set"
    seen = set()
    for index, device in enumerate(devices):
        path = f"spec.devices[{index}]"
        if device.get("name") in seen:
            yield f"{path}.name", f"duplicate value: {device.get('name')!r}"
        seen.add(device.get("name"))
        yield from device_causes(device, path, per_device=bool(spec.get("perDeviceNodeSelection")))


def is_rich(device: dict[str, Any]) -> bool:
    """Whether the device lowers its slice's limit."""
    lists = {"bools", "ints", "strings", "versions"}
    return bool(
        device.get("taints")
        or device.get("consumesCounters")
        or any(lists & set(value) for value in (device.get("attributes") or {}).values())
    )


def device_causes(device: dict[str, Any], path: str, *, per_device: bool) -> Iterator[Cause]:
    """Rules of one device."""
    if not is_name(device.get("name"), LABEL, 63):
        yield f"{path}.name", f"must be a DNS label of at most 63 characters, is {device.get('name')!r}"
    attributes, capacity = device.get("attributes") or {}, device.get("capacity") or {}
    if len(attributes) + len(capacity) > names.DEVICE_ATTRIBUTES_MAX:
        yield (
            path,
            f"the total number of attributes and capacities must not exceed {names.DEVICE_ATTRIBUTES_MAX}",
        )
    values = 0
    for name, value in attributes.items():
        where = f"{path}.attributes[{name}]"
        yield from name_causes(name, where)
        yield from attribute_causes(value, where)
        values += sum(len(member) if isinstance(member, list) else 1 for member in value.values())
    if values > ATTRIBUTE_VALUES_MAX:
        yield f"{path}.attributes", f"must have at most {ATTRIBUTE_VALUES_MAX} values, has {values}"
    for name, value in capacity.items():
        where = f"{path}.capacity[{name}]"
        yield from name_causes(name, where)
        yield from quantity_causes(value.get("value"), f"{where}.value")
    for field in ("allNodes", "bindsToNode", "allowMultipleAllocations"):
        if device.get(field) is False and field == "allNodes":
            yield f"{path}.{field}", "must be either unset or set to true"
    placed = sum(bool(device.get(place)) for place in ("nodeName", "nodeSelector", "allNodes"))
    if placed != int(per_device):
        yield path, f"needs {int(per_device)} of nodeName, nodeSelector, allNodes; has {placed}"


def name_causes(name: str, path: str) -> Iterator[Cause]:
    """Rules of a qualified attribute or capacity name."""
    domain, slash, identifier = name.rpartition("/")
    if slash and not is_name(domain, SUBDOMAIN, 63):
        yield path, "the domain must be a DNS subdomain of at most 63 characters"
    if not is_name(identifier, IDENTIFIER, 32):
        yield path, "the name must be a C identifier of at most 32 characters"


def attribute_causes(value: dict[str, Any], path: str) -> Iterator[Cause]:
    """Rules of an attribute's value."""
    found = [member for member in VALUES if value.get(member) is not None]
    if len(found) != 1:
        yield path, f"exactly one value must be specified, found {', '.join(found) or 'none'}"
        return
    [member] = found
    items = value[member] if member.endswith("s") else [value[member]]
    if not items:
        yield f"{path}.{member}", "must not be empty"
    for item in items:
        if member[:6] in ("string", "versio") and len(str(item).encode()) > names.ATTRIBUTE_VALUE_MAX:
            yield f"{path}.{member}", f"may not be longer than {names.ATTRIBUTE_VALUE_MAX} bytes"
        if member.startswith("version") and SEMVER.fullmatch(str(item)) is None:
            yield f"{path}.{member}", f"must be a semantic version 2.0.0, is {item!r}"


def quantity_causes(value: Any, path: str) -> Iterator[Cause]:
    """Rules of a quantity."""
    try:
        if parse(str(value)) < 0:
            yield path, "must not be negative"
    except ValueError as error:
        yield path, str(error)


def slice_update_causes(old: dict[str, Any], new: dict[str, Any]) -> list[Cause]:
    """What of a ResourceSlice cannot change."""
    fixed = {"spec.driver": "driver", "spec.nodeName": "nodeName"}
    causes = [
        (path, "field is immutable")
        for path, name in fixed.items()
        if old["spec"].get(name) != new["spec"].get(name)
    ]
    if old["spec"]["pool"]["name"] != new["spec"].get("pool", {}).get("name"):
        causes.append(("spec.pool.name", "field is immutable"))
    return causes


def claim_causes(item: dict[str, Any]) -> list[Cause]:
    """Rules of a claim's or template's spec (the part under ``spec.devices``)."""
    requests = ((item.get("spec") or {}).get("devices") or {}).get("requests") or []
    causes: list[Cause] = []
    if len(requests) > REQUESTS_MAX:
        causes.append(("spec.devices.requests", f"must have at most {REQUESTS_MAX} items"))
    for index, request in enumerate(requests):
        path = f"spec.devices.requests[{index}]"
        if not is_name(request.get("name"), LABEL, 63):
            causes.append((f"{path}.name", "must be a DNS label"))
        if ("exactly" in request) == ("firstAvailable" in request):
            causes.append((path, "exactly one of exactly, firstAvailable is required"))
        exactly = request.get("exactly")
        if exactly is not None and not exactly.get("deviceClassName"):
            causes.append((f"{path}.exactly.deviceClassName", "Required value"))
        if (
            exactly is not None
            and exactly.get("allocationMode") == "ExactCount"
            and exactly.get("count", 1) <= 0
        ):
            causes.append((f"{path}.exactly.count", "must be greater than zero"))
    return causes


def claim_update_causes(old: dict[str, Any], new: dict[str, Any]) -> list[Cause]:
    """What of a claim cannot change: its spec, and an allocation except by taking it away."""
    causes: list[Cause] = []
    if old.get("spec") != new.get("spec"):
        causes.append(("spec", "field is immutable"))
    before = (old.get("status") or {}).get("allocation")
    after = (new.get("status") or {}).get("allocation")
    if before and after and before != after:
        causes.append(("status.allocation", "field is immutable"))
    if (new.get("status") or {}).get("reservedFor") and not after:
        causes.append(("status.reservedFor", "may not be specified when `allocated` is not set"))
    return causes
