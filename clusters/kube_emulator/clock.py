"""A clock that tests can advance: every wait of the emulated cluster uses it, so 30-second rules take milliseconds.

The clock runs with the computer's and may be moved forward (``advance``). A sleep that is due at the new time ends, in
the order in which the times come. A timeout is a sleep that ends something else.
"""

import asyncio
import calendar
import heapq
import itertools
import time
from collections.abc import AsyncIterator, Awaitable, Sequence
from typing import Any, TypeVar

Result = TypeVar("Result")
FORMAT = "%Y-%m-%dT%H:%M:%SZ"
"""A time as the API writes it."""


def moment(stamp: str) -> float:
    """A time that the API wrote, in seconds since 1970."""
    return float(calendar.timegm(time.strptime(stamp, FORMAT)))


class Clock:
    """The time of one cluster; it belongs to one event loop."""

    def __init__(self) -> None:
        self._ahead = 0.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._numbers = itertools.count()
        self._alarm: asyncio.TimerHandle | None = None

    def time(self) -> float:
        """Seconds since 1970."""
        return time.time() + self._ahead

    def monotonic(self) -> float:
        """Seconds since some moment; never goes back."""
        return time.monotonic() + self._ahead

    def stamp(self, ahead_s: float = 0) -> str:
        """The time, or one AHEAD_S seconds later, as the API writes it: ``2026-11-24T10:00:00Z``."""
        return time.strftime(FORMAT, time.gmtime(self.time() + ahead_s))

    async def sleep(self, seconds: float) -> None:
        """Wait until SECONDS have passed on this clock."""
        future = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self.monotonic() + seconds, next(self._numbers), future))
        self._set_alarm()
        await future

    async def wait_for(self, work: Awaitable[Result], seconds: float) -> Result:
        """The result of WORK.

        Raises:
            TimeoutError: SECONDS passed first; WORK is cancelled.
        """
        task = asyncio.ensure_future(work)
        limit = asyncio.ensure_future(self.sleep(seconds))
        try:
            await asyncio.wait([task, limit], return_when=asyncio.FIRST_COMPLETED)
            if not task.done():
                message = f"not done within {seconds:g} s"
                raise TimeoutError(message)
            return task.result()
        finally:
            await cancelled([future for future in (task, limit) if not future.done()])

    async def ticks(self, seconds: float) -> AsyncIterator[None]:
        """Yield now and then every SECONDS."""
        while True:
            yield
            await self.sleep(seconds)

    def advance(self, seconds: float) -> None:
        """Move forward; call it on the loop of the cluster."""
        self._ahead += seconds
        self._wake()

    def _wake(self) -> None:
        while self._sleepers and self._sleepers[0][0] <= self.monotonic():
            _, _, future = heapq.heappop(self._sleepers)
            if not future.done():
                future.set_result(None)
        self._set_alarm()

    def _set_alarm(self) -> None:
        while self._sleepers and self._sleepers[0][2].done():
            heapq.heappop(self._sleepers)
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        if self._sleepers:
            pause = max(0.0, self._sleepers[0][0] - self.monotonic())
            self._alarm = asyncio.get_running_loop().call_later(pause, self._wake)


async def cancelled(futures: Sequence[asyncio.Future[Any]]) -> None:
    """Cancel FUTURES and wait for their end; a cancellation of the caller meanwhile is raised, unlike with ``await future``."""
    for future in futures:
        future.add_done_callback(lambda done: done.cancelled() or done.exception())
        future.cancel()
    if futures:
        await asyncio.wait(futures)
