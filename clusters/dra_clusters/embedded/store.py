"""Objects, revisions and the history of changes: what etcd and the watch cache are to a real server. No I/O, no rules.

One counter numbers every change of every kind. An object that is stored is never changed in place; it is encoded once,
so that lists and watch events of any number of readers send the same bytes.
"""

import asyncio
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

HISTORY = 20_000
"""Changes that a watch can go back."""

Key = tuple[str, str]
"""(namespace, name); the namespace of cluster-wide objects is empty."""


@dataclass(frozen=True, slots=True)
class Stored:
    """An object and its JSON."""

    value: dict[str, Any]
    raw: bytes


@dataclass(frozen=True, slots=True)
class Change:
    """What happened to one object; ``before`` is None for a new one, ``after`` for one that is gone.

    A deletion's ``before`` carries the revision of the deletion, as the server sends it.
    """

    revision: int
    plural: str
    before: Stored | None
    after: Stored | None


class Store:
    """All objects of a cluster."""

    def __init__(self) -> None:
        self.revision = 0
        self._objects: dict[str, dict[Key, Stored]] = {}
        self._history: deque[Change] = deque(maxlen=HISTORY)
        self._watchers: set[asyncio.Queue[Change | None]] = set()
        self._forgotten = 0

    def get(self, plural: str, namespace: str, name: str) -> Stored | None:
        """An object, or None."""
        return self._objects.get(plural, {}).get((namespace, name))

    def all(self, plural: str) -> Iterator[Stored]:
        """The objects of a kind by namespace and name, as a real server lists them."""
        objects = self._objects.get(plural, {})
        return (objects[key] for key in sorted(objects))

    def kinds(self) -> list[str]:
        """The kinds of which there are, or were, objects."""
        return list(self._objects)

    def put(self, plural: str, value: dict[str, Any]) -> Stored:
        """Store VALUE under the next revision, which is set in it."""
        self.revision += 1
        value["metadata"]["resourceVersion"] = str(self.revision)
        key = (value["metadata"].get("namespace", ""), value["metadata"]["name"])
        objects = self._objects.setdefault(plural, {})
        before, after = objects.get(key), Stored(value, msgspec.json.encode(value))
        objects[key] = after
        self._tell(Change(self.revision, plural, before, after))
        return after

    def remove(self, plural: str, namespace: str, name: str) -> Stored:
        """Take an object away; it is returned with the revision of its end."""
        self.revision += 1
        last = self._objects[plural].pop((namespace, name)).value
        value = {**last, "metadata": {**last["metadata"], "resourceVersion": str(self.revision)}}
        gone = Stored(value, msgspec.json.encode(value))
        self._tell(Change(self.revision, plural, gone, None))
        return gone

    def _tell(self, change: Change) -> None:
        if len(self._history) == HISTORY:
            self._forgotten = self._history[0].revision
        self._history.append(change)
        for queue in self._watchers:
            queue.put_nowait(change)

    def since(self, revision: int) -> list[Change] | None:
        """The changes after REVISION; None if they are forgotten."""
        if revision < self._forgotten:
            return None
        return [change for change in self._history if change.revision > revision]

    def forget(self) -> None:
        """Forget the history, as compaction does: a watch cannot start from any version that was given out."""
        self.revision += 1
        self._forgotten = self.revision
        self._history.clear()

    def subscribe(self) -> "asyncio.Queue[Change | None]":
        """A queue that gets every change from now on, and None when the watch is to end."""
        queue: asyncio.Queue[Change | None] = asyncio.Queue()
        self._watchers.add(queue)
        return queue

    def unsubscribe(self, queue: "asyncio.Queue[Change | None]") -> None:
        """No more for QUEUE."""
        self._watchers.discard(queue)

    def cut(self) -> None:
        """End every watch."""
        for queue in self._watchers:
            queue.put_nowait(None)
