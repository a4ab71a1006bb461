"""The publisher against an API whose answers and events come in awkward orders."""

import asyncio
import copy
from collections.abc import AsyncIterator
from typing import cast

from dra_api.identifiers import DriverName
from dra_api.objects import JsonObject
from dra_driver.devices.model import Inventory
from dra_driver.features import Features
from dra_driver.publish.client import ApiClient
from dra_driver.publish.pool import Offer, pool_of
from dra_driver.publish.publisher import Publisher


class SlowAnswers:
    """An API server that sends the event of a change before it answers the write.

    The first slice that is created is deleted by somebody else before its answer is on the way.
    """

    def __init__(self) -> None:
        self.events: asyncio.Queue[tuple[str, JsonObject]] = asyncio.Queue()
        self.slices: dict[str, JsonObject] = {}
        self.published = asyncio.Event()
        self.created = 0
        self.version = 0

    async def get_node(self) -> JsonObject:
        return {"metadata": {"name": "node-0", "uid": "u"}}

    async def list_slices(self) -> tuple[list[JsonObject], str]:
        return list(self.slices.values()), str(self.version)

    async def watch_slices(self, version: str) -> AsyncIterator[tuple[str, JsonObject]]:
        while True:
            yield await self.events.get()
            self.events.task_done()

    def record_event(self, change: str, item: JsonObject) -> JsonObject:
        self.version += 1
        stored = copy.deepcopy(item)
        stored["metadata"]["resourceVersion"] = str(self.version)
        self.events.put_nowait((change, stored))
        return stored

    async def put_slice(self, wanted: JsonObject) -> JsonObject:
        self.created += 1
        stored = self.record_event("ADDED", wanted)
        if self.created == 1:
            self.record_event("DELETED", wanted)
            await self.events.join()
        else:
            self.slices[wanted["metadata"]["name"]] = stored
            self.published.set()
        return stored


async def test_a_deletion_that_overtakes_the_answer_to_the_creation_is_noticed() -> None:
    api = SlowAnswers()
    publisher = Publisher(
        api=cast("ApiClient", api),
        driver_name=DriverName("d"),
        pool=lambda accepts: pool_of(Offer(inventory=Inventory(), features=Features()), accepts),
        on_sync=lambda synced: None,
    )
    task = asyncio.create_task(publisher.run())
    async with asyncio.timeout(5):
        await api.published.wait()
    task.cancel()
    assert api.created == 2
