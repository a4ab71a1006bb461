"""Publishes NVLink domains and cliques: watches nodes, slices and claims, and writes what ``fabric_slices`` decides.

What matters of the objects is kept as the watches show it, because every look needs all of them; a claim for something else, the
heartbeat of a node or another user of a claim cause no look. Nothing is written without a change, and between two rounds are
``INTERVAL_S``: a thousand pods that come at once are one write of a domain.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import cast

from dra_api.objects import JsonObject, Node, ResourceClaim, ResourceSlice
from dra_driver.computedomain.fabric_slices import WAITING, asked_of, waiting, writes
from dra_driver.computedomain.fabrics import Fabric, consumed_by, fabrics_of, members_of
from dra_driver.computedomain.kube import CLAIMS, EVENTS, NODES, SLICES, Kind, Kube
from dra_driver.computedomain.names import CLIQUE_OF_NODE, DRIVER
from dra_driver.errors import ApiError

log = logging.getLogger(__name__)
SETTLE_S, INTERVAL_S = 0.05, 1.0
AGAIN_S, AGAIN_MAX_S = 0.5, 30.0
PATIENCE_S = 2.0
"""How long a claim waits before an event says why: most are allocated at once."""
EVENTS_MAX = 20
"""Events of one round."""
CONFLICT = 409


@dataclass(frozen=True, slots=True)
class Source:
    """Objects that are watched."""

    of: Kind
    labels: Mapping[str, str | None] = field(default_factory=dict)
    fields: Mapping[str, str] = field(default_factory=dict)


SOURCES = (
    Source(NODES, labels={CLIQUE_OF_NODE: None}),
    Source(SLICES, fields={"spec.driver": DRIVER}),
    Source(CLAIMS),
)


class FabricController:
    """Publishes the fabrics of a cluster.

    Args:
        connect: makes a client; each watch has its own.
        effect: of the taint of an unhealthy domain; empty for none.
    """

    def __init__(self, connect: Callable[[], Kube], effect: str) -> None:
        self._connect = connect
        self._effect = effect
        self._objects: dict[Kind, dict[str, JsonObject]] = {}
        """{kind: {UID: object}}, of a kind only when it was listed."""
        self._due = asyncio.Event()
        self._said: dict[str, str] = {}
        """{UID of a claim: why it waits, as an event said}."""
        self._since: dict[str, float] = {}
        """{UID of a claim: when it was first seen waiting}."""

    def plugins(self) -> int | None:
        """How many nodes have the kubelet plugin; None before the slices were listed."""
        slices = self._objects.get(SLICES)
        if slices is None:
            return None
        return len({item["spec"]["nodeName"] for item in slices.values() if item["spec"].get("nodeName")})

    async def run(self) -> None:
        """Publish until cancelled."""
        async with asyncio.TaskGroup() as group:
            for source in SOURCES:
                group.create_task(self._follow(source))
            group.create_task(self._write())

    async def _follow(self, source: Source) -> None:
        """Keep the objects of a kind, for ever; a watch that breaks begins again with a list."""
        pause, kube = AGAIN_S, self._connect()
        try:
            while True:
                try:
                    items, version = await kube.list(source.of, labels=source.labels, fields=source.fields)
                    kept = {item["metadata"]["uid"]: essence(source.of, item) for item in items}
                    self._objects[source.of] = {uid: item for uid, item in kept.items() if item is not None}
                    self._due.set()
                    pause = AGAIN_S
                    async for change, item in kube.watch(
                        source.of, version, labels=source.labels, fields=source.fields
                    ):
                        self._note(source.of, item, gone=change == "DELETED")
                except ApiError as error:
                    log.warning(
                        "watch of %s starts again in %.1f s", source.of.plural, pause, extra={"error": error}
                    )
                await asyncio.sleep(pause)
                pause = min(pause * 2, AGAIN_MAX_S)
        finally:
            await kube.close()

    def _note(self, of: Kind, item: JsonObject, *, gone: bool) -> None:
        uid = item["metadata"]["uid"]
        before, now = self._objects[of].pop(uid, None), None if gone else essence(of, item)
        if now is not None:
            self._objects[of][uid] = now
        if before != now:
            self._due.set()

    async def _write(self) -> None:
        kube, pause = self._connect(), AGAIN_S
        try:
            while True:
                await self._wait()
                await asyncio.sleep(SETTLE_S)
                self._due.clear()
                if len(self._objects) < len(SOURCES):
                    continue
                try:
                    await self._sync(kube)
                    pause = AGAIN_S
                    await asyncio.sleep(INTERVAL_S)
                except ApiError as error:
                    if error.code != CONFLICT:
                        log.warning("NVLink domains: again in %.1f s", pause, extra={"error": error})
                    self._due.set()
                    await asyncio.sleep(pause)
                    pause = min(pause * 2, AGAIN_MAX_S)
        finally:
            await kube.close()

    async def _wait(self) -> None:
        """Until something changed, or a claim has waited for long enough to say so."""
        loop = asyncio.get_running_loop()
        silent = [since for uid, since in self._since.items() if uid not in self._said]
        wait = max(0.0, min(silent) + PATIENCE_S - loop.time()) if silent else None
        try:
            async with asyncio.timeout(wait):
                await self._due.wait()
        except TimeoutError:
            return

    async def _sync(self, kube: Kube) -> None:
        """Write what is to be written."""
        claims = cast(list[ResourceClaim], list(self._objects[CLAIMS].values()))
        slices = cast(list[ResourceSlice], list(self._objects[SLICES].values()))
        members = members_of(cast(list[Node], list(self._objects[NODES].values())), slices)
        fabrics = fabrics_of(members, consumed_by(claims))
        plan = writes(slices, fabrics, self._effect)
        for item in plan.put:
            document = cast(JsonObject, item)
            if "resourceVersion" in item["metadata"]:
                await kube.replace(SLICES, document)
            else:
                await kube.create(SLICES, document)
        for name in plan.delete:
            await kube.delete(SLICES, {"metadata": {"name": name}})
        await self._say(kube, claims, fabrics)

    async def _say(self, kube: Kube, claims: list[ResourceClaim], fabrics: list[Fabric]) -> None:
        """Say in events why claims wait."""
        now, found = asyncio.get_running_loop().time(), waiting(claims, fabrics)
        self._since = {uid: self._since.get(uid, now) for uid in found}
        self._said = {uid: why for uid, why in self._said.items() if uid in found}
        new = [
            uid
            for uid in found
            if now - self._since[uid] >= PATIENCE_S and self._said.get(uid) != found[uid][1]
        ]
        for uid in new[:EVENTS_MAX]:
            claim, why = found[uid]
            await kube.create(EVENTS, event_of(claim, why))
            self._said[uid] = why


def essence(of: Kind, item: JsonObject) -> JsonObject | None:
    """What matters of an object here; None if nothing does. A large cluster has many nodes and claims, and they change often."""
    metadata, status = item["metadata"], item.get("status") or {}
    if of is NODES:
        conditions = [
            {"type": one["type"], "status": one["status"]}
            for one in status.get("conditions") or []
            if one["type"] == "Ready"
        ]
        return {
            "metadata": {name: metadata.get(name) for name in ("uid", "name", "labels")},
            "spec": {"unschedulable": bool((item.get("spec") or {}).get("unschedulable"))},
            "status": {"conditions": conditions},
        }
    if of is CLAIMS:
        claim = cast(ResourceClaim, item)
        if not consumed_by([claim]) and next(asked_of(claim), None) is None:
            return None
        names = ("uid", "name", "namespace", "deletionTimestamp")
        return {
            "metadata": {name: metadata[name] for name in names if name in metadata},
            "spec": item["spec"],
            "status": {"allocation": status.get("allocation")},
        }
    return item


def event_of(claim: JsonObject, why: str) -> JsonObject:
    """The event that says WHY a claim waits."""
    metadata, now = claim["metadata"], datetime.now(UTC)
    stamp = now.strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {
            "name": f"{metadata['name'][:200]}.{int(now.timestamp() * 1e6):x}",
            "namespace": metadata["namespace"],
        },
        "involvedObject": {
            "apiVersion": "resource.k8s.io/v1",
            "kind": "ResourceClaim",
            "namespace": metadata["namespace"],
            "name": metadata["name"],
            "uid": metadata["uid"],
        },
        "reason": WAITING,
        "message": why,
        "type": "Warning",
        "count": 1,
        "firstTimestamp": stamp,
        "lastTimestamp": stamp,
        "source": {"component": "compute-domain-controller"},
    }
