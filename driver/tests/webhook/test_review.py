"""What the webhook says about objects."""

from typing import Any

import pytest
from claim_service import DRIVER

from dra_driver.webhook.review import answer

OWN = "resource.dra-conformance.dev/v1beta1"


def review(kind: str, *parameters: Any, version: str = "v1", driver: str = DRIVER) -> dict[str, Any]:
    config = [{"opaque": {"driver": driver, "parameters": each}} for each in parameters]
    devices = {"devices": {"config": config}}
    spec: Any = {
        "ResourceClaim": devices,
        "ResourceClaimTemplate": {"spec": devices},
        "DeviceClass": {"config": config},
    }[kind]
    item = {"apiVersion": f"resource.k8s.io/{version}", "kind": kind, "spec": spec}
    return {
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "request": {"uid": "r", "object": item},
    }


def config(kind: str = "GpuConfig", **members: Any) -> dict[str, Any]:
    return {"apiVersion": OWN, "kind": kind, **members}


@pytest.mark.parametrize("version", ["v1", "v1beta1", "v1beta2"])
@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("ResourceClaim", "spec.devices.config[1].opaque.parameters"),
        ("ResourceClaimTemplate", "spec.spec.devices.config[1].opaque.parameters"),
        ("DeviceClass", "spec.config[1].opaque.parameters"),
    ],
)
def test_a_wrong_configuration_is_refused_with_its_path(kind: str, path: str, version: str) -> None:
    response = answer(review(kind, config(), config(typo=1), version=version), DRIVER)["response"]
    assert (response["uid"], response["allowed"]) == ("r", False)
    assert response["status"]["message"].startswith(f"1 configs failed to validate: {path}: ")
    assert "typo" in response["status"]["message"]


@pytest.mark.parametrize("kind", ["GpuConfig", "MigDeviceConfig", "VfioDeviceConfig"])
def test_every_kind_is_known(kind: str) -> None:
    assert answer(review("ResourceClaim", config(kind)), DRIVER)["response"] == {"uid": "r", "allowed": True}


def test_a_block_without_its_members_is_no_crash() -> None:
    sharing = {"strategy": "TimeSlicing", "timeSlicingConfig": {}}
    assert answer(review("ResourceClaim", config(sharing=sharing)), DRIVER)["response"]["allowed"]


@pytest.mark.parametrize(
    "item",
    [
        None,
        [],
        {},
        {"kind": "Pod"},
        {"kind": "ResourceClaim", "spec": {"devices": {"config": [3, {"opaque": 3}]}}},
    ],
)
def test_an_object_without_configuration_is_allowed(item: Any) -> None:
    assert answer({"request": {"uid": "r", "object": item}}, DRIVER)["response"]["allowed"]


def test_the_configuration_of_another_driver_is_allowed() -> None:
    assert answer(review("ResourceClaim", {"any": 1}, driver="other"), DRIVER)["response"]["allowed"]


@pytest.mark.parametrize("document", [None, [], {}, {"request": {}}, {"request": {"uid": 3}}])
def test_what_is_no_review_is_an_error(document: Any) -> None:
    with pytest.raises(ValueError, match="wanted an AdmissionReview"):
        answer(document, DRIVER)
