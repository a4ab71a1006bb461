"""The verbs of the API server over the store, for the HTTP server and for the parts that run beside it.

Everything here is synchronous but ``watch``: within one event loop a verb is a transaction. Objects that come out must
not be changed in place; what goes in is copied. Parts of this process speak the storage version and leave no trace in
``managedFields`` unless they name themselves; the HTTP server says who writes, in which version.
"""

import copy
import random
import uuid
from collections.abc import AsyncIterator, Callable
from typing import Any

from dra_clusters.embedded import conversion
from dra_clusters.embedded.auth.write import Write
from dra_clusters.embedded.clock import Clock
from dra_clusters.embedded.crds.catalogue import Catalogue
from dra_clusters.embedded.gates import gates_of
from dra_clusters.embedded.kinds import KINDS
from dra_clusters.embedded.ownership import Writer, apply_as, owned_new, owned_update
from dra_clusters.embedded.patches.json_patch import json_patch
from dra_clusters.embedded.patches.merge import merge
from dra_clusters.embedded.patches.strategic import strategic
from dra_clusters.embedded.query.labels import Predicate, everything
from dra_clusters.embedded.resources import Registry, Resource, Served
from dra_clusters.embedded.rules.causes import Cause, invalid, not_supported, required
from dra_clusters.embedded.rules.context import Context
from dra_clusters.embedded.schema.kinds import type_of
from dra_clusters.embedded.status import (
    ApiError,
    already_exists,
    conflict,
    forbidden,
    internal,
    not_found,
)
from dra_clusters.embedded.status import invalid as refused
from dra_clusters.embedded.store import Store, Stored, path_of
from dra_clusters.embedded.strategy import prepare_change, prepare_new
from dra_clusters.embedded.verbs.deletion import check_namespace, deletion, is_finished
from dra_clusters.embedded.verbs.options import DeleteOptions, revision_of
from dra_clusters.embedded.watching import Event, Start, watch

__all__ = ["Api", "Event", "everything", "now"]

Object = dict[str, Any]
LETTERS = "bcdfghjklmnpqrstvwxz2456789"
GENERATED_MAX = 248 - 5
"""Letters of ``generateName`` that are kept (apiserver ``names.maxGeneratedNameLength``)."""

TRIES = 8
MODIFIED = "the object has been modified; please apply your changes to the latest version and try again"
SYSTEM = Writer()


def admitted(_: Write) -> list[Cause]:
    """The judge of writes where there is none."""
    return []


class Api:
    """All kinds of one cluster.

    Attributes:
        admit: judges every object before it is stored; its causes are a 422.
    """

    def __init__(
        self,
        store: Store,
        *,
        seed: int = 0,
        kubernetes: str = "1.37",
        gates: frozenset[str] | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.store = store
        self.kubernetes = kubernetes
        self.gates = gates_of(kubernetes) if gates is None else gates
        self.clock = clock or Clock()
        self.registry = Registry(KINDS, release=kubernetes, gates=self.gates)
        self.catalogue = Catalogue(self.registry)
        self.admit: Callable[[Write], list[Cause]] = admitted
        self.check_expression: Callable[[str], list[str]] = lambda _: []
        self._random = random.Random(f"names-{seed}")  # noqa: S311 # names are no secrets

    def resource(self, plural: str) -> Resource:
        """The kind PLURAL."""
        return self.registry.resource(plural)

    def get(self, plural: str, name: str, namespace: str = "") -> Object:
        """An object; ``ApiError`` 404 if there is none."""
        return self.stored(plural, name, namespace).value

    def stored(self, plural: str, name: str, namespace: str = "") -> Stored:
        """An object with its JSON."""
        found = self.store.get(plural, namespace, name)
        if found is None:
            resource = self.resource(plural)
            raise not_found(resource.plural, resource.group, name)
        return found

    def find(self, plural: str, name: str, namespace: str = "") -> Object | None:
        """An object, or None."""
        found = self.store.get(plural, namespace, name)
        return found.value if found else None

    def listed(self, plural: str, namespace: str = "", matches: Predicate = everything) -> list[Stored]:
        """The objects of a kind; an empty NAMESPACE means all of them."""
        items = self.store.all(plural, namespace)
        return list(items) if matches is everything else [item for item in items if matches(item.value)]

    def values(self, plural: str, namespace: str = "") -> list[Object]:
        """The objects of a kind, for readers in this process."""
        return [item.value for item in self.listed(plural, namespace)]

    def create(self, plural: str, item: Object, *, dry_run: bool = False, writer: Writer = SYSTEM) -> Stored:
        """Store a new object.

        Raises:
            ApiError: 403 or 404 the namespace is ending or not there, 409 it exists, 422 invalid.
        """
        resource, item = self.resource(plural), copy.deepcopy(item)
        if (item.get("metadata") or {}).get("resourceVersion"):
            raise internal("resourceVersion should not be set on objects to be created")
        return self._create(resource, item, dry_run, writer, item if writer.name else None)

    def _create(
        self, resource: Resource, item: Object, dry_run: bool, writer: Writer, tracked: Object | None
    ) -> Stored:
        """Store ITEM; TRACKED is what WRITER gets to own of it, None where that is told already."""
        metadata = item["metadata"] = dict(item.get("metadata") or {})
        generates = not metadata.get("name") and bool(metadata.get("generateName"))
        for name in (
            "uid",
            "creationTimestamp",
            "deletionTimestamp",
            "deletionGracePeriodSeconds",
            "selfLink",
        ):
            metadata.pop(name, None)
        if tracked is not None or not writer.name:
            metadata.pop("managedFields", None)
        namespace = metadata.get("namespace", "") if resource.namespaced else ""
        self._check_namespace(resource, namespace, metadata.get("name", ""))
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

    def _check_namespace(self, resource: Resource, namespace: str, name: str) -> None:
        if not resource.namespaced or not namespace:
            return
        space = self.get("namespaces", namespace)
        if (space.get("status") or {}).get("phase") == "Terminating":
            cause = Cause(
                "NamespaceTerminating", "metadata.namespace", f"namespace {namespace} is being terminated"
            )
            why = f"unable to create new content in namespace {namespace} because it is being terminated"
            raise forbidden(resource.plural, resource.group, name, why, [cause])

    def _context(self, namespace: str) -> Context:
        space = self.find("namespaces", namespace) if namespace else None
        labels = {} if space is None else space["metadata"].get("labels") or {}
        return Context(
            kubernetes=self.kubernetes,
            gates=self.gates,
            stamp=self.clock.stamp(),
            namespace_labels=labels,
            check_expression=self.check_expression,
        )

    def _admit(
        self, operation: str, resource: Resource, subresource: str, old: Object | None, new: Object | None
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
        if causes := self.admit(write):
            raise refused(resource.kind, resource.group, write.name, causes)

    def update(
        self,
        plural: str,
        item: Object,
        *,
        subresource: str = "",
        dry_run: bool = False,
        writer: Writer = SYSTEM,
    ) -> Stored:
        """Replace an object, or its status only.

        Raises:
            ApiError: 404, 409 the ``resourceVersion`` or ``uid`` in ITEM is not the stored one, 422 invalid.
        """
        resource, item = self.resource(plural), copy.deepcopy(item)
        metadata = item["metadata"] = dict(item.get("metadata") or {})
        name = metadata.get("name", "")
        namespace = metadata.get("namespace", "") if resource.namespaced else ""
        found = self.store.get(plural, namespace, name)
        if found is None and resource.create_on_update and not subresource and writer.name:
            return self._create(resource, item, dry_run, writer, item)
        old = self.get(plural, name, namespace)
        if metadata.get("uid") not in (None, "", old["metadata"]["uid"]):
            key = f"/registry/{resource.plural}/{path_of(namespace, name)}"
            why = (
                f"StorageError: invalid object, Code: 4, Key: {key}, ResourceVersion: 0, AdditionalErrorMsg: "
                f"Precondition failed: UID in precondition: {metadata['uid']}, UID in object meta: {old['metadata']['uid']}"
            )
            raise conflict(resource.plural, resource.group, name, why)
        return self._replace(resource, old, item, subresource, dry_run, writer)

    def _replace(
        self,
        resource: Resource,
        old: Object,
        item: Object,
        subresource: str,
        dry_run: bool,
        writer: Writer,
        *,
        tracked: bool = True,
    ) -> Stored:
        name, namespace = old["metadata"]["name"], old["metadata"].get("namespace", "")
        self._check_version(resource, old, item)
        item = arranged(resource, item)
        item["metadata"] = dict(item["metadata"])
        item["metadata"].pop("selfLink", None)
        check_fixed(resource, old, item)
        reset = item["metadata"].get("managedFields") if tracked else None
        if tracked:
            kept_owners(old, item)
        prepare_change(
            resource, old, item, subresource, self._context(namespace), self.catalogue.find(resource.key)
        )
        if tracked and writer.name and reset not in ([], [{}]):
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

    def _check_version(self, resource: Resource, old: Object, item: Object) -> None:
        name, wanted = old["metadata"]["name"], item["metadata"].get("resourceVersion")
        if wanted and wanted != "0":
            if revision_of(wanted) != int(old["metadata"]["resourceVersion"]):
                raise conflict(resource.plural, resource.group, name, MODIFIED)
        elif not resource.unconditional_update:
            cause = invalid("metadata.resourceVersion", 0, "must be specified for an update")
            raise refused(resource.plural, resource.group, name, [cause])

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
        check: Callable[[Object], Object] = lambda item: item,
    ) -> Stored:
        """Patch an object in the writer's version; KIND is ``merge``, ``strategic`` or ``json``; CHECK reads the result.

        Raises:
            ApiError: as ``update``; 400, the patch changes the name; 422, it cannot be applied.
        """
        resource = self.resource(plural)
        old = self.get(plural, name, namespace)
        seen = conversion.from_storage(writer.served, old) if writer.served else old
        item = check(copy.deepcopy(patched(kind, seen, patch)))
        metadata = item.get("metadata") or {}
        for member, wanted in (("name", name), ("namespace", namespace)):
            if metadata.get(member, "") != wanted:
                raise ApiError(
                    400,
                    f"the {member} of the object ({metadata.get(member, '')}) does not match the {member} on the URL ({wanted})",
                )
        item = conversion.to_storage(writer.served, item) if writer.served else item
        if not metadata.get("resourceVersion"):
            item["metadata"] = {**item["metadata"], "resourceVersion": old["metadata"]["resourceVersion"]}
        return self._replace(resource, old, item, subresource, dry_run, writer)

    def apply(
        self,
        plural: str,
        applied: Object,
        *,
        manager: str,
        force: bool = False,
        subresource: str = "",
        dry_run: bool = False,
        served: Served | None = None,
    ) -> Stored:
        """Server-side apply; creates what does not exist. ``ApiError`` 409 on a conflict of managers."""
        resource, applied = self.resource(plural), copy.deepcopy(applied)
        served = served or Served(resource, resource.group, resource.version)
        metadata = applied.get("metadata") or {}
        name, namespace = (
            metadata.get("name", ""),
            metadata.get("namespace", "") if resource.namespaced else "",
        )
        found = self.store.get(plural, namespace, name)
        if found is None and subresource:
            raise not_found(resource.plural, resource.group, name)
        writer = Writer(manager, "Apply", served, subresource)
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
        self, name: str, namespace: str, target: Object, *, uid: str = "", dry_run: bool = False
    ) -> Stored:
        """Give a pod its node (``pods/binding``).

        Raises:
            ApiError: 404, 409 it has one, is being deleted or is another pod, 422 the target is no node.
        """
        causes = []
        if target.get("kind") not in (None, "", "Node"):
            causes.append(not_supported("target.kind", target["kind"], ["Node", "<empty>"]))
        if not target.get("name"):
            causes.append(required("target.name"))
        if causes:
            raise refused("Binding", "", name, causes)
        pod = self.get("pods", name, namespace)
        why = ""
        if uid and uid != pod["metadata"]["uid"]:
            why = f"the UID in the precondition ({uid}) does not match the UID in record ({pod['metadata']['uid']})"
        elif pod["metadata"].get("deletionTimestamp"):
            why = f"pod {name} is being deleted, cannot be assigned to a host"
        elif pod["spec"].get("nodeName"):
            why = f'pod {name} is already assigned to node "{pod["spec"]["nodeName"]}"'
        if why:
            raise conflict("pods/binding", "", name, why)
        condition = {"type": "PodScheduled", "status": "True", "lastTransitionTime": self.clock.stamp()}
        status = pod.get("status") or {}
        others = [item for item in status.get("conditions") or [] if item["type"] != "PodScheduled"]
        bound = {**pod, "spec": {**pod["spec"], "nodeName": target["name"]}}
        bound["status"] = {**status, "conditions": [*others, condition]}
        return self._replace(self.resource("pods"), pod, bound, "binding", dry_run, SYSTEM)

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


def arranged(resource: Resource, item: Object) -> Object:
    """A copy of ITEM with its header first and of its kind."""
    head = {"kind": resource.kind, "apiVersion": resource.api_version, "metadata": item.get("metadata") or {}}
    return head | {name: value for name, value in item.items() if name not in head}


def patched(kind: str, item: Object, patch: Any) -> Any:
    """ITEM after PATCH."""
    if kind == "json":
        return json_patch(item, patch)
    if kind == "strategic":
        return strategic(item, patch, type_of(item["apiVersion"], item["kind"]))
    return merge(item, patch)


def kept_owners(old: Object, item: Object) -> None:
    """Keep who owned what, unless the writer forgets it on purpose, in place."""
    told = item["metadata"].get("managedFields")
    if told in ([], [{}]):
        item["metadata"].pop("managedFields")
    elif not told and old["metadata"].get("managedFields"):
        item["metadata"]["managedFields"] = old["metadata"]["managedFields"]


def check_fixed(resource: Resource, old: Object, item: Object) -> None:
    """Refuse other values of what only the server sets.

    Raises:
        ApiError: 422.
    """
    causes = []
    for name in ("uid", "deletionTimestamp"):
        told, known = item["metadata"].get(name), old["metadata"].get(name)
        if told and told != known and (name == "uid" or not known):
            causes += [
                invalid(f"metadata.{name}", told, "field is immutable")
            ] * 2  # the real server checks twice
    if causes:
        raise refused(resource.kind, resource.group, old["metadata"]["name"], causes)


def same(old: Object, new: Object) -> bool:
    """Whether nothing changes but the time at which fields were owned."""
    if old == new:
        return True
    before, after = old["metadata"].get("managedFields"), new["metadata"].get("managedFields")
    if before == after or not before or not after or len(before) != len(after):
        return False
    return timeless(old, before) == timeless(new, after)


def timeless(item: Object, entries: list[Object]) -> Object:
    """ITEM without the times of its owners."""
    owners = [{name: value for name, value in entry.items() if name != "time"} for entry in entries]
    return {**item, "metadata": {**item["metadata"], "managedFields": owners}}


def now() -> str:
    """The time as the API writes it."""
    return Clock().stamp()
