"""Deletes what lost its owners (kube-controller-manager pkg/controller/garbagecollector, 1.36).

Background: dependents go after their last owner. Foreground: an owner with the finalizer ``foregroundDeletion`` waits
for the dependents that block it. Orphans: one with the finalizer ``orphan`` first lets its dependents go free. An owner of
a kind that this cluster does not serve counts as present.
"""

import logging
from collections import defaultdict
from typing import Any

from dra_clusters.embedded.api import Api
from dra_clusters.embedded.controllers.feed import Changed, feed
from dra_clusters.embedded.resources import Resource
from dra_clusters.embedded.status import ApiError

log = logging.getLogger(__name__)
Object = dict[str, Any]
Place = tuple[str, str, str]
"""(plural, namespace, name)."""
FOREGROUND, ORPHAN = "foregroundDeletion", "orphan"
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
            for owner in before:
                if found := self._owner(owner, metadata.get("namespace", "")):
                    places[found] = None
        elif before != after or metadata.get("deletionTimestamp"):
            places[place] = None

    def _owner(self, reference: Object, namespace: str) -> Place | None:
        """Where the owner that REFERENCE names is, if it lives."""
        resource = kind_of(self._api, reference)
        if resource is None:
            return None
        space = namespace if resource.namespaced else ""
        found = self._api.find(resource.key, reference["name"], space)
        return (
            (resource.key, space, reference["name"])
            if found and found["metadata"]["uid"] == reference["uid"]
            else None
        )

    def _sync(self, place: Place) -> None:
        """Do what the object's owners, or its own deletion, ask for."""
        plural, namespace, name = place
        item = self._api.find(plural, name, namespace)
        if item is None:
            return
        finalizers = item["metadata"].get("finalizers") or []
        if item["metadata"].get("deletionTimestamp"):
            if ORPHAN in finalizers:
                self._orphan(item)
                self._finish(plural, item, ORPHAN)
            elif FOREGROUND in finalizers and not self._blocked(item):
                self._finish(plural, item, FOREGROUND)
            return
        references = owners_of(item)
        unknown = any(kind_of(self._api, reference) is None for reference in references)
        if (
            references
            and not unknown
            and not any(self._owner(reference, namespace) for reference in references)
        ):
            self._api.delete(plural, name, namespace, uid=item["metadata"]["uid"])

    def _blocked(self, owner: Object) -> bool:
        """Delete the dependents of OWNER; whether one that blocks it is still there."""
        blocking = False
        for plural, namespace, name in list(self._dependents.get(owner["metadata"]["uid"], {})):
            item = self._api.find(plural, name, namespace)
            if item is None:
                continue
            if not item["metadata"].get("deletionTimestamp"):
                self._api.delete(plural, name, namespace, uid=item["metadata"]["uid"])
            mine = next(o for o in owners_of(item) if o["uid"] == owner["metadata"]["uid"])
            blocking = blocking or (
                bool(mine.get("blockOwnerDeletion")) and bool(self._api.find(plural, name, namespace))
            )
        return blocking

    def _orphan(self, owner: Object) -> None:
        """Take OWNER out of its dependents."""
        uid = owner["metadata"]["uid"]
        for plural, namespace, name in list(self._dependents.get(uid, {})):
            item = self._api.find(plural, name, namespace)
            if item is not None:
                kept = [reference for reference in owners_of(item) if reference["uid"] != uid]
                self._api.update(plural, {**item, "metadata": {**item["metadata"], "ownerReferences": kept}})

    def _finish(self, plural: str, item: Object, finalizer: str) -> None:
        """Remove FINALIZER."""
        kept = [name for name in item["metadata"]["finalizers"] if name != finalizer]
        self._api.update(plural, {**item, "metadata": {**item["metadata"], "finalizers": kept}})


def owners_of(item: Object | None) -> list[Object]:
    """The owner references of an object."""
    return (item or {"metadata": {}})["metadata"].get("ownerReferences") or []


def kind_of(api: Api, reference: Object) -> Resource | None:
    """The kind that an owner reference means; None if it is not served here."""
    return api.registry.find(reference["apiVersion"].rpartition("/")[0], reference["kind"])
