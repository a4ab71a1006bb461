"""What the controllers do: claims of pods, evictions, garbage, namespaces and nodes that go."""

from typing import Any

import pytest
from control_plane import DRIVER, BareControlPlane, controllers

from dra_api.objects import JsonObject
from kube_emulator.apiserver.registry.verbs.options import DeleteOptions
from kube_emulator.releases.release import V1_34
from kube_emulator.scheduler.binding import FINALIZER
from kube_emulator.scheduler.scheduler import run_scheduler


def controlled(**options: Any) -> BareControlPlane:
    """A plane with controllers and a scheduler."""
    return BareControlPlane(controllers, run_scheduler, **options)


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


def create_objects(plane: BareControlPlane) -> None:
    plane.device_class()
    plane.node("n1")
    plane.slice("n1", "a")


def claim_of(plane: BareControlPlane, pod: str) -> JsonObject:
    [status] = plane.get("pods", pod)["status"]["resourceClaimStatuses"]
    return plane.get("resourceclaims", status["resourceClaimName"])


async def test_a_claim_is_made_from_a_template() -> None:
    async with controlled() as plane:
        create_objects(plane)
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
        create_objects(plane)
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
        create_objects(plane)
        templated(plane, "p")
        await plane.settle()
        [message] = plane.events("FailedResourceClaimCreation")
        assert message == 'PodResourceClaim gpu: resourceclaimtemplate.resource.k8s.io "t" not found'
        template(plane)
        await plane.settle()
        assert plane.place_of("p") == "n1"


async def test_administrative_claims_need_the_label_of_the_namespace() -> None:
    async with controlled() as plane:
        create_objects(plane)
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
        create_objects(plane)
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
        create_objects(plane)
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
        create_objects(plane)
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
        create_objects(plane)
        plane.claim("c")
        plane.pod("x", "c")
        await plane.settle()
        plane.pod("y", "c", nodeName="n1")
        await plane.settle()
        users = plane.get("resourceclaims", "c")["status"]["reservedFor"]
        assert [user["name"] for user in users] == ["x", "y"]


def taint(plane: BareControlPlane, **more: Any) -> None:
    item = plane.get("resourceslices", "slice-n1")
    added = {"key": "broken", "effect": "NoExecute", "timeAdded": plane.api.clock.stamp(), **more}
    devices = [{"name": "a", "taints": [added]}]
    plane.api.update("resourceslices", {**item, "spec": {**item["spec"], "devices": devices}})


async def running(plane: BareControlPlane, **exact: Any) -> None:
    create_objects(plane)
    plane.claim("c", **exact)
    plane.pod("p", "c")
    await plane.settle()
    assert plane.place_of("p") == "n1"


async def test_a_pod_leaves_a_device_with_a_taint() -> None:
    async with controlled() as plane:
        await running(plane)
        taint(plane)
        await plane.settle()
        pod = plane.get("pods", "p")
        assert pod["metadata"]["deletionTimestamp"]
        [condition] = [c for c in pod["status"]["conditions"] if c["type"] == "DisruptionTarget"]
        assert (condition["status"], condition["reason"]) == ("True", "DeletionByDeviceTaintManager")
        assert plane.events("DeviceTaintManagerEviction") == ["Marking for deletion"]


async def test_a_tolerated_taint_is_suffered_for_a_time() -> None:
    tolerations = [{"key": "broken", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 60}]
    async with controlled() as plane:
        await running(plane, tolerations=tolerations)
        taint(plane)
        await plane.turn(50)
        assert "deletionTimestamp" not in plane.get("pods", "p")["metadata"]
        await plane.turn(15)
        assert plane.get("pods", "p")["metadata"]["deletionTimestamp"]


async def test_a_taint_that_goes_in_time_cancels_the_eviction() -> None:
    tolerations = [{"key": "broken", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 60}]
    async with controlled() as plane:
        await running(plane, tolerations=tolerations)
        taint(plane)
        await plane.turn(30)
        item = plane.get("resourceslices", "slice-n1")
        plane.api.update("resourceslices", {**item, "spec": {**item["spec"], "devices": [{"name": "a"}]}})
        await plane.turn(60)
        assert "deletionTimestamp" not in plane.get("pods", "p")["metadata"]
        assert "Cancelling deletion" in plane.events("DeviceTaintManagerEviction")


@pytest.mark.parametrize(
    "toleration",
    [{"operator": "Exists"}, {"key": "broken", "operator": "Exists", "effect": "NoExecute"}],
)
async def test_a_toleration_without_end_lets_the_pod_stay(toleration: JsonObject) -> None:
    async with controlled() as plane:
        await running(plane, tolerations=[toleration])
        taint(plane)
        await plane.turn(3600)
        assert "deletionTimestamp" not in plane.get("pods", "p")["metadata"]


def rule(plane: BareControlPlane, effect: str) -> None:
    spec = {
        "deviceSelector": {"driver": DRIVER},
        "taint": {"key": "k", "effect": effect, "timeAdded": plane.api.clock.stamp()},
    }
    plane.api.create("devicetaintrules", {"metadata": {"name": "rule"}, "spec": spec})


def progress(plane: BareControlPlane) -> JsonObject:
    [condition] = plane.get("devicetaintrules", "rule")["status"]["conditions"]
    assert condition["type"] == "EvictionInProgress"
    return dict(condition)


async def test_a_rule_evicts_and_reports_its_progress() -> None:
    async with controlled() as plane:
        await running(plane)
        rule(plane, "NoExecute")
        await plane.settle()
        assert plane.get("pods", "p")["metadata"]["deletionTimestamp"]
        plane.api.delete("pods", "p", "default", grace_s=0)
        await plane.turn(11)
        condition = progress(plane)
        assert (condition["status"], condition["reason"]) == ("False", "Completed")
        assert condition["message"] == "1 pod evicted since starting the controller."


async def test_a_rule_with_effect_none_reports_what_it_would_evict() -> None:
    async with controlled() as plane:
        await running(plane)
        rule(plane, "None")
        await plane.settle()
        condition = progress(plane)
        assert condition["reason"] == "NoEffect"
        assert condition["message"].startswith(
            "1 published device selected. 1 allocated device selected. 1 pod would be evicted in 1 namespace if"
        )


async def test_a_rule_of_another_effect_says_so() -> None:
    async with controlled() as plane:
        rule(plane, "NoSchedule")
        await plane.settle()
        assert progress(plane)["reason"] == "OtherEffect"


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


async def test_every_namespace_has_the_certificate_of_the_server() -> None:
    async with controlled() as plane:
        plane.api.create("namespaces", {"metadata": {"name": "other"}})
        await plane.settle()
        found = plane.api.get("configmaps", "kube-root-ca.crt", "other")
        plane.api.update("configmaps", {**found, "data": {"ca.crt": "another"}})
        await plane.settle()
        assert plane.api.get("configmaps", "kube-root-ca.crt", "other")["data"] == {"ca.crt": "certificate"}


async def test_every_namespace_has_its_service_account() -> None:
    async with controlled() as plane:
        plane.api.create("namespaces", {"metadata": {"name": "other"}})
        await plane.settle()
        plane.api.delete("serviceaccounts", "default", "other")
        await plane.settle()
        found = [account["metadata"]["namespace"] for account in plane.api.values("serviceaccounts")]
        assert found == ["default", "other"]


async def test_a_namespace_takes_everything_with_it() -> None:
    async with controlled() as plane:
        plane.api.create("namespaces", {"metadata": {"name": "other"}})
        plane.api.create("configmaps", {"metadata": {"name": "m", "namespace": "other"}})
        await plane.settle()
        plane.api.delete("namespaces", "other")
        await plane.settle()
        assert {item["metadata"]["namespace"] for item in plane.api.values("configmaps")} == {"default"}
        assert plane.api.find("namespaces", "other") is None


def conditions_of(plane: BareControlPlane, namespace: str) -> dict[str, tuple[str, str]]:
    """{condition of a namespace: its status and message}."""
    conditions = plane.get("namespaces", namespace)["status"].get("conditions") or []
    return {row["type"]: (row["status"], row["message"]) for row in conditions}


async def test_a_namespace_says_what_keeps_it() -> None:
    async with controlled() as plane:
        plane.api.create("namespaces", {"metadata": {"name": "other"}})
        metadata = {"name": "m", "namespace": "other", "finalizers": ["x/y"]}
        held = plane.api.create("configmaps", {"metadata": metadata}).value
        await plane.settle()
        plane.api.delete("namespaces", "other")
        await plane.settle()
        conditions = conditions_of(plane, "other")
        assert conditions["NamespaceContentRemaining"] == (
            "True",
            "Some resources are remaining: configmaps. has 1 resource instances",
        )
        assert conditions["NamespaceFinalizersRemaining"] == (
            "True",
            "Some content in the namespace has finalizers remaining: x/y in 1 resource instances",
        )
        assert conditions["NamespaceDeletionContentFailure"][0] == "False"
        held = plane.api.get("configmaps", "m", "other")
        plane.api.update("configmaps", {**held, "metadata": {**held["metadata"], "finalizers": []}})
        await plane.settle()
        assert plane.api.find("namespaces", "other") is None


async def test_pods_leave_a_namespace_before_everything_else() -> None:
    async with controlled() as plane:
        plane.api.create("namespaces", {"metadata": {"name": "other"}})
        plane.api.create("configmaps", {"metadata": {"name": "m", "namespace": "other"}})
        plane.node("n1")
        spec = {"containers": [{"name": "main", "image": "x"}], "nodeName": "n1"}
        plane.api.create("pods", {"metadata": {"name": "p", "namespace": "other"}, "spec": spec})
        await plane.settle()
        plane.api.delete("namespaces", "other")
        await plane.settle()
        assert plane.api.find("configmaps", "m", "other") is not None
        assert conditions_of(plane, "other")["NamespaceDeletionContentFailure"][0] == "False"
        await plane.turn(31)
        status, why = conditions_of(plane, "other")["NamespaceDeletionContentFailure"]
        assert status == "True"
        assert why.endswith("unexpected items still remain in namespace: other for gvr: /v1, Resource=pods")
        plane.api.delete("pods", "p", "other", grace_s=0)
        await plane.settle()
        assert plane.api.find("namespaces", "other") is None


async def test_a_gated_pod_says_so_from_the_start() -> None:
    async with controlled() as plane:
        plane.pod("p", schedulingGates=[{"name": "example.com/hold"}])
        [condition] = plane.get("pods", "p")["status"]["conditions"]
        assert (condition["type"], condition["reason"]) == ("PodScheduled", "SchedulingGated")


async def test_pods_of_a_node_that_is_gone_are_removed() -> None:
    async with controlled() as plane:
        plane.node("n1")
        plane.pod("p")
        await plane.settle()
        plane.api.delete("nodes", "n1")
        await plane.turn(30)
        assert plane.place_of("p") == "n1"
        await plane.turn(15)
        assert plane.api.values("pods") == []
