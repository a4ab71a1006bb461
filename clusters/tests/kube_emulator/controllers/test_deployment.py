"""Deployments: their ReplicaSets, how they roll out, and the status that clients wait for."""

import pytest
from control_plane import controlled
from workload import (
    change,
    conditions,
    create,
    images,
    named,
    play_kubelet,
    pods,
    rolled_out,
    template,
)

from kube_emulator.controllers.pod_control import amount


async def test_a_deployment_rolls_out_and_says_so() -> None:
    async with controlled() as plane:
        plane.node("n1")
        create(plane, "deployments", replicas=2)
        await plane.settle()
        [made] = plane.api.values("replicasets")
        assert made["metadata"]["labels"].keys() == {"app", "pod-template-hash"}
        assert conditions(plane.get("deployments", "w")) == {
            "Available": ("False", "MinimumReplicasUnavailable"),
            "Progressing": ("True", "ReplicaSetUpdated"),
        }
        await rolled_out(plane)
        found = plane.get("deployments", "w")
        counts = ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas")
        assert [found["status"].get(name) for name in counts] == [2] * 4
        assert found["status"]["observedGeneration"] == found["metadata"]["generation"]
        assert conditions(found) == {
            "Available": ("True", "MinimumReplicasAvailable"),
            "Progressing": ("True", "NewReplicaSetAvailable"),
        }
        assert plane.events("ScalingReplicaSet") == [
            f"Scaled up replica set {made['metadata']['name']} from 0 to 2"
        ]


@pytest.mark.parametrize(("surge", "unavailable"), [(1, 0), (0, 1), ("25%", "25%"), (2, 2)])
async def test_a_rolling_update_keeps_within_its_limits(surge: int | str, unavailable: int | str) -> None:
    async with controlled() as plane:
        plane.node("n1")
        rolling = {"maxSurge": surge, "maxUnavailable": unavailable}
        create(plane, "deployments", replicas=4, strategy={"type": "RollingUpdate", "rollingUpdate": rolling})
        await rolled_out(plane)
        change(plane, "deployments", template=template("two"))
        most, least = 4 + amount(surge, 4, up=True), 4 - amount(unavailable, 4, up=False)
        for _ in range(30):
            await plane.settle()
            alive = pods(plane)
            assert len(alive) <= most
            assert sum(pod["status"]["phase"] == "Running" for pod in alive) >= least
            waiting = [pod["metadata"]["name"] for pod in alive if pod["status"]["phase"] == "Pending"]
            play_kubelet(plane, named(*waiting[:1]))
        assert images(plane) == ["two"] * 4
        assert conditions(plane.get("deployments", "w"))["Progressing"] == ("True", "NewReplicaSetAvailable")
        assert (
            plane.get("deployments", "w")["metadata"]["annotations"]["deployment.kubernetes.io/revision"]
            == "2"
        )


async def test_recreate_has_no_two_templates_at_once() -> None:
    async with controlled() as plane:
        plane.node("n1")
        create(plane, "deployments", replicas=2, strategy={"type": "Recreate"})
        await rolled_out(plane)
        change(plane, "deployments", template=template("two"))
        await plane.settle()
        assert images(plane) == ["one", "one"]
        play_kubelet(plane)
        await plane.settle()
        assert images(plane) == ["two", "two"]


async def test_an_undo_takes_the_old_replica_set_with_a_new_revision() -> None:
    async with controlled() as plane:
        plane.node("n1")
        create(plane, "deployments", replicas=1)
        await rolled_out(plane)
        [first] = plane.api.values("replicasets")
        change(plane, "deployments", template=template("two"))
        await rolled_out(plane)
        change(plane, "deployments", template=template("one"))
        await rolled_out(plane)
        assert images(plane) == ["one"]
        again = plane.get("replicasets", first["metadata"]["name"])
        marks = again["metadata"]["annotations"]
        assert marks["deployment.kubernetes.io/revision"] == "3"
        assert marks["deployment.kubernetes.io/revision-history"] == "1"
        assert len(plane.api.values("replicasets")) == 2


async def test_old_replica_sets_beyond_the_limit_go() -> None:
    async with controlled() as plane:
        plane.node("n1")
        create(plane, "deployments", replicas=1, revisionHistoryLimit=1)
        for image in ("one", "two", "three", "four"):
            change(plane, "deployments", template=template(image))
            await rolled_out(plane)
        assert len(plane.api.values("replicasets")) == 2


async def test_a_rollout_that_stands_still_is_given_up_and_a_paused_one_waits() -> None:
    async with controlled() as plane:
        create(plane, "deployments", replicas=1, progressDeadlineSeconds=60)
        await plane.settle()
        await plane.turn(61)
        assert conditions(plane.get("deployments", "w"))["Progressing"] == (
            "False",
            "ProgressDeadlineExceeded",
        )
        create(plane, "deployments", "p", replicas=1, paused=True)
        await plane.settle()
        assert conditions(plane.get("deployments", "p"))["Progressing"] == ("Unknown", "DeploymentPaused")
        assert len(plane.api.values("replicasets")) == 1


async def test_a_deployment_is_scaled_in_the_middle_of_a_rollout_in_proportion() -> None:
    async with controlled() as plane:
        plane.node("n1")
        rolling = {"maxSurge": 0, "maxUnavailable": 1}
        create(plane, "deployments", replicas=4, strategy={"type": "RollingUpdate", "rollingUpdate": rolling})
        await rolled_out(plane)
        change(plane, "deployments", template=template("two"))
        await plane.settle()
        play_kubelet(plane, named())
        change(plane, "deployments", replicas=8)
        await plane.settle()
        sizes = sorted(one["spec"]["replicas"] for one in plane.api.values("replicasets"))
        assert sizes == [2, 6]
