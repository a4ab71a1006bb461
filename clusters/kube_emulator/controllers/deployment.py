"""Rolls the pods of Deployments from one template to the next (kube-controller-manager pkg/controller/deployment, 1.36).

A Deployment has a ReplicaSet for each template. ``deployment_scale`` decides how many replicas each gets, and
``deployment_status`` what is reported; this module reads and writes. The revision annotations are what
``kubectl rollout history`` and ``undo`` read.
"""

from collections.abc import Iterable, Sequence
from typing import cast

from dra_api.objects import JsonObject, Pod
from kube_emulator.apiserver.registry.api import Api
from kube_emulator.apiserver.status import ApiError
from kube_emulator.controllers import deployment_scale as scale
from kube_emulator.controllers import deployment_status as state
from kube_emulator.controllers.dependents import (
    DEPLOYMENT,
    REPLICA_SET,
    Dependents,
    controller_of,
    reference_to,
)
from kube_emulator.controllers.feed import Changed
from kube_emulator.controllers.keyed import Key, key_of, run_keyed
from kube_emulator.controllers.pod_control import write_status
from kube_emulator.controllers.template_hash import DEPLOYMENT_LABEL, template_hash, without_hash
from kube_emulator.events import record_event

SOURCE = "deployment-controller"
PREFIX = "deployment.kubernetes.io/"
REVISION, HISTORY, DESIRED = f"{PREFIX}revision", f"{PREFIX}revision-history", f"{PREFIX}desired-replicas"
NOT_COPIED = frozenset(
    {"kubectl.kubernetes.io/last-applied-configuration", REVISION, HISTORY, DESIRED, scale.MAX_REPLICAS}
)
"""Annotations of a Deployment that its ReplicaSets do not get."""


class DeploymentController:
    """The deployment controller of one cluster."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._sets = Dependents(api, "replicasets", DEPLOYMENT)
        self._pods = Dependents(api, "pods", REPLICA_SET)

    async def run(self) -> None:
        """Run until cancelled."""
        await run_keyed(self._api, ("deployments", "replicasets", "pods"), self._keys_of, self._sync)

    def _keys_of(self, changed: Changed) -> Iterable[Key]:
        if changed.plural == "deployments":
            return [key_of(changed.item)]
        if changed.plural == "replicasets":
            return self._sets.note(changed)
        # Recreate waits for pods that go; other changes of pods show in the status of their ReplicaSet.
        sets = self._pods.note(changed)
        if changed.after is not None:
            return []
        owners = [(key[0], controller_of(self._api.find("replicasets", key[1], key[0]))) for key in sets]
        return [(namespace, owner["name"]) for namespace, owner in owners if owner]

    def _sync(self, key: Key) -> float | None:
        deployment = self._api.find("deployments", key[1], key[0])
        if deployment is None:
            return None
        sets = self._sets.of(deployment)
        if deployment["metadata"].get("deletionTimestamp"):
            self._report(deployment, self._newest(deployment, sets), sets)
            return None
        if self._sync_paused(deployment) or scaled(deployment, sets):
            return self._rescale(key)
        deployment = self._api.get("deployments", key[1], key[0])
        new = self._newest(deployment, sets)
        if deployment["spec"]["strategy"]["type"] == "Recreate":
            return self._recreate(key, new, [one for one in sets if one is not new])
        new = self._with_revision(deployment, new, sets)
        deployment = self._api.get("deployments", key[1], key[0])
        old = [one for one in sets if one["metadata"]["uid"] != new["metadata"]["uid"]]
        self._apply(deployment, scale.roll(deployment, new, old), [new, *old])
        return self._finish(key)

    def _finish(self, key: Key) -> float | None:
        """Write the status as things are now; remove old ReplicaSets when the rollout is complete."""
        deployment = self._api.get("deployments", key[1], key[0])
        sets = self._sets.of(deployment)
        new = self._newest(deployment, sets)
        deployment = self._report(deployment, new, sets)
        if state.is_complete(deployment, deployment.get("status") or {}):
            self._clean_up(deployment, [one for one in sets if one is not new])
        return self._wait_of(deployment)

    def _wait_of(self, deployment: JsonObject) -> float | None:
        """Seconds until the deadline of a rollout that is under way."""
        status = deployment.get("status") or {}
        progressing = state.found(status.get("conditions") or [], "Progressing")
        if (
            progressing is None
            or progressing["status"] != "True"
            or progressing["reason"] == "NewReplicaSetAvailable"
            or deployment["spec"].get("paused")
            or deployment["spec"]["progressDeadlineSeconds"] == state.NO_DEADLINE
        ):
            return None
        return max(0.1, state.deadline_of(deployment, progressing) - self._api.clock.time())

    def _newest(self, deployment: JsonObject, sets: Sequence[JsonObject]) -> JsonObject | None:
        """The ReplicaSet with the template of now; the oldest if there are several (FindNewReplicaSet)."""
        wanted = without_hash(deployment["spec"]["template"])
        return next((one for one in sets if without_hash(one["spec"]["template"]) == wanted), None)

    def _with_revision(
        self, deployment: JsonObject, new: JsonObject | None, sets: Sequence[JsonObject]
    ) -> JsonObject:
        """The newest ReplicaSet, made if it is missing, with the highest revision."""
        old = [one for one in sets if new is None or one["metadata"]["uid"] != new["metadata"]["uid"]]
        revision = max(map(revision_of, old), default=0) + 1
        if new is None:
            new = self._create(deployment, sets, revision)
        else:
            new = self._renumber(deployment, new, revision)
        deployment = self._api.get(
            "deployments", *reversed(key_of(deployment))
        )  # its status may have changed
        marks = deployment["metadata"].get("annotations") or {}
        number = str(revision_of(new))
        if marks.get(REVISION) != number:
            metadata = {**deployment["metadata"], "annotations": {**marks, REVISION: number}}
            self._api.update("deployments", {**deployment, "metadata": metadata})
        return new

    def _create(self, deployment: JsonObject, sets: Sequence[JsonObject], revision: int) -> JsonObject:
        """The ReplicaSet of a template that has none."""
        template, spec = deployment["spec"]["template"], deployment["spec"]
        mark = template_hash(template, (deployment.get("status") or {}).get("collisionCount") or 0)
        own = {DEPLOYMENT_LABEL: mark}
        labels = {**((template.get("metadata") or {}).get("labels") or {}), **own}
        selector = {**spec["selector"], "matchLabels": {**(spec["selector"].get("matchLabels") or {}), **own}}
        replicas = scale.new_replicas(deployment, sets, 0)
        made = {
            "metadata": {
                "name": f"{deployment['metadata']['name']}-{mark}",
                "namespace": deployment["metadata"]["namespace"],
                "labels": labels,
                "annotations": copied(deployment) | sizes(deployment) | {REVISION: str(revision)},
                "ownerReferences": [reference_to(deployment, DEPLOYMENT)],
            },
            "spec": {
                "replicas": replicas,
                "minReadySeconds": spec.get("minReadySeconds") or 0,
                "selector": selector,
                "template": {**template, "metadata": {**(template.get("metadata") or {}), "labels": labels}},
            },
        }
        try:
            new = self._api.create("replicasets", made).value
        except ApiError as error:
            self._set_progress(deployment, False, "ReplicaSetCreateError", error.message)
            raise
        self._sets.add(new)
        name = new["metadata"]["name"]
        if replicas:
            self._record(deployment, f"Scaled up replica set {name} from 0 to {replicas}")
        self._set_progress(deployment, True, "NewReplicaSetCreated", f'Created new replica set "{name}"')
        return new

    def _renumber(self, deployment: JsonObject, new: JsonObject, revision: int) -> JsonObject:
        """The newest ReplicaSet with at least REVISION; the numbers that it had are its history (an undo gives it a new one)."""
        marks, number = new["metadata"].get("annotations") or {}, revision_of(new)
        wanted = {**marks, **copied(deployment)}
        if number < revision:
            past = [each for each in (marks.get(HISTORY, ""), str(number) if number else "") if each]
            wanted |= {REVISION: str(revision)} | ({HISTORY: ",".join(past)} if past else {})
        ready = deployment["spec"].get("minReadySeconds") or 0
        if wanted == marks and (new["spec"].get("minReadySeconds") or 0) == ready:
            return new
        metadata = {**new["metadata"], "annotations": wanted}
        spec = {**new["spec"], "minReadySeconds": ready}
        return self._api.update("replicasets", {**new, "metadata": metadata, "spec": spec}).value

    def _set_progress(self, deployment: JsonObject, good: bool, reason: str, message: str) -> None:
        found = self._api.get("deployments", *reversed(key_of(deployment)))
        status = found.get("status") or {}
        new = state.condition("Progressing", good, reason, message)
        conditions = state.with_condition(
            status.get("conditions") or [], new, self._api.clock.stamp(), renews=True
        )
        write_status(self._api, "deployments", found, {**status, "conditions": conditions})

    def _recreate(self, key: Key, new: JsonObject | None, old: list[JsonObject]) -> float | None:
        """Replace all pods at once: the new ones come when the old ones are gone."""
        deployment = self._api.get("deployments", key[1], key[0])
        active = [one for one in old if one["spec"]["replicas"]]
        if active:
            self._apply(deployment, {one["metadata"]["name"]: 0 for one in active}, old)
        elif not any(self._runs(one) for one in old):
            new = self._with_revision(deployment, new, [*([new] if new else []), *old])
            if new["spec"]["replicas"] != deployment["spec"]["replicas"]:
                self._apply(deployment, {new["metadata"]["name"]: deployment["spec"]["replicas"]}, [new])
        return self._finish(key)

    def _runs(self, replica_set: JsonObject) -> bool:
        """Whether a pod of REPLICA_SET is left that has not ended."""
        pods = cast("list[Pod]", self._pods.of(replica_set))
        return any((pod.get("status") or {}).get("phase") not in ("Succeeded", "Failed") for pod in pods)

    def _rescale(self, key: Key) -> float | None:
        """Only follow ``spec.replicas``: the Deployment is paused, or the number was changed."""
        deployment = self._api.get("deployments", key[1], key[0])
        sets = self._sets.of(deployment)
        new = self._newest(deployment, sets)
        old = [one for one in sets if one is not new]
        self._apply(deployment, scale.rescale(deployment, new, old), sets, marks=True)
        if deployment["spec"].get("paused"):
            self._clean_up(deployment, old)
        return self._finish(key)

    def _sync_paused(self, deployment: JsonObject) -> bool:
        """Whether the Deployment is paused; its condition says so."""
        paused = bool(deployment["spec"].get("paused"))
        before = state.found((deployment.get("status") or {}).get("conditions") or [], "Progressing")
        reason = before["reason"] if before else ""
        if reason != "ProgressDeadlineExceeded" and paused != (reason == "DeploymentPaused"):
            name, message = (
                ("DeploymentPaused", "Deployment is paused")
                if paused
                else ("DeploymentResumed", "Deployment is resumed")
            )
            new = {**state.condition("Progressing", True, name, message), "status": "Unknown"}
            status = deployment.get("status") or {}
            conditions = state.with_condition(status.get("conditions") or [], new, self._api.clock.stamp())
            write_status(self._api, "deployments", deployment, {**status, "conditions": conditions})
        return paused

    def _apply(
        self, deployment: JsonObject, plan: scale.Plan, sets: Iterable[JsonObject], *, marks: bool = False
    ) -> None:
        """Give the ReplicaSets of PLAN their replicas; MARKS: write the sizes of the Deployment down in all of SETS."""
        for one in sets:
            name, before = one["metadata"]["name"], one["spec"]["replicas"]
            wanted = plan.get(name, before)
            noted = {**(one["metadata"].get("annotations") or {}), **sizes(deployment)}
            changed = noted != one["metadata"].get("annotations") and (marks or name in plan)
            if wanted == before and not changed:
                continue
            metadata = {**one["metadata"], "annotations": noted}
            self._api.update(
                "replicasets", {**one, "metadata": metadata, "spec": {**one["spec"], "replicas": wanted}}
            )
            if wanted != before:
                word = "up" if wanted > before else "down"
                self._record(deployment, f"Scaled {word} replica set {name} from {before} to {wanted}")

    def _record(self, deployment: JsonObject, message: str) -> None:
        record_event(
            self._api, deployment, reason="ScalingReplicaSet", message=message, source=SOURCE, kind="Normal"
        )

    def _report(
        self, deployment: JsonObject, new: JsonObject | None, sets: Sequence[JsonObject]
    ) -> JsonObject:
        """Write the status; returns the Deployment with it."""
        now = self._api.clock.stamp()
        status = state.counted(deployment, new, sets)
        conditions = list(status.get("conditions") or [])
        conditions = state.with_condition(conditions, state.availability(deployment, status), now)
        if not deployment["spec"].get("paused"):
            progress, renews = state.progress(deployment, new, status, self._api.clock.time())
            if progress is not None:
                conditions = state.with_condition(conditions, progress, now, renews=renews)
        conditions = [one for one in conditions if one["type"] != "ReplicaFailure"]
        for one in sets:
            failure = state.found((one.get("status") or {}).get("conditions") or [], "ReplicaFailure")
            if failure is not None:
                conditions.append({**failure, "lastUpdateTime": failure["lastTransitionTime"]})
                break
        return write_status(self._api, "deployments", deployment, {**status, "conditions": conditions})

    def _clean_up(self, deployment: JsonObject, old: Sequence[JsonObject]) -> None:
        """Delete the oldest ReplicaSets without pods beyond ``revisionHistoryLimit``."""
        limit = deployment["spec"]["revisionHistoryLimit"]
        alive = sorted((one for one in old if not one["metadata"].get("deletionTimestamp")), key=revision_of)
        for one in alive[: max(0, len(alive) - limit)]:
            metadata, status = one["metadata"], one.get("status") or {}
            idle = not one["spec"]["replicas"] and not status.get("replicas")
            if idle and status.get("observedGeneration", 0) >= metadata.get("generation", 0):
                self._api.delete("replicasets", metadata["name"], metadata["namespace"], uid=metadata["uid"])


def revision_of(item: JsonObject) -> int:
    """The revision of a ReplicaSet; 0 if it has none."""
    return int((item["metadata"].get("annotations") or {}).get(REVISION) or 0)


def copied(deployment: JsonObject) -> dict[str, str]:
    """The annotations of a Deployment that its ReplicaSets get."""
    marks = deployment["metadata"].get("annotations") or {}
    return {name: value for name, value in marks.items() if name not in NOT_COPIED}


def sizes(deployment: JsonObject) -> dict[str, str]:
    """The annotations by which a change of ``spec.replicas`` is noticed."""
    wanted = deployment["spec"]["replicas"]
    return {DESIRED: str(wanted), scale.MAX_REPLICAS: str(wanted + scale.limits(deployment)[0])}


def scaled(deployment: JsonObject, sets: Iterable[JsonObject]) -> bool:
    """Whether ``spec.replicas`` changed since the ReplicaSets that have pods were scaled (isScalingEvent)."""
    wanted = str(deployment["spec"]["replicas"])
    marks = [
        (one["metadata"].get("annotations") or {}).get(DESIRED) for one in sets if one["spec"]["replicas"]
    ]
    return any(mark is not None and mark != wanted for mark in marks)
