"""The writing half of the API's verbs: create, replace and delete, from a prepared object to the store.

The order of the steps is upstream's (apiserver ``pkg/registry/generic/registry/store.go`` with ``rest.BeforeCreate`` and
``rest.BeforeUpdate``, 1.36): defaults and strategy, validation, warnings, admission, store. Two differences:

* The owners of fields are recorded after the strategy, not before it; ``ownership`` leaves out what upstream adds later.
* Nothing is retried: a verb is a transaction within one event loop, so the object that was read is the stored one.
"""

import random
import uuid
from functools import partial

from dra_api.objects import JsonObject
from kube_emulator.apiserver.admission.questions import once
from kube_emulator.apiserver.admission.webhooks import MUTATING
from kube_emulator.apiserver.apply.owners import is_reset
from kube_emulator.apiserver.auth.write import REQUEST, Write, unattended
from kube_emulator.apiserver.crds.catalogue import Catalogue
from kube_emulator.apiserver.registry.admission import Admission
from kube_emulator.apiserver.registry.ownership import (
    SYSTEM,
    Writer,
    owned_new,
    owned_update,
)
from kube_emulator.apiserver.registry.reading import Reading
from kube_emulator.apiserver.registry.strategy import prepare_change, prepare_new, read_again, with_defaults
from kube_emulator.apiserver.registry.verbs.deletion import check_namespace, deletion, is_finished
from kube_emulator.apiserver.registry.verbs.objects import (
    arranged,
    check_fixed,
    check_version,
    kept_owners,
    same,
)
from kube_emulator.apiserver.registry.verbs.options import DeleteOptions
from kube_emulator.apiserver.resources import Registry, Resource
from kube_emulator.apiserver.status import already_exists
from kube_emulator.apiserver.validation.context import Context
from kube_emulator.apiserver.validation.warnings import warnings_of
from kube_emulator.clock import Clock
from kube_emulator.store.store import Store, Stored

LETTERS = "bcdfghjklmnpqrstvwxz2456789"
GENERATED_MAX = 63 - 5
"""Letters of ``generateName`` that are kept (apiserver ``names.maxGeneratedNameLength``)."""

TRIES = 8
"""Names that are generated for one create (``maxNameGenerationCreateAttempts``)."""

OPTIONS = {"CREATE": "CreateOptions", "UPDATE": "UpdateOptions", "DELETE": "DeleteOptions"}
"""{operation: kind of the options that admission gets}; those of a patch are shown as those of an update."""

GIVEN = ("uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "selfLink")
"""Metadata that only the server gives to a new object."""


class Writing(Reading):
    """Writes one cluster's objects.

    Args:
        registry: the kinds and the versions in which they are served.
        gates: feature gates that are on.
        admission: what checks writes before they are stored; ``PERMISSIVE`` refuses nothing.
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

    def _create(
        self, resource: Resource, item: JsonObject, dry_run: bool, writer: Writer, *, tracked: bool
    ) -> Stored:
        """Store ITEM; TRACKED is false if its owners are known already, as after an apply."""
        metadata = item["metadata"] = dict(item.get("metadata") or {})
        for name in GIVEN:
            metadata.pop(name, None)
        if tracked or not writer.name:
            metadata.pop("managedFields", None)
        namespace = metadata.get("namespace", "") if resource.namespaced else ""
        self.check_namespace(resource, namespace, metadata.get("name", ""))
        metadata |= {
            "uid": once("uid", lambda: str(uuid.uuid4())),
            "creationTimestamp": self.stamp(),
        }
        item = arranged(resource, item)
        # Mutating webhooks see no name that is still to be generated.
        item = self._mutated("CREATE", resource, "", None, item, writer, dry_run=dry_run)
        item["metadata"] = dict(item["metadata"])
        self._name(resource, item["metadata"], namespace)
        item = arranged(resource, item)
        # Which members were sent is known only now: the strategy fills in the others.
        spec = item.get("spec")
        sent = frozenset(spec) if isinstance(spec, dict) else frozenset()
        prepare_new(resource, item, self._context(namespace), self.catalogue.find(resource.key))
        warn(resource, writer, item, None)
        if tracked and writer.name:
            item = owned_new(resource, item, sent, writer, self.stamp(), self.catalogue.shapes(resource))
        # Validating admission sees the object as it would be stored, so it is last; a dry run goes through it too.
        self._admit("CREATE", resource, "", None, item, writer, dry_run=dry_run)
        if dry_run:
            return Stored(item)
        made = self.store.put(resource.key, item)
        return self._after(resource, made)

    def _name(self, resource: Resource, metadata: JsonObject, namespace: str) -> None:
        """Generate a name if one is wanted, and refuse one that exists.

        Raises:
            ApiError: 409.
        """
        if metadata.get("name") or not metadata.get("generateName"):
            if metadata.get("name") and self.store.get(resource.key, namespace, metadata["name"]) is not None:
                raise already_exists(resource.plural, resource.group, metadata["name"])
            return
        # The server tries again by itself, as since 1.30 (KEP-4420, gate RetryGenerateName).
        make = partial(self._generated, metadata["generateName"])
        for number in range(TRIES):
            metadata["name"] = once(f"name {number}", make)
            if self.store.get(resource.key, namespace, metadata["name"]) is None:
                return
        raise already_exists(resource.plural, resource.group, metadata["name"])

    def _generated(self, prefix: str) -> str:
        return prefix[:GENERATED_MAX] + "".join(self._random.choice(LETTERS) for _ in range(5))

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
        """Store ITEM in place of OLD; TRACKED is false if its owners are known already, as after an apply."""
        name, namespace = old["metadata"]["name"], old["metadata"].get("namespace", "")
        check_version(resource, old, item)
        item = arranged(resource, item)
        item["metadata"] = dict(item["metadata"])
        item["metadata"].pop("selfLink", None)
        check_fixed(resource, old, item)
        reset = tracked and is_reset(item)
        if tracked:
            kept_owners(old, item)
        item = self._mutated("UPDATE", resource, subresource, old, item, writer, dry_run=dry_run)
        prepare_change(
            resource, old, item, subresource, self._context(namespace), self.catalogue.find(resource.key)
        )
        if not subresource:  # strategies of subresources have no warnings that are implemented here
            warn(resource, writer, item, old)
        if tracked and writer.name and not reset:
            shapes = self.catalogue.shapes(resource)
            item = owned_update(resource, old, item, writer, self.stamp(), shapes, subresource)
        item["metadata"]["resourceVersion"] = old["metadata"]["resourceVersion"]
        self._admit("UPDATE", resource, subresource, old, item, writer, dry_run=dry_run)
        # The last finalizer was removed from a marked object: this update is its deletion (store.go deleteWithoutFinalizers).
        if is_finished(item) and not dry_run:
            self.store.remove(resource.key, namespace, name, item)
            self.catalogue.removed(self, resource, item)
            return Stored(item)
        # Nothing changed: no new resourceVersion and no event (etcd3 store.go GuaranteedUpdate), times of owners aside.
        if same(old, item):
            return self.stored(resource.key, name, namespace)
        if dry_run:
            return Stored(item)
        return self._after(resource, self.store.put(resource.key, item))

    def delete(
        self,
        plural: str,
        name: str,
        namespace: str = "",
        *,
        uid: str = "",
        grace_s: int | None = None,
        options: DeleteOptions | None = None,
        writer: Writer = SYSTEM,
    ) -> Stored:
        """Delete an object, or mark it if a finalizer or a kubelet holds it; GRACE_S 0 does not wait for the kubelet.

        Raises:
            ApiError: 403, 404, or 409 if a precondition does not hold.
        """
        resource, old = self.resource(plural), self.stored(plural, name, namespace)
        options = options or DeleteOptions(uid=uid, grace_s=grace_s)
        if plural == "namespaces":
            check_namespace(old.value)
        found = deletion(resource, self.catalogue.held(resource, old.value), options, self.clock.stamp)
        # Admission sees the object as it is, not as it is marked.
        self._admission.mutate(
            self._write("DELETE", resource, "", old.value, None, writer, dry_run=options.dry_run)
        )
        self._admit("DELETE", resource, "", old.value, None, writer, dry_run=options.dry_run)
        if options.dry_run:
            return Stored(found.item)
        if found.gone:
            gone = self.store.remove(plural, namespace, name)
            self.catalogue.removed(self, resource, gone.value)
            return gone
        if found.item is old.value:
            return old
        marked = self.store.put(plural, {**found.item, "metadata": dict(found.item["metadata"])})
        with unattended():  # instances go with their definition, by a controller
            self.catalogue.marked(self, resource, marked.value)
        return marked

    def _context(self, namespace: str) -> Context:
        space = self.find("namespaces", namespace) if namespace else None
        labels = {} if space is None else space["metadata"].get("labels") or {}
        return Context(
            release=self.release,
            gates=self.gates,
            stamp=self.clock.stamp(),
            namespace_labels=labels,
            service_account=lambda name: self.find("serviceaccounts", name, namespace),
            priority_classes=lambda: self.values("priorityclasses"),
            services=lambda: self.values("services"),
            check_status=self._admission.check_status,
            check_expression=self._admission.check_expression,
            check_configuration=self._admission.check_configuration,
        )

    def _admit(
        self,
        operation: str,
        resource: Resource,
        subresource: str,
        old: JsonObject | None,
        new: JsonObject | None,
        writer: Writer,
        *,
        dry_run: bool,
    ) -> None:
        self._admission.admit(
            self._write(operation, resource, subresource, old, new, writer, dry_run=dry_run)
        )

    def _mutated(
        self,
        operation: str,
        resource: Resource,
        subresource: str,
        old: JsonObject | None,
        new: JsonObject,
        writer: Writer,
        *,
        dry_run: bool,
    ) -> JsonObject:
        """NEW as mutating webhooks make it; they see its defaults, and come before strategy and validation.

        What they add is owned by the writer here, where upstream has recorded ownership before.
        """
        if REQUEST.get() is None or not self.store.count(MUTATING):
            return new
        seen = with_defaults(resource, new, self._context(""), self.catalogue.find(resource.key))
        changed = self._admission.mutate(
            self._write(operation, resource, subresource, old, seen, writer, dry_run=dry_run)
        )
        return new if changed is None else arranged(resource, read_again(resource, changed, self.release))

    def stamp(self) -> str:
        """The time of the write that is made."""
        return once("stamp", self.clock.stamp)

    def _write(
        self,
        operation: str,
        resource: Resource,
        subresource: str,
        old: JsonObject | None,
        new: JsonObject | None,
        writer: Writer,
        *,
        dry_run: bool,
    ) -> Write:
        item = new or old or {}
        options = {"kind": OPTIONS[operation], "apiVersion": "meta.k8s.io/v1"}
        options |= {"fieldManager": writer.name} if writer.name and operation != "DELETE" else {}
        return Write(
            operation=operation,
            group=writer.served.group if writer.served else resource.group,
            plural=resource.plural,
            kind=resource.kind,
            version=writer.served.version if writer.served else resource.version,
            subresource=subresource,
            namespace=item["metadata"].get("namespace", ""),
            name=item["metadata"].get("name", ""),
            old=old,
            new=new,
            dry_run=dry_run,
            options=options | ({"dryRun": ["All"]} if dry_run else {}),
            warn=writer.warn,
        )

    def _after(self, resource: Resource, made: Stored) -> Stored:
        self.catalogue.written(self, resource, made.value)
        return made


def warn(resource: Resource, writer: Writer, item: JsonObject, old: JsonObject | None) -> None:
    """Send WRITER the warnings about ITEM, which is valid; they are sent even if admission refuses it (``rest.BeforeCreate``)."""
    if not resource.custom:
        for text in warnings_of(resource.kind, item, old):
            writer.warn(text)
