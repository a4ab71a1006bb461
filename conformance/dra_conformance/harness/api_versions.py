"""Pure: the shapes of slices and claims in the versions of resource.k8s.io.

Checks speak in the newest one. v1beta2 has the same members. v1beta1 has a device's attributes under ``basic`` and the
members of a request that has no alternatives beside its name (k8s.io/api resource/v1beta1/types.go; the API server converts
in pkg/apis/resource/v1beta1/conversion.go).
"""

from typing import Any

NEWEST, FLAT, BASIC = "v1", "v1beta2", "v1beta1"
GROUP = "resource.k8s.io"


def only(version: str) -> dict[str, bool]:
    """The switches with which an API server serves VERSION and no other; none for the newest, which is the default."""
    return {} if version == NEWEST else {f"{GROUP}/{NEWEST}": False, f"{GROUP}/{version}": True}


def older(item: Any, version: str) -> Any:
    """An object in the newest shape as VERSION has it."""
    return item if version != BASIC else with_parts(item, to_basic, to_beside)


def newer(item: Any, version: str) -> Any:
    """An object, or a list of them, of VERSION in the newest shape."""
    if version != BASIC or not isinstance(item, dict):
        return item
    if "items" in item:
        return {**item, "items": [newer(each, version) for each in item["items"]]}
    return with_parts(item, from_basic, from_beside)


def with_parts(item: Any, device: Any, request: Any) -> Any:
    """ITEM with its devices and requests changed by two functions."""
    spec = item.get("spec") if isinstance(item, dict) else None
    if not isinstance(spec, dict):
        return item
    found = spec.get("devices")
    if isinstance(found, list):
        return {**item, "spec": {**spec, "devices": [device(each) for each in found]}}
    if isinstance(found, dict) and "requests" in found:
        asked = {**found, "requests": [request(each) for each in found["requests"]]}
        return {**item, "spec": {**spec, "devices": asked}}
    return item


def to_basic(device: dict[str, Any]) -> dict[str, Any]:
    """A device of v1beta1."""
    return {
        "name": device["name"],
        "basic": {name: value for name, value in device.items() if name != "name"},
    }


def from_basic(device: dict[str, Any]) -> dict[str, Any]:
    """A device of v1beta1 in the newest shape; members that v1beta1 does not have here stay where they are."""
    rest = {name: value for name, value in device.items() if name != "basic"}
    return {**rest, **(device.get("basic") or {})}


def to_beside(request: dict[str, Any]) -> dict[str, Any]:
    """A request of v1beta1."""
    rest = {name: value for name, value in request.items() if name != "exactly"}
    return {**rest, **request.get("exactly", {})}


def from_beside(request: dict[str, Any]) -> dict[str, Any]:
    """A request of v1beta1 in the newest shape."""
    if "firstAvailable" in request:
        return request
    rest = {name: value for name, value in request.items() if name != "name"}
    return {"name": request["name"], "exactly": rest}
