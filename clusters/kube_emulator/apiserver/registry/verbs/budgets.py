"""Pure: whether PodDisruptionBudgets let a pod be evicted, and what their status says.

The eviction is after kubernetes pkg/registry/core/pod/storage/eviction.go, the status after pkg/controller/disruption
(1.36); texts were compared with a real API server's. The eviction is served by ``endpoints.evictions``, the status is kept by
``controllers.disruption``.
"""

import math
from collections.abc import Iterable
from typing import Any

from dra_api.objects import JsonObject, Pod, ReadOnlyObject
from kube_emulator.apiserver.query.labels import selects
from kube_emulator.apiserver.status import ApiError, forbidden

DISRUPTED_MAX = 2000
"""Evicted pods that the controller has not seen yet (MaxDisruptedPodSize)."""
PENDING_S = 10
CONDITION = "DisruptionAllowed"


def is_ready(pod: Pod) -> bool:
    """Whether the pod's condition Ready is true."""
    conditions = (pod.get("status") or {}).get("conditions") or []
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)


def is_free(pod: Pod) -> bool:
    """Whether budgets do not count for POD: it does not run, or is being deleted (``canIgnorePDB``)."""
    phase = (pod.get("status") or {}).get("phase")
    return phase in ("Succeeded", "Failed", "Pending") or bool(pod["metadata"].get("deletionTimestamp"))


def budget_of(pod: Pod, budgets: Iterable[ReadOnlyObject]) -> ReadOnlyObject | None:
    """The one of BUDGETS, all of the pod's namespace, that selects POD.

    Raises:
        ApiError: 500, there are several.
    """
    labels = pod["metadata"].get("labels") or {}
    found = [one for one in budgets if selects((one.get("spec") or {}).get("selector"), labels)]
    if len(found) > 1:
        message = (
            "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."
        )
        raise ApiError(500, message, reason="")
    return found[0] if found else None


def spends(pod: Pod, budget: ReadOnlyObject) -> bool:
    """Whether evicting POD uses up a disruption of BUDGET: not if POD is not ready and enough others are."""
    if is_ready(pod):
        return True
    status = budget.get("status") or {}
    desired = status.get("desiredHealthy", 0)
    if (budget.get("spec") or {}).get("unhealthyPodEvictionPolicy") == "AlwaysAllow":
        return False
    return not 0 < desired <= status.get("currentHealthy", 0)


def refusal(cause: str, retry_s: int = 0) -> ApiError:
    """A 429; CAUSE is what kubectl shows."""
    details: dict[str, Any] = {"causes": [{"reason": "DisruptionBudget", "message": cause}]}
    headers = {}
    if retry_s:
        details["retryAfterSeconds"], headers = retry_s, {"Retry-After": str(retry_s)}
    message = "Cannot evict pod as it would violate the pod's disruption budget."
    return ApiError(429, message, details=details, headers=headers)


def spent(budget: ReadOnlyObject, pod: str, now: str) -> JsonObject:
    """The status of BUDGET when POD is evicted.

    Raises:
        ApiError: 403 or 429, the budget does not allow it.
    """
    name, status = budget["metadata"]["name"], dict(budget.get("status") or {})
    # The status is of an older spec: its numbers do not count yet.
    if status.get("observedGeneration", 0) < budget["metadata"].get("generation", 0):
        raise refusal(f"The disruption budget {name} is still being processed by the server.", PENDING_S)
    allowed = status.get("disruptionsAllowed", 0)
    if allowed < 0:
        raise forbidden("poddisruptionbudget", "policy", name, "pdb disruptions allowed is negative")
    if len(status.get("disruptedPods") or {}) > DISRUPTED_MAX:
        why = "DisruptedPods map too big - too many evictions not confirmed by PDB controller"
        raise forbidden("poddisruptionbudget", "policy", name, why)
    if allowed == 0:
        raise refusal(why_not(name, status))
    left = {**status, "disruptionsAllowed": allowed - 1}
    left["disruptedPods"] = {**(status.get("disruptedPods") or {}), pod: now}
    return with_condition(left, now) if allowed == 1 else left


def why_not(name: str, status: ReadOnlyObject) -> str:
    """Why a budget allows no disruption."""
    conditions = status.get("conditions") or []
    condition: ReadOnlyObject = next((one for one in conditions if one["type"] == CONDITION), {})
    message = condition.get("message", "") if condition.get("status") == "False" else ""
    current, desired = status.get("currentHealthy", 0), status.get("desiredHealthy", 0)
    said = f"The disruption budget {name}"
    if message and condition["reason"] == "SyncFailed":
        return f"{said} does not allow evicting pods currently because it failed sync: {message}"
    if current <= desired:
        return f"{said} needs {desired} healthy pods and has {current} currently"
    if message:
        return f"{said} does not allow evicting pods currently ({condition['reason']}): {message}"
    return f"{said} does not allow evicting pods currently"


def with_condition(status: ReadOnlyObject, now: str) -> JsonObject:
    """STATUS with the condition for its number of disruptions; the time changes only with the value."""
    allowed = status.get("disruptionsAllowed", 0) > 0
    every = status.get("conditions") or []
    before: ReadOnlyObject = next((one for one in every if one["type"] == CONDITION), {})
    value = "True" if allowed else "False"
    condition = {
        "type": CONDITION,
        "status": value,
        "observedGeneration": status.get("observedGeneration", 0),
        "lastTransitionTime": before["lastTransitionTime"] if before.get("status") == value else now,
        "reason": "SufficientPods" if allowed else "InsufficientPods",
        "message": "",
    }
    return {**status, "conditions": [*(one for one in every if one["type"] != CONDITION), condition]}


def scaled(amount: int | str, total: int) -> int:
    """A number, or so many percent of TOTAL, rounded up."""
    return amount if isinstance(amount, int) else math.ceil(int(amount.removesuffix("%")) * total / 100)


def wanted(spec: ReadOnlyObject, pods: int, scale: int) -> tuple[int, int]:
    """(expected, desired healthy) pods of a budget; SCALE is what the controllers of its PODS should have."""
    if spec.get("maxUnavailable") is not None:
        return scale, max(0, scale - scaled(spec["maxUnavailable"], scale))
    least = spec.get("minAvailable")
    if least is None:
        return 0, 0
    return (pods if isinstance(least, int) else scale), scaled(least, scale)


def status_of(budget: ReadOnlyObject, pods: Iterable[Pod], scale: int, now: str) -> JsonObject:
    """The status of BUDGET that selects PODS."""
    every = list(pods)
    old = budget.get("status") or {}
    there = {pod["metadata"]["name"] for pod in every if not pod["metadata"].get("deletionTimestamp")}
    leaving = {name: since for name, since in (old.get("disruptedPods") or {}).items() if name in there}
    healthy = [pod for pod in every if pod["metadata"]["name"] in there - leaving.keys() and is_ready(pod)]
    expected, desired = wanted(budget.get("spec") or {}, len(every), scale)
    allowed = max(0, len(healthy) - desired) if expected > 0 else 0
    status: JsonObject = {
        "observedGeneration": budget["metadata"].get("generation", 0),
        "disruptionsAllowed": allowed,
        "currentHealthy": len(healthy),
        "desiredHealthy": desired,
        "expectedPods": expected,
        "conditions": old.get("conditions") or [],
    }
    return with_condition(status | ({"disruptedPods": leaving} if leaving else {}), now)
