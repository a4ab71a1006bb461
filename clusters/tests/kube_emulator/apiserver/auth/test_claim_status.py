"""Who may change which part of a claim's status; texts of a real kube-apiserver 1.36.3."""

from typing import Any

import pytest

from dra_api.objects import JsonObject
from kube_emulator.apiserver.auth.attributes import NODE_NAME, Attributes, Decision, User
from kube_emulator.apiserver.auth.claim_status import status_causes

DRIVER = User(name="driver")
AGENT = User(name="system:serviceaccount:default:sa", extra=((NODE_NAME, ("node-0",)),))
ON_NODE = {
    "devices": {"results": []},
    "nodeSelector": {
        "nodeSelectorTerms": [
            {"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["node-0"]}]}
        ]
    },
}
HEALTHY = {"driver": "a.b", "pool": "x", "device": "d"}


def claim(**status: Any) -> JsonObject:
    return {"status": status}


def causes(
    old: JsonObject, new: JsonObject, user: User = DRIVER, *rights: str, verb: str = "patch"
) -> list[str]:
    """RIGHTS are ``VERB SUBRESOURCE NAMESPACE NAME``."""

    def decide(asked: Attributes) -> Decision:
        wanted = f"{asked.verb} {asked.subresource} {asked.namespace or '-'} {asked.name or '-'}"
        return Decision(wanted in rights)

    asked = Attributes(
        user=user,
        verb=verb,
        group="resource.k8s.io",
        resource="resourceclaims",
        subresource="status",
        namespace="default",
        name="c",
    )
    found = status_causes(old, new, asked, decide)
    assert {cause.type for cause in found} <= {"FieldValueForbidden"}
    return [cause.text for cause in found]


def test_allocating_needs_permission_to_bind() -> None:
    assert causes(claim(), claim(allocation=ON_NODE)) == [
        (
            "status.allocation: Forbidden: changing status.allocation or status.reservedFor requires"
            ' resource="resourceclaims/binding", verb="patch" permission: resourceclaims.resource.k8s.io is forbidden:'
            ' User "driver" cannot patch resource "resourceclaims/binding" in API group "resource.k8s.io" at the'
            " cluster scope"
        )
    ]
    assert causes(claim(), claim(allocation=ON_NODE), DRIVER, "patch binding - -") == []


def test_reserving_needs_it_too_and_the_verb_follows_the_request() -> None:
    found = causes(claim(), claim(reservedFor=[{"name": "p"}]), verb="update")
    assert len(found) == 1
    assert 'verb="update"' in found[0]


def test_the_status_of_a_device_is_for_its_driver() -> None:
    old, new = claim(allocation=ON_NODE), claim(allocation=ON_NODE, devices=[HEALTHY])
    assert causes(old, new) == [
        (
            'status.devices: Forbidden: changing status.devices requires resource="resourceclaims/driver",'
            ' verb="[arbitrary-node:patch]" permission: resourceclaims.resource.k8s.io "a.b" is forbidden: User'
            ' "driver" cannot arbitrary-node:patch resource "resourceclaims/driver" in API group "resource.k8s.io" in'
            ' the namespace "default"'
        )
    ]
    assert causes(old, new, DRIVER, "arbitrary-node:patch driver default a.b") == []


def test_an_agent_on_the_node_of_the_claim_needs_less() -> None:
    old, new = claim(allocation=ON_NODE), claim(allocation=ON_NODE, devices=[HEALTHY])
    assert causes(old, new, AGENT, "associated-node:patch driver default a.b") == []
    assert causes(old, new, AGENT, "arbitrary-node:patch driver default a.b") == []
    assert 'verb="[associated-node:patch arbitrary-node:patch]"' in causes(old, new, AGENT)[0]
    assert "cannot associated-node:patch resource" in causes(old, new, AGENT)[0]


@pytest.mark.parametrize(
    "agent",
    [
        User(name="system:serviceaccount:default:sa", extra=((NODE_NAME, ("node-1",)),)),
        User(name="system:serviceaccount:default:sa"),
        User(name="jane", extra=((NODE_NAME, ("node-0",)),)),
    ],
)
def test_an_agent_of_another_node_is_not_associated(agent: User) -> None:
    old, new = claim(allocation=ON_NODE), claim(allocation=ON_NODE, devices=[HEALTHY])
    assert 'verb="[arbitrary-node:patch]"' in causes(old, new, agent)[0]


def test_each_driver_whose_entry_changes_is_checked_in_order() -> None:
    old = claim(allocation=ON_NODE, devices=[HEALTHY, HEALTHY | {"driver": "z"}])
    new = claim(allocation=ON_NODE, devices=[HEALTHY | {"data": {}}, HEALTHY | {"driver": "new"}])
    drivers = [text.partition("k8s.io ")[2].partition(" ")[0] for text in causes(old, new)]
    assert drivers == ['"a.b"', '"new"', '"z"']


def test_deallocating_needs_no_permission_on_devices() -> None:
    old = claim(allocation=ON_NODE, devices=[HEALTHY])
    assert causes(old, claim(), DRIVER, "patch binding - -") == []


def test_an_unchanged_status_needs_nothing() -> None:
    old = claim(allocation=ON_NODE, devices=[HEALTHY], reservedFor=[])
    assert causes(old, claim(allocation=ON_NODE, devices=[HEALTHY])) == []
