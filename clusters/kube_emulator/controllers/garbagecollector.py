"""Deletes what lost its owners (kube-controller-manager pkg/controller/garbagecollector, 1.36).

An object goes after its last owner; as long as one lives, references to others are taken off. Foreground: an owner with
the finalizer ``foregroundDeletion`` waits for the dependents that block it. Orphans: one with the finalizer ``orphan`` first
lets its dependents go free. An object with an owner that cannot be looked up (a kind that is not served, or one in a
namespace where the object is in none) is left alone.
"""

import logging
from collections import defaultdict

from dra_api.objects import JsonObject
from kube_emulator.apiserver.registry.api import Api
from kube_emulator.apiserver.registry.verbs.deletion import FOREGROUND, ORPHAN
from kube_emulator.apiserver.registry.verbs.options import DeleteOptions
from kube_emulator.apiserver.resources import Resource
from kube_emulator.apiserver.status import ApiError
from kube_emulator.controllers.feed import Changed, feed

log = logging.getLogger(__name__)
Place = tuple[str, str, str]
"""(plural, namespace, name)."""
SKIPPED = frozenset(["events"])


class GarbageCollector:
    """One collector."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._dependents: dict[str, dict[Place, None]] = defaultdict(dict)
        """{UID of an owner: its dependents}."""

    async def run(self) -> None:
        """Collect until cancelled."""
        async for batch in feed(self._api, None):
            places: dict[Place, None] = {}
            for changed in batch:
                if changed.plural not in SKIPPED:
                    self._note(changed, places)
            for place in places:
                try:
                    self._sync(place)
                except ApiError as error:
                    log.info("garbage %s %s/%s: %s", *place, error)

    def _note(self, changed: Changed, places: dict[Place, None]) -> None:
        """Put what CHANGED concerns into PLACES."""
        metadata = changed.item["metadata"]
        place = changed.plural, metadata.get("namespace", ""), metadata["name"]
        before, after = owners_of(changed.before), owners_of(changed.after)
        for owner in before:
            self._dependents.get(owner["uid"], {}).pop(place, None)
        for owner in after:
            self._dependents[owner["uid"]][place] = None
        if changed.after is None:
            places.update(self._dependents.pop(metadata["uid"], {}))
        elif before != after or metadata.get("deletionTimestamp"):
            places[place] = None
        if before and before != after:
            self._note_owners(before, metadata.get("namespace", ""), places)

    def _note_owners(self, references: list[JsonObject], namespace: str, places: dict[Place, None]) -> None:
        """Put the owners that an object had into PLACES: they may have waited for it."""
        for reference in references:
            resource = kind_of(self._api, reference)
            if resource is not None:
                places[resource.key, namespace if resource.namespaced else "", reference["name"]] = None

    def _owner(self, reference: JsonObject, namespace: str) -> JsonObject | None:
        """The owner that REFERENCE names, if it lives."""
        resource = kind_of(self._api, reference)
        if resource is None:
            return None
        found = self._api.find(resource.key, reference["name"], namespace if resource.namespaced else "")
        return found if found and found["metadata"]["uid"] == reference["uid"] else None

    def _can_be_found(self, reference: JsonObject, namespace: str) -> bool:
        """Whether the owner that REFERENCE names can be looked up at all."""
        resource = kind_of(self._api, reference)
        return resource is not None and bool(namespace or not resource.namespaced)

    def _sync(self, place: Place) -> None:
        """Do what the object's owners, or its own deletion, ask for."""
        plural, namespace, name = place
        item = self._api.find(plural, name, namespace)
        if item is None:
            return
        finalizers = item["metadata"].get("finalizers") or []
        if not item["metadata"].get("deletionTimestamp"):
            if all(self._can_be_found(reference, namespace) for reference in owners_of(item)):
                self._sync_owned(place, item)
        elif ORPHAN in finalizers:
            self._orphan(item)
            self._finish(plural, item, ORPHAN)
        elif FOREGROUND in finalizers and not self._blocked(item):
            self._finish(plural, item, FOREGROUND)

    def _sync_owned(self, place: Place, item: JsonObject) -> None:
        """Delete ITEM if no owner of it stays, else take off the references to those that do not."""
        plural, namespace, name = place
        owners = [(each, self._owner(each, namespace)) for each in owners_of(item)]
        solid = [reference for reference, owner in owners if owner is not None and not leaving(owner)]
        if solid:
            if len(solid) < len(owners):
                self._write_owners(plural, item, solid)
        elif owners:
            policy = policy_of(item)
            if any(owner is not None for _, owner in owners) and self._dependents.get(
                item["metadata"]["uid"]
            ):
                policy = "Foreground"
                self._break_cycle(plural, item)
            self._api.delete(
                plural, name, namespace, options=DeleteOptions(uid=item["metadata"]["uid"], policy=policy)
            )

    def _break_cycle(self, plural: str, item: JsonObject) -> None:
        """Let ITEM block no owner any more if one of its own dependents waits for its dependents."""
        dependents = (
            self._api.find(p, n, space) for p, space, n in self._dependents[item["metadata"]["uid"]]
        )
        if any(each is not None and leaving(each) for each in dependents):
            freed = [
                {**owner, "blockOwnerDeletion": False} if owner.get("blockOwnerDeletion") else owner
                for owner in owners_of(item)
            ]
            self._write_owners(plural, item, freed)

    def _blocked(self, owner: JsonObject) -> bool:
        """See to the dependents of OWNER; whether one that blocks it is still there."""
        uid, blocking = owner["metadata"]["uid"], False
        for place in list(self._dependents.get(uid, {})):
            plural, namespace, name = place
            item = self._api.find(plural, name, namespace)
            if item is not None and not item["metadata"].get("deletionTimestamp"):
                self._sync(place)
                item = self._api.find(plural, name, namespace)
            blocking = blocking or any(
                reference["uid"] == uid and reference.get("blockOwnerDeletion")
                for reference in owners_of(item)
            )
        return blocking

    def _orphan(self, owner: JsonObject) -> None:
        """Take OWNER out of its dependents."""
        uid = owner["metadata"]["uid"]
        for plural, namespace, name in list(self._dependents.get(uid, {})):
            item = self._api.find(plural, name, namespace)
            if item is not None:
                kept = [reference for reference in owners_of(item) if reference["uid"] != uid]
                self._write_owners(plural, item, kept)

    def _write_owners(self, plural: str, item: JsonObject, owners: list[JsonObject]) -> None:
        """Give ITEM other references to owners."""
        metadata = {name: value for name, value in item["metadata"].items() if name != "ownerReferences"}
        if owners:
            metadata["ownerReferences"] = owners
        self._api.update(plural, {**item, "metadata": metadata})

    def _finish(self, plural: str, item: JsonObject, finalizer: str) -> None:
        """Remove FINALIZER."""
        kept = [name for name in item["metadata"]["finalizers"] if name != finalizer]
        self._api.update(plural, {**item, "metadata": {**item["metadata"], "finalizers": kept}})


def owners_of(item: JsonObject | None) -> list[JsonObject]:
    """The owner references of an object."""
    return (item or {"metadata": {}})["metadata"].get("ownerReferences") or []


def leaving(owner: JsonObject) -> bool:
    """Whether OWNER waits for its dependents to be deleted."""
    metadata = owner["metadata"]
    return bool(metadata.get("deletionTimestamp")) and FOREGROUND in (metadata.get("finalizers") or [])


def policy_of(item: JsonObject) -> str:
    """How ITEM wants to be deleted."""
    finalizers = item["metadata"].get("finalizers") or []
    if ORPHAN in finalizers:
        return "Orphan"
    return "Foreground" if FOREGROUND in finalizers else "Background"


def kind_of(api: Api, reference: JsonObject) -> Resource | None:
    """The kind that an owner reference means; None if it is not served here."""
    return api.registry.find(reference["apiVersion"].rpartition("/")[0], reference["kind"])
