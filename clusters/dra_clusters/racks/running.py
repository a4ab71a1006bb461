"""The racks of a cluster that runs: publishes the slices of hollow nodes, runs the full ones, and lets the cluster see faults.

Whoever breaks something runs ``fake-nvml rack break``; here its record of faults is followed. Full nodes see a fault through NVML. A
hollow node's slice is written again, and a node without power, full or hollow, has no kubelet and is not ready.
"""

import threading
import time
from collections.abc import Callable, Collection
from http import HTTPStatus
from pathlib import Path
from typing import Protocol

from dra_api.objects import JsonObject, OwnerReference, ResourceSliceInput
from dra_clusters.errors import ClusterError, EnvironmentFault
from dra_clusters.provider import Kubelet
from dra_clusters.racks.faults import FaultRecord, changed_nodes
from dra_clusters.racks.full_nodes import READY_S, FullNodes
from dra_clusters.racks.layout import Layout, Tray, View
from dra_clusters.racks.slices import slices_of
from dra_clusters.raw_client import RawClient

SLICES = "/apis/resource.k8s.io/v1/resourceslices"
NODES = "/api/v1/nodes"
CLASSES = "/apis/resource.k8s.io/v1/deviceclasses"
LOOK_S = 0.25
JOIN_S = 30.0


class Nodes(Protocol):
    """What is needed of the cluster: the kubelets of nodes."""

    def kubelet(self, node: str) -> Kubelet:
        """The kubelet of NODE."""


def gpu_class(driver: str) -> JsonObject:
    """The class of whole GPUs, named and selected as in the driver's chart."""
    expression = f'device.driver == "{driver}" && device.attributes["{driver}"].type == "gpu"'
    return {"metadata": {"name": driver}, "spec": {"selectors": [{"cel": {"expression": expression}}]}}


class RunningRacks:
    """The nodes of LAYOUT in a cluster that answers."""

    def __init__(
        self, layout: Layout, folder: Path, client: RawClient, nodes: Nodes, full: FullNodes
    ) -> None:
        self._layout, self._client = layout, client
        self._record = FaultRecord(folder)
        self._nodes, self._full = nodes, full
        self._trays = {(tray.rack, tray.number): tray for tray in layout.trays}
        self._stop = threading.Event()
        self._follower = threading.Thread(target=self._follow, name="rack-faults", daemon=True)

    def start(self) -> None:
        """Publish, run the full nodes, and follow faults from then on.

        Raises:
            ClusterError: a node does not start, or the API server refuses.
        """
        owners = self._owners()
        for item in slices_of(self._layout, self._layout.hollow_trays):
            item["metadata"]["ownerReferences"] = [owners[item["spec"]["nodeName"]]]
            self._client.send("POST", SLICES, item).require(HTTPStatus.CREATED)
        self._full.start()
        self._await_slices()
        [driver] = {item["spec"]["driver"] for item in self._slices()}
        self._client.send("POST", CLASSES, gpu_class(driver)).require(HTTPStatus.CREATED)
        self._follower.start()

    def stop(self) -> None:
        """End what runs."""
        self._stop.set()
        if self._follower.is_alive():
            self._follower.join(JOIN_S)
        self._full.stop()
        self._client.close()

    def _owners(self) -> dict[str, OwnerReference]:
        """{node: the reference of what its node owns}."""
        listed = self._client.send("GET", NODES).expect(HTTPStatus.OK)["items"]
        return {
            node["metadata"]["name"]: {
                "apiVersion": "v1",
                "kind": "Node",
                "name": node["metadata"]["name"],
                "uid": node["metadata"]["uid"],
                "controller": True,
            }
            for node in listed
        }

    def _slices(self) -> list[ResourceSliceInput]:
        found: list[ResourceSliceInput] = self._client.send("GET", SLICES).expect(HTTPStatus.OK)["items"]
        return found

    def _await_slices(self) -> None:
        """Wait until every full node has published.

        Raises:
            EnvironmentFault: a driver ended, or they took too long.
        """
        missing, deadline = {tray.name for tray in self._layout.full_trays}, time.monotonic() + READY_S
        while missing:
            self._full.check()
            if time.monotonic() > deadline:
                message = f"waited {READY_S:g} s for the slices of {', '.join(sorted(missing))}; see their driver.log"
                raise EnvironmentFault(message)
            with self._client.watch(SLICES, timeoutSeconds=1) as events:
                for event in events:
                    missing.discard(event["object"]["spec"].get("nodeName", ""))
                    if not missing:
                        return

    def _follow(self) -> None:
        """Look at the record of faults until the end; what the API server refuses is done again at the next look."""
        known: list[View] = []
        while not self._stop.wait(LOOK_S):
            try:
                now = self._record.views()
                for tray_key in changed_nodes(known, now):
                    mine = [view for view in now if (view["rack"], view["node"]) == tray_key]
                    self._show(self._trays[tray_key], mine)
                known = now
            except ClusterError:
                continue

    def _show(self, tray: Tray, views: Collection[View]) -> None:
        """Let the cluster see what TRAY is like now."""
        power = all(view["power"] for view in views)
        kubelet, is_full = self._nodes.kubelet(tray.name), tray in self._layout.full_trays
        self._set_power(tray, kubelet, power=power, is_full=is_full)
        if not is_full:
            [item] = slices_of(self._layout, [tray], views)
            path = f"{SLICES}/{item['metadata']['name']}"
            spec = {"devices": item["spec"].get("devices")}
            self._client.patch("merge", path, {"spec": spec}).require(HTTPStatus.OK)

    def _set_power(self, tray: Tray, kubelet: Kubelet, *, power: bool, is_full: bool) -> None:
        """Stop or start what runs on a node, and say in its Node whether it is ready, as the node controller would in 40 s."""
        path = f"{NODES}/{tray.name}"
        node = self._client.send("GET", path).expect(HTTPStatus.OK)
        ready = next(each for each in node["status"]["conditions"] if each["type"] == "Ready")
        if (ready["status"] == "True") == power:
            return
        act: Callable[[], None] = kubelet.start if power else kubelet.stop
        act()
        if is_full:
            (self._full.start_driver if power else self._full.stop_driver)(tray)
        ready["status"] = "True" if power else "Unknown"
        ready["reason"] = "KubeletReady" if power else "NodeStatusUnknown"
        ready["message"] = "" if power else "Kubelet stopped posting node status."
        self._client.send("PUT", f"{path}/status", node).require(HTTPStatus.OK)
