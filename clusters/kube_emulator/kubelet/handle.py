"""What a test can do to a kubelet of a cluster that runs in a thread of its own; every method may be called from any thread."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar

from dra_api.identifiers import DriverName
from kube_emulator.errors import EnvironmentFault
from kube_emulator.kubelet.calls import Answer, CallError, ClaimRef
from kube_emulator.kubelet.claim_cache import CorruptCheckpoint
from kube_emulator.kubelet.faults import Caller
from kube_emulator.kubelet.kubelet import Kubelet, RunningKubelet
from kube_emulator.kubelet.pod_claims import ClaimError
from kube_emulator.node_paths import NodePaths

PATIENCE_S = 60.0
Result = TypeVar("Result")


class KubeletHandle:
    """A kubelet, from outside.

    Attributes:
        node: its node and folders.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, kubelet: Kubelet) -> None:
        self._loop = loop
        self._kubelet = kubelet
        self.node: NodePaths = kubelet.node

    def start(self) -> None:
        """Run, if it does not.

        Raises:
            EnvironmentFault: its checkpoint is damaged.
        """
        self._do(self._started())

    async def _started(self) -> None:
        self._kubelet.start()

    def stop(self) -> None:
        """End it as SIGKILL would; containers go on, heartbeats do not."""
        self._do(self._kubelet.stop())

    def restart(self) -> None:
        """End it and run it again."""
        self._do(self._kubelet.restart())

    def reboot(self) -> None:
        """The node loses power and comes back: no container, no CDI file and no socket is left."""
        self._do(self._kubelet.reboot())

    def duplicate_calls(self, count: int = 1) -> None:
        """Send the next COUNT calls to drivers twice at the same time."""
        self._set(duplicate=count)

    def reorder(self, count: int = 1) -> None:
        """Send the claims of the next COUNT calls in reverse order."""
        self._set(reverse=count)

    def unprepare_first(self, count: int = 1) -> None:
        """Unprepare the claims of the next COUNT prepare calls before them."""
        self._set(unprepare_first=count)

    def old_uid(self, count: int = 1) -> None:
        """Send the next COUNT calls first with the UIDs of claims that are long gone."""
        self._set(old_uid=count)

    def cancel_call(self, after_s: float) -> None:
        """Break off the next call AFTER_S seconds after it began."""
        self._set(cancel_after_s=after_s)

    def call(self, driver: str, method: str, claims: Sequence[ClaimRef]) -> dict[str, Answer]:
        """Make a call of one's own, NodePrepareResources or NodeUnprepareResources; {claim UID: answer}.

        Raises:
            EnvironmentFault: the driver is not registered, or the call failed as a whole.
        """

        async def work() -> dict[str, Answer]:
            running = self._running()
            plugin = running.drivers.get(DriverName(driver))
            answers = await running.caller.call(plugin, method, claims)
            return {str(uid): answer for uid, answer in answers.items()}

        return self._do(work())

    def drivers(self) -> dict[str, list[str]]:
        """{driver: endpoints of its registered instances, oldest first}."""
        return self._read(
            lambda running: {
                name: [entry.plugin.endpoint for entry in entries]
                for name, entries in running.drivers.instances.items()
            }
        )

    def claims(self) -> dict[str, bool]:
        """{UID: whether it is prepared} of the claims that the kubelet knows."""
        return self._read(
            lambda running: {claim.uid: claim.prepared for claim in running.cache.claims.values()}
        )

    def claims_in_use(self) -> dict[str, int]:
        """The metric ``dra_resource_claims_in_use`` by ``driver_name``."""
        return self._read(lambda running: running.cache.in_use())

    def count(self, metric: str, **labels: str) -> int:
        """Observations of one of the metrics in ``metrics``."""
        return self._kubelet.metrics.count(metric, **labels)

    def _running(self) -> RunningKubelet:
        if self._kubelet.running is None:
            message = f"the kubelet of {self.node.name} does not run"
            raise EnvironmentFault(message)
        return self._kubelet.running

    def _set(self, **changes: Any) -> None:
        def change(running: RunningKubelet) -> None:
            caller: Caller = running.caller
            for name, value in changes.items():
                setattr(caller.faults, name, value)

        self._read(change)

    def _read(self, what: Callable[[RunningKubelet], Result]) -> Result:
        async def work() -> Result:
            return what(self._running())

        return self._do(work())

    def _do(self, work: Coroutine[Any, Any, Result]) -> Result:
        try:
            return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE_S)
        except (ClaimError, CallError, CorruptCheckpoint) as error:
            raise EnvironmentFault(str(error)) from error
