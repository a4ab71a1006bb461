"""The subresource ``scale``: the wanted replicas of a workload or custom object, as autoscaling/v1."""

from typing import Any

from aiohttp import web

from dra_api.objects import JsonObject
from kube_emulator.apiserver.endpoints.bodies import read_object, read_patch
from kube_emulator.apiserver.endpoints.call import Call
from kube_emulator.apiserver.endpoints.forms import value_of
from kube_emulator.apiserver.endpoints.negotiation import body_media, patch_kind
from kube_emulator.apiserver.endpoints.writes import options_of
from kube_emulator.apiserver.patches.json_patch import json_patch
from kube_emulator.apiserver.patches.merge import merge
from kube_emulator.apiserver.status import bad_request
from kube_emulator.apiserver.versions import to_storage

BUILT_IN = {
    "specReplicasPath": ".spec.replicas",
    "statusReplicasPath": ".status.replicas",
    "labelSelectorPath": ".spec.selector",
}


async def get(call: Call) -> web.Response:
    """The scale of an object."""
    item = call.api.stored(call.plural, call.info.name, call.namespace)
    return await call.answer_document(scale_of(call, value_of(item, call.served)))


async def update(call: Call) -> web.Response:
    """Replace how many replicas are wanted."""
    body = read_object(call.raw, body_media(call.request.content_type, protobuf=True), "Scale")
    return await store(call, body, "UpdateOptions")


async def patch(call: Call) -> web.Response:
    """Patch how many replicas are wanted."""
    kind = patch_kind(call.request.content_type, custom=call.resource.custom)
    value = read_patch(call.raw, applies=kind == "apply")
    now = scale_of(call, call.api.get(call.plural, call.info.name, call.namespace))
    return await store(call, json_patch(now, value) if kind == "json" else merge(now, value), "PatchOptions")


async def store(call: Call, scale: JsonObject, kind: str) -> web.Response:
    """Write the wanted number of replicas into the object."""
    wanted = (scale.get("spec") or {}).get("replicas") or 0
    if not isinstance(wanted, int) or wanted < 0:
        raise bad_request(f"spec.replicas must be a number of replicas, is {wanted!r}")
    options = options_of(call, kind)
    item = call.api.stored(call.plural, call.info.name, call.namespace)
    value = with_member(value_of(item, call.served), paths(call)["specReplicasPath"], wanted)
    version = (scale.get("metadata") or {}).get("resourceVersion")
    if version:
        value = {**value, "metadata": {**value["metadata"], "resourceVersion": version}}
    stored = await call.verb(
        lambda: call.api.update(
            call.plural, to_storage(call.served, value), dry_run=options.dry_run, writer=call.writer(options)
        )
    )
    return await call.answer_document(scale_of(call, value_of(stored, call.served)))


def paths(call: Call) -> JsonObject:
    """Where the object has the members of its scale."""
    found = call.definition.scale(call.served.version) if call.definition else None
    return found or BUILT_IN


def scale_of(call: Call, item: JsonObject) -> JsonObject:
    """The scale of ITEM."""
    metadata = item["metadata"]
    names = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    where = paths(call)
    status: JsonObject = {"replicas": member(item, where["statusReplicasPath"]) or 0}
    selector = member(item, where.get("labelSelectorPath") or "") if where.get("labelSelectorPath") else None
    if isinstance(selector, dict):
        selector = ",".join(
            f"{name}={value}" for name, value in sorted((selector.get("matchLabels") or {}).items())
        )
    if selector:
        status["selector"] = selector
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {name: metadata[name] for name in names if name in metadata},
        "spec": {"replicas": member(item, where["specReplicasPath"]) or 0},
        "status": status,
    }


def member(item: Any, path: str) -> Any:
    """The value at a dotted path; None if there is none."""
    for name in path.strip(".").split("."):
        item = item.get(name) if isinstance(item, dict) else None
    return item


def with_member(item: JsonObject, path: str, value: Any) -> JsonObject:
    """A copy of ITEM with VALUE at a dotted path."""
    first, _, rest = path.strip(".").partition(".")
    return {**item, first: with_member(item.get(first) or {}, rest, value) if rest else value}
