"""What the controllers do: claims of pods, evictions, garbage, namespaces and nodes that go."""

from typing import Any

import pytest
from control_plane import DRIVER, World, controllers

from kube_emulator.apiserver.registry.verbs.options import DeleteOptions
from kube_emulator.releases.release import V1_34
from kube_emulator.scheduler.binding import FINALIZER
from kube_emulator.scheduler.scheduler import run_scheduler

Object = dict[str, Any]


def controlled(**options: Any) -> World:
    """A world with controllers and a scheduler."""
    return World(controllers, run_scheduler, **options)


def template(world: World, name: str = "t", *, admin: bool = False) -> None:
    exactly = {"deviceClassName": "any"} | ({"adminAccess": True} if admin else {})
    spec = {
        "metadata": {"labels": {"a": "b"}},
        "spec": {"devices": {"requests": [{"name": "r", "exactly": exactly}]}},
    }
    world.api.create(
        "resourceclaimtemplates", {"metadata": {"name": name, "namespace": "default"}, "spec": spec}
    )


def templated(world: World, name: str, **spec: Any) -> None:
    world.pod(name, **spec, resourceClaims=[{"name": "gpu", "resourceClaimTemplateName": "t"}])


def furnish(world: World) -> None:
    world.device_class()
    world.node("n1")
    world.slice("n1", "a")


def claim_of(world: World, pod: str) -> Object:
    [status] = world.get("pods", pod)["status"]["resourceClaimStatuses"]
    return world.get("resourceclaims", status["resourceClaimName"])


async def test_a_claim_is_made_from_a_template() -> None:
    async with controlled() as world:
        furnish(world)
        template(world)
        templated(world, "p")
        await world.settle()
        metadata = claim_of(world, "p")["metadata"]
        assert metadata["generateName"] == "p-gpu-"
        assert metadata["annotations"] == {"resource.kubernetes.io/pod-claim-name": "gpu"}
        assert metadata["labels"] == {"a": "b"}
        [owner] = metadata["ownerReferences"]
        assert (owner["kind"], owner["name"], owner["controller"]) == ("Pod", "p", True)
        assert "blockOwnerDeletion" not in owner


async def test_a_claim_blocks_the_deletion_of_its_pod_in_1_34() -> None:
    async with controlled(release=V1_34) as world:
        furnish(world)
        template(world)
        templated(world, "p")
        await world.settle()
        [owner] = claim_of(world, "p")["metadata"]["ownerReferences"]
        assert owner["blockOwnerDeletion"] is True
        assert world.place_of("p") == "n1"


async def test_long_names_leave_room_for_the_random_part() -> None:
    async with controlled() as world:
        template(world)
        templated(world, "p" * 80)
        await world.settle()
        [claim] = world.api.values("resourceclaims")
        assert claim["metadata"]["generateName"] == "p" * 57 + "-"


async def test_a_missing_template_is_told_and_waited_for() -> None:
    async with controlled() as world:
        furnish(world)
        templated(world, "p")
        await world.settle()
        [message] = world.events("FailedResourceClaimCreation")
        assert message == 'PodResourceClaim gpu: resourceclaimtemplate.resource.k8s.io "t" not found'
        template(world)
        await world.settle()
        assert world.place_of("p") == "n1"


async def test_administrative_claims_need_the_label_of_the_namespace() -> None:
    async with controlled() as world:
        furnish(world)
        space = world.get("namespaces", "default")
        labels = {**space["metadata"]["labels"], "resource.kubernetes.io/admin-access": "true"}
        allowed = world.api.update(
            "namespaces", {**space, "metadata": {**space["metadata"], "labels": labels}}
        )
        template(world, admin=True)
        version = allowed.value["metadata"]["resourceVersion"]
        world.api.update(
            "namespaces", {**space, "metadata": {**space["metadata"], "resourceVersion": version}}
        )
        templated(world, "p")
        await world.settle()
        assert "admin access is requested" in world.events("FailedResourceClaimCreation")[0]
        assert world.api.values("resourceclaims") == []


@pytest.mark.parametrize("phase", ["Succeeded", "Failed"])
async def test_the_claim_of_a_pod_that_ended_goes_and_frees_its_device(phase: str) -> None:
    async with controlled() as world:
        furnish(world)
        template(world)
        templated(world, "x")
        await world.settle()
        templated(world, "y")
        await world.settle()
        assert world.place_of("y") == ""
        world.status("pods", "x", phase=phase)
        await world.settle()
        assert world.place_of("y") == "n1"
        assert [claim["metadata"]["generateName"] for claim in world.api.values("resourceclaims")] == [
            "y-gpu-"
        ]


async def test_a_claim_of_its_own_stays_without_allocation() -> None:
    async with controlled() as world:
        furnish(world)
        world.claim("c")
        world.pod("p", "c")
        await world.settle()
        assert world.devices_of("c") == ["a"]
        world.api.delete("pods", "p", "default", grace_s=0)
        await world.settle()
        claim = world.get("resourceclaims", "c")
        assert (claim["status"].get("allocation"), claim["status"].get("reservedFor")) == (None, None)
        assert FINALIZER not in claim["metadata"].get("finalizers", [])


async def test_a_claim_that_is_deleted_waits_for_its_pod() -> None:
    async with controlled() as world:
        furnish(world)
        world.claim("c")
        world.pod("p", "c")
        await world.settle()
        world.api.delete("resourceclaims", "c", "default")
        await world.settle()
        assert world.get("resourceclaims", "c")["metadata"]["deletionTimestamp"]
        world.status("pods", "p", phase="Succeeded")
        await world.settle()
        assert world.api.find("resourceclaims", "c", "default") is None


async def test_a_pod_of_the_same_name_is_another_pod() -> None:
    async with World(controllers) as world:
        world.claim("c")
        world.pod("p")
        user = {"resource": "pods", "name": "p", "uid": "another"}
        allocation = {
            "devices": {"results": [{"request": "r", "driver": DRIVER, "pool": "n1", "device": "a"}]}
        }
        world.status("resourceclaims", "c", allocation=allocation, reservedFor=[user])
        await world.settle()
        assert "reservedFor" not in world.get("resourceclaims", "c")["status"]


async def test_a_pod_bound_without_a_scheduler_reserves_its_claim() -> None:
    async with controlled() as world:
        furnish(world)
        world.claim("c")
        world.pod("x", "c")
        await world.settle()
        world.pod("y", "c", nodeName="n1")
        await world.settle()
        users = world.get("resourceclaims", "c")["status"]["reservedFor"]
        assert [user["name"] for user in users] == ["x", "y"]


def taint(world: World, **more: Any) -> None:
    item = world.get("resourceslices", "slice-n1")
    added = {"key": "broken", "effect": "NoExecute", "timeAdded": world.api.clock.stamp(), **more}
    devices = [{"name": "a", "taints": [added]}]
    world.api.update("resourceslices", {**item, "spec": {**item["spec"], "devices": devices}})


async def running(world: World, **exact: Any) -> None:
    furnish(world)
    world.claim("c", **exact)
    world.pod("p", "c")
    await world.settle()
    assert world.place_of("p") == "n1"


async def test_a_pod_leaves_a_device_with_a_taint() -> None:
    async with controlled() as world:
        await running(world)
        taint(world)
        await world.settle()
        pod = world.get("pods", "p")
        assert pod["metadata"]["deletionTimestamp"]
        [condition] = [c for c in pod["status"]["conditions"] if c["type"] == "DisruptionTarget"]
        assert (condition["status"], condition["reason"]) == ("True", "DeletionByDeviceTaintManager")
        assert world.events("DeviceTaintManagerEviction") == ["Marking for deletion"]


async def test_a_tolerated_taint_is_suffered_for_a_time() -> None:
    tolerations = [{"key": "broken", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 60}]
    async with controlled() as world:
        await running(world, tolerations=tolerations)
        taint(world)
        await world.turn(50)
        assert "deletionTimestamp" not in world.get("pods", "p")["metadata"]
        await world.turn(15)
        assert world.get("pods", "p")["metadata"]["deletionTimestamp"]


async def test_a_taint_that_goes_in_time_cancels_the_eviction() -> None:
    tolerations = [{"key": "broken", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 60}]
    async with controlled() as world:
        await running(world, tolerations=tolerations)
        taint(world)
        await world.turn(30)
        item = world.get("resourceslices", "slice-n1")
        world.api.update("resourceslices", {**item, "spec": {**item["spec"], "devices": [{"name": "a"}]}})
        await world.turn(60)
        assert "deletionTimestamp" not in world.get("pods", "p")["metadata"]
        assert "Cancelling deletion" in world.events("DeviceTaintManagerEviction")


@pytest.mark.parametrize(
    "toleration",
    [{"operator": "Exists"}, {"key": "broken", "operator": "Exists", "effect": "NoExecute"}],
)
async def test_a_toleration_without_end_lets_the_pod_stay(toleration: Object) -> None:
    async with controlled() as world:
        await running(world, tolerations=[toleration])
        taint(world)
        await world.turn(3600)
        assert "deletionTimestamp" not in world.get("pods", "p")["metadata"]


def rule(world: World, effect: str) -> None:
    spec = {
        "deviceSelector": {"driver": DRIVER},
        "taint": {"key": "k", "effect": effect, "timeAdded": world.api.clock.stamp()},
    }
    world.api.create("devicetaintrules", {"metadata": {"name": "rule"}, "spec": spec})


def progress(world: World) -> Object:
    [condition] = world.get("devicetaintrules", "rule")["status"]["conditions"]
    assert condition["type"] == "EvictionInProgress"
    return dict(condition)


async def test_a_rule_evicts_and_tells_how_far_it_is() -> None:
    async with controlled() as world:
        await running(world)
        rule(world, "NoExecute")
        await world.settle()
        assert world.get("pods", "p")["metadata"]["deletionTimestamp"]
        world.api.delete("pods", "p", "default", grace_s=0)
        await world.turn(11)
        condition = progress(world)
        assert (condition["status"], condition["reason"]) == ("False", "Completed")
        assert condition["message"] == "1 pod evicted since starting the controller."


async def test_a_rule_without_effect_tells_what_it_would_do() -> None:
    async with controlled() as world:
        await running(world)
        rule(world, "None")
        await world.settle()
        condition = progress(world)
        assert condition["reason"] == "NoEffect"
        assert condition["message"].startswith(
            "1 published device selected. 1 allocated device selected. 1 pod would be evicted in 1 namespace if"
        )


async def test_a_rule_of_another_effect_says_so() -> None:
    async with controlled() as world:
        rule(world, "NoSchedule")
        await world.settle()
        assert progress(world)["reason"] == "OtherEffect"


def mine(world: World) -> list[Object]:
    """The config maps that no controller made."""
    found: list[Object] = world.api.values("configmaps")
    return [item for item in found if item["metadata"]["name"] != "kube-root-ca.crt"]


def owned(world: World, name: str, owner: Object, **more: Any) -> None:
    reference = {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
    }
    metadata = {"name": name, "namespace": "default", "ownerReferences": [reference | more]}
    world.api.create("configmaps", {"metadata": metadata})


async def test_what_lost_its_owner_goes() -> None:
    async with controlled() as world:
        world.pod("p")
        owned(world, "m", world.get("pods", "p"))
        await world.settle()
        world.api.delete("pods", "p", "default")
        await world.settle()
        assert mine(world) == []


async def test_what_never_had_a_living_owner_goes() -> None:
    async with controlled() as world:
        owned(world, "m", {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "uid": "gone"}})
        await world.settle()
        assert mine(world) == []


async def test_an_owner_of_an_unknown_kind_is_let_alone() -> None:
    async with controlled() as world:
        owned(
            world, "m", {"apiVersion": "example.com/v1", "kind": "Foo", "metadata": {"name": "p", "uid": "u"}}
        )
        await world.settle()
        assert len(mine(world)) == 1


async def test_the_slices_of_a_node_go_with_it() -> None:
    async with controlled() as world:
        world.node("n1")
        world.slice("n1", "a")
        node, item = world.get("nodes", "n1"), world.get("resourceslices", "slice-n1")
        reference = {"apiVersion": "v1", "kind": "Node", "name": "n1", "uid": node["metadata"]["uid"]}
        world.api.update(
            "resourceslices", {**item, "metadata": {**item["metadata"], "ownerReferences": [reference]}}
        )
        await world.settle()
        world.api.delete("nodes", "n1")
        await world.settle()
        assert world.api.values("resourceslices") == []


async def test_foreground_deletion_waits_for_dependents_that_block() -> None:
    async with controlled() as world:
        world.api.create(
            "configmaps",
            {"metadata": {"name": "owner", "namespace": "default", "finalizers": ["foregroundDeletion"]}},
        )
        owned(world, "held", world.get("configmaps", "owner"), blockOwnerDeletion=True)
        held = world.get("configmaps", "held")
        world.api.update("configmaps", {**held, "metadata": {**held["metadata"], "finalizers": ["x/y"]}})
        world.api.delete("configmaps", "owner", "default")
        await world.settle()
        held = world.get("configmaps", "held")
        assert held["metadata"]["deletionTimestamp"]
        assert world.get("configmaps", "owner")
        world.api.update("configmaps", {**held, "metadata": {**held["metadata"], "finalizers": []}})
        await world.settle()
        assert mine(world) == []


async def test_orphans_are_let_free() -> None:
    async with controlled() as world:
        world.api.create(
            "configmaps", {"metadata": {"name": "owner", "namespace": "default", "finalizers": ["orphan"]}}
        )
        owned(world, "m", world.get("configmaps", "owner"))
        await world.settle()
        world.api.delete("configmaps", "owner", "default")
        await world.settle()
        [left] = mine(world)
        assert (left["metadata"]["name"], left["metadata"].get("ownerReferences")) == ("m", None)


async def test_references_to_dead_owners_are_taken_off() -> None:
    async with controlled() as world:
        world.pod("p")
        world.pod("q")
        await world.settle()
        owned(world, "m", world.get("pods", "p"))
        item, owner = world.get("configmaps", "m"), world.get("pods", "q")
        other = {"apiVersion": "v1", "kind": "Pod", "name": "q", "uid": owner["metadata"]["uid"]}
        owners = [*item["metadata"]["ownerReferences"], other]
        world.api.update("configmaps", {**item, "metadata": {**item["metadata"], "ownerReferences": owners}})
        world.api.delete("pods", "p", "default", grace_s=0)
        await world.settle()
        assert world.get("configmaps", "m")["metadata"]["ownerReferences"] == [other]


async def test_a_circle_of_owners_can_be_deleted_in_the_foreground() -> None:
    async with controlled() as world:
        world.api.create("configmaps", {"metadata": {"name": "a", "namespace": "default"}})
        owned(world, "b", world.get("configmaps", "a"), blockOwnerDeletion=True)
        first, second = world.get("configmaps", "a"), world.get("configmaps", "b")
        reference = {"apiVersion": "v1", "kind": "ConfigMap", "name": "b", "uid": second["metadata"]["uid"]}
        owners = [reference | {"blockOwnerDeletion": True}]
        world.api.update(
            "configmaps", {**first, "metadata": {**first["metadata"], "ownerReferences": owners}}
        )
        await world.settle()
        world.api.delete("configmaps", "a", "default", options=DeleteOptions(policy="Foreground"))
        await world.settle()
        assert mine(world) == []


async def test_an_object_of_the_cluster_with_an_owner_in_a_namespace_is_let_alone() -> None:
    async with controlled() as world:
        reference = {"apiVersion": "v1", "kind": "Pod", "name": "p", "uid": "u"}
        world.api.create("deviceclasses", {"metadata": {"name": "c", "ownerReferences": [reference]}})
        await world.settle()
        assert world.api.find("deviceclasses", "c") is not None


async def test_every_namespace_has_the_certificate_of_the_server() -> None:
    async with controlled() as world:
        world.api.create("namespaces", {"metadata": {"name": "other"}})
        await world.settle()
        found = world.api.get("configmaps", "kube-root-ca.crt", "other")
        world.api.update("configmaps", {**found, "data": {"ca.crt": "another"}})
        await world.settle()
        assert world.api.get("configmaps", "kube-root-ca.crt", "other")["data"] == {"ca.crt": "certificate"}


async def test_every_namespace_has_its_service_account() -> None:
    async with controlled() as world:
        world.api.create("namespaces", {"metadata": {"name": "other"}})
        await world.settle()
        world.api.delete("serviceaccounts", "default", "other")
        await world.settle()
        found = [account["metadata"]["namespace"] for account in world.api.values("serviceaccounts")]
        assert found == ["default", "other"]


async def test_a_namespace_takes_everything_with_it() -> None:
    async with controlled() as world:
        world.api.create("namespaces", {"metadata": {"name": "other"}})
        world.api.create("configmaps", {"metadata": {"name": "m", "namespace": "other"}})
        await world.settle()
        world.api.delete("namespaces", "other")
        await world.settle()
        assert {item["metadata"]["namespace"] for item in world.api.values("configmaps")} == {"default"}
        assert world.api.find("namespaces", "other") is None


def told(world: World, namespace: str) -> dict[str, tuple[str, str]]:
    """{condition of a namespace: its status and message}."""
    conditions = world.get("namespaces", namespace)["status"].get("conditions") or []
    return {row["type"]: (row["status"], row["message"]) for row in conditions}


async def test_a_namespace_says_what_keeps_it() -> None:
    async with controlled() as world:
        world.api.create("namespaces", {"metadata": {"name": "other"}})
        metadata = {"name": "m", "namespace": "other", "finalizers": ["x/y"]}
        held = world.api.create("configmaps", {"metadata": metadata}).value
        await world.settle()
        world.api.delete("namespaces", "other")
        await world.settle()
        conditions = told(world, "other")
        assert conditions["NamespaceContentRemaining"] == (
            "True",
            "Some resources are remaining: configmaps. has 1 resource instances",
        )
        assert conditions["NamespaceFinalizersRemaining"] == (
            "True",
            "Some content in the namespace has finalizers remaining: x/y in 1 resource instances",
        )
        assert conditions["NamespaceDeletionContentFailure"][0] == "False"
        held = world.api.get("configmaps", "m", "other")
        world.api.update("configmaps", {**held, "metadata": {**held["metadata"], "finalizers": []}})
        await world.settle()
        assert world.api.find("namespaces", "other") is None


async def test_pods_leave_a_namespace_before_everything_else() -> None:
    async with controlled() as world:
        world.api.create("namespaces", {"metadata": {"name": "other"}})
        world.api.create("configmaps", {"metadata": {"name": "m", "namespace": "other"}})
        world.node("n1")
        spec = {"containers": [{"name": "main", "image": "x"}], "nodeName": "n1"}
        world.api.create("pods", {"metadata": {"name": "p", "namespace": "other"}, "spec": spec})
        await world.settle()
        world.api.delete("namespaces", "other")
        await world.settle()
        assert world.api.find("configmaps", "m", "other") is not None
        assert told(world, "other")["NamespaceDeletionContentFailure"][0] == "False"
        await world.turn(31)
        status, why = told(world, "other")["NamespaceDeletionContentFailure"]
        assert status == "True"
        assert why.endswith("unexpected items still remain in namespace: other for gvr: /v1, Resource=pods")
        world.api.delete("pods", "p", "other", grace_s=0)
        await world.settle()
        assert world.api.find("namespaces", "other") is None


async def test_a_gated_pod_says_so_from_the_start() -> None:
    async with controlled() as world:
        world.pod("p", schedulingGates=[{"name": "example.com/hold"}])
        [condition] = world.get("pods", "p")["status"]["conditions"]
        assert (condition["type"], condition["reason"]) == ("PodScheduled", "SchedulingGated")


async def test_pods_of_a_node_that_is_gone_are_removed() -> None:
    async with controlled() as world:
        world.node("n1")
        world.pod("p")
        await world.settle()
        world.api.delete("nodes", "n1")
        await world.turn(30)
        assert world.place_of("p") == "n1"
        await world.turn(15)
        assert world.api.values("pods") == []
