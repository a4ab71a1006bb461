"""What the scheduler writes: allocations and reservations of claims, nodes and conditions of pods."""

import random
from typing import cast

from dra_api.objects import (
    AllocationResult,
    ConsumerReference,
    ExtendedResourceMapping,
    Pod,
    PodCondition,
    PodStatus,
    ResourceClaim,
    ResourceClaimStatus,
)
from kube_emulator.apiserver.registry.api import Api
from kube_emulator.apiserver.registry.typed import find_claim, get_pod
from kube_emulator.events import record_event
from kube_emulator.scheduler.framework.extended import owner_of

FINALIZER = "resource.kubernetes.io/delete-protection"
SOURCE = "default-scheduler"


class Writer:
    """Writes for one scheduler; each method is one step that a reader of the API can see."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._clock = api.clock
        self._random = random.Random("deallocation")  # noqa: S311 # which claim is freed is no secret

    def create(self, claim: ResourceClaim) -> ResourceClaim:
        """The claim for extended resources, with a name."""
        metadata = {name: value for name, value in claim["metadata"].items() if name not in ("name", "uid")}
        created = self._api.create("resourceclaims", {**claim, "metadata": metadata}).value
        return cast(ResourceClaim, created)

    def write_request_mappings(
        self, pod: Pod, claim: ResourceClaim, mappings: list[ExtendedResourceMapping]
    ) -> None:
        """Write into POD's status which claim and requests serve its extended resources."""
        noted = {"resourceClaimName": claim["metadata"]["name"], "requestMappings": mappings}
        current = get_pod(self._api, pod["metadata"]["name"], pod["metadata"]["namespace"])
        status = {**(current.get("status") or {}), "extendedResourceClaimStatus": noted}
        self._api.update("pods", {**current, "status": status}, subresource="status")

    def write(self, claim: ResourceClaim, pod: Pod, allocation: AllocationResult | None) -> ResourceClaim:
        """Write that POD uses the claim, and its ALLOCATION if that is new."""
        metadata = claim["metadata"]
        # The finalizer comes first: a claim deleted between the two writes would vanish with its allocation
        # (dynamicresources.go bindClaim).
        if allocation is not None and FINALIZER not in (metadata.get("finalizers") or []):
            finalizers = [*(metadata.get("finalizers") or []), FINALIZER]
            updated = self._api.update(
                "resourceclaims", {**claim, "metadata": {**metadata, "finalizers": finalizers}}
            ).value
            claim = cast(ResourceClaim, updated)
        status = (claim.get("status") or ResourceClaimStatus()).copy()
        if allocation is not None:
            stamped = "DRADeviceBindingConditions" in self._api.gates
            status["allocation"] = allocation.copy()
            if stamped:
                status["allocation"]["allocationTimestamp"] = self._clock.stamp()
        user: ConsumerReference = {
            "resource": "pods",
            "name": pod["metadata"]["name"],
            "uid": pod["metadata"]["uid"],
        }
        if all(other["uid"] != user["uid"] for other in status.get("reservedFor") or []):
            status["reservedFor"] = [*(status.get("reservedFor") or []), user]
        written = self._api.update("resourceclaims", {**claim, "status": status}, subresource="status").value
        return cast(ResourceClaim, written)

    def unreserve(self, pod: Pod, names: list[str]) -> None:
        """POD does not use its claims after all."""
        for name in names:
            claim = find_claim(self._api, name, pod["metadata"]["namespace"])
            if claim is not None:
                status = (claim.get("status") or ResourceClaimStatus()).copy()
                users = [
                    u for u in status.pop("reservedFor", None) or [] if u["uid"] != pod["metadata"]["uid"]
                ]
                new = {**claim, "status": status | ({"reservedFor": users} if users else {})}
                self._api.update("resourceclaims", new, subresource="status")

    def free(self, idle: list[ResourceClaim]) -> None:
        """Take the allocation from one of the claims IDLE, which keep a pod from every node (PostFilter)."""
        if not idle:
            return
        # Upstream picks at random too, by the order of a Go map: it knows no better heuristic (PostFilter).
        claim = self._random.choice(idle)
        metadata = claim["metadata"]
        status = {
            name: value
            for name, value in claim["status"].items()
            if name not in ("allocation", "reservedFor", "devices")
        }
        freed = self._api.update("resourceclaims", {**claim, "status": status}, subresource="status").value
        if owner_of(claim):
            kept = [name for name in metadata.get("finalizers") or [] if name != FINALIZER]
            self._api.update(
                "resourceclaims", {**freed, "metadata": {**freed["metadata"], "finalizers": kept}}
            )
            self._api.delete("resourceclaims", metadata["name"], metadata["namespace"])

    def bind(self, key: str, pod: Pod, node: str) -> None:
        """Give POD its node."""
        current = get_pod(self._api, pod["metadata"]["name"], pod["metadata"]["namespace"])
        placed = {**current, "spec": {**current["spec"], "nodeName": node}}
        bound = cast(Pod, self._api.update("pods", placed, subresource="binding").value)
        condition: PodCondition = {
            "type": "PodScheduled",
            "status": "True",
            "lastTransitionTime": self._clock.stamp(),
        }
        self._set_condition(bound, condition)
        message = f"Successfully assigned {key} to {node}"
        record_event(self._api, bound, reason="Scheduled", message=message, source=SOURCE, kind="Normal")

    def refuse(self, pod: Pod, reason: str, why: str) -> None:
        """Write into POD's conditions why it is unschedulable, if that changed."""
        condition: PodCondition = {
            "type": "PodScheduled",
            "status": "False",
            "reason": reason,
            "message": why,
            "lastTransitionTime": self._clock.stamp(),
        }
        conditions = (pod.get("status") or {}).get("conditions") or []
        known = next((c for c in conditions if c["type"] == "PodScheduled"), None)
        if known is None or (known.get("reason"), known.get("message")) != (reason, why):
            self._set_condition(pod, condition)
            record_event(self._api, pod, reason="FailedScheduling", message=why, source=SOURCE)

    def _set_condition(self, pod: Pod, condition: PodCondition) -> None:
        current = get_pod(self._api, pod["metadata"]["name"], pod["metadata"]["namespace"])
        status = (current.get("status") or PodStatus()).copy()
        others = [c for c in status.get("conditions") or [] if c["type"] != condition["type"]]
        status["conditions"] = [*others, condition]
        self._api.update("pods", {**current, "status": status}, subresource="status")
