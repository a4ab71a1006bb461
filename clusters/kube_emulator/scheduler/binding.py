"""What the scheduler writes: allocations and reservations of claims, nodes and conditions of pods."""

import random

from dra_api.objects import JsonObject
from kube_emulator.apiserver.registry.api import Api
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

    def create(self, claim: JsonObject) -> JsonObject:
        """The claim for extended resources, with a name."""
        metadata = {name: value for name, value in claim["metadata"].items() if name not in ("name", "uid")}
        return self._api.create("resourceclaims", {**claim, "metadata": metadata}).value

    def write_request_mappings(self, pod: JsonObject, claim: JsonObject, mappings: list[JsonObject]) -> None:
        """Write into POD's status which claim and requests serve its extended resources."""
        noted = {"resourceClaimName": claim["metadata"]["name"], "requestMappings": mappings}
        current = self._api.get("pods", pod["metadata"]["name"], pod["metadata"]["namespace"])
        status = {**(current.get("status") or {}), "extendedResourceClaimStatus": noted}
        self._api.update("pods", {**current, "status": status}, subresource="status")

    def write(self, claim: JsonObject, pod: JsonObject, allocation: JsonObject | None) -> JsonObject:
        """Write that POD uses the claim, and its ALLOCATION if that is new."""
        metadata = claim["metadata"]
        # The finalizer comes first: a claim deleted between the two writes would vanish with its allocation
        # (dynamicresources.go bindClaim).
        if allocation is not None and FINALIZER not in (metadata.get("finalizers") or []):
            finalizers = [*(metadata.get("finalizers") or []), FINALIZER]
            claim = self._api.update(
                "resourceclaims", {**claim, "metadata": {**metadata, "finalizers": finalizers}}
            ).value
        status = dict(claim.get("status") or {})
        if allocation is not None:
            stamped = "DRADeviceBindingConditions" in self._api.gates
            status["allocation"] = allocation | (
                {"allocationTimestamp": self._clock.stamp()} if stamped else {}
            )
        user = {"resource": "pods", "name": pod["metadata"]["name"], "uid": pod["metadata"]["uid"]}
        if all(other["uid"] != user["uid"] for other in status.get("reservedFor") or []):
            status["reservedFor"] = [*(status.get("reservedFor") or []), user]
        return self._api.update("resourceclaims", {**claim, "status": status}, subresource="status").value

    def unreserve(self, pod: JsonObject, names: list[str]) -> None:
        """POD does not use its claims after all."""
        for name in names:
            claim = self._api.find("resourceclaims", name, pod["metadata"]["namespace"])
            if claim is not None:
                status = dict(claim.get("status") or {})
                users = [
                    u for u in status.pop("reservedFor", None) or [] if u["uid"] != pod["metadata"]["uid"]
                ]
                new = {**claim, "status": status | ({"reservedFor": users} if users else {})}
                self._api.update("resourceclaims", new, subresource="status")

    def free(self, idle: list[JsonObject]) -> None:
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

    def bind(self, key: str, pod: JsonObject, node: str) -> None:
        """Give POD its node."""
        current = self._api.get("pods", pod["metadata"]["name"], pod["metadata"]["namespace"])
        placed = {**current, "spec": {**current["spec"], "nodeName": node}}
        bound = self._api.update("pods", placed, subresource="binding").value
        condition = {"type": "PodScheduled", "status": "True", "lastTransitionTime": self._clock.stamp()}
        self._set_condition(bound, condition)
        message = f"Successfully assigned {key} to {node}"
        record_event(self._api, bound, reason="Scheduled", message=message, source=SOURCE, kind="Normal")

    def refuse(self, pod: JsonObject, reason: str, why: str) -> None:
        """Write into POD's conditions why it is unschedulable, if that changed."""
        condition = {
            "type": "PodScheduled",
            "status": "False",
            "reason": reason,
            "message": why,
            "lastTransitionTime": self._clock.stamp(),
        }
        conditions = (pod.get("status") or {}).get("conditions") or []
        known: JsonObject = next((c for c in conditions if c["type"] == "PodScheduled"), {})
        if (known.get("reason"), known.get("message")) != (reason, why):
            self._set_condition(pod, condition)
            record_event(self._api, pod, reason="FailedScheduling", message=why, source=SOURCE)

    def _set_condition(self, pod: JsonObject, condition: JsonObject) -> None:
        current = self._api.get("pods", pod["metadata"]["name"], pod["metadata"]["namespace"])
        status = dict(current.get("status") or {})
        others = [c for c in status.get("conditions") or [] if c["type"] != condition["type"]]
        status["conditions"] = [*others, condition]
        self._api.update("pods", {**current, "status": status}, subresource="status")
