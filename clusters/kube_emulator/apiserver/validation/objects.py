"""Rules of nodes, namespaces, ConfigMaps, Secrets and leases.

Sources (1.36): ``pkg/apis/core/validation/validation.go``, ``pkg/apis/coordination/validation``,
``pkg/apis/policy/validation``.
"""

import base64
from collections.abc import Iterator

from dra_api.objects import JsonObject
from kube_emulator.apiserver.validation import names
from kube_emulator.apiserver.validation.causes import (
    Cause,
    duplicate,
    forbidden,
    invalid,
    not_supported,
    required,
    too_long,
)
from kube_emulator.apiserver.validation.context import Context
from kube_emulator.apiserver.validation.metadata import immutable, label_key
from kube_emulator.apiserver.validation.pods import TAINT_EFFECTS
from kube_emulator.apiserver.validation.selection import label_selector
from kube_emulator.apiserver.validation.workloads import int_or_percent

SIZE_MAX = 1024 * 1024
WHOLE = "[]"
"""The path of the whole object (``field.NewPath("")`` prints so)."""
IMMUTABLE_SET = "field is immutable when `immutable` is set"
NODE_ONCE = (("podCIDRs", "podCIDR"), ("providerID", "providerID"))
SECRET_KEYS = {
    "kubernetes.io/dockercfg": (".dockercfg",),
    "kubernetes.io/dockerconfigjson": (".dockerconfigjson",),
    "kubernetes.io/ssh-auth": ("ssh-privatekey",),
    "kubernetes.io/tls": ("tls.crt", "tls.key"),
}
ACCOUNT_ANNOTATION = "kubernetes.io/service-account.name"


def node(new: JsonObject, old: JsonObject | None, context: Context) -> Iterator[Cause]:
    """A node; upstream reports its taints under ``metadata``, a wrong path that clients see."""
    yield from _taints((new.get("spec") or {}).get("taints") or [])
    if old is not None:
        yield from node_change(new, old, context)


def node_change(new: JsonObject, old: JsonObject | None, _context: Context) -> Iterator[Cause]:
    """A change of a node or of its status.

    ValidateNodeUpdate calls ValidateNode, and both check the taints: a client sees each cause twice.
    """
    spec, before = new.get("spec") or {}, (old or {}).get("spec") or {}
    yield from _addresses((new.get("status") or {}).get("addresses") or [])
    for member, name in NODE_ONCE:
        if before.get(member) and before[member] != spec.get(member):
            detail = f'node updates may not change {name} except from "" to valid'
            yield forbidden(f"spec.{member}", detail)
    yield from _taints(spec.get("taints") or [])


def _taints(items: list[JsonObject]) -> Iterator[Cause]:
    seen = set()
    for index, taint in enumerate(items):
        where = f"metadata.taints[{index}]"
        yield from label_key(taint.get("key") or "", f"{where}.key")
        problems = names.label_value(taint.get("value") or "")
        if problems:
            yield invalid(f"{where}.value", taint["value"], ";".join(problems))
        effect = taint.get("effect") or ""
        if not effect:
            yield required(f"{where}.effect")
        elif effect not in TAINT_EFFECTS:
            yield not_supported(f"{where}.effect", effect, TAINT_EFFECTS)
        if (taint.get("key"), effect) in seen:
            shown = {
                "Key": taint.get("key"),
                "Value": taint.get("value") or "",
                "Effect": effect,
                "TimeAdded": None,
            }
            cause = duplicate(where, shown)
            detail = "taints must be unique by key and effect pair"
            yield Cause(cause.type, cause.field, f"{cause.message}: {detail}")
        seen.add((taint.get("key"), effect))


def _addresses(items: list[JsonObject]) -> Iterator[Cause]:
    for index, address in enumerate(items):
        if address in items[:index]:
            shown = {"Type": address.get("type"), "Address": address.get("address")}
            yield duplicate(f"status.addresses[{index}]", shown)


def config_map(new: JsonObject, old: JsonObject | None, _context: Context) -> Iterator[Cause]:
    """A ConfigMap: its keys and size; an immutable one stays as it is."""
    yield from _immutable_set(old, new, ("data", "binaryData"))
    data, binary = new.get("data") or {}, new.get("binaryData") or {}
    for member, found in (("data", data), ("binaryData", binary)):
        for key in sorted(found):
            yield from names.each(f"{member}[{key}]", key, names.config_key(key))
            if member == "data" and key in binary:
                yield invalid(f"data[{key}]", key, "duplicate of key present in binaryData")
    if sum(map(names.size, data.values())) + sum(map(_decoded_size, binary.values())) > SIZE_MAX:
        yield too_long(WHOLE, SIZE_MAX)


def _decoded_size(text: str) -> int:
    return len(base64.b64decode(text))


def _immutable_set(old: JsonObject | None, new: JsonObject, members: tuple[str, ...]) -> Iterator[Cause]:
    if old is None or not old.get("immutable"):
        return
    if not new.get("immutable"):
        yield forbidden("immutable", IMMUTABLE_SET)
    for member in members:
        if (old.get(member) or {}) != (new.get(member) or {}):
            yield forbidden(member, IMMUTABLE_SET)


def secret(new: JsonObject, old: JsonObject | None, _context: Context) -> Iterator[Cause]:
    """A Secret: its keys, its size, and the keys that its type requires."""
    if old is not None:
        yield from immutable(old.get("type"), new.get("type"), "type")
        yield from _immutable_set(old, new, ("data",))
    data = new.get("data") or {}
    for key in sorted(data):
        yield from names.each(f"data[{key}]", key, names.config_key(key))
    if sum(map(_decoded_size, data.values())) > SIZE_MAX:
        yield too_long("data", SIZE_MAX)
    kind = new.get("type") or ""
    for key in SECRET_KEYS.get(kind, ()):
        if key not in data:
            yield required(f"data[{key}]")
    if kind == "kubernetes.io/basic-auth" and not {"username", "password"} & set(data):
        yield required("data[username]")
        yield required("data[password]")
    account = (new["metadata"].get("annotations") or {}).get(ACCOUNT_ANNOTATION)
    if kind == "kubernetes.io/service-account-token" and not account:
        yield required(f"metadata.annotations[{ACCOUNT_ANNOTATION}]")


def lease(new: JsonObject, _old: JsonObject | None, _context: Context) -> Iterator[Cause]:
    """A lease."""
    spec = new.get("spec") or {}
    duration, transitions = spec.get("leaseDurationSeconds"), spec.get("leaseTransitions")
    if duration is not None and duration <= 0:
        yield invalid("spec.leaseDurationSeconds", duration, "must be greater than 0")
    if transitions is not None and transitions < 0:
        yield invalid("spec.leaseTransitions", transitions, "must be greater than or equal to 0")
    if spec.get("preferredHolder") and not spec.get("strategy"):
        yield forbidden("spec.preferredHolder", "may only be specified if `strategy` is defined")


def disruption_budget(new: JsonObject, _old: JsonObject | None, _context: Context) -> Iterator[Cause]:
    """A PodDisruptionBudget."""
    spec = new.get("spec") or {}
    if spec.get("minAvailable") is not None and spec.get("maxUnavailable") is not None:
        shown = {
            "MinAvailable": spec["minAvailable"],
            "Selector": spec.get("selector"),
            "MaxUnavailable": spec["maxUnavailable"],
            "UnhealthyPodEvictionPolicy": spec.get("unhealthyPodEvictionPolicy"),
        }
        yield invalid("spec", shown, "minAvailable and maxUnavailable cannot be both set")
    for member in ("minAvailable", "maxUnavailable"):
        yield from int_or_percent(spec.get(member), f"spec.{member}")
    yield from label_selector(spec.get("selector"), "spec.selector")
