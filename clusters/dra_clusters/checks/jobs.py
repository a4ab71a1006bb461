"""What the controllers of Jobs do (pkg/controller/{job,ttlafterfinished}); behaviours write the status of pods as a kubelet would."""

from dra_clusters.checks.behaviour import behaviour
from dra_clusters.checks.client import eventually, same
from dra_clusters.checks.context import CheckContext
from dra_clusters.checks.garbage import gone
from dra_clusters.checks.workload import CONTROLLER, NEEDS, Workload


@behaviour("workloads/job-completes", CONTROLLER + "job/job_controller.go", needs=NEEDS)
def job_completes(context: CheckContext) -> None:
    """A Job counts the pods that succeed, takes its finalizer off them and is Complete when there are enough."""
    made = Workload(context, "jobs", completions=2, parallelism=1)
    [first] = made.pods(1)
    same(first["metadata"]["finalizers"], ["batch.kubernetes.io/job-tracking"], "finalizers")
    same(first["metadata"]["labels"]["batch.kubernetes.io/job-name"], made.name, "label of a pod")
    made.set_status([first], phase="Succeeded")
    both = made.pods(2)
    made.set_status(
        [pod for pod in both if pod["metadata"]["name"] != first["metadata"]["name"]], phase="Succeeded"
    )
    eventually(lambda: made.condition("Complete")[0] == "True", "the Job is complete")
    status = made.read()["status"]
    same((status["succeeded"], bool(status["completionTime"])), (2, True), "succeeded and completionTime")
    same({one["type"] for one in status["conditions"]}, {"SuccessCriteriaMet", "Complete"}, "conditions")
    eventually(lambda: not any(pod["metadata"].get("finalizers") for pod in made.pods(2)), "no finalizers")


@behaviour("workloads/job-gives-up", CONTROLLER + "job/job_controller.go", needs=NEEDS)
def job_gives_up(context: CheckContext) -> None:
    """A Job whose pods fail more often than its backoffLimit is Failed with BackoffLimitExceeded."""
    made = Workload(context, "jobs", backoffLimit=0)
    made.set_status(made.pods(1), phase="Failed")
    eventually(lambda: made.condition("Failed") == ("True", "BackoffLimitExceeded"), "the Job has failed")
    same(made.condition("FailureTarget"), ("True", "BackoffLimitExceeded"), "FailureTarget")
    same(made.read()["status"]["failed"], 1, "failed")


@behaviour("workloads/job-has-indexes", CONTROLLER + "job/indexed_job_utils.go", needs=NEEDS)
def job_has_indexes(context: CheckContext) -> None:
    """The pods of an indexed Job have an index as annotation, label, host name and variable."""
    made = Workload(context, "jobs", completions=3, parallelism=3, completionMode="Indexed")
    key = "batch.kubernetes.io/job-completion-index"
    pods = {pod["metadata"]["annotations"][key]: pod for pod in made.pods(3)}
    same(sorted(pods), ["0", "1", "2"], "indexes")
    same(pods["1"]["metadata"]["labels"][key], "1", "label")
    same(pods["1"]["spec"]["hostname"], f"{made.name}-1", "host name")
    field = {"apiVersion": "v1", "fieldPath": f"metadata.labels['{key}']"}
    wanted = [{"name": "JOB_COMPLETION_INDEX", "valueFrom": {"fieldRef": field}}]
    same(pods["1"]["spec"]["containers"][0]["env"], wanted, "variables")
    made.set_status([pods["0"], pods["2"]], phase="Succeeded")
    eventually(lambda: made.read()["status"].get("completedIndexes") == "0,2", "completedIndexes")


@behaviour("workloads/job-is-suspended", CONTROLLER + "job/job_controller.go", needs=NEEDS)
def job_is_suspended(context: CheckContext) -> None:
    """A Job that is suspended loses its pods, which do not count as failed, and its start time."""
    made = Workload(context, "jobs")
    made.pods(1)
    made.update(suspend=True)
    made.pods(0)
    eventually(lambda: made.condition("Suspended") == ("True", "JobSuspended"), "the Job says so")
    status = made.read()["status"]
    same(("startTime" in status, status.get("failed", 0)), (False, 0), "start time and failures")


@behaviour("workloads/job-goes-after-its-time", CONTROLLER + "ttlafterfinished", needs=NEEDS)
def job_goes(context: CheckContext) -> None:
    """A Job with ttlSecondsAfterFinished 0 is deleted when it has ended."""
    made = Workload(context, "jobs", ttlSecondsAfterFinished=0)
    made.set_status(made.pods(1), phase="Succeeded")
    gone(context, "jobs", made.name)
