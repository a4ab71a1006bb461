"""Files that describe devices: what is read of them, and which streams of versions are odd."""

import json
from typing import Any

import pytest

from dra_conformance.rules.metadata import devices_in, documents_in, odd_versions


def document(version: str, **more: Any) -> dict[str, Any]:
    return {"apiVersion": f"metadata.resource.k8s.io/{version}", "kind": "DeviceMetadata", **more}


def test_a_file_is_a_stream_of_documents() -> None:
    text = json.dumps(document("v1")) + "\n" + json.dumps(document("v1beta1")) + "\n\n"
    assert documents_in(text) == [document("v1"), document("v1beta1")]
    assert documents_in('{"a": 1} oops') == [{"a": 1}, "no JSON: Expecting value: line 1 column 1 (char 0)"]
    assert documents_in("") == []


@pytest.mark.parametrize(
    ("documents", "odd"),
    [
        ([document("v1"), document("v1beta2"), document("v1beta1"), document("v1alpha1")], False),
        ([document("v1beta1"), document("v1")], True),
        ([document("v1"), document("v1")], True),
        ([document("v1") | {"kind": "Device"}], True),
        ([{"apiVersion": "v1", "kind": "DeviceMetadata"}], True),
        (["no JSON"], True),
        ([], True),
    ],
)
def test_versions_come_once_and_newest_first(documents: list[Any], odd: bool) -> None:
    assert bool(odd_versions(documents)) == odd


def test_devices_are_read_of_every_request() -> None:
    device = {"driver": "d", "pool": "p", "name": "n"}
    requests = [{"name": "a", "devices": [device]}, {"name": "b"}]
    assert devices_in(document("v1", requests=requests)) == [("d", "p", "n")]
    assert devices_in("no JSON") == []
