"""The informer of a controller: all objects first, then every change once, in order.

The objects of a change may be out of date when it is handled, so a controller reads an object again before it writes.
The event loop does not pause between the two, so only other clients cause conflicts; the next change repeats the work.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection
from typing import NamedTuple

from dra_api.objects import JsonObject
from kube_emulator.apiserver.registry.api import Api


class Changed(NamedTuple):
    """An object that was, and as it is now; None: it was not, or is gone."""

    plural: str
    before: JsonObject | None
    after: JsonObject | None

    @property
    def item(self) -> JsonObject:
        """The object, or the last that is known of it."""
        found = self.after or self.before
        assert found is not None
        return found


async def feed(
    api: Api,
    plurals: Collection[str] | None,
    wait_s: Callable[[], float | None] = lambda: None,
) -> AsyncIterator[list[Changed]]:
    """Yield changes of PLURALS (None: of every kind) as they come, together; nothing changed if WAIT_S passed first."""
    changes = api.store.subscribe(plurals or ("",))
    try:
        present = [
            Changed(plural, None, item)
            for plural in (plurals or tuple(api.store.kinds()))
            for item in api.values(plural)
        ]
        yield present
        while True:
            pause, batch = wait_s(), []
            try:
                first = await (changes.get() if pause is None else api.clock.wait_for(changes.get(), pause))
            except TimeoutError:
                yield []
                continue
            while True:
                if first is not None and (plurals is None or first.plural in plurals):
                    before, after = first.before, first.after
                    batch.append(
                        Changed(
                            first.plural, before.value if before else None, after.value if after else None
                        )
                    )
                try:
                    first = changes.get_nowait()
                except asyncio.QueueEmpty:
                    break
            if batch:
                yield batch
    finally:
        api.store.unsubscribe(changes)
