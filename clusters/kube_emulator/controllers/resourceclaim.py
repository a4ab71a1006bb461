"""Creates claims from templates, and removes reservations and allocations of pods that ended.

After kube-controller-manager pkg/controller/resourceclaim, 1.36; in 1.34 claims block the deletion of their pod
(kubernetes#134956). Work is queued by key: a pod or a claim. A pod that waits for a template is synced when the template is created.
"""

import logging
from collections import defaultdict
from typing import Any, cast

from dra_api.objects import (
    ConsumerReference,
    JsonObject,
    OwnerReference,
    Pod,
    PodResourceClaimStatus,
    ReadOnlyObject,
    ResourceClaim,
    ResourceClaimStatus,
    ResourceClaimTemplate,
)
from kube_emulator.apiserver.registry.api import Api
from kube_emulator.apiserver.registry.typed import find_claim, find_pod, find_template, get_pod
from kube_emulator.apiserver.status import ApiError
from kube_emulator.controllers.feed import Changed, feed
from kube_emulator.events import record_event
from kube_emulator.releases.release import V1_34
from kube_emulator.scheduler.framework.state import claim_names

log = logging.getLogger(__name__)
Key = tuple[str, str]
"""(namespace, name)."""
FINALIZER = "resource.kubernetes.io/delete-protection"
ANNOTATION = "resource.kubernetes.io/pod-claim-name"
ADMIN_LABEL = "resource.kubernetes.io/admin-access"
MANAGER = "ResourceClaimController"
BASE_MAX = 57
"""Characters of a generated name before the random ones (controller.go)."""


def key_of(item: ReadOnlyObject) -> Key:
    """(namespace, name)."""
    return item["metadata"].get("namespace", ""), item["metadata"]["name"]


def done(pod: Pod) -> bool:
    """Whether a pod will use no device any more."""
    if (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed"):
        return True
    # Deleted before it was bound: it never runs, and no kubelet will report its end (controller.go isPodDone).
    return bool(pod["metadata"].get("deletionTimestamp")) and not pod["spec"].get("nodeName")


def owner_pod(claim: ResourceClaim) -> OwnerReference | None:
    """The reference to the pod for which CLAIM was made."""
    owners = claim["metadata"].get("ownerReferences") or []
    return next((owner for owner in owners if owner.get("controller") and owner["kind"] == "Pod"), None)


class ResourceClaimController:
    """The resourceclaim controller of one cluster."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._block_owner_deletion = api.release == V1_34
        self._by_uid: dict[str, set[Key]] = defaultdict(set)
        """{UID of a pod: claims that are reserved for it or were made for it}."""
        self._concern: dict[Key, set[str]] = {}
        self._waiting_for: dict[Key, set[Key]] = defaultdict(set)
        """{template or claim that pods want: the pods}."""

    async def run(self) -> None:
        """Run until cancelled."""
        async for batch in feed(self._api, ("pods", "resourceclaims", "resourceclaimtemplates")):
            pods: dict[Key, None] = {}
            claims: dict[Key, None] = {}
            for changed in batch:
                self._enqueue(changed, pods, claims)
            for key in pods:
                self._guard(self._sync_pod, key)
            for key in claims:
                self._guard(self._sync_claim, key)

    def _guard(self, work: Any, key: Key) -> None:
        try:
            work(key)
        except ApiError as error:
            log.info("%s %s/%s: %s", work.__name__.removeprefix("_"), *key, error)

    def _enqueue(self, changed: Changed, pods: dict[Key, None], claims: dict[Key, None]) -> None:
        """Enqueue the PODS and CLAIMS that a change concerns."""
        key, item = key_of(changed.item), changed.item
        if changed.plural == "resourceclaimtemplates":
            pods.update(dict.fromkeys(self._waiting_for.get(key, ())))
        elif changed.plural == "pods":
            pods[key] = None
            if changed.after is None or done(cast(Pod, item)):
                claims.update(dict.fromkeys(self._by_uid.get(item["metadata"]["uid"], ())))
        else:
            claims[key] = None
            for uid in self._concern.pop(key, ()):
                self._by_uid[uid].discard(key)
            if changed.after is not None:
                users = {user["uid"] for user in (item.get("status") or {}).get("reservedFor") or []}
                owner = owner_pod(cast(ResourceClaim, item))
                self._concern[key] = users | ({owner["uid"]} if owner else set())
                for uid in self._concern[key]:
                    self._by_uid[uid].add(key)
            pods.update(dict.fromkeys(self._waiting_for.get(key, ())))

    def _sync_pod(self, key: Key) -> None:
        """Create the claims of a pod, and reserve for one that was bound without a scheduler."""
        namespace, name = key
        pod = find_pod(self._api, name, namespace)
        if pod is None or done(pod) or pod["metadata"].get("deletionTimestamp"):
            for pods in self._waiting_for.values():
                pods.discard(key)
            return
        known = {status["name"] for status in (pod.get("status") or {}).get("resourceClaimStatuses") or []}
        made: list[PodResourceClaimStatus] = []
        for entry in pod["spec"].get("resourceClaims") or []:
            template = entry.get("resourceClaimTemplateName")
            if (
                template
                and entry["name"] not in known
                and (claim := self._claim_for(pod, entry["name"], template))
            ):
                made.append({"name": entry["name"], "resourceClaimName": claim["metadata"]["name"]})
        if made:
            self._write_claim_names(pod, made)
        if pod["spec"].get("nodeName"):
            self._reserve(pod)

    def _write_claim_names(self, pod: Pod, made: list[PodResourceClaimStatus]) -> None:
        """Write the names of POD's claims into its status."""
        kept = (pod.get("status") or {}).get("resourceClaimStatuses") or []
        metadata = {"name": pod["metadata"]["name"], "namespace": pod["metadata"]["namespace"]}
        status = {"resourceClaimStatuses": [*kept, *made]}
        applied = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "status": status}
        self._api.apply("pods", applied, manager=MANAGER, force=True, subresource="status")

    def _claim_for(self, pod: Pod, name: str, template_name: str) -> ResourceClaim | None:
        """POD's claim for its entry NAME: one that was made already, or a new one; None if that is not possible yet."""
        namespace = pod["metadata"]["namespace"]
        for _, claim_name in sorted(self._by_uid.get(pod["metadata"]["uid"], ())):
            claim = find_claim(self._api, claim_name, namespace)
            if claim and (claim["metadata"].get("annotations") or {}).get(ANNOTATION) == name:
                return claim
        template = find_template(self._api, template_name, namespace)
        if template is None:
            self._waiting_for[namespace, template_name].add(key_of(pod))
            why = f'resourceclaimtemplate.resource.k8s.io "{template_name}" not found'
            self._record_failure(pod, name, why)
            return None
        if wants_admin(template) and not self._admits_admin(namespace):
            why = f'DRA admin access is requested, but the namespace {namespace} has no label "{ADMIN_LABEL}: true"'
            self._record_failure(pod, name, why)
            return None
        try:
            new = claim_from(template, pod, name, blocks=self._block_owner_deletion)
            return cast(ResourceClaim, self._api.create("resourceclaims", new).value)
        except ApiError as error:
            self._record_failure(pod, name, f"failed to create ResourceClaim: {error}")
            return None

    def _admits_admin(self, namespace: str) -> bool:
        labels = (self._api.find("namespaces", namespace) or {"metadata": {}})["metadata"].get("labels") or {}
        return bool(labels.get(ADMIN_LABEL) == "true")

    def _record_failure(self, pod: Pod, name: str, why: str) -> None:
        message = f"PodResourceClaim {name}: {why}"
        record_event(
            self._api, pod, reason="FailedResourceClaimCreation", message=message, source="resource_claim"
        )

    def _reserve(self, pod: Pod) -> None:
        """Reserve the allocated claims of a bound POD for it."""
        pod = get_pod(self._api, pod["metadata"]["name"], pod["metadata"]["namespace"])
        namespace, uid = pod["metadata"]["namespace"], pod["metadata"]["uid"]
        for name in claim_names(pod):
            claim = find_claim(self._api, name, namespace)
            status = (claim.get("status") or {}) if claim else {}
            users = status.get("reservedFor") or []
            reserved = any(user["uid"] == uid for user in users)
            if reserved:
                self._waiting_for.get((namespace, name), set()).discard(key_of(pod))
            else:
                self._waiting_for[namespace, name].add(key_of(pod))
            if claim is not None and status.get("allocation") and not reserved:
                user: ConsumerReference = {"resource": "pods", "name": pod["metadata"]["name"], "uid": uid}
                new = {**claim, "status": {**status, "reservedFor": [*users, user]}}
                self._api.update("resourceclaims", new, subresource="status")

    def _sync_claim(self, key: Key) -> None:
        """Remove reservations of pods that ended, deallocate a claim without any, and delete claims of pods that ended."""
        namespace, name = key
        claim = find_claim(self._api, name, namespace)
        if claim is None:
            return
        status, metadata = (claim.get("status") or ResourceClaimStatus()).copy(), claim["metadata"]
        users = status.pop("reservedFor", None) or []
        still = [user for user in users if self._uses(user, namespace)]
        protected = FINALIZER in (metadata.get("finalizers") or [])
        # An allocation that never had a user is kept: the scheduler may be about to reserve it.
        freed = not still and protected and (bool(users) or bool(metadata.get("deletionTimestamp")))
        if freed:
            status.pop("allocation", None)
            status.pop("devices", None)
        if still != users or (freed and (claim.get("status") or {}).get("allocation")):
            if still:
                status["reservedFor"] = still
            new = {**claim, "status": status}
            claim = cast(ResourceClaim, self._api.update("resourceclaims", new, subresource="status").value)
        if freed and not (claim.get("status") or {}).get("allocation"):
            # Last, in a write of its own: spec and status of a claim cannot be changed together.
            kept = [finalizer for finalizer in metadata["finalizers"] if finalizer != FINALIZER]
            new = {**claim, "metadata": {**claim["metadata"], "finalizers": kept}}
            claim = cast(ResourceClaim, self._api.update("resourceclaims", new).value)
        owner = owner_pod(claim)
        if owner is not None and not claim["metadata"].get("deletionTimestamp"):
            pod = find_pod(self._api, owner["name"], namespace)
            if pod is None or pod["metadata"]["uid"] != owner["uid"] or done(pod):
                self._api.delete("resourceclaims", name, namespace, uid=claim["metadata"]["uid"])

    def _uses(self, user: ConsumerReference, namespace: str) -> bool:
        """Whether a reservation still counts; one of a kind that is not known here does."""
        if user.get("resource") != "pods" or user.get("apiGroup"):
            return True
        pod = find_pod(self._api, user["name"], namespace)
        return pod is not None and pod["metadata"]["uid"] == user["uid"] and not done(pod)


def wants_admin(template: ResourceClaimTemplate) -> bool:
    """Whether claims of TEMPLATE ask for administrative access."""
    requests = (template["spec"]["spec"].get("devices") or {}).get("requests") or []
    return any("exactly" in request and request["exactly"].get("adminAccess") for request in requests)


def claim_from(template: ResourceClaimTemplate, pod: Pod, name: str, *, blocks: bool) -> JsonObject:
    """The claim that TEMPLATE gives for POD's entry NAME; BLOCKS: it holds up a foreground deletion of the pod."""
    wanted = template["spec"].get("metadata") or {}
    owner = {
        "apiVersion": "v1",
        "kind": "Pod",
        "name": pod["metadata"]["name"],
        "uid": pod["metadata"]["uid"],
        "controller": True,
        **({"blockOwnerDeletion": True} if blocks else {}),
    }
    metadata = {
        "generateName": f"{pod['metadata']['name']}-{name}"[:BASE_MAX] + "-",
        "namespace": pod["metadata"]["namespace"],
        "annotations": {**(wanted.get("annotations") or {}), ANNOTATION: name},
        "ownerReferences": [owner],
    }
    labels = {"labels": wanted["labels"]} if wanted.get("labels") else {}
    return {"metadata": metadata | labels, "spec": template["spec"]["spec"]}
