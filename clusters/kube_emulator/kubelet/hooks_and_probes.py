"""Lifecycle hooks and probes of containers that run as processes.

After kubelet kuberuntime (``postStart`` holds up the container's start, ``preStop`` takes from its grace period) and
pkg/kubelet/prober (1.36). A container whose ``postStart``, startup or liveness probe fails is ended; its restart policy
decides what comes then.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from dra_api.objects import ContainerSpec, ExecAction, Lifecycle, LifecycleHandler
from kube_emulator.clock import Clock
from kube_emulator.kubelet.probes import WORDS, Probe, probes_of
from kube_emulator.kubelet.runtime import Container, Runtime


@dataclass(frozen=True, slots=True)
class HooksAndProbes:
    """Runs the hooks and probes of the containers of a pod.

    Attributes:
        record_event: records an event.
        sync_status: writes the pod's status.
    """

    runtime: Runtime
    clock: Clock
    uid: str
    record_event: Callable[[str, str], None]
    sync_status: Callable[[], None]

    async def run(self, spec: ContainerSpec, container: Container, grace_s: float) -> None:
        """Run postStart and the probes of a container until cancelled, or until it must end."""
        post_started, container.post_started = container.post_started, True
        if not post_started and not await self._hook(spec, "postStart", grace_s):
            await self.runtime.stop(container, grace_s)
            return
        probes = {probe.kind: probe for probe in probes_of(spec)}
        if (startup := probes.pop("startupProbe", None)) and not await self._probe(
            container, startup, grace_s
        ):
            return
        container.started_up = True
        self.sync_status()
        async with asyncio.TaskGroup() as group:
            for probe in probes.values():
                group.create_task(self._probe(container, probe, grace_s))

    async def pre_stop(self, spec: ContainerSpec, grace_s: float) -> None:
        """Run ``preStop``; a failure is only recorded as an event."""
        await self._hook(spec, "preStop", grace_s)

    async def _hook(self, spec: ContainerSpec, name: Literal["postStart", "preStop"], limit_s: float) -> bool:
        """Whether a hook went well; one that is no command does."""
        handler = (spec.get("lifecycle") or Lifecycle()).get(name) or LifecycleHandler()
        command = (handler.get("exec") or ExecAction()).get("command")
        if not command:
            return True
        code, said = await self.runtime.execute(self.uid, spec["name"], command, limit_s)
        if code:
            reason = "FailedPostStartHook" if name == "postStart" else "FailedPreStopHook"
            capital = "PostStartHook" if name == "postStart" else "PreStopHook"
            self.record_event(
                reason, f"{capital} failed: command '{' '.join(command)}' exited with {code}: {said}"
            )
        return code == 0

    async def _probe(self, container: Container, probe: Probe, grace_s: float) -> bool:
        """Ask until the container has to end (False) or, for a startup probe, has started (True)."""
        await self.clock.sleep(probe.delay_s)
        while True:
            code, said = await self.runtime.execute(self.uid, container.name, probe.command, probe.timeout_s)
            if code:
                self.record_event("Unhealthy", f"{WORDS[probe.kind]} probe failed: {said}")
            if probe.add_result(code == 0):
                if probe.kind == "readinessProbe":
                    container.ready = probe.passed
                    self.sync_status()
                elif not probe.passed:
                    word = WORDS[probe.kind].lower()
                    self.record_event(
                        "Killing", f"Container {container.name} failed {word} probe, will be restarted"
                    )
                    await self.runtime.stop(container, grace_s)
                    return False
                elif probe.kind == "startupProbe":
                    return True
            await self.clock.sleep(probe.period_s)
