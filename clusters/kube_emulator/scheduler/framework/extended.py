"""Pure: extended resources that devices provide (dynamicresources extendeddynamicresources.go, 1.36, KEP 5004).

A container that asks for ``example.com/gpu: 2`` gets two devices of the class with that ``extendedResourceName``, through
a claim that the scheduler makes. Init containers that end before the pod starts use what the later ones will have.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import cast

from dra_api.objects import (
    ContainerSpec,
    DeviceClass,
    DeviceRequest,
    ExactDeviceRequest,
    ExtendedResourceMapping,
    Pod,
    ResourceClaim,
)
from dra_api.quantity import parse

ANNOTATION = "resource.kubernetes.io/extended-resource-claim"
IMPLICIT = "deviceclass.resource.kubernetes.io/"


def classes_by_resource(classes: Iterable[DeviceClass]) -> dict[str, str]:
    """{extended resource: class}; the newest class has a name, then the smaller name."""
    ordered = sorted(classes, key=lambda item: item["metadata"]["name"], reverse=True)
    ordered.sort(key=lambda item: item["metadata"].get("creationTimestamp") or "")
    found = {IMPLICIT + item["metadata"]["name"]: item["metadata"]["name"] for item in ordered}
    for item in ordered:
        if name := (item.get("spec") or {}).get("extendedResourceName"):
            found[name] = item["metadata"]["name"]
    return found


def request_of(
    index: int,
    container: ContainerSpec,
    resource: str,
    class_name: str,
    reusable: Sequence[DeviceRequest | None],
) -> tuple[DeviceRequest | None, list[ExtendedResourceMapping]]:
    """The request of one container, None if it needs none beyond REUSABLE ones, and the mappings of its devices."""
    resources = container.get("resources") or {}
    wanted = {**(resources.get("limits") or {}), **(resources.get("requests") or {})}
    count = int(parse(str(wanted.get(resource, 0))))
    if not count:
        return None, []
    have, mappings = 0, list[ExtendedResourceMapping]()
    for request in filter(None, reusable):
        have += request["exactly"]["count"]
        mappings.append(mapping_of(container, resource, request["name"]))
        if have >= count:
            return None, mappings
    name = f"container-{index}-request-{sorted(wanted).index(resource)}"
    exactly: ExactDeviceRequest = {
        "deviceClassName": class_name,
        "allocationMode": "ExactCount",
        "count": count - have,
    }
    return {"name": name, "exactly": exactly}, [*mappings, mapping_of(container, resource, name)]


def mapping_of(container: ContainerSpec, resource: str, request: str) -> ExtendedResourceMapping:
    """An item of ``pod.status.extendedResourceClaimStatus.requestMappings``."""
    return {"containerName": container["name"], "resourceName": resource, "requestName": request}


def requests_and_mappings(
    pod: Pod, resources: Mapping[str, str]
) -> tuple[list[DeviceRequest], list[ExtendedResourceMapping]]:
    """What POD's special claim asks for, and which container each request is for; RESOURCES: {resource: class}."""
    inits = pod["spec"].get("initContainers") or []
    containers = [*inits, *(pod["spec"].get("containers") or [])]
    brief = [index for index, item in enumerate(inits) if item.get("restartPolicy") != "Always"]
    requests: list[DeviceRequest] = []
    mappings: list[ExtendedResourceMapping] = []
    for resource, class_name in sorted(resources.items()):
        lasting: list[DeviceRequest | None] = [None] * len(containers)
        for index in (i for i in range(len(containers)) if i not in brief):
            lasting[index], found = request_of(index, containers[index], resource, class_name, ())
            mappings += found
        largest: DeviceRequest | None = None
        short: list[ExtendedResourceMapping] = []
        names = set()
        for index in brief:
            request, found = request_of(index, containers[index], resource, class_name, lasting[index:])
            short += found
            if request is not None:
                names.add(request["name"])
                if largest is None or request["exactly"]["count"] > largest["exactly"]["count"]:
                    largest = request
        for mapping in short:
            if largest is not None and mapping["requestName"] in names:
                mapping["requestName"] = largest["name"]
        requests += [request for request in (*lasting, largest) if request is not None]
        mappings += short
    return requests, mappings


def special_claim(pod: Pod, requests: Sequence[DeviceRequest]) -> ResourceClaim:
    """The claim for POD's extended resources, not yet created."""
    metadata = pod["metadata"]
    owner = {
        "apiVersion": "v1",
        "kind": "Pod",
        "name": metadata["name"],
        "uid": metadata["uid"],
        "controller": True,
    }
    claim = {
        "metadata": {
            "name": "<extended-resources>",
            "generateName": f"{metadata['name']}-extended-resources-",
            "namespace": metadata["namespace"],
            "uid": f"extended-{metadata['uid']}",
            "annotations": {ANNOTATION: "true"},
            "ownerReferences": [owner],
        },
        "spec": {"devices": {"requests": list(requests)}},
    }
    return cast(ResourceClaim, claim)  # the API server adds the rest of the metadata when it is created


def owner_of(claim: ResourceClaim) -> str:
    """The UID of the pod whose special claim CLAIM is, or nothing."""
    if (claim["metadata"].get("annotations") or {}).get(ANNOTATION) != "true":
        return ""
    owners = claim["metadata"].get("ownerReferences") or []
    return next((owner["uid"] for owner in owners if owner.get("controller") and owner["kind"] == "Pod"), "")
