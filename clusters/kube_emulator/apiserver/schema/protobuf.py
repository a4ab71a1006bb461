r"""Kubernetes' protobuf: the four magic bytes, the envelope that names the kind, and watch frames.

Objects, lists, Status and options are passed in their JSON form (a dict). Only types of the tables have a protobuf form; for
others (custom resources, Table) the server answers 406. Facts: the content type
``application/vnd.kubernetes.protobuf``, apimachinery v0.36.3 pkg/runtime/serializer/protobuf (a magic and
runtime.Unknown; watch: metav1.WatchEvent without magic, whose object is a whole document, each frame with four bytes of
length, big endian).

The server limits the size of a body; protobuf's C runtime limits its depth to 100 levels.
"""

import struct
from collections.abc import Iterable
from typing import Any

from google.protobuf.message import DecodeError

from dra_api.objects import JsonObject
from kube_emulator.apiserver.schema import kinds
from kube_emulator.apiserver.schema.descriptors import message_class
from kube_emulator.apiserver.schema.wire import put, take

MEDIA_TYPE = "application/vnd.kubernetes.protobuf"
WATCH_MEDIA_TYPE = f"{MEDIA_TYPE};stream=watch"
MAGIC = b"k8s\0"
LENGTH = struct.Struct(">I")
ITEM = b"\x12"
"""The tag of the items of every list: field 2, length-delimited."""


class ProtobufError(Exception):
    """A value has no protobuf form, or bytes are not protobuf; the message says which and why."""


def knows(api_version: str, kind: str) -> bool:
    """Whether a kind has a protobuf form."""
    return kinds.type_of(api_version, kind) is not None


def encode(value: JsonObject) -> bytes:
    """The document of an object, list, Status or options.

    Raises:
        ProtobufError: its kind has no protobuf form, or a member has a wrong type.
    """
    return document(value["apiVersion"], value["kind"], body(value))


def body(value: JsonObject) -> bytes:
    """What ``encode`` puts into the envelope; it can be cached for ``document`` and ``list_document``.

    Raises:
        ProtobufError: its kind has no protobuf form, or a member has a wrong type.
    """
    api_version, kind = str(value.get("apiVersion") or ""), str(value.get("kind") or "")
    found = _type_of(api_version, kind)
    message = message_class(found.name)()
    try:
        put(found.name, message, value)
        return bytes(message.SerializeToString(deterministic=True))
    except (TypeError, ValueError, AttributeError, KeyError, RecursionError) as error:
        raise ProtobufError(f"this {kind} of {api_version} has no protobuf form: {error}") from error


def document(api_version: str, kind: str, raw: bytes) -> bytes:
    """RAW, a result of ``body``, in its envelope."""
    envelope = message_class("Unknown")()
    envelope.f1.f1, envelope.f1.f2 = api_version, kind
    envelope.f2, envelope.f3, envelope.f4 = raw, "", ""
    return MAGIC + bytes(envelope.SerializeToString())


def list_document(api_version: str, kind: str, metadata: JsonObject, items: Iterable[bytes]) -> bytes:
    """The bytes of a list of KIND (``PodList``); ITEMS are results of ``body``."""
    head = body({"apiVersion": api_version, "kind": kind, "metadata": metadata})
    # fields of one number may be anywhere in a message, so the encoded items are simply appended
    return document(api_version, kind, head + b"".join(ITEM + _length(len(item)) + item for item in items))


def decode(raw: bytes) -> JsonObject:
    """The JSON form of a document from ``encode`` or a client.

    Raises:
        ProtobufError: RAW is malformed, or of a kind that has no protobuf form.
    """
    if not raw.startswith(MAGIC):
        raise ProtobufError(
            f"a Kubernetes protobuf document starts with {MAGIC!r}, this one with {raw[:4]!r}"
        )
    envelope = _parsed("Unknown", raw[len(MAGIC) :], "envelope")
    try:
        api_version, kind = envelope.f1.f1, envelope.f1.f2
    except UnicodeDecodeError as error:
        raise ProtobufError(f"the kind in the envelope is no UTF-8: {error}") from error
    found = _type_of(api_version, kind)
    message = _parsed(found.name, envelope.f2, f"{kind} of {api_version}")
    try:
        value = take(found.name, message)
    except (ValueError, OverflowError, RecursionError) as error:
        raise ProtobufError(f"a member of this {kind} of {api_version} cannot be read: {error}") from error
    nothing: JsonObject = {"items": []} if kind.endswith("List") else {}
    return {"apiVersion": api_version, "kind": kind, **nothing, **value}


def frame(event: str, document: bytes) -> bytes:
    """The frame of one watch event; DOCUMENT is a result of ``encode``, made once for all watchers."""
    message = message_class("meta_v1.WatchEvent")()
    message.f1, message.f2.f1 = event, document
    raw = message.SerializeToString()
    return LENGTH.pack(len(raw)) + raw


def read_frame(raw: bytes) -> tuple[str, JsonObject, bytes]:
    """The event and object of the first frame in RAW, and the rest.

    Raises:
        ProtobufError: RAW does not hold a whole frame.
    """
    end = LENGTH.size + (LENGTH.unpack_from(raw)[0] if len(raw) >= LENGTH.size else 0)
    if len(raw) < LENGTH.size or len(raw) < end:
        raise ProtobufError(f"a watch frame of {end} bytes was expected, {len(raw)} are there")
    message = _parsed("meta_v1.WatchEvent", raw[LENGTH.size : end], "watch event")
    return message.f1, decode(message.f2.f1), raw[end:]


def _type_of(api_version: str, kind: str) -> kinds.TypeInfo:
    found = kinds.type_of(api_version, kind)
    if found is None:
        raise ProtobufError(f"kind {kind!r} of {api_version!r} has no protobuf form")
    return found


def _length(count: int) -> bytes:
    """COUNT as a varint."""
    digits = []
    while count > 0x7F:
        digits.append(count & 0x7F | 0x80)
        count >>= 7
    return bytes((*digits, count))


def _parsed(name: str, raw: bytes, what: str) -> Any:
    try:
        return message_class(name).FromString(raw)
    except DecodeError as error:
        raise ProtobufError(f"{len(raw)} bytes are no protobuf {what}: {error}") from error
