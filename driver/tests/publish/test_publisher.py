"""The publisher against an API whose answers and events come in awkward orders."""

import asyncio
import copy
import itertools
from collections.abc import AsyncIterator, Callable
from typing import Any, cast

from dra_api.identifiers import DriverName
from dra_api.objects import JsonObject
from dra_driver.devices.model import Inventory
from dra_driver.errors import ApiError
from dra_driver.features import Features
from dra_driver.publish.client import ApiClient
from dra_driver.publish.pool import Offer, pool_of
from dra_driver.publish.publisher import SLOWEST_S, Publisher


def publisher_of(api: object, on_sync: Callable[[bool], None]) -> Publisher:
    return Publisher(
        api=cast("ApiClient", api),
        driver_name=DriverName("d"),
        pool=lambda accepts: pool_of(Offer(inventory=Inventory(), features=Features()), accepts),
        on_sync=on_sync,
    )


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


class Outage:
    """An API server that is away until a time of the loop's clock."""

    def __init__(self, until: float) -> None:
        self._until = until
        self.attempts: list[float] = []
        self.published = asyncio.Event()

    async def list_slices(self) -> tuple[list[JsonObject], str]:
        now = asyncio.get_running_loop().time()
        self.attempts.append(now)
        if now < self._until:
            raise ApiError("nobody answers")
        return [], "1"

    async def get_node(self) -> JsonObject:
        return {"metadata": {"name": "node-0", "uid": "u"}}

    async def watch_slices(self, version: str) -> AsyncIterator[tuple[str, JsonObject]]:
        await asyncio.Event().wait()
        yield "", {}

    async def put_slice(self, wanted: JsonObject) -> JsonObject:
        self.published.set()
        return copy.deepcopy(wanted) | {"metadata": {**wanted["metadata"], "resourceVersion": "1"}}


class FastLoop(asyncio.SelectorEventLoop):
    """A loop whose clock jumps to the next timer whenever nothing else is to be done."""

    def __init__(self) -> None:
        self._ahead = 0.0
        super().__init__()
        wait = self._selector.select  # type: ignore[attr-defined] # a member of the standard library's loop

        def select(timeout: float | None = None) -> list[Any]:
            self._ahead += timeout or 0
            return list(wait(0))

        self._selector.select = select  # type: ignore[attr-defined]

    def time(self) -> float:
        return super().time() + self._ahead


def test_an_api_server_that_was_away_for_an_hour_is_asked_rarely_and_then_gets_the_slices() -> None:
    async def hour() -> tuple[Outage, float, float]:
        start = asyncio.get_running_loop().time()
        api = Outage(start + 3600)
        synced: list[bool] = []
        task = asyncio.create_task(publisher_of(api, synced.append).run())
        await api.published.wait()
        task.cancel()
        assert synced[0] is False
        return api, start, asyncio.get_running_loop().time()

    with asyncio.Runner(loop_factory=FastLoop) as runner:
        api, start, end = runner.run(hour())
    assert end - start < 3600 + SLOWEST_S + 1
    gaps = [later - earlier for earlier, later in itertools.pairwise(api.attempts)]
    assert max(gaps) <= SLOWEST_S + 1
    assert 3600 / SLOWEST_S <= len(gaps) < 3600 / (SLOWEST_S / 2) + 20
    assert len({round(gap, 2) for gap in gaps[20:]}) > 20, "no two nodes come back at the same moment"


async def test_a_deletion_that_overtakes_the_answer_to_the_creation_is_noticed() -> None:
    api = SlowAnswers()
    publisher = publisher_of(api, lambda _: None)
    task = asyncio.create_task(publisher.run())
    async with asyncio.timeout(5):
        await api.published.wait()
    task.cancel()
    assert api.created == 2
