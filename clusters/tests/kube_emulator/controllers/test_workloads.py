"""ReplicaSets, Deployments, DaemonSets and Jobs: their pods, and the status that clients wait for."""

from collections.abc import Callable
from typing import Any

import pytest
from control_plane import BareControlPlane, controllers

from dra_api.objects import JsonObject
from kube_emulator.controllers.job_indexes import read, shown
from kube_emulator.controllers.pod_control import amount
from kube_emulator.scheduler.scheduler import run_scheduler

LABELS = {"app": "a"}
READY = {"type": "Ready", "status": "True"}


def controlled() -> BareControlPlane:
    """A plane with controllers and a scheduler; tests are the kubelet."""
    return BareControlPlane(controllers, run_scheduler)


def template(image: str = "one", **spec: Any) -> JsonObject:
    return {"metadata": {"labels": LABELS}, "spec": {"containers": [{"name": "c", "image": image}], **spec}}


def create(plane: BareControlPlane, plural: str, name: str = "w", **spec: Any) -> JsonObject:
    """A workload; jobs choose their selector themselves."""
    own = {} if plural == "jobs" else {"selector": {"matchLabels": LABELS}}
    if plural == "jobs":
        spec = {"template": template(restartPolicy="Never"), **spec}
    item = {
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"template": template(), **own, **spec},
    }
    return plane.api.create(plural, item).value


def change(plane: BareControlPlane, plural: str, name: str = "w", **spec: Any) -> None:
    """Change members of a spec."""
    item = plane.get(plural, name)
    plane.api.update(plural, {**item, "spec": {**item["spec"], **spec}})


def pods(plane: BareControlPlane) -> list[JsonObject]:
    """The pods that are not being deleted."""
    return [pod for pod in plane.api.values("pods") if not pod["metadata"].get("deletionTimestamp")]


def images(plane: BareControlPlane) -> list[str]:
    """The images of all pods, those on their way out too."""
    return sorted(pod["spec"]["containers"][0]["image"] for pod in plane.api.values("pods"))


def everything(_: JsonObject) -> bool:
    return True


def named(*names: str) -> Callable[[JsonObject], bool]:
    """Chooses by name."""
    return lambda item: item["metadata"]["name"] in names


def play_kubelet(plane: BareControlPlane, which: Callable[[JsonObject], bool] = everything) -> None:
    """What kubelets do once: pods that WHICH chooses become ready, those being deleted go."""
    for pod in plane.api.values("pods"):
        name, status = pod["metadata"]["name"], pod["status"]
        if pod["metadata"].get("deletionTimestamp"):
            plane.api.delete("pods", name, "default", grace_s=0)
        elif status.get("phase") == "Pending" and which(pod):
            ready = READY | {"lastTransitionTime": plane.api.clock.stamp()}
            kept = [one for one in status.get("conditions") or [] if one["type"] != "Ready"]
            plane.status("pods", name, phase="Running", conditions=[*kept, ready])


async def rolled_out(plane: BareControlPlane) -> None:
    """Let kubelets and controllers work until nothing changes."""
    for _ in range(20):
        await plane.settle()
        play_kubelet(plane)
    await plane.settle()


def end_pods(plane: BareControlPlane, phase: str) -> None:
    for pod in pods(plane):
        if pod["status"]["phase"] not in ("Succeeded", "Failed"):
            plane.status("pods", pod["metadata"]["name"], phase=phase)


def conditions(item: JsonObject) -> dict[str, tuple[str, str]]:
    """{type: (status, reason)}."""
    return {one["type"]: (one["status"], one["reason"]) for one in item["status"].get("conditions") or []}


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


async def test_a_job_runs_to_completion() -> None:
    async with controlled() as plane:
        plane.node("n1")
        create(plane, "jobs", completions=3, parallelism=2)
        await plane.settle()
        assert len(pods(plane)) == 2
        assert plane.get("jobs", "w")["status"]["active"] == 2
        end_pods(plane, "Succeeded")
        await plane.settle()
        end_pods(plane, "Succeeded")
        await plane.settle()
        found = plane.get("jobs", "w")["status"]
        assert (found["succeeded"], found.get("active"), found["ready"]) == (3, None, 0)
        assert conditions(plane.get("jobs", "w")) == dict.fromkeys(
            ("SuccessCriteriaMet", "Complete"), ("True", "CompletionsReached")
        )
        assert found["completionTime"]
        assert plane.events("Completed") == ["Job completed"]
        assert len(plane.api.values("pods")) == 3
        assert not any(pod["metadata"].get("finalizers") for pod in plane.api.values("pods"))


async def test_a_job_tries_again_later_and_gives_up_after_its_limit() -> None:
    async with controlled() as plane:
        plane.node("n1")
        create(plane, "jobs", backoffLimit=1)
        await plane.settle()
        end_pods(plane, "Failed")
        await plane.settle()
        assert len(plane.api.values("pods")) == 1
        await plane.turn(11)
        assert len(plane.api.values("pods")) == 2
        end_pods(plane, "Failed")
        await plane.settle()
        found = plane.get("jobs", "w")
        assert found["status"]["failed"] == 2
        assert conditions(found) == dict.fromkeys(
            ("FailureTarget", "Failed"), ("True", "BackoffLimitExceeded")
        )


async def test_a_pod_of_a_job_that_somebody_deletes_is_counted_and_replaced() -> None:
    async with controlled() as plane:
        plane.node("n1")
        create(plane, "jobs")
        await plane.settle()
        [pod] = pods(plane)
        plane.api.delete("pods", pod["metadata"]["name"], "default", grace_s=0)
        await plane.settle()
        assert plane.get("jobs", "w")["status"]["failed"] == 1
        await plane.turn(11)
        assert [one["metadata"]["name"] != pod["metadata"]["name"] for one in pods(plane)] == [True]


async def test_an_indexed_job_gives_each_pod_its_index() -> None:
    async with controlled() as plane:
        plane.node("n1")
        create(plane, "jobs", completions=3, parallelism=3, completionMode="Indexed")
        await plane.settle()
        seen = {
            pod["metadata"]["annotations"]["batch.kubernetes.io/job-completion-index"]: pod
            for pod in pods(plane)
        }
        assert sorted(seen) == ["0", "1", "2"]
        assert seen["1"]["spec"]["hostname"] == "w-1"
        assert [one["name"] for one in seen["1"]["spec"]["containers"][0]["env"]] == ["JOB_COMPLETION_INDEX"]
        for index in ("0", "2"):
            plane.status("pods", seen[index]["metadata"]["name"], phase="Succeeded")
        await plane.settle()
        assert plane.get("jobs", "w")["status"]["completedIndexes"] == "0,2"


async def test_a_job_ends_at_its_deadline_and_goes_after_its_time() -> None:
    async with controlled() as plane:
        plane.node("n1")
        create(plane, "jobs", activeDeadlineSeconds=30, ttlSecondsAfterFinished=60)
        await plane.settle()
        await plane.turn(31)
        assert conditions(plane.get("jobs", "w")) == {"FailureTarget": ("True", "DeadlineExceeded")}
        play_kubelet(plane)
        await plane.settle()
        assert conditions(plane.get("jobs", "w"))["Failed"] == ("True", "DeadlineExceeded")
        await plane.turn(61)
        assert plane.api.find("jobs", "w", "default") is None


async def test_a_suspended_job_has_no_pods_and_counts_none_as_failed() -> None:
    async with controlled() as plane:
        plane.node("n1")
        create(plane, "jobs")
        await plane.settle()
        change(plane, "jobs", suspend=True)
        await plane.settle()
        assert pods(plane) == []
        found = plane.get("jobs", "w")
        assert conditions(found)["Suspended"] == ("True", "JobSuspended")
        assert ("startTime" in found["status"], "failed" in found["status"]) == (False, False)
        change(plane, "jobs", suspend=False)
        await plane.settle()
        assert len(pods(plane)) == 1


def test_indexes_are_written_as_ranges_and_read_again() -> None:
    assert shown([7, 3, 4, 1, 5]) == "1,3-5,7"
    assert read("1,3-5,7", 6) == {1, 3, 4, 5}
