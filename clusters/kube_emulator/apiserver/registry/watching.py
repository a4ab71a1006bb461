"""Watches over the store: from a revision or from what exists, through a selection, with bookmarks."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from typing import Any

from kube_emulator.apiserver.query.labels import Predicate
from kube_emulator.apiserver.status import ApiError
from kube_emulator.clock import Clock
from kube_emulator.store.store import Change, Queue, Store, Stored


@dataclass(frozen=True, slots=True)
class Event:
    """A watch event: ADDED, MODIFIED, DELETED or BOOKMARK.

    Attributes:
        change: what it came from; None for what existed at the start and for bookmarks.
        ends_start: for a bookmark, whether it ends what existed at the start.
    """

    type: str
    revision: int
    item: Stored
    change: Change | None = None
    ends_start: bool = False


NOTHING = Stored({"metadata": {}}, b"{}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """Where a watch begins.

    Attributes:
        since: revision after which changes are sent; None begins with what exists.
        ends_start: whether a bookmark marks the end of what existed.
    """

    since: int | None = None
    ends_start: bool = False


async def watch(
    store: Store,
    clock: Clock,
    plural: str,
    *,
    namespace: str,
    start: Start,
    matches: Predicate,
    bookmark_s: float,
    timeout_s: float = 0,
    limit: int = 0,
    overflow: Callable[[], None] | None = None,
) -> AsyncIterator[Event]:
    """The events of a kind.

    The stream ends when the server cuts it, after TIMEOUT_S (if above 0),
    or when a queue of LIMIT changes is full, which calls OVERFLOW.

    Raises:
        ApiError: 410, the start is forgotten.
    """

    def inside(item: Stored | None) -> bool:
        if item is None or (namespace and item.value["metadata"].get("namespace") != namespace):
            return False
        return matches(item.value)

    past = changes_after(store, start.since)
    existing = (
        [item for item in store.all(plural, namespace) if matches(item.value)] if start.since is None else []
    )
    begun = store.revision
    queue = store.subscribe((plural,), limit=limit, overflow=overflow)
    try:
        for item in existing:
            yield Event("ADDED", item.revision, item)
        if start.ends_start:
            yield Event("BOOKMARK", begun, NOTHING, ends_start=True)
        for change in past:
            if change.plural == plural and (
                event := seen(change, inside(change.before), inside(change.after))
            ):
                yield event
        async for news in changes(queue, clock, bookmark_s, timeout_s):
            if news is None:
                yield Event("BOOKMARK", store.revision, NOTHING)
            elif event := seen(news, inside(news.before), inside(news.after)):
                yield event
    finally:
        store.unsubscribe(queue)


def changes_after(store: Store, since: int | None) -> Iterable[Change]:
    """The changes after SINCE.

    Raises:
        ApiError: 410, they are forgotten.
    """
    if since is None:
        return ()
    found = store.since(since)
    if found is None:
        raise ApiError(410, f"too old resource version: {since} ({store.oldest})")
    return found


LAST_BOOKMARK_S = 2.0
"""Seconds before the end of a watch at which it gets its last bookmark (apiserver ``cacher.go``)."""

RING: Any = object()
"""What an alarm puts into the queue when a bookmark is due."""

END: Any = object()
"""What it puts there when the watch times out."""


async def changes(
    queue: Queue, clock: Clock, bookmark_s: float, timeout_s: float
) -> AsyncIterator[Change | None]:
    """The changes in QUEUE until it is cut or TIMEOUT_S is over, and None for each bookmark that is due."""
    alarms = [alarm(queue, clock, bookmark_s, RING)] if bookmark_s else []
    if bookmark_s and timeout_s > LAST_BOOKMARK_S:
        alarms.append(alarm(queue, clock, timeout_s - LAST_BOOKMARK_S, RING))
    if timeout_s:
        alarms.append(alarm(queue, clock, timeout_s, END))
    try:
        while True:
            change: Any = await queue.get()
            if change is None or change is END:
                return
            yield None if change is RING else change
    finally:
        for task in alarms:
            task.cancel()


def alarm(queue: Queue, clock: Clock, seconds: float, mark: Any) -> "asyncio.Task[None]":
    """A task that puts MARK into QUEUE every so many SECONDS."""

    async def ring() -> None:
        while True:
            await clock.sleep(seconds)
            queue.put_nowait(mark)

    return asyncio.get_running_loop().create_task(ring())


def seen(change: Change, before: bool, after: bool) -> Event | None:
    """CHANGE for a watcher that selected the object BEFORE and selects it AFTER."""
    if after and change.after is not None:
        return Event("MODIFIED" if before else "ADDED", change.revision, change.after, change)
    if not before or change.before is None:
        return None
    if change.gone is not None:
        return Event("DELETED", change.revision, change.gone, change)
    # It left the selection: the watcher sees the object as it was last selected, with the version of the change
    # (apiserver cacher ``convertToWatchEvent``).
    metadata = {**change.before.value["metadata"], "resourceVersion": str(change.revision)}
    return Event("DELETED", change.revision, Stored({**change.before.value, "metadata": metadata}), change)
