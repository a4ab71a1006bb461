"""Taints of devices: which pods leave, and what a DeviceTaintRule reports."""

from typing import Any

import pytest
from control_plane import DRIVER, BareControlPlane, controlled

from dra_api.objects import JsonObject


def taint(plane: BareControlPlane, **more: Any) -> None:
    item = plane.get("resourceslices", "slice-n1")
    added = {"key": "broken", "effect": "NoExecute", "timeAdded": plane.api.clock.stamp(), **more}
    devices = [{"name": "a", "taints": [added]}]
    plane.api.update("resourceslices", {**item, "spec": {**item["spec"], "devices": devices}})


async def running(plane: BareControlPlane, **exact: Any) -> None:
    plane.one_device()
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
