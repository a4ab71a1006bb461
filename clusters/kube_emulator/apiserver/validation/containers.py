"""Rules of containers: names, images, ports, environment, mounts, resources and the claims they use.

Source: ``pkg/apis/core/validation/validation.go``, 1.36, as far as pods of drivers and their users need it. Lifecycle
hooks and security contexts are not validated.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from dra_api.objects import JsonObject
from kube_emulator.apiserver.schema.quantity import canonical, value_of
from kube_emulator.apiserver.validation import names
from kube_emulator.apiserver.validation.causes import (
    Cause,
    duplicate,
    forbidden,
    invalid,
    not_found,
    not_supported,
    required,
)

PULL_POLICIES = ("Always", "IfNotPresent", "Never")
MESSAGE_POLICIES = ("File", "FallbackToLogsOnError")
PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
HANDLERS = ("exec", "httpGet", "tcpSocket", "grpc")
SOURCES = (
    "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`"
)
PROTOCOLS = ("SCTP", "TCP", "UDP")
NATIVE_RESOURCES = ("cpu", "memory", "ephemeral-storage")


def containers(
    spec: JsonObject, claim_names: set[str], volumes: Mapping[str, JsonObject], path: str
) -> Iterator[Cause]:
    """Containers and init containers of a pod SPEC with these claims and VOLUMES."""
    found = spec.get("containers") or []
    if not found:
        yield required(f"{path}.containers")
    seen: set[str] = set()
    for index, item in enumerate(found):
        where = f"{path}.containers[{index}]"
        yield from _container(item, claim_names, volumes, where)
        yield from _unseen(item, seen, where)
        for member in PROBES:
            yield from _probe(item.get(member), f"{where}.{member}")
    yield from _host_ports(found, f"{path}.containers")
    for index, item in enumerate(spec.get("initContainers") or []):
        where = f"{path}.initContainers[{index}]"
        yield from _container(item, claim_names, volumes, where)
        yield from _unseen(item, seen, where, init=True)
        if item.get("restartPolicy") != "Always":
            for member in ("lifecycle", *PROBES):
                if item.get(member) is not None:
                    detail = "may not be set for init containers without restartPolicy=Always"
                    yield forbidden(f"{where}.{member}", detail)


def _unseen(item: JsonObject, seen: set[str], path: str, *, init: bool = False) -> Iterator[Cause]:
    name = item.get("name") or ""
    if name in seen:
        yield duplicate(f"{path}.name", name)
    if name or not init:  # validateInitContainers skips empty names, validateContainers does not
        seen.add(name)


def _container(
    item: JsonObject, claim_names: set[str], volumes: Mapping[str, JsonObject], path: str
) -> Iterator[Cause]:
    name = item.get("name") or ""
    if name:
        yield from names.each(f"{path}.name", name, names.label(name))
    else:
        yield required(f"{path}.name")
    if not item.get("image"):
        yield required(f"{path}.image")
    policy = item.get("terminationMessagePolicy")
    if policy not in MESSAGE_POLICIES:
        yield not_supported(f"{path}.terminationMessagePolicy", policy, MESSAGE_POLICIES)
    yield from _ports(item.get("ports") or [], f"{path}.ports")
    yield from _environment(item.get("env") or [], f"{path}.env")
    yield from _mounts(item.get("volumeMounts") or [], volumes, f"{path}.volumeMounts")
    if item.get("imagePullPolicy") not in PULL_POLICIES:
        yield not_supported(f"{path}.imagePullPolicy", item.get("imagePullPolicy"), PULL_POLICIES)
    yield from _resources(item.get("resources") or {}, claim_names, f"{path}.resources")


def _probe(item: JsonObject | None, path: str) -> Iterator[Cause]:
    if item is None:
        return
    handlers = [name for name in HANDLERS if item.get(name) is not None]
    if not handlers:
        yield required(path, "must specify a handler type")
    for name in handlers[1:]:
        yield forbidden(f"{path}.{name}", "may not specify more than 1 handler type")
    if "exec" in handlers and not item["exec"].get("command"):
        yield required(f"{path}.exec.command")
    for name in ("httpGet", "tcpSocket"):
        number = (item.get(name) or {}).get("port")
        if isinstance(number, int):
            yield from port(number, f"{path}.{name}.port")


def _ports(items: list[JsonObject], path: str) -> Iterator[Cause]:
    seen = set()
    for index, item in enumerate(items):
        where = f"{path}[{index}]"
        name = item.get("name") or ""
        if name in seen:
            yield duplicate(f"{where}.name", name)
        elif name:
            yield from names.each(f"{where}.name", name, names.port_name(name))
            seen.add(name)
        if not item.get("containerPort"):
            yield required(f"{where}.containerPort")
        for member in ("containerPort", "hostPort"):
            if item.get(member):
                yield from port(item[member], f"{where}.{member}")
        yield from protocol(item.get("protocol") or "", f"{where}.protocol")


def _host_ports(items: list[JsonObject], path: str) -> Iterator[Cause]:
    """A host port can be used once per pod."""
    seen = set()
    for index, item in enumerate(items):
        for place, found in enumerate(item.get("ports") or []):
            if not found.get("hostPort"):
                continue
            key = f"{found.get('protocol')}/{found.get('hostIP') or ''}/{found['hostPort']}"
            if key in seen:
                yield duplicate(f"{path}[{index}].ports[{place}].hostPort", key)
            seen.add(key)


def port(number: int, path: str) -> Iterator[Cause]:
    """Number of a port."""
    if not 1 <= number <= 65535:
        yield invalid(path, number, "must be between 1 and 65535, inclusive")


def protocol(value: str, path: str) -> Iterator[Cause]:
    """Protocol of a port."""
    if value not in PROTOCOLS:
        yield not_supported(path, value, PROTOCOLS)


def _environment(items: list[JsonObject], path: str) -> Iterator[Cause]:
    for index, item in enumerate(items):
        where, name = f"{path}[{index}]", item.get("name") or ""
        if name:
            yield from names.each(f"{where}.name", name, names.env_name(name))
        else:
            yield required(f"{where}.name")
        source = item.get("valueFrom")
        if source is None:
            continue
        if source.get("fieldRef") is not None and not source["fieldRef"].get("fieldPath"):
            yield required(f"{where}.valueFrom.fieldRef.fieldPath")
        if not source:
            yield invalid(f"{where}.valueFrom", "", SOURCES)
        elif item.get("value"):
            yield invalid(f"{where}.valueFrom", "", "may not be specified when `value` is not empty")
        elif len(source) > 1:
            yield invalid(f"{where}.valueFrom", "", "may not have more than one field specified at a time")


def _mounts(items: list[JsonObject], volumes: Mapping[str, JsonObject], path: str) -> Iterator[Cause]:
    seen = set()
    for index, item in enumerate(items):
        where, name, place = f"{path}[{index}]", item.get("name") or "", item.get("mountPath") or ""
        if not name:
            yield required(f"{where}.name")
        if name not in volumes:
            yield not_found(f"{where}.name", name)
        if not place:
            yield required(f"{where}.mountPath")
        if place in seen:
            yield invalid(f"{where}.mountPath", place, "must be unique")
        seen.add(place)


def _resources(item: JsonObject, claim_names: set[str], path: str) -> Iterator[Cause]:
    limits, requests = item.get("limits") or {}, item.get("requests") or {}
    for member, found in (("limits", limits), ("requests", requests)):
        for name in sorted(found):
            where = f"{path}.{member}[{name}]"
            yield from _amount(name, found[name], where)
            if member == "requests" and name in limits:
                yield from _request(name, found[name], limits[name], f"{path}.requests")
            elif member == "requests" and "/" in name and "kubernetes.io/" not in name:
                yield required(f"{path}.limits", "Limit must be set for non overcommitable resources")
    yield from _claims(item.get("claims") or [], claim_names, f"{path}.claims")


def _amount(name: str, amount: Any, path: str) -> Iterator[Cause]:
    problems = names.qualified(name)
    yield from names.each(path, name, problems)
    standard = name in NATIVE_RESOURCES or name.startswith("hugepages-")
    if "/" not in name and not standard:
        if not problems:
            yield invalid(path, name, "must be a standard resource type or fully qualified")
        yield invalid(path, name, "must be a standard resource for containers")
    if value_of(amount) < 0:
        yield invalid(path, canonical(amount), "must be greater than or equal to 0")
    if "/" in name and "kubernetes.io/" not in name and value_of(amount).denominator != 1:
        yield invalid(path, canonical(amount), "must be an integer")


def _request(name: str, request: Any, limit: Any, path: str) -> Iterator[Cause]:
    strict = name.startswith("hugepages-") or ("/" in name and "kubernetes.io/" not in name)
    if strict and value_of(request) != value_of(limit):
        yield invalid(path, canonical(request), f"must be equal to {name} limit of {canonical(limit)}")
    elif not strict and value_of(request) > value_of(limit):
        yield invalid(
            path, canonical(request), f"must be less than or equal to {name} limit of {canonical(limit)}"
        )


def _claims(items: list[JsonObject], known: set[str], path: str) -> Iterator[Cause]:
    """Claims that a container uses: a whole claim or one of its requests, each once (validateResourceClaimNames)."""
    seen: set[str] = set()
    for index, item in enumerate(items):
        where, name, request = f"{path}[{index}]", item.get("name") or "", item.get("request") or ""
        if not name:
            yield required(where)
            continue
        key = f"{name}/{request}" if request else name
        if name in seen:
            yield duplicate(where, name)
        else:
            if request:
                yield from names.each(f"{where}.request", request, names.label(request))
            if key in seen:
                yield duplicate(where, key)
            elif not request:
                # a claim that follows its own requests is reported once for each of them
                for _ in [other for other in seen if other.startswith(f"{name}/")]:
                    yield duplicate(where, name)
            seen.add(key)
        if name not in known:
            listed = f": {', '.join(sorted(known))}" if known else " which is empty"
            cause = not_found(where, name)
            detail = f"must be one of the names in pod.spec.resourceClaims{listed}"
            yield Cause(cause.type, cause.field, f"{cause.message}: {detail}")
