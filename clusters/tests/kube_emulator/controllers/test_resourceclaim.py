"""Claims of pods: made from templates, reserved, and deleted with their pods."""

from typing import Any

import pytest
from control_plane import DRIVER, BareControlPlane, controlled, controllers

from dra_api.objects import JsonObject
from kube_emulator.releases.release import V1_34
from kube_emulator.scheduler.binding import FINALIZER


def template(plane: BareControlPlane, name: str = "t", *, admin: bool = False) -> None:
    exactly = {"deviceClassName": "any"} | ({"adminAccess": True} if admin else {})
    spec = {
        "metadata": {"labels": {"a": "b"}},
        "spec": {"devices": {"requests": [{"name": "r", "exactly": exactly}]}},
    }
    plane.api.create(
        "resourceclaimtemplates", {"metadata": {"name": name, "namespace": "default"}, "spec": spec}
    )


def templated(plane: BareControlPlane, name: str, **spec: Any) -> None:
    plane.pod(name, **spec, resourceClaims=[{"name": "gpu", "resourceClaimTemplateName": "t"}])


def claim_of(plane: BareControlPlane, pod: str) -> JsonObject:
    [status] = plane.get("pods", pod)["status"]["resourceClaimStatuses"]
    return plane.get("resourceclaims", status["resourceClaimName"])


async def test_a_claim_is_made_from_a_template() -> None:
    async with controlled() as plane:
        plane.one_device()
        template(plane)
        templated(plane, "p")
        await plane.settle()
        metadata = claim_of(plane, "p")["metadata"]
        assert metadata["generateName"] == "p-gpu-"
        assert metadata["annotations"] == {"resource.kubernetes.io/pod-claim-name": "gpu"}
        assert metadata["labels"] == {"a": "b"}
        [owner] = metadata["ownerReferences"]
        assert (owner["kind"], owner["name"], owner["controller"]) == ("Pod", "p", True)
        assert "blockOwnerDeletion" not in owner


async def test_a_claim_blocks_the_deletion_of_its_pod_in_1_34() -> None:
    async with controlled(release=V1_34) as plane:
        plane.one_device()
        template(plane)
        templated(plane, "p")
        await plane.settle()
        [owner] = claim_of(plane, "p")["metadata"]["ownerReferences"]
        assert owner["blockOwnerDeletion"] is True
        assert plane.place_of("p") == "n1"


async def test_long_names_leave_room_for_the_random_part() -> None:
    async with controlled() as plane:
        template(plane)
        templated(plane, "p" * 80)
        await plane.settle()
        [claim] = plane.api.values("resourceclaims")
        assert claim["metadata"]["generateName"] == "p" * 57 + "-"


async def test_a_missing_template_is_an_event_and_waited_for() -> None:
    async with controlled() as plane:
        plane.one_device()
        templated(plane, "p")
        await plane.settle()
        [message] = plane.events("FailedResourceClaimCreation")
        assert message == 'PodResourceClaim gpu: resourceclaimtemplate.resource.k8s.io "t" not found'
        template(plane)
        await plane.settle()
        assert plane.place_of("p") == "n1"


async def test_administrative_claims_need_the_label_of_the_namespace() -> None:
    async with controlled() as plane:
        plane.one_device()
        space = plane.get("namespaces", "default")
        labels = {**space["metadata"]["labels"], "resource.kubernetes.io/admin-access": "true"}
        allowed = plane.api.update(
            "namespaces", {**space, "metadata": {**space["metadata"], "labels": labels}}
        )
        template(plane, admin=True)
        version = allowed.value["metadata"]["resourceVersion"]
        plane.api.update(
            "namespaces", {**space, "metadata": {**space["metadata"], "resourceVersion": version}}
        )
        templated(plane, "p")
        await plane.settle()
        assert "admin access is requested" in plane.events("FailedResourceClaimCreation")[0]
        assert plane.api.values("resourceclaims") == []


@pytest.mark.parametrize("phase", ["Succeeded", "Failed"])
async def test_the_claim_of_a_pod_that_ended_goes_and_frees_its_device(phase: str) -> None:
    async with controlled() as plane:
        plane.one_device()
        template(plane)
        templated(plane, "x")
        await plane.settle()
        templated(plane, "y")
        await plane.settle()
        assert plane.place_of("y") == ""
        plane.status("pods", "x", phase=phase)
        await plane.settle()
        assert plane.place_of("y") == "n1"
        assert [claim["metadata"]["generateName"] for claim in plane.api.values("resourceclaims")] == [
            "y-gpu-"
        ]


async def test_a_claim_of_its_own_stays_without_allocation() -> None:
    async with controlled() as plane:
        plane.one_device()
        plane.claim("c")
        plane.pod("p", "c")
        await plane.settle()
        assert plane.devices_of("c") == ["a"]
        plane.api.delete("pods", "p", "default", grace_s=0)
        await plane.settle()
        claim = plane.get("resourceclaims", "c")
        assert (claim["status"].get("allocation"), claim["status"].get("reservedFor")) == (None, None)
        assert FINALIZER not in claim["metadata"].get("finalizers", [])


async def test_a_claim_that_is_deleted_waits_for_its_pod() -> None:
    async with controlled() as plane:
        plane.one_device()
        plane.claim("c")
        plane.pod("p", "c")
        await plane.settle()
        plane.api.delete("resourceclaims", "c", "default")
        await plane.settle()
        assert plane.get("resourceclaims", "c")["metadata"]["deletionTimestamp"]
        plane.status("pods", "p", phase="Succeeded")
        await plane.settle()
        assert plane.api.find("resourceclaims", "c", "default") is None


async def test_a_pod_of_the_same_name_is_another_pod() -> None:
    async with BareControlPlane(controllers) as plane:
        plane.claim("c")
        plane.pod("p")
        user = {"resource": "pods", "name": "p", "uid": "another"}
        allocation = {
            "devices": {"results": [{"request": "r", "driver": DRIVER, "pool": "n1", "device": "a"}]}
        }
        plane.status("resourceclaims", "c", allocation=allocation, reservedFor=[user])
        await plane.settle()
        assert "reservedFor" not in plane.get("resourceclaims", "c")["status"]


async def test_a_pod_bound_without_a_scheduler_reserves_its_claim() -> None:
    async with controlled() as plane:
        plane.one_device()
        plane.claim("c")
        plane.pod("x", "c")
        await plane.settle()
        plane.pod("y", "c", nodeName="n1")
        await plane.settle()
        users = plane.get("resourceclaims", "c")["status"]["reservedFor"]
        assert [user["name"] for user in users] == ["x", "y"]
