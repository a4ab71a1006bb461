"""Rules of ResourceSlices, DeviceTaintRules and ResourcePoolStatusRequests.

Sources (1.36): ``pkg/apis/resource/validation/validation.go``, ``validation_resourcepoolstatusrequest.go`` and the
declarative tags of ``resource/v1alpha3`` (the only kind whose declarative rules are enforced). Devices are in ``devices``.
"""

from collections.abc import Iterator
from typing import Any

from dra_clusters.embedded.rules import names
from dra_clusters.embedded.rules.causes import Cause, invalid, required, too_many
from dra_clusters.embedded.rules.context import Context
from dra_clusters.embedded.rules.devices import (
    LISTS,
    counter_set_name,
    counters,
    device,
    driver_name,
    pool_name,
)
from dra_clusters.embedded.rules.items import unique
from dra_clusters.embedded.rules.metadata import conditions, immutable
from dra_clusters.embedded.rules.selection import node_selector
from dra_clusters.embedded.rules.taints import taint

Object = dict[str, Any]
DEVICES_MAX, RICH_DEVICES_MAX, COUNTER_SETS_MAX = 128, 64, 8
RULE_CONDITIONS_MAX, REQUEST_CONDITIONS_MAX, LIMIT_MAX = 8, 10, 1000
PLACES = "exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required"


def slice_spec(spec: Object, old: Object | None, context: Context, path: str = "spec") -> Iterator[Cause]:
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
        yield from immutable((old.get("pool") or {}).get("name"), pool.get("name"), f"{path}.pool.name")
        yield from immutable(old.get("driver"), spec.get("driver"), f"{path}.driver")
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


def _devices(spec: Object, old: Object, context: Context, path: str) -> Iterator[Cause]:
    devices = spec.get("devices") or []
    stored = {item.get("name"): item for item in reversed(old.get("devices") or [])}
    per_device = bool(spec.get("perDeviceNodeSelection"))

    def rule(item: Object, where: str) -> Iterator[Cause]:
        return device(
            item,
            where,
            old=stored.get(item.get("name")),
            per_device=per_device,
            fractions=context.on("DRAFractionalCapacityRange"),
        )

    limit = RICH_DEVICES_MAX if any(is_rich(item) for item in devices) else DEVICES_MAX
    yield from unique(devices, limit, rule, f"{path}.devices", lambda item: item.get("name") or "")


def is_rich(item: Object) -> bool:
    """Whether the device lowers its slice's limit: taints, counters or list attributes."""
    values = (item.get("attributes") or {}).values()
    lists = any(value.get(member) is not None for value in values for member in LISTS)
    return bool(item.get("taints") or item.get("consumesCounters")) or lists


def _places(spec: Object, path: str) -> Iterator[Cause]:
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
        terms = selector.get("nodeSelectorTerms")
        if len(terms or []) != 1:
            shown = [_shown_term(term) for term in terms] if terms is not None else None
            where = f"{path}.nodeSelector.nodeSelectorTerms"
            yield invalid(where, shown, "must have exactly one node selector term")
    for member in ("allNodes", "perDeviceNodeSelection"):
        if spec.get(member):
            found.append(f"`{member}`")
        elif spec.get(member) is not None:
            yield invalid(f"{path}.{member}", False, "must be either unset or set to true")
    if not found:
        yield required(path, PLACES)
    elif len(found) > 1:
        yield invalid(path, f"{{{', '.join(found)}}}", f"{PLACES}, but multiple fields are set")


def _shown_term(term: Object) -> Object:
    def shown(items: list[Object] | None) -> list[Object] | None:
        if items is None:
            return None
        return [
            {
                "Key": item.get("key") or "",
                "Operator": item.get("operator") or "",
                "Values": item.get("values"),
            }
            for item in items
        ]

    return {
        "MatchExpressions": shown(term.get("matchExpressions")),
        "MatchFields": shown(term.get("matchFields")),
    }


def _counter_set(item: Object, path: str) -> Iterator[Cause]:
    yield from counter_set_name(item.get("name") or "", f"{path}.name")
    yield from counters(item.get("counters"), f"{path}.counters")


def taint_rule_spec(spec: Object, old: Object | None, path: str = "spec") -> Iterator[Cause]:
    """Spec of a DeviceTaintRule."""
    selector = spec.get("deviceSelector") or {}
    checks = (("driver", driver_name), ("pool", pool_name))
    for member, check in checks:
        if selector.get(member) is not None:
            yield from check(selector[member], f"{path}.deviceSelector.{member}")
    name = selector.get("device")
    if name is not None:
        yield from names.each(f"{path}.deviceSelector.device", name, names.label(name))
    before = (old.get("taint") or {}) if old is not None else None
    yield from taint(spec.get("taint") or {}, f"{path}.taint", old=before)


def taint_rule_status(status: Object, path: str = "status") -> Iterator[Cause]:
    """Status of a DeviceTaintRule."""
    items = status.get("conditions") or []
    yield from conditions(items, f"{path}.conditions")
    if len(items) > RULE_CONDITIONS_MAX:
        yield too_many(f"{path}.conditions", len(items), RULE_CONDITIONS_MAX)


def pool_request_spec(spec: Object, old: Object | None, path: str = "spec") -> Iterator[Cause]:
    """Spec of a ResourcePoolStatusRequest, which never changes."""
    if old is not None:
        yield from immutable(old, spec, path, None)
        return
    driver, limit = spec.get("driver") or "", spec.get("limit")
    if driver:
        yield from _caseless(driver, f"{path}.driver")
    else:
        yield required(f"{path}.driver")
    if spec.get("poolName") is not None:
        yield from _segments(spec["poolName"], f"{path}.poolName")
    if limit is None:
        yield required(f"{path}.limit")
    elif limit > LIMIT_MAX:
        yield invalid(f"{path}.limit", limit, f"must be less than or equal to {LIMIT_MAX}")
    elif limit < 1:
        yield invalid(f"{path}.limit", limit, "must be greater than or equal to 1")


def _segments(name: str, path: str) -> Iterator[Cause]:
    for index, part in enumerate(name.split("/")):
        if part:
            problems = [f"segment {index}: {problem}" for problem in names.subdomain(part)]
            yield from names.each(path, part, problems)
        else:
            yield invalid(path, name, f"segment {index}: must not be empty")


def _caseless(name: str, path: str) -> Iterator[Cause]:
    if names.matches(names.SUBDOMAIN, name.lower()):
        return
    message = (
        "an RFC 1123 subdomain must consist of alphanumeric characters, '-' or '.', "
        "and must start and end with an alphanumeric character"
    )
    yield invalid(path, name, names.form(message, names.SUBDOMAIN, "Example.com"))


def pool_request_status(status: Object, old: Object | None, path: str = "status") -> Iterator[Cause]:
    """Status of a ResourcePoolStatusRequest: written once."""
    if old:
        yield from immutable(old, status, path)
        return
    items = status.get("conditions") or []
    yield from conditions(items, f"{path}.conditions")
    if status.get("poolCount") is None:
        yield required(f"{path}.poolCount")
    elif status["poolCount"] < 0:
        yield invalid(f"{path}.poolCount", status["poolCount"], "must be greater than or equal to 0")
    for member, limit in (("pools", LIMIT_MAX), ("conditions", REQUEST_CONDITIONS_MAX)):
        if len(status.get(member) or []) > limit:
            yield too_many(f"{path}.{member}", len(status[member]), limit)
