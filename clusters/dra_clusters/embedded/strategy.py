"""Pure: what is special about a kind when it is created, changed or looked at; everything else is the same for all."""

from typing import Any

from dra_clusters.embedded.resources import Resource
from dra_clusters.embedded.status import invalid
from dra_clusters.embedded.validation import (
    SUBDOMAIN,
    Cause,
    claim_causes,
    claim_update_causes,
    is_name,
    slice_causes,
    slice_update_causes,
)

NAME_MAX = 253
COUNTED = (
    "resourceslices",
    "resourceclaims",
    "devicetaintrules",
    "resourceclaimtemplates",
    "deviceclasses",
    "pods",
)
"""Kinds with ``metadata.generation``."""


def prepare_new(resource: Resource, item: dict[str, Any]) -> None:
    """Defaults of a new object, in place; a status that a client may not set is dropped.

    Raises:
        ApiError: 422, the object is invalid.
    """
    if resource.plural in COUNTED:
        item["metadata"]["generation"] = 1
    if resource.plural == "pods":
        item["status"] = {"phase": "Pending", "qosClass": "BestEffort"}
        item.setdefault("spec", {}).setdefault("restartPolicy", "Always")
    if resource.plural == "namespaces":
        item["status"] = {"phase": "Active"}
        item.setdefault("spec", {})
    if resource.plural == "resourceclaims":
        item["status"] = {}
        default_requests(item.get("spec") or {})
    if resource.plural == "resourceclaimtemplates":
        default_requests((item.get("spec") or {}).get("spec") or {})
    check(resource, item)


def default_requests(spec: dict[str, Any]) -> None:
    """Allocation mode and count of a claim's requests, in place."""
    for request in (spec.get("devices") or {}).get("requests") or []:
        for exact in [request.get("exactly"), *(request.get("firstAvailable") or [])]:
            if exact is not None:
                exact.setdefault("allocationMode", "ExactCount")
                if exact["allocationMode"] == "ExactCount":
                    exact.setdefault("count", 1)


def check(resource: Resource, item: dict[str, Any]) -> None:
    """Rules that hold for every version of an object.

    Raises:
        ApiError: 422.
    """
    causes: list[Cause] = []
    name = item["metadata"].get("name", "")
    if not is_name(name, SUBDOMAIN, NAME_MAX):
        causes.append(("metadata.name", f"Invalid value: {name!r}: must be a lower-case DNS subdomain"))
    if resource.plural == "resourceslices":
        causes += slice_causes(item)
    if resource.plural == "resourceclaims":
        causes += claim_causes(item)
    if resource.plural == "resourceclaimtemplates":
        causes += [(f"spec.{path}", why) for path, why in claim_causes(item.get("spec") or {})]
    if causes:
        raise invalid(resource.kind, resource.group, name, causes)


def prepare_change(resource: Resource, old: dict[str, Any], new: dict[str, Any], subresource: str) -> None:
    """What a client cannot change is kept from OLD, in place; the generation follows the spec.

    Raises:
        ApiError: 422, the change breaks rules.
    """
    if subresource == "status":
        for member in [name for name in old if name != "status" and name != "metadata"]:
            new[member] = old[member]
        kept = {name: new["metadata"][name] for name in ("managedFields",) if name in new["metadata"]}
        new["metadata"] = {**old["metadata"], **kept}
    elif resource.status:
        new.pop("status", None)
        if "status" in old:
            new["status"] = old["status"]
    for name in ("uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation"):
        new["metadata"].pop(name, None)
        if name in old["metadata"]:
            new["metadata"][name] = old["metadata"][name]
    if resource.plural in COUNTED and old.get("spec") != new.get("spec"):
        new["metadata"]["generation"] = old["metadata"].get("generation", 0) + 1
    check(resource, new)
    causes: list[Cause] = []
    if resource.plural == "resourceslices":
        causes = slice_update_causes(old, new)
    elif resource.plural == "resourceclaims":
        causes = claim_update_causes(old, new)
    if causes:
        raise invalid(resource.kind, resource.group, old["metadata"]["name"], causes)


def waits_for_kubelet(resource: Resource, item: dict[str, Any]) -> bool:
    """Whether deleting ITEM only marks it, because a kubelet has to end its containers first."""
    running = (item.get("status") or {}).get("phase") not in ("Succeeded", "Failed")
    return resource.plural == "pods" and bool(item.get("spec", {}).get("nodeName")) and running
