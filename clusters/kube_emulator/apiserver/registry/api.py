"""The verbs of the API server over the store, for the HTTP server and for the parts that run beside it.

Everything here is synchronous but ``watch``: within one event loop a verb is a transaction. Objects that come out must
not be changed in place; what goes in is copied. Parts of this process use the storage version and are not tracked in
``managedFields`` unless they name themselves; the HTTP server names the field manager and the version of the request.
The verbs prepare an object; ``writing`` takes it from there to the store.
"""

from collections.abc import Callable
from typing import Any

from dra_api.objects import JsonObject
from kube_emulator.apiserver import versions
from kube_emulator.apiserver.registry.ownership import (
    SYSTEM,
    Warn,
    Writer,
    apply_as,
    no_warning,
)
from kube_emulator.apiserver.registry.verbs.objects import (
    binding_causes,
    bound,
    check_new,
    check_place,
    check_uid,
    patched,
)
from kube_emulator.apiserver.registry.writing import Writing
from kube_emulator.apiserver.resources import Served
from kube_emulator.apiserver.status import internal
from kube_emulator.apiserver.status import invalid as refused
from kube_emulator.jsonvalue import copied
from kube_emulator.store.store import Stored


class Api(Writing):
    """All verbs for all kinds of one cluster."""

    def create(
        self, plural: str, item: JsonObject, *, dry_run: bool = False, writer: Writer = SYSTEM
    ) -> Stored:
        """Store a new object.

        Raises:
            ApiError: 403 or 404 the namespace is being deleted or does not exist, 409 it exists, 422 invalid.
        """
        resource, item = self.resource(plural), copied(item)
        if (item.get("metadata") or {}).get("resourceVersion"):
            raise internal("resourceVersion should not be set on objects to be created")
        return self._create(resource, item, dry_run, writer, tracked=True)

    def update(
        self,
        plural: str,
        item: JsonObject,
        *,
        subresource: str = "",
        dry_run: bool = False,
        writer: Writer = SYSTEM,
    ) -> Stored:
        """Replace an object, or its status only.

        Raises:
            ApiError: 404, 409 the ``resourceVersion`` or ``uid`` in ITEM is not the stored one, 422 invalid.
        """
        resource, item = self.resource(plural), copied(item)
        metadata = item["metadata"] = dict(item.get("metadata") or {})
        name = metadata.get("name", "")
        namespace = metadata.get("namespace", "") if resource.namespaced else ""
        found = self.store.get(plural, namespace, name)
        # Some kinds may be created by an update (AllowCreateOnUpdate); parts of this process never mean that.
        if found is None and resource.create_on_update and not subresource and writer.name:
            return self._create(resource, item, dry_run, writer, tracked=True)
        old = self.get(plural, name, namespace)
        check_uid(resource, old, item)
        return self._replace(resource, old, item, subresource, dry_run, writer)

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
        writer: Writer = SYSTEM,
        check: Callable[[JsonObject], JsonObject] = lambda item: item,
    ) -> Stored:
        """Patch an object in the writer's version; KIND is ``merge``, ``strategic`` or ``json``; CHECK reads the result.

        Raises:
            ApiError: as ``update``; 400, the patch changes the name; 422, it cannot be applied.
        """
        resource = self.resource(plural)
        old = self.get(plural, name, namespace)
        # The patch is written for the request's version, so that is where it is applied.
        seen = versions.from_storage(writer.served, old) if writer.served else old
        item = check(copied(patched(kind, seen, patch)))
        metadata = item.get("metadata") or {}
        check_place(item, name, namespace)
        item = versions.to_storage(writer.served, item) if writer.served else item
        # A patch without a version is for whatever is stored: it was applied to that object just now, so it never
        # conflicts. Upstream retries instead (patch.go, patchResource).
        if not metadata.get("resourceVersion"):
            item["metadata"] = {**item["metadata"], "resourceVersion": old["metadata"]["resourceVersion"]}
        return self._replace(resource, old, item, subresource, dry_run, writer)

    def apply(
        self,
        plural: str,
        applied: JsonObject,
        *,
        manager: str,
        force: bool = False,
        subresource: str = "",
        dry_run: bool = False,
        served: Served | None = None,
        warn: Warn = no_warning,
    ) -> Stored:
        """Server-side apply; creates what does not exist. ``ApiError`` 409 on a conflict of managers."""
        resource, applied = self.resource(plural), copied(applied)
        served = served or Served(resource, resource.group, resource.version)
        metadata = applied.get("metadata") or {}
        name, namespace = (
            metadata.get("name", ""),
            metadata.get("namespace", "") if resource.namespaced else "",
        )
        found = self.store.get(plural, namespace, name)
        if found is None:
            check_new(resource, applied, subresource)
        writer = Writer(manager, "Apply", served, subresource, warn)
        item = apply_as(
            *(resource, found.value if found else None, applied, writer, self.stamp()),
            self.catalogue.shapes(resource),
            force=force,
        )
        if found is None:
            item["metadata"].pop("resourceVersion", None)
            return self._create(resource, item, dry_run, writer, tracked=False)
        item["metadata"]["resourceVersion"] = (
            metadata.get("resourceVersion") or found.value["metadata"]["resourceVersion"]
        )
        return self._replace(resource, found.value, item, subresource, dry_run, writer, tracked=False)

    def bind(
        self, name: str, namespace: str, target: JsonObject, *, uid: str = "", dry_run: bool = False
    ) -> Stored:
        """Give a pod its node (``pods/binding``).

        Raises:
            ApiError: 404, 409 it has one, is being deleted or is another pod, 422 the target is no node.
        """
        if causes := binding_causes(target):
            raise refused("Binding", "", name, causes)
        pod = self.get("pods", name, namespace)
        item = bound(pod, target["name"], uid, self.stamp())
        return self._replace(self.resource("pods"), pod, item, "binding", dry_run, SYSTEM)
