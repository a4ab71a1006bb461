"""The kubelet of one node: starts, stops, and puts its parts together.

Until a pod or a plugin comes a node is hollow: this object and nothing else, no folder and no task. What a
kubelet has in memory is a ``RunningKubelet``; it ends when the kubelet stops, while the container runtime, the checkpoint and the folders
stay. A reboot takes the runtime, the folder of CDI files (a tmpfs on a real node) and the plugins' sockets too.
"""

import asyncio
import logging
import shutil
import uuid
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from dra_api.objects import ContainerStatus, ObjectMeta, Pod
from kube_emulator.apiserver.registry.api import Api
from kube_emulator.apiserver.registry.typed import find_pod
from kube_emulator.clock import Clock
from kube_emulator.events import record_event
from kube_emulator.kubelet.claim_cache import ClaimCache
from kube_emulator.kubelet.claims import ClaimManager
from kube_emulator.kubelet.drivers import Drivers
from kube_emulator.kubelet.faults import Caller
from kube_emulator.kubelet.health import Key
from kube_emulator.kubelet.health_status import with_health
from kube_emulator.kubelet.health_streams import HealthStreams
from kube_emulator.kubelet.metrics import Metrics
from kube_emulator.kubelet.node_context import NodeContext
from kube_emulator.kubelet.node_object import (
    NODE_ADDRESSES,
    POD_ADDRESSES,
    RUN_ADDRESSES,
    address,
    record_reboot,
)
from kube_emulator.kubelet.pod_worker import PodWorker
from kube_emulator.kubelet.registration import PluginWatcher, find_sockets
from kube_emulator.kubelet.runtime import Runtime, is_run
from kube_emulator.kubelet.slice_cleanup import SliceCleanup
from kube_emulator.kubelet.volume_files import IssueToken
from kube_emulator.node_paths import NodePaths
from kube_emulator.releases.release import V1_36, V1_37, Release

log = logging.getLogger(__name__)
RECONCILE_S = 60.0
HEALTH_GATE = "ResourceHealthStatus"


@dataclass(frozen=True, slots=True)
class ClusterContext:
    """What all kubelets of a cluster share.

    Attributes:
        server: the address of the API server.
        issue_token: makes a token of a pod's account.
    """

    api: Api
    clock: Clock
    gates: frozenset[str]
    release: Release
    spawn: Callable[[Coroutine[Any, Any, None]], "asyncio.Task[None]"]
    pod_numbers: Iterator[int]
    server: tuple[str, int]
    issue_token: IssueToken


class Kubelet:
    """The kubelet of one node.

    Attributes:
        running: what it has in memory; None while it does not run.
        metrics: its counters, which outlive it here.
    """

    __slots__ = ("_cluster", "_number", "_runtime", "_task", "metrics", "node", "running", "stopped")

    def __init__(self, cluster: ClusterContext, node: NodePaths, number: int) -> None:
        self._cluster = cluster
        self._number = number
        self._runtime: Runtime | None = None
        self._task: asyncio.Task[None] | None = None
        self.node = node
        self.metrics = Metrics()
        self.stopped = False
        self.running: RunningKubelet | None = None

    @property
    def hollow(self) -> bool:
        """Whether neither a pod nor a plugin came yet."""
        return self._runtime is None

    def start(self, *, delete_slices: bool = True) -> None:
        """Start; idempotent. DELETE_SLICES of the node, as at every start but the first of a hollow node.

        Raises:
            CorruptCheckpoint: ``dra_manager_state`` is damaged; the kubelet does not run.
        """
        if self.running is not None:
            return
        node = self.node
        for folder in (node.registry_dir, node.plugins_dir, node.cdi_dir):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._runtime = self._runtime or Runtime(node, self._cluster.clock)
        self.stopped = False
        self.running = RunningKubelet(self._cluster, node, self._runtime, self.metrics, self._number)
        self._task = self._cluster.spawn(self.running.run(delete_slices=delete_slices))

    def log_of(self, pod: Pod, container: str, container_id: str) -> Path | None:
        """The file with what a run of a container of POD printed; None if this node does not have it."""
        if self._runtime is None:
            return None
        return self._runtime.log_of(pod["metadata"]["uid"], container, container_id)

    async def stop(self) -> None:
        """End at once; containers go on."""
        self.stopped = True
        task, self.running, self._task = self._task, None, None
        if task is not None:
            task.cancel()
            await asyncio.wait([task])

    async def restart(self) -> None:
        """End and begin again."""
        await self.stop()
        self.start()

    async def reboot(self) -> None:
        """The node loses power and comes back.

        Drivers are processes that this cluster did not start, so they cannot be ended; they lose their sockets.
        """
        await self.stop()
        if self._runtime is not None:
            self._runtime.lose_power()
        clear_volatile(self.node)
        self.start()
        record_reboot(self._cluster.api, self.node.name, str(uuid.uuid4()))

    async def shut_down(self) -> None:
        """End it and every container."""
        await self.stop()
        if self._runtime is not None:
            await self._runtime.end_all()

    def pod_changed(self, uid: str, pod: Pod | None) -> None:
        """A pod of this node changed, or is gone (None)."""
        if self.hollow and not self.stopped and pod is not None:
            self.start(delete_slices=False)
        if self.running is not None and self.running.started:
            self.running.pod_changed(uid, pod)

    def scan_plugins(self) -> None:
        """One pass of the plugin watcher."""
        if self.running is not None and self.running.started:
            self.running.watcher.reconcile()


def clear_volatile(node: NodePaths) -> None:
    """Remove what a reboot leaves nothing of: sockets and CDI files."""
    for folder in (node.registry_dir, node.plugins_dir):
        for path in find_sockets(str(folder)):
            Path(path).unlink()
    shutil.rmtree(node.cdi_dir, ignore_errors=True)


class RunningKubelet:
    """A kubelet that runs.

    Attributes:
        started: whether ``run`` does; before that it needs no changes: it lists the pods when it starts.
        workers: {UID: worker} of the pods that the node has something of.
    """

    def __init__(
        self, cluster: ClusterContext, node: NodePaths, runtime: Runtime, metrics: Metrics, number: int
    ) -> None:
        self._cluster = cluster
        self._node = node
        self._runtime = runtime
        self._tasks: asyncio.TaskGroup
        self.started = False
        self.workers: dict[str, PodWorker] = {}
        clock, gates = cluster.clock, cluster.gates
        self.cache = ClaimCache(node.directory)
        self._slice_cleanup = SliceCleanup(cluster.api, clock, node.name, self._spawn)
        self.health = (
            HealthStreams(
                clock, node.directory, self._health_changed, stops_if_unimplemented=cluster.release >= V1_37
            )
            if HEALTH_GATE in gates
            else None
        )
        self.drivers = Drivers(self._slice_cleanup, self.health, self._spawn, release=cluster.release)
        rolls_back = cluster.release >= V1_36
        self.watcher = PluginWatcher(node.registry_dir, clock, self.drivers, self._spawn, rolls_back)
        self.caller = Caller(clock, metrics)
        self.claims = ClaimManager(
            cluster.api,
            clock,
            self.cache,
            self.drivers,
            self.caller,
            metrics,
            gates,
            waits_for_unprepare=cluster.release >= V1_37,
        )
        host_ip = address(NODE_ADDRESSES, number)
        self._node_context = NodeContext(
            cluster.api,
            clock,
            self.claims,
            runtime,
            host_ip,
            cluster.server,
            cluster.issue_token,
            self._next_ip,
            self._with_health,
        )

    def _spawn(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        return self._tasks.create_task(work)

    def _next_ip(self, pod: Pod) -> str:
        network = RUN_ADDRESSES if is_run(pod) else POD_ADDRESSES
        return address(network, next(self._cluster.pod_numbers))

    async def run(self, *, delete_slices: bool) -> None:
        """Run until cancelled."""
        try:
            async with asyncio.TaskGroup() as self._tasks:
                self.started = True
                if delete_slices:
                    self._slice_cleanup.delete_all()
                self._take_over()
                await self._reconcile()
        finally:
            await self.drivers.close()

    def _take_over(self) -> None:
        """Sync the pods that are bound to the node, and end containers of others."""
        api = self._cluster.api
        pods = [cast(Pod, item.value) for item in api.store.where("pods", self._node.name)]
        for uid in self._runtime.sandboxes.keys() - {pod["metadata"]["uid"] for pod in pods}:
            self._runtime.remove(uid)
        for pod in pods:
            self.pod_changed(pod["metadata"]["uid"], pod)
        if node := api.find("nodes", self._node.name):
            record_event(
                api, node, reason="Starting", message="Starting kubelet.", source="kubelet", kind="Normal"
            )

    async def _reconcile(self) -> None:
        async for _ in self._cluster.clock.ticks(RECONCILE_S):
            await self.claims.reconcile(self.workers.keys())
            for worker in self.workers.values():
                worker.refresh()

    def pod_changed(self, uid: str, pod: Pod | None) -> None:
        """A pod of this node changed, or is gone."""
        worker = self.workers.get(uid)
        if worker is not None:
            worker.pod_changed(pod)
        elif pod is not None and self._exists(uid, pod["metadata"]):
            self.workers[uid] = PodWorker(self._node_context, pod)
            self._spawn(self._work(uid))

    def _exists(self, uid: str, metadata: ObjectMeta) -> bool:
        """Whether the pod is there still: the watch event may be older than its deletion."""
        found = find_pod(self._cluster.api, metadata["name"], metadata["namespace"])
        return found is not None and found["metadata"]["uid"] == uid

    async def _work(self, uid: str) -> None:
        await self.workers[uid].run()
        del self.workers[uid]

    def _health_changed(self, changed: set[Key]) -> None:
        for claim in self.cache.claims.values():
            used = {(driver, d.pool, d.name) for driver, devices in claim.drivers.items() for d in devices}
            if used & changed:
                for uid in claim.pods & self.workers.keys():
                    self.workers[uid].sync_status()

    def _with_health(self, pod: Pod, statuses: list[ContainerStatus]) -> list[ContainerStatus]:
        if self.health is None:
            return statuses
        known, now = self.health.cache, self._cluster.clock.time()
        return with_health(
            pod,
            statuses,
            self.cache.claims,
            lambda driver, device: known.get(driver, device.pool, device.name, now),
            messages=self._cluster.release >= V1_36,
        )
