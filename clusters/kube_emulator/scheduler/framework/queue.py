"""The pods that wait to be scheduled: by priority, then by arrival (kube-scheduler's scheduling queue, 1.36).

A pod that fitted nowhere is parked until something changes that may help it. Like a scheduler with nothing else to do
(gate SchedulerPopFromBackoffQ), such a change brings it back at once; only after an error it waits, 1 s doubling to 10 s.
"""

import heapq
import itertools
from collections.abc import Iterable

BACKOFF_S, BACKOFF_MAX_S = 1.0, 10.0


class PodQueue:
    """Keys of pods."""

    def __init__(self) -> None:
        self._numbers = itertools.count()
        self._heap: list[tuple[int, int, str]] = []
        self._order: dict[str, tuple[int, int]] = {}
        self._active: set[str] = set()
        self._due: dict[str, float] = {}
        self._errors: dict[str, int] = {}

    def put(self, key: str, priority: int) -> None:
        """A pod is to be scheduled, now."""
        # The place in the queue is kept over failed attempts, so later pods do not overtake.
        if key not in self._order or self._order[key][0] != -priority:
            self._order[key] = (-priority, next(self._numbers))
        self._due.pop(key, None)
        if key not in self._active:
            self._active.add(key)
            heapq.heappush(self._heap, (*self._order[key], key))

    def pop(self) -> str | None:
        """The pod whose turn it is."""
        while self._heap:
            _, _, key = heapq.heappop(self._heap)
            if key in self._active:
                self._active.discard(key)
                return key
        return None

    def idle(self) -> bool:
        """Whether no pod is to be scheduled now."""
        return not self._active

    def activate(self, keys: Iterable[str]) -> None:
        """Something changed that may help parked pods."""
        for key in keys:
            if key in self._order and key not in self._due:
                self.put(key, -self._order[key][0])

    def activate_all(self) -> None:
        """Something changed that may help every parked pod."""
        self.activate(list(self._order))

    def retry(self, key: str, now: float) -> None:
        """A pod's attempt ended in an error: it comes again later."""
        errors = self._errors[key] = self._errors.get(key, 0) + 1
        self._due[key] = now + min(BACKOFF_S * 2 ** (errors - 1), BACKOFF_MAX_S)

    def forget(self, key: str) -> None:
        """A pod is scheduled or gone."""
        self._order.pop(key, None)
        self._active.discard(key)
        self._due.pop(key, None)
        self._errors.pop(key, None)

    def wait_s(self, now: float) -> float | None:
        """How long until a pod comes again; None: no pod will by itself."""
        return max(0.0, min(self._due.values()) - now) if self._due else None

    def flush_backoff(self, now: float) -> None:
        """Bring back the pods whose time has come."""
        for key in [key for key, due in self._due.items() if due <= now]:
            self.put(key, -self._order[key][0])
