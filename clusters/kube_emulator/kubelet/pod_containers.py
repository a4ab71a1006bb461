"""The containers of one pod: in which order they start, when they start again, how they end.

After the kubelet's kuberuntime (kuberuntime_manager.go SyncPod, kuberuntime_container.go killContainer, 1.36): init containers one
after the other, sidecars beside the others and last to end. A container that ends is started again at once, then after
10 s, 20 s and so on up to 5 min.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

from dra_api.objects import ContainerSpec, JsonObject
from kube_emulator.kubelet.cdi import InjectionError
from kube_emulator.kubelet.hooks_and_probes import HooksAndProbes
from kube_emulator.kubelet.node_context import NodeContext
from kube_emulator.kubelet.pod_claims import ClaimError
from kube_emulator.kubelet.pod_environment import environment_of
from kube_emulator.kubelet.pod_status import is_sidecar
from kube_emulator.kubelet.processes import CannotCreate, CannotStart
from kube_emulator.kubelet.runtime import Container
from kube_emulator.kubelet.service_environment import service_environment
from kube_emulator.kubelet.watched_pod import WatchedPod

CRASH_PAUSE_S, CRASH_PAUSE_MAX_S = 10.0, 300.0
LEAST_GRACE_S = 2.0
"""What a container gets after its hook at least (kuberuntime minimumGracePeriodInSeconds)."""


class Report(Protocol):
    """Records an event about the pod."""

    def __call__(self, reason: str, message: str, *, kind: str = "Warning") -> None:
        """Record one."""


class PodContainers:
    """The containers of a pod.

    Args:
        sync: writes the pod's status.
        pause: waits before something that failed is tried again.

    Attributes:
        waiting: {container: (reason, message)} of those that cannot be made now.
    """

    def __init__(
        self,
        node: NodeContext,
        watched: WatchedPod,
        *,
        report: Report,
        sync: Callable[[], None],
        pause: Callable[[], Awaitable[None]],
    ) -> None:
        self._node = node
        self._watched = watched
        self._report = report
        self._sync = sync
        self._pause = pause
        self.waiting: dict[str, tuple[str, str]] = {}
        self._hooks_and_probes = HooksAndProbes(node.runtime, node.clock, watched.uid, report, sync)

    async def run(self) -> None:
        """Run all containers; returns when none will run again."""
        spec = self._watched.pod["spec"]
        policy = spec.get("restartPolicy", "Always")
        async with asyncio.TaskGroup() as group:
            sidecars = []
            for one in spec.get("initContainers") or []:
                if is_sidecar(one):
                    if one["name"] not in self.made:
                        await self._start(one)
                    sidecars.append(group.create_task(self._keep(one, "Always")))
                    continue
                await self._keep(one, "Never" if policy == "Never" else "OnFailure", ends=True)
                if self.made[one["name"]].code:
                    break
            else:
                await asyncio.gather(*(self._keep(one, policy) for one in spec["containers"]))
            for task in sidecars:
                task.cancel()

    async def _keep(self, spec: ContainerSpec, policy: str, *, ends: bool = False) -> None:
        """Run a container, and again as POLICY says; ENDS: one that is no process succeeds at once."""
        name, pause = spec["name"], 0.0
        while True:
            container = self.made.get(name)
            if container is None or (container.done and restarts(policy, container)):
                container = await self._start(spec)
            if ends and container.process is None:
                await self._node.runtime.stop(container, 0)
            if container.running and container.process is None:
                await asyncio.Event().wait()
            lifecycle = asyncio.ensure_future(
                self._hooks_and_probes.run(spec, container, self._watched.grace_s)
            )
            try:
                await self._node.runtime.wait(container)
            finally:
                lifecycle.cancel()
                await asyncio.gather(lifecycle, return_exceptions=True)
            self._sync()
            if not restarts(policy, container):
                return
            if pause:
                await self._back_off(name, pause)
            pause = min(max(pause * 2, CRASH_PAUSE_S), CRASH_PAUSE_MAX_S)

    async def _back_off(self, name: str, pause: float) -> None:
        metadata = self._watched.pod["metadata"]
        where = f"{metadata['name']}_{metadata['namespace']}({self._watched.uid})"
        message = f"back-off {pause:.0f}s restarting failed container={name} pod={where}"
        self.waiting[name] = ("CrashLoopBackOff", message)
        self._report("BackOff", f"Back-off restarting failed container {name} in pod {where}")
        self._sync()
        await self._node.clock.sleep(pause)

    async def _start(self, spec: ContainerSpec) -> Container:
        """Start a container; as long as it cannot be made it waits with a reason, and one that did not start has ended."""
        node, name = self._node, spec["name"]
        while True:
            try:
                ids = node.claims.cdi_ids(self._watched.pod, spec)
                ip = node.runtime.sandboxes[self._watched.uid].ip
                services = service_environment(self._watched.pod, self._services(), node.server)
                environment = environment_of(
                    self._watched.pod, spec, services, ip=ip, host_ip=node.host_ip, look=self._look
                )
                await node.runtime.start(self._watched.pod, spec, environment, ids)
            except CannotStart as error:
                self.waiting.pop(name, None)
                self._report("Created", "Container created", kind="Normal")
                self._report("Failed", f"Error: {error}")
                self._sync()
                return self.made[name]
            except (ClaimError, InjectionError, CannotCreate) as error:
                self.waiting[name] = ("CreateContainerError", str(error))
                self._report("Failed", f"Error: {error}")
                self._sync()
                await self._pause()
            else:
                self.waiting.pop(name, None)
                self._report("Created", "Container created", kind="Normal")
                self._report("Started", "Container started", kind="Normal")
                self._sync()
                return self.made[name]

    def _services(self) -> list[JsonObject]:
        return self._node.api.values("services", self._watched.pod["metadata"]["namespace"])

    def _look(self, plural: str, name: str) -> JsonObject | None:
        return self._node.api.find(plural, name, self._watched.pod["metadata"]["namespace"])

    @property
    def made(self) -> dict[str, Container]:
        """{name: container} of those that were made, before the node's last boot if the pod does not run yet."""
        runtime = self._node.runtime
        sandbox = runtime.sandboxes.get(self._watched.uid) or runtime.lost.get(self._watched.uid)
        return sandbox.containers if sandbox else {}

    async def stop(self) -> None:
        """End the containers, sidecars last."""
        grace, containers = self._watched.grace_s, self.made
        sidecars = [spec["name"] for spec in self._watched.pod["spec"].get("initContainers") or []]
        for names in (containers.keys() - set(sidecars), reversed(sidecars)):
            running = [containers[n] for n in names if n in containers and containers[n].running]
            for container in running:
                self._report("Killing", f"Stopping container {container.name}", kind="Normal")
            await asyncio.gather(*(self._end(one, grace) for one in running))

    async def _end(self, container: Container, grace_s: float) -> None:
        """End a container after its hook."""
        before = self._node.clock.monotonic()
        every = [
            *self._watched.pod["spec"]["containers"],
            *(self._watched.pod["spec"].get("initContainers") or []),
        ]
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
        while not self._watched.gone:
            asked = self._watched.pod["metadata"].get("deletionGracePeriodSeconds", 0)
            left = since + asked - self._node.clock.monotonic()
            if asked <= self._watched.own_grace_s or left <= 0:
                return
            await self._watched.change(left)


def restarts(policy: str, container: Container) -> bool:
    """Whether a container that ended runs again."""
    return policy == "Always" or (policy == "OnFailure" and container.code != 0)
