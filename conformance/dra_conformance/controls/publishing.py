"""How the control driver publishes: ten times a second it compares its slices with the desired ones and writes the difference."""

import threading
from typing import Any

from dra_conformance.controls.cluster import GROUP, ApiFailure, ControlApi
from dra_conformance.controls.widgets import Widgets

POLL_S = 0.1
INVALID = 422
SLICES = f"{GROUP}/resourceslices"
Spec = dict[str, Any]


def without_generation(spec: Spec) -> Spec:
    """SPEC as it is compared: without generation, and without the times that the server gives taints."""
    pool = {name: value for name, value in spec["pool"].items() if name != "generation"}
    devices = [
        device | ({"taints": [timeless(taint) for taint in device["taints"]]} if "taints" in device else {})
        for device in spec.get("devices") or []
    ]
    return spec | {"pool": pool} | ({"devices": devices} if "devices" in spec else {})


def timeless(taint: dict[str, Any]) -> dict[str, Any]:
    """TAINT without its time."""
    return {name: value for name, value in taint.items() if name != "timeAdded"}


PAUSE_S = 3


class Publishing(threading.Thread):
    """The slices of all widgets."""

    def __init__(
        self, api: ControlApi, widgets: Widgets, *, driver: str, node: str, defect: str, say: Any
    ) -> None:
        super().__init__(daemon=True)
        self._api = api
        self._widgets = widgets
        self._driver = driver
        self._node = node
        self._defect = defect
        self._say = say
        self._over = threading.Event()
        self._published = False
        self._owner: dict[str, Any] = {}
        self._accepted: dict[str, tuple[Spec, Spec]] = {}
        self.name = driver if defect == "one-name" else f"{node}-{driver}"

    def wanted(self) -> dict[str, Spec]:
        """{slice name: spec}, without generations."""
        specs = self._widgets.specs()
        first = specs[0]
        if self._defect == "wrong-count":
            first["pool"]["resourceSliceCount"] = 2
        if self._defect == "wrong-node":
            first["nodeName"] = f"{self._node}-other"
        crowded = self._defect == "crowded-taints" and any("taints" in d for d in first["devices"])
        if self._defect == "many-devices" or crowded:
            first["devices"] += [{"name": f"spare-{index}"} for index in range(65 if crowded else 129)]
        if self._defect == "explicit-false":
            first["allNodes"] = False
        return {self.name if index == 0 else f"{self.name}-{index}": spec for index, spec in enumerate(specs)}

    def run(self) -> None:
        """Publish until stopped."""
        while not self._over.is_set():
            try:
                self.reconcile()
            except ApiFailure as error:
                if (
                    error.code == INVALID and self._defect != "needs-lists"
                ):  # a server that does not know list attributes
                    self._widgets.lists = False
                if self._defect != "hides-failures":
                    self._say(f"publishing failed: {error}")
                if self._defect == "dumps-inventory":
                    self._say(f"inventory: {self._widgets.devices() * 100}")
                if self._defect == "retry-storm":
                    continue
                self._over.wait(2 * POLL_S)
            self._over.wait(POLL_S)

    def stop(self) -> None:
        """End the thread."""
        self._over.set()
        self.join()
        if self._defect == "deletes-slices":
            self._api.request("DELETE", f"{SLICES}/{self.name}")

    def reconcile(self) -> None:
        """Read the slices and correct them."""
        selector = f"?fieldSelector=spec.driver%3D{self._driver},spec.nodeName%3D{self._node}"
        everything = self._defect in ("reads-all", "foreign-slices")
        items = self._api.request("GET", SLICES + ("" if everything else selector))["items"]
        if self._defect == "foreign-slices":
            for item in items:
                if item["spec"].get("nodeName") != self._node:
                    self._api.request("DELETE", f"{SLICES}/{item['metadata']['name']}")
        mine = [
            i
            for i in items
            if i["spec"]["driver"] == self._driver and i["spec"].get("nodeName") == self._node
        ]
        self.correct(mine)

    def correct(self, mine: list[dict[str, Any]]) -> None:
        """Write what is wrong about the slices of this driver and node; a pool is written as a whole."""
        wanted = self.wanted()
        nothing = not any(spec.get("devices") for spec in wanted.values())
        if nothing and self._defect == "keeps-when-empty":
            return
        if nothing and self._defect == "empty-is-nothing":
            wanted = {}
        stored = {item["metadata"]["name"]: item for item in mine}
        pools: dict[str, list[str]] = {}
        for name, spec in wanted.items():
            pools.setdefault(spec["pool"]["name"], []).append(name)
        newest = {
            pool: max(
                (i["spec"]["pool"]["generation"] for i in mine if i["spec"]["pool"]["name"] == pool),
                default=0,
            )
            for pool in pools
        }
        wrong = [
            pool
            for pool, names in pools.items()
            if any(self.is_wrong(name, stored.get(name), wanted[name], newest[pool]) for name in names)
        ]
        for pool in pools if wrong and self._defect == "global-generation" else wrong:
            self.write_pool(pools[pool], stored, wanted, newest[pool])
        self._published = True
        for name in stored.keys() - wanted.keys():
            if self._defect != "stays-stray":
                self._api.request("DELETE", f"{SLICES}/{name}")

    def write_pool(
        self, names: list[str], stored: dict[str, Any], wanted: dict[str, Spec], newest: int
    ) -> None:
        """Write all slices of a pool, with a generation of their own."""
        keeps = self._defect in ("keeps-generation", "repacks-in-place")
        for number, name in enumerate(names, 1):
            spec = wanted[name]
            if self._defect == "counts-late":
                spec = spec | {"pool": spec["pool"] | {"resourceSliceCount": number}}
            if self._defect == "publishes-early" and not stored and spec.get("devices"):
                early = spec | {"devices": spec["devices"][:1]}
                self.write(name, None, early, newest + 1)
                stored = {**stored, name: self._api.request("GET", f"{SLICES}/{name}")}
            if self._defect == "pauses-between-slices" and number > 1:
                self._over.wait(PAUSE_S)
            self.write(name, stored.get(name), spec, max(newest, 1) if keeps else newest + 1)

    def write(self, name: str, found: dict[str, Any] | None, wanted: Spec, generation: int) -> None:
        """Create or replace a slice."""
        spec = wanted | {"pool": wanted["pool"] | {"generation": generation}}
        metadata: dict[str, Any] = {"name": name, "ownerReferences": [self.owner()]}
        item = {"metadata": metadata, "spec": spec}
        if found is None:
            answer = self._api.request("POST", SLICES, item)
        else:
            metadata["resourceVersion"] = found["metadata"]["resourceVersion"]
            answer = self._api.request("PUT", f"{SLICES}/{name}", item)
        self.remember(name, wanted, answer["spec"])

    def remember(self, name: str, sent: Spec, stored: Spec) -> None:
        """Remember what the server made of a spec, and log what it dropped."""
        sent, stored = without_generation(sent), without_generation(stored)
        self._accepted[name] = (sent, stored)
        kept = {member for device in stored.get("devices") or [] for member in device}
        dropped = {member for device in sent.get("devices") or [] for member in device} - kept
        dropped |= sent.keys() - stored.keys()
        if {"consumesCounters", "sharedCounters"} & dropped:
            self._widgets.uncounted = True
        if dropped and self._defect != "silent-drops":
            self._say(f"the API server dropped {sorted(dropped)} of {name}")

    def owner(self) -> dict[str, Any]:
        """The reference to the Node object."""
        if self._owner and self._defect == "old-owner":
            return self._owner
        node = self._api.request("GET", f"/api/v1/nodes/{self._node}")
        self._owner = {
            "apiVersion": "v1",
            "kind": "Node",
            "name": self._node,
            "uid": node["metadata"]["uid"],
            "controller": True,
        }
        return self._owner

    def is_wrong(self, name: str, found: dict[str, Any] | None, wanted: Spec, newest: int) -> bool:
        """Whether a slice must be written, because it is missing or is not what it should be."""
        if found is None:
            half = self._defect == "leaves-half" and newest > 0
            return not half and not (self._published and self._defect == "not-republished")
        storm = self._defect == "taint-storm" and any("taints" in d for d in wanted.get("devices") or [])
        if self._defect == "chatty" or storm:
            return True
        if self._defect == "not-repaired" and self._published:
            return False
        sent, right = self._accepted.get(name, ({}, {}))
        wanted, spec = without_generation(wanted), without_generation(found["spec"])
        if sent != wanted or self._defect == "fights-server":
            right = wanted
        return spec != right or found["spec"]["pool"]["generation"] < newest
