"""Where pods go, and what is said about those that go nowhere."""

from typing import Any

import pytest
from control_plane import DRIVER, World

from kube_emulator.apiserver.registry.api import Api
from kube_emulator.releases.release import V1_35
from kube_emulator.scheduler.binding import FINALIZER
from kube_emulator.scheduler.scheduler import run_scheduler

HOPELESS = "preemption: 0/{n} nodes are available: {n} Preemption is not helpful for scheduling."


def scheduled(*works: Any, **options: Any) -> World:
    """A world with a scheduler."""
    return World(run_scheduler, *works, **options)


async def test_a_pod_gets_its_device_and_a_node() -> None:
    async with scheduled() as world:
        world.device_class()
        world.node("n1")
        world.slice("n1", "a", "b")
        world.claim("c")
        world.pod("p", "c")
        await world.settle()
        claim = world.get("resourceclaims", "c")
        assert (world.place_of("p"), world.devices_of("c")) == ("n1", ["a"])
        assert claim["metadata"]["finalizers"] == [FINALIZER]
        assert [user["name"] for user in claim["status"]["reservedFor"]] == ["p"]
        assert claim["status"]["allocation"]["allocationTimestamp"]
        assert world.events("Scheduled") == ["Successfully assigned default/p to n1"]


async def test_two_pods_get_two_devices_and_the_third_waits() -> None:
    async with scheduled() as world:
        world.device_class()
        world.node("n1")
        world.slice("n1", "a", "b")
        for name in ("x", "y", "z"):
            world.claim(name)
            world.pod(name, name)
        await world.settle()
        assert [world.devices_of(name) for name in ("x", "y", "z")] == [["a"], ["b"], []]
        text = "0/1 nodes are available: 1 cannot allocate all claims. still not schedulable, "
        assert world.why("z") == text + HOPELESS.format(n=1)
        assert world.events("FailedScheduling") == [world.why("z")]


async def test_a_pod_that_waits_goes_when_devices_come() -> None:
    async with scheduled() as world:
        world.device_class()
        world.node("n1")
        world.claim("c")
        world.pod("p", "c")
        await world.settle()
        assert world.place_of("p") == ""
        world.slice("n1", "a")
        await world.settle()
        assert world.place_of("p") == "n1"


async def test_a_pod_that_waits_goes_when_devices_are_given_back() -> None:
    async with scheduled() as world:
        world.device_class()
        world.node("n1")
        world.slice("n1", "a")
        for name in ("x", "y"):
            world.claim(name)
            world.pod(name, name)
        await world.settle()
        world.status("resourceclaims", "x", allocation=None, reservedFor=[])
        await world.settle()
        assert world.place_of("y") == "n1"


async def test_pods_alike_wait_together_and_go_one_by_one() -> None:
    async with scheduled() as world:
        world.device_class()
        world.node("n1")
        for number in range(4):
            world.claim(f"c{number}")
            world.pod(f"p{number}", f"c{number}")
        await world.settle()
        assert len({world.why(f"p{number}") for number in range(4)}) == 1
        world.slice("n1", "a", "b")
        await world.settle()
        assert [world.place_of(f"p{number}") for number in range(4)] == ["n1", "n1", "", ""]


async def test_pods_share_a_claim() -> None:
    async with scheduled() as world:
        world.device_class()
        world.node("n1")
        world.slice("n1", "a")
        world.claim("c")
        world.pod("x", "c")
        world.pod("y", "c")
        await world.settle()
        assert (world.place_of("x"), world.place_of("y")) == ("n1", "n1")
        assert len(world.get("resourceclaims", "c")["status"]["reservedFor"]) == 2


async def test_a_pod_follows_its_allocated_claim_to_its_node() -> None:
    async with scheduled() as world:
        world.device_class()
        for node in ("n1", "n2"):
            world.node(node, labels={"zone": node})
        world.slice("n2", "a")
        world.claim("c")
        world.pod("x", "c")
        await world.settle()
        world.pod("y", "c", nodeSelector={"zone": "n1"})
        await world.settle()
        assert world.place_of("x") == "n2"
        assert "1 node(s) didn't match Pod's node affinity/selector" in world.why("y")
        assert "1 resourceclaim not available on the node" in world.why("y")


async def test_an_idle_claim_in_the_way_is_taken_back() -> None:
    async with scheduled() as world:
        world.device_class()
        for node in ("n1", "n2"):
            world.node(node, labels={"zone": node})
            world.slice(node, "a")
        world.claim("c")
        world.pod("x", "c", nodeSelector={"zone": "n1"})
        await world.settle()
        world.status("resourceclaims", "c", reservedFor=[])
        world.pod("y", "c", nodeSelector={"zone": "n2"})
        await world.settle()
        assert world.place_of("y") == "n2"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("missing", 'resourceclaim.resource.k8s.io "missing" not found'),
        ("going", 'resourceclaim "going" is being deleted'),
    ],
)
async def test_a_claim_that_is_not_there_is_waited_for(name: str, reason: str) -> None:
    async with scheduled() as world:
        world.node("n1")
        world.claim("going")
        metadata = world.get("resourceclaims", "going")["metadata"]
        world.api.update(
            "resourceclaims",
            {**world.get("resourceclaims", "going"), "metadata": {**metadata, "finalizers": ["x/y"]}},
        )
        world.api.delete("resourceclaims", "going", "default")
        world.pod("p", name)
        await world.settle()
        assert world.why("p") == f"0/1 nodes are available: {reason}."


async def test_a_pod_goes_when_its_claim_appears() -> None:
    async with scheduled() as world:
        world.device_class()
        world.node("n1")
        world.slice("n1", "a")
        world.pod("p", "c")
        await world.settle()
        world.claim("c")
        await world.settle()
        assert world.place_of("p") == "n1"


async def test_a_class_that_does_not_exist_is_told() -> None:
    async with scheduled() as world:
        world.node("n1")
        world.slice("n1", "a")
        world.claim("c", deviceClassName="later")
        world.pod("p", "c")
        await world.settle()
        text = (
            "0/1 nodes are available: request r: device class later does not exist. still not schedulable, "
        )
        assert world.why("p") == text + HOPELESS.format(n=1)
        world.device_class("later")
        await world.settle()
        assert world.place_of("p") == "n1"


async def test_a_selector_that_fails_stops_the_attempt_and_is_tried_again_later() -> None:
    async with scheduled() as world:
        world.device_class()
        world.node("n1")
        world.slice("n1", "a")
        expression = f'device.attributes["{DRIVER}"].missing'
        world.claim("c", selectors=[{"cel": {"expression": expression}}])
        world.pod("p", "c")
        await world.settle()
        assert world.why("p").startswith(
            'running "DynamicResources" filter plugin: claim default/c: selector #0'
        )
        item = world.get("resourceslices", "slice-n1")
        device = {"name": "a", "attributes": {"missing": {"bool": True}}}
        world.api.update("resourceslices", {**item, "spec": {**item["spec"], "devices": [device]}})
        await world.turn(2)
        assert world.place_of("p") == "n1"


async def test_no_node_is_no_place() -> None:
    async with scheduled() as world:
        world.pod("p")
        await world.settle()
        assert world.why("p") == "no nodes available to schedule pods"


async def test_alternatives_decide_between_nodes() -> None:
    async with scheduled() as world:
        world.device_class()
        for node, size in (("n1", 1), ("n2", 2)):
            world.node(node)
            world.slice(node, {"name": "a", "attributes": {"size": {"int": size}}})
        subs = [
            {
                "name": f"s{size}",
                "deviceClassName": "any",
                "selectors": [{"cel": {"expression": f'device.attributes["{DRIVER}"].size == {size}'}}],
            }
            for size in (2, 1)
        ]
        spec = {"devices": {"requests": [{"name": "r", "firstAvailable": subs}]}}
        world.api.create("resourceclaims", {"metadata": {"name": "c", "namespace": "default"}, "spec": spec})
        world.pod("p", "c")
        await world.settle()
        assert world.place_of("p") == "n2"


@pytest.mark.parametrize(
    ("node", "pod", "reason"),
    [
        ({"spec": {"unschedulable": True}}, {}, "node(s) were unschedulable"),
        (
            {"spec": {"taints": [{"key": "k", "effect": "NoSchedule"}]}},
            {},
            "node(s) had untolerated taint(s)",
        ),
        ({}, {"nodeSelector": {"a": "b"}}, "node(s) didn't match Pod's node affinity/selector"),
        ({"allocatable": {"cpu": "1"}}, {"resources": {"requests": {"cpu": "1100m"}}}, "Insufficient cpu"),
        (
            {"allocatable": {"memory": "1Gi"}},
            {"resources": {"requests": {"memory": "2Gi"}}},
            "Insufficient memory",
        ),
        ({"allocatable": {"pods": "0"}}, {}, "Too many pods"),
        ({}, {"resources": {"limits": {"example.com/gpu": 1}}}, "Insufficient example.com/gpu"),
    ],
)
async def test_nodes_refuse_for_other_reasons(node: dict[str, Any], pod: dict[str, Any], reason: str) -> None:
    async with scheduled() as world:
        world.node("n1", **node)
        world.pod("p", **pod)
        await world.settle()
        assert world.why("p").startswith(
            f"0/1 nodes are available: 1 {reason}. no new claims to deallocate, "
        )


async def test_what_pods_ask_for_adds_up() -> None:
    async with scheduled() as world:
        world.node("n1", allocatable={"cpu": "2"})
        for name in ("x", "y", "z"):
            world.pod(name, resources={"requests": {"cpu": "1"}})
        await world.settle()
        assert [world.place_of(name) for name in ("x", "y", "z")] == ["n1", "n1", ""]
        world.status("pods", "x", phase="Succeeded")
        await world.settle()
        assert world.place_of("z") == "n1"


async def test_a_node_that_comes_back_takes_pods() -> None:
    async with scheduled() as world:
        world.node("n1", spec={"unschedulable": True})
        world.pod("p")
        await world.settle()
        world.api.update("nodes", {**world.get("nodes", "n1"), "spec": {}})
        await world.settle()
        assert world.place_of("p") == "n1"


async def test_scheduling_gates_hold_a_pod() -> None:
    async with scheduled() as world:
        world.node("n1")
        world.pod("p", schedulingGates=[{"name": "example.com/wait"}])
        await world.settle()
        assert world.place_of("p") == ""
        assert world.why("p") == "Scheduling is blocked due to non-empty scheduling gates"
        pod = world.get("pods", "p")
        world.api.update("pods", {**pod, "spec": {**pod["spec"], "schedulingGates": []}})
        await world.settle()
        assert world.place_of("p") == "n1"


async def test_another_scheduler_s_pods_are_left_alone() -> None:
    async with scheduled() as world:
        world.node("n1")
        world.pod("p", schedulerName="mine")
        await world.settle()
        assert world.place_of("p") == ""


async def test_the_more_important_pod_goes_first() -> None:
    async with scheduled() as world:
        world.device_class()
        world.node("n1")
        for name, priority in (("low", 1), ("high", 9)):
            world.claim(name)
            world.pod(name, name, priority=priority)
        await world.settle()
        world.slice("n1", "a")
        await world.settle()
        assert (world.place_of("high"), world.place_of("low")) == ("n1", "")


CONDITIONAL = {"name": "a", "bindingConditions": ["ready"], "bindingFailureConditions": ["broken"]}


def tell_condition(world: World, kind: str) -> None:
    """The driver sets a condition of device a."""
    condition = {
        "type": kind,
        "status": "True",
        "reason": "Driver",
        "message": "",
        "lastTransitionTime": "2026-01-01T00:00:00Z",
    }
    world.status(
        "resourceclaims",
        "c",
        devices=[{"driver": DRIVER, "pool": "n1", "device": "a", "conditions": [condition]}],
    )


async def waiting_world(world: World) -> None:
    """A pod waits for the conditions of its device."""
    world.device_class()
    world.node("n1")
    world.slice("n1", CONDITIONAL)
    world.claim("c")
    world.pod("p", "c")
    await world.settle()
    assert (world.devices_of("c"), world.place_of("p")) == (["a"], "")
    assert world.events("BindingConditionsPending") == [
        "waiting for binding conditions for device on node n1"
    ]


async def test_a_pod_is_bound_when_its_devices_are_ready() -> None:
    async with scheduled() as world:
        await waiting_world(world)
        tell_condition(world, "ready")
        await world.turn(5)
        assert world.place_of("p") == "n1"


async def test_a_device_that_fails_is_given_back() -> None:
    async with scheduled() as world:
        await waiting_world(world)
        world.slice("n1-b", "b", nodeName="n1")
        await world.settle()
        tell_condition(world, "broken")
        await world.turn(5)
        await world.turn(2)
        assert (world.devices_of("c"), world.place_of("p")) == (["b"], "n1")


async def test_a_device_that_is_late_is_given_back() -> None:
    async with scheduled() as world:
        await waiting_world(world)
        world.slice("n1-b", "b", nodeName="n1")
        await world.turn(601)
        await world.turn(5)
        await world.turn(2)
        assert (world.devices_of("c"), world.place_of("p")) == (["b"], "n1")


async def test_an_extended_resource_comes_from_devices() -> None:
    async with scheduled() as world:
        world.device_class(extendedResourceName="example.com/gpu")
        world.node("n1")
        world.slice("n1", "a", "b", "c")
        world.pod("p", resources={"limits": {"example.com/gpu": 2}, "requests": {"cpu": "1"}})
        await world.settle()
        status = world.get("pods", "p")["status"]["extendedResourceClaimStatus"]
        claim = world.get("resourceclaims", status["resourceClaimName"])
        assert claim["metadata"]["generateName"] == "p-extended-resources-"
        assert claim["metadata"]["annotations"] == {"resource.kubernetes.io/extended-resource-claim": "true"}
        assert world.devices_of(status["resourceClaimName"]) == ["a", "b"]
        mapping = {
            "containerName": "main",
            "resourceName": "example.com/gpu",
            "requestName": "container-0-request-1",
        }
        assert status["requestMappings"] == [mapping]
        assert world.place_of("p") == "n1"


async def test_a_node_with_a_device_plugin_uses_that() -> None:
    async with scheduled() as world:
        world.device_class(extendedResourceName="example.com/gpu")
        world.node("n1", allocatable={"example.com/gpu": "1"})
        world.pod("p", resources={"limits": {"example.com/gpu": 1}})
        await world.settle()
        assert world.place_of("p") == "n1"
        assert "extendedResourceClaimStatus" not in world.get("pods", "p")["status"]


async def test_the_implicit_resource_of_a_class() -> None:
    async with scheduled() as world:
        world.device_class("gpu")
        world.node("n1")
        world.slice("n1", "a")
        world.pod("p", resources={"limits": {"deviceclass.resource.kubernetes.io/gpu": 1}})
        await world.settle()
        assert world.place_of("p") == "n1"


async def test_without_the_gate_extended_resources_are_only_the_nodes() -> None:
    async with scheduled(release=V1_35) as world:
        world.device_class(extendedResourceName="example.com/gpu")
        world.node("n1")
        world.slice("n1", "a")
        world.pod("p", resources={"limits": {"example.com/gpu": 1}})
        await world.settle()
        assert "1 Insufficient example.com/gpu" in world.why("p")


async def test_a_rule_keeps_pods_away_until_it_goes() -> None:
    async with scheduled() as world:
        world.device_class()
        world.node("n1")
        world.slice("n1", "a")
        spec = {"deviceSelector": {"driver": DRIVER}, "taint": {"key": "k", "effect": "NoSchedule"}}
        world.api.create("devicetaintrules", {"metadata": {"name": "broken"}, "spec": spec})
        world.claim("c")
        world.pod("p", "c")
        await world.settle()
        assert world.place_of("p") == ""
        world.api.delete("devicetaintrules", "broken")
        await world.settle()
        assert world.place_of("p") == "n1"


async def test_a_scheduler_that_starts_late_knows_what_is_there() -> None:
    world = scheduled()
    world.device_class()
    world.node("n1")
    world.slice("n1", "a")
    world.claim("c")
    world.pod("p", "c")
    async with world:
        await world.settle()
        assert isinstance(world.api, Api)
        assert world.place_of("p") == "n1"
