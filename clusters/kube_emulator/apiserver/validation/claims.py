"""Rules of claims, templates and classes: requests, selectors, constraints, configuration.

Source: ``pkg/apis/resource/validation/validation.go``, 1.36. A claim's status is in ``allocations``. The
context's ``check_expression`` compiles CEL and lists problems with upstream's messages; ``TOO_COMPLEX`` is the only one that
is no compile error.
"""

import functools
import json
from collections.abc import Iterator
from typing import Any

from dra_api.objects import JsonObject
from kube_emulator.apiserver.validation import names
from kube_emulator.apiserver.validation.causes import (
    HIDDEN,
    Cause,
    forbidden,
    invalid,
    not_supported,
    required,
    too_long,
)
from kube_emulator.apiserver.validation.context import Context
from kube_emulator.apiserver.validation.devices import (
    KEY_MAX,
    driver_name,
    fully_qualified_name,
    qualified_name,
)
from kube_emulator.apiserver.validation.items import each_of, mapped, unique
from kube_emulator.apiserver.validation.metadata import annotations, labels
from kube_emulator.apiserver.validation.taints import toleration
from kube_emulator.releases.release import V1_38

REQUESTS_MAX, CONSTRAINTS_MAX, CONFIG_MAX, SELECTORS_MAX, ALTERNATIVES_MAX = 32, 32, 32, 32, 8
EXPRESSION_MAX, PARAMETERS_MAX = 10 * 1024, 10 * 1024
DERIVED_MAX = 32
TOO_COMPLEX = "too complex, exceeds cost limit"
ONE_OF = "exactly one of `exactly` or `firstAvailable` is required"
REFERENCE = (
    "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'"
)
ADMIN_LABEL = "resource.kubernetes.io/admin-access"

Requests = dict[str, set[str] | None]
"""{name of a request: names of its subrequests; None for a request without}."""


def claim_spec(spec: JsonObject, context: Context, path: str = "spec") -> Iterator[Cause]:
    """Spec of a claim."""
    devices, where = spec.get("devices") or {}, f"{path}.devices"
    known = request_names(spec)
    rule = functools.partial(_request, context=context)
    yield from unique(devices.get("requests"), REQUESTS_MAX, rule, f"{where}.requests", _name)
    constraint = functools.partial(_constraint, known=known, context=context)
    yield from each_of(devices.get("constraints"), CONSTRAINTS_MAX, constraint, f"{where}.constraints")
    config = functools.partial(claim_config, known=known)
    yield from each_of(devices.get("config"), CONFIG_MAX, config, f"{where}.config")


def request_names(spec: JsonObject) -> Requests:
    """The names of requests that constraints, configuration and results can refer to."""
    requests = (spec.get("devices") or {}).get("requests") or []
    return {
        _name(request): {_name(item) for item in request["firstAvailable"]}
        if request.get("firstAvailable")
        else None
        for request in requests
    }


def _name(item: JsonObject) -> str:
    return item.get("name") or ""


def _request(item: JsonObject, path: str, *, context: Context) -> Iterator[Cause]:
    yield from names.each(f"{path}.name", _name(item), names.label(_name(item)))
    exactly, alternatives = item.get("exactly"), item.get("firstAvailable") or []
    if exactly is None and not alternatives:
        yield required(path, ONE_OF)
    elif exactly is not None and alternatives:
        yield invalid(path, None, f"{ONE_OF}, but multiple fields are set")
    elif exactly is not None:
        yield from _device_request(exactly, f"{path}.exactly", context)
    else:
        rule = functools.partial(_subrequest, context=context)
        yield from unique(alternatives, ALTERNATIVES_MAX, rule, f"{path}.firstAvailable", _name)


def _subrequest(item: JsonObject, path: str, *, context: Context) -> Iterator[Cause]:
    yield from names.each(f"{path}.name", _name(item), names.label(_name(item)))
    yield from _device_request(item, path, context)


def _device_request(item: JsonObject, path: str, context: Context) -> Iterator[Cause]:
    name = item.get("deviceClassName") or ""
    if name:
        yield from names.each(f"{path}.deviceClassName", name, names.subdomain(name))
    else:
        yield required(f"{path}.deviceClassName")
    yield from selectors(item.get("selectors"), f"{path}.selectors", context)
    mode, count = item.get("allocationMode") or "", item.get("count") or 0
    if mode == "All":
        if count:
            yield invalid(f"{path}.count", count, "must not be specified when allocationMode is 'All'")
    elif mode == "ExactCount":
        if count <= 0:
            yield invalid(f"{path}.count", count, "must be greater than zero")
    else:
        yield not_supported(f"{path}.allocationMode", mode, ("All", "ExactCount"))
    yield from each_of(item.get("tolerations"), None, toleration, f"{path}.tolerations")
    derived = item.get("derivedAttributes")
    yield from unique(derived, DERIVED_MAX, derived_attribute, f"{path}.derivedAttributes", _name)
    if context.at_least(V1_38):
        amounts = (item.get("capacity") or {}).get("requests") or {}
        rule = functools.partial(qualified_name, context=context)
        yield from mapped(amounts, None, rule, any_amount, f"{path}.capacity.requests", key_shown=KEY_MAX)


def derived_attribute(item: JsonObject, path: str) -> Iterator[Cause]:
    """A derived attribute has name and expression. What the expression gives is left to the scheduler, which compiles it."""
    for member in ("name", "expression"):
        if not item.get(member):
            yield required(f"{path}.{member}")


def any_amount(_amount: object, _path: str) -> Iterator[Cause]:
    """Amounts are checked where they are read."""
    yield from ()


def selectors(items: list[JsonObject] | None, path: str, context: Context) -> Iterator[Cause]:
    """CEL selectors."""
    rule = functools.partial(_selector, context=context)
    yield from each_of(items, SELECTORS_MAX, rule, path)


def _selector(item: JsonObject, path: str, *, context: Context) -> Iterator[Cause]:
    if item.get("cel") is None:
        yield required(f"{path}.cel")
        return
    text, where = item["cel"].get("expression") or "", f"{path}.cel.expression"
    if names.size(text) > EXPRESSION_MAX:
        yield too_long(where, EXPRESSION_MAX)
        return
    for problem in context.check_expression(text):
        yield forbidden(where, problem) if problem == TOO_COMPLEX else invalid(where, text, problem)


def _constraint(item: JsonObject, path: str, *, known: Requests, context: Context) -> Iterator[Cause]:
    yield from references(item.get("requests"), f"{path}.requests", known)
    for member in ("matchAttribute", "distinctAttribute"):
        if item.get(member) is not None:
            yield from fully_qualified_name(item[member], f"{path}.{member}", context=context)
            return
    if context.on("DRAConsumableCapacity"):
        detail = (
            'exactly one of "matchAttribute" or "distinctAttribute" is required, but multiple fields are set'
        )
        yield required(path, detail)
    else:
        yield required(f"{path}.matchAttribute")


def references(items: list[str] | None, path: str, known: Requests) -> Iterator[Cause]:
    """Names of the requests that a constraint or configuration applies to."""
    rule = functools.partial(reference, known=known)
    yield from unique(items, REQUESTS_MAX, rule, path, lambda name: name)


def reference(name: str, path: str, *, known: Requests) -> Iterator[Cause]:
    """``request`` or ``request/subrequest``."""
    parts = name.split("/")
    if len(parts) > 2:
        yield invalid(path, name, REFERENCE)
        return
    for part in parts:
        yield from names.each(path, part, names.label(part))
    alternatives = known.get(parts[0])
    if parts[0] not in known or (len(parts) == 2 and parts[1] not in (alternatives or set())):
        yield invalid(path, name, REFERENCE)


def claim_config(item: JsonObject, path: str, *, known: Requests) -> Iterator[Cause]:
    """One configuration in a claim."""
    yield from references(item.get("requests"), f"{path}.requests", known)
    yield from config(item, path)


def config(item: JsonObject, path: str, *, stored: bool = False) -> Iterator[Cause]:
    """One configuration; the size of a STORED one is not limited, because the limit came later than the field (1.32)."""
    opaque = item.get("opaque")
    if opaque is None:
        yield required(f"{path}.opaque")
        return
    yield from driver_name(opaque.get("driver") or "", f"{path}.opaque.driver")
    yield from document(opaque.get("parameters"), f"{path}.opaque.parameters", PARAMETERS_MAX, stored=stored)


def document(value: Any, path: str, limit: int, *, stored: bool = False) -> Iterator[Cause]:
    """A JSON object of at most LIMIT bytes."""
    if value is None:
        yield required(path)
    elif not stored and names.size(json.dumps(value, separators=(",", ":"), ensure_ascii=False)) > limit:
        yield too_long(path, limit)
    elif not isinstance(value, dict):
        yield invalid(path, HIDDEN, "must be a valid JSON object")


def class_spec(
    spec: JsonObject, old: JsonObject | None, context: Context, path: str = "spec"
) -> Iterator[Cause]:
    """Spec of a DeviceClass."""
    yield from selectors(spec.get("selectors"), f"{path}.selectors", context)
    stored = old is not None and (old.get("config") or []) == (spec.get("config") or [])
    yield from each_of(
        spec.get("config"), CONFIG_MAX, functools.partial(config, stored=stored), f"{path}.config"
    )
    name = spec.get("extendedResourceName")
    if name is not None and not is_extended_resource(name):
        yield invalid(f"{path}.extendedResourceName", name, "must be a valid extended resource name")


def is_extended_resource(name: str) -> bool:
    """Whether NAME can name an extended resource (``pkg/apis/core/v1/helper``)."""
    native = "/" not in name or "kubernetes.io/" in name
    return not native and not name.startswith("requests.") and not names.qualified(f"requests.{name}")


def admin_access(requests: list[JsonObject] | None, context: Context) -> Iterator[Cause]:
    """Admin access requires a label on the namespace.

    Only the first request is reported, and for a template too at the path of a claim, as the strategies do
    (AuthorizedForAdmin).
    """
    for index, request in enumerate(requests or []):
        if (request.get("exactly") or {}).get("adminAccess"):
            yield from admin_namespace(f"spec.devices.requests[{index}].adminAccess", context)
            return


def admin_namespace(path: str, context: Context) -> Iterator[Cause]:
    """The cause of a namespace without the label."""
    if (context.namespace_labels or {}).get(ADMIN_LABEL) != "true":
        detail = (
            f"admin access to devices requires the `{ADMIN_LABEL}: true` label on the containing namespace"
        )
        yield forbidden(path, detail)


def template_metadata(metadata: JsonObject, path: str = "spec.metadata") -> Iterator[Cause]:
    """Metadata in a template: only labels and annotations can be set."""
    yield from annotations(metadata.get("annotations"), f"{path}.annotations")
    yield from labels(metadata.get("labels"), f"{path}.labels")
    for name, value in metadata.items():
        if value and name not in ("annotations", "labels"):
            yield forbidden(f"{path}.{name}", "cannot be set")
