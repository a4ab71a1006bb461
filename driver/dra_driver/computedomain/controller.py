"""The controller of ComputeDomains: watches, and does what ``reconcile`` decides, a domain at a time.

Every look is at the API server and not at a cache: a domain has few objects, and a decision on a stale copy would be undone
by the next. What a node's daemon writes reaches the status within a watch event; nothing is written without a change.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import cast

from dra_api.objects import JsonObject, Node, Pod, ResourceClaim
from dra_driver.computedomain import reconcile
from dra_driver.computedomain.kube import (
    CLAIMS,
    CLIQUES,
    DAEMON_SETS,
    DOMAINS,
    NODES,
    PODS,
    TEMPLATES,
    Kind,
    Kube,
)
from dra_driver.computedomain.names import CLIQUE_LABEL, DOMAIN_LABEL, FINALIZER, daemon_name
from dra_driver.computedomain.objects import ComputeDomain, ComputeDomainClique
from dra_driver.computedomain.wanted import DaemonPods
from dra_driver.errors import ApiError

log = logging.getLogger(__name__)
SETTLE_S = 0.02
"""Events within this time are one look: the daemons of a domain start together."""
AGAIN_S, AGAIN_MAX_S = 0.5, 30.0
DELETION_S, COUNT_S = 1.0, 10.0
"""How often a deletion looks whether the claims have gone, and a domain that cannot be as it is whether it can now."""
CONFLICT = 409
KINDS = {"DaemonSet": DAEMON_SETS, "ResourceClaimTemplate": TEMPLATES}


@dataclass(slots=True)
class Watched:
    """A domain that is looked after.

    Attributes:
        due: set when something of it changed.
    """

    namespace: str
    name: str
    due: asyncio.Event = field(default_factory=asyncio.Event)
    gone: bool = False


class Controller:
    """The controller.

    Args:
        connect: makes a client; each watch has its own.
        plugins: how many nodes have the kubelet plugin now; None while that is not known.
    """

    def __init__(
        self, connect: Callable[[], Kube], pods: DaemonPods, plugins: Callable[[], int | None]
    ) -> None:
        self._connect = connect
        self._pods = pods
        self._plugins = plugins
        self._domains: dict[str, Watched] = {}
        """By UID."""
        self._cliques: dict[str, tuple[str, str]] = {}
        """{UID of a clique's object: (clique, domain)}."""

    async def run(self) -> None:
        """Control until cancelled."""
        labelled: Mapping[str, str | None] = {DOMAIN_LABEL: None}
        async with asyncio.TaskGroup() as group:
            self._group = group
            group.create_task(self._follow(DOMAINS, "*", {}))
            for of in (TEMPLATES, NODES):
                group.create_task(self._follow(of, "*", labelled))
            for of in (CLIQUES, DAEMON_SETS, PODS):
                group.create_task(self._follow(of, self._pods.namespace, labelled))

    async def _follow(self, of: Kind, namespace: str, labels: Mapping[str, str | None]) -> None:
        """Note every change of a kind, for ever; a watch that breaks begins again with a list."""
        pause, kube = AGAIN_S, self._connect()
        try:
            while True:
                try:
                    items, version = await kube.list(of, namespace=namespace, labels=labels)
                    if of is DOMAINS:
                        self._forget_others({item["metadata"]["uid"] for item in items})
                    if of is CLIQUES:
                        self._cliques = {}
                    for item in items:
                        self._note(of, item)
                    pause = AGAIN_S
                    async for change, item in kube.watch(of, version, namespace=namespace, labels=labels):
                        self._note(of, item, gone=change == "DELETED")
                except ApiError as error:
                    log.warning(
                        "watch of %s starts again in %.1f s", of.plural, pause, extra={"error": error}
                    )
                await asyncio.sleep(pause)
                pause = min(pause * 2, AGAIN_MAX_S)
        finally:
            await kube.close()

    def _note(self, of: Kind, item: JsonObject, *, gone: bool = False) -> None:
        """A domain, or something that was made for one, changed."""
        metadata = item["metadata"]
        if of is not DOMAINS:
            concerned = {metadata["labels"][DOMAIN_LABEL]}
            if of is CLIQUES:
                concerned |= self._note_clique(metadata, gone=gone)
            for uid in concerned & self._domains.keys():
                self._domains[uid].due.set()
            return
        uid = metadata["uid"]
        if gone:
            self._forget(uid)
        elif uid in self._domains:
            self._domains[uid].due.set()
        else:
            self._domains[uid] = Watched(metadata["namespace"], metadata["name"])
            self._group.create_task(self._keep(uid, self._domains[uid]))

    def _note_clique(self, metadata: JsonObject, *, gone: bool) -> set[str]:
        """The other domains in a clique that a domain came into or left."""
        uid, labels = metadata["uid"], metadata["labels"]
        before, now = self._cliques.pop(uid, None), (labels.get(CLIQUE_LABEL, ""), labels[DOMAIN_LABEL])
        if not gone:
            self._cliques[uid] = now
        if before == now and not gone:
            return set()
        return {domain for clique, domain in self._cliques.values() if clique == now[0]}

    def _shared(self, domain: str) -> list[str]:
        """The cliques of a domain that others are in."""
        mine = {clique for clique, owner in self._cliques.values() if owner == domain}
        return sorted({clique for clique, owner in self._cliques.values() if owner != domain} & mine)

    def _forget_others(self, known: set[str]) -> None:
        """Domains that were deleted while there was no watch."""
        for uid in self._domains.keys() - known:
            self._forget(uid)

    def _forget(self, uid: str) -> None:
        if watched := self._domains.pop(uid, None):
            watched.gone = True
            watched.due.set()

    async def _keep(self, uid: str, watched: Watched) -> None:
        """Look after one domain until it is gone."""
        kube, pause = self._connect(), AGAIN_S
        try:
            while not watched.gone:
                await asyncio.sleep(SETTLE_S)
                watched.due.clear()
                try:
                    wait = await self._sync(kube, uid, watched)
                    pause = AGAIN_S
                except ApiError as error:
                    wait, pause = pause, min(pause * 2, AGAIN_MAX_S)
                    if error.code != CONFLICT:  # another writer was first: look again
                        log.warning("domain %s: again in %.1f s", uid, wait, extra={"error": error})
                try:
                    async with asyncio.timeout(wait):
                        await watched.due.wait()
                except TimeoutError:
                    continue
        finally:
            await kube.close()

    async def _sync(self, kube: Kube, uid: str, watched: Watched) -> float | None:
        """Do what is next for one domain; when to look again without an event."""
        domain = await kube.get(DOMAINS, watched.name, watched.namespace)
        if domain is None or domain["metadata"]["uid"] != uid:
            return None  # the watch says so, too
        seen = await self._look(kube, cast(ComputeDomain, domain))
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        for action in reconcile.plan(seen, self._pods, now):
            domain = await self._do(kube, domain, action)
        if domain["metadata"].get("deletionTimestamp"):
            return DELETION_S
        return COUNT_S if reconcile.waits_unseen(seen) else None

    async def _look(self, kube: Kube, domain: ComputeDomain) -> reconcile.Seen:
        metadata, driver = domain["metadata"], self._pods.namespace
        uid, made = metadata["uid"], daemon_name(metadata["uid"])
        labels = {DOMAIN_LABEL: uid}
        template = domain["spec"]["channel"]["resourceClaimTemplate"]["name"]
        workload, template_of_daemons, daemon_set, cliques, pods, nodes = await asyncio.gather(
            kube.get(TEMPLATES, template, metadata["namespace"]),
            kube.get(TEMPLATES, made, driver),
            kube.get(DAEMON_SETS, made, driver),
            kube.list(CLIQUES, namespace=driver, labels=labels),
            kube.list(PODS, namespace=driver, labels=labels),
            kube.list(NODES, labels=labels),
        )
        claims: list[JsonObject] = []
        if metadata.get("deletionTimestamp"):
            claims, _ = await kube.list(CLAIMS, namespace=metadata["namespace"])
        return reconcile.Seen(
            domain=domain,
            workload_template=workload,
            daemon_template=template_of_daemons,
            daemon_set=daemon_set,
            cliques=cast(list[ComputeDomainClique], cliques[0]),
            pods=cast(list[Pod], pods[0]),
            nodes=cast(list[Node], nodes[0]),
            claims=cast(list[ResourceClaim], claims),
            plugins=self._plugins(),
            shared=self._shared(uid),
        )

    async def _do(self, kube: Kube, domain: JsonObject, action: reconcile.Action) -> JsonObject:
        """Carry out one action; the domain as it is stored then."""
        match action:
            case reconcile.Create(item):
                await kube.create(KINDS[item["kind"]], item)
            case reconcile.Delete(item):
                await kube.delete(KINDS[item["kind"]], item)
            case reconcile.DropFinalizer(item):
                await self._drop_finalizer(kube, item)
            case reconcile.SetFinalizers(finalizers):
                return await kube.merge(DOMAINS, domain, {"metadata": {"finalizers": list(finalizers)}})
            case reconcile.WriteStatus(status):
                return await kube.merge(DOMAINS, domain, {"status": status}, status=True)
            case reconcile.RemoveLabel(node):
                found = await kube.get(NODES, node)
                if found is not None:
                    await kube.merge(NODES, found, {"metadata": {"labels": {DOMAIN_LABEL: None}}})
            case reconcile.SetDaemons(clique, nodes):
                kept = [one for one in clique.get("daemons") or [] if one["nodeName"] in nodes]
                await kube.merge(CLIQUES, cast(JsonObject, clique), {"daemons": kept})
        return domain

    async def _drop_finalizer(self, kube: Kube, item: JsonObject) -> None:
        of, metadata = KINDS[item["kind"]], item["metadata"]
        found = await kube.get(of, metadata["name"], metadata["namespace"])
        if found is not None:
            kept = [one for one in found["metadata"].get("finalizers") or [] if one != FINALIZER]
            await kube.merge(of, found, {"metadata": {"finalizers": kept}})
