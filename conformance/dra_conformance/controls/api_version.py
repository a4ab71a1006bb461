"""The shapes of older versions of resource.k8s.io, for the control driver: it speaks v1 and puts itself into what a server has."""

from typing import Any

VERSIONS = ("v1", "v1beta2", "v1beta1")


def outgoing(body: Any, version: str) -> Any:
    """A body of v1 for a server that has VERSION: v1beta1 has what a device is under ``basic``."""
    devices = body.get("spec", {}).get("devices") if isinstance(body, dict) else None
    if version != "v1beta1" or not isinstance(devices, list):
        return body
    basic = [{"name": d["name"], "basic": {k: v for k, v in d.items() if k != "name"}} for d in devices]
    return {**body, "spec": {**body["spec"], "devices": basic}}


def incoming(document: Any, version: str) -> Any:
    """A document of VERSION as v1: what is under ``basic``, and the members of requests, are where v1 has them."""
    if version != "v1beta1" or not isinstance(document, dict):
        return document
    if "items" in document:
        return {**document, "items": [incoming(item, version) for item in document["items"]]}
    devices = document.get("spec", {}).get("devices")
    if isinstance(devices, list):
        flat = [{"name": d["name"], **(d.get("basic") or {})} for d in devices]
        return {**document, "spec": {**document["spec"], "devices": flat}}
    if isinstance(devices, dict):
        requests = [
            r if "firstAvailable" in r else {"name": r["name"], "exactly": r}
            for r in devices.get("requests") or []
        ]
        return {**document, "spec": {**document["spec"], "devices": {**devices, "requests": requests}}}
    return document
