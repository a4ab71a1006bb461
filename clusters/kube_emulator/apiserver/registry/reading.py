"""The reading half of the API's verbs: objects, lists and watches of the store, in the storage version."""

from collections.abc import AsyncIterator

from dra_api.objects import JsonObject
from kube_emulator.apiserver.query.labels import Predicate, everything
from kube_emulator.apiserver.registry.watching import Event, Start, watch
from kube_emulator.apiserver.resources import Registry, Resource
from kube_emulator.apiserver.status import forbidden, not_found
from kube_emulator.apiserver.validation.causes import Cause
from kube_emulator.clock import Clock
from kube_emulator.store.store import Store, Stored


class Reading:
    """Reads one cluster's objects."""

    def __init__(self, store: Store, registry: Registry, clock: Clock) -> None:
        self.store = store
        self.registry = registry
        self.clock = clock

    def resource(self, plural: str) -> Resource:
        """The kind PLURAL."""
        return self.registry.resource(plural)

    def get(self, plural: str, name: str, namespace: str = "") -> JsonObject:
        """An object; ``ApiError`` 404 if there is none."""
        return self.stored(plural, name, namespace).value

    def stored(self, plural: str, name: str, namespace: str = "") -> Stored:
        """An object with its JSON."""
        found = self.store.get(plural, namespace, name)
        if found is None:
            resource = self.resource(plural)
            raise not_found(resource.plural, resource.group, name)
        return found

    def find(self, plural: str, name: str, namespace: str = "") -> JsonObject | None:
        """An object, or None."""
        found = self.store.get(plural, namespace, name)
        return found.value if found else None

    def listed(self, plural: str, namespace: str = "", matches: Predicate = everything) -> list[Stored]:
        """The objects of a kind; an empty NAMESPACE means all of them."""
        items = self.store.all(plural, namespace)
        return list(items) if matches is everything else [item for item in items if matches(item.value)]

    def values(self, plural: str, namespace: str = "") -> list[JsonObject]:
        """The objects of a kind, for readers in this process."""
        return [item.value for item in self.listed(plural, namespace)]

    def check_namespace(self, resource: Resource, namespace: str, name: str) -> None:
        """Refuse to create in a namespace that does not exist or is being deleted.

        Raises:
            ApiError: 403 or 404.
        """
        if not resource.namespaced or not namespace:
            return
        space = self.get("namespaces", namespace)
        if (space.get("status") or {}).get("phase") == "Terminating":
            cause = Cause(
                "NamespaceTerminating", "metadata.namespace", f"namespace {namespace} is being terminated"
            )
            why = f"unable to create new content in namespace {namespace} because it is being terminated"
            raise forbidden(resource.plural, resource.group, name, why, [cause])

    def watch(
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
        return watch(
            self.store,
            self.clock,
            plural,
            namespace=namespace,
            start=Start(since=since),
            matches=matches,
            bookmark_s=bookmark_s,
        )
