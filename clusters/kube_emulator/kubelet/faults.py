"""Injected faults of calls to drivers: the same call twice, claims in another order, a call that is cancelled.

All of it can happen to a driver in a real cluster (a kubelet that restarts, a slow disk, two syncs that meet); here it
happens when a test wants it.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from dra_api.identifiers import ClaimUid
from kube_emulator.clock import Clock
from kube_emulator.kubelet.calls import Answer, CallError, ClaimRef, Plugin
from kube_emulator.kubelet.metrics import Metrics
from kube_emulator.kubelet.pod_claims import PREPARE, UNPREPARE

OLD_UID = "00000000-0000-4000-8000-000000000000"
"""The UID of a claim that is long gone."""


@dataclass(slots=True)
class CallFaults:
    """The faults of the next calls.

    Attributes:
        duplicate: calls that are sent twice at the same time; the second answer counts.
        reverse: calls whose claims come in reverse order.
        unprepare_first: prepare calls before which the same claims are unprepared.
        old_uid: calls before which the same claims are sent with the UID of claims that are long gone.
        cancel_after_s: the next call is cancelled after that time; None: it is not.
    """

    duplicate: int = 0
    reverse: int = 0
    unprepare_first: int = 0
    old_uid: int = 0
    cancel_after_s: float | None = None

    def use(self, name: str) -> bool:
        """Whether the next call has the fault NAME; counts it down."""
        left: int = getattr(self, name)
        setattr(self, name, max(left - 1, 0))
        return left > 0


class Caller:
    """Makes the calls of one kubelet, with injected faults.

    Attributes:
        faults: those of the next calls.
    """

    def __init__(self, clock: Clock, metrics: Metrics) -> None:
        self._clock = clock
        self._metrics = metrics
        self.faults = CallFaults()

    async def call(self, plugin: Plugin, method: str, claims: Sequence[ClaimRef]) -> dict[ClaimUid, Answer]:
        """The answers to a call, {claim UID: answer}.

        Raises:
            CallError: it failed as a whole.
        """
        faults = self.faults
        if faults.use("reverse"):
            claims = claims[::-1]
        if faults.use("old_uid"):
            await self._try(plugin, method, [ClaimRef(c.namespace, c.name, OLD_UID) for c in claims])
        if method == PREPARE and faults.use("unprepare_first"):
            await self._try(plugin, UNPREPARE, claims)
        if faults.use("duplicate"):
            _, last = await asyncio.gather(
                self._try(plugin, method, claims), self._send(plugin, method, claims)
            )
            return last
        return await self._send(plugin, method, claims)

    async def _send(self, plugin: Plugin, method: str, claims: Sequence[ClaimRef]) -> dict[ClaimUid, Answer]:
        work = plugin.call(method, claims, clock=self._clock, metrics=self._metrics)
        after_s, self.faults.cancel_after_s = self.faults.cancel_after_s, None
        if after_s is None:
            return await work
        try:
            return await self._clock.wait_for(work, after_s)
        except TimeoutError as error:
            message = "rpc error: code = Canceled desc = context canceled"
            raise CallError(message) from error

    async def _try(self, plugin: Plugin, method: str, claims: Sequence[ClaimRef]) -> None:
        """A call whose answer does not matter."""
        try:
            await plugin.call(method, claims, clock=self._clock, metrics=self._metrics)
        except CallError:
            return
