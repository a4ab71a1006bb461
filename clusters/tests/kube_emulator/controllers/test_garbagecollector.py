"""Objects whose owners go: what is deleted, what waits, what stays."""

from typing import Any

from control_plane import BareControlPlane, controlled

from dra_api.objects import JsonObject
from kube_emulator.apiserver.registry.verbs.options import DeleteOptions


def mine(plane: BareControlPlane) -> list[JsonObject]:
    """The config maps that no controller made."""
    found: list[JsonObject] = plane.api.values("configmaps")
    return [item for item in found if item["metadata"]["name"] != "kube-root-ca.crt"]


def owned(plane: BareControlPlane, name: str, owner: JsonObject, **more: Any) -> None:
    reference = {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
    }
    metadata = {"name": name, "namespace": "default", "ownerReferences": [reference | more]}
    plane.api.create("configmaps", {"metadata": metadata})


async def test_what_lost_its_owner_goes() -> None:
    async with controlled() as plane:
        plane.pod("p")
        owned(plane, "m", plane.get("pods", "p"))
        await plane.settle()
        plane.api.delete("pods", "p", "default")
        await plane.settle()
        assert mine(plane) == []


async def test_what_never_had_a_living_owner_goes() -> None:
    async with controlled() as plane:
        owned(plane, "m", {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "uid": "gone"}})
        await plane.settle()
        assert mine(plane) == []


async def test_an_owner_of_an_unknown_kind_is_let_alone() -> None:
    async with controlled() as plane:
        owned(
            plane, "m", {"apiVersion": "example.com/v1", "kind": "Foo", "metadata": {"name": "p", "uid": "u"}}
        )
        await plane.settle()
        assert len(mine(plane)) == 1


async def test_the_slices_of_a_node_go_with_it() -> None:
    async with controlled() as plane:
        plane.node("n1")
        plane.slice("n1", "a")
        node, item = plane.get("nodes", "n1"), plane.get("resourceslices", "slice-n1")
        reference = {"apiVersion": "v1", "kind": "Node", "name": "n1", "uid": node["metadata"]["uid"]}
        plane.api.update(
            "resourceslices", {**item, "metadata": {**item["metadata"], "ownerReferences": [reference]}}
        )
        await plane.settle()
        plane.api.delete("nodes", "n1")
        await plane.settle()
        assert plane.api.values("resourceslices") == []


async def test_foreground_deletion_waits_for_dependents_that_block() -> None:
    async with controlled() as plane:
        plane.api.create(
            "configmaps",
            {"metadata": {"name": "owner", "namespace": "default", "finalizers": ["foregroundDeletion"]}},
        )
        owned(plane, "held", plane.get("configmaps", "owner"), blockOwnerDeletion=True)
        held = plane.get("configmaps", "held")
        plane.api.update("configmaps", {**held, "metadata": {**held["metadata"], "finalizers": ["x/y"]}})
        plane.api.delete("configmaps", "owner", "default")
        await plane.settle()
        held = plane.get("configmaps", "held")
        assert held["metadata"]["deletionTimestamp"]
        assert plane.get("configmaps", "owner")
        plane.api.update("configmaps", {**held, "metadata": {**held["metadata"], "finalizers": []}})
        await plane.settle()
        assert mine(plane) == []


async def test_orphans_are_let_free() -> None:
    async with controlled() as plane:
        plane.api.create(
            "configmaps", {"metadata": {"name": "owner", "namespace": "default", "finalizers": ["orphan"]}}
        )
        owned(plane, "m", plane.get("configmaps", "owner"))
        await plane.settle()
        plane.api.delete("configmaps", "owner", "default")
        await plane.settle()
        [left] = mine(plane)
        assert (left["metadata"]["name"], left["metadata"].get("ownerReferences")) == ("m", None)


async def test_references_to_dead_owners_are_taken_off() -> None:
    async with controlled() as plane:
        plane.pod("p")
        plane.pod("q")
        await plane.settle()
        owned(plane, "m", plane.get("pods", "p"))
        item, owner = plane.get("configmaps", "m"), plane.get("pods", "q")
        other = {"apiVersion": "v1", "kind": "Pod", "name": "q", "uid": owner["metadata"]["uid"]}
        owners = [*item["metadata"]["ownerReferences"], other]
        plane.api.update("configmaps", {**item, "metadata": {**item["metadata"], "ownerReferences": owners}})
        plane.api.delete("pods", "p", "default", grace_s=0)
        await plane.settle()
        assert plane.get("configmaps", "m")["metadata"]["ownerReferences"] == [other]


async def test_a_circle_of_owners_can_be_deleted_in_the_foreground() -> None:
    async with controlled() as plane:
        plane.api.create("configmaps", {"metadata": {"name": "a", "namespace": "default"}})
        owned(plane, "b", plane.get("configmaps", "a"), blockOwnerDeletion=True)
        first, second = plane.get("configmaps", "a"), plane.get("configmaps", "b")
        reference = {"apiVersion": "v1", "kind": "ConfigMap", "name": "b", "uid": second["metadata"]["uid"]}
        owners = [reference | {"blockOwnerDeletion": True}]
        plane.api.update(
            "configmaps", {**first, "metadata": {**first["metadata"], "ownerReferences": owners}}
        )
        await plane.settle()
        plane.api.delete("configmaps", "a", "default", options=DeleteOptions(policy="Foreground"))
        await plane.settle()
        assert mine(plane) == []


async def test_an_object_of_the_cluster_with_an_owner_in_a_namespace_is_let_alone() -> None:
    async with controlled() as plane:
        reference = {"apiVersion": "v1", "kind": "Pod", "name": "p", "uid": "u"}
        plane.api.create("deviceclasses", {"metadata": {"name": "c", "ownerReferences": [reference]}})
        await plane.settle()
        assert plane.api.find("deviceclasses", "c") is not None
