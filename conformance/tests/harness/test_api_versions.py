"""The shapes of slices and claims in older versions of the API."""

from typing import Any

import pytest

from dra_conformance.harness.api_versions import newer, older, only

SLICE = {
    "kind": "ResourceSlice",
    "spec": {"driver": "d", "devices": [{"name": "gpu-0", "attributes": {"a": {"int": 1}}}]},
}
CLAIM = {
    "kind": "ResourceClaim",
    "spec": {
        "devices": {
            "requests": [
                {"name": "one", "exactly": {"deviceClassName": "gpu"}},
                {"name": "any", "firstAvailable": [{"name": "big", "deviceClassName": "gpu"}]},
            ]
        }
    },
}


def test_v1beta1_has_attributes_under_basic_and_requests_flat() -> None:
    assert older(SLICE, "v1beta1")["spec"]["devices"] == [
        {"name": "gpu-0", "basic": {"attributes": {"a": {"int": 1}}}}
    ]
    assert older(CLAIM, "v1beta1")["spec"]["devices"]["requests"] == [
        {"name": "one", "deviceClassName": "gpu"},
        {"name": "any", "firstAvailable": [{"name": "big", "deviceClassName": "gpu"}]},
    ]


@pytest.mark.parametrize("version", ["v1", "v1beta2", "v1beta1"])
@pytest.mark.parametrize("item", [SLICE, CLAIM, {"kind": "Node"}, {"items": [SLICE, CLAIM]}])
def test_there_and_back_is_the_same(version: str, item: dict[str, Any]) -> None:
    sent = (
        {"items": [older(each, version) for each in item["items"]]}
        if "items" in item
        else older(item, version)
    )
    assert newer(sent, version) == item


def test_an_older_version_is_served_alone() -> None:
    assert only("v1") == {}
    assert only("v1beta1") == {"resource.k8s.io/v1": False, "resource.k8s.io/v1beta1": True}
