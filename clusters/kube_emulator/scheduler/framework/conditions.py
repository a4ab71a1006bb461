"""Pure: whether the devices of an allocated claim are ready for the pod to be bound.

KEP 5007; dynamicresources isClaimReadyForBinding, 1.36.
"""

from typing import Literal

from dra_api.objects import ResourceClaim
from kube_emulator.clock import moment
from kube_emulator.scheduler.framework.usage import results_of

TIMEOUT_S = 600
POLL_S = 5
"""DynamicResourcesArgs bindingTimeout, and the pace of looking."""


def conditional(claim: ResourceClaim) -> bool:
    """Whether a device of CLAIM needs conditions."""
    return any(result.get("bindingConditions") for result in results_of(claim))


def state_of(claim: ResourceClaim, now: float) -> Literal["ready", "waiting", "failed", "late"]:
    """How far CLAIM's devices are."""
    ready = True
    entries = {
        (e["driver"], e["pool"], e["device"], e.get("shareID")): e
        for e in (claim.get("status") or {}).get("devices") or []
    }
    for result in results_of(claim):
        if not result.get("bindingConditions"):
            continue
        entry = entries.get((result["driver"], result["pool"], result["device"], result.get("shareID")))
        conditions = (entry.get("conditions") or []) if entry else []
        true = {c["type"] for c in conditions if c.get("status") == "True"}
        if true & set(result.get("bindingFailureConditions") or []):
            return "failed"
        ready = ready and set(result["bindingConditions"]) <= true
    if ready:
        return "ready"
    return "late" if now - allocated_at(claim, now) > TIMEOUT_S else "waiting"


def allocated_at(claim: ResourceClaim, otherwise: float) -> float:
    """When CLAIM was allocated."""
    allocation = (claim.get("status") or {}).get("allocation")
    stamp = allocation.get("allocationTimestamp") if allocation else None
    return moment(stamp) if stamp else otherwise
