"""The slices of hollow nodes: what the reference driver publishes on such a tray, with the identity of another. Pure.

``trays_generated.json`` has what the driver published on one tray of each machine (``dra_clusters.generate_trays`` writes
it), so nothing here knows which attributes a GPU has. What a fault changes is what the driver makes of it: fewer links and
less bandwidth, and a taint (``dra_driver.health.conditions``); ``e2e/test_racks.py`` compares both with a node that runs.
"""

import json
from collections.abc import Collection, Mapping
from importlib.resources import files

from dra_api.objects import Device, DeviceTaint, ResourceSliceInput, ResourceSliceSpec
from dra_api.quantity import of_count, parse
from dra_clusters.errors import UsageError
from dra_clusters.racks.layout import Layout, Tray, View

TEMPLATES = "trays_generated.json"
NODE, DOMAIN, GPU = "NODE", "DOMAIN", "GPU-{}"
"""What stands for the identity of a tray in a template."""


def template_of(machine: str) -> ResourceSliceSpec:
    """What the driver publishes on a tray of MACHINE.

    Raises:
        UsageError: nobody has written that down.
    """
    known: Mapping[str, ResourceSliceSpec] = json.loads(
        files("dra_clusters.racks").joinpath(TEMPLATES).read_text()
    )
    if machine not in known:
        message = (
            f"hollow nodes of {machine}: wanted one of {', '.join(known)}; let all nodes run with --full"
        )
        raise UsageError(message)
    return known[machine]


def as_template(spec: ResourceSliceSpec, tray: Tray) -> ResourceSliceSpec:
    """SPEC, which was published on TRAY, without the tray's identity."""
    return _replaced(spec, {own: placeholder for placeholder, own in _identity(tray).items()})


def slice_of(
    template: ResourceSliceSpec, tray: Tray, links: int, views: Collection[View] = ()
) -> ResourceSliceInput:
    """What a driver would publish on TRAY, whose GPUs have LINKS and see the faults of VIEWS."""
    spec = _replaced(template, _identity(tray))
    seen = {view["gpu"]: view for view in views}
    count = len(tray.uuids)
    devices = (spec.get("devices") or [])[:count]
    spec["devices"] = [
        _with_faults(spec["driver"], _among(device, count), links, seen.get(number))
        for number, device in enumerate(devices)
    ]
    return {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceSlice",
        "metadata": {"name": f"{tray.name}-{spec['driver']}-0"},
        "spec": spec,
    }


def _identity(tray: Tray) -> dict[str, str]:
    """{placeholder: what TRAY has}."""
    own = {NODE: tray.name, DOMAIN: tray.domain}
    return own | {GPU.format(number): uuid for number, uuid in enumerate(tray.uuids)}


def _replaced(spec: ResourceSliceSpec, names: Mapping[str, str]) -> ResourceSliceSpec:
    """A copy of SPEC with strings that are one of NAMES, or begin with one and a dot, replaced."""

    def change(value: object) -> object:
        if isinstance(value, dict):
            return {key: change(each) for key, each in value.items()}
        if isinstance(value, list):
            return [change(each) for each in value]
        if isinstance(value, str):
            head, dot, tail = value.rpartition(".")
            return names.get(value) or (names[head] + dot + tail if head in names else value)
        return value

    found: ResourceSliceSpec = json.loads(json.dumps(change(spec)))
    return found


def _among(device: Device, count: int) -> Device:
    """DEVICE on a node with COUNT GPUs."""
    attributes = device.get("attributes") or {}
    if "nvlinkPeers" in attributes:
        attributes["nvlinkPeers"] = {"int": count - 1}
    return device


def _with_faults(driver: str, device: Device, links: int, view: View | None) -> Device:
    """DEVICE as the driver publishes it where its GPU sees VIEW."""
    if view is None or not view["power"]:  # whoever lost its power publishes nothing new
        return device
    attributes, capacity = device.get("attributes") or {}, device.get("capacity") or {}
    left = links - len(view["links_down"])
    attributes["nvlinks"] = {"int": left}
    if "nvlinkBandwidth" in capacity:
        whole = int(parse(capacity["nvlinkBandwidth"]["value"]))
        capacity["nvlinkBandwidth"] = {"value": of_count(whole * left // links)}
    if not left:
        attributes["nvlinkPeers"] = {"int": 0}
        capacity.pop("nvlinkBandwidth", None)
    unhealthy: DeviceTaint = {"key": f"{driver}/fabric", "value": "route-unhealthy", "effect": "NoSchedule"}
    degraded: DeviceTaint = {
        "key": f"{driver}/fabric-degraded",
        "value": "degraded-bandwidth",
        "effect": "None",
    }
    taints = ([unhealthy] if view["health"] == "unhealthy" else []) + (
        [degraded] if view["links_down"] else []
    )
    if taints:
        device["taints"] = taints
    return device


def slices_of(
    layout: Layout, trays: Collection[Tray], views: Collection[View] = ()
) -> list[ResourceSliceInput]:
    """Those of TRAYS, which are hollow nodes of LAYOUT.

    Raises:
        UsageError: nobody has written down what such nodes publish.
    """
    if not trays:
        return []
    template = template_of(layout.machine)
    by_tray: dict[tuple[int, int], list[View]] = {}
    for view in views:
        by_tray.setdefault((view["rack"], view["node"]), []).append(view)
    return [
        slice_of(template, tray, layout.links, by_tray.get((tray.rack, tray.number), ())) for tray in trays
    ]
