"""The registry strategies by kind: how an object is prepared before it is stored, and why it is refused.

``prepare_create`` and ``prepare_update`` change the new object in place as the real server's strategies do (defaults, fields
of gates that are off, status, generation); ``validate_create`` and ``validate_update`` list broken rules in upstream's
order. A new kind is a row in ``KINDS``. Sources: ``pkg/registry/*/*/strategy.go`` and apiserver ``pkg/registry/rest``, 1.36.
"""

import copy

from dra_api.objects import JsonObject
from kube_emulator.apiserver.resources import Resource
from kube_emulator.apiserver.validation import core_kinds, names, release_1_34, resource_kinds
from kube_emulator.apiserver.validation.causes import Cause
from kube_emulator.apiserver.validation.context import Context
from kube_emulator.apiserver.validation.defaults import default
from kube_emulator.apiserver.validation.kinds import Kind
from kube_emulator.apiserver.validation.metadata import (
    changed_metadata,
    filled,
    known_finalizers,
    new_metadata,
)
from kube_emulator.releases.release import V1_35

KINDS = {**core_kinds.KINDS, **resource_kinds.KINDS}
PLAIN = Kind(standard=False)
KEPT_METADATA = ("uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation")
RESET_METADATA = ("labels", "annotations", "finalizers", "ownerReferences", "generateName")


def kind_of(resource: Resource) -> Kind:
    """The row of a kind.

    The group is compared too: a custom kind may have the name of a built-in one, and has no row of its own.
    """
    row = KINDS.get(resource.kind, PLAIN)
    return row if row.group == resource.group or row is PLAIN else PLAIN


def prepare_create(resource: Resource, item: JsonObject, context: Context) -> None:
    """Prepare a new object for validation, in place (rest.BeforeCreate)."""
    row = kind_of(resource)
    default(resource.group, resource.kind, item, context)
    metadata = item["metadata"]
    if not resource.namespaced:
        metadata.pop("namespace", None)
    for name in ("generation", "deletionTimestamp", "deletionGracePeriodSeconds"):
        metadata.pop(name, None)
    if row.generation:
        metadata["generation"] = 1
    if resource.status and not row.keeps_status:
        item.pop("status", None)
    if row.empty_status is not None:
        item["status"] = copy.deepcopy(row.empty_status)
    if row.prepares is not None:
        row.prepares(item, None, context)


def validate_create(resource: Resource, item: JsonObject, context: Context) -> list[Cause]:
    """The causes for which the creation of ITEM is refused; none if it is accepted."""
    return as_reported(resource, _create_causes(resource, item, context), context)


def as_reported(resource: Resource, causes: list[Cause], context: Context) -> list[Cause]:
    """CAUSES as the emulated release reports them."""
    older = resource.group == "resource.k8s.io" and not context.at_least(V1_35)
    return list(release_1_34.as_1_34(causes)) if older else causes


def _create_causes(resource: Resource, item: JsonObject, context: Context) -> list[Cause]:
    row = kind_of(resource)
    causes = list(row.before(item, None, context))
    if row.own_metadata:
        causes += new_metadata(
            item["metadata"],
            context,
            namespaced=resource.namespaced,
            check=row.name,
            check_generated=row.old_names,
        )
    if row.standard:
        causes += known_finalizers(item["metadata"])
    causes += row.rules(item, None, context)
    # rest.BeforeCreate checks the metadata once more, but only of an object that its strategy accepted
    return causes or list(
        new_metadata(item["metadata"], context, namespaced=resource.namespaced, check=names.path_segment)
    )


def prepare_update(
    resource: Resource, old: JsonObject, new: JsonObject, subresource: str, context: Context
) -> None:
    """Prepare a change for validation: restore from OLD what the client cannot change, in place (rest.BeforeUpdate)."""
    row = kind_of(resource)
    default(resource.group, resource.kind, new, context)
    for name in KEPT_METADATA:
        _keep(old["metadata"], new["metadata"], name)
    if subresource == "status":
        for name in {*old, *new} - {"status", "metadata", "apiVersion", "kind"}:
            _keep(old, new, name)
        if not row.status_metadata:
            for name in RESET_METADATA:
                _keep(old["metadata"], new["metadata"], name)
        if row.prepares_status is not None:
            row.prepares_status(new, old, context)
        return
    if resource.status:
        _keep(old, new, "status")
    if row.prepares is not None:
        row.prepares(new, old, context)
    if row.generation and _counted(old) != _counted(new):
        new["metadata"]["generation"] = old["metadata"].get("generation", 0) + 1


def validate_update(
    resource: Resource, old: JsonObject, new: JsonObject, subresource: str, context: Context
) -> list[Cause]:
    """The causes for which the update of OLD to NEW is refused; none if it is accepted."""
    return as_reported(resource, _update_causes(resource, old, new, subresource, context), context)


def _update_causes(
    resource: Resource, old: JsonObject, new: JsonObject, subresource: str, context: Context
) -> list[Cause]:
    row = kind_of(resource)
    causes = list(
        new_metadata(new["metadata"], context, namespaced=resource.namespaced, check=names.path_segment)
    )
    causes += changed_metadata(old["metadata"], new["metadata"], context)
    if subresource == "status":
        # upstream validates the metadata of an update twice, in rest.BeforeUpdate and in the kind's own validation, and
        # a client sees each of these causes twice
        again = changed_metadata(old["metadata"], new["metadata"], context)
        return [*causes, *again, *row.status_rules(new, old, context)]
    if subresource:
        return causes
    if row.rechecks:
        causes += new_metadata(
            new["metadata"],
            context,
            namespaced=resource.namespaced,
            check=row.name,
            check_generated=row.old_names,
        )
    causes += changed_metadata(old["metadata"], new["metadata"], context)
    if row.standard:
        causes += known_finalizers(new["metadata"])
    causes += row.rules(new, old, context)
    return causes


def _keep(old: JsonObject, new: JsonObject, name: str) -> None:
    new.pop(name, None)
    if name in old:
        new[name] = old[name]


def _counted(item: JsonObject) -> JsonObject:
    """The parts whose change makes a new generation; nil and empty lists are equal, as in apiequality.Semantic."""
    return filled({name: value for name, value in item.items() if name not in ("metadata", "status")})
