"""Rules of ResourceSlices: nodes, pool and counters; devices are in ``devices``.

Source: ``pkg/apis/resource/validation/validation.go``, 1.36 (1.37 where said).
"""

from collections.abc import Iterator

from dra_api.objects import JsonObject
from kube_emulator.apiserver.validation import names
from kube_emulator.apiserver.validation.causes import Cause, invalid, not_supported, required
from kube_emulator.apiserver.validation.context import Context
from kube_emulator.apiserver.validation.devices import (
    LISTED,
    LISTS,
    counter_set_name,
    counters,
    device,
    driver_name,
    fully_qualified_name,
    pool_name,
    shown_attribute,
)
from kube_emulator.apiserver.validation.items import unique
from kube_emulator.apiserver.validation.metadata import immutable
from kube_emulator.apiserver.validation.selection import node_selector, one_term
from kube_emulator.releases.release import V1_38

DEVICES_MAX, RICH_DEVICES_MAX, COUNTER_SETS_MAX = 128, 64, 8
OPERATIONS = ("*", "NodePrepareResources", "NodeUnprepareResources")
PLACES = "exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required"


def slice_spec(
    spec: JsonObject, old: JsonObject | None, context: Context, path: str = "spec"
) -> Iterator[Cause]:
    """Spec of a ResourceSlice; OLD is the stored one on an update."""
    pool = spec.get("pool") or {}
    yield from driver_name(spec.get("driver") or "", f"{path}.driver")
    yield from pool_name(pool.get("name") or "", f"{path}.pool.name")
    if (pool.get("resourceSliceCount") or 0) <= 0:
        yield invalid(
            f"{path}.pool.resourceSliceCount",
            pool.get("resourceSliceCount") or 0,
            "must be greater than zero",
        )
    if (pool.get("generation") or 0) < 0:
        yield invalid(f"{path}.pool.generation", pool["generation"], "must be greater than or equal to zero")
    if old is not None:
        yield from immutable(
            (old.get("pool") or {}).get("name") or "", pool.get("name") or "", f"{path}.pool.name"
        )
        yield from immutable(old.get("driver") or "", spec.get("driver") or "", f"{path}.driver")
        yield from immutable(old.get("nodeName"), spec.get("nodeName"), f"{path}.nodeName")
    yield from _places(spec, path)
    if spec.get("sharedCounters") is not None and spec.get("devices") is not None:
        yield invalid(path, "", "only one of `sharedCounters` or `devices` is allowed")
    yield from _devices(spec, old or {}, context, path)
    yield from unique(
        spec.get("sharedCounters"),
        COUNTER_SETS_MAX,
        _counter_set,
        f"{path}.sharedCounters",
        lambda item: item.get("name") or "",
    )
    yield from _partition_type(spec, path, context)
    yield from _skipped(spec.get("skipNodeOperations") or [], f"{path}.skipNodeOperations")


def _partition_type(spec: JsonObject, path: str, context: Context) -> Iterator[Cause]:
    """Each device that consumes counters must have the attribute that names a partition's type, as a string (1.37)."""
    name, driver = spec.get("partitionTypeAttribute"), spec.get("driver") or ""
    if name is None:
        return
    where = f"{path}.partitionTypeAttribute"
    malformed = list(fully_qualified_name(name, where, context=context))
    yield from malformed
    devices = spec.get("devices") or []
    if not any(item.get("consumesCounters") for item in devices):
        detail = "may only be set on a slice which declares devices that consume counters"
        yield invalid(where, name, detail)
    elif not malformed:
        for index, item in enumerate(devices):
            if item.get("consumesCounters"):
                attributes = item.get("attributes") or {}
                # an attribute without a domain is in the driver's
                found = attributes.get(name) or attributes.get(name.removeprefix(f"{driver}/"))
                yield from _partition_value(found, f"{path}.devices[{index}].attributes[{name}]")


def _partition_value(found: JsonObject | None, path: str) -> Iterator[Cause]:
    if found is None:
        detail = (
            "device consumes counters and `partitionTypeAttribute` names this attribute, so it must be set"
        )
        yield required(path, detail)
    elif found.get("string") is None:
        detail = "must be a string value because `partitionTypeAttribute` names this attribute"
        yield invalid(path, shown_attribute(found), detail)


def _skipped(items: list[str], path: str) -> Iterator[Cause]:
    """Operations that the kubelet skips for this driver (1.37)."""

    def known(operation: str, where: str) -> Iterator[Cause]:
        if operation not in OPERATIONS:
            yield not_supported(where, operation, OPERATIONS)

    yield from unique(items, None, known, path, lambda operation: operation)
    if "NodePrepareResources" in items and not {"NodeUnprepareResources", "*"} & set(items):
        detail = "NodePrepareResources cannot be skipped unless NodeUnprepareResources is also skipped"
        yield invalid(path, items, detail)


def _devices(spec: JsonObject, old: JsonObject, context: Context, path: str) -> Iterator[Cause]:
    devices = spec.get("devices") or []
    if context.at_least(V1_38) and old and devices == (old.get("devices") or []):
        return  # as stored: rules that came later must not block the other changes of a slice
    # of two stored devices with one name the first counts, therefore reversed
    stored = {item.get("name"): item for item in reversed(old.get("devices") or [])}
    per_device = bool(spec.get("perDeviceNodeSelection"))

    def rule(item: JsonObject, where: str) -> Iterator[Cause]:
        return device(
            item,
            where,
            old=stored.get(item.get("name")),
            per_device=per_device,
            context=context,
        )

    limit = RICH_DEVICES_MAX if any(is_rich(item) for item in devices) else DEVICES_MAX
    yield from unique(devices, limit, rule, f"{path}.devices", lambda item: item.get("name") or "")


def is_rich(item: JsonObject) -> bool:
    """Whether the device lowers the limit of its slice: devices with taints, counters or list attributes are larger."""
    if item.get("taints") or item.get("consumesCounters"):
        return True
    listed = [value for value in (item.get("attributes") or {}).values() if not LISTED.isdisjoint(value)]
    return any(value.get(member) is not None for value in listed for member in LISTS)


def _places(spec: JsonObject, path: str) -> Iterator[Cause]:
    found = []
    name = spec.get("nodeName")
    if name:
        found.append("`nodeName`")
        yield from names.each(f"{path}.nodeName", name, names.subdomain(name))
    elif name is not None:
        yield invalid(f"{path}.nodeName", "", "must be either unset or set to a non-empty string")
    selector = spec.get("nodeSelector")
    if selector is not None:
        found.append("`nodeSelector`")
        yield from node_selector(selector, f"{path}.nodeSelector")
        yield from one_term(selector, f"{path}.nodeSelector")
    for member in ("allNodes", "perDeviceNodeSelection"):
        if spec.get(member):
            found.append(f"`{member}`")
        elif spec.get(member) is not None:
            yield invalid(f"{path}.{member}", False, "must be either unset or set to true")
    if not found:
        yield required(path, PLACES)
    elif len(found) > 1:
        yield invalid(path, f"{{{', '.join(found)}}}", f"{PLACES}, but multiple fields are set")


def _counter_set(item: JsonObject, path: str) -> Iterator[Cause]:
    yield from counter_set_name(item.get("name") or "", f"{path}.name")
    yield from counters(item.get("counters"), f"{path}.counters")
