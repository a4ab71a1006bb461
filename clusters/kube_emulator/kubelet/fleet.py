"""All kubelets of a cluster: three tasks however many nodes there are.

One passes each change of a pod to the kubelet of its node; one scans for plugins each second, in the folders of nodes that
are not hollow, and by one listing for folders of nodes that were; one renews leases each 10 s, of hollow nodes only some
at a time, so that all of them are renewed every 5 min. (A change of 5 000 leases each 10 s would be all that the history
of the API server holds.)
"""

import asyncio
import itertools
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import cast

from dra_api.objects import Pod
from kube_emulator.apiserver.registry.api import Api
from kube_emulator.apiserver.status import ApiError
from kube_emulator.clock import Clock
from kube_emulator.kubelet.kubelet import ClusterContext, Kubelet
from kube_emulator.kubelet.node_object import RENEW_S, renew_lease
from kube_emulator.kubelet.volume_files import IssueToken
from kube_emulator.node_paths import NodePaths
from kube_emulator.releases.release import Release

log = logging.getLogger(__name__)
SCAN_S = 1.0
HOLLOW_ROUNDS = 30
"""Renewals of other nodes in which each hollow node is renewed once."""


class Fleet:
    """The kubelets of a cluster.

    Args:
        folder: where nodes have their folders.
        nodes: those that run from the start.
        hollow: those that wait for a pod or a plugin.
        server: the address of the API server, for the environment of pods.
        issue_token: makes a token of a pod's account.
    """

    def __init__(
        self,
        api: Api,
        clock: Clock,
        folder: Path,
        nodes: Sequence[NodePaths],
        *,
        hollow: Sequence[NodePaths] = (),
        gates: frozenset[str],
        release: Release,
        server: tuple[str, int],
        issue_token: IssueToken,
    ) -> None:
        self._api = api
        self._clock = clock
        self._folder = folder
        self._group: asyncio.TaskGroup
        cluster = ClusterContext(
            api,
            clock,
            gates,
            release,
            lambda work: self._group.create_task(work),
            itertools.count(),
            server,
            issue_token,
        )
        every = [*nodes, *hollow]
        self.kubelets = {node.name: Kubelet(cluster, node, number) for number, node in enumerate(every)}
        self._first = [self.kubelets[node.name] for node in nodes]
        self._hollow = {node.name for node in hollow}

    def log_of(self, pod: Pod, container: str, container_id: str) -> Path | None:
        """The file with what a run of a container of POD printed; None if its node does not have it."""
        kubelet = self.kubelets.get(pod["spec"].get("nodeName", ""))
        return kubelet.log_of(pod, container, container_id) if kubelet is not None else None

    async def run(self) -> None:
        """Serve the nodes until cancelled."""
        try:
            async with asyncio.TaskGroup() as self._group:
                for kubelet in self._first:
                    kubelet.start()
                for work in (self._dispatch(), self._scan_plugins(), self._renew_leases()):
                    self._group.create_task(work)
        finally:
            for kubelet in self.kubelets.values():
                await kubelet.shut_down()

    async def _dispatch(self) -> None:
        """Pass each pod to its kubelet; a watch that ends is restarted, and pods deleted meanwhile are detected."""
        where: dict[str, str] = {}
        while True:
            now = {pod["metadata"]["uid"] for pod in self._api.values("pods")}
            for uid in where.keys() - now:
                self.kubelets[where.pop(uid)].pod_changed(uid, None)
            async for event in self._api.watch("pods"):
                pod = event.item.value
                uid, node = pod["metadata"]["uid"], pod["spec"].get("nodeName", "")
                if node in self.kubelets:
                    where[uid] = node
                    self.kubelets[node].pod_changed(uid, None if event.type == "DELETED" else cast(Pod, pod))
                if event.type == "DELETED":
                    where.pop(uid, None)
            await asyncio.sleep(0)

    async def _scan_plugins(self) -> None:
        async for _ in self._clock.ticks(SCAN_S):
            for name in self._no_longer_hollow():
                self._hollow.discard(name)
                self.kubelets[name].start(delete_slices=False)
            for name, kubelet in self.kubelets.items():
                if name not in self._hollow:
                    kubelet.scan_plugins()

    def _no_longer_hollow(self) -> list[str]:
        """Hollow nodes that got a folder or a pod."""
        if not self._hollow:
            return []
        folders = {path.name for path in self._folder.iterdir()} if self._folder.is_dir() else set()
        used = {name for name in self._hollow if not self.kubelets[name].hollow}
        return [name for name in self._hollow & (folders | used) if not self.kubelets[name].stopped]

    async def _renew_leases(self) -> None:
        rounds = itertools.count()
        async for _ in self._clock.ticks(RENEW_S):
            turn = next(rounds) % HOLLOW_ROUNDS
            for number, (name, kubelet) in enumerate(self.kubelets.items()):
                runs = not kubelet.stopped and (name not in self._hollow or number % HOLLOW_ROUNDS == turn)
                if runs:
                    self._renew(name)

    def _renew(self, name: str) -> None:
        try:
            renew_lease(self._api, self._clock, name)
        except ApiError as error:
            log.warning("lease of node %s is not renewed: %s", name, error)
