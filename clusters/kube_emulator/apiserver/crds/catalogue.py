"""The custom kinds of a cluster: served from the moment a definition is stored until it is deleted.

The real server does this in controllers, a moment later (apiextensions-apiserver ``pkg/controller/{establish,finalizer}``);
here it is done within the write, so that no client has to wait.
"""

from collections.abc import Callable
from typing import Protocol

from dra_api.objects import JsonObject
from kube_emulator.apiserver.apply.shapes import Shape, shape_of
from kube_emulator.apiserver.crds.definition import Definition, definition_of
from kube_emulator.apiserver.resources import Registry, Resource
from kube_emulator.clock import Clock
from kube_emulator.store.store import Store, Stored

DEFINITIONS = "customresourcedefinitions"
CLEANUP = "customresourcecleanup.apiextensions.k8s.io"


class Verbs(Protocol):
    """What this module needs of the API."""

    store: Store
    clock: Clock

    def delete(self, plural: str, name: str, namespace: str = "") -> Stored:
        """Delete an object."""


class Catalogue:
    """Custom kinds by key."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._definitions: dict[str, Definition] = {}

    def find(self, key: str) -> Definition | None:
        """The custom kind of that key; None for built-in kinds."""
        return self._definitions.get(key)

    def shapes(self, resource: Resource) -> Callable[[str], Shape]:
        """How objects of a kind are merged, by API version."""
        definition = self._definitions.get(resource.key)
        if definition is not None:
            return definition.shape
        return lambda api_version: shape_of(api_version, resource.kind)

    def written(self, api: Verbs, resource: Resource, item: JsonObject) -> None:
        """Serve the kind of a definition that was stored."""
        if resource.key != DEFINITIONS:
            return
        definition = definition_of(item)
        before = self._definitions.get(definition.resource.key)
        self._definitions[definition.resource.key] = definition
        if before is not None and before != definition:
            # A real server prunes and sets defaults whenever it reads from etcd. Here objects are read as they are kept, so they are
            # brought up to date once, without a new revision.
            api.store.rewrite(definition.resource.key, definition.as_read)
        self._registry.remove(definition.resource.key)
        self._registry.add(definition.resource)
        if not is_established(item):
            api.store.put(DEFINITIONS, established(item, api.clock.stamp()))

    def held(self, resource: Resource, item: JsonObject) -> JsonObject:
        """ITEM with the finalizer that keeps a definition until its instances are deleted."""
        if resource.key != DEFINITIONS:
            return item
        finalizers = item["metadata"].get("finalizers") or []
        if CLEANUP in finalizers:
            return item
        return {**item, "metadata": {**item["metadata"], "finalizers": [*finalizers, CLEANUP]}}

    def marked(self, api: Verbs, resource: Resource, item: JsonObject) -> None:
        """Delete the instances of a definition that is being deleted, then the definition."""
        if resource.key != DEFINITIONS:
            return
        key = item["metadata"]["name"]
        for instance in list(api.store.all(key)):
            metadata = instance.value["metadata"]
            api.delete(key, metadata["name"], metadata.get("namespace", ""))
        self._finish(api, key)

    def removed(self, api: Verbs, resource: Resource, _: JsonObject) -> None:
        """Delete a definition that waits for its instances when the last one is gone."""
        if resource.custom:
            self._finish(api, resource.key)

    def _finish(self, api: Verbs, key: str) -> None:
        found = api.store.get(DEFINITIONS, "", key)
        if found is None or not found.value["metadata"].get("deletionTimestamp") or api.store.count(key):
            return
        others = [name for name in found.value["metadata"].get("finalizers") or [] if name != CLEANUP]
        self._registry.remove(key)
        self._definitions.pop(key, None)
        if not others:
            api.store.remove(DEFINITIONS, "", key)


def is_established(item: JsonObject) -> bool:
    """Whether the status of a definition says that it is served, with its current names."""
    status = item.get("status") or {}
    names_accepted = status.get("acceptedNames") == item["spec"]["names"]
    stored = {entry["name"] for entry in item["spec"]["versions"] if entry.get("storage")}
    conditions = {c["type"]: c["status"] for c in status.get("conditions") or []}
    return (
        names_accepted
        and conditions.get("Established") == "True"
        and stored <= set(status.get("storedVersions") or [])
    )


def established(item: JsonObject, stamp: str) -> JsonObject:
    """ITEM with a status that says that it is served."""
    status = item.get("status") or {}
    storage = [entry["name"] for entry in item["spec"]["versions"] if entry.get("storage")]
    stored = status.get("storedVersions") or []
    conditions = [
        condition("NamesAccepted", "NoConflicts", "no conflicts found", stamp),
        condition("Established", "InitialNamesAccepted", "the initial names have been accepted", stamp),
    ]
    new = {
        "conditions": conditions,
        "acceptedNames": item["spec"]["names"],
        "storedVersions": [*stored, *(name for name in storage if name not in stored)],
    }
    return {**item, "metadata": dict(item["metadata"]), "status": new}


def condition(kind: str, reason: str, message: str, stamp: str) -> JsonObject:
    """A condition that is true."""
    head = {"type": kind, "status": "True", "lastTransitionTime": stamp}
    return head | {"reason": reason, "message": message}
