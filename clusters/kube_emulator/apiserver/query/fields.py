"""Field selectors of list and watch: which fields a kind can be selected by, and the refusals of the others.

The sets and messages are those of the field label conversions in ``pkg/apis/*/conversion.go`` and of the kinds'
``SelectableFields`` (kubernetes/kubernetes 1.36 and 1.37); the text is read as apimachinery ``pkg/fields/selector.go`` does.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from kube_emulator.apiserver.query.labels import Predicate, everything
from kube_emulator.apiserver.resources import Resource, Served
from kube_emulator.apiserver.status import bad_request
from kube_emulator.releases.release import V1_37, Release

NAMES = ("metadata.name", "metadata.namespace")
REFERENCE = ("kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath")
FIELDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "pods": (
            *NAMES,
            *("spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName"),
            *(
                "spec.hostNetwork",
                "status.phase",
                "status.podIP",
                "status.podIPs",
                "status.nominatedNodeName",
            ),
        ),
        "nodes": ("metadata.name", "spec.unschedulable"),
        "namespaces": ("metadata.name", "status.phase"),
        "secrets": (*NAMES, "type"),
        "services": (*NAMES, "spec.clusterIP", "spec.type"),
        "jobs": (*NAMES, "status.successful"),
        "resourceslices": ("metadata.name", "spec.nodeName", "spec.driver", "spec.pool.name"),
        "events": (
            *NAMES,
            *(f"involvedObject.{name}" for name in REFERENCE),
            *("reason", "reportingComponent", "source", "type"),
        ),
    }
)
EVENTS_GROUP_FIELDS = (
    *NAMES,
    *(f"regarding.{name}" for name in REFERENCE),
    "reason",
    "reportingController",
    "type",
)
"""What events.k8s.io selects by (``pkg/apis/events/v1/conversion.go``)."""

SPELLING = {"regarding": "involvedObject", "reportingController": "reportingComponent"}
POOL, POOL_SINCE = "spec.pool.name", V1_37
"""A field that slices cannot be selected by in older releases."""
FALSE_IF_ABSENT = frozenset({"spec.unschedulable", "spec.hostNetwork"})
ZERO_IF_ABSENT = frozenset({"status.successful"})


@dataclass(frozen=True, slots=True)
class Term:
    """``field = value`` or ``field != value``."""

    field: str
    equal: bool
    value: str


def terms_of(text: str) -> list[Term]:
    """The terms of a field selector.

    Raises:
        ApiError: 400, it cannot be read.
    """
    return [term(part, text) for part in re.split(r"(?<!\\),", text) if part]


def term(part: str, text: str) -> Term:
    """One term of the selector TEXT."""
    match = re.match(r"((?:[^=!\\]|\\.|!(?!=))*)(!=|==|=)(.*)", part, re.DOTALL)
    if match is None:
        raise bad_request(f"invalid selector: '{text}'; can't understand '{part}'")
    field, operator, value = match.groups()
    return Term(field.strip(), operator != "!=", unescaped(value))


def unescaped(value: str) -> str:
    """A value without its backslashes.

    Raises:
        ApiError: 400, a backslash is before something else, or a character that needs one has none.
    """
    if bad := re.search(r"\\(?![\\,=]).?", value):
        raise bad_request(f"invalid field selector: invalid escape sequence: {bad.group()}")
    if bad := re.search(r"(?<!\\)=", value):
        raise bad_request(f"invalid field selector: unescaped character in value: {ord(bad.group())}")
    return re.sub(r"\\(.)", r"\1", value)


def field_selector(
    text: str, served: Served, release: Release, selectable: Mapping[str, str] = MappingProxyType({})
) -> Predicate:
    """Predicate of ``fieldSelector`` on a kind in RELEASE; SELECTABLE are a CRD version's, {field: JSON path}.

    Raises:
        ApiError: 400, the selector cannot be read, or the kind cannot be selected by a field.
    """
    terms = terms_of(text)
    for found in terms:
        check_field(found.field, served, release, tuple(selectable))
    if not terms:
        return everything
    tests = [(reader(found.field), found) for found in terms]
    return lambda item: all((read(item) == found.value) == found.equal for read, found in tests)


def equal_to(text: str, field: str) -> str | None:
    """The value that FIELD must have by a selector that can be read; None if it may have several."""
    for found in terms_of(text):
        if found.field == field and found.equal:
            return found.value
    return None


def check_field(field: str, served: Served, release: Release, selectable: tuple[str, ...]) -> None:
    """Refuse a field that the kind cannot be selected by."""
    resource = served.resource
    if served.group == "events.k8s.io":
        known = EVENTS_GROUP_FIELDS
    else:
        known = (*NAMES, *selectable) if resource.custom else FIELDS.get(resource.key, NAMES)
    early = field == POOL and release < POOL_SINCE
    if field not in known or early:
        raise bad_request(unsupported(field, served, resource))


def unsupported(field: str, served: Served, resource: Resource) -> str:
    """The message of the kind's conversion: upstream has one wording per kind."""
    if resource.key == "jobs":
        return f'field label "{field}" not supported for Job'
    if resource.custom:
        return f"field label not supported: {field}"
    if resource.key == "resourceslices":
        return f"field label not supported for {served.api_version}, Kind={resource.kind}: {field}"
    if resource.key not in FIELDS:
        return f'"{field}" is not a known field selector: only "metadata.name", "metadata.namespace"'
    return f"field label not supported: {field}"


def reader(field: str) -> Callable[[Mapping[str, Any]], str]:
    """How the text of a field is read from an object in its storage version."""
    first, dot, rest = field.partition(".")
    field = SPELLING.get(first, first) + dot + rest
    if field == "source":
        return lambda item: (
            (item.get("source") or {}).get("component") or item.get("reportingComponent") or ""
        )
    if field == "status.podIPs":
        return lambda item: ",".join(
            ip.get("ip", "") for ip in (item.get("status") or {}).get("podIPs") or []
        )
    # Upstream compares the text of Go's zero value, so a field that is not set equals false or 0.
    absent = "false" if field in FALSE_IF_ABSENT else "0" if field in ZERO_IF_ABSENT else ""
    path = tuple(field.split("."))
    return lambda item: text_at(item, path, absent)


def text_at(item: Mapping[str, Any], path: tuple[str, ...], absent: str) -> str:
    """The value at PATH as text."""
    value: Any = item
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    if value is None:
        return absent
    return str(value).lower() if isinstance(value, bool) else str(value)
