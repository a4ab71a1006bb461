"""The daemon of a ComputeDomain on one node: joins the clique's list, runs nvidia-imex, and keeps its peers' addresses right.

On a node outside any fabric it does nothing but say so in a label of its pod. It ends by taking itself out of the list, so that
its number is free. What is in the list of another domain or node is never touched.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from dra_api.objects import JsonObject
from dra_driver.computedomain.clique import CliqueFull, Member, addresses, joined, left
from dra_driver.computedomain.imex_files import config_of, hosts_of, nodes_of
from dra_driver.computedomain.imex_process import ImexProcess, is_ready
from dra_driver.computedomain.kube import CLIQUES, PODS, Kube
from dra_driver.computedomain.names import API_VERSION, CLIQUE_LABEL, DOMAIN_LABEL
from dra_driver.computedomain.objects import CliqueDaemon
from dra_driver.errors import ApiError

log = logging.getLogger(__name__)
CHECK_S, STEADY_S = 0.5, 5.0
"""Between two looks at nvidia-imex, while it is not ready and while it is; each look is a process."""
AGAIN_S, AGAIN_MAX_S = 0.2, 10.0
CONFLICTS = (404, 409)
LEAVE_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DaemonSettings:
    """Of one daemon; what is not a flag comes from the environment that the DaemonSet and CDI give.

    Attributes:
        clique: empty on a node outside any fabric.
        folder: of nvidia-imex's files, for this domain alone.
        programs: the folder of nvidia-imex and nvidia-imex-ctl.
    """

    domain: str
    clique: str
    node: str
    address: str
    pod: str
    pod_uid: str
    namespace: str
    max_nodes: int
    folder: Path
    programs: Path
    hosts: Path

    @property
    def config(self) -> Path:
        """The configuration of nvidia-imex."""
        return self.folder / "imexd.cfg"

    @property
    def object_name(self) -> str:
        """The name of the clique's object."""
        return f"{self.domain}.{self.clique}"


class Daemon:
    """One daemon."""

    def __init__(self, connect: Callable[[], Kube], settings: DaemonSettings) -> None:
        self._connect = connect
        self._settings = settings
        self._member = Member(settings.node, settings.address, settings.clique)
        self._kube = connect()
        self._ready = False
        self._stale = asyncio.Event()
        self._known: dict[str, str] = {}

    async def run(self) -> None:
        """Serve until cancelled."""
        try:
            await self._label()
            if not self._settings.clique:
                log.info("this node is in no fabric: no IMEX")
                await asyncio.Event().wait()
            await asyncio.to_thread(self._write_files)
            self._imex = ImexProcess(self._settings.programs, self._settings.config)
            async with asyncio.TaskGroup() as group:
                group.create_task(self._imex.run())
                group.create_task(self._watch_readiness())
                group.create_task(self._follow())
                group.create_task(self._keep_joined())
        finally:
            await self._leave()
            await self._kube.close()

    async def _label(self) -> None:
        """Say in the pod's label which clique the node is in."""
        settings = self._settings

        async def label() -> None:
            pod = await self._kube.get(PODS, settings.pod, settings.namespace)
            if pod is not None:
                await self._kube.merge(PODS, pod, {"metadata": {"labels": {CLIQUE_LABEL: settings.clique}}})

        await until_done(label, "label of the pod")

    def _write_files(self) -> None:
        settings = self._settings
        settings.folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        settings.config.write_text(config_of(settings.folder, settings.address))
        (settings.folder / "nodes.cfg").write_text(nodes_of(settings.max_nodes))

    async def _watch_readiness(self) -> None:
        """Ask nvidia-imex whether it is ready, and publish a change."""
        while True:
            ready = await is_ready(self._settings.programs, self._settings.config)
            if ready != self._ready:
                self._ready = ready
                self._stale.set()
            await asyncio.sleep(STEADY_S if ready else CHECK_S)

    async def _keep_joined(self) -> None:
        """Keep this node's entry in the clique's object right."""
        while True:
            self._stale.clear()
            await until_done(self._join, "entry in the clique")
            await self._stale.wait()

    async def _join(self) -> None:
        settings = self._settings
        clique = await self._kube.get(CLIQUES, settings.object_name, settings.namespace)
        daemons = cast(Sequence[CliqueDaemon], (clique or {}).get("daemons") or [])
        wanted = joined(daemons, self._member, ready=self._ready, limit=settings.max_nodes)
        if clique is None:
            await self._kube.create(CLIQUES, self._new_clique(wanted))
            return
        owners = clique["metadata"].get("ownerReferences") or []
        mine = [owner for owner in owners if owner["uid"] == settings.pod_uid]
        if wanted != daemons or not mine:
            owned = owners if mine else [*owners, self._owner()]
            await self._kube.merge(
                CLIQUES,
                clique,
                {"metadata": {"ownerReferences": owned}, "daemons": cast(list[JsonObject], wanted)},
            )

    def _owner(self) -> JsonObject:
        """The pod as an owner: the object goes when the last daemon's pod has gone."""
        return {"apiVersion": "v1", "kind": "Pod", "name": self._settings.pod, "uid": self._settings.pod_uid}

    def _new_clique(self, daemons: list[CliqueDaemon]) -> JsonObject:
        settings = self._settings
        labels = {DOMAIN_LABEL: settings.domain, CLIQUE_LABEL: settings.clique}
        return {
            "apiVersion": API_VERSION,
            "kind": "ComputeDomainClique",
            "metadata": {
                "name": settings.object_name,
                "namespace": settings.namespace,
                "labels": labels,
                "ownerReferences": [self._owner()],
            },
            "daemons": daemons,
        }

    async def _follow(self) -> None:
        """Follow the clique's object: its daemons' addresses go into ``/etc/hosts``."""
        labels = {DOMAIN_LABEL: self._settings.domain, CLIQUE_LABEL: self._settings.clique}
        kube, namespace = self._connect(), self._settings.namespace

        async def follow() -> None:
            items, version = await kube.list(CLIQUES, namespace=namespace, labels=labels)
            for item in items:
                self._seen(item)
            async for change, item in kube.watch(CLIQUES, version, namespace=namespace, labels=labels):
                if change == "DELETED":
                    self._stale.set()
                else:
                    self._seen(item)

        try:
            while True:
                await until_done(follow, "watch of the clique")
        finally:
            await kube.close()

    def _seen(self, clique: JsonObject) -> None:
        """Take the addresses over; an entry of this node that is not as it should be is written again."""
        daemons = cast(Sequence[CliqueDaemon], clique.get("daemons") or [])
        try:
            if joined(daemons, self._member, ready=self._ready, limit=self._settings.max_nodes) != daemons:
                self._stale.set()
        except CliqueFull:
            self._stale.set()
        found = addresses(daemons, self._settings.max_nodes)
        if found != self._known:
            self._known = found
            hosts = self._settings.hosts
            # Written in place: in a pod the file is a bind mount, which cannot be replaced.
            hosts.write_text(hosts_of(hosts.read_text(), found))
            self._imex.addresses_changed()

    async def _leave(self) -> None:
        """Take this node's entry out of the list; what cannot be done in time is left to the controller."""
        settings = self._settings
        if not settings.clique:
            return
        try:
            async with asyncio.timeout(LEAVE_S):
                clique = await self._kube.get(CLIQUES, settings.object_name, settings.namespace)
                if clique is not None:
                    daemons = left(clique.get("daemons") or [], self._member)
                    await self._kube.merge(CLIQUES, clique, {"daemons": cast(list[JsonObject], daemons)})
        except (ApiError, TimeoutError) as error:
            log.warning("cannot leave the clique; the controller takes the entry out", extra={"error": error})


async def until_done(act: Callable[[], Awaitable[None]], what: str) -> None:
    """Do ACT until it succeeds; a conflict is tried again at once, other failures after growing pauses."""
    pause = AGAIN_S
    while True:
        try:
            await act()
        except (ApiError, CliqueFull) as error:
            conflict = isinstance(error, ApiError) and error.code in CONFLICTS
            if not conflict:
                log.warning("%s: again in %.1f s", what, pause, extra={"error": error})
            await asyncio.sleep(AGAIN_S if conflict else pause)
            pause = min(pause * 2, AGAIN_MAX_S)
        else:
            return
