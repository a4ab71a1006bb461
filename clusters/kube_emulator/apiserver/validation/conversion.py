"""Converts objects of other API versions to the stored version and back.

Stored versions are resource.k8s.io/v1 and core/v1 for events. v1beta2 and v1alpha3 have v1's shape (since 1.35); v1beta1 wraps a device
in ``basic`` and has a request's fields beside its name (``pkg/apis/resource/v1beta1/conversion.go``, 1.36). Events have
other names in events.k8s.io (``pkg/apis/events/v1/conversion.go``). ``managedFields`` are left as they are.
"""

from typing import Any

from dra_api.objects import JsonObject

GROUP = "resource.k8s.io"
REQUEST_FIELDS = (
    "deviceClassName",
    "selectors",
    "allocationMode",
    "count",
    "adminAccess",
    "tolerations",
    "capacity",
    "derivedAttributes",
)
EVENT_NAMES = (
    ("involvedObject", "regarding"),
    ("message", "note"),
    ("source", "deprecatedSource"),
    ("firstTimestamp", "deprecatedFirstTimestamp"),
    ("lastTimestamp", "deprecatedLastTimestamp"),
    ("count", "deprecatedCount"),
    ("reportingComponent", "reportingController"),
)
"""(name in core v1, name in events.k8s.io v1)."""

REPORTING = ("reportingController", "reportingInstance")
"""core/v1 shows these even if they are empty, events.k8s.io/v1 does not (``omitempty``)."""


def to_storage(group: str, version: str, kind: str, item: JsonObject) -> JsonObject:
    """ITEM of that version, converted to the stored version; ITEM is not changed."""
    if group == GROUP and version == "v1beta1":
        return _convert_v1beta1(kind, item, _device_to_v1, _request_to_v1)
    if group == "events.k8s.io":
        return _rename(item, {new: old for old, new in EVENT_NAMES}) | {"apiVersion": "v1"}
    return _with_version(item, f"{group}/v1") if group == GROUP else item


def from_storage(group: str, version: str, kind: str, item: JsonObject) -> JsonObject:
    """The stored ITEM, converted to that version; ITEM is not changed."""
    if group == GROUP and version == "v1beta1":
        converted = _convert_v1beta1(kind, item, _device_to_v1beta1, _request_to_v1beta1)
        return _with_version(converted, f"{group}/{version}")
    if group == "events.k8s.io":
        renamed = _rename(item, dict(EVENT_NAMES)) | {"apiVersion": f"{group}/{version}"}
        return {name: value for name, value in renamed.items() if value or name not in REPORTING}
    return _with_version(item, f"{group}/{version}") if group == GROUP else item


def _with_version(item: JsonObject, api_version: str) -> JsonObject:
    return {**item, "apiVersion": api_version}


def _rename(item: JsonObject, names: dict[str, str]) -> JsonObject:
    return {names.get(name, name): value for name, value in item.items()}


def _convert_v1beta1(kind: str, item: JsonObject, device: Any, request: Any) -> JsonObject:
    converted = _with_version(item, f"{GROUP}/v1")
    spec = item.get("spec")
    if spec is None:
        return converted
    if kind == "ResourceSlice":
        converted["spec"] = _slice_spec(spec, device)
    elif kind == "ResourceClaim":
        converted["spec"] = _claim_spec(spec, request)
    elif kind == "ResourceClaimTemplate" and spec.get("spec") is not None:
        converted["spec"] = {**spec, "spec": _claim_spec(spec["spec"], request)}
    return converted


def _slice_spec(spec: JsonObject, device: Any) -> JsonObject:
    """In v1beta1 an empty node name and a false ``allNodes`` mean that they are not set: they are no pointers there."""
    kept = {name: value for name, value in spec.items() if value or name not in ("nodeName", "allNodes")}
    if kept.get("devices") is not None:
        kept["devices"] = [device(item) for item in kept["devices"]]
    return kept


def _claim_spec(spec: JsonObject, request: Any) -> JsonObject:
    devices = spec.get("devices")
    if not devices or devices.get("requests") is None:
        return spec
    return {**spec, "devices": {**devices, "requests": [request(item) for item in devices["requests"]]}}


def _device_to_v1(item: JsonObject) -> JsonObject:
    basic = item.get("basic") or {}
    return {name: value for name, value in item.items() if name != "basic"} | basic


def _device_to_v1beta1(item: JsonObject) -> JsonObject:
    basic = {name: value for name, value in item.items() if name != "name"}
    return ({"name": item["name"]} if "name" in item else {}) | {"basic": basic}


def _request_to_v1(item: JsonObject) -> JsonObject:
    exactly = {
        name: item[name]
        for name in REQUEST_FIELDS
        if item.get(name) not in (None, "", 0) or item.get(name) is False
    }
    rest = {name: value for name, value in item.items() if name not in REQUEST_FIELDS}
    return rest | ({"exactly": exactly} if exactly else {})


def _request_to_v1beta1(item: JsonObject) -> JsonObject:
    """``deviceClassName`` is always shown, empty beside ``firstAvailable``: it has no ``omitempty`` in v1beta1."""
    exactly = {"deviceClassName": ""} | (item.get("exactly") or {})
    return {name: value for name, value in item.items() if name != "exactly"} | exactly
