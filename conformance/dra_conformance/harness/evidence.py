"""What happened in a check, in order: every call, request, signal and file that went through the harness."""

import time
from collections.abc import Iterable
from typing import Any

KEPT = 400
TEXT_MAX = 4000


class Evidence:
    """Steps since the last ``take``; bounded, the oldest are dropped first.

    Attributes:
        driver_log: where the driver's own log is kept, relative to the report; empty if it is not.
    """

    def __init__(self, driver_log: str = "") -> None:
        self.driver_log = driver_log
        self._start = time.monotonic()
        self._steps: list[dict[str, Any]] = []

    def add(self, kind: str, what: str, **details: Any) -> None:
        """Record a step; details are shortened texts."""
        step = {"at": round(time.monotonic() - self._start, 4), "kind": kind, "what": what}
        step |= {name: str(value)[:TEXT_MAX] for name, value in details.items() if value not in (None, "")}
        self._steps.append(step)
        del self._steps[:-KEPT]

    def moment(self, monotonic: float) -> float:
        """A moment of the monotonic clock on the clock of the steps."""
        return round(monotonic - self._start, 4)

    def replay(self, steps: Iterable[dict[str, Any]]) -> None:
        """Add steps that were recorded for several checks."""
        self._steps.extend(steps)

    def take(self) -> tuple[dict[str, Any], ...]:
        """The steps so far; the list is empty afterwards."""
        steps, self._steps = tuple(self._steps), []
        return steps
