"""``status`` of a ResourceClaim: what was allocated and what the drivers say of it (k8s.io/api 1.37 resource/v1/types.go)."""

from typing import NotRequired, TypedDict

from dra_api.objects.meta import Condition, JsonObject
from dra_api.objects.slices import DeviceToleration, NodeSelector


class OpaqueConfiguration(TypedDict):
    """Parameters for one driver, which only that driver reads."""

    driver: str
    parameters: JsonObject


class AllocationConfig(TypedDict):
    """``allocation.devices.config[]``; ``source`` is FromClass or FromClaim."""

    source: str
    requests: NotRequired[list[str]]
    opaque: NotRequired[OpaqueConfiguration]


class DeviceResult(TypedDict):
    """``allocation.devices.results[]``: one allocated device."""

    request: str
    driver: str
    pool: str
    device: str
    adminAccess: NotRequired[bool]
    tolerations: NotRequired[list[DeviceToleration]]
    bindingConditions: NotRequired[list[str]]
    bindingFailureConditions: NotRequired[list[str]]
    shareID: NotRequired[str]
    consumedCapacity: NotRequired[dict[str, str]]
    skipNodeOperations: NotRequired[list[str]]


class DeviceAllocation(TypedDict, total=False):
    """``allocation.devices``."""

    results: list[DeviceResult]
    config: list[AllocationConfig]


class AllocationResult(TypedDict):
    """``status.allocation`` of a claim."""

    devices: DeviceAllocation
    nodeSelector: NotRequired[NodeSelector]
    allocationTimestamp: NotRequired[str]


class ConsumerReference(TypedDict):
    """``status.reservedFor[]``: a consumer that is allowed to use the claim, in most cases a pod."""

    resource: str
    name: str
    uid: str
    apiGroup: NotRequired[str]


class DeviceStatus(TypedDict):
    """``status.devices[]``: what a driver reports about one allocated device."""

    driver: str
    pool: str
    device: str
    shareID: NotRequired[str]
    conditions: NotRequired[list[Condition]]
    data: NotRequired[JsonObject]
    networkData: NotRequired[JsonObject]


class ResourceClaimStatus(TypedDict, total=False):
    """``status`` of a claim."""

    allocation: AllocationResult
    reservedFor: list[ConsumerReference]
    devices: list[DeviceStatus]
