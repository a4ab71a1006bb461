"""How a part of the cluster waits for work: until something that concerns it changes."""

import asyncio
from collections.abc import AsyncIterator, Collection

from kube_emulator.store.store import Store


async def changes_of(store: Store, plurals: Collection[str], *, at_least_s: float = 0) -> AsyncIterator[None]:
    """Yield once at first, then after each change of PLURALS; changes while the caller works are one.

    AT_LEAST_S above 0 yields after that time even when nothing changed. Ends when the store's watches are cut for good
    with the cluster; a cut while it runs is survived.
    """
    queue = store.subscribe(plurals)
    try:
        yield
        while True:
            try:
                change = await asyncio.wait_for(queue.get(), at_least_s or None)
            except TimeoutError:
                yield
                continue
            concerned = change is not None
            while not queue.empty():
                concerned = queue.get_nowait() is not None or concerned
            if concerned:
                yield
    finally:
        store.unsubscribe(queue)
