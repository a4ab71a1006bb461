"""How the control driver publishes: ten times a second it compares its slices with the desired ones and writes the difference."""

import threading
import time
from typing import Any

from dra_conformance.controls.cluster import GROUP, ApiFailure, ControlApi

POLL_S = 0.1
COUNT = 4
SLICES = f"{GROUP}/resourceslices"


class Publishing(threading.Thread):
    """One slice with four widgets."""

    def __init__(
        self, api: ControlApi, *, driver: str, node: str, restarted: bool, defect: str, say: Any
    ) -> None:
        super().__init__(daemon=True)
        self._api = api
        self._driver = driver
        self._node = node
        self._defect = defect
        self._say = say
        self._over = threading.Event()
        self._salt = f"{time.time_ns() % 100000}-" if defect == "renames-devices" else ""
        self._reversed = restarted and defect == "shuffles-devices"
        self._published = False
        self._owner: dict[str, Any] = {}
        self._dropped: set[str] = set()
        self.pool = "widgets" if defect == "one-pool" else node
        self.name = driver if defect == "one-name" else f"{node}-{driver}"

    def devices(self) -> list[dict[str, Any]]:
        """The widgets."""
        found = []
        for index in range(COUNT):
            attributes: dict[str, Any] = {"color": {"string": ("red", "green", "blue", "grey")[index]}}
            attributes["firmware"] = {"version": "1.2.3"}
            if self._defect == "reserved-name":
                attributes["resource.kubernetes.io/widgetness"] = {"string": "high"}
            if self._defect == "long-attribute":
                attributes["color"] = {"string": "x" * 65}
            if self._defect == "many-attributes":
                attributes |= {f"a{number}": {"int": number} for number in range(33)}
            capacity = {"size": {"value": f"{index + 1}Gi"}}
            found.append(
                {
                    "name": f"widget-{self._salt}{index}",
                    "attributes": attributes,
                    "capacity": capacity,
                    "bindsToNode": True,  # behind a gate that older releases have off
                }
            )
        return found[::-1] if self._reversed else found

    def names(self) -> set[str]:
        """The widgets' names."""
        return {device["name"] for device in self.devices()}

    def wanted(self, owner: dict[str, Any], generation: int) -> dict[str, Any]:
        """The slice."""
        count = 2 if self._defect == "wrong-count" else 1
        pool = {"name": self.pool, "generation": generation, "resourceSliceCount": count}
        spec: dict[str, Any] = {"driver": self._driver, "nodeName": self._node, "pool": pool}
        spec["devices"] = self.devices()
        if self._defect == "wrong-node":
            spec["nodeName"] = f"{self._node}-other"
        if self._defect == "many-devices":
            spec["devices"] = [{"name": f"widget-{index}"} for index in range(129)]
        if self._defect == "explicit-false":
            spec["allNodes"] = False
        return {
            "metadata": {"name": self.name, "ownerReferences": [owner]},
            "spec": spec,
        }

    def run(self) -> None:
        """Publish until stopped."""
        while not self._over.is_set():
            try:
                self.reconcile()
            except ApiFailure as error:
                if self._defect != "hides-failures":
                    self._say(f"publishing failed: {error}")
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
        """Write what is wrong about the slices of this driver and node."""
        name = self.name
        found = next((item for item in mine if item["metadata"]["name"] == name), None)
        newest = max(
            (i["spec"]["pool"]["generation"] for i in mine if i["spec"]["pool"]["name"] == self.pool),
            default=0,
        )
        if found is None and not (self._published and self._defect == "not-republished"):
            self.log_dropped(self._api.request("POST", SLICES, self.wanted(self.owner(), newest + 1)))
        elif found is not None and self.is_wrong(found, newest):
            item = self.wanted(self.owner(), newest + 1)
            item["metadata"]["resourceVersion"] = found["metadata"]["resourceVersion"]
            self.log_dropped(self._api.request("PUT", f"{SLICES}/{name}", item))
        self._published = True
        for item in mine:
            if item["metadata"]["name"] != name and self._defect != "stays-stray":
                self._api.request("DELETE", f"{SLICES}/{item['metadata']['name']}")

    def log_dropped(self, stored: dict[str, Any]) -> None:
        """Remember and log what the server dropped."""
        kept = {name for device in stored["spec"].get("devices") or [] for name in device}
        self._dropped = {name for device in self.devices() for name in device} - kept
        if self._dropped and self._defect != "silent-drops":
            self._say(f"the API server dropped {sorted(self._dropped)}")

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

    def is_wrong(self, found: dict[str, Any], newest: int) -> bool:
        """Whether the stored slice must be written again."""
        if self._defect == "chatty":
            return True
        if self._defect == "not-repaired" and self._published:
            return False
        spec = found["spec"]
        wanted = [
            {name: value for name, value in device.items() if name not in self._dropped}
            for device in self.devices()
        ]
        if self._defect == "fights-server":
            wanted = self.devices()
        return spec.get("devices") != wanted or spec["pool"]["generation"] < newest
