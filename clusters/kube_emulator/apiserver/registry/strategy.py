"""What happens to an object before it is stored, by its kind: defaults, refusals, what a subresource does not write.

The rules of built-in kinds are in ``validation.registry``, those of custom kinds in ``crds``; this module knows which applies.
"""

from dra_api.objects import JsonObject
from kube_emulator.apiserver.crds.checks import expression_causes
from kube_emulator.apiserver.crds.definition import Definition
from kube_emulator.apiserver.resources import Resource
from kube_emulator.apiserver.schema.findings import DecodingError
from kube_emulator.apiserver.schema.kinds import type_of
from kube_emulator.apiserver.schema.validation import read
from kube_emulator.apiserver.status import ApiError, invalid
from kube_emulator.apiserver.validation import registry
from kube_emulator.apiserver.validation.causes import Cause
from kube_emulator.apiserver.validation.context import Context
from kube_emulator.apiserver.validation.defaults import default
from kube_emulator.jsonvalue import copied
from kube_emulator.releases.release import Release

GRACE_S = 30
HEADER = ("apiVersion", "kind", "metadata")
RETURNS_DELETED = frozenset(
    {
        *("pods", "namespaces", "services", "serviceaccounts"),
        *("resourceclaims", "resourceclaimtemplates", "resourceslices", "deviceclasses", "devicetaintrules"),
        "resourcepoolstatusrequests",
    }
)
"""Kinds whose deletion answers with the object (``ReturnDeletedObject`` in ``pkg/registry``, 1.36)."""


def prepare_new(
    resource: Resource, item: JsonObject, context: Context, definition: Definition | None
) -> None:
    """Make ITEM ready to be stored, in place.

    Raises:
        ApiError: 422, it is invalid.
    """
    if definition is not None:
        definition.prepare(item, None, "")
        causes = definition.causes(item, None)
    else:
        registry.prepare_create(resource, item, context)
        causes = kind_causes(resource, item)
    causes = [*registry.validate_create(resource, item, context), *causes]
    if causes:
        raise invalid(resource.kind, resource.group, item["metadata"].get("name", ""), causes)


def with_defaults(
    resource: Resource, item: JsonObject, context: Context, definition: Definition | None
) -> JsonObject:
    """A copy of ITEM with the defaults of its kind, as mutating admission sees it."""
    seen: JsonObject = copied(item)
    if definition is not None:
        definition.default(seen)
    else:
        default(resource.group, resource.kind, seen, context)
    return seen


def read_again(resource: Resource, item: JsonObject, release: Release) -> JsonObject:
    """ITEM, that a webhook has patched, as the server reads it: unknown members are dropped.

    Raises:
        ApiError: 500, a member has a wrong type.
    """
    found = None if resource.custom else type_of(resource.api_version, resource.kind)
    if found is None:
        return item
    try:
        return {"apiVersion": resource.api_version, "kind": resource.kind} | read(found, item, release).value
    except DecodingError as error:
        raise ApiError(500, f"Internal error occurred: {error}", reason="InternalError") from error


def prepare_change(
    resource: Resource,
    old: JsonObject,
    new: JsonObject,
    subresource: str,
    context: Context,
    definition: Definition | None,
) -> None:
    """Make NEW ready to replace OLD, in place.

    Raises:
        ApiError: 422, the change breaks rules.
    """
    # finalize writes spec.finalizers and nothing else (pkg/registry/core/namespace).
    if subresource == "finalize":
        finalizers = (new.get("spec") or {}).get("finalizers") or []
        spec = {name: value for name, value in old.get("spec", {}).items() if name != "finalizers"}
        new |= {**old, "spec": spec | ({"finalizers": finalizers} if finalizers else {})}
        return
    if definition is not None:
        definition.prepare(new, old, subresource)
        causes = definition.causes(new, old)
    else:
        status = new.get("status")
        registry.prepare_update(resource, old, new, subresource, context)
        if subresource == "binding":  # it sets a condition too, and does not count as a change of the spec
            new["status"] = status
            new["metadata"]["generation"] = old["metadata"].get("generation", 1)
        causes = kind_causes(resource, new, old)
    causes = [*registry.validate_update(resource, old, new, subresource, context), *causes]
    if causes:
        raise invalid(resource.kind, resource.group, old["metadata"]["name"], causes)


def kind_causes(resource: Resource, item: JsonObject, old: JsonObject | None = None) -> list[Cause]:
    """Broken rules of ITEM that are not in ``validation``, because they need a compiler.

    The expressions of a definition that did not change are not judged again, so that what was accepted once can be updated.
    """
    if resource.key != "customresourcedefinitions":
        return []
    unchanged = old is not None and old["spec"].get("versions") == (item.get("spec") or {}).get("versions")
    return [] if unchanged else list(expression_causes(item))


def is_hidden(resource: Resource, subresource: str, member: str) -> bool:
    """Whether a write through SUBRESOURCE leaves a top-level member alone, so that its writer does not own it (``GetResetFields``)."""
    if subresource == "status":
        return member not in ("status", "metadata") or (member == "metadata" and not keeps_metadata(resource))
    return bool(subresource) or (resource.status and member == "status")


def keeps_metadata(resource: Resource) -> bool:
    """Whether a write of the status may change labels and the like (``ResetObjectMetaForStatus`` is not called)."""
    return not resource.custom and registry.kind_of(resource).status_metadata


def grace_of(resource: Resource, item: JsonObject, asked: int | None) -> int:
    """Seconds that a deletion of ITEM waits for its kubelet; 0 where there is nothing to wait for (pod ``CheckGracefulDelete``)."""
    spec, phase = item.get("spec") or {}, (item.get("status") or {}).get("phase")
    if resource.key != "pods" or not spec.get("nodeName") or phase in ("Succeeded", "Failed"):
        return 0
    period = spec.get("terminationGracePeriodSeconds", GRACE_S) if asked is None else asked
    return 1 if period < 0 else int(period)
