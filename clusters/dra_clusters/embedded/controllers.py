"""Controllers around claims: claims from templates, reservations of pods that ended, and objects without their owner.

One pass after each change of what concerns them (kube-controller-manager's resourceclaim and garbage collection
controllers at 1.37, without their queues).
"""

from collections.abc import Mapping
from typing import Any

from dra_clusters.embedded.api import Api
from dra_clusters.embedded.changes import changes_of
from dra_clusters.embedded.events import tell
from dra_clusters.embedded.scheduler import FINALIZER

Object = dict[str, Any]
OWNED = ("resourceclaims", "resourceslices", "pods", "configmaps")
OWNERS = {"Pod": "pods", "Node": "nodes", "ResourceClaim": "resourceclaims", "ConfigMap": "configmaps"}
WATCHED = ("pods", "nodes", "resourceclaims", "resourceclaimtemplates", "resourceslices", "configmaps")
ANNOTATION = "resource.kubernetes.io/pod-claim-name"


async def run_controllers(api: Api) -> None:
    """Control until cancelled."""
    async for _ in changes_of(api.store, WATCHED):
        for pod in api.values("pods"):
            make_claims(api, pod)
        for claim in api.values("resourceclaims"):
            release(api, claim)
        for plural in OWNED:
            for item in api.values(plural):
                collect(api, plural, item)


def finished(pod: Mapping[str, Any]) -> bool:
    """Whether a pod will use no device any more."""
    return (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed")


def make_claims(api: Api, pod: Object) -> None:
    """Create the claims that POD wants from templates, and note their names in its status."""
    metadata = pod["metadata"]
    if metadata.get("deletionTimestamp") or finished(pod):
        return
    statuses = list((pod.get("status") or {}).get("resourceClaimStatuses") or [])
    known = {status["name"] for status in statuses}
    for entry in pod["spec"].get("resourceClaims") or []:
        template_name = entry.get("resourceClaimTemplateName")
        if not template_name or entry["name"] in known:
            continue
        template = api.find("resourceclaimtemplates", template_name, metadata["namespace"])
        if template is None:
            why = f'failed to create claim: resourceclaimtemplate "{template_name}" not found'
            if not told(api, pod, why):
                tell(api, pod, reason="FailedResourceClaimCreation", message=why, source="resource_claim")
            continue
        claim = api.create("resourceclaims", claim_from(template, pod, entry["name"])).value
        statuses.append({"name": entry["name"], "resourceClaimName": claim["metadata"]["name"]})
    if len(statuses) > len(known):
        status = {**(pod.get("status") or {}), "resourceClaimStatuses": statuses}
        api.update("pods", {**pod, "status": status}, subresource="status")


def told(api: Api, pod: Object, message: str) -> bool:
    """Whether an event says so already."""
    events = api.values("events", pod["metadata"]["namespace"])
    return any(
        e["involvedObject"].get("uid") == pod["metadata"]["uid"] and e["message"] == message for e in events
    )


def claim_from(template: Object, pod: Object, name: str) -> Object:
    """The claim that TEMPLATE gives for POD's entry NAME."""
    wanted = template["spec"].get("metadata") or {}
    owner = {
        "apiVersion": "v1",
        "kind": "Pod",
        "name": pod["metadata"]["name"],
        "uid": pod["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }
    metadata = {
        "generateName": f"{pod['metadata']['name']}-{name}-",
        "namespace": pod["metadata"]["namespace"],
        "labels": wanted.get("labels") or {},
        "annotations": {**(wanted.get("annotations") or {}), ANNOTATION: name},
        "ownerReferences": [owner],
    }
    return {"metadata": metadata, "spec": template["spec"]["spec"]}


def release(api: Api, claim: Object) -> None:
    """Drop reservations of pods that ended; without any, take the allocation back and let a deleted claim go."""
    status, metadata = claim.get("status") or {}, claim["metadata"]
    users = status.get("reservedFor") or []
    still = [user for user in users if uses(api, user, metadata["namespace"])]
    had_users = bool(users)
    idle = not still and (had_users or metadata.get("deletionTimestamp"))
    if still != users or (idle and status.get("allocation")):
        new = {name: value for name, value in status.items() if name != "reservedFor"}
        if still:
            new["reservedFor"] = still
        elif idle:
            new.pop("allocation", None)
        claim = api.update("resourceclaims", {**claim, "status": new}, subresource="status").value
        metadata = claim["metadata"]
    if not (claim.get("status") or {}).get("allocation") and FINALIZER in (metadata.get("finalizers") or []):
        finalizers = [name for name in metadata["finalizers"] if name != FINALIZER]
        api.update("resourceclaims", {**claim, "metadata": {**metadata, "finalizers": finalizers}})


def uses(api: Api, user: Mapping[str, Any], namespace: str) -> bool:
    """Whether a reservation still counts."""
    if user.get("resource") != "pods":
        return True
    pod = api.find("pods", user["name"], namespace)
    return pod is not None and pod["metadata"]["uid"] == user["uid"] and not finished(pod)


def collect(api: Api, plural: str, item: Object) -> None:
    """Delete ITEM if all its owners of kinds that are known here are gone."""
    metadata = item["metadata"]
    references = metadata.get("ownerReferences") or []
    if not references or metadata.get("deletionTimestamp"):
        return
    for reference in references:
        owner_plural = OWNERS.get(reference["kind"])
        if owner_plural is None:
            return
        space = metadata.get("namespace", "") if api.resource(owner_plural).namespaced else ""
        owner = api.find(owner_plural, reference["name"], space)
        if owner is not None and owner["metadata"]["uid"] == reference["uid"]:
            return
    api.delete(plural, metadata["name"], metadata.get("namespace", ""))
