"""The cluster as the scheduler knows it: kept up to date change by change."""

from bisect import bisect_left
from typing import cast

from dra_api.objects import (
    DeviceClass,
    DeviceTaintRule,
    JsonObject,
    Node,
    Pod,
    ReadOnlyObject,
    ResourceClaim,
    ResourceSlice,
)
from kube_emulator.releases.release import LATEST, V1_34, Release
from kube_emulator.scheduler.framework.extended import classes_by_resource, owner_of
from kube_emulator.scheduler.framework.inventory import Inventory
from kube_emulator.scheduler.framework.neighbours import Neighbours, concerned, terms_of
from kube_emulator.scheduler.framework.predicates import Amounts, Load, requests_of
from kube_emulator.scheduler.framework.usage import Usage, results_of

PLURALS = (
    "namespaces",
    "nodes",
    "deviceclasses",
    "devicetaintrules",
    "resourceslices",
    "resourceclaims",
    "pods",
)
"""The kinds that concern scheduling."""


def key_of(item: ReadOnlyObject) -> str:
    """``namespace/name``."""
    return f"{item['metadata'].get('namespace', '')}/{item['metadata']['name']}"


def ended(pod: Pod) -> bool:
    """Whether a pod uses its node no more."""
    return (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed")


def claim_names(pod: Pod) -> list[str]:
    """The names of a pod's claims that are known."""
    made = {
        s["name"]: s.get("resourceClaimName")
        for s in (pod.get("status") or {}).get("resourceClaimStatuses") or []
    }
    entries = pod["spec"].get("resourceClaims") or []
    return [name for entry in entries if (name := entry.get("resourceClaimName") or made.get(entry["name"]))]


class State:
    """Nodes with their load, classes, what is offered and what is in use."""

    def __init__(self, gates: frozenset[str], release: Release = LATEST) -> None:
        self.gates = gates
        self.release = release
        self.scores = release > V1_34
        """Whether a node with a better alternative is preferred (since 1.35)."""
        self.inventory = Inventory(gates)
        self.usage = Usage()
        self.classes: dict[str, DeviceClass] = {}
        self.resources: dict[str, str] = {}
        """{extended resource: class}."""
        self.special: dict[str, str] = {}
        """{UID of a pod: name of its claim for extended resources}."""
        self.nodes: list[Node] = []
        self._names: list[str] = []
        """Of ``nodes``, in the same order."""
        self._loads: dict[str, Load] = {}
        self._placed: dict[str, tuple[str, Amounts, Pod]] = {}
        self._averse: set[str] = set()
        """Keys of the placed pods that require not to be with others."""
        self.namespaces: dict[str, dict[str, str]] = {}
        """{name: labels}."""

    def load(self, node: str) -> Load:
        """What the pods of NODE ask for."""
        return self._loads.setdefault(node, Load())

    def put(self, plural: str, before: JsonObject | None, after: JsonObject | None) -> None:
        """An object changed from BEFORE to AFTER."""
        item = after or before
        if item is None:
            return
        name = item["metadata"]["name"]
        if plural == "resourceslices":
            self.inventory.put(name, cast("ResourceSlice | None", after))
        elif plural == "devicetaintrules":
            self.inventory.put_rule(name, cast("DeviceTaintRule | None", after))
        elif plural == "resourceclaims":
            self._put_claim(cast(ResourceClaim, item), cast("ResourceClaim | None", after))
        elif plural == "pods":
            self._put_pod(key_of(item), cast("Pod | None", after))
        elif plural == "namespaces":
            self.namespaces.pop(name, None)
            if after is not None:
                self.namespaces[name] = after["metadata"].get("labels") or {}
        elif plural == "nodes":
            self._put_node(name, cast("Node | None", after))
        elif plural == "deviceclasses":
            self.classes.pop(name, None)
            if after is not None:
                self.classes[name] = cast(DeviceClass, after)
            self.resources = (
                classes_by_resource(self.classes.values()) if "DRAExtendedResource" in self.gates else {}
            )

    def position(self, name: str) -> int | None:
        """Where the node NAME is in ``nodes``."""
        place = bisect_left(self._names, name)
        return place if place < len(self._names) and self._names[place] == name else None

    def _put_node(self, name: str, after: Node | None) -> None:
        place = bisect_left(self._names, name)
        known = self.position(name) is not None
        if after is None:
            del self._names[place : place + known], self.nodes[place : place + known]
        elif known:
            self.nodes[place] = after
        else:
            self._names.insert(place, name)
            self.nodes.insert(place, after)

    def _put_claim(self, item: ResourceClaim, after: ResourceClaim | None) -> None:
        self.usage.put(key_of(item), results_of(after) if after is not None else [])
        if owner := owner_of(item):
            self.special.pop(owner, None)
            if after is not None:
                self.special[owner] = item["metadata"]["name"]

    def _put_pod(self, key: str, pod: Pod | None) -> None:
        if key in self._placed:
            node, requests, _ = self._placed.pop(key)
            self._averse.discard(key)
            self.load(node).change(requests, -1)
        if pod is not None and pod["spec"].get("nodeName") and not ended(pod):
            self.place(pod, pod["spec"]["nodeName"])

    def place(self, pod: Pod, node: str) -> None:
        """POD is on NODE, or will be."""
        requests = requests_of(pod)
        self._placed[key_of(pod)] = node, requests, pod
        if terms_of(pod, "podAntiAffinity"):
            self._averse.add(key_of(pod))
        self.load(node).change(requests, 1)

    def neighbours(self, pod: Pod) -> Neighbours | None:
        """What the placed pods mean for where POD goes; None: nothing."""
        # Most pods require nothing of others: then only those that require something of them are looked at.
        keys = list(self._placed) if concerned(pod) else sorted(self._averse)
        if not keys:
            return None
        placed = [(other, self.node(name)) for name, _, other in (self._placed[key] for key in keys)]
        return Neighbours.of(
            pod, [(other, node) for other, node in placed if node is not None], self.namespaces
        )

    def node(self, name: str) -> Node | None:
        """The node NAME."""
        place = self.position(name)
        return None if place is None else self.nodes[place]
