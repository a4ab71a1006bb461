"""What happened in a check, in order: what went through the harness, and what was seen of the driver meanwhile."""

import time
from collections import deque
from collections.abc import Callable, Iterable
from itertools import chain
from typing import Any, NamedTuple

from dra_conformance.differences import text_of
from dra_conformance.redaction import redacted

KEPT = 400
TEXT_MAX = 4000
OBJECT_MAX = 64_000
"""Characters of an object of the API: whole, so that a verdict can be recomputed from it."""


class Seen(NamedTuple):
    """Something that was seen of the driver; ``at`` is by the monotonic clock."""

    at: float
    kind: str
    what: str
    details: dict[str, Any]


Source = Callable[[], Iterable[Seen]]
"""Gives what is new since it was last asked."""


class Evidence:
    """Steps since the last ``take``; of each kind the newest ``KEPT``, so that a busy driver does not push the calls out.

    Attributes:
        driver_log: where the driver's own log is kept, relative to the report; empty if it is not.
    """

    def __init__(self, driver_log: str = "") -> None:
        self.driver_log = driver_log
        self._start = time.monotonic()
        self._steps: dict[str, deque[dict[str, Any]]] = {}
        self._quick: list[Source] = []
        self._slow: list[Source] = []
        self._taken = 0

    def follow(self, source: Source, *, at_every_step: bool) -> None:
        """Add what SOURCE gives: asked after each step, for what has no time of its own, or only at the end."""
        (self._quick if at_every_step else self._slow).append(source)

    def add(self, kind: str, what: str, **details: Any) -> None:
        """Record a step; details are shortened texts without secrets."""
        self._record(Seen(time.monotonic(), kind, what, details))
        self._ask(self._quick)

    def _ask(self, sources: Iterable[Source]) -> None:
        for source in sources:
            for seen in source():
                self._record(seen)

    def _record(self, seen: Seen) -> None:
        step = {"at": self.moment(seen.at), "kind": seen.kind, "what": redacted(seen.what)}
        step |= {
            name: redacted(text_of(value, OBJECT_MAX if seen.kind == "object" else TEXT_MAX))
            for name, value in seen.details.items()
            if value not in (None, "")
        }
        self._keep(step)

    def _keep(self, step: dict[str, Any]) -> None:
        self._steps.setdefault(step["kind"], deque(maxlen=KEPT)).append(step)

    def moment(self, monotonic: float) -> float:
        """A moment of the monotonic clock on the clock of the steps."""
        return round(monotonic - self._start, 4)

    def replay(self, steps: Iterable[dict[str, Any]]) -> None:
        """Add steps that were recorded for several checks."""
        for step in steps:
            self._keep(step)

    @property
    def taken(self) -> int:
        """How often steps were taken: what a check has seen begins anew with each."""
        return self._taken

    def take(self) -> tuple[dict[str, Any], ...]:
        """The steps so far, in the order of time; there are none afterwards."""
        self._ask(self._quick)
        self._ask(self._slow)
        self._taken += 1
        kept, self._steps = chain.from_iterable(self._steps.values()), {}
        return tuple(sorted(kept, key=lambda step: step["at"]))
