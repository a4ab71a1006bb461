"""DaemonSets: a pod on each node that fits, and updates node by node."""

import pytest
from control_plane import controlled
from workload import (
    change,
    create,
    end_pods,
    images,
    play_kubelet,
    pods,
    rolled_out,
    template,
)


async def test_a_daemon_set_has_a_pod_on_each_node_that_fits() -> None:
    async with controlled() as plane:
        plane.node("n1", labels={"gpu": "yes"})
        plane.node("n2", labels={"gpu": "no"})
        plane.node("n3", labels={"gpu": "yes"}, spec={"taints": [{"key": "k", "effect": "NoSchedule"}]})
        plane.node("n4", labels={"gpu": "yes"}, spec={"unschedulable": True})
        create(plane, "daemonsets", template=template(nodeSelector={"gpu": "yes"}))
        await rolled_out(plane)
        assert {pod["spec"]["nodeName"] for pod in pods(plane)} == {"n1", "n4"}
        status = plane.get("daemonsets", "w")["status"]
        assert status == {
            **dict.fromkeys(("currentNumberScheduled", "desiredNumberScheduled", "numberReady"), 2),
            **dict.fromkeys(("updatedNumberScheduled", "numberAvailable"), 2),
            "numberMisscheduled": 0,
            "observedGeneration": 1,
        }
        plane.node("n5", labels={"gpu": "yes"})
        await rolled_out(plane)
        assert {pod["spec"]["nodeName"] for pod in pods(plane)} == {"n1", "n4", "n5"}
        node = plane.get("nodes", "n1")
        plane.api.update("nodes", {**node, "metadata": {**node["metadata"], "labels": {"gpu": "no"}}})
        await rolled_out(plane)
        assert {pod["spec"]["nodeName"] for pod in pods(plane)} == {"n4", "n5"}


@pytest.mark.parametrize(("surge", "unavailable"), [(0, 1), (1, 0), (0, "50%")])
async def test_a_daemon_set_is_updated_node_by_node(surge: int, unavailable: int | str) -> None:
    async with controlled() as plane:
        for number in range(4):
            plane.node(f"n{number}")
        rolling = {"maxSurge": surge, "maxUnavailable": unavailable}
        create(plane, "daemonsets", updateStrategy={"type": "RollingUpdate", "rollingUpdate": rolling})
        await rolled_out(plane)
        change(plane, "daemonsets", template=template("two"))
        missing = 2 if unavailable == "50%" else unavailable
        for _ in range(20):
            await plane.settle()
            alive = pods(plane)
            assert len(alive) <= 4 + surge
            assert sum(pod["status"]["phase"] == "Running" for pod in alive) >= 4 - int(missing)
            play_kubelet(plane)
        assert images(plane) == ["two"] * 4
        status = plane.get("daemonsets", "w")["status"]
        assert (status["updatedNumberScheduled"], status["observedGeneration"]) == (4, 2)
        revisions = sorted(
            (one["revision"], one["metadata"]["labels"]["controller-revision-hash"])
            for one in plane.api.values("controllerrevisions")
        )
        assert [number for number, _ in revisions] == [1, 2]
        assert {pod["metadata"]["labels"]["controller-revision-hash"] for pod in pods(plane)} == {
            revisions[1][1]
        }


async def test_a_daemon_pod_that_ends_is_replaced_later_and_later() -> None:
    async with controlled() as plane:
        plane.node("n1")
        create(plane, "daemonsets")
        await plane.settle()
        end_pods(plane, "Failed")
        await plane.settle()
        play_kubelet(plane)
        await plane.settle()
        assert "will try to kill it" in plane.events("FailedDaemonPod")[0]
        [again] = pods(plane)
        end_pods(plane, "Failed")
        await plane.settle()
        assert plane.get("pods", again["metadata"]["name"])["status"]["phase"] == "Failed"
        await plane.turn(2)
        assert [pod["status"]["phase"] for pod in pods(plane)] == ["Pending"]
