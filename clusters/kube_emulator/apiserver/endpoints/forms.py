"""Encodings of stored objects, kept beside them so that each is made once for all readers."""

from collections.abc import Sequence
from typing import Any

import msgspec
import yaml

from dra_api.objects import JsonObject
from kube_emulator.apiserver.endpoints.negotiation import Media
from kube_emulator.apiserver.registry.watching import Event
from kube_emulator.apiserver.resources import Served
from kube_emulator.apiserver.schema import protobuf
from kube_emulator.apiserver.versions import from_storage
from kube_emulator.store.store import Stored


def value_of(item: Stored, served: Served) -> JsonObject:
    """An object in a version."""
    if served.is_storage:
        return item.value
    key = f"value {served.api_version}"
    if key not in item.forms:
        item.forms[key] = from_storage(served, item.value)
    found: JsonObject = item.forms[key]
    return found


def encoded(item: Stored, served: Served, media: Media = "json") -> bytes:
    """An object in a version and form."""
    if media == "json" and served.is_storage:
        return item.raw
    if media == "protobuf":
        return protobuf.document(served.api_version, served.kind, message(item, served))
    key = f"{media} {served.api_version}"
    if key not in item.forms:
        item.forms[key] = encode(value_of(item, served), media)
    found: bytes = item.forms[key]
    return found


def message(item: Stored, served: Served) -> bytes:
    """An object's protobuf without the envelope, of which documents and lists are made."""
    key = f"message {served.api_version}"
    if key not in item.forms:
        item.forms[key] = protobuf.body(value_of(item, served))
    found: bytes = item.forms[key]
    return found


def encode(value: Any, media: Media) -> bytes:
    """A document in a form."""
    if media == "json":
        return msgspec.json.encode(value)
    if media == "yaml":
        return yaml.dump(value, Dumper=yaml.CSafeDumper, allow_unicode=True).encode()
    return protobuf.encode(value)


def bare(raw: bytes, served: Served) -> bytes:
    """An object's JSON without kind and apiVersion, as in a list of a built-in kind."""
    head = f'{{"kind":"{served.resource.kind}","apiVersion":"{served.api_version}",'.encode()
    return b"{" + raw[len(head) :] if raw.startswith(head) else raw


def encoded_list(items: Sequence[Stored], served: Served, metadata: JsonObject, media: Media) -> bytes:
    """A list in a version and form."""
    kind = served.resource.list_kind
    head = {"kind": kind, "apiVersion": served.api_version, "metadata": metadata}
    if media == "protobuf":
        messages = (message(item, served) for item in items)
        return protobuf.list_document(served.api_version, kind, metadata, messages)
    if media != "json":
        return encode({**head, "items": [value_of(item, served) for item in items]}, media)
    if served.resource.custom:
        parts = [encoded(item, served) for item in items]
    else:
        parts = [bare(encoded(item, served), served) for item in items]
    return b"".join((msgspec.json.encode(head)[:-1], b',"items":[', b",".join(parts), b"]}"))


def frame(kind: str, document: bytes, media: Media) -> bytes:
    """One watch event with an encoded object."""
    if media == "protobuf":
        return protobuf.frame(kind, document)
    return b"".join((b'{"type":"', kind.encode(), b'","object":', document, b"}\n"))


def event_line(event: Event, served: Served, media: Media) -> bytes:
    """A watch event; made once for all watchers of a change."""
    if event.change is None:
        return frame(event.type, encoded(event.item, served, media), media)
    key = f"{event.type} {media} {served.api_version}"
    line = event.change.lines.get(key)
    if line is None:
        line = event.change.lines[key] = frame(event.type, encoded(event.item, served, media), media)
    return line
