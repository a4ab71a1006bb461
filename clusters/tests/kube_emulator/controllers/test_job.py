"""Jobs: pods that run to completion, and the status that clients wait for."""

from control_plane import controlled
from workload import (
    change,
    conditions,
    create,
    end_pods,
    play_kubelet,
    pods,
)

from kube_emulator.controllers.job_indexes import read, shown


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
