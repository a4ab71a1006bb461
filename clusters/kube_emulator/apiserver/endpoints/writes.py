"""create, update, patch, apply and delete, and the subresources that are only written."""

from typing import Any

from aiohttp import web

from dra_api.objects import JsonObject
from kube_emulator.apiserver.endpoints.bodies import parse_json, read_object, read_patch, repeated_keys
from kube_emulator.apiserver.endpoints.call import Call
from kube_emulator.apiserver.endpoints.negotiation import Media, body_media, patch_kind
from kube_emulator.apiserver.registry.strategy import RETURNS_DELETED
from kube_emulator.apiserver.registry.verbs.options import WriteOptions, delete_options, write_options
from kube_emulator.apiserver.status import bad_request, success
from kube_emulator.apiserver.versions import to_storage


def options_of(call: Call, kind: str, *, applies: bool = False) -> WriteOptions:
    """The options of a write."""
    return write_options(
        kind, call.request.query, call.request.headers.get("User-Agent", ""), applies=applies
    )


async def create(call: Call) -> web.Response:
    """Store a new object."""
    options = options_of(call, "CreateOptions")
    item = placed(call, call.reader.body(call.raw, call.request.content_type, options.validation))
    stored = to_storage(call.served, item)
    made = await call.verb(
        lambda: call.api.create(call.plural, stored, dry_run=options.dry_run, writer=call.writer(options))
    )
    return await call.answer(made, 201)


def placed(call: Call, item: JsonObject) -> JsonObject:
    """ITEM with the namespace of the path.

    Raises:
        ApiError: 400, it says it is elsewhere.
    """
    metadata = item.get("metadata") or {}
    found = metadata.get("namespace") or ""
    if not call.resource.namespaced:
        kept = {name: value for name, value in metadata.items() if name != "namespace"}
        return {**item, "metadata": kept}
    if found not in ("", call.namespace):
        raise bad_request(
            "the namespace of the provided object does not match the namespace sent on the request"
        )
    return {**item, "metadata": {**metadata, "namespace": call.namespace}}


def named(call: Call, item: JsonObject) -> JsonObject:
    """ITEM, that must have the name of the path.

    Raises:
        ApiError: 400.
    """
    name, found = call.info.name, item["metadata"].get("name") or ""
    if not found:
        raise bad_request(
            f"the name of the object ({name} based on URL) was undeterminable: name must be provided"
        )
    if found != name:
        raise bad_request(f"the name of the object ({found}) does not match the name on the URL ({name})")
    return item


async def update(call: Call) -> web.Response:
    """Replace an object, its status, or the finalizers of a namespace."""
    options = options_of(call, "UpdateOptions")
    item = named(
        call, placed(call, call.reader.body(call.raw, call.request.content_type, options.validation))
    )
    known = call.api.find(call.plural, call.info.name, call.namespace) is not None
    stored = await call.verb(
        lambda: call.api.update(
            call.plural,
            to_storage(call.served, item),
            subresource=call.info.subresource,
            dry_run=options.dry_run,
            writer=call.writer(options),
        )
    )
    return await call.answer(stored, 200 if known else 201)


async def patch(call: Call) -> web.Response:
    """Change an object by a patch, or apply to it."""
    kind = patch_kind(call.request.content_type, custom=call.resource.custom)
    applies = kind == "apply"
    options = options_of(call, "PatchOptions", applies=applies)
    value = read_patch(call.raw, applies=applies)
    if kind != "json" and not isinstance(value, dict):
        names = {list: "array", str: "string", bool: "bool", type(None): "null"}
        found = names.get(type(value), "number")
        raise bad_request(
            f"error decoding patch: json: cannot unmarshal {found} into Go value of type map[string]interface {{}}"
        )
    if applies:
        return await apply(call, value, options)
    stored = await call.verb(
        lambda: call.api.patch(
            call.plural,
            call.info.name,
            call.namespace,
            kind,
            value,
            subresource=call.info.subresource,
            dry_run=options.dry_run,
            writer=call.writer(options),
            check=lambda item: call.reader.patched(item, options.validation),
        )
    )
    return await call.answer(stored)


async def apply(call: Call, config: JsonObject, options: WriteOptions) -> web.Response:
    """Server-side apply."""
    config = named(call, placed(call, config))
    known = call.api.find(call.plural, call.info.name, call.namespace) is not None
    check_repeated(call, options)
    stored = await call.verb(
        lambda: call.api.apply(
            call.plural,
            config,
            manager=options.manager,
            force=options.force,
            subresource=call.info.subresource,
            dry_run=options.dry_run,
            served=call.served,
            warn=call.warnings.append,
        )
    )
    return await call.answer(stored, 200 if known else 201)


def check_repeated(call: Call, options: WriteOptions) -> None:
    """Warn of keys that the applied document repeats, or refuse them; what is unknown is refused by the merge itself.

    Raises:
        ApiError: 400.
    """
    found = (call.repeated or repeated_keys(call.raw)) if options.validation != "Ignore" else []
    if found and options.validation == "Strict":
        lines = "".join(f"\n  {line}" for line in found)
        why = f"error converting YAML to JSON: yaml: unmarshal errors:{lines}"
        raise bad_request(f"error strict decoding patch: {why}")
    call.warnings += found


async def delete(call: Call) -> web.Response:
    """Delete an object; the answer is the object if it stays or its kind answers so, else a ``Status``."""
    options = delete_options(call.request.query, options_body(call))
    item = await call.verb(
        lambda: call.api.delete(
            call.plural, call.info.name, call.namespace, options=options, writer=call.deleter()
        )
    )
    metadata = item.value["metadata"]
    held = metadata.get("finalizers") or metadata.get("deletionGracePeriodSeconds")
    if held or call.plural in RETURNS_DELETED:
        return await call.answer(item)
    status = success(call.resource.plural, call.resource.group, metadata["name"], metadata["uid"])
    return await call.answer_document(status)


def options_body(call: Call) -> Any:
    """The DeleteOptions in the body; None if there are none.

    Raises:
        ApiError: 400 or 415.
    """
    if not call.raw:
        return None
    media: Media = body_media(call.request.content_type, protobuf=True)
    if media == "json":
        try:
            return parse_json(call.raw)
        except ValueError as error:
            raise bad_request(f"couldn't get version/kind; json parse error: {error}") from error
    return read_object(call.raw, media, "DeleteOptions")


async def bind(call: Call) -> web.Response:
    """Give a pod its node (``pods/binding``)."""
    options = options_of(call, "CreateOptions")
    media = body_media(call.request.content_type, protobuf=True)
    body = read_object(call.raw, media, "Binding")
    name = (body.get("metadata") or {}).get("name") or ""
    if name != call.info.name:
        raise bad_request("name in URL does not match name in Binding object")
    target, uid = body.get("target") or {}, (body.get("metadata") or {}).get("uid") or ""
    call.api.bind(call.info.name, call.namespace, target, uid=uid, dry_run=options.dry_run)
    return await call.answer_document(created_status(), 201)


def created_status() -> JsonObject:
    """The ``Status`` of a subresource that stores nothing of its own."""
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}
