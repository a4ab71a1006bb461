"""Pure: whether a Job has ended and what it does next (pkg/controller/job, 1.36).

Pod failure policies, success policies and back-off limits per index are not decided here: drivers' charts use none.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from dra_api.objects import JsonObject, Pod
from kube_emulator.clock import moment
from kube_emulator.controllers import job_indexes
from kube_emulator.controllers.pod_control import is_active, restarts_of

FINALIZER = "batch.kubernetes.io/job-tracking"
BACK_OFF_S, BACK_OFF_MAX_S = 10.0, 600.0


@dataclass(frozen=True, slots=True)
class Tally:
    """What became of the pods of a Job so far, those included that are gone."""

    succeeded: int = 0
    failed: int = 0
    indexes: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class End:
    """Why a Job ends: its condition Complete or Failed."""

    kind: str
    reason: str
    message: str


def is_counted(pod: Pod) -> bool:
    """Whether the tally has a pod already: it lost its finalizer then."""
    return FINALIZER not in (pod["metadata"].get("finalizers") or [])


def has_succeeded(pod: Pod) -> bool:
    """Whether a pod did its work."""
    return (pod.get("status") or {}).get("phase") == "Succeeded"


def has_failed(job: JsonObject, pod: Pod) -> bool:
    """Whether a pod failed; one that is being deleted counts unless the policy waits for its end."""
    phase, leaves = (pod.get("status") or {}).get("phase"), pod["metadata"].get("deletionTimestamp")
    if phase == "Failed":
        return True
    return bool(leaves) and phase != "Succeeded" and job["spec"].get("podReplacementPolicy") != "Failed"


def tally_of(job: JsonObject) -> Tally:
    """The tally in the status."""
    status = job.get("status") or {}
    indexes = job_indexes.read(status.get("completedIndexes") or "", job["spec"].get("completions") or 0)
    return Tally(status.get("succeeded") or 0, status.get("failed") or 0, frozenset(indexes))


def with_ended(job: JsonObject, tally: Tally, ended: Sequence[Pod]) -> Tally:
    """TALLY with pods that ended since; an index counts once."""
    for pod in ended:
        index = job_indexes.index_of(pod) if is_indexed(job) else None
        if not has_succeeded(pod):
            tally = replace(tally, failed=tally.failed + 1)
        elif not is_indexed(job):
            tally = replace(tally, succeeded=tally.succeeded + 1)
        elif index is not None and index < job["spec"]["completions"]:
            indexes = tally.indexes | {index}
            tally = replace(tally, indexes=indexes, succeeded=len(indexes))
    return tally


def is_indexed(job: JsonObject) -> bool:
    """Whether each completion has an index."""
    return bool(job["spec"].get("completionMode") == "Indexed")


def end_of(job: JsonObject, tally: Tally, pods: Sequence[Pod], now: float) -> End | None:
    """The end of a Job, if it has come."""
    spec, started = job["spec"], (job.get("status") or {}).get("startTime")
    if tally.failed > spec["backoffLimit"] or restarted_too_often(job, pods):
        return End("Failed", "BackoffLimitExceeded", "Job has reached the specified backoff limit")
    limit = spec.get("activeDeadlineSeconds")
    if limit is not None and started and not spec.get("suspend") and now >= moment(started) + limit:
        return End("Failed", "DeadlineExceeded", "Job was active longer than specified deadline")
    active = [pod for pod in pods if is_active(pod)]
    done = (
        tally.succeeded >= spec["completions"]
        if spec.get("completions") is not None
        else tally.succeeded > 0 and not active
    )
    return (
        End("Complete", "CompletionsReached", "Reached expected number of succeeded pods") if done else None
    )


def restarted_too_often(job: JsonObject, pods: Sequence[Pod]) -> bool:
    """Whether containers that are started again in their pods have used up the limit (pastBackoffLimitOnFailure)."""
    if job["spec"]["template"]["spec"].get("restartPolicy") != "OnFailure":
        return False
    total = sum(
        restarts_of(pod) for pod in pods if (pod.get("status") or {}).get("phase") in ("Running", "Pending")
    )
    limit = int(job["spec"]["backoffLimit"])
    return total > 0 if limit == 0 else total >= limit


def wanted_active(job: JsonObject, tally: Tally, active: int) -> int:
    """How many pods should run now (manageJob)."""
    spec = job["spec"]
    if spec.get("suspend"):
        return 0
    if spec.get("completions") is None:
        return active if tally.succeeded else int(spec["parallelism"])
    return min(int(spec["parallelism"]), max(0, int(spec["completions"]) - tally.succeeded))


def back_off(failures: int) -> float:
    """Seconds to wait after so many failures in a row."""
    return min(BACK_OFF_S * 2.0 ** (failures - 1), BACK_OFF_MAX_S) if failures else 0.0


def is_finished(job: JsonObject) -> str:
    """``Complete`` or ``Failed`` if the Job has ended, else nothing."""
    conditions = (job.get("status") or {}).get("conditions") or []
    ends = (
        one["type"] for one in conditions if one["type"] in ("Complete", "Failed") and one["status"] == "True"
    )
    return next(ends, "")
