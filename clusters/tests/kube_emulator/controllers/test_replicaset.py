"""ReplicaSets: their pods and their status."""

from control_plane import controlled
from workload import (
    LABELS,
    change,
    conditions,
    create,
    named,
    play_kubelet,
    pods,
    rolled_out,
    template,
)


async def test_a_replica_set_keeps_its_pods_and_reports_them() -> None:
    async with controlled() as plane:
        plane.node("n1")
        create(plane, "replicasets", replicas=3)
        await plane.settle()
        assert len(pods(plane)) == 3
        owner = pods(plane)[0]["metadata"]["ownerReferences"][0]
        assert (owner["kind"], owner["name"], owner["controller"], owner["blockOwnerDeletion"]) == (
            *("ReplicaSet", "w", True, True),
        )
        await rolled_out(plane)
        status = plane.get("replicasets", "w")["status"]
        assert status == {
            **dict.fromkeys(("replicas", "fullyLabeledReplicas", "readyReplicas", "availableReplicas"), 3),
            "observedGeneration": 1,
        }
        plane.api.delete("pods", pods(plane)[0]["metadata"]["name"], "default", grace_s=0)
        await plane.settle()
        assert len(pods(plane)) == 3


async def test_a_replica_set_that_shrinks_deletes_what_does_not_run_first() -> None:
    async with controlled() as plane:
        plane.node("n1")
        create(plane, "replicasets", replicas=3)
        await plane.settle()
        ready = {pod["metadata"]["name"] for pod in pods(plane)[:2]}
        play_kubelet(plane, named(*ready))
        change(plane, "replicasets", replicas=2)
        await plane.settle()
        assert {pod["metadata"]["name"] for pod in pods(plane)} == ready


async def test_a_pod_without_a_controller_is_adopted_and_one_that_no_longer_matches_is_released() -> None:
    async with controlled() as plane:
        plane.node("n1")
        orphan = {
            "metadata": {"name": "orphan", "namespace": "default", "labels": LABELS},
            "spec": template()["spec"],
        }
        plane.api.create("pods", orphan)
        create(plane, "replicasets", replicas=1)
        await plane.settle()
        assert [pod["metadata"]["name"] for pod in pods(plane)] == ["orphan"]
        assert plane.get("pods", "orphan")["metadata"]["ownerReferences"][0]["name"] == "w"
        pod = plane.get("pods", "orphan")
        plane.api.update("pods", {**pod, "metadata": {**pod["metadata"], "labels": {}}})
        await plane.settle()
        assert "ownerReferences" not in plane.get("pods", "orphan")["metadata"]
        assert len(pods(plane)) == 2


async def test_a_pod_counts_as_available_after_its_time() -> None:
    async with controlled() as plane:
        plane.node("n1")
        create(plane, "replicasets", replicas=1, minReadySeconds=30)
        await rolled_out(plane)
        assert "availableReplicas" not in plane.get("replicasets", "w")["status"]
        await plane.turn(31)
        assert plane.get("replicasets", "w")["status"]["availableReplicas"] == 1


async def test_a_refused_pod_is_a_condition_and_an_event_of_its_replica_set() -> None:
    async with controlled() as plane:
        create(plane, "replicasets", replicas=0)
        item = plane.get("replicasets", "w")
        spec = {
            **item["spec"],
            "replicas": 1,
            "template": {**item["spec"]["template"], "spec": {"containers": []}},
        }
        plane.api.store.put("replicasets", {**item, "spec": spec})
        await plane.settle()
        assert conditions(plane.get("replicasets", "w"))["ReplicaFailure"] == ("True", "FailedCreate")
        assert "spec.containers" in plane.events("FailedCreate")[0]
