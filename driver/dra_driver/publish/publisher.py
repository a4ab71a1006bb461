"""Keeps the stored slices equal to the wanted ones: list once, follow the watch, write what the plan says.

Nothing is written while nothing changes: a write per node and scan would be the load of a large cluster's API server.
Every error of the API server ends a session. The next one begins with a new list, after a pause that doubles up to
``SLOWEST_S`` or that the server asked for. The stored slices are known from events and from the answers to our own
writes, whichever is newer: an event that comes late must not replace a newer answer (client-go solves the same with a
mutation cache: tools/cache/mutation_cache.go).

What the server refuses or drops of a slice changes what is published (``pool.Accepts``) until the driver restarts.
"""

import asyncio
import logging
import random
from collections.abc import AsyncGenerator, Callable
from dataclasses import replace
from typing import Protocol

from dra_api.identifiers import DriverName
from dra_api.objects import Node, ResourceSlice, ResourceSliceInput
from dra_driver.errors import ApiError
from dra_driver.publish.plan import Content, Stored, content, make_plan, stored
from dra_driver.publish.pool import Accepts, Part
from dra_driver.publish.slices import wanted_slices

log = logging.getLogger(__name__)
FASTEST_S, SLOWEST_S = 0.1, 30.0
SETTLE_S = 0.02
"""Changes within this time are answered by one write."""
INVALID = 422


def number_of(version: str) -> int:
    """A resourceVersion as a number; KEP-5504 made them comparable, 0 where a server's are not."""
    return int(version) if version.isascii() and version.isdigit() else 0


def dropped(sent: ResourceSliceInput, answer: ResourceSlice) -> set[str]:
    """The members of devices and of the spec that are in SENT and not in ANSWER."""
    kept = {name for device in answer["spec"].get("devices") or [] for name, value in device.items() if value}
    wanted = {name for device in sent["spec"].get("devices") or [] for name, value in device.items() if value}
    return (wanted - kept) | {
        name for name, value in sent["spec"].items() if value and not answer["spec"].get(name)
    }


class SlicesApi(Protocol):
    """Where slices are; ``client.ApiClient`` says what each call does. All raise ``ApiError``."""

    async def get_node(self) -> Node:
        """The Node object of this driver's node."""

    async def list_slices(self) -> tuple[list[ResourceSlice], str]:
        """The slices of this driver and node, and the version to watch from."""

    def watch_slices(self, version: str) -> AsyncGenerator[tuple[str, ResourceSlice], None]:
        """Their changes."""

    async def put_slice(self, wanted: ResourceSliceInput) -> ResourceSlice:
        """Create or replace one."""

    async def delete_slice(self, name: str) -> None:
        """Delete one."""


class Publisher:
    """Publishes one node's pool.

    Args:
        pool: returns the content of the slices now, for a server that keeps that much of them.
        on_sync: called with true when the stored slices are as wanted, with false when a session ended.
    """

    def __init__(
        self,
        *,
        api: SlicesApi,
        driver_name: DriverName,
        pool: Callable[[Accepts], list[Part]],
        on_sync: Callable[[bool], None],
    ) -> None:
        self._api = api
        self._driver = driver_name
        self._pool = pool
        self._accepts = Accepts()
        self._on_sync = on_sync
        self._stored: dict[str, Stored] = {}
        self._seen: dict[str, int] = {}
        """{slice name: newest version in an event}, for deleted slices too."""
        self._accepted: dict[str, tuple[Content, Content]] = {}
        self._dirty = asyncio.Event()
        self._synced = False

    def refresh(self) -> None:
        """Compare the devices with the stored slices again."""
        self._dirty.set()

    async def run(self) -> None:
        """Publish until cancelled."""
        pause = FASTEST_S
        while True:
            self._synced, wait = False, 0.0
            error: Exception | None = None
            try:
                async with asyncio.TaskGroup() as session:
                    slices, version = await self._api.list_slices()
                    self._stored = {item["metadata"]["name"]: stored(item) for item in slices}
                    del slices  # a session lasts, and the objects are large
                    self._seen = {}
                    self._dirty.set()
                    session.create_task(self._follow(version))
                    session.create_task(self._write())
            except* ApiError as group:
                error = group.exceptions[0]
                wait = getattr(error, "retry_after_s", 0.0)
            self._on_sync(False)
            pause = FASTEST_S if self._synced else min(pause * 2, SLOWEST_S)
            # jitter, so that the nodes of a cluster do not all come back at the same moment
            wait = max(wait, pause * random.uniform(0.5, 1.0))  # noqa: S311 # no secret
            log.warning("publishing starts again in %.1f s", wait, extra={"error": error})
            await asyncio.sleep(wait)

    async def _follow(self, version: str) -> None:
        async for change, item in self._api.watch_slices(version):
            name = item["metadata"]["name"]
            now = number_of(item["metadata"].get("resourceVersion", ""))
            self._seen[name] = max(now, self._seen.get(name, 0))
            known = self._stored.get(name)
            if known is not None and now < number_of(known.version):
                continue
            if change == "DELETED":
                self._stored.pop(name, None)
            else:
                self._stored[name] = stored(item)
            if known is None or change == "DELETED" or now > number_of(known.version):
                self._dirty.set()

    async def _write(self) -> None:
        while True:
            await self._dirty.wait()
            await asyncio.sleep(SETTLE_S)
            self._dirty.clear()
            await self._write_changes()
            self._synced = True
            self._on_sync(True)

    async def _write_changes(self) -> None:
        node = await self._api.get_node()  # each time: it may have been replaced by another of its name
        parts = self._pool(self._accepts)
        wanted = wanted_slices(parts, driver_name=self._driver, node=node)
        plan = make_plan(list(self._stored.values()), wanted, self._accepted)
        for item in plan.put:
            await self._put(item)
        for name in plan.delete:
            await self._api.delete_slice(name)
            self._stored.pop(name, None)
        if plan.put or plan.delete:
            log.info(
                "wrote %d slices, deleted %d",
                len(plan.put),
                len(plan.delete),
                extra={"pool": wanted[0]["spec"]["pool"]["name"]},
            )

    async def _put(self, item: ResourceSliceInput) -> None:
        name = item["metadata"]["name"]
        try:
            answer = await self._api.put_slice(item)
        except ApiError as error:
            if (
                error.code == INVALID
                and "consumesCounters" in str(item["spec"])
                and self._accepts.counters_apart
            ):
                log.warning("the API server wants counters and devices in one slice", extra={"error": error})
                self._accepts = replace(self._accepts, counters_apart=False)
                self._dirty.set()
            raise
        now, sent = stored(answer), content(item)
        if number_of(now.version) >= self._seen.get(name, 0):  # else a newer event came before this answer
            self._stored[name] = now
        self._accepted[name] = (sent, now.content)
        if sent != now.content:
            self._adapt(item, answer)

    def _adapt(self, sent: ResourceSliceInput, answer: ResourceSlice) -> None:
        """The server dropped something: publish from now on what is safe without it."""
        name, lost = sent["metadata"]["name"], dropped(sent, answer)
        log.error(
            "the API server dropped %s of slice %s; a feature gate is off there",
            ", ".join(sorted(lost)) or "or changed fields",
            name,
        )
        accepts = replace(
            self._accepts,
            counters=self._accepts.counters and not lost & {"consumesCounters", "sharedCounters"},
            taints=self._accepts.taints and "taints" not in lost,
        )
        if accepts != self._accepts:
            self._accepts = accepts
            self._dirty.set()
