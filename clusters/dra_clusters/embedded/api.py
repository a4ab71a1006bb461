"""The verbs of the API server over the store, for the HTTP server and for the parts that run beside it.

Everything here is synchronous but ``watch``: within one event loop a verb is a transaction. Objects that come out must
not be changed in place; what goes in is copied.
"""

import asyncio
import copy
import random
import time
import uuid
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from typing import Any

from dra_clusters.embedded import patches
from dra_clusters.embedded.apply import apply
from dra_clusters.embedded.clock import Clock
from dra_clusters.embedded.gates import RELEASES, gates_of
from dra_clusters.embedded.query import Predicate
from dra_clusters.embedded.resources import RESOURCES, Resource
from dra_clusters.embedded.status import ApiError, conflict, not_found
from dra_clusters.embedded.store import Change, Store, Stored
from dra_clusters.embedded.strategy import prepare_change, prepare_new, waits_for_kubelet

Object = dict[str, Any]
LETTERS = "bcdfghjklmnpqrstvwxz2456789"
GRACE_S = 30


@dataclass(frozen=True, slots=True)
class Event:
    """A watch event: ADDED, MODIFIED, DELETED or BOOKMARK."""

    type: str
    revision: int
    item: Stored


def everything(_: Any) -> bool:
    """The predicate of no selector."""
    return True


class Api:
    """All kinds of one cluster."""

    def __init__(
        self,
        store: Store,
        *,
        seed: int = 0,
        clock: Clock | None = None,
        kubernetes: str = RELEASES[-1],
        gates: frozenset[str] | None = None,
    ) -> None:
        self.store = store
        self.clock = clock or Clock()
        self.kubernetes = kubernetes
        self.gates = gates_of(kubernetes) if gates is None else gates
        self._random = random.Random(f"names-{seed}")  # noqa: S311 # names are no secrets

    def resource(self, plural: str) -> Resource:
        """The kind PLURAL."""
        return RESOURCES[plural]

    def get(self, plural: str, name: str, namespace: str = "") -> Object:
        """An object; ``ApiError`` 404 if there is none."""
        return self.stored(plural, name, namespace).value

    def stored(self, plural: str, name: str, namespace: str = "") -> Stored:
        """An object with its JSON."""
        found = self.store.get(plural, namespace, name)
        if found is None:
            raise not_found(plural, RESOURCES[plural].group, name)
        return found

    def find(self, plural: str, name: str, namespace: str = "") -> Object | None:
        """An object, or None."""
        found = self.store.get(plural, namespace, name)
        return found.value if found else None

    def listed(self, plural: str, namespace: str = "", matches: Predicate = everything) -> list[Stored]:
        """The objects of a kind; an empty NAMESPACE means all of them."""
        return [
            item
            for item in self.store.all(plural)
            if (not namespace or item.value["metadata"].get("namespace") == namespace) and matches(item.value)
        ]

    def values(self, plural: str, namespace: str = "") -> list[Object]:
        """The objects of a kind, for readers in this process."""
        return [item.value for item in self.listed(plural, namespace)]

    def create(self, plural: str, item: Object, *, dry_run: bool = False) -> Stored:
        """Store a new object.

        Raises:
            ApiError: 404 no such namespace, 409 it exists, 422 invalid.
        """
        resource, item = RESOURCES[plural], copy.deepcopy(item)
        metadata = item.setdefault("metadata", {})
        if not metadata.get("name") and metadata.get("generateName"):
            suffix = "".join(self._random.choice(LETTERS) for _ in range(5))
            metadata["name"] = metadata["generateName"][:248] + suffix
        name, namespace = metadata.get("name", ""), metadata.get("namespace", "")
        if resource.namespaced and plural != "namespaces":
            self.stored("namespaces", namespace)
        if self.store.get(plural, namespace, name) is not None:
            message = f'{plural}{"." if resource.group else ""}{resource.group} "{name}" already exists'
            raise ApiError(409, message, reason="AlreadyExists", details={"name": name, "kind": plural})
        item |= {"apiVersion": resource.api_version, "kind": resource.kind}
        metadata.pop("deletionTimestamp", None)
        metadata |= {"uid": str(uuid.uuid4()), "creationTimestamp": now()}
        prepare_new(resource, item)
        return Stored(item, b"") if dry_run else self.store.put(plural, item)

    def update(self, plural: str, item: Object, *, subresource: str = "", dry_run: bool = False) -> Stored:
        """Replace an object, or its status only.

        Raises:
            ApiError: 404, 409 the ``resourceVersion`` or ``uid`` in ITEM is not the stored one, 422 invalid.
        """
        resource, item = RESOURCES[plural], copy.deepcopy(item)
        metadata = item.setdefault("metadata", {})
        name, namespace = metadata.get("name", ""), metadata.get("namespace", "")
        old = self.get(plural, name, namespace)
        wanted = metadata.get("resourceVersion")
        if wanted and wanted != old["metadata"]["resourceVersion"]:
            why = (
                "the object has been modified; please apply your changes to the latest version and try again"
            )
            raise conflict(plural, resource.group, name, why)
        if metadata.get("uid") not in (None, old["metadata"]["uid"]):
            raise conflict(
                plural, resource.group, name, f"Precondition failed: UID is {old['metadata']['uid']}"
            )
        item |= {"apiVersion": resource.api_version, "kind": resource.kind}
        prepare_change(resource, old, item, subresource)
        item["metadata"]["resourceVersion"] = old["metadata"]["resourceVersion"]
        if item == old or dry_run:
            return self.stored(plural, name, namespace) if item == old else Stored(item, b"")
        if item["metadata"].get("deletionTimestamp") and not self._held(resource, item):
            return self.store.remove(plural, namespace, name)
        return self.store.put(plural, item)

    def patch(
        self,
        plural: str,
        name: str,
        namespace: str,
        kind: str,
        patch: Any,
        *,
        subresource: str = "",
        dry_run: bool = False,
    ) -> Stored:
        """Patch an object; KIND is ``merge``, ``strategic`` or ``json``. Errors as ``update``."""
        old = self.get(plural, name, namespace)
        change = {"merge": patches.merge, "strategic": patches.strategic, "json": patches.json_patch}[kind]
        item = copy.deepcopy(change(old, patch))
        return self.update(plural, item, subresource=subresource, dry_run=dry_run)

    def apply(
        self, plural: str, applied: Object, *, manager: str, force: bool, subresource: str = ""
    ) -> Stored:
        """Server-side apply; creates what does not exist. ``ApiError`` 409 on a conflict of managers."""
        metadata = applied.get("metadata") or {}
        found = self.store.get(plural, metadata.get("namespace", ""), metadata.get("name", ""))
        item = apply(found.value if found else None, copy.deepcopy(applied), manager=manager, force=force)
        return self.update(plural, item, subresource=subresource) if found else self.create(plural, item)

    def delete(
        self, plural: str, name: str, namespace: str = "", *, uid: str = "", grace_s: int | None = None
    ) -> Stored:
        """Delete an object, or mark it if a finalizer or a kubelet holds it; GRACE_S 0 does not wait for the kubelet.

        Raises:
            ApiError: 404, or 409 if UID is not the stored one.
        """
        resource, old = RESOURCES[plural], self.get(plural, name, namespace)
        if uid and uid != old["metadata"]["uid"]:
            raise conflict(
                plural, resource.group, name, f"Precondition failed: UID is {old['metadata']['uid']}"
            )
        waits = waits_for_kubelet(resource, old) and grace_s != 0
        if not waits and not old["metadata"].get("finalizers"):
            return self.store.remove(plural, namespace, name)
        if old["metadata"].get("deletionTimestamp"):
            return self.stored(plural, name, namespace)
        item = copy.deepcopy(old)
        item["metadata"] |= {
            "deletionTimestamp": now(),
            "deletionGracePeriodSeconds": (grace_s if grace_s is not None else GRACE_S) if waits else 0,
        }
        return self.store.put(plural, item)

    def _held(self, resource: Resource, item: Object) -> bool:
        graceful = item["metadata"].get("deletionGracePeriodSeconds", 0) > 0
        return bool(item["metadata"].get("finalizers")) or (graceful and waits_for_kubelet(resource, item))

    async def watch(
        self,
        plural: str,
        *,
        namespace: str = "",
        since: int | None = None,
        matches: Predicate = everything,
        bookmark_s: float = 0,
    ) -> AsyncIterator[Event]:
        """Changes after the revision SINCE; None means what exists now as ADDED, then changes.

        BOOKMARK_S above 0 sends a bookmark at that pace. The stream ends when the server cuts it.

        Raises:
            ApiError: 410, SINCE is forgotten.
        """

        def inside(item: Stored | None) -> bool:
            if item is None or (namespace and item.value["metadata"].get("namespace") != namespace):
                return False
            return matches(item.value)

        queue = self.store.subscribe()
        try:
            if since is None:
                for item in self.listed(plural, namespace, matches):
                    yield Event("ADDED", int(item.value["metadata"]["resourceVersion"]), item)
                past: Iterable[Change] = ()
            else:
                found = self.store.since(since)
                if found is None:
                    raise ApiError(410, f"too old resource version: {since} ({self.store.revision})")
                past = found
            for change in past:
                if event := seen(change, plural, inside(change.before), inside(change.after)):
                    yield event
            while True:
                try:
                    next_change = await asyncio.wait_for(queue.get(), bookmark_s or None)
                except TimeoutError:
                    yield Event("BOOKMARK", self.store.revision, Stored({}, b""))
                    continue
                if next_change is None:
                    return
                if event := seen(next_change, plural, inside(next_change.before), inside(next_change.after)):
                    yield event
        finally:
            self.store.unsubscribe(queue)


def seen(change: Change, plural: str, before: bool, after: bool) -> Event | None:
    """CHANGE as a watcher sees whose selection held BEFORE and holds AFTER."""
    if change.plural != plural or not (before or after):
        return None
    if after and change.after is not None:
        return Event("MODIFIED" if before else "ADDED", change.revision, change.after)
    last = change.before
    if last is None:
        return None
    if change.after is not None:  # still there, but outside of the selection
        version = {**last.value["metadata"], "resourceVersion": str(change.revision)}
        last = Stored({**last.value, "metadata": version}, b"")
    return Event("DELETED", change.revision, last)


def now() -> str:
    """The time as the API writes it."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
