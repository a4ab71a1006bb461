"""A pod as its node saw it last, and a way to wait for the next change."""

import asyncio
import contextlib

from dra_api.objects import Pod
from kube_emulator.clock import Clock

GRACE_S = 30


class WatchedPod:
    """A pod that changes.

    Attributes:
        pod: as of the last change.
        gone: whether the object does not exist any more.
        ending: whether it is being deleted, or is gone.
    """

    def __init__(self, pod: Pod, clock: Clock) -> None:
        self.pod = pod
        self.gone = False
        self.ending = bool(pod["metadata"].get("deletionTimestamp"))
        self._clock = clock
        self._changed = asyncio.Event()

    @property
    def uid(self) -> str:
        """Its UID."""
        return self.pod["metadata"]["uid"]

    @property
    def name(self) -> str:
        """Its name."""
        return self.pod["metadata"]["name"]

    def update(self, pod: Pod | None) -> None:
        """The object changed, or is gone."""
        if pod is None:
            self.gone = True
        else:
            self.pod = pod
        self.ending = self.ending or pod is None or bool(pod["metadata"].get("deletionTimestamp"))
        self._changed.set()

    async def change(self, limit_s: float | None = None) -> None:
        """Wait until the object changes, but no longer than LIMIT_S."""
        self._changed.clear()
        if limit_s is None:
            await self._changed.wait()
            return
        with contextlib.suppress(TimeoutError):
            await self._clock.wait_for(self._changed.wait(), limit_s)

    @property
    def own_grace_s(self) -> float:
        """Seconds to end that the pod asks for itself."""
        return float(self.pod["spec"].get("terminationGracePeriodSeconds", GRACE_S))

    @property
    def grace_s(self) -> float:
        """Seconds that the containers get to end."""
        asked = self.pod["metadata"].get("deletionGracePeriodSeconds")
        return self.own_grace_s if asked is None else float(asked)
