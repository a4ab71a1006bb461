"""Runs the pods of Jobs to completion (kube-controller-manager pkg/controller/job and ttlafterfinished, 1.36).

A pod keeps a finalizer until the status counts it, so none is lost whoever deletes it. ``job_decisions`` decides; this
module reads and writes.
"""

from collections.abc import Iterable, Sequence
from typing import cast

from dra_api.objects import JsonObject, Pod
from kube_emulator.apiserver.registry.api import Api
from kube_emulator.apiserver.registry.verbs.budgets import is_ready
from kube_emulator.apiserver.registry.verbs.options import DeleteOptions
from kube_emulator.clock import moment
from kube_emulator.controllers import job_decisions as decide
from kube_emulator.controllers import job_indexes
from kube_emulator.controllers.dependents import JOB, Dependents
from kube_emulator.controllers.feed import Changed
from kube_emulator.controllers.keyed import Key, key_of, run_keyed
from kube_emulator.controllers.pod_control import PodControl, is_active, pod_from, set_condition, write_status

TARGETS = {"Complete": "SuccessCriteriaMet", "Failed": "FailureTarget"}
"""The condition that comes first: the Job has ended, and its last pods have not yet."""
INDEX_FIELD = {"fieldRef": {"apiVersion": "v1", "fieldPath": f"metadata.labels['{job_indexes.INDEX}']"}}
BURST = 500


class JobController:
    """The job controller of one cluster."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._pods = Dependents(api, "pods", JOB)
        self._control = PodControl(api, "job-controller", self._pods)
        self._failures: dict[str, tuple[int, float]] = {}
        """{UID of a Job: (failures in a row, when the last came)}."""

    async def run(self) -> None:
        """Run until cancelled."""
        await run_keyed(self._api, ("jobs", "pods"), self._keys_of, self._sync)

    def _keys_of(self, changed: Changed) -> Iterable[Key]:
        return self._pods.note(changed) if changed.plural == "pods" else [key_of(changed.item)]

    def _sync(self, key: Key) -> float | None:
        job = self._api.find("jobs", key[1], key[0])
        if job is None or job["spec"].get("managedBy") not in (None, "kubernetes.io/job-controller"):
            return None
        pods = cast("list[Pod]", self._pods.of(job))
        if decide.is_finished(job):
            self._release(pods)
            return self._expire(job)
        job = self._start(job)
        job, pods = self._count(job, pods)
        end = decide.end_of(job, decide.tally_of(job), pods, self._api.clock.time())
        if end is not None:
            return self._finish(job, pods, end)
        wait = None
        if not job["metadata"].get("deletionTimestamp"):
            wait = self._scale(job, pods)
            pods = cast("list[Pod]", self._pods.of(job))
        self._report(job, pods)
        return min((each for each in (wait, self._deadline_in(job)) if each is not None), default=None)

    def _start(self, job: JsonObject) -> JsonObject:
        """JOB with its start time, or without while it is suspended."""
        status, suspended = dict(job.get("status") or {}), bool(job["spec"].get("suspend"))
        now = self._api.clock.stamp()
        conditions = status.get("conditions") or []
        was = any(one["type"] == "Suspended" and one["status"] == "True" for one in conditions)
        if suspended != was:
            reason, word = ("JobSuspended", "suspended") if suspended else ("JobResumed", "resumed")
            value = "True" if suspended else "False"
            new = {
                "type": "Suspended",
                "status": value,
                "reason": reason,
                "message": f"Job {word}",
                "lastProbeTime": now,
            }
            status["conditions"] = set_condition(conditions, new, now)
            if suspended:
                status.pop("startTime", None)
        if not suspended and not status.get("startTime"):
            status["startTime"] = now
        return write_status(self._api, "jobs", job, status)

    def _count(self, job: JsonObject, pods: Sequence[Pod]) -> tuple[JsonObject, list[Pod]]:
        """JOB with the pods in its tally that ended since; and its pods without their finalizers."""
        ended = [
            pod
            for pod in pods
            if not decide.is_counted(pod) and (decide.has_succeeded(pod) or decide.has_failed(job, pod))
        ]
        if not ended:
            return job, list(pods)
        tally = decide.with_ended(job, decide.tally_of(job), ended)
        counts = {"succeeded": tally.succeeded, "failed": tally.failed}
        status = {**(job.get("status") or {}), **{name: count for name, count in counts.items() if count}}
        if decide.is_indexed(job) and tally.indexes:
            status["completedIndexes"] = job_indexes.shown(tally.indexes)
        row, _ = self._failures.get(job["metadata"]["uid"], (0, 0.0))
        lost = sum(not decide.has_succeeded(pod) for pod in ended)
        row = row + lost if lost == len(ended) else lost
        self._failures[job["metadata"]["uid"]] = (row, self._api.clock.time())
        job = write_status(self._api, "jobs", job, status)
        self._release(ended)
        return job, cast("list[Pod]", self._pods.of(job))

    def _release(self, pods: Iterable[Pod]) -> None:
        """Take the finalizer off PODS."""
        for pod in pods:
            if not decide.is_counted(pod):
                kept = [name for name in pod["metadata"]["finalizers"] if name != decide.FINALIZER]
                metadata = {**pod["metadata"], "finalizers": kept}
                self._api.update("pods", {**pod, "metadata": metadata})

    def _scale(self, job: JsonObject, pods: Sequence[Pod]) -> float | None:
        """Create or delete pods; returns the seconds for which a failure holds up the next ones."""
        tally, active = decide.tally_of(job), [pod for pod in pods if is_active(pod)]
        missing = decide.wanted_active(job, tally, len(active)) - len(active)
        if missing < 0:
            # Too many are no failures: without the finalizer they are not counted (deleteJobPods).
            self._release(active[missing:])
            for pod in active[missing:]:
                self._control.delete(job, pod)
            return None
        if missing == 0:
            return None
        row, last = self._failures.get(job["metadata"]["uid"], (0, 0.0))
        wait = last + decide.back_off(row) - self._api.clock.time()
        if wait > 0:
            return wait
        missing = min(missing, BURST)
        if not decide.is_indexed(job):
            for _ in range(missing):
                self._control.create(job, tracked(pod_from(job, JOB, job["spec"]["template"])))
            return None
        taken = {
            *tally.indexes,
            *(index for pod in pods if is_active(pod) and (index := job_indexes.index_of(pod)) is not None),
        }
        for index in job_indexes.next_indexes(taken, job["spec"]["completions"], missing):
            self._control.create(job, indexed(job, index))
        return None

    def _report(self, job: JsonObject, pods: Sequence[Pod]) -> JsonObject:
        """Write the counts of pods that have not ended."""
        status = dict(job.get("status") or {})
        active = [pod for pod in pods if is_active(pod)]
        leaving = [pod for pod in pods if pod["metadata"].get("deletionTimestamp") and not ended(pod)]
        status.pop("active", None)
        if active:
            status["active"] = len(active)
        status |= {
            "ready": sum(map(is_ready, active)),
            "terminating": len(leaving),
            "uncountedTerminatedPods": {},
        }
        return write_status(self._api, "jobs", job, status)

    def _finish(self, job: JsonObject, pods: Sequence[Pod], end: decide.End) -> float | None:
        """End JOB: first its pods, then, when they are gone, the Job itself."""
        for pod in pods:
            if is_active(pod):
                self._control.delete(job, pod)
        pods = cast("list[Pod]", self._pods.of(job))
        if end.kind == "Failed":
            job, pods = self._count(job, pods)
        job = self._report(job, pods)
        now = self._api.clock.stamp()
        status = dict(job["status"])
        kinds = [TARGETS[end.kind]]
        if not any(
            is_active(pod) or (pod["metadata"].get("deletionTimestamp") and not ended(pod)) for pod in pods
        ):
            kinds.append(end.kind)
        for kind in kinds:
            new = {
                "type": kind,
                "status": "True",
                "reason": end.reason,
                "message": end.message,
                "lastProbeTime": now,
            }
            status["conditions"] = set_condition(status.get("conditions") or [], new, now)
        if end.kind in kinds and end.kind == "Complete":
            status["completionTime"] = now
        job = write_status(self._api, "jobs", job, status)
        if end.kind in kinds:
            self._failures.pop(job["metadata"]["uid"], None)
            self._release(pods)
            reason, kind = ("Completed", "Normal") if end.kind == "Complete" else (end.reason, "Warning")
            message = "Job completed" if end.kind == "Complete" else end.message
            self._control.record_event(job, reason, message, kind=kind)
            return self._expire(job)
        return None

    def _expire(self, job: JsonObject) -> float | None:
        """Delete a Job that ended ``ttlSecondsAfterFinished`` ago; else the seconds until then."""
        ttl = job["spec"].get("ttlSecondsAfterFinished")
        if ttl is None or job["metadata"].get("deletionTimestamp"):
            return None
        end = decide.is_finished(job)
        since = next(one["lastTransitionTime"] for one in job["status"]["conditions"] if one["type"] == end)
        left = moment(since) + float(ttl) - self._api.clock.time()
        if left > 0:
            return left
        namespace, name = key_of(job)
        options = DeleteOptions(uid=job["metadata"]["uid"], policy="Foreground")
        self._api.delete("jobs", name, namespace, options=options)
        return None

    def _deadline_in(self, job: JsonObject) -> float | None:
        """Seconds until ``activeDeadlineSeconds``."""
        limit, started = job["spec"].get("activeDeadlineSeconds"), (job.get("status") or {}).get("startTime")
        if limit is None or not started:
            return None
        return max(0.1, moment(started) + float(limit) - self._api.clock.time())


def ended(pod: Pod) -> bool:
    """Whether a pod has a terminal phase."""
    return (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed")


def tracked(pod: JsonObject) -> JsonObject:
    """POD with the finalizer."""
    finalizers = [*(pod["metadata"].get("finalizers") or []), decide.FINALIZER]
    return {**pod, "metadata": {**pod["metadata"], "finalizers": finalizers}}


def indexed(job: JsonObject, index: int) -> JsonObject:
    """The pod of JOB for a completion index: a name, a host name, a label, an annotation and a variable say which."""
    template, name = job["spec"]["template"], job["metadata"]["name"]
    spec = dict(template["spec"])
    for kind in ("initContainers", "containers"):
        if spec.get(kind):
            variable = {"name": "JOB_COMPLETION_INDEX", "valueFrom": INDEX_FIELD}
            spec[kind] = [
                one if any(each["name"] == variable["name"] for each in one.get("env") or [])
                else {**one, "env": [*(one.get("env") or []), variable]}
                for one in spec[kind]
            ]  # fmt: skip
    spec["hostname"] = f"{name}-{index}"
    pod = pod_from(job, JOB, {**template, "spec": spec}, labels={job_indexes.INDEX: str(index)})
    marks = {**(pod["metadata"].get("annotations") or {}), job_indexes.INDEX: str(index)}
    metadata = {**pod["metadata"], "generateName": f"{name}-{index}-", "annotations": marks}
    return tracked({**pod, "metadata": metadata})
