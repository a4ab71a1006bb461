"""From the objects of a cluster to the picture. Pure.

A device counts where its driver says that it is a GPU, or does not say what it is; parts of GPUs are shown while somebody has them.
Channels and daemons of ComputeDomains are shown as the domains that they belong to.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from dra_api.objects import (
    Device,
    DeviceTaint,
    DeviceTaintRule,
    JsonObject,
    Node,
    Pod,
    ResourceClaim,
    ResourceSlice,
)
from dra_api.quantity import parse
from dra_clusters.racks.layout import CLIQUE_LABEL, DOMAIN_LABEL, RACK_LABEL
from dra_clusters.top.picture import (
    DEGRADED,
    SICK,
    WELL,
    DevicePicture,
    DomainPicture,
    FabricDevicePicture,
    Holder,
    NodePicture,
    Picture,
    RackPicture,
    WaitingPod,
)

KEEPS_AWAY = ("NoSchedule", "NoExecute")
HIDDEN_TYPES = ("channel", "daemon")
"""Devices of the ComputeDomain driver, which NVIDIA's has too."""
GPU_TYPE = "gpu"
OUTSIDE = "outside any NVLink domain"
DeviceId = tuple[str, str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Objects:
    """What the picture is made of; DOMAINS are ComputeDomains."""

    nodes: Sequence[Node]
    pods: Sequence[Pod]
    slices: Sequence[ResourceSlice]
    claims: Sequence[ResourceClaim]
    rules: Sequence[DeviceTaintRule] = ()
    domains: Sequence[JsonObject] = ()


def paint(objects: Objects, hidden: Collection[str] = HIDDEN_TYPES) -> Picture:
    """The picture of OBJECTS, without devices whose type is one of HIDDEN."""
    holders = holders_of(objects.claims, objects.pods)
    current = newest(objects.slices)
    local: dict[str, list[DevicePicture]] = {}
    for item in current:
        if node := item["spec"].get("nodeName"):
            local.setdefault(node, []).extend(devices_of(item, holders, objects.rules, hidden))
    domains = tuple(domain_of(each) for each in objects.domains)
    nodes = [
        node_of(node, local.get(node["metadata"]["name"], []), objects.pods, domains)
        for node in objects.nodes
    ]
    return Picture(
        racks=racks_of(objects.nodes, nodes),
        fabrics=tuple(each for item in current for each in shared_of(item, holders, objects)),
        domains=domains,
        waiting=tuple(waiting_of(objects.pods)),
    )


def newest(slices: Iterable[ResourceSlice]) -> list[ResourceSlice]:
    """Those of the newest generation of their pool."""
    slices = list(slices)
    generations: dict[tuple[str, str], int] = {}
    for item in slices:
        key = (item["spec"]["driver"], item["spec"]["pool"]["name"])
        generations[key] = max(generations.get(key, 0), item["spec"]["pool"]["generation"])
    return [
        item
        for item in slices
        if item["spec"]["pool"]["generation"]
        == generations[item["spec"]["driver"], item["spec"]["pool"]["name"]]
    ]


def holders_of(claims: Iterable[ResourceClaim], pods: Iterable[Pod]) -> dict[DeviceId, list[Holder]]:
    """{(driver, pool, device): who has it}."""
    jobs = {full_name(pod): job_of(pod) for pod in pods}
    found: dict[DeviceId, list[Holder]] = {}
    for claim in claims:
        status, namespace = claim.get("status") or {}, claim["metadata"]["namespace"]
        allocation: Mapping[str, Any] = status.get("allocation") or {}
        users = tuple(f"{namespace}/{user['name']}" for user in status.get("reservedFor") or [])
        job = next((jobs[user] for user in users if user in jobs), full_name(claim))
        holder = Holder(claim=full_name(claim), pods=users, job=job)
        for result in (allocation.get("devices") or {}).get("results") or []:
            found.setdefault((result["driver"], result["pool"], result["device"]), []).append(holder)
    return found


def full_name(item: Mapping[str, Any]) -> str:
    """NAMESPACE/NAME of an object."""
    return f"{item['metadata']['namespace']}/{item['metadata']['name']}"


def job_of(pod: Pod) -> str:
    """What a pod belongs to: NAMESPACE/NAME of its controller, or of the pod."""
    owners = pod["metadata"].get("ownerReferences") or []
    owner = next((owner["name"] for owner in owners if owner.get("controller")), "")
    return f"{pod['metadata']['namespace']}/{owner}" if owner else full_name(pod)


def value_of(device: Device, driver: str, name: str) -> object:
    """The value of an attribute in the driver's own domain; None if it is not there."""
    attributes = device.get("attributes") or {}
    typed = attributes.get(name) or attributes.get(f"{driver}/{name}") or {}
    return next(iter(typed.values()), None)


def text_of(device: Device, driver: str, name: str) -> str:
    """The same as text, empty if it is not there."""
    found = value_of(device, driver, name)
    return "" if found is None else str(found)


def devices_of(
    item: ResourceSlice,
    holders: Mapping[DeviceId, Sequence[Holder]],
    rules: Iterable[DeviceTaintRule],
    hidden: Collection[str],
) -> Iterable[DevicePicture]:
    """The devices of a slice that are shown."""
    driver, pool = item["spec"]["driver"], item["spec"]["pool"]["name"]
    for device in item["spec"].get("devices") or []:
        held = tuple(holders.get((driver, pool, device["name"]), ()))
        kind = text_of(device, driver, "type")
        if kind in hidden or (kind not in ("", GPU_TYPE) and not held):
            continue
        taints = taints_of(driver, pool, device, rules)
        links = value_of(device, driver, "nvlinks")
        yield DevicePicture(
            name=device["name"],
            driver=driver,
            uuid=text_of(device, driver, "uuid"),
            links=links if isinstance(links, int) else None,
            health=health_of(taints),
            faults=tuple(map(shown_taint, taints)),
            holders=held,
        )


def taints_of(driver: str, pool: str, device: Device, rules: Iterable[DeviceTaintRule]) -> list[DeviceTaint]:
    """Those that the driver published and those that an administrator's rules add."""
    found = list(device.get("taints") or [])
    for rule in rules:
        selector = rule["spec"].get("deviceSelector") or {}
        own = {"driver": driver, "pool": pool, "device": device["name"]}
        if all(selector.get(name) in (None, "", value) for name, value in own.items()):
            found.append(rule["spec"]["taint"])
    return found


def health_of(taints: Iterable[DeviceTaint]) -> str:
    """The worst of them."""
    effects = {taint["effect"] for taint in taints}
    return SICK if effects & set(KEEPS_AWAY) else DEGRADED if effects else WELL


def shown_taint(taint: DeviceTaint) -> str:
    """As kubectl prints taints of nodes."""
    value = f"={taint['value']}" if taint.get("value") else ""
    return f"{taint['key']}{value}:{taint['effect']}"


def shared_of(
    item: ResourceSlice, holders: Mapping[DeviceId, Sequence[Holder]], objects: Objects
) -> Iterable[FabricDevicePicture]:
    """The devices of a slice that several nodes reach."""
    spec = item["spec"]
    if spec.get("nodeName"):
        return
    driver, pool = spec["driver"], spec["pool"]["name"]
    for device in spec.get("devices") or []:
        taken = consumed(objects.claims, (driver, pool, device["name"]))
        yield FabricDevicePicture(
            name=device["name"],
            pool=pool,
            driver=driver,
            consumed=tuple(
                f"{name}={taken.get(name, Decimal(0))} of {capacity['value']}"
                for name, capacity in sorted((device.get("capacity") or {}).items())
            ),
            faults=tuple(map(shown_taint, taints_of(driver, pool, device, objects.rules))),
            holders=tuple(holders.get((driver, pool, device["name"]), ())),
        )


def consumed(claims: Iterable[ResourceClaim], device: DeviceId) -> dict[str, Decimal]:
    """{capacity: how much of it claims took}."""
    found: dict[str, Decimal] = {}
    for claim in claims:
        allocation: Mapping[str, Any] = (claim.get("status") or {}).get("allocation") or {}
        for result in (allocation.get("devices") or {}).get("results") or []:
            if (result["driver"], result["pool"], result["device"]) == device:
                for name, amount in (result.get("consumedCapacity") or {}).items():
                    found[name] = found.get(name, Decimal(0)) + Decimal(int(parse(amount)))
    return found


def domain_of(item: JsonObject) -> DomainPicture:
    """A ComputeDomain, NVIDIA's or ours, which has conditions."""
    status = item.get("status") or {}
    ready: JsonObject = next((each for each in status.get("conditions") or [] if each["type"] == "Ready"), {})
    return DomainPicture(
        name=full_name(item),
        status=status.get("status", ""),
        reason=ready.get("reason", ""),
        nodes=tuple((node["name"], node.get("status", "")) for node in status.get("nodes") or []),
    )


def node_of(
    node: Node, devices: Sequence[DevicePicture], pods: Iterable[Pod], domains: Iterable[DomainPicture]
) -> NodePicture:
    """One node; its pods are those that have devices."""
    name = node["metadata"]["name"]
    using = {pod for device in devices for holder in device.holders for pod in holder.pods}
    here = {full_name(pod) for pod in pods if pod["spec"].get("nodeName") == name}
    return NodePicture(
        name=name,
        clique=(node["metadata"].get("labels") or {}).get(CLIQUE_LABEL, ""),
        fault=node_fault(node),
        devices=tuple(sorted(devices, key=lambda device: natural(device.name))),
        domains=tuple(domain.name for domain in domains if name in dict(domain.nodes)),
        pods=tuple(sorted(using & here, key=natural)),
    )


def node_fault(node: Node) -> str:
    """Why no pod is placed on a node."""
    conditions = (node.get("status") or {}).get("conditions") or []
    ready: Mapping[str, str] = next((each for each in conditions if each["type"] == "Ready"), {})
    if ready and ready["status"] != "True":
        return ready.get("reason") or f"Ready is {ready['status']}"
    return "cordoned" if node["spec"].get("unschedulable") else ""


def racks_of(nodes: Iterable[Node], pictures: Iterable[NodePicture]) -> tuple[RackPicture, ...]:
    """Nodes of the same NVLink domain together; those outside of any come last."""
    found: dict[tuple[str, str], list[NodePicture]] = {}
    for node, picture in zip(nodes, pictures, strict=True):
        labels = node["metadata"].get("labels") or {}
        fabric = picture.clique.rpartition(".")[0] or labels.get(DOMAIN_LABEL, "")
        name = labels.get(RACK_LABEL) or fabric or OUTSIDE
        found.setdefault((fabric, name), []).append(picture)
    racks = [
        RackPicture(
            name=name, fabric=fabric, nodes=tuple(sorted(members, key=lambda node: natural(node.name)))
        )
        for (fabric, name), members in found.items()
    ]
    return tuple(sorted(racks, key=lambda rack: (not rack.fabric, natural(rack.name))))


def waiting_of(pods: Iterable[Pod]) -> Iterable[WaitingPod]:
    """Pods with claims that are not placed."""
    for pod in pods:
        conditions = (pod.get("status") or {}).get("conditions") or []
        why = next(
            (
                each.get("message", "")
                for each in conditions
                if each["type"] == "PodScheduled" and each["status"] == "False"
            ),
            "",
        )
        if not pod["spec"].get("nodeName") and pod["spec"].get("resourceClaims"):
            yield WaitingPod(name=full_name(pod), why=why or "the scheduler has not looked at it yet")


def natural(name: str) -> list[tuple[int, str]]:
    """A key by which tray-2 comes before tray-10."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", name)]
