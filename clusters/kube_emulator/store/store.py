"""Objects, revisions and the history of changes: what etcd and the watch cache are to a real server. No I/O, no rules.

One counter numbers every change of every kind. An object that is stored is never changed in place; it is encoded once,
so that lists and watch events of any number of readers send the same bytes. Keys are in the order of etcd's
(``namespace/name`` as text), and what is often selected by has an index.
"""

import asyncio
import itertools
from bisect import bisect_left, insort
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import msgspec

HISTORY = 20_000
"""Changes that a watch can go back."""

HISTORY_BYTES = 64 << 20
"""Bytes of encoded objects that the history may hold; big objects shorten it."""

WAITING_BYTES = 64 << 20
"""Bytes of encoded objects that may wait in a bounded queue."""

INDEXED: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"resourceslices": ("spec", "nodeName"), "pods": ("spec", "nodeName")}
)
"""{kind: path of the field that is indexed} (the watch cache indexes the same two, pkg/registry 1.36)."""


class Stored:
    """An object and its encodings.

    Attributes:
        value: the object in its storage version; never changed in place.
        raw: its JSON.
        forms: other encodings by name, kept by the caller that makes them.
    """

    __slots__ = ("forms", "raw", "value")

    def __init__(self, value: dict[str, Any], raw: bytes = b"") -> None:
        self.value = value
        self.raw = raw or msgspec.json.encode(value)
        self.forms: dict[str, Any] = {}

    def rewrite(self, read: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        """Become what READ makes of the value, which itself is not changed."""
        self.value = read(self.value)
        self.raw = msgspec.json.encode(self.value)
        self.forms = {}

    @property
    def revision(self) -> int:
        """When it was written; 0 if it never was."""
        return int(self.value["metadata"].get("resourceVersion") or 0)


@dataclass(frozen=True, slots=True)
class Change:
    """What happened to one object; ``before`` is None for a new one, ``after`` for one that is gone.

    Attributes:
        gone: the last state with the revision of the deletion, as the server sends it.
        lines: encoded watch events by name, kept by the caller that makes them.
    """

    revision: int
    plural: str
    before: Stored | None
    after: Stored | None
    gone: Stored | None = None
    lines: dict[str, bytes] = field(default_factory=dict, compare=False)


class Queue(asyncio.Queue[Change | None]):
    """Changes for one watcher, and None when the watch is to end.

    Attributes:
        overflow: called once when a bounded queue was full; the watcher gets no more.
    """

    def __init__(self, limit: int, overflow: Callable[[], None] | None) -> None:
        super().__init__()
        self.limit = limit
        self.overflow = overflow
        self._waiting = 0

    @property
    def is_full(self) -> bool:
        """Whether a bounded queue takes no more."""
        return bool(self.limit) and (self.qsize() >= self.limit or self._waiting > WAITING_BYTES)

    def _put(self, item: Change | None) -> None:
        super()._put(item)
        if self.limit and isinstance(item, Change):
            self._waiting += change_bytes(item)

    def _get(self) -> Change | None:
        item = super()._get()
        if self.limit and isinstance(item, Change):
            self._waiting -= change_bytes(item)
        return item


def path_of(namespace: str, name: str) -> str:
    """The key of an object within its kind."""
    return f"{namespace}/{name}" if namespace else name


class ResourceObjects:
    """The objects of one kind, in order."""

    def __init__(self, indexed: tuple[str, ...]) -> None:
        self.objects: dict[str, Stored] = {}
        self.order: list[str] = []
        self._indexed = indexed
        self._index: dict[str, set[str]] = {}

    def put(self, key: str, item: Stored) -> Stored | None:
        """Store ITEM; the one before it."""
        before = self.objects.get(key)
        if before is None:
            insort(self.order, key)
        self.objects[key] = item
        if self._indexed:
            self._forget(key, before)
            self._index.setdefault(self._value(item), set()).add(key)
        return before

    def pop(self, key: str) -> Stored:
        """Take an object away."""
        item = self.objects.pop(key)
        del self.order[bisect_left(self.order, key)]
        self._forget(key, item)
        return item

    def keys(self, namespace: str, start: str = "") -> Iterator[str]:
        """Keys of a NAMESPACE (empty: all) that come after START, in order."""
        prefix = f"{namespace}/" if namespace else ""
        place = bisect_left(self.order, max(prefix, f"{start}\0" if start else ""))
        for key in itertools.islice(self.order, place, None):
            if not key.startswith(prefix):
                return
            yield key

    def where(self, value: str) -> list[Stored]:
        """The objects whose indexed field is VALUE, in order."""
        return [self.objects[key] for key in sorted(self._index.get(value, ()))]

    def _value(self, item: Stored) -> str:
        found: Any = item.value
        for name in self._indexed:
            found = found.get(name) if isinstance(found, dict) else None
        return found or ""

    def _forget(self, key: str, item: Stored | None) -> None:
        if self._indexed and item is not None:
            value = self._value(item)
            self._index[value].discard(key)
            if not self._index[value]:
                del self._index[value]


class Store:
    """All objects of a cluster."""

    def __init__(self) -> None:
        self.revision = 0
        self._resources: dict[str, ResourceObjects] = {}
        self._history: deque[Change] = deque()
        self._history_bytes = 0
        self._watchers: dict[str, set[Queue]] = {}
        self._forgotten = 0

    @property
    def oldest(self) -> int:
        """The oldest revision that a watch can start from."""
        return self._forgotten

    def _objects_of(self, plural: str) -> ResourceObjects:
        found = self._resources.get(plural)
        if found is None:
            found = self._resources[plural] = ResourceObjects(INDEXED.get(plural, ()))
        return found

    def get(self, plural: str, namespace: str, name: str) -> Stored | None:
        """An object, or None."""
        kept = self._resources.get(plural)
        return kept.objects.get(path_of(namespace, name)) if kept else None

    def all(self, plural: str, namespace: str = "") -> Iterator[Stored]:
        """The objects of a kind by namespace and name, as a real server lists them; an empty NAMESPACE means all."""
        kept = self._objects_of(plural)
        return (kept.objects[key] for key in kept.keys(namespace))

    def rewrite(self, plural: str, read: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        """Keep the objects of a kind, and what the history has of them, as READ makes them; no revision, and no event."""
        for item in self._objects_of(plural).objects.values():
            item.rewrite(read)
        for change in self._history:
            if change.plural == plural:
                change.lines.clear()
                for kept in filter(None, (change.before, change.after, change.gone)):
                    kept.rewrite(read)

    def where(self, plural: str, value: str) -> list[Stored]:
        """The objects of an ``INDEXED`` kind whose field is VALUE."""
        return self._objects_of(plural).where(value)

    def count(self, plural: str) -> int:
        """How many there are."""
        return len(self._objects_of(plural).objects)

    def at(self, plural: str, namespace: str, revision: int) -> list[Stored] | None:
        """The objects as they were at REVISION; None if that is forgotten."""
        later = self.since(revision)
        if later is None:
            return None
        kept = self._objects_of(plural)
        found: dict[str, Stored] = {key: kept.objects[key] for key in kept.keys(namespace)}
        for change in reversed([change for change in later if change.plural == plural]):
            state = change.before or change.after
            assert state is not None
            metadata = state.value["metadata"]
            if namespace and metadata.get("namespace") != namespace:
                continue
            key = path_of(metadata.get("namespace", ""), metadata["name"])
            if change.before is None:
                del found[key]
            else:
                found[key] = change.before
        return [found[key] for key in sorted(found)]

    def kinds(self) -> list[str]:
        """The kinds of which there are, or were, objects."""
        return list(self._resources)

    def put(self, plural: str, value: dict[str, Any]) -> Stored:
        """Store VALUE under the next revision, which is set in it."""
        self.revision += 1
        value["metadata"]["resourceVersion"] = str(self.revision)
        after = Stored(value)
        key = path_of(value["metadata"].get("namespace", ""), value["metadata"]["name"])
        before = self._objects_of(plural).put(key, after)
        self._tell(Change(self.revision, plural, before, after))
        return after

    def remove(self, plural: str, namespace: str, name: str, last: dict[str, Any] | None = None) -> Stored:
        """Take an object away; it (or LAST, its last state) is returned with the revision of its end."""
        self.revision += 1
        before = self._objects_of(plural).pop(path_of(namespace, name))
        value = last or before.value
        gone = Stored({**value, "metadata": {**value["metadata"], "resourceVersion": str(self.revision)}})
        self._tell(Change(self.revision, plural, before, None, gone))
        return gone

    def _tell(self, change: Change) -> None:
        self._history.append(change)
        self._history_bytes += change_bytes(change)
        while len(self._history) > HISTORY or self._history_bytes > HISTORY_BYTES:
            old = self._history.popleft()
            self._history_bytes -= change_bytes(old)
            self._forgotten = old.revision
        for queue in [*self._watchers.get(change.plural, ()), *self._watchers.get("", ())]:
            if queue.is_full:
                self._overflow(queue)
            else:
                queue.put_nowait(change)

    def _overflow(self, queue: Queue) -> None:
        self.unsubscribe(queue)
        while not queue.empty():
            queue.get_nowait()
        queue.put_nowait(None)
        if queue.overflow is not None:
            queue.overflow()

    def since(self, revision: int) -> list[Change] | None:
        """The changes after REVISION; None if they are forgotten."""
        if revision < self._forgotten:
            return None
        if not self._history:
            return []
        first = self._history[0].revision  # revisions in the history have no gaps
        return list(itertools.islice(self._history, max(0, revision + 1 - first), None))

    def forget(self) -> None:
        """Forget the history, as compaction does: a watch cannot start from any version that was given out."""
        self.revision += 1
        self._forgotten = self.revision
        self._history.clear()
        self._history_bytes = 0

    def subscribe(
        self,
        plurals: Collection[str] = ("",),
        *,
        limit: int = 0,
        overflow: Callable[[], None] | None = None,
    ) -> Queue:
        """A queue that gets the changes of PLURALS from now on (by default all), and None when the watch is to end.

        A queue with a LIMIT that is full is ended, and OVERFLOW called.
        """
        queue = Queue(limit, overflow)
        for plural in plurals:
            self._watchers.setdefault(plural, set()).add(queue)
        return queue

    def unsubscribe(self, queue: Queue) -> None:
        """No more for QUEUE."""
        for queues in self._watchers.values():
            queues.discard(queue)

    def cut(self) -> None:
        """End every watch."""
        for queue in {queue for queues in self._watchers.values() for queue in queues}:
            queue.put_nowait(None)


def change_bytes(change: Change) -> int:
    """What a change weighs in the history: the state that only it holds, and the last one."""
    return sum(len(state.raw) for state in (change.before, change.after or change.gone) if state is not None)
