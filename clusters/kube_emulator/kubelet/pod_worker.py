"""One pod on its node, from binding to end: claims, sandbox, containers, status.

The order is the kubelet's (pod_workers.go, kubelet.go SyncPod and SyncTerminatingPod, kuberuntime, 1.36): claims are
prepared before the sandbox is made, and only then, so a restarted kubelet does not prepare what runs; they are
unprepared when all containers have ended, and only after that a terminal phase is written, because the devices
may be allocated to others then. A sync that failed is repeated after 10 to 15 s; a container that ends is started again at once,
then after 10 s, 20 s and so on up to 5 min.
"""

import asyncio
import contextlib
import logging
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from dra_api.objects import JsonObject, Pod, PodStatus
from kube_emulator.apiserver.registry.api import Api
from kube_emulator.apiserver.registry.typed import find_pod
from kube_emulator.apiserver.status import ApiError
from kube_emulator.clock import Clock, moment
from kube_emulator.events import record_event
from kube_emulator.kubelet.api_volumes import ApiVolumes
from kube_emulator.kubelet.cdi import InjectionError
from kube_emulator.kubelet.claims import ClaimManager
from kube_emulator.kubelet.hooks_and_probes import HooksAndProbes
from kube_emulator.kubelet.pod_claims import ClaimError
from kube_emulator.kubelet.pod_environment import environment_of
from kube_emulator.kubelet.pod_status import Seen, is_sidecar, status_of
from kube_emulator.kubelet.processes import CannotCreate, CannotStart
from kube_emulator.kubelet.runtime import Container, Runtime, is_run
from kube_emulator.kubelet.service_environment import service_environment
from kube_emulator.kubelet.volume_files import CannotMount, IssueToken

log = logging.getLogger(__name__)
SYNC_PAUSE_S, SYNC_JITTER = 10.0, 0.5
CRASH_PAUSE_S, CRASH_PAUSE_MAX_S = 10.0, 300.0
GRACE_S = 30
LEAST_GRACE_S = 2.0
"""What a container gets after its hook at least (kuberuntime minimumGracePeriodInSeconds)."""
ENDED = ("Succeeded", "Failed")
DEADLINE = ("DeadlineExceeded", "Pod was active on the node longer than the specified deadline")


@dataclass(frozen=True, slots=True)
class NodeContext:
    """What pod workers need of their node.

    Attributes:
        server: the address of the API server.
        issue_token: makes a token of a pod's account.
        with_health: adds the health of devices to the pod's container statuses.
    """

    api: Api
    clock: Clock
    claims: ClaimManager
    runtime: Runtime
    host_ip: str
    server: tuple[str, int]
    issue_token: IssueToken
    next_ip: Callable[[], str]
    with_health: Callable[[Pod, list[JsonObject]], list[JsonObject]]


class PodWorker:
    """A pod.

    Attributes:
        pod: as of the last change.
        gone: whether the object does not exist any more.
    """

    def __init__(self, node: NodeContext, pod: Pod) -> None:
        self._node = node
        self.pod = pod
        self.gone = False
        self._uid: str = pod["metadata"]["uid"]
        self._ending = False
        self._changed = asyncio.Event()
        self._failure: tuple[str, str] | None = None
        self._released = False
        self._hooks_and_probes = HooksAndProbes(
            node.runtime, node.clock, self._uid, self._record_event, self.sync_status
        )
        self._volumes = ApiVolumes(node.runtime, node.clock, self._look, node.issue_token)
        self._waiting: dict[str, tuple[str, str]] = {}
        self._random = random.Random(self._uid)  # noqa: S311 # pauses are no secrets

    def pod_changed(self, pod: Pod | None) -> None:
        """The object changed, or is gone."""
        if pod is None:
            self.gone = True
        else:
            self.pod = pod
        self._ending = self._ending or pod is None or bool(pod["metadata"].get("deletionTimestamp"))
        self._changed.set()

    def observe(self) -> None:
        """Report the generation that is seen now."""
        status = self.pod.get("status") or PodStatus()
        newer = self.pod["metadata"].get("generation", 0) > status.get("observedGeneration", 0)
        if newer and status.get("phase") not in ENDED:
            self.sync_status()

    async def run(self) -> None:
        """Sync the pod; returns when nothing of it is left on the node."""
        self.pod_changed(self.pod)
        ended = (self.pod.get("status") or {}).get("phase") in ENDED
        if not self._ending:
            await self._until_ending(self._release() if ended else self._run_to_completion())
        if self._failure:
            await self._stop()
            await self._release()
            self.sync_status()
        while not self._ending:
            await self._change()
        await self._stop()
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
        while not self._ending:
            left = self._deadline_in()
            if left is not None and left <= 0:
                self._failure = DEADLINE
                self._record_event(*DEADLINE, kind="Normal")
                return
            await self._change(left)

    async def _change(self, limit_s: float | None = None) -> None:
        """Wait until the object changes, but no longer than LIMIT_S."""
        self._changed.clear()
        if limit_s is None:
            await self._changed.wait()
            return
        with contextlib.suppress(TimeoutError):
            await self._node.clock.wait_for(self._changed.wait(), limit_s)

    def _deadline_in(self) -> float | None:
        """Seconds until ``activeDeadlineSeconds`` have passed since the kubelet saw the pod (kubelet active_deadline.go)."""
        limit = self.pod["spec"].get("activeDeadlineSeconds")
        started = (self.pod.get("status") or {}).get("startTime")
        if limit is None:
            return None
        return limit - (self._node.clock.time() - moment(started) if started else 0)

    async def _run_to_completion(self) -> None:
        runtime, spec = self._node.runtime, self.pod["spec"]
        lost = runtime.lost.get(self._uid)
        if not (lost and spec.get("restartPolicy") == "Never"):
            if self._uid not in runtime.sandboxes:
                self.sync_status()
                await self._mount()
                await self._prepare()
                runtime.make_sandbox(self.pod, self._node.next_ip(), self._node.host_ip)
                self.sync_status()
            await self._run_containers()
            await self._stop()
        await self._release()
        self.sync_status()

    async def _mount(self) -> None:
        """Set up the volumes whose content is in the API; a pod that is not run has no use for them."""
        while is_run(self.pod):
            try:
                self._volumes.write(self.pod, self._node.host_ip)
            except CannotMount as error:
                self._record_event("FailedMount", str(error))
                await self._pause()
            else:
                return

    def refresh(self) -> None:
        """Bring the status and the volumes up to date."""
        self.sync_status()
        if is_run(self.pod) and self._uid in self._node.runtime.sandboxes:
            try:
                self._volumes.write(self.pod, self._node.host_ip)
            except CannotMount as error:
                log.info("volumes of pod %s stay as they are: %s", self.pod["metadata"]["name"], error)

    async def _prepare(self) -> None:
        while True:
            try:
                await self._node.claims.prepare(self.pod)
            except ClaimError as error:
                self._record_event(
                    "FailedPrepareDynamicResources", f"Failed to prepare dynamic resources: {error}"
                )
                await self._pause()
            else:
                return

    async def _pause(self) -> None:
        await self._node.clock.sleep(SYNC_PAUSE_S * (1 + SYNC_JITTER * self._random.random()))

    async def _run_containers(self) -> None:
        """Run all containers; returns when none will run again."""
        spec = self.pod["spec"]
        policy = spec.get("restartPolicy", "Always")
        async with asyncio.TaskGroup() as group:
            sidecars = []
            for one in spec.get("initContainers") or []:
                if is_sidecar(one):
                    if one["name"] not in self._containers():
                        await self._start(one)
                    sidecars.append(group.create_task(self._keep(one, "Always")))
                    continue
                await self._keep(one, "Never" if policy == "Never" else "OnFailure", ends=True)
                if self._containers()[one["name"]].code:
                    break
            else:
                await asyncio.gather(*(self._keep(one, policy) for one in spec["containers"]))
            for task in sidecars:
                task.cancel()

    async def _keep(self, spec: JsonObject, policy: str, *, ends: bool = False) -> None:
        """Run a container, and again as POLICY says; ENDS: one that is no process succeeds at once."""
        name, pause = spec["name"], 0.0
        while True:
            container = self._containers().get(name)
            if container is None or (container.done and restarts(policy, container)):
                container = await self._start(spec)
            if ends and container.process is None:
                await self._node.runtime.stop(container, 0)
            if container.running and container.process is None:
                await asyncio.Event().wait()
            lifecycle = asyncio.ensure_future(self._hooks_and_probes.run(spec, container, self._grace()))
            try:
                await self._node.runtime.wait(container)
            finally:
                lifecycle.cancel()
                await asyncio.gather(lifecycle, return_exceptions=True)
            self.sync_status()
            if not restarts(policy, container):
                return
            if pause:
                await self._back_off(name, pause)
            pause = min(max(pause * 2, CRASH_PAUSE_S), CRASH_PAUSE_MAX_S)

    async def _back_off(self, name: str, pause: float) -> None:
        metadata = self.pod["metadata"]
        where = f"{metadata['name']}_{metadata['namespace']}({self._uid})"
        message = f"back-off {pause:.0f}s restarting failed container={name} pod={where}"
        self._waiting[name] = ("CrashLoopBackOff", message)
        self._record_event("BackOff", f"Back-off restarting failed container {name} in pod {where}")
        self.sync_status()
        await self._node.clock.sleep(pause)

    async def _start(self, spec: JsonObject) -> Container:
        """Start a container; as long as it cannot be made it waits with a reason, and one that did not start has ended."""
        node, name = self._node, spec["name"]
        while True:
            try:
                ids = node.claims.cdi_ids(self.pod, spec)
                ip = node.runtime.sandboxes[self._uid].ip
                services = service_environment(self.pod, self._services(), node.server)
                environment = environment_of(
                    self.pod, spec, services, ip=ip, host_ip=node.host_ip, look=self._look
                )
                await node.runtime.start(self.pod, spec, environment, ids)
            except CannotStart as error:
                self._waiting.pop(name, None)
                self._record_event("Created", "Container created", kind="Normal")
                self._record_event("Failed", f"Error: {error}")
                self.sync_status()
                return self._containers()[name]
            except (ClaimError, InjectionError, CannotCreate) as error:
                self._waiting[name] = ("CreateContainerError", str(error))
                self._record_event("Failed", f"Error: {error}")
                self.sync_status()
                await self._pause()
            else:
                self._waiting.pop(name, None)
                self._record_event("Created", "Container created", kind="Normal")
                self._record_event("Started", "Container started", kind="Normal")
                self.sync_status()
                return self._containers()[name]

    def _services(self) -> list[JsonObject]:
        return self._node.api.values("services", self.pod["metadata"]["namespace"])

    def _look(self, plural: str, name: str) -> JsonObject | None:
        return self._node.api.find(plural, name, self.pod["metadata"]["namespace"])

    def _containers(self) -> dict[str, Container]:
        runtime = self._node.runtime
        sandbox = runtime.sandboxes.get(self._uid) or runtime.lost.get(self._uid)
        return sandbox.containers if sandbox else {}

    async def _stop(self) -> None:
        """End the containers, sidecars last."""
        grace, containers = self._grace(), self._containers()
        sidecars = [spec["name"] for spec in self.pod["spec"].get("initContainers") or []]
        for names in (containers.keys() - set(sidecars), reversed(sidecars)):
            running = [containers[n] for n in names if n in containers and containers[n].running]
            for container in running:
                self._record_event("Killing", f"Stopping container {container.name}", kind="Normal")
            await asyncio.gather(*(self._end(one, grace) for one in running))

    async def _end(self, container: Container, grace_s: float) -> None:
        """End a container after its hook."""
        before = self._node.clock.monotonic()
        every = [*self.pod["spec"]["containers"], *(self.pod["spec"].get("initContainers") or [])]
        for spec in every:
            if spec["name"] == container.name and grace_s > 0:
                await self._hooks_and_probes.pre_stop(spec, grace_s)
        if container.process is None:
            await self._linger(before)
        left = grace_s - (self._node.clock.monotonic() - before)
        await self._node.runtime.stop(container, max(LEAST_GRACE_S, left) if grace_s > 0 else 0)

    async def _linger(self, since: float) -> None:
        """Wait for the end of a grace period that is longer than the pod's own.

        A record could end at once, and does. Who asks for more time than the pod needs wants to see it go.
        """
        while not self.gone:
            asked = self.pod["metadata"].get("deletionGracePeriodSeconds", 0)
            left = since + asked - self._node.clock.monotonic()
            if asked <= self.pod["spec"].get("terminationGracePeriodSeconds", GRACE_S) or left <= 0:
                return
            await self._change(left)

    def _grace(self) -> float:
        """Seconds that the containers get to end."""
        asked = self.pod["metadata"].get("deletionGracePeriodSeconds")
        wanted = (
            asked if asked is not None else self.pod["spec"].get("terminationGracePeriodSeconds", GRACE_S)
        )
        return float(wanted)

    async def _release(self) -> None:
        """Release the claims; the pod remains until that succeeds."""
        while not self._released:
            try:
                await self._node.claims.unprepare(self._uid)
                self._released = True
            except ClaimError as error:
                log.warning("error syncing pod %s, skipping: %s", self.pod["metadata"]["name"], error)
                await self._pause()

    def sync_status(self) -> None:
        """Write the status, if it changed. A terminal phase is held back until the claims are released."""
        api, metadata = self._node.api, self.pod["metadata"]
        found = find_pod(api, metadata["name"], metadata["namespace"])
        if found is None or found["metadata"]["uid"] != self._uid:
            return
        sandbox = self._node.runtime.sandboxes.get(self._uid)
        ip, now = sandbox.ip if sandbox else "", self._node.clock.stamp()
        seen = Seen(ip, self._node.host_ip, now, self._waiting, self._failure)
        status = status_of(found, self._containers(), seen)
        status["containerStatuses"] = self._node.with_health(found, status["containerStatuses"])
        if status["phase"] in ENDED and not self._released:
            return
        if status != found.get("status"):
            try:
                api.update("pods", {**found, "status": status}, subresource="status")
            except ApiError as error:
                log.warning("status of pod %s is not taken: %s", metadata["name"], error)

    def _delete(self) -> None:
        metadata = self.pod["metadata"]
        if self.gone:
            return
        try:
            self._node.api.delete("pods", metadata["name"], metadata["namespace"], uid=self._uid, grace_s=0)
        except ApiError as error:
            log.info("pod %s is gone already: %s", metadata["name"], error)

    def _record_event(self, reason: str, message: str, *, kind: str = "Warning") -> None:
        if self.gone:
            return
        try:
            record_event(
                self._node.api, self.pod, reason=reason, message=message, source="kubelet", kind=kind
            )
        except ApiError as error:
            log.warning("event %s of pod %s is not taken: %s", reason, self.pod["metadata"]["name"], error)


def restarts(policy: str, container: Container) -> bool:
    """Whether a container that ended runs again."""
    return policy == "Always" or (policy == "OnFailure" and container.code != 0)
