"""State machines: whatever pods, failures and restarts come in whatever order, drivers and kubelet agree in the end."""

import asyncio
import json
import tempfile
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from emulated_node import EmulatedNode
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from recording_driver import RecordingDriver

from dra_api.identifiers import DriverName
from kube_emulator.kubelet.registration import Birth, Registered, decide

DRIVER_NAME = DriverName("d")
CLAIMS = ("a", "b", "c")
PODS = ("p", "q", "r")
PATHS = st.sampled_from(("/1", "/2", "/3"))


class Sockets(RuleBasedStateMachine):
    """Sockets come, go and are made anew; two passes later what is registered is what is there."""

    def __init__(self) -> None:
        super().__init__()
        self.there: dict[str, Birth] = {}
        self.actual: dict[str, Registered] = {}
        self.births = 0

    @rule(path=PATHS)
    def make(self, path: str) -> None:
        self.births += 1
        self.there[path] = (self.births, 0)

    @rule(path=PATHS)
    def remove(self, path: str) -> None:
        self.there.pop(path, None)

    @rule(blocked=st.sets(PATHS))
    def reconcile(self, blocked: set[str]) -> None:
        steps = decide(self.there, self.actual, blocked)
        assert not (set(steps.unregister) | set(steps.register)) & blocked
        for path in steps.unregister:
            del self.actual[path]
        for path in steps.register:
            assert path not in self.actual
            self.actual[path] = Registered(self.there[path], DRIVER_NAME, path)

    @rule()
    def settle(self) -> None:
        self.reconcile(set())
        self.reconcile(set())
        assert {path: found.birth for path, found in self.actual.items()} == self.there


class Pods(RuleBasedStateMachine):
    """Pods share claims; calls fail; the kubelet restarts."""

    def __init__(self) -> None:
        super().__init__()
        self._loop = asyncio.new_event_loop()
        self._folder = tempfile.TemporaryDirectory(prefix="n")
        self._pods: dict[str, set[str]] = {}
        self._await(self._begin())

    def _await(self, work: Coroutine[Any, Any, None]) -> None:
        self._loop.run_until_complete(work)

    async def _begin(self) -> None:
        self.node_env = await EmulatedNode(Path(self._folder.name)).__aenter__()
        self.driver = await RecordingDriver(self.node_env.node).__aenter__()
        devices = [{"name": claim, "containerEdits": {}} for claim in CLAIMS]
        spec = {"cdiVersion": "0.6.0", "kind": "example.com/gpu", "devices": devices}
        (self.node_env.node.cdi_dir / "gpu.json").write_text(json.dumps(spec))
        for claim in CLAIMS:
            self.node_env.claim(claim)
        await self.node_env.registered()

    @rule(name=st.sampled_from(PODS), claims=st.sets(st.sampled_from(CLAIMS), min_size=1))
    def create(self, name: str, claims: set[str]) -> None:
        if self.node_env.api.find("pods", name, "default") is None:
            self.node_env.pod(name, claims=sorted(claims))
            self._pods[name] = claims
            self._await(self.node_env.rest())

    @rule(name=st.sampled_from(PODS), force=st.booleans())
    def delete(self, name: str, force: bool) -> None:
        if self.node_env.api.find("pods", name, "default") is not None:
            self.node_env.api.delete("pods", name, "default", grace_s=0 if force else 30)
            self._await(self.node_env.rest())

    @rule(count=st.integers(1, 2))
    @precondition(lambda self: not self.driver.failures)
    def fail(self, count: int) -> None:
        self.driver.failures = ["failed on request"] * count

    @rule()
    def restart(self) -> None:
        self._await(self._restart())

    async def _restart(self) -> None:
        await self.node_env.kubelet.restart()
        await self.node_env.rest()
        await self.node_env.registered()

    @rule(seconds=st.sampled_from((16, 61)))
    def wait(self, seconds: int) -> None:
        self._await(self.node_env.turn(seconds))

    @invariant()
    def what_runs_has_its_claims(self) -> None:
        for name, claims in self._pods.items():
            pod = self.node_env.api.find("pods", name, "default")
            if (
                pod
                and pod["status"].get("phase") == "Running"
                and not pod["metadata"].get("deletionTimestamp")
            ):
                assert claims <= self.driver.held, name

    def teardown(self) -> None:
        self._await(self._end())
        self._loop.close()
        self._folder.cleanup()

    async def _end(self) -> None:
        self.driver.failures.clear()
        for pod in self.node_env.api.values("pods"):
            self.node_env.api.delete("pods", pod["metadata"]["name"], "default")
        for _ in range(3):
            await self.node_env.turn(61)
        await self.node_env.until(lambda: not self.node_env.api.values("pods"))
        await self.node_env.until(lambda: not self.node_env.running.cache.claims)
        assert self.driver.held == set()
        await self.driver.stop()
        await self.node_env.__aexit__()


TestSockets = Sockets.TestCase
TestPods = Pods.TestCase
TestPods.settings = settings(max_examples=12, stateful_step_count=15, deadline=None)
