"""Rules of DeviceTaintRules and ResourcePoolStatusRequests.

Sources (1.36): ``pkg/apis/resource/validation/validation.go``, ``validation_resourcepoolstatusrequest.go`` and the
declarative tags of ``resource/v1alpha3`` (ResourcePoolStatusRequest is the only kind whose declarative rules are enforced).
"""

from collections.abc import Iterator

from dra_api.objects import JsonObject
from kube_emulator.apiserver.validation import names
from kube_emulator.apiserver.validation.causes import Cause, invalid, required, too_many
from kube_emulator.apiserver.validation.devices import driver_name, pool_name
from kube_emulator.apiserver.validation.metadata import conditions, immutable
from kube_emulator.apiserver.validation.taints import taint

RULE_CONDITIONS_MAX, REQUEST_CONDITIONS_MAX, LIMIT_MAX = 8, 10, 1000


def taint_rule_spec(spec: JsonObject, old: JsonObject | None, path: str = "spec") -> Iterator[Cause]:
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


def taint_rule_status(status: JsonObject, path: str = "status") -> Iterator[Cause]:
    """Status of a DeviceTaintRule."""
    items = status.get("conditions") or []
    yield from conditions(items, f"{path}.conditions")
    if len(items) > RULE_CONDITIONS_MAX:
        yield too_many(f"{path}.conditions", len(items), RULE_CONDITIONS_MAX)


def pool_request_spec(spec: JsonObject, old: JsonObject | None, path: str = "spec") -> Iterator[Cause]:
    """Spec of a ResourcePoolStatusRequest, which is immutable."""
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
            problems = [f"segment {index}: {problem}" for problem in names.long_name(part)]
            yield from names.each(path, part, problems)
        else:
            yield invalid(path, name, f"segment {index}: must not be empty")


def _caseless(name: str, path: str) -> Iterator[Cause]:
    if names.size(name) > 253:
        yield invalid(path, name, names.too_long_text(253, "bytes"))
    if names.matches(names.SUBDOMAIN, name.lower()):
        return
    message = (
        "an RFC 1123 subdomain must consist of alphanumeric characters, '-' or '.', "
        "and must start and end with an alphanumeric character"
    )
    yield invalid(path, name, names.form(message, names.SUBDOMAIN, "Example.com"))


def pool_request_status(status: JsonObject, old: JsonObject | None, path: str = "status") -> Iterator[Cause]:
    """Status of a ResourcePoolStatusRequest, which is immutable once it is set."""
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
