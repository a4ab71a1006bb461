"""ResourceClaim and ResourceClaimTemplate: what is asked for (k8s.io/api 1.37 resource/v1/types.go)."""

from typing import NotRequired, TypedDict

from dra_api.objects.allocations import OpaqueConfiguration, ResourceClaimStatus
from dra_api.objects.classes import CapacityRequirements, DeviceSelector
from dra_api.objects.meta import ObjectMeta
from dra_api.objects.slices import DeviceToleration


class DerivedAttribute(TypedDict):
    """``derivedAttributes[]``: a qualified name, and the CEL expression that gives its value."""

    name: str
    expression: str


class DeviceSubRequest(TypedDict):
    """``firstAvailable[]``: an alternative."""

    name: str
    deviceClassName: str
    selectors: NotRequired[list[DeviceSelector]]
    allocationMode: NotRequired[str]
    count: NotRequired[int]
    tolerations: NotRequired[list[DeviceToleration]]
    capacity: NotRequired[CapacityRequirements]
    derivedAttributes: NotRequired[list[DerivedAttribute]]


class ExactDeviceRequest(TypedDict):
    """``exactly``."""

    deviceClassName: str
    selectors: NotRequired[list[DeviceSelector]]
    allocationMode: NotRequired[str]
    count: NotRequired[int]
    adminAccess: NotRequired[bool]
    tolerations: NotRequired[list[DeviceToleration]]
    capacity: NotRequired[CapacityRequirements]
    derivedAttributes: NotRequired[list[DerivedAttribute]]


class DeviceRequest(TypedDict):
    """``spec.devices.requests[]``: ``exactly`` or ``firstAvailable``."""

    name: str
    exactly: NotRequired[ExactDeviceRequest]
    firstAvailable: NotRequired[list[DeviceSubRequest]]


class DeviceConstraint(TypedDict, total=False):
    """``constraints[]``: an attribute that is the same, or another one, in all devices of the requests; none: of all."""

    requests: list[str]
    matchAttribute: str
    distinctAttribute: str


class DeviceClaimConfiguration(TypedDict, total=False):
    """``spec.devices.config[]`` of a claim; no ``requests``: for all of them."""

    requests: list[str]
    opaque: OpaqueConfiguration


class DeviceClaim(TypedDict, total=False):
    """``spec.devices`` of a claim."""

    requests: list[DeviceRequest]
    constraints: list[DeviceConstraint]
    config: list[DeviceClaimConfiguration]


class ResourceClaimSpec(TypedDict):
    """``spec`` of a claim."""

    devices: DeviceClaim


class ResourceClaim(TypedDict):
    """A ResourceClaim."""

    metadata: ObjectMeta
    spec: ResourceClaimSpec
    status: NotRequired[ResourceClaimStatus]
    apiVersion: NotRequired[str]
    kind: NotRequired[str]


class ClaimTemplateMeta(TypedDict, total=False):
    """``spec.metadata`` of a template: what its claims get."""

    labels: dict[str, str]
    annotations: dict[str, str]


class ResourceClaimTemplateSpec(TypedDict):
    """``spec`` of a template."""

    metadata: NotRequired[ClaimTemplateMeta]
    spec: ResourceClaimSpec


class ResourceClaimTemplate(TypedDict):
    """A ResourceClaimTemplate."""

    metadata: ObjectMeta
    spec: ResourceClaimTemplateSpec
    apiVersion: NotRequired[str]
    kind: NotRequired[str]
