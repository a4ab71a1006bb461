"""NoExecute taints of nodes: which pods go, and when."""

from typing import Any

import pytest
from control_plane import BareControlPlane, controllers

from dra_api.objects import DeviceTaint, DeviceToleration, JsonObject
from kube_emulator.controllers.tainteviction import patience

SICK: DeviceTaint = {"key": "sick", "effect": "NoExecute"}
TOLERATED: DeviceToleration = {"key": "sick", "operator": "Exists"}


def taint(plane: BareControlPlane, *taints: DeviceTaint) -> None:
    node = plane.get("nodes", "n1")
    plane.api.update("nodes", {**node, "spec": {"taints": list(taints)}})


def bound(plane: BareControlPlane, name: str, *tolerations: Any) -> None:
    """A pod on the node; its finalizer keeps the object when it is deleted."""
    plane.pod(name, nodeName="n1", tolerations=list(tolerations), terminationGracePeriodSeconds=1)


def leaves(plane: BareControlPlane, name: str) -> bool:
    return bool(plane.get("pods", name)["metadata"].get("deletionTimestamp"))


def of_type(pod: JsonObject, kind: str) -> JsonObject:
    return next(one for one in pod["status"]["conditions"] if one["type"] == kind)


async def test_pods_that_do_not_tolerate_a_taint_are_evicted_and_say_why() -> None:
    async with BareControlPlane(controllers) as plane:
        plane.node("n1")
        bound(plane, "goes")
        bound(plane, "stays", TOLERATED)
        await plane.settle()
        taint(plane, {"key": "sick", "effect": "NoSchedule"})
        await plane.settle()
        assert not leaves(plane, "goes")
        taint(plane, SICK)
        await plane.settle()
        assert (leaves(plane, "goes"), leaves(plane, "stays")) == (True, False)
        assert of_type(plane.get("pods", "goes"), "DisruptionTarget")["reason"] == "DeletionByTaintManager"
        assert plane.events("TaintManagerEviction") == ["Marking for deletion Pod default/goes"]


async def test_a_pod_that_tolerates_a_taint_for_a_while_goes_then_unless_the_taint_goes_first() -> None:
    async with BareControlPlane(controllers) as plane:
        plane.node("n1")
        bound(plane, "p", {**TOLERATED, "effect": "NoExecute", "tolerationSeconds": 30})
        taint(plane, SICK)
        await plane.turn(20)
        taint(plane)
        await plane.settle()
        assert plane.events("TaintManagerEviction") == ["Cancelling deletion of Pod default/p"]
        taint(plane, SICK)
        await plane.turn(20)
        assert not leaves(plane, "p")
        await plane.turn(11)
        assert leaves(plane, "p")


@pytest.mark.parametrize(
    ("tolerations", "wanted"),
    [
        ([], 0.0),
        ([TOLERATED], None),
        ([{**TOLERATED, "tolerationSeconds": 9}, {**TOLERATED, "tolerationSeconds": 5}], 5.0),
        ([{**TOLERATED, "tolerationSeconds": -1}], 0.0),
        ([TOLERATED, {**TOLERATED, "tolerationSeconds": 5}], 5.0),
    ],
)
def test_the_shortest_toleration_counts(tolerations: list[DeviceToleration], wanted: float | None) -> None:
    assert patience([SICK], tolerations) == wanted
