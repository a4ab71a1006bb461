"""Pure: rules on published slices that can be seen in the objects alone.

Written from the API documentation and its validation (resource/v1, 1.37), deliberately apart from the embedded API
server's own validation: where both read the same rule, they must not share a mistake. Each rule takes the driver's
slices of one node and yields a text for each violation.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from dra_api.objects import JsonObject
from dra_api.quantity import parse

Rule = Callable[[list[JsonObject], str, str], Iterator[str]]
LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
SUBDOMAIN = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")
SEMVER = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?")
STANDARD = {
    "resource.kubernetes.io/pcieRoot": "string",
    "resource.kubernetes.io/pciBusID": "string",
    "resource.kubernetes.io/numaNode": "int",
    "resource.kubernetes.io/macAddress": "string",
}
"""Standard attributes (dynamic-resource-allocation deviceattribute, 1.37) and their types."""

VALUES_MAX = 48
"""Attribute values of a device (resource/v1 ResourceSliceMaxAttributeValuesPerDevice)."""
REQUEST_MAX = 3 << 19
"""1.5 MiB, etcd's default request limit."""


def devices(slices: list[JsonObject]) -> Iterator[JsonObject]:
    """All devices."""
    for item in slices:
        yield from item["spec"].get("devices") or []


def attributes(slices: list[JsonObject]) -> Iterator[tuple[str, str, JsonObject]]:
    """(device name, attribute name, value) of all attributes."""
    for device in devices(slices):
        for name, value in (device.get("attributes") or {}).items():
            yield device["name"], name, value


def one_placement(slices: list[JsonObject], driver: str, node: str) -> Iterator[str]:
    """A slice says in exactly one way where its devices can be used."""
    for item in slices:
        members = ("nodeName", "nodeSelector", "allNodes", "perDeviceNodeSelection")
        found = [name for name in members if item["spec"].get(name)]
        if len(found) != 1:
            yield f"{item['metadata']['name']} has {found}"


def node_name(slices: list[JsonObject], driver: str, node: str) -> Iterator[str]:
    """Node-local slices name the Node object that the driver was given."""
    for item in slices:
        if item["spec"].get("nodeName") not in (None, node):
            yield f"{item['metadata']['name']} has nodeName {item['spec']['nodeName']}, the node is {node}"


def pool_name(slices: list[JsonObject], driver: str, node: str) -> Iterator[str]:
    """Pool names are DNS subdomains separated by slashes, at most 253 characters."""
    for item in slices:
        name = item["spec"]["pool"]["name"]
        if len(name) > 253 or not all(SUBDOMAIN.fullmatch(part) for part in name.split("/")):
            yield f"pool {name!r}"


def device_names(slices: list[JsonObject], driver: str, node: str) -> Iterator[str]:
    """Device names are DNS labels."""
    yield from (f"device {d['name']!r}" for d in devices(slices) if not LABEL.fullmatch(d["name"]))


def unique_devices(slices: list[JsonObject], driver: str, node: str) -> Iterator[str]:
    """Device names are unique in a whole pool."""
    counts = Counter(
        (item["spec"]["pool"]["name"], device["name"])
        for item in slices
        for device in item["spec"].get("devices") or []
    )
    yield from (
        f"device {name} is listed {count} times in pool {pool}"
        for (pool, name), count in counts.items()
        if count > 1
    )


def slice_size(slices: list[JsonObject], driver: str, node: str) -> Iterator[str]:
    """A slice has at most 128 devices, 64 if any has taints, counters or list attributes."""
    for item in slices:
        held = item["spec"].get("devices") or []
        rich = any(
            d.get("taints")
            or d.get("consumesCounters")
            or any(k[-1] == "s" for v in (d.get("attributes") or {}).values() for k in v)
            for d in held
        )
        if len(held) > (64 if rich else 128):
            yield f"{item['metadata']['name']} has {len(held)} devices"


def qualified_names(slices: list[JsonObject], driver: str, node: str) -> Iterator[str]:
    """Attribute and capacity names are [domain/]identifier within their limits."""
    for device in devices(slices):
        for name in [*(device.get("attributes") or {}), *(device.get("capacity") or {})]:
            domain, slash, identifier = name.rpartition("/")
            good = re.fullmatch(r"[A-Za-z_]\w{0,31}", identifier, re.ASCII) is not None
            if not good or (slash and not (len(domain) <= 63 and SUBDOMAIN.fullmatch(domain))):
                yield f"{device['name']}: {name!r}"


def attribute_count(slices: list[JsonObject], driver: str, node: str) -> Iterator[str]:
    """A device has at most 32 attributes and capacities together."""
    for device in devices(slices):
        count = len(device.get("attributes") or {}) + len(device.get("capacity") or {})
        if count > 32:
            yield f"{device['name']} has {count}"


def one_value(slices: list[JsonObject], driver: str, node: str) -> Iterator[str]:
    """Each attribute has exactly one value."""
    yield from (f"{device}: {name} has {sorted(v)}" for device, name, v in attributes(slices) if len(v) != 1)


def value_length(slices: list[JsonObject], driver: str, node: str) -> Iterator[str]:
    """String and version values have at most 64 bytes."""
    for device, name, value in attributes(slices):
        if any(isinstance(text, str) and len(text.encode()) > 64 for text in value.values()):
            yield f"{device}: {name} is {value}"


def semantic_versions(slices: list[JsonObject], driver: str, node: str) -> Iterator[str]:
    """Version attributes are semantic versions 2.0.0."""
    for device, name, value in attributes(slices):
        if "version" in value and not SEMVER.fullmatch(value["version"]):
            yield f"{device}: {name} is {value['version']!r}"


def quantities(slices: list[JsonObject], driver: str, node: str) -> Iterator[str]:
    """Capacities are quantities, not negative, in canonical form."""
    for device in devices(slices):
        for name, capacity in (device.get("capacity") or {}).items():
            text = str(capacity.get("value"))
            try:
                value = parse(text)
            except ValueError:
                yield f"{device['name']}: {name} is {text!r}"
                continue
            reducible = (
                re.fullmatch(r"(\d+)Ki|(\d+)Mi|(\d+)Gi", text)
                and int(text[:-2]) % 1024 == 0
                and int(text[:-2]) > 0
            )
            if value < 0 or reducible:
                yield f"{device['name']}: {name} is {text!r}"


def by_value(item: Any) -> Any:
    """ITEM with its quantities as numbers: the API server stores 1024Mi as 1Gi, which drops nothing."""
    if isinstance(item, list):
        return [by_value(each) for each in item]
    if isinstance(item, dict):
        return {name: by_value(value) for name, value in item.items()}
    try:
        return parse(item) if isinstance(item, str) else item
    except ValueError:
        return item


def explicit_false(spec: JsonObject) -> Iterator[str]:
    """The placement booleans that are false instead of absent; other booleans of a device may be."""
    yield from (
        f"{name} is false" for name in ("allNodes", "perDeviceNodeSelection") if spec.get(name) is False
    )
    for device in spec.get("devices") or []:
        if device.get("allNodes") is False:
            yield f"{device.get('name')}: allNodes is false"


def pool_numbers(slices: list[JsonObject], driver: str, node: str) -> Iterator[str]:
    """ResourceSliceCount is above zero, generation is not negative."""
    for item in slices:
        pool = item["spec"]["pool"]
        if pool.get("resourceSliceCount", 0) <= 0 or pool.get("generation", -1) < 0:
            yield f"{item['metadata']['name']}: {pool}"


def node_owner(slices: list[JsonObject], driver: str, node: str) -> Iterator[str]:
    """Node-local slices are owned by their Node."""
    for item in slices:
        owners = item["metadata"].get("ownerReferences") or []
        if item["spec"].get("nodeName") and not any(
            o["kind"] == "Node" and o["name"] == node for o in owners
        ):
            yield f"{item['metadata']['name']} is owned by {owners}"


def request_size(slices: list[JsonObject], driver: str, node: str) -> Iterator[str]:
    """A slice stays below 1.5 MiB."""
    for item in slices:
        size = len(json.dumps(item))
        if size > REQUEST_MAX:
            yield f"{item['metadata']['name']} has {size} bytes"


def pool_complete(slices: list[JsonObject], driver: str, node: str) -> Iterator[str]:
    """All slices of a pool have one generation and count themselves right."""
    pools: dict[str, list[JsonObject]] = {}
    for item in slices:
        pools.setdefault(item["spec"]["pool"]["name"], []).append(item["spec"]["pool"])
    for name, found in pools.items():
        if {(p["generation"], p["resourceSliceCount"]) for p in found} != {
            (found[0]["generation"], len(found))
        }:
            yield f"pool {name} has {len(found)} slices: {found}"


def pcie_root(slices: list[JsonObject], driver: str, node: str) -> Iterator[str]:
    """PCI devices publish their PCIe root complex in the standard form."""
    for device in devices(slices):
        held = device.get("attributes") or {}
        if "resource.kubernetes.io/pciBusID" in held:
            value = (held.get("resource.kubernetes.io/pcieRoot") or {}).get("string", "nothing")
            if not re.fullmatch(r"pci[0-9a-f]{4}:[0-9a-f]{2}", value):
                yield f"{device['name']} publishes {value}"


def pci_bus_id(slices: list[JsonObject], driver: str, node: str) -> Iterator[str]:
    """PCI bus ids are domain:bus:device.function."""
    for device, name, value in attributes(slices):
        good = re.fullmatch(r"[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]", str(value.get("string")))
        if name == "resource.kubernetes.io/pciBusID" and not good:
            yield f"{device}: {value}"


def numa_node(slices: list[JsonObject], driver: str, node: str) -> Iterator[str]:
    """NUMA affinity is the standard attribute, an integer."""
    for device in devices(slices):
        held = device.get("attributes") or {}
        vendor = [n for n in held if "numa" in n.lower() and not n.startswith("resource.kubernetes.io/")]
        standard = held.get("resource.kubernetes.io/numaNode")
        if (vendor and not standard) or (standard and not {"int", "ints"} & standard.keys()):
            yield f"{device['name']}: {vendor or standard}"


def reserved_domains(slices: list[JsonObject], driver: str, node: str) -> Iterator[str]:
    """Names in Kubernetes' domains are standard ones of standard type."""
    for device, name, value in attributes(slices):
        domain = name.rpartition("/")[0]
        reserved = domain in ("k8s.io", "kubernetes.io") or domain.endswith((".k8s.io", ".kubernetes.io"))
        if reserved and not {STANDARD.get(name), f"{STANDARD.get(name)}s"} & value.keys():
            yield f"{device}: {name} {value}"


def own_domain(slices: list[JsonObject], driver: str, node: str) -> Iterator[str]:
    """The driver's own names have no domain."""
    yield from (
        f"{device}: {name}" for device, name, _ in attributes(slices) if name.startswith(f"{driver}/")
    )


def versions_as_text(slices: list[JsonObject], driver: str, node: str) -> Iterator[str]:
    """Versions are version attributes, not strings."""
    for device, name, value in attributes(slices):
        if "version" in name.lower() and re.fullmatch(r"v?\d+\.\d+(\.\d+)?", str(value.get("string", ""))):
            yield f"{device}: {name} {value}"


def amounts_as_text(slices: list[JsonObject], driver: str, node: str) -> Iterator[str]:
    """Amounts are capacities, not strings."""
    for device, name, value in attributes(slices):
        if re.fullmatch(r"\d+(\.\d+)?\s?([KMGT]i?B?)", str(value.get("string", ""))):
            yield f"{device}: {name} {value}"


def list_values(slices: list[JsonObject], driver: str, node: str) -> Iterator[str]:
    """List attributes are not empty, and a device has at most 48 values, each item of a list counted."""
    counts: Counter[str] = Counter()
    for device, name, value in attributes(slices):
        lists = [items for member, items in value.items() if member.endswith("s") and isinstance(items, list)]
        if any(not items for items in lists):
            yield f"{device}: {name} is an empty list"
        counts[device] += sum(map(len, lists)) or 1
    for device, count in counts.items():
        if count > VALUES_MAX:
            yield f"{device} has {count} attribute values"


def secrets(slices: list[JsonObject], driver: str, node: str) -> Iterator[str]:
    """No host paths, tokens or serial numbers in what everybody may read."""
    for device, name, value in attributes(slices):
        text = str(value.get("string", ""))
        if text.startswith("/") or re.search(r"token|secret|password|serial", name, re.IGNORECASE):
            yield f"{device}: {name} {value}"


RULES: dict[str, tuple[Rule, str]] = {
    "RSL-002": (one_placement, "the API server refuses the slice"),
    "RSL-003": (node_name, "the scheduler would send pods to a node that is not there"),
    "RSL-005": (pool_name, "the API server refuses the slice"),
    "RSL-007": (device_names, "the API server refuses the slice"),
    "RSL-008": (unique_devices, "the scheduler treats the whole pool as invalid"),
    "RSL-009": (slice_size, "the API server refuses the slice"),
    "RSL-011": (qualified_names, "the API server refuses the slice"),
    "RSL-012": (attribute_count, "the API server refuses the slice"),
    "RSL-013": (one_value, "the API server refuses the slice"),
    "RSL-014": (value_length, "the API server refuses the slice"),
    "RSL-015": (semantic_versions, "selectors that compare versions fail"),
    "RSL-016": (quantities, "selectors that compare amounts fail"),
    "RSL-017": (list_values, "the API server refuses the slice"),
    "RSL-022": (pool_numbers, "the API server refuses the slice"),
    "RSL-023": (node_owner, "slices of deleted nodes stay forever"),
    "RSL-041": (request_size, "etcd refuses the slice"),
    "POOL-001": (pool_complete, "the scheduler waits for slices that do not exist and allocates nothing"),
    "DIS-005": (pcie_root, "users cannot ask for a GPU and a NIC under one PCIe root"),
    "DIS-006": (pci_bus_id, "other drivers cannot match the device"),
    "DIS-007": (numa_node, "users cannot align devices by NUMA node"),
    "DIS-008": (reserved_domains, "a later Kubernetes may give the name another meaning"),
    "DIS-009": (own_domain, "users have to write the domain twice"),
    "DIS-010": (versions_as_text, "CEL cannot compare texts as versions"),
    "DIS-011": (amounts_as_text, "CEL cannot compare texts as amounts"),
    "DIS-012": (secrets, "slices are readable across the cluster"),
}
"""{requirement: (rule, why it matters)}."""
