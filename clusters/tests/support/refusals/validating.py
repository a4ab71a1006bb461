"""The circumstances of the recorded answers: the feature gates that were on, and the resource of each object."""

from pathlib import Path
from typing import Any

from kube_emulator.apiserver.resources import Resource

RECORDED = Path(__file__).parent / "recorded"
GATES = (
    "DRADeviceTaintRules",
    "DRAListTypeAttributes",
    "DRANodeAllocatableResources",
    "DRAResourcePoolStatus",
)
WITH_STATUS = ("ResourceClaim", "DeviceTaintRule", "ResourcePoolStatusRequest", "Pod", "Node", "Namespace")


def resource_of(item: dict[str, Any]) -> Resource:
    group, _, version = item["apiVersion"].rpartition("/")
    kind, namespaced = item["kind"], "namespace" in item["metadata"]
    return Resource(group, version, f"{kind.lower()}s", kind, namespaced, (), kind in WITH_STATUS)
