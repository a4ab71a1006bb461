"""One turn at a time for each key: calls for the same claim, or for the same GPU, run one after the other."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Turn:
    """The lock of one key, and how many hold it or wait for it."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    users: int = 0


class Turns:
    """A lock per key, which exists while somebody uses it."""

    def __init__(self) -> None:
        self._turns: dict[Any, Turn] = {}

    def busy(self, key: Any) -> bool:
        """Whether somebody has or waits for the turn of KEY."""
        return key in self._turns

    @contextlib.asynccontextmanager
    async def of(self, *keys: Any) -> AsyncIterator[None]:
        """Have the turn of all KEYS; always in the same order, so that two calls never wait for each other."""
        async with contextlib.AsyncExitStack() as stack:
            for key in ordered(keys):
                turn = self._turns.setdefault(key, Turn())
                turn.users += 1
                stack.callback(self._leave, key, turn)
                await stack.enter_async_context(turn.lock)
            yield

    def _leave(self, key: Any, turn: Turn) -> None:
        turn.users -= 1
        if not turn.users:
            del self._turns[key]


def ordered(keys: Iterable[Any]) -> list[Any]:
    """KEYS without repetitions, in their order."""
    return sorted(set(keys))
