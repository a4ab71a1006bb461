"""Reads objects from the API with their type: the one place where the emulator casts what ``Reading`` returns.

The API server validated the object when it was written, so it has the shape of its kind.
"""

from typing import cast

from dra_api.objects import DeviceTaintRule, Pod, ResourceClaim, ResourceClaimTemplate, ResourceSlice
from kube_emulator.apiserver.registry.reading import Reading


def get_pod(api: Reading, name: str, namespace: str) -> Pod:
    """A pod; ``ApiError`` 404 if there is none."""
    return cast(Pod, api.get("pods", name, namespace))


def find_pod(api: Reading, name: str, namespace: str) -> Pod | None:
    """A pod, or None."""
    return cast("Pod | None", api.find("pods", name, namespace))


def pods(api: Reading) -> list[Pod]:
    """All pods."""
    return cast("list[Pod]", api.values("pods"))


def get_claim(api: Reading, name: str, namespace: str) -> ResourceClaim:
    """A claim; ``ApiError`` 404 if there is none."""
    return cast(ResourceClaim, api.get("resourceclaims", name, namespace))


def find_claim(api: Reading, name: str, namespace: str) -> ResourceClaim | None:
    """A claim, or None."""
    return cast("ResourceClaim | None", api.find("resourceclaims", name, namespace))


def claims(api: Reading) -> list[ResourceClaim]:
    """All claims."""
    return cast("list[ResourceClaim]", api.values("resourceclaims"))


def find_template(api: Reading, name: str, namespace: str) -> ResourceClaimTemplate | None:
    """A claim template, or None."""
    return cast("ResourceClaimTemplate | None", api.find("resourceclaimtemplates", name, namespace))


def slices(api: Reading) -> list[ResourceSlice]:
    """All slices."""
    return cast("list[ResourceSlice]", api.values("resourceslices"))


def taint_rules(api: Reading) -> list[DeviceTaintRule]:
    """All DeviceTaintRules."""
    return cast("list[DeviceTaintRule]", api.values("devicetaintrules"))
