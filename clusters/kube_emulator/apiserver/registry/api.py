"""The verbs of the API server over the store, for the HTTP server and for the parts that run beside it.

Everything here is synchronous but ``watch``: within one event loop a verb is a transaction. Objects that come out must
not be changed in place; what goes in is copied. Parts of this process speak the storage version and leave no trace in
``managedFields`` unless they name themselves; the HTTP server says who writes, in which version.
"""

import random
import uuid
from collections.abc import Callable
from typing import Any

from dra_api.objects import JsonObject
from kube_emulator.apiserver.apply.owners import is_reset
from kube_emulator.apiserver.auth.write import Write
from kube_emulator.apiserver.crds.catalogue import Catalogue
from kube_emulator.apiserver.registry import conversion
from kube_emulator.apiserver.registry.admission import Admission
from kube_emulator.apiserver.registry.ownership import (
    Warn,
    Writer,
    apply_as,
    no_warning,
    owned_new,
    owned_update,
)
from kube_emulator.apiserver.registry.reading import Reading
from kube_emulator.apiserver.registry.strategy import prepare_change, prepare_new
from kube_emulator.apiserver.registry.verbs.deletion import check_namespace, deletion, is_finished
from kube_emulator.apiserver.registry.verbs.objects import (
    arranged,
    binding_causes,
    bound,
    check_fixed,
    check_new,
    check_place,
    check_uid,
    check_version,
    kept_owners,
    patched,
    same,
)
from kube_emulator.apiserver.registry.verbs.options import DeleteOptions
from kube_emulator.apiserver.resources import Registry, Resource, Served
from kube_emulator.apiserver.status import already_exists, internal
from kube_emulator.apiserver.status import invalid as refused
from kube_emulator.apiserver.validation.context import Context
from kube_emulator.apiserver.validation.warnings import warnings_of
from kube_emulator.clock import Clock
from kube_emulator.jsonvalue import copied
from kube_emulator.store.store import Store, Stored

LETTERS = "bcdfghjklmnpqrstvwxz2456789"
GENERATED_MAX = 63 - 5
"""Letters of ``generateName`` that are kept (apiserver ``names.maxGeneratedNameLength``)."""

TRIES = 8
GIVEN = ("uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "selfLink")
"""Metadata that only the server gives to a new object."""
SYSTEM = Writer()


class Api(Reading):
    """All kinds of one cluster.

    Args:
        registry: the kinds and the versions in which they are served.
        gates: feature gates that are on.
        admission: what judges writes before they are stored; ``PERMISSIVE`` judges nothing.
        seed: decides generated names.
    """

    def __init__(
        self,
        store: Store,
        registry: Registry,
        clock: Clock,
        *,
        gates: frozenset[str],
        admission: Admission,
        seed: int = 0,
    ) -> None:
        super().__init__(store, registry, clock)
        self.gates = gates
        self.release = registry.release
        self.catalogue = Catalogue(self.registry)
        self._admission = admission
        self._random = random.Random(f"names-{seed}")  # noqa: S311 # names are no secrets

    def create(
        self, plural: str, item: JsonObject, *, dry_run: bool = False, writer: Writer = SYSTEM
    ) -> Stored:
        """Store a new object.

        Raises:
            ApiError: 403 or 404 the namespace is ending or not there, 409 it exists, 422 invalid.
        """
        resource, item = self.resource(plural), copied(item)
        if (item.get("metadata") or {}).get("resourceVersion"):
            raise internal("resourceVersion should not be set on objects to be created")
        return self._create(resource, item, dry_run, writer, item if writer.name else None)

    def _create(
        self, resource: Resource, item: JsonObject, dry_run: bool, writer: Writer, tracked: JsonObject | None
    ) -> Stored:
        """Store ITEM; TRACKED is what WRITER gets to own of it, None where that is told already."""
        metadata = item["metadata"] = dict(item.get("metadata") or {})
        generates = not metadata.get("name") and bool(metadata.get("generateName"))
        for name in GIVEN:
            metadata.pop(name, None)
        if tracked is not None or not writer.name:
            metadata.pop("managedFields", None)
        namespace = metadata.get("namespace", "") if resource.namespaced else ""
        self.check_namespace(resource, namespace, metadata.get("name", ""))
        for attempt in range(TRIES if generates else 1):
            if generates:
                metadata["name"] = self._generated(metadata["generateName"])
            if metadata.get("name") and self.store.get(resource.key, namespace, metadata["name"]) is None:
                break
            if metadata.get("name") and attempt == (TRIES if generates else 1) - 1:
                raise already_exists(resource.plural, resource.group, metadata["name"])
        metadata |= {"uid": str(uuid.uuid4()), "creationTimestamp": self.clock.stamp()}
        item = arranged(resource, item)
        spec = item.get("spec")
        sent = frozenset(spec) if isinstance(spec, dict) else frozenset()
        prepare_new(resource, item, self._context(namespace), self.catalogue.find(resource.key))
        warn(resource, writer, item, None)
        if tracked is not None:
            item = owned_new(
                resource, item, sent, writer, self.clock.stamp(), self.catalogue.shapes(resource)
            )
        self._admit("CREATE", resource, "", None, item)
        if dry_run:
            return Stored(item)
        made = self.store.put(resource.key, item)
        return self._after(resource, made)

    def _generated(self, prefix: str) -> str:
        return prefix[:GENERATED_MAX] + "".join(self._random.choice(LETTERS) for _ in range(5))

    def _context(self, namespace: str) -> Context:
        space = self.find("namespaces", namespace) if namespace else None
        labels = {} if space is None else space["metadata"].get("labels") or {}
        return Context(
            release=self.release,
            gates=self.gates,
            stamp=self.clock.stamp(),
            namespace_labels=labels,
            check_status=self._admission.check_status,
            check_expression=self._admission.check_expression,
        )

    def _admit(
        self,
        operation: str,
        resource: Resource,
        subresource: str,
        old: JsonObject | None,
        new: JsonObject | None,
    ) -> None:
        item = new or old or {}
        write = Write(
            operation=operation,
            group=resource.group,
            plural=resource.plural,
            subresource=subresource,
            namespace=item["metadata"].get("namespace", ""),
            name=item["metadata"].get("name", ""),
            old=old,
            new=new,
        )
        self._admission.admit(write)

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
        if found is None and resource.create_on_update and not subresource and writer.name:
            return self._create(resource, item, dry_run, writer, item)
        old = self.get(plural, name, namespace)
        check_uid(resource, old, item)
        return self._replace(resource, old, item, subresource, dry_run, writer)

    def _replace(
        self,
        resource: Resource,
        old: JsonObject,
        item: JsonObject,
        subresource: str,
        dry_run: bool,
        writer: Writer,
        *,
        tracked: bool = True,
    ) -> Stored:
        name, namespace = old["metadata"]["name"], old["metadata"].get("namespace", "")
        check_version(resource, old, item)
        item = arranged(resource, item)
        item["metadata"] = dict(item["metadata"])
        item["metadata"].pop("selfLink", None)
        check_fixed(resource, old, item)
        reset = tracked and is_reset(item)
        if tracked:
            kept_owners(old, item)
        prepare_change(
            resource, old, item, subresource, self._context(namespace), self.catalogue.find(resource.key)
        )
        if not subresource:
            warn(resource, writer, item, old)
        if tracked and writer.name and not reset:
            shapes = self.catalogue.shapes(resource)
            item = owned_update(resource, old, item, writer, self.clock.stamp(), shapes, subresource)
        item["metadata"]["resourceVersion"] = old["metadata"]["resourceVersion"]
        self._admit("UPDATE", resource, subresource, old, item)
        if is_finished(item) and not dry_run:
            self.store.remove(resource.key, namespace, name, item)
            self.catalogue.removed(self, resource, item)
            return Stored(item)
        if same(old, item):
            return self.stored(resource.key, name, namespace)
        if dry_run:
            return Stored(item)
        return self._after(resource, self.store.put(resource.key, item))

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
        seen = conversion.from_storage(writer.served, old) if writer.served else old
        item = check(copied(patched(kind, seen, patch)))
        metadata = item.get("metadata") or {}
        check_place(item, name, namespace)
        item = conversion.to_storage(writer.served, item) if writer.served else item
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
            *(resource, found.value if found else None, applied, writer, self.clock.stamp()),
            self.catalogue.shapes(resource),
            force=force,
        )
        if found is None:
            item["metadata"].pop("resourceVersion", None)
            return self._create(resource, item, dry_run, writer, None)
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
        item = bound(pod, target["name"], uid, self.clock.stamp())
        return self._replace(self.resource("pods"), pod, item, "binding", dry_run, SYSTEM)

    def delete(
        self,
        plural: str,
        name: str,
        namespace: str = "",
        *,
        uid: str = "",
        grace_s: int | None = None,
        options: DeleteOptions | None = None,
    ) -> Stored:
        """Delete an object, or mark it if a finalizer or a kubelet holds it; GRACE_S 0 does not wait for the kubelet.

        Raises:
            ApiError: 403, 404, or 409 if it is not the object that is meant.
        """
        resource, old = self.resource(plural), self.stored(plural, name, namespace)
        options = options or DeleteOptions(uid=uid, grace_s=grace_s)
        if plural == "namespaces":
            check_namespace(old.value)
        found = deletion(resource, self.catalogue.held(resource, old.value), options, self.clock.stamp)
        self._admit("DELETE", resource, "", old.value, None)
        if options.dry_run:
            return Stored(found.item)
        if found.gone:
            gone = self.store.remove(plural, namespace, name)
            self.catalogue.removed(self, resource, gone.value)
            return gone
        if found.item is old.value:
            return old
        marked = self.store.put(plural, {**found.item, "metadata": dict(found.item["metadata"])})
        self.catalogue.marked(self, resource, marked.value)
        return marked

    def _after(self, resource: Resource, made: Stored) -> Stored:
        self.catalogue.written(self, resource, made.value)
        return made


def warn(resource: Resource, writer: Writer, item: JsonObject, old: JsonObject | None) -> None:
    """Send WRITER the warnings about ITEM, which is valid; they are sent even if admission refuses it later."""
    if not resource.custom:
        for text in warnings_of(resource.kind, item, old):
            writer.warn(text)
