"""Pure: what a deletion does to an object: mark it, or remove it (apiserver ``registry/rest/delete.go``, 1.36)."""

from dataclasses import dataclass
from typing import Any

from dra_api.objects import JsonObject
from kube_emulator.apiserver.registry.strategy import grace_of
from kube_emulator.apiserver.registry.verbs.options import DeleteOptions
from kube_emulator.apiserver.resources import Resource
from kube_emulator.apiserver.status import ApiError, conflict

ORPHAN, FOREGROUND = "orphan", "foregroundDeletion"


@dataclass(frozen=True, slots=True)
class Deletion:
    """The outcome.

    Attributes:
        item: the object as marked; the one that was there if nothing changes.
        gone: whether it is removed now.
    """

    item: JsonObject
    gone: bool


def check_preconditions(resource: Resource, item: JsonObject, options: DeleteOptions) -> None:
    """Refuse to delete an object that does not meet the preconditions.

    Raises:
        ApiError: 409.
    """
    metadata = item["metadata"]
    if options.uid and options.uid != metadata["uid"]:
        raise conflict(
            resource.kind,
            resource.group,
            metadata["name"],
            f"the UID in the precondition ({options.uid}) does not match the UID in record "
            f"({metadata['uid']}). The object might have been deleted and then recreated",
        )
    if options.version and options.version != metadata["resourceVersion"]:
        raise conflict(
            resource.kind,
            resource.group,
            metadata["name"],
            f"the ResourceVersion in the precondition ({options.version}) does not match the ResourceVersion in "
            f"record ({metadata['resourceVersion']}). The object might have been modified",
        )


def deletion(resource: Resource, item: JsonObject, options: DeleteOptions, stamp: Any) -> Deletion:
    """What deleting ITEM does; STAMP(seconds) is the time so many seconds from now.

    Raises:
        ApiError: 409, a precondition does not hold.
    """
    check_preconditions(resource, item, options)
    metadata = item["metadata"]
    finalizers = finalizers_after(metadata.get("finalizers") or [], options.policy)
    grace = grace_of(resource, item, options.grace_s)
    # A namespace stays until its controller has emptied spec.finalizers (pkg/registry/core/namespace/storage).
    if resource.key == "namespaces":
        return Deletion(terminating(item, finalizers, stamp), not finalizers and not spec_finalizers(item))
    if metadata.get("deletionTimestamp"):
        # A second deletion may only shorten the grace period (BeforeDelete): a longer one changes nothing.
        left = metadata.get("deletionGracePeriodSeconds") or 0
        if grace >= left:
            changed = finalizers != (metadata.get("finalizers") or [])
            return Deletion(
                marked(item, finalizers, None, 0) if changed else item, not left and not finalizers
            )
        return Deletion(marked(item, finalizers, stamp(grace), grace), not grace and not finalizers)
    return Deletion(marked(item, finalizers, stamp(grace), grace), not grace and not finalizers)


def finalizers_after(finalizers: list[str], policy: str) -> list[str]:
    """The finalizers that the propagation POLICY leaves; without one they stay."""
    if not policy:
        return finalizers
    kept = [name for name in finalizers if name not in (ORPHAN, FOREGROUND)]
    wanted = {"Orphan": [ORPHAN], "Foreground": [FOREGROUND]}.get(policy, [])
    return kept + wanted


def marked(item: JsonObject, finalizers: list[str], when: str | None, grace_s: int) -> JsonObject:
    """ITEM with its deletion marks; WHEN None keeps the time that it has."""
    metadata = dict(item["metadata"])
    if when is not None:
        # The first mark counts as a change of what users want; a shorter grace period does not (BeforeDelete).
        first = "deletionTimestamp" not in metadata
        metadata |= {"deletionTimestamp": when, "deletionGracePeriodSeconds": grace_s}
        if first and "generation" in metadata and item["kind"] != "CustomResourceDefinition":
            metadata["generation"] += 1
    if finalizers:
        metadata["finalizers"] = finalizers
    else:
        metadata.pop("finalizers", None)
    return {**item, "metadata": metadata}


def spec_finalizers(item: JsonObject) -> list[str]:
    """``spec.finalizers`` of a namespace."""
    return (item.get("spec") or {}).get("finalizers") or []


def terminating(item: JsonObject, finalizers: list[str], stamp: Any) -> JsonObject:
    """A namespace that is being deleted."""
    metadata = {
        **item["metadata"],
        "deletionTimestamp": item["metadata"].get("deletionTimestamp") or stamp(0),
    }
    if finalizers:
        metadata["finalizers"] = finalizers
    return {**item, "metadata": metadata, "status": {**(item.get("status") or {}), "phase": "Terminating"}}


def is_finished(item: JsonObject) -> bool:
    """Whether a marked object has no finalizer and no grace period left."""
    metadata = item["metadata"]
    held = metadata.get("finalizers") or metadata.get("deletionGracePeriodSeconds")
    return bool(metadata.get("deletionTimestamp")) and not held and not spec_finalizers_of(item)


def spec_finalizers_of(item: JsonObject) -> list[str]:
    """``spec.finalizers`` if the object is a namespace."""
    return spec_finalizers(item) if item.get("kind") == "Namespace" else []


def check_namespace(item: JsonObject) -> None:
    """Refuse to delete a namespace that every cluster has.

    Raises:
        ApiError: 403.
    """
    name = item["metadata"]["name"]
    if name in ("default", "kube-system", "kube-public"):
        message = f'namespaces "{name}" is forbidden: this namespace may not be deleted'
        raise ApiError(403, message, details={"name": name, "kind": "namespaces"})
