"""What the webhook says about ComputeDomains and about the parameters of their claims."""

from typing import Any

import pytest
from claim_service import DRIVER

from dra_driver.webhook.review import answer


def message(item: dict[str, Any]) -> str:
    """Why ITEM is refused; empty if it is not."""
    response = answer({"request": {"uid": "r", "object": item}}, DRIVER)["response"]
    assert response["allowed"] == ("status" not in response)
    return str(response.get("status", {}).get("message", ""))


def template(**parameters: Any) -> dict[str, Any]:
    """A claim template with the parameters of a channel; None takes one out."""
    given = {
        "apiVersion": "resource.nvidia.com/v1beta1",
        "kind": "ComputeDomainChannelConfig",
        "domainID": "u1",
        **parameters,
    }
    known = {name: value for name, value in given.items() if value is not None}
    opaque = {"driver": "compute-domain.nvidia.com", "parameters": known}
    devices = {"config": [{"opaque": {"driver": "other"}}, {"opaque": opaque}]}
    return {"kind": "ResourceClaimTemplate", "spec": {"spec": {"devices": devices}}}


def domain(**spec: Any) -> dict[str, Any]:
    """A ComputeDomain; None takes a field out."""
    given = {"channel": {"resourceClaimTemplate": {"name": "job-channel"}}, **spec}
    return {
        "kind": "ComputeDomain",
        "spec": {key: value for key, value in given.items() if value is not None},
    }


WHERE = "spec.spec.devices.config[1].opaque.parameters"


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"domainID": ""}, f"{WHERE}.domainID: wanted the UID of a ComputeDomain, found ''"),
        ({"domainID": None}, f"{WHERE}.domainID: wanted the UID of a ComputeDomain, found None"),
        ({"allocationMode": "Some"}, f"{WHERE}.allocationMode 'Some': wanted one of Single, All"),
        ({"allocationMode": ["All"]}, f"{WHERE}.allocationMode ['All']: wanted one of Single, All"),
        ({"domainId": "u1"}, f"{WHERE}.domainId: unknown field"),
        ({"kind": "GpuConfig"}, f"{WHERE}: unknown opaque parameters resource.nvidia.com/v1beta1 GpuConfig"),
        (
            {"kind": "ComputeDomainDaemonConfig", "allocationMode": "All"},
            f"{WHERE}.allocationMode: unknown field",
        ),
    ],
)
def test_wrong_parameters_are_refused_with_their_field(changed: dict[str, Any], why: str) -> None:
    assert why in message(template(**changed))


def test_what_the_controller_itself_writes_is_allowed() -> None:
    assert message(template(allocationMode="All")) == ""
    assert message(template(kind="ComputeDomainDaemonConfig")) == ""


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        ({"channel": None}, "spec.channel: wanted an object"),
        ({"channel": {}}, "spec.channel.resourceClaimTemplate.name: None; wanted the name"),
        ({"channel": {"resourceClaimTemplate": {"name": ""}}}, "resourceClaimTemplate.name: ''; wanted"),
        ({"channel": {"resourceClaimTemplate": {"name": "../x"}}}, "resourceClaimTemplate.name: '../x'"),
        ({"channel": {"resourceClaimTemplate": {"name": "x" * 254}}}, "resourceClaimTemplate.name: 'xxx"),
        (
            {"channel": {"resourceClaimTemplate": {"name": "x"}, "allocationMode": "Some"}},
            "spec.channel.allocationMode: 'Some'; wanted one of Single, All",
        ),
        ({"numNodes": -1}, "spec.numNodes: -1; wanted how many nodes"),
        ({"numNodes": "2"}, "spec.numNodes: '2'; wanted how many nodes"),
        ({"numNodes": True}, "spec.numNodes: True; wanted how many nodes"),
    ],
)
def test_a_wrong_domain_is_refused_with_its_field(spec: dict[str, Any], why: str) -> None:
    assert why in message(domain(**spec))


def test_a_right_domain_is_allowed() -> None:
    assert message(domain()) == ""
    assert message(domain(numNodes=18)) == ""
    assert message({"kind": "ComputeDomain"}).endswith("spec: wanted an object with a channel")
