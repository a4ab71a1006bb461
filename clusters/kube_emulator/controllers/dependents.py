"""Which objects a controller's owners control: adoption and release (pkg/controller/controller_ref_manager.go, 1.36).

An object without a controller is adopted by an owner whose selector matches it; one that no longer matches is released.
An owner that is being deleted does neither.
"""

from collections import defaultdict
from dataclasses import dataclass

from dra_api.objects import JsonObject, OwnerReference, ReadOnlyObject
from kube_emulator.apiserver.query.labels import selects
from kube_emulator.apiserver.registry.api import Api
from kube_emulator.controllers.feed import Changed
from kube_emulator.controllers.keyed import Key, key_of


@dataclass(frozen=True, slots=True)
class OwnerKind:
    """The kind of a controller's owners."""

    plural: str
    kind: str
    api_version: str


REPLICA_SET = OwnerKind("replicasets", "ReplicaSet", "apps/v1")
DEPLOYMENT = OwnerKind("deployments", "Deployment", "apps/v1")
DAEMON_SET = OwnerKind("daemonsets", "DaemonSet", "apps/v1")
JOB = OwnerKind("jobs", "Job", "batch/v1")


def controller_of(item: ReadOnlyObject | None) -> OwnerReference | None:
    """The reference to what controls ITEM."""
    references = item["metadata"].get("ownerReferences") or [] if item else []
    return next((one for one in references if one.get("controller")), None)


def reference_to(owner: ReadOnlyObject, kind: OwnerKind) -> OwnerReference:
    """The reference by which OWNER controls an object."""
    return {
        "apiVersion": kind.api_version,
        "kind": kind.kind,
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


class Dependents:
    """The objects of one kind by their owners of another.

    Args:
        plural: the kind of the objects.
        owners: the kind of the owners.
    """

    def __init__(self, api: Api, plural: str, owners: OwnerKind) -> None:
        self._api = api
        self._plural = plural
        self._owners = owners
        self._owned: dict[str, dict[Key, None]] = defaultdict(dict)
        """{UID of an owner: its objects}."""
        self._orphans: dict[str, dict[Key, None]] = defaultdict(dict)
        """{namespace: objects without a controller}."""

    def note(self, changed: Changed) -> list[Key]:
        """Take in a change of an object; the owners that it concerns."""
        key = key_of(changed.item)
        concerned: dict[Key, None] = {}
        for item, present in ((changed.before, False), (changed.after, True)):
            if item is None:
                continue
            owner = controller_of(item)
            place = self._owned[owner["uid"]] if owner else self._orphans[key[0]]
            if present:
                place[key] = None
            else:
                place.pop(key, None)
            if owner is None:
                concerned.update(dict.fromkeys(self._selecting(item)))
            elif owner["kind"] == self._owners.kind:
                concerned[key[0], owner["name"]] = None
        return list(concerned)

    def add(self, item: JsonObject) -> None:
        """Take in an object that the controller created itself, before its change comes: it must not create another."""
        owner = controller_of(item)
        assert owner is not None
        self._owned[owner["uid"]][key_of(item)] = None

    def _selecting(self, item: JsonObject) -> list[Key]:
        """The owners whose selectors match ITEM."""
        labels = item["metadata"].get("labels") or {}
        owners = self._api.values(self._owners.plural, item["metadata"].get("namespace", ""))
        return [key_of(owner) for owner in owners if selects(owner["spec"].get("selector"), labels)]

    def of(self, owner: JsonObject) -> list[JsonObject]:
        """The objects that OWNER controls, after adoption and release; oldest first."""
        namespace, uid = owner["metadata"]["namespace"], owner["metadata"]["uid"]
        leaves = bool(owner["metadata"].get("deletionTimestamp"))
        found = []
        for key in [*self._owned.get(uid, ()), *self._orphans.get(namespace, ())]:
            item = self._api.find(self._plural, key[1], key[0])
            if item is None:
                continue
            controller = controller_of(item)
            matches = selects(owner["spec"].get("selector"), item["metadata"].get("labels") or {})
            if controller is not None and controller["uid"] == uid:
                if matches or leaves:
                    found.append(item)
                else:
                    self._release(item, uid)
            elif (
                controller is None
                and matches
                and not leaves
                and not item["metadata"].get("deletionTimestamp")
            ):
                found.append(self._adopt(item, owner))
        if not self._owned.get(uid):
            self._owned.pop(uid, None)
        return sorted(
            found, key=lambda item: (item["metadata"]["creationTimestamp"], item["metadata"]["name"])
        )

    def _adopt(self, item: JsonObject, owner: JsonObject) -> JsonObject:
        kept = item["metadata"].get("ownerReferences") or []
        metadata = {**item["metadata"], "ownerReferences": [*kept, reference_to(owner, self._owners)]}
        return self._api.update(self._plural, {**item, "metadata": metadata}).value

    def _release(self, item: JsonObject, uid: str) -> None:
        kept = [one for one in item["metadata"]["ownerReferences"] if one["uid"] != uid]
        metadata = {name: value for name, value in item["metadata"].items() if name != "ownerReferences"}
        if kept:
            metadata["ownerReferences"] = kept
        self._api.update(self._plural, {**item, "metadata": metadata})
