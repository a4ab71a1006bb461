"""``managedFields`` of a write: who owns which fields, in the request's version and in the stored object.

The rules are in ``apply.owners``; this module knows kinds, versions and subresources.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any

from dra_api.objects import JsonObject
from kube_emulator.apiserver.apply.owners import (
    Manager,
    Owners,
    View,
    applied,
    before_first_apply,
    check_config,
    owners_of,
    updated,
    with_owners,
)
from kube_emulator.apiserver.apply.shapes import Shape
from kube_emulator.apiserver.registry.strategy import is_hidden
from kube_emulator.apiserver.resources import Resource, Served
from kube_emulator.apiserver.schema.kinds import TypeInfo, type_of
from kube_emulator.apiserver.versions import as_version, from_storage, to_storage

Shapes = Callable[[str], Shape]


ADDED_LATER: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "namespaces": frozenset({"finalizers"}),
        "pods": frozenset(
            {
                "priority",
                "priorityClassName",
                "preemptionPolicy",
                "serviceAccount",
                "serviceAccountName",
                "tolerations",
            }
        ),
    }
)
"""{kind: members of the spec that the server adds after it has recorded ownership} (strategies and admission, 1.36)."""


Warn = Callable[[str], None]
"""Sends a warning to the client with the answer."""


def no_warning(_text: str) -> None:
    """Drop a warning: parts of this process do not read them."""


@dataclass(frozen=True, slots=True)
class Writer:
    """Which field manager writes, and how.

    Attributes:
        name: field manager; empty for parts of this process, which are not tracked.
        served: the kind in the version of the request; None for the stored one.
        warn: receives the warnings about the object that is written.
    """

    name: str = ""
    operation: str = "Update"
    served: Served | None = None
    subresource: str = ""
    warn: Warn = no_warning


SYSTEM = Writer()
"""The parts of this process."""


def view_of(resource: Resource, writer: Writer, shapes: Shapes, subresource: str) -> View:
    """A kind as WRITER sees it."""
    version = writer.served.api_version if writer.served else resource.api_version
    return View(
        version=version,
        shapes=shapes,
        convert=lambda item, other: as_version(resource, to_storage_of(writer, item), other),
        hidden=lambda member: is_hidden(resource, subresource, member),
    )


def to_storage_of(writer: Writer, item: JsonObject) -> JsonObject:
    """ITEM of the writer's version as it is stored."""
    return to_storage(writer.served, item) if writer.served else item


def seen_by(writer: Writer, item: JsonObject) -> JsonObject:
    """The stored ITEM in the writer's version."""
    return from_storage(writer.served, item) if writer.served else item


def manager_of(resource: Resource, writer: Writer) -> Manager:
    """The manager that WRITER is."""
    if writer.operation == "Apply":
        return Manager(writer.name, "Apply", "", writer.subresource)
    version = writer.served.api_version if writer.served else resource.api_version
    return Manager(writer.name, "Update", version, writer.subresource)


def owned_new(
    resource: Resource, item: JsonObject, sent: frozenset[str], writer: Writer, stamp: str, shapes: Shapes
) -> JsonObject:
    """A new ITEM, owned by WRITER, who SENT these members of its spec.

    Upstream records ownership after the defaults of the version and before strategy and admission: so the writer owns
    defaults as if they were sent, and not what is in ``ADDED_LATER``.
    """
    view = view_of(resource, writer, shapes, "")
    live = {"metadata": {}} if resource.custom else skeleton_of(resource.api_version, resource.kind)
    added = ADDED_LATER.get(resource.key, frozenset()) - sent
    new = seen_by(writer, item)
    if added and isinstance(new.get("spec"), dict):
        new = {**new, "spec": {name: value for name, value in new["spec"].items() if name not in added}}
    return with_owners(item, updated(live, new, {}, manager_of(resource, writer), view, stamp))


def owned_update(
    resource: Resource,
    old: JsonObject,
    item: JsonObject,
    writer: Writer,
    stamp: str,
    shapes: Shapes,
    subresource: str,
) -> JsonObject:
    """ITEM, that replaces OLD, with WRITER owning what it changes."""
    view = view_of(resource, writer, shapes, subresource)
    owners = known_owners(item)
    after = updated(
        seen_by(writer, old), seen_by(writer, item), owners, manager_of(resource, writer), view, stamp
    )
    return with_owners(item, after)


def known_owners(item: Mapping[str, Any]) -> Owners:
    """The owners in ``managedFields``; none if they cannot be read, as upstream drops them."""
    try:
        return owners_of(item)
    except ValueError:
        return {}


def apply_as(
    resource: Resource,
    live: JsonObject | None,
    config: JsonObject,
    writer: Writer,
    stamp: str,
    shapes: Shapes,
    *,
    force: bool,
) -> JsonObject:
    """The stored object after WRITER applied CONFIG to LIVE (None: a new one).

    Raises:
        ApiError: 400, 409 or 500.
    """
    assert writer.served is not None
    check_config(config, writer.served.api_version, resource.kind)
    view = view_of(resource, writer, shapes, writer.subresource)
    seen: JsonObject = {} if live is None else seen_by(writer, live)
    owners = known_owners(seen)
    # What was written before tracking must not be lost to the first applier without a conflict.
    if live is not None and not owners:
        owners = before_first_apply(seen, view, live["metadata"]["creationTimestamp"])
    bare = without_owners(seen)
    item, after = applied(bare, config, owners, manager_of(resource, writer), view, force=force, now=stamp)
    return with_owners(to_storage(writer.served, item), after)


def without_owners(item: JsonObject) -> JsonObject:
    """ITEM without ``managedFields``."""
    metadata = {
        name: value for name, value in (item.get("metadata") or {}).items() if name != "managedFields"
    }
    return {**item, "metadata": metadata} if item else {}


@cache
def skeleton_of(api_version: str, kind: str) -> JsonObject:
    """What an empty object of a built-in kind has in Go: its structs; writing into them does not make them owned."""
    found = type_of(api_version, kind)
    return {"metadata": {}} | (struct_of(found) if found else {})


def struct_of(message: TypeInfo) -> JsonObject:
    """The structs in an empty message."""
    found: JsonObject = {}
    for name, field in message.fields.items():
        if field.repeated or field.map:
            if field.always:
                found[name] = None  # Go prints an empty list that it does not leave out as null
        elif field.info and field.shown:
            found[name] = struct_of(field.info)
    return found
