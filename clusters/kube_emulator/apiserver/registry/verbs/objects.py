"""Pure: steps of the verbs on one object: order of members, patches, what a writer cannot change."""

from typing import Any

from dra_api.objects import JsonObject
from kube_emulator.apiserver.apply.owners import is_reset
from kube_emulator.apiserver.patches.json_patch import json_patch
from kube_emulator.apiserver.patches.merge import merge
from kube_emulator.apiserver.patches.strategic import strategic
from kube_emulator.apiserver.registry.verbs.options import revision_of
from kube_emulator.apiserver.resources import Resource
from kube_emulator.apiserver.schema.kinds import type_of
from kube_emulator.apiserver.status import bad_request, conflict, not_found
from kube_emulator.apiserver.status import invalid as refused
from kube_emulator.apiserver.validation.causes import Cause, invalid, not_supported, required
from kube_emulator.store.store import path_of

MODIFIED = "the object has been modified; please apply your changes to the latest version and try again"


def arranged(resource: Resource, item: JsonObject) -> JsonObject:
    """A copy of ITEM with its header first and of its kind."""
    head = {"kind": resource.kind, "apiVersion": resource.api_version, "metadata": item.get("metadata") or {}}
    return head | {name: value for name, value in item.items() if name not in head}


def patched(kind: str, item: JsonObject, patch: Any) -> Any:
    """ITEM after PATCH."""
    if kind == "json":
        return json_patch(item, patch)
    if kind == "strategic":
        return strategic(item, patch, type_of(item["apiVersion"], item["kind"]))
    return merge(item, patch)


def kept_owners(old: JsonObject, item: JsonObject) -> None:
    """Keep the owners of the fields, unless the writer resets them, in place.

    An empty list or one empty entry resets them (managedfields ``fieldmanager.go``); no list at all does not.
    """
    if is_reset(item):
        item["metadata"].pop("managedFields")
    elif not item["metadata"].get("managedFields") and old["metadata"].get("managedFields"):
        item["metadata"]["managedFields"] = old["metadata"]["managedFields"]


def check_fixed(resource: Resource, old: JsonObject, item: JsonObject) -> None:
    """Refuse other values of what only the server sets.

    Raises:
        ApiError: 422.
    """
    causes = []
    for name in ("uid", "deletionTimestamp"):
        sent, known = item["metadata"].get(name), old["metadata"].get(name)
        if sent and sent != known and (name == "uid" or not known):
            causes += [
                invalid(f"metadata.{name}", sent, "field is immutable")
            ] * 2  # the real server checks twice
    if causes:
        raise refused(resource.kind, resource.group, old["metadata"]["name"], causes)


def same(old: JsonObject, new: JsonObject) -> bool:
    """Whether nothing changes but the times in ``managedFields``."""
    if old == new:
        return True
    before, after = old["metadata"].get("managedFields"), new["metadata"].get("managedFields")
    if before == after or not before or not after or len(before) != len(after):
        return False
    return timeless(old, before) == timeless(new, after)


def timeless(item: JsonObject, entries: list[JsonObject]) -> JsonObject:
    """ITEM without the times in its ``managedFields``."""
    owners = [{name: value for name, value in entry.items() if name != "time"} for entry in entries]
    return {**item, "metadata": {**item["metadata"], "managedFields": owners}}


def check_version(resource: Resource, old: JsonObject, item: JsonObject) -> None:
    """Refuse a change of another version than the stored one.

    Raises:
        ApiError: 409, or 422 if the kind wants a version and there is none.
    """
    name, wanted = old["metadata"]["name"], item["metadata"].get("resourceVersion")
    if wanted and wanted != "0":
        if revision_of(wanted) != int(old["metadata"]["resourceVersion"]):
            raise conflict(resource.plural, resource.group, name, MODIFIED)
    elif not resource.unconditional_update:
        cause = invalid("metadata.resourceVersion", 0, "must be specified for an update")
        raise refused(resource.plural, resource.group, name, [cause])


def check_uid(resource: Resource, old: JsonObject, item: JsonObject) -> None:
    """Refuse to replace an object of another UID.

    Raises:
        ApiError: 409.
    """
    wanted, metadata = item["metadata"].get("uid"), old["metadata"]
    if wanted in (None, "", metadata["uid"]):
        return
    key = f"/registry/{resource.plural}/{path_of(metadata.get('namespace', ''), metadata['name'])}"
    why = (
        f"StorageError: invalid object, Code: 4, Key: {key}, ResourceVersion: 0, AdditionalErrorMsg: "
        f"Precondition failed: UID in precondition: {wanted}, UID in object meta: {metadata['uid']}"
    )
    raise conflict(resource.plural, resource.group, metadata["name"], why)


def check_place(item: JsonObject, name: str, namespace: str) -> None:
    """Refuse a patch that moves its object.

    Raises:
        ApiError: 400.
    """
    metadata = item.get("metadata") or {}
    for member, wanted in (("name", name), ("namespace", namespace)):
        if (found := metadata.get(member, "")) != wanted:
            raise bad_request(
                f"the {member} of the object ({found}) does not match the {member} on the URL ({wanted})"
            )


def binding_causes(target: JsonObject) -> list[Cause]:
    """What is wrong with the target of a binding."""
    causes = []
    if target.get("kind") not in (None, "", "Node"):
        causes.append(not_supported("target.kind", target["kind"], ["Node", "<empty>"]))
    if not target.get("name"):
        causes.append(required("target.name"))
    return causes


def bound(pod: JsonObject, node: str, uid: str, stamp: str) -> JsonObject:
    """POD on its node.

    Raises:
        ApiError: 409, it has one, is being deleted, or is another pod.
    """
    name, why = pod["metadata"]["name"], ""
    if uid and uid != pod["metadata"]["uid"]:
        why = (
            f"the UID in the precondition ({uid}) does not match the UID in record ({pod['metadata']['uid']})"
        )
    elif pod["metadata"].get("deletionTimestamp"):
        why = f"pod {name} is being deleted, cannot be assigned to a host"
    elif pod["spec"].get("nodeName"):
        why = f'pod {name} is already assigned to node "{pod["spec"]["nodeName"]}"'
    if why:
        raise conflict("pods/binding", "", name, why)
    condition = {"type": "PodScheduled", "status": "True", "lastTransitionTime": stamp}
    status = pod.get("status") or {}
    others = [item for item in status.get("conditions") or [] if item["type"] != "PodScheduled"]
    spec = {**pod["spec"], "nodeName": node}
    return {**pod, "spec": spec, "status": {**status, "conditions": [*others, condition]}}


def check_new(resource: Resource, applied: JsonObject, subresource: str) -> None:
    """Refuse to create by apply what is only a part of an object, or names a UID.

    Raises:
        ApiError: 404 or 409.
    """
    metadata = applied.get("metadata") or {}
    name, uid = metadata.get("name", ""), metadata.get("uid")
    if subresource:
        raise not_found(resource.plural, resource.group, name)
    if uid:
        why = f"uid mismatch: the provided object specified uid {uid}, and no existing object was found"
        raise conflict(resource.plural, resource.group, name, why)
