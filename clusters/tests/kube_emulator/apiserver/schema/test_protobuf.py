"""Golden bytes (written by k8s.io/api v0.36.3), and round trips of any value of any kind."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kube_emulator.apiserver.schema import kinds, protobuf
from kube_emulator.apiserver.schema.kinds import FieldInfo, TypeInfo
from kube_emulator.apiserver.schema.protobuf import ProtobufError, decode, encode
from kube_emulator.apiserver.schema.validation import read

DEVICE_CLASS = {
    "apiVersion": "resource.k8s.io/v1",
    "kind": "DeviceClass",
    "metadata": {"name": "gpu", "creationTimestamp": "2024-01-02T03:04:05Z"},
    "spec": {
        "selectors": [{"cel": {"expression": "true"}}],
        "config": [{"opaque": {"driver": "d", "parameters": {"n": 1}}}],
    },
}
LEASE = {
    "apiVersion": "coordination.k8s.io/v1",
    "kind": "Lease",
    "metadata": {"name": "a"},
    "spec": {"renewTime": "2024-01-02T03:04:05.000006Z", "leaseTransitions": 0},
}
SERVICE = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "s"},
    "spec": {"ports": [{"port": 80, "targetPort": "http"}]},
    "status": {"loadBalancer": {}},
}
STATUS = {
    "apiVersion": "v1",
    "kind": "Status",
    "metadata": {},
    "status": "Failure",
    "message": "no",
    "code": 404,
}
META = b'\x12\x00\x1a\x00"\x00*\x002\x008\x00'
"""What Go writes for an ObjectMeta that has only a name, after the name."""
GOLDEN = [
    (
        DEVICE_CLASS,
        b"k8s\0\n!\n\x12resource.k8s.io/v1\x12\x0bDeviceClass\x12=\n\x1b\n\x03gpu"
        + META
        + b"B\x08\x08\xa5\xfa\xcd"
        b"\xac\x06\x10\x00\x12\x1e\n\x08\n\x06\n\x04true\x12\x12\n\x10\n\x0e\n\x01d\x12\t\n\x07"
        b'{"n":1}\x1a\x00"\x00',
    ),
    (
        LEASE,
        b'k8s\0\n\x1f\n\x16coordination.k8s.io/v1\x12\x05Lease\x12"\n\x11\n\x01a'
        + META
        + b'B\x00\x12\r"\t\x08\xa5'
        b'\xfa\xcd\xac\x06\x10\xf0.(\x00\x1a\x00"\x00',
    ),
    (
        SERVICE,
        b"k8s\0\n\r\n\x02v1\x12\x07Service\x12?\n\x11\n\x01s"
        + META
        + b'B\x00\x12&\n\x14\n\x00\x12\x00\x18P"\n\x08'
        b'\x01\x10\x00\x1a\x04http(\x00\x1a\x00"\x00:\x00B\x00R\x00Z\x00`\x00h\x00\x1a\x02\n\x00\x1a\x00"\x00',
    ),
    (
        STATUS,
        (
            b"k8s\0\n\x0c\n\x02v1\x12\x06Status\x12\x1a\n\x06\n\x00\x12\x00\x1a\x00\x12\x07Failure\x1a\x02no"
            b'"\x000\x94\x03\x1a\x00"\x00'
        ),
    ),
]


@pytest.mark.parametrize(("value", "raw"), GOLDEN)
def test_objects_are_encoded_as_go_encodes_them_and_decoded_again(value: dict[str, Any], raw: bytes) -> None:
    assert encode(value) == raw
    assert decode(raw) == value


KINDS = sorted(
    (kinds.table(name).api_version, message.short)
    for name in kinds.GROUP_FILES.values()
    for message in kinds.table(name).messages.values()
    if message.kind
)
SCALARS: dict[str, st.SearchStrategy[Any]] = {
    "string": st.text(max_size=5),
    "bool": st.booleans(),
    "int32": st.integers(-(2**31), 2**31 - 1),
    "int64": st.integers(-(2**63), 2**63 - 1),
    "float64": st.floats(allow_nan=False, allow_infinity=False),
    "[]byte": st.sampled_from(["", "AAE=", "/w=="]),
    "Quantity": st.sampled_from(["0", "1", "500m", "1024Mi", "0.5", "80Gi"]),
    "IntOrString": st.one_of(st.integers(0, 65535), st.text(max_size=3)),
    "Time": st.datetimes().map(lambda moment: moment.isoformat(timespec="seconds") + "Z"),
    "MicroTime": st.datetimes().map(lambda moment: moment.isoformat(timespec="microseconds") + "Z"),
}
OPAQUE = st.dictionaries(st.text(max_size=3), st.one_of(st.integers(), st.text(max_size=3)), max_size=2)


def single(field: FieldInfo, depth: int) -> st.SearchStrategy[Any]:
    if field.info:
        return messages(field.info, depth - 1)
    if field.type.startswith("apiextensions_v1.JSONSchema"):
        return st.just({"type": "object"})
    return SCALARS.get(field.type, OPAQUE)


# protobuf cannot distinguish an empty list or map from none
def values(field: FieldInfo, depth: int) -> st.SearchStrategy[Any]:
    item = single(field, depth)
    item = st.lists(item, min_size=1, max_size=2) if field.repeated else item
    return st.dictionaries(st.text(max_size=3), item, min_size=1, max_size=2) if field.map else item


@st.composite
def messages(draw: st.DrawFn, info: TypeInfo, depth: int) -> dict[str, Any]:
    fields = [each for each in info.fields.values() if each.number and (depth > 0 or not each.info)]
    chosen = draw(st.lists(st.sampled_from(fields), max_size=3)) if fields else []
    return {each.name: draw(values(each, depth)) for each in chosen}


@given(st.data())
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_a_round_trip_keeps_what_the_server_decodes_from_the_same_json(data: st.DataObject) -> None:
    api_version, kind = data.draw(st.sampled_from(KINDS))
    info = kinds.type_of(api_version, kind)
    assert info
    value = {"apiVersion": api_version, "kind": kind, **data.draw(messages(info, 3))}
    wanted = read(info, value).value
    nothing: dict[str, Any] = {"items": []} if kind.endswith("List") else {}
    assert decode(encode(wanted)) == nothing | wanted


def test_a_stream_of_watch_frames_is_read_one_by_one() -> None:
    stream = protobuf.frame("ADDED", encode(LEASE)) + protobuf.frame("DELETED", encode(SERVICE))
    event, value, rest = protobuf.read_frame(stream)
    assert (event, value) == ("ADDED", LEASE)
    assert protobuf.read_frame(rest) == ("DELETED", SERVICE, b"")


def test_a_list_is_assembled_from_the_encoded_bytes_of_its_objects() -> None:
    objects = [SERVICE | {"metadata": {"name": "x" * length}} for length in (1, 300)]
    raw = protobuf.list_document("v1", "ServiceList", {"resourceVersion": "7"}, map(protobuf.body, objects))
    whole = {
        "apiVersion": "v1",
        "kind": "ServiceList",
        "metadata": {"resourceVersion": "7"},
        "items": objects,
    }
    assert raw == encode(whole)


def test_an_empty_list_has_no_items() -> None:
    empty = {"apiVersion": "v1", "kind": "ServiceList", "metadata": {}, "items": []}
    assert decode(encode(empty)) == empty


def test_delete_options_are_decoded_in_any_group() -> None:
    options = {"apiVersion": "resource.k8s.io/v1", "kind": "DeleteOptions", "gracePeriodSeconds": 0}
    assert decode(encode(options)) == options


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        (
            b'{"kind": "Pod"}',
            "a Kubernetes protobuf document starts with b'k8s\\\\x00', this one with b'{\"ki'",
        ),
        (protobuf.MAGIC + b"\xff", "1 bytes are no protobuf envelope"),
        (encode(LEASE)[:-30], "are no protobuf envelope"),
        (protobuf.MAGIC, "kind '' of '' has no protobuf form"),
        (protobuf.MAGIC + b"\n\x0b\n\x02v1\x12\x05Table", "kind 'Table' of 'v1' has no protobuf form"),
        (protobuf.MAGIC + b"\n\t\n\x02v1\x12\x03Pod\x12\x02\x0a\x05", "2 bytes are no protobuf Pod of v1"),
    ],
)
def test_a_malformed_document_is_refused_with_the_reason(raw: bytes, problem: str) -> None:
    with pytest.raises(ProtobufError, match=problem):
        decode(raw)


@given(st.binary(max_size=60))
def test_any_bytes_of_a_client_are_decoded_or_refused(raw: bytes) -> None:
    lease = b"\n\x1f\n\x16coordination.k8s.io/v1\x12\x05Lease\x12" + bytes([len(raw)]) + raw
    try:
        assert decode(protobuf.MAGIC + lease)["kind"] == "Lease"
    except ProtobufError as error:
        assert "Lease" in str(error)  # noqa: PT017 - either answer is right


def test_a_value_with_a_wrong_type_has_no_protobuf_form() -> None:
    with pytest.raises(ProtobufError, match="this Lease of coordination.k8s.io/v1 has no protobuf form"):
        encode(LEASE | {"spec": {"leaseTransitions": "many"}})
    with pytest.raises(ProtobufError, match="kind 'Foo' of 'example.com/v1' has no protobuf form"):
        encode({"apiVersion": "example.com/v1", "kind": "Foo"})


def test_a_truncated_frame_is_refused_with_both_lengths() -> None:
    with pytest.raises(ProtobufError, match="a watch frame of 9 bytes was expected, 4 are there"):
        protobuf.read_frame(b"\0\0\0\x05")
