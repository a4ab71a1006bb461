"""Allocates the claims of pending pods and binds the pods, or says in the pod why it waits.

One pass over the pending pods after each change, oldest first, nodes in their order (kube-scheduler's DRA plugin at
1.37, without scoring and without resources other than devices).
"""

import logging
from collections.abc import Mapping
from typing import Any

from dra_clusters.embedded.allocator import CannotAllocate, DeviceId, allocate, offers_of
from dra_clusters.embedded.api import Api, now
from dra_clusters.embedded.changes import changes_of
from dra_clusters.embedded.events import tell
from dra_clusters.embedded.selectors import SelectorError

log = logging.getLogger(__name__)
Object = dict[str, Any]
FINALIZER = "resource.kubernetes.io/delete-protection"
WATCHED = ("pods", "resourceclaims", "resourceslices", "deviceclasses", "nodes")


async def run_scheduler(api: Api) -> None:
    """Schedule until cancelled."""
    async for _ in changes_of(api.store, WATCHED):
        pending = [
            pod
            for pod in api.values("pods")
            if not pod["spec"].get("nodeName") and not pod["metadata"].get("deletionTimestamp")
        ]
        for pod in sorted(pending, key=lambda pod: int(pod["metadata"]["resourceVersion"])):
            schedule(api, pod)


def schedule(api: Api, pod: Object) -> None:
    """Bind POD, or mark it unschedulable with the reason."""
    nodes = api.values("nodes")
    try:
        claims = [claim_of(api, pod, entry) for entry in pod["spec"].get("resourceClaims") or []]
    except CannotAllocate as error:
        refuse(api, pod, str(error))
        return
    reasons: dict[str, int] = {}
    for node in nodes:
        name = node["metadata"]["name"]
        try:
            allocations = plan(api, claims, name)
        except (CannotAllocate, SelectorError) as error:
            reasons[str(error)] = reasons.get(str(error), 0) + 1
            continue
        for claim in claims:
            reserve(api, claim, pod, allocations.get(claim["metadata"]["uid"]))
        bind(api, pod, name)
        return
    told = ", ".join(f"{count} cannot allocate all claims: {reason}" for reason, count in reasons.items())
    refuse(api, pod, f"0/{len(nodes)} nodes are available: {told or 'there are no nodes'}.")


def claim_of(api: Api, pod: Object, entry: Mapping[str, Any]) -> Object:
    """The claim behind an entry of ``spec.resourceClaims``; ``CannotAllocate`` while it does not exist."""
    namespace, name = pod["metadata"]["namespace"], entry.get("resourceClaimName")
    if name is None:
        statuses = pod.get("status", {}).get("resourceClaimStatuses") or []
        name = next((s.get("resourceClaimName") for s in statuses if s["name"] == entry["name"]), None)
    claim = api.find("resourceclaims", name, namespace) if name else None
    if claim is None:
        wanted = name or f"of template {entry.get('resourceClaimTemplateName')}"
        message = f"waiting for resource claim {wanted} of pod claim {entry['name']}: it does not exist"
        raise CannotAllocate(message)
    if claim["metadata"].get("deletionTimestamp"):
        message = f"resource claim {claim['metadata']['name']} is being deleted"
        raise CannotAllocate(message)
    return claim


def taken_devices(api: Api) -> frozenset[DeviceId]:
    """The devices that allocated claims hold for themselves."""
    return frozenset(
        (result["driver"], result["pool"], result["device"])
        for claim in api.values("resourceclaims")
        for result in allocation_results(claim)
        if not result.get("adminAccess")
    )


def allocation_results(claim: Mapping[str, Any]) -> list[Object]:
    """A claim's allocated devices; empty if it is not allocated."""
    allocation = (claim.get("status") or {}).get("allocation") or {}
    results: list[Object] = (allocation.get("devices") or {}).get("results") or []
    return results


def plan(api: Api, claims: list[Object], node: str) -> dict[str, Object]:
    """{claim UID: allocation} for those of CLAIMS that have none, on NODE.

    Raises:
        CannotAllocate: not there.
    """
    classes = {item["metadata"]["name"]: item for item in api.values("deviceclasses")}
    offers, taken, found = offers_of(api.values("resourceslices"), node), taken_devices(api), {}
    for claim in claims:
        allocation = (claim.get("status") or {}).get("allocation")
        if allocation:
            if not fits(allocation, node):
                message = f"claim {claim['metadata']['name']} is allocated for another node"
                raise CannotAllocate(message)
            continue
        new = allocate(claim["spec"], classes=classes, offers=offers, taken=taken, node=node)
        found[claim["metadata"]["uid"]] = new
        taken |= {
            (r["driver"], r["pool"], r["device"])
            for r in new["devices"]["results"]
            if not r.get("adminAccess")
        }
    return found


def fits(allocation: Mapping[str, Any], node: str) -> bool:
    """Whether an allocation can be used on NODE; only the form that this scheduler writes restricts it."""
    terms = (allocation.get("nodeSelector") or {}).get("nodeSelectorTerms") or []
    fields = [field for term in terms for field in term.get("matchFields") or []]
    return all(node in field["values"] for field in fields if field["key"] == "metadata.name")


def reserve(api: Api, claim: Object, pod: Object, allocation: Object | None) -> None:
    """Write the allocation, if it is new, and that POD uses the claim."""
    metadata = claim["metadata"]
    if allocation is not None and FINALIZER not in (metadata.get("finalizers") or []):
        finalizers = [*(metadata.get("finalizers") or []), FINALIZER]
        claim = api.update(
            "resourceclaims", {**claim, "metadata": {**metadata, "finalizers": finalizers}}
        ).value
    status = dict(claim.get("status") or {})
    if allocation is not None:
        status["allocation"] = {**allocation, "allocationTimestamp": now()}
    user = {"resource": "pods", "name": pod["metadata"]["name"], "uid": pod["metadata"]["uid"]}
    if user not in (status.get("reservedFor") or []):
        status["reservedFor"] = [*(status.get("reservedFor") or []), user]
    api.update("resourceclaims", {**claim, "status": status}, subresource="status")


def bind(api: Api, pod: Object, node: str) -> None:
    """Give POD its node."""
    bound = api.update(
        "pods", {**pod, "spec": {**pod["spec"], "nodeName": node}}, subresource="binding"
    ).value
    set_scheduled(api, bound, {"type": "PodScheduled", "status": "True", "lastTransitionTime": now()})
    tell(
        api,
        pod,
        reason="Scheduled",
        message=f"Successfully assigned {pod['metadata']['namespace']}/{pod['metadata']['name']} to {node}",
        source="scheduler",
        kind="Normal",
    )


def refuse(api: Api, pod: Object, why: str) -> None:
    """Say in POD why it waits; nothing is written if that stands there already."""
    conditions = (pod.get("status") or {}).get("conditions") or []
    if any(c["type"] == "PodScheduled" and c.get("message") == why for c in conditions):
        return
    condition = {
        "type": "PodScheduled",
        "status": "False",
        "reason": "Unschedulable",
        "message": why,
        "lastTransitionTime": now(),
    }
    set_scheduled(api, pod, condition)
    tell(api, pod, reason="FailedScheduling", message=why, source="scheduler")


def set_scheduled(api: Api, pod: Object, condition: Object) -> None:
    """Replace the PodScheduled condition."""
    status = dict(pod.get("status") or {})
    others = [c for c in status.get("conditions") or [] if c["type"] != "PodScheduled"]
    status["conditions"] = [*others, condition]
    api.update("pods", {**pod, "metadata": dict(pod["metadata"]), "status": status}, subresource="status")
