"""A kubelet without containers: registers plugins, prepares claims before a pod runs, unprepares when it is deleted.

What a container would get from CDI is written to ``containers/<namespace>_<pod>/<container>.json`` in the node's folder.
A pod has one task from binding to end; failed calls are repeated with a growing pause, and told as events that
``kubectl describe pod`` shows (kubelet cm/dra and kuberuntime, 1.37).
"""

import asyncio
import json
import logging
import shutil
from collections.abc import Collection, Mapping
from typing import Any

import grpc.aio

from dra_clusters.embedded.api import Api
from dra_clusters.embedded.cdi import UnresolvedDevice, container_view
from dra_clusters.embedded.changes import changes_of
from dra_clusters.embedded.events import tell
from dra_clusters.embedded.plugins import PluginWatcher
from dra_clusters.embedded.scheduler import claim_of
from dra_clusters.embedded.scheduling.usage import results_of
from dra_clusters.embedded.status import ApiError
from dra_clusters.provider import Node

log = logging.getLogger(__name__)
Object = dict[str, Any]
RETRY_S, RETRY_MAX_S = 0.2, 10.0


class NotYet(Exception):
    """A step of a pod's life does not succeed now; it is tried again."""


class Kubelet:
    """The kubelet of one node."""

    def __init__(self, api: Api, node: Node) -> None:
        self._api = api
        self._node = node
        self._plugins = PluginWatcher(node.registry_dir)
        self._workers: dict[str, PodWorker] = {}

    async def run(self) -> None:
        """Serve the node until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._plugins.run())
            async for _ in changes_of(self._api.store, ("pods",)):
                mine = [p for p in self._api.values("pods") if p["spec"].get("nodeName") == self._node.name]
                for pod in mine:
                    uid = pod["metadata"]["uid"]
                    if uid not in self._workers:
                        self._workers[uid] = PodWorker(self._api, self._node, self._plugins, pod)
                        group.create_task(self._work(uid))
                    if pod["metadata"].get("deletionTimestamp"):
                        self._workers[uid].ending.set()
                gone = self._workers.keys() - {pod["metadata"]["uid"] for pod in mine}
                for uid in gone:
                    self._workers[uid].ending.set()

    async def _work(self, uid: str) -> None:
        worker = self._workers[uid]
        await worker.start()
        await worker.ending.wait()
        others = {claim for other in self._workers.values() if other is not worker for claim in other.claims}
        await worker.stop(shared=others)
        del self._workers[uid]


class PodWorker:
    """One pod on the node.

    Attributes:
        claims: {claim UID: what the driver is told of it} of prepared claims.
        ending: set when the pod is to end.
    """

    def __init__(self, api: Api, node: Node, plugins: PluginWatcher, pod: Object) -> None:
        self._api = api
        self._node = node
        self._plugins = plugins
        self._pod = pod
        self._folder = (
            node.directory / "containers" / f"{pod['metadata']['namespace']}_{pod['metadata']['name']}"
        )
        self._drivers: dict[str, list[str]] = {}
        self.claims: dict[str, dict[str, str]] = {}
        self.ending = asyncio.Event()

    async def start(self) -> None:
        """Prepare claims until that succeeds or the pod is to end, then say that the pod runs."""
        pause = RETRY_S
        while not self.ending.is_set():
            try:
                await self._start_once()
            except (NotYet, ApiError, UnresolvedDevice) as error:
                self._tell("FailedPrepareDynamicResources", f"Failed to prepare dynamic resources: {error}")
                await self._pause(pause)
                pause = min(pause * 2, RETRY_MAX_S)
            else:
                return

    async def _pause(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self.ending.wait(), seconds)
        except TimeoutError:
            return

    def _tell(self, reason: str, message: str) -> None:
        tell(self._api, self._pod, reason=reason, message=message, source="kubelet")

    async def _start_once(self) -> None:
        entries = self._pod["spec"].get("resourceClaims") or []
        pod = self._api.find("pods", self._pod["metadata"]["name"], self._pod["metadata"]["namespace"])
        found = {entry["name"]: claim_of(self._api, pod or self._pod, entry) for entry in entries}
        claims = {name: claim for name, claim in found.items() if claim is not None}
        for claim in claims.values():
            metadata = claim["metadata"]
            told = {"namespace": metadata["namespace"], "name": metadata["name"], "uid": metadata["uid"]}
            for driver in sorted({result["driver"] for result in results_of(claim)}):
                self.claims[metadata["uid"]] = told
                if metadata["uid"] not in self._drivers.setdefault(driver, []):
                    self._drivers[driver].append(metadata["uid"])
        devices: dict[str, list[Any]] = {}
        for driver, uids in self._drivers.items():
            response = await self._call(driver, "NodePrepareResources", [self.claims[uid] for uid in uids])
            for uid in uids:
                devices.setdefault(uid, []).extend(response.claims[uid].devices)
        by_name = {name: devices.get(claim["metadata"]["uid"], []) for name, claim in claims.items()}
        self._write_containers(by_name)
        self._set_running()

    async def _call(self, driver: str, method: str, claims: list[dict[str, str]]) -> Any:
        plugin = self._plugins.get(driver)
        if plugin is None:
            message = f"DRA driver {driver} is not registered"
            raise NotYet(message)
        try:
            response = await plugin.call(method, claims)
        except grpc.aio.AioRpcError as error:
            message = f"{method} of driver {driver} failed: {error.code().name}: {error.details()}"
            raise NotYet(message) from error
        for claim in claims:
            if claim["uid"] not in response.claims:
                message = f"{method}: driver {driver} gave no answer for claim {claim['name']}"
                raise NotYet(message)
            if response.claims[claim["uid"]].error:
                message = f"{method} of claim {claim['name']}: {response.claims[claim['uid']].error}"
                raise NotYet(message)
        return response

    def _write_containers(self, devices: Mapping[str, list[Any]]) -> None:
        """Each container's devices as a runtime would set them up."""
        views = {}
        for container in self._pod["spec"].get("containers") or []:
            ids = [
                qualified
                for use in (container.get("resources") or {}).get("claims") or []
                for device in devices.get(use["name"], [])
                if not use.get("request")
                or not device.request_names
                or use["request"] in device.request_names
                for qualified in device.cdi_device_ids
            ]
            views[container["name"]] = container_view(self._node.cdi_dir, ids)
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name, view in views.items():
            (self._folder / f"{name}.json").write_text(json.dumps(view, indent=1))

    def _set_running(self) -> None:
        metadata = self._pod["metadata"]
        pod = self._api.find("pods", metadata["name"], metadata["namespace"])
        if pod is not None and pod["metadata"]["uid"] == metadata["uid"]:
            conditions = [c for c in pod["status"].get("conditions") or [] if c["type"] != "Ready"]
            status = {**pod["status"], "phase": "Running"}
            status["conditions"] = [*conditions, {"type": "Ready", "status": "True"}]
            self._api.update("pods", {**pod, "status": status}, subresource="status")

    async def stop(self, *, shared: Collection[str]) -> None:
        """Unprepare what no other pod on this node uses (SHARED claim UIDs), then let the pod object go."""
        pause = RETRY_S
        shutil.rmtree(self._folder, ignore_errors=True)
        for driver, uids in self._drivers.items():
            claims = [self.claims[uid] for uid in uids if uid not in shared]
            while claims:
                try:
                    await self._call(driver, "NodeUnprepareResources", claims)
                except NotYet as error:
                    self._tell("FailedKillPod", f"error killing pod: {error}")
                    await asyncio.sleep(pause)
                    pause = min(pause * 2, RETRY_MAX_S)
                else:
                    break
        metadata = self._pod["metadata"]
        found = self._api.find("pods", metadata["name"], metadata["namespace"])
        if found is not None and found["metadata"]["uid"] == metadata["uid"]:
            self._api.delete("pods", metadata["name"], metadata["namespace"], grace_s=0)
