"""One pod on its node, from binding to end: claims, sandbox, containers, status.

The order is the kubelet's (pod_workers.go, kubelet.go SyncPod and SyncTerminatingPod, 1.36): claims are
prepared before the sandbox is made, and only then, so a restarted kubelet does not prepare what runs; they are
unprepared when all containers have ended, and only after that a terminal phase is written, because the devices
may be allocated to others then. A sync that failed is repeated after 10 to 15 s.
"""

import asyncio
import logging
import random
from typing import Any

from dra_api.objects import JsonObject, Pod, PodStatus
from kube_emulator.apiserver.registry.typed import find_pod
from kube_emulator.apiserver.status import ApiError
from kube_emulator.clock import moment
from kube_emulator.events import record_event
from kube_emulator.kubelet.api_volumes import ApiVolumes
from kube_emulator.kubelet.node_context import NodeContext
from kube_emulator.kubelet.pod_claims import ClaimError
from kube_emulator.kubelet.pod_containers import PodContainers
from kube_emulator.kubelet.pod_status import Seen, status_of
from kube_emulator.kubelet.runtime import is_run
from kube_emulator.kubelet.volume_files import CannotMount
from kube_emulator.kubelet.watched_pod import WatchedPod

log = logging.getLogger(__name__)
SYNC_PAUSE_S, SYNC_JITTER = 10.0, 0.5
ENDED = ("Succeeded", "Failed")
DEADLINE = ("DeadlineExceeded", "Pod was active on the node longer than the specified deadline")


class PodWorker:
    """A pod."""

    def __init__(self, node: NodeContext, pod: Pod) -> None:
        self._node = node
        self._watched = WatchedPod(pod, node.clock)
        self._uid: str = pod["metadata"]["uid"]
        self._failure: tuple[str, str] | None = None
        self._released = False
        self._containers = PodContainers(
            node, self._watched, report=self._record_event, sync=self.sync_status, pause=self._pause
        )
        self._volumes = ApiVolumes(node.runtime, node.clock, self._look, node.issue_token)
        self._random = random.Random(self._uid)  # noqa: S311 # pauses are no secrets

    def pod_changed(self, pod: Pod | None) -> None:
        """The object changed, or is gone; the generation that is seen now is reported."""
        self._watched.update(pod)
        found = self._watched.pod
        status = found.get("status") or PodStatus()
        newer = found["metadata"].get("generation", 0) > status.get("observedGeneration", 0)
        if newer and status.get("phase") not in ENDED:
            self.sync_status()

    async def run(self) -> None:
        """Sync the pod; returns when nothing of it is left on the node."""
        ended = (self._watched.pod.get("status") or {}).get("phase") in ENDED
        if not self._watched.ending:
            await self._until_ending(self._release() if ended else self._run_to_completion())
        if self._failure:
            await self._containers.stop()
            await self._release()
            self.sync_status()
        while not self._watched.ending:
            await self._watched.change()
        await self._containers.stop()
        await self._release()
        self.sync_status()
        self._node.runtime.remove(self._uid)
        self._delete()

    async def _until_ending(self, work: Any) -> None:
        run, ending = asyncio.ensure_future(work), asyncio.ensure_future(self._ended())
        try:
            await asyncio.wait([run, ending], return_when=asyncio.FIRST_COMPLETED)
            if run.done():
                run.result()
        finally:
            for task in (run, ending):
                task.cancel()
            await asyncio.gather(run, ending, return_exceptions=True)

    async def _ended(self) -> None:
        """Wait until the pod is deleted, or was active for too long."""
        while not self._watched.ending:
            left = self._deadline_in()
            if left is not None and left <= 0:
                self._failure = DEADLINE
                self._record_event(*DEADLINE, kind="Normal")
                return
            await self._watched.change(left)

    def _deadline_in(self) -> float | None:
        """Seconds until ``activeDeadlineSeconds`` have passed since the kubelet saw the pod (kubelet active_deadline.go)."""
        limit = self._watched.pod["spec"].get("activeDeadlineSeconds")
        started = (self._watched.pod.get("status") or {}).get("startTime")
        if limit is None:
            return None
        return limit - (self._node.clock.time() - moment(started) if started else 0)

    async def _run_to_completion(self) -> None:
        runtime, spec = self._node.runtime, self._watched.pod["spec"]
        lost = runtime.lost.get(self._uid)
        if not (lost and spec.get("restartPolicy") == "Never"):
            if self._uid not in runtime.sandboxes:
                self.sync_status()
                await self._mount()
                await self._prepare()
                runtime.make_sandbox(
                    self._watched.pod, self._node.next_ip(self._watched.pod), self._node.host_ip
                )
                self.sync_status()
            await self._containers.run()
            await self._containers.stop()
        await self._release()
        self.sync_status()

    async def _mount(self) -> None:
        """Set up the volumes whose content is in the API; a pod that is not run has no use for them."""
        while is_run(self._watched.pod):
            try:
                self._volumes.write(self._watched.pod, self._node.host_ip)
            except CannotMount as error:
                self._record_event("FailedMount", str(error))
                await self._pause()
            else:
                return

    def refresh(self) -> None:
        """Bring the status and the volumes up to date."""
        self.sync_status()
        if is_run(self._watched.pod) and self._uid in self._node.runtime.sandboxes:
            try:
                self._volumes.write(self._watched.pod, self._node.host_ip)
            except CannotMount as error:
                log.info("volumes of pod %s stay as they are: %s", self._watched.name, error)

    async def _prepare(self) -> None:
        while True:
            try:
                await self._node.claims.prepare(self._watched.pod)
            except ClaimError as error:
                self._record_event(
                    "FailedPrepareDynamicResources", f"Failed to prepare dynamic resources: {error}"
                )
                await self._pause()
            else:
                return

    async def _pause(self) -> None:
        await self._node.clock.sleep(SYNC_PAUSE_S * (1 + SYNC_JITTER * self._random.random()))

    async def _release(self) -> None:
        """Release the claims; the pod remains until that succeeds."""
        while not self._released:
            try:
                await self._node.claims.unprepare(self._uid)
                self._released = True
            except ClaimError as error:
                log.warning("error syncing pod %s, skipping: %s", self._watched.name, error)
                await self._pause()

    def sync_status(self) -> None:
        """Write the status, if it changed. A terminal phase is held back until the claims are released."""
        api, metadata = self._node.api, self._watched.pod["metadata"]
        found = find_pod(api, metadata["name"], metadata["namespace"])
        if found is None or found["metadata"]["uid"] != self._uid:
            return
        sandbox = self._node.runtime.sandboxes.get(self._uid)
        ip, now = sandbox.ip if sandbox else "", self._node.clock.stamp()
        seen = Seen(ip, self._node.host_ip, now, self._containers.waiting, self._failure)
        status = status_of(found, self._containers.made, seen)
        status["containerStatuses"] = self._node.with_health(found, status["containerStatuses"])
        if status["phase"] in ENDED and not self._released:
            return
        if status != found.get("status"):
            try:
                api.update("pods", {**found, "status": status}, subresource="status")
            except ApiError as error:
                log.warning("status of pod %s is not taken: %s", metadata["name"], error)

    def _look(self, plural: str, name: str) -> JsonObject | None:
        return self._node.api.find(plural, name, self._watched.pod["metadata"]["namespace"])

    def _delete(self) -> None:
        metadata = self._watched.pod["metadata"]
        if self._watched.gone:
            return
        try:
            self._node.api.delete("pods", metadata["name"], metadata["namespace"], uid=self._uid, grace_s=0)
        except ApiError as error:
            log.info("pod %s is gone already: %s", metadata["name"], error)

    def _record_event(self, reason: str, message: str, *, kind: str = "Warning") -> None:
        if self._watched.gone:
            return
        try:
            record_event(
                self._node.api, self._watched.pod, reason=reason, message=message, source="kubelet", kind=kind
            )
        except ApiError as error:
            log.warning("event %s of pod %s is not taken: %s", reason, self._watched.name, error)
