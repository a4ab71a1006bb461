"""Creates and deletes the pods of workloads, and says whether they are ready (pkg/controller/controller_utils.go, 1.36)."""

from collections.abc import Mapping
from typing import cast

from dra_api.objects import JsonObject, Pod
from kube_emulator.apiserver.registry.api import Api
from kube_emulator.apiserver.registry.verbs.budgets import is_ready
from kube_emulator.apiserver.status import ApiError
from kube_emulator.clock import moment
from kube_emulator.controllers.dependents import Dependents, OwnerKind, reference_to
from kube_emulator.events import record_event


def pod_from(
    owner: JsonObject, kind: OwnerKind, template: JsonObject, *, labels: Mapping[str, str] = {}
) -> JsonObject:
    """A pod of OWNER, with LABELS beside those of TEMPLATE."""
    wanted = template.get("metadata") or {}
    metadata = {
        "generateName": f"{owner['metadata']['name']}-",
        "namespace": owner["metadata"]["namespace"],
        "labels": {**(wanted.get("labels") or {}), **labels},
        "annotations": dict(wanted.get("annotations") or {}),
        "finalizers": list(wanted.get("finalizers") or []),
        "ownerReferences": [reference_to(owner, kind)],
    }
    return {"metadata": {name: value for name, value in metadata.items() if value}, "spec": template["spec"]}


class PodControl:
    """Creates and deletes pods, with the events of the controller NAME; PODS knows those that are created."""

    def __init__(self, api: Api, name: str, pods: Dependents) -> None:
        self._api = api
        self._name = name
        self._pods = pods

    def create(self, owner: JsonObject, pod: JsonObject) -> Pod:
        """Create a pod of OWNER.

        Raises:
            ApiError: it is refused; there is an event.
        """
        try:
            made = self._api.create("pods", pod).value
        except ApiError as error:
            self.record_event(owner, "FailedCreate", f"Error creating: {error.message}", kind="Warning")
            raise
        self._pods.add(made)
        self.record_event(owner, "SuccessfulCreate", f"Created pod: {made['metadata']['name']}")
        return cast(Pod, made)

    def delete(self, owner: JsonObject, pod: Pod) -> None:
        """Delete a pod of OWNER with its grace period."""
        metadata = pod["metadata"]
        self._api.delete("pods", metadata["name"], metadata["namespace"], uid=metadata["uid"])
        self.record_event(owner, "SuccessfulDelete", f"Deleted pod: {metadata['name']}")

    def record_event(self, owner: JsonObject, reason: str, message: str, *, kind: str = "Normal") -> None:
        """Record an event about OWNER."""
        record_event(self._api, owner, reason=reason, message=message, source=self._name, kind=kind)


def is_active(pod: Pod) -> bool:
    """Whether a pod runs, or will."""
    phase = (pod.get("status") or {}).get("phase")
    return phase not in ("Succeeded", "Failed") and not pod["metadata"].get("deletionTimestamp")


def available_in(pod: Pod, min_ready_s: int, now: float) -> float | None:
    """Seconds until POD has been ready for MIN_READY_S, 0 if it has; None if it is not ready."""
    if not is_ready(pod):
        return None
    conditions = pod["status"]["conditions"]
    since = next(one["lastTransitionTime"] for one in conditions if one["type"] == "Ready")
    return max(0.0, moment(since) + min_ready_s - now) if min_ready_s else 0.0


def restarts_of(pod: Pod) -> int:
    """How often containers of POD were started again."""
    status = pod.get("status") or {}
    every = [*(status.get("containerStatuses") or []), *(status.get("initContainerStatuses") or [])]
    return sum(int(one.get("restartCount") or 0) for one in every)


def write_status(api: Api, plural: str, item: JsonObject, status: JsonObject) -> JsonObject:
    """ITEM with STATUS, which is written if it is another one."""
    if status == (item.get("status") or {}):
        return item
    return api.update(plural, {**item, "status": status}, subresource="status").value


def set_condition(old: list[JsonObject], new: JsonObject, now: str) -> list[JsonObject]:
    """The conditions OLD with NEW; its time is kept as long as its status is the same.

    A new message alone changes nothing: with the name of a pod that was refused in it there would be no end of changes.
    """
    before = next((one for one in old if one["type"] == new["type"]), None)
    if before and all(before.get(name) == new.get(name) for name in ("status", "reason")):
        return old
    since = before["lastTransitionTime"] if before and before["status"] == new["status"] else now
    others = [one for one in old if one["type"] != new["type"]]
    return [*others, {**new, "lastTransitionTime": since}]


def amount(value: int | str, total: int, *, up: bool) -> int:
    """A number of pods, or a percentage of TOTAL rounded UP or down (intstr.GetScaledValueFromIntOrPercent)."""
    if isinstance(value, int):
        return value
    percent = int(value.rstrip("%")) * total
    return -(-percent // 100) if up else percent // 100
