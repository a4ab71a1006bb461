"""Documents as the server's decoder reads them; the messages are Go's (compared with k8s.io/client-go v0.36.3)."""

import re
import sys
from typing import Any

import pytest

from kube_emulator.apiserver.schema import kinds
from kube_emulator.apiserver.schema.findings import DecodingError, parse, refusal, unrecognized
from kube_emulator.apiserver.schema.quantity import canonical
from kube_emulator.apiserver.schema.times import normal
from kube_emulator.apiserver.schema.validation import Reading, read
from kube_emulator.releases.release import V1_36


def pod(spec: Any, **metadata: Any) -> Reading:
    info = kinds.info("core_v1.Pod")
    return read(info, {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})


def test_unknown_fields_are_dropped_and_reported_in_the_order_of_the_document() -> None:
    reading = pod({"containers": [{"name": "c", "foo": 1, "ports": [{"bar": 1}]}], "Foo": 1}, Labels={})
    assert reading.strict_error == (
        'strict decoding error: unknown field "metadata.Labels", unknown field "spec.containers[0].foo", '
        'unknown field "spec.containers[0].ports[0].bar", unknown field "spec.Foo"'
    )
    assert reading.value["spec"]["containers"] == [
        {"name": "c", "ports": [{"containerPort": 0}], "resources": {}}
    ]


def test_a_release_does_not_know_the_fields_of_later_ones() -> None:
    value = {"spec": {"skipNodeOperations": ["*"]}}
    info = kinds.info("resource_v1.ResourceSlice")
    assert read(info, value).value["spec"]["skipNodeOperations"] == ["*"]
    older = read(info, value, V1_36)
    assert older.warnings == ('unknown field "spec.skipNodeOperations"',)
    assert "skipNodeOperations" not in older.value["spec"]


def test_a_duplicate_field_is_reported_and_its_last_value_counts() -> None:
    text = b'{"kind":"ConfigMap","data":{"a":"1","a":"2"},"metadata":{"name":"x","no":1,"name":"y","no":2}}'
    reading = read(kinds.info("core_v1.ConfigMap"), parse(text))
    assert reading.warnings == (
        'duplicate field "data.a"',
        'unknown field "metadata.no"',
        'duplicate field "metadata.name"',
    )
    assert (reading.value["data"], reading.value["metadata"]) == ({"a": "2"}, {"name": "y"})


def test_opaque_fields_accept_any_content() -> None:
    config = {"opaque": {"driver": "d", "parameters": {"any": [{}, None]}}}
    value = {"spec": {"devices": {"config": [config]}}}
    reading = read(kinds.info("resource_v1.ResourceClaim"), value)
    assert reading.warnings == ()
    assert reading.value["spec"]["devices"]["config"] == [config]


def test_a_document_is_kept_as_go_would_write_it_again() -> None:
    limits = {"cpu": 0.5, "memory": "1024Mi"}
    reading = pod(
        {
            "hostNetwork": False,
            "nodeName": None,
            "nodeSelector": {},
            "terminationGracePeriodSeconds": 0,
            "containers": [{"name": "c", "resources": {"limits": limits}}],
        },
        creationTimestamp=None,
    )
    assert reading.value == {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {},
        "spec": {
            "terminationGracePeriodSeconds": 0,
            "containers": [{"name": "c", "resources": {"limits": {"cpu": "500m", "memory": "1Gi"}}}],
        },
        "status": {},
    }


@pytest.mark.parametrize(
    ("spec", "problem"),
    [
        ("x", "json: cannot unmarshal string into Go struct field Pod.spec of type v1.PodSpec"),
        (
            {"containers": [{"ports": [{"containerPort": "x"}]}]},
            (
                "json: cannot unmarshal string into Go struct field "
                "ContainerPort.spec.containers.ports.containerPort of type int32"
            ),
        ),
        (
            {"volumes": [{"configMap": {"name": True}}]},
            (
                "json: cannot unmarshal bool into Go struct field "
                "ConfigMapVolumeSource.spec.volumes.VolumeSource.configMap.LocalObjectReference.name of type string"
            ),
        ),
        (
            {"priority": 3000000000},
            "json: cannot unmarshal number 3000000000 into Go struct field PodSpec.spec.priority of type int32",
        ),
        (
            {"nodeSelector": {"a": 1}},
            "json: cannot unmarshal number into Go struct field PodSpec.spec.nodeSelector of type string",
        ),
        (
            {"containers": {}},
            "json: cannot unmarshal object into Go struct field PodSpec.spec.containers of type []v1.Container",
        ),
        (
            {"overhead": {"cpu": "fast"}},
            "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
        ),
    ],
)
def test_a_wrong_type_is_refused_with_the_message_of_go(spec: Any, problem: str) -> None:
    with pytest.raises(DecodingError, match=f"^{re.escape(problem)}$"):
        pod(spec)


def test_at_most_a_hundred_unknown_fields_are_reported() -> None:
    assert len(pod({f"x{number}": 1 for number in range(1000)}).warnings) == 100


def test_a_document_that_is_nested_too_deeply_is_refused() -> None:
    schema: dict[str, Any] = {}
    for _ in range(sys.getrecursionlimit()):
        schema = {"not": schema}
    with pytest.raises(DecodingError, match="exceeded max depth"):
        read(kinds.info("apiextensions_v1.JSONSchemaProps"), schema)


def test_a_refusal_names_the_kind_and_its_version() -> None:
    message = refusal("resource.k8s.io/v1", "ResourceSlice", "no")
    assert message == 'ResourceSlice in version "v1" cannot be handled as a ResourceSlice: no'


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (b'{"a":', "unexpected end of JSON input"),
        (b"[NaN]", "invalid character 'N' looking for beginning of value"),
        (b"[x]", "invalid character 'x' looking for beginning of value"),
        (b'{"a" 1}', "invalid character '1' after object key"),
        (b"{} {}", "invalid character '{' after top-level value"),
        (b"\xff", "codec can't decode"),
        (b"[" * 100_000, "exceeded max depth"),
    ],
)
def test_malformed_json_is_refused_with_the_message_of_go(text: bytes, problem: str) -> None:
    with pytest.raises(DecodingError, match=f"couldn't get version/kind; json parse error: .*{problem}"):
        parse(text)


def test_a_refusal_of_an_unknown_kind_shows_the_start_of_the_body() -> None:
    message = unrecognized("Pod", "no", b'{"apiVersion":"resource.k8s.io/v1"}')
    assert (
        message
        == 'the object provided is unrecognized (must be of type Pod): no ({"apiVersion":"resource.k8s.io ...)'
    )
    assert unrecognized("Pod", "no", b"k8s").endswith("no (6b3873)")


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("0.5", "500m"),
        ("1000m", "1"),
        ("1024Mi", "1Gi"),
        ("100Mi", "100Mi"),
        ("80Gi", "80Gi"),
        ("-0", "0"),
        ("1.5Gi", "1536Mi"),
        ("1e3", "1e3"),
        ("12e6", "12e6"),
        ("0.1Ki", "102400m"),
        ("1E", "1E"),
        ("0.0000000001", "1n"),
    ],
)
def test_quantities_are_stored_in_canonical_form(sent: str, stored: str) -> None:
    assert canonical(sent) == stored


def test_times_are_parsed_as_strictly_as_in_go() -> None:
    assert normal("Time", "2024-01-01T01:00:00.5+02:30") == "2023-12-31T22:30:00Z"
    with pytest.raises(ValueError, match='cannot parse "Z" as ".000000"'):
        normal("MicroTime", "2024-01-01T00:00:00Z")
    with pytest.raises(ValueError, match="day out of range"):
        normal("Time", "2024-02-30T00:00:00Z")
