"""Where pods go, and what is said about those that go nowhere."""

from typing import Any

import pytest
from control_plane import DRIVER
from scheduled import scheduled

from kube_emulator.apiserver.registry.api import Api
from kube_emulator.scheduler.binding import FINALIZER

HOPELESS = "preemption: 0/{n} nodes are available: {n} Preemption is not helpful for scheduling."


async def test_a_pod_gets_its_device_and_a_node() -> None:
    async with scheduled() as plane:
        plane.device_class()
        plane.node("n1")
        plane.slice("n1", "a", "b")
        plane.claim("c")
        plane.pod("p", "c")
        await plane.settle()
        claim = plane.get("resourceclaims", "c")
        assert (plane.place_of("p"), plane.devices_of("c")) == ("n1", ["a"])
        assert claim["metadata"]["finalizers"] == [FINALIZER]
        assert [user["name"] for user in claim["status"]["reservedFor"]] == ["p"]
        assert claim["status"]["allocation"]["allocationTimestamp"]
        assert plane.events("Scheduled") == ["Successfully assigned default/p to n1"]


async def test_two_pods_get_two_devices_and_the_third_waits() -> None:
    async with scheduled() as plane:
        plane.device_class()
        plane.node("n1")
        plane.slice("n1", "a", "b")
        for name in ("x", "y", "z"):
            plane.claim(name)
            plane.pod(name, name)
        await plane.settle()
        assert [plane.devices_of(name) for name in ("x", "y", "z")] == [["a"], ["b"], []]
        text = "0/1 nodes are available: 1 cannot allocate all claims. still not schedulable, "
        assert plane.why("z") == text + HOPELESS.format(n=1)
        assert plane.events("FailedScheduling") == [plane.why("z")]


async def test_a_pod_that_waits_goes_when_devices_come() -> None:
    async with scheduled() as plane:
        plane.device_class()
        plane.node("n1")
        plane.claim("c")
        plane.pod("p", "c")
        await plane.settle()
        assert plane.place_of("p") == ""
        plane.slice("n1", "a")
        await plane.settle()
        assert plane.place_of("p") == "n1"


async def test_a_pod_that_waits_goes_when_devices_are_given_back() -> None:
    async with scheduled() as plane:
        plane.device_class()
        plane.node("n1")
        plane.slice("n1", "a")
        for name in ("x", "y"):
            plane.claim(name)
            plane.pod(name, name)
        await plane.settle()
        plane.status("resourceclaims", "x", allocation=None, reservedFor=[])
        await plane.settle()
        assert plane.place_of("y") == "n1"


async def test_pods_alike_wait_together_and_go_one_by_one() -> None:
    async with scheduled() as plane:
        plane.device_class()
        plane.node("n1")
        for number in range(4):
            plane.claim(f"c{number}")
            plane.pod(f"p{number}", f"c{number}")
        await plane.settle()
        assert len({plane.why(f"p{number}") for number in range(4)}) == 1
        plane.slice("n1", "a", "b")
        await plane.settle()
        assert [plane.place_of(f"p{number}") for number in range(4)] == ["n1", "n1", "", ""]


async def test_pods_share_a_claim() -> None:
    async with scheduled() as plane:
        plane.device_class()
        plane.node("n1")
        plane.slice("n1", "a")
        plane.claim("c")
        plane.pod("x", "c")
        plane.pod("y", "c")
        await plane.settle()
        assert (plane.place_of("x"), plane.place_of("y")) == ("n1", "n1")
        assert len(plane.get("resourceclaims", "c")["status"]["reservedFor"]) == 2


async def test_a_pod_follows_its_allocated_claim_to_its_node() -> None:
    async with scheduled() as plane:
        plane.device_class()
        for node in ("n1", "n2"):
            plane.node(node, labels={"zone": node})
        plane.slice("n2", "a")
        plane.claim("c")
        plane.pod("x", "c")
        await plane.settle()
        plane.pod("y", "c", nodeSelector={"zone": "n1"})
        await plane.settle()
        assert plane.place_of("x") == "n2"
        assert "1 node(s) didn't match Pod's node affinity/selector" in plane.why("y")
        assert "1 resourceclaim not available on the node" in plane.why("y")


async def test_an_idle_claim_in_the_way_is_taken_back() -> None:
    async with scheduled() as plane:
        plane.device_class()
        for node in ("n1", "n2"):
            plane.node(node, labels={"zone": node})
            plane.slice(node, "a")
        plane.claim("c")
        plane.pod("x", "c", nodeSelector={"zone": "n1"})
        await plane.settle()
        plane.status("resourceclaims", "c", reservedFor=[])
        plane.pod("y", "c", nodeSelector={"zone": "n2"})
        await plane.settle()
        assert plane.place_of("y") == "n2"


@pytest.mark.parametrize("name", ["missing", "going"])
async def test_a_pod_whose_claim_is_not_there_is_not_attempted(name: str) -> None:
    async with scheduled() as plane:
        plane.node("n1")
        plane.claim("going")
        metadata = plane.get("resourceclaims", "going")["metadata"]
        plane.api.update(
            "resourceclaims",
            {**plane.get("resourceclaims", "going"), "metadata": {**metadata, "finalizers": ["x/y"]}},
        )
        plane.api.delete("resourceclaims", "going", "default")
        plane.pod("p", name)
        plane.pod("later")
        await plane.settle()
        assert plane.place_of("later") == "n1"
        assert (plane.place_of("p"), plane.why("p"), plane.events("FailedScheduling")) == ("", "", [])


async def test_a_pod_goes_when_its_claim_appears() -> None:
    async with scheduled() as plane:
        plane.device_class()
        plane.node("n1")
        plane.slice("n1", "a")
        plane.pod("p", "c")
        await plane.settle()
        plane.claim("c")
        await plane.settle()
        assert plane.place_of("p") == "n1"


async def test_a_class_that_does_not_exist_is_the_reason() -> None:
    async with scheduled() as plane:
        plane.node("n1")
        plane.slice("n1", "a")
        plane.claim("c", deviceClassName="later")
        plane.pod("p", "c")
        await plane.settle()
        text = (
            "0/1 nodes are available: request r: device class later does not exist. still not schedulable, "
        )
        assert plane.why("p") == text + HOPELESS.format(n=1)
        plane.device_class("later")
        await plane.settle()
        assert plane.place_of("p") == "n1"


async def test_a_selector_that_fails_stops_the_attempt_and_is_tried_again_later() -> None:
    async with scheduled() as plane:
        plane.device_class()
        plane.node("n1")
        plane.slice("n1", "a")
        expression = f'device.attributes["{DRIVER}"].missing'
        plane.claim("c", selectors=[{"cel": {"expression": expression}}])
        plane.pod("p", "c")
        await plane.settle()
        assert plane.why("p").startswith(
            'running "DynamicResources" filter plugin: claim default/c: selector #0'
        )
        item = plane.get("resourceslices", "slice-n1")
        device = {"name": "a", "attributes": {"missing": {"bool": True}}}
        plane.api.update("resourceslices", {**item, "spec": {**item["spec"], "devices": [device]}})
        await plane.turn(2)
        assert plane.place_of("p") == "n1"


async def test_no_node_is_no_place() -> None:
    async with scheduled() as plane:
        plane.pod("p")
        await plane.settle()
        assert plane.why("p") == "no nodes available to schedule pods"


async def test_alternatives_decide_between_nodes() -> None:
    async with scheduled() as plane:
        plane.device_class()
        for node, size in (("n1", 1), ("n2", 2)):
            plane.node(node)
            plane.slice(node, {"name": "a", "attributes": {"size": {"int": size}}})
        subs = [
            {
                "name": f"s{size}",
                "deviceClassName": "any",
                "selectors": [{"cel": {"expression": f'device.attributes["{DRIVER}"].size == {size}'}}],
            }
            for size in (2, 1)
        ]
        spec = {"devices": {"requests": [{"name": "r", "firstAvailable": subs}]}}
        plane.api.create("resourceclaims", {"metadata": {"name": "c", "namespace": "default"}, "spec": spec})
        plane.pod("p", "c")
        await plane.settle()
        assert plane.place_of("p") == "n2"


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
    async with scheduled() as plane:
        plane.node("n1", **node)
        plane.pod("p", **pod)
        await plane.settle()
        assert plane.why("p").startswith(
            f"0/1 nodes are available: 1 {reason}. no new claims to deallocate, "
        )


async def test_what_pods_ask_for_adds_up() -> None:
    async with scheduled() as plane:
        plane.node("n1", allocatable={"cpu": "2"})
        for name in ("x", "y", "z"):
            plane.pod(name, resources={"requests": {"cpu": "1"}})
        await plane.settle()
        assert [plane.place_of(name) for name in ("x", "y", "z")] == ["n1", "n1", ""]
        plane.status("pods", "x", phase="Succeeded")
        await plane.settle()
        assert plane.place_of("z") == "n1"


async def test_a_node_that_returns_takes_pods() -> None:
    async with scheduled() as plane:
        plane.node("n1", spec={"unschedulable": True})
        plane.pod("p")
        await plane.settle()
        plane.api.update("nodes", {**plane.get("nodes", "n1"), "spec": {}})
        await plane.settle()
        assert plane.place_of("p") == "n1"


async def test_scheduling_gates_hold_a_pod() -> None:
    async with scheduled() as plane:
        plane.node("n1")
        plane.pod("p", schedulingGates=[{"name": "example.com/wait"}])
        await plane.settle()
        assert plane.place_of("p") == ""
        assert plane.why("p") == "Scheduling is blocked due to non-empty scheduling gates"
        pod = plane.get("pods", "p")
        plane.api.update("pods", {**pod, "spec": {**pod["spec"], "schedulingGates": []}})
        await plane.settle()
        assert plane.place_of("p") == "n1"


async def test_another_scheduler_s_pods_are_left_alone() -> None:
    async with scheduled() as plane:
        plane.node("n1")
        plane.pod("p", schedulerName="mine")
        await plane.settle()
        assert plane.place_of("p") == ""


async def test_the_more_important_pod_goes_first() -> None:
    async with scheduled() as plane:
        plane.device_class()
        plane.node("n1")
        for name, priority in (("low", 1), ("high", 9)):
            plane.claim(name)
            plane.pod(name, name, priority=priority)
        await plane.settle()
        plane.slice("n1", "a")
        await plane.settle()
        assert (plane.place_of("high"), plane.place_of("low")) == ("n1", "")


async def test_a_rule_keeps_pods_away_until_it_goes() -> None:
    async with scheduled() as plane:
        plane.device_class()
        plane.node("n1")
        plane.slice("n1", "a")
        spec = {"deviceSelector": {"driver": DRIVER}, "taint": {"key": "k", "effect": "NoSchedule"}}
        plane.api.create("devicetaintrules", {"metadata": {"name": "broken"}, "spec": spec})
        plane.claim("c")
        plane.pod("p", "c")
        await plane.settle()
        assert plane.place_of("p") == ""
        plane.api.delete("devicetaintrules", "broken")
        await plane.settle()
        assert plane.place_of("p") == "n1"


async def test_a_scheduler_that_starts_late_knows_what_is_there() -> None:
    plane = scheduled()
    plane.device_class()
    plane.node("n1")
    plane.slice("n1", "a")
    plane.claim("c")
    plane.pod("p", "c")
    async with plane:
        await plane.settle()
        assert isinstance(plane.api, Api)
        assert plane.place_of("p") == "n1"
