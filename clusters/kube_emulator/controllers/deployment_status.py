"""Pure: the status of a Deployment and its conditions (pkg/controller/deployment/{sync,progress}.go, 1.36).

``kubectl rollout status`` and helm wait for ``observedGeneration``, the counts and the condition Progressing.
"""

from collections.abc import Sequence

from dra_api.objects import JsonObject
from kube_emulator.clock import moment
from kube_emulator.controllers.deployment_scale import available_of, most_unavailable, replicas_of

NO_DEADLINE = 2**31 - 1
COUNTS = ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas", "unavailableReplicas")


def counted(deployment: JsonObject, new: JsonObject | None, sets: Sequence[JsonObject]) -> JsonObject:
    """The counts and the generation; counts of 0 are left out as the API does."""
    statuses = [one.get("status") or {} for one in sets]
    available = sum(map(available_of, sets))
    counts = {
        "replicas": sum(status.get("replicas") or 0 for status in statuses),
        "updatedReplicas": ((new or {}).get("status") or {}).get("replicas") or 0,
        "readyReplicas": sum(status.get("readyReplicas") or 0 for status in statuses),
        "availableReplicas": available,
        "unavailableReplicas": max(0, replicas_of(sets) - available),
    }
    kept = {name: value for name, value in (deployment.get("status") or {}).items() if name not in COUNTS}
    return {
        **kept,
        **{name: count for name, count in counts.items() if count},
        "observedGeneration": deployment["metadata"].get("generation", 0),
    }


def condition(kind: str, status: bool, reason: str, message: str) -> JsonObject:
    """A condition without its times."""
    return {"type": kind, "status": "True" if status else "False", "reason": reason, "message": message}


def with_condition(
    conditions: list[JsonObject], new: JsonObject, now: str, *, renews: bool = False
) -> list[JsonObject]:
    """CONDITIONS with NEW; RENEWS: its update time is now though nothing else of it changed."""
    before = found(conditions, new["type"])
    if before and not renews and all(before.get(name) == new.get(name) for name in ("status", "reason")):
        return conditions
    since = before["lastTransitionTime"] if before and before["status"] == new["status"] else now
    others = [one for one in conditions if one["type"] != new["type"]]
    return [*others, {**new, "lastUpdateTime": now, "lastTransitionTime": since}]


def found(conditions: Sequence[JsonObject], kind: str) -> JsonObject | None:
    """The condition of a type."""
    return next((one for one in conditions if one["type"] == kind), None)


def availability(deployment: JsonObject, status: JsonObject) -> JsonObject:
    """The condition Available."""
    enough = status.get("availableReplicas", 0) >= deployment["spec"]["replicas"] - most_unavailable(
        deployment
    )
    if enough:
        return condition(
            "Available", True, "MinimumReplicasAvailable", "Deployment has minimum availability."
        )
    message = "Deployment does not have minimum availability."
    return condition("Available", False, "MinimumReplicasUnavailable", message)


def is_complete(deployment: JsonObject, status: JsonObject) -> bool:
    """Whether all pods are of the newest template and available, and no others are left."""
    wanted = deployment["spec"]["replicas"]
    counts = ("updatedReplicas", "replicas", "availableReplicas")
    return all(status.get(name, 0) == wanted for name in counts)


def progressed(old: JsonObject, new: JsonObject) -> bool:
    """Whether a status is nearer to the end than the one before."""
    stale = [one.get("replicas", 0) - one.get("updatedReplicas", 0) for one in (old, new)]
    grows = ("updatedReplicas", "readyReplicas", "availableReplicas")
    return stale[1] < stale[0] or any(new.get(name, 0) > old.get(name, 0) for name in grows)


def progress(
    deployment: JsonObject, new: JsonObject | None, status: JsonObject, now: float
) -> tuple[JsonObject | None, bool]:
    """(the new condition Progressing or None for no change, whether its time is renewed)."""
    old = deployment.get("status") or {}
    before = found(old.get("conditions") or [], "Progressing")
    if deployment["spec"]["progressDeadlineSeconds"] == NO_DEADLINE:
        return None, False
    name = (
        f'ReplicaSet "{new["metadata"]["name"]}"' if new else f'Deployment "{deployment["metadata"]["name"]}"'
    )
    complete = status.get("replicas", 0) == status.get("updatedReplicas", 0)
    if complete and before and before["reason"] == "NewReplicaSetAvailable":
        return None, False
    if is_complete(deployment, status):
        message = f"{name} has successfully progressed."
        return condition("Progressing", True, "NewReplicaSetAvailable", message), True
    if progressed(old, status):
        return condition("Progressing", True, "ReplicaSetUpdated", f"{name} is progressing."), True
    if before and before["reason"] != "NewReplicaSetAvailable" and deadline_of(deployment, before) <= now:
        message = f"{name} has timed out progressing."
        return condition("Progressing", False, "ProgressDeadlineExceeded", message), False
    return None, False


def deadline_of(deployment: JsonObject, progressing: JsonObject) -> float:
    """When a Deployment that does not progress is given up."""
    return moment(progressing["lastUpdateTime"]) + deployment["spec"]["progressDeadlineSeconds"]
