"""DeviceClass, and DeviceTaintRule of v1beta2 (k8s.io/api 1.37 resource)."""

from typing import NotRequired, TypedDict

from dra_api.objects.allocations import OpaqueConfiguration
from dra_api.objects.meta import JsonObject, ObjectMeta
from dra_api.objects.slices import DeviceTaint


class CelSelector(TypedDict):
    """A selector in CEL."""

    expression: str


class DeviceSelector(TypedDict, total=False):
    """``selectors[]``: a selector of another kind than ``cel`` is from a newer API server."""

    cel: CelSelector


class CapacityRequirements(TypedDict, total=False):
    """``capacity`` of a request; quantities as text."""

    requests: dict[str, str]


class DeviceClassConfiguration(TypedDict, total=False):
    """``spec.config[]`` of a device class."""

    opaque: OpaqueConfiguration


class DeviceClassSpec(TypedDict, total=False):
    """``spec`` of a device class."""

    selectors: list[DeviceSelector]
    config: list[DeviceClassConfiguration]
    extendedResourceName: str


class DeviceClass(TypedDict):
    """A DeviceClass."""

    metadata: ObjectMeta
    spec: DeviceClassSpec
    apiVersion: NotRequired[str]
    kind: NotRequired[str]


class DeviceTaintSelector(TypedDict, total=False):
    """``spec.deviceSelector`` of a DeviceTaintRule."""

    driver: str
    pool: str
    device: str


class DeviceTaintRuleSpec(TypedDict):
    """``spec`` of a DeviceTaintRule."""

    taint: DeviceTaint
    deviceSelector: NotRequired[DeviceTaintSelector]


class DeviceTaintRule(TypedDict):
    """A DeviceTaintRule."""

    metadata: ObjectMeta
    spec: DeviceTaintRuleSpec
    status: NotRequired[JsonObject]
    apiVersion: NotRequired[str]
    kind: NotRequired[str]
