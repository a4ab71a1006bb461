"""Watches over the store: from a revision or from what exists, through a selection, with bookmarks."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from typing import Any

from dra_clusters.embedded.clock import Clock
from dra_clusters.embedded.query.labels import Predicate
from dra_clusters.embedded.status import ApiError
from dra_clusters.embedded.store import Change, Queue, Store, Stored


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
        since: revision after which changes are told; None begins with what exists.
        ends_start: whether a bookmark tells the end of what existed.
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
    limit: int = 0,
    overflow: Callable[[], None] | None = None,
) -> AsyncIterator[Event]:
    """The events of a kind. The stream ends when the server cuts it, or when a queue of LIMIT changes is full.

    Raises:
        ApiError: 410, the start is forgotten.
    """

    def inside(item: Stored | None) -> bool:
        if item is None or (namespace and item.value["metadata"].get("namespace") != namespace):
            return False
        return matches(item.value)

    past = forgotten_checked(store, start.since)
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
        async for change in changes(queue, clock, bookmark_s):
            if change is None:
                yield Event("BOOKMARK", store.revision, NOTHING)
            elif event := seen(change, inside(change.before), inside(change.after)):
                yield event
    finally:
        store.unsubscribe(queue)


def forgotten_checked(store: Store, since: int | None) -> Iterable[Change]:
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


async def changes(queue: Queue, clock: Clock, bookmark_s: float) -> AsyncIterator[Change | None]:
    """What comes through QUEUE until it is cut, and None every BOOKMARK_S (if above 0)."""
    alarm = clock_alarm(queue, clock, bookmark_s) if bookmark_s else None
    try:
        while True:
            change: Any = await queue.get()
            if change is None:
                return
            yield None if change is BOOKMARK else change
    finally:
        if alarm is not None:
            alarm.cancel()


BOOKMARK: Any = object()


def clock_alarm(queue: Queue, clock: Clock, seconds: float) -> "asyncio.Task[None]":
    """A task that asks for a bookmark every so many SECONDS."""

    async def ring() -> None:
        while True:
            await clock.sleep(seconds)
            queue.put_nowait(BOOKMARK)

    return asyncio.get_running_loop().create_task(ring())


def seen(change: Change, before: bool, after: bool) -> Event | None:
    """CHANGE as a watcher sees it whose selection held BEFORE and holds AFTER."""
    if after and change.after is not None:
        return Event("MODIFIED" if before else "ADDED", change.revision, change.after, change)
    if not before or change.before is None:
        return None
    if change.gone is not None:
        return Event("DELETED", change.revision, change.gone, change)
    metadata = {**change.before.value["metadata"], "resourceVersion": str(change.revision)}
    return Event("DELETED", change.revision, Stored({**change.before.value, "metadata": metadata}), change)
