"""A node for tests: an API, kubelets in the test's own loop with a clock to turn, and drivers that fail on request."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Self

from recording_driver import DRIVER

from dra_api.objects import JsonObject, Pod, VolumeContent
from kube_emulator.apiserver.registry.admission import PERMISSIVE
from kube_emulator.apiserver.registry.api import Api
from kube_emulator.apiserver.served_versions import builtin_registry
from kube_emulator.clock import Clock
from kube_emulator.kubelet.fleet import Fleet
from kube_emulator.kubelet.kubelet import Kubelet
from kube_emulator.kubelet.node_object import LEASES, node_object, node_status
from kube_emulator.node_paths import NodePaths
from kube_emulator.releases.gates import gates_of
from kube_emulator.releases.release import LATEST, Release
from kube_emulator.store.store import Store

PATIENCE_S = 30.0
SYNC_S = 16.0
"""Longer than the pause after a failed sync."""


class EmulatedNode:
    """A cluster of one node, ``node-0``, and maybe hollow ones."""

    def __init__(
        self,
        folder: Path,
        *,
        release: Release = LATEST,
        gates: Mapping[str, bool] | None = None,
        hollow: int = 0,
    ) -> None:
        self.clock = Clock()
        self.tokens: list[str] = []
        """Tokens that were issued for pods."""
        on = gates_of(release, gates or {})
        served = on | {"DRAOptionalNodeOperations"}  # the API server may know more than the kubelet
        registry = builtin_registry(release, {})
        self.api = Api(Store(), registry, self.clock, gates=served, admission=PERMISSIVE)
        self.node = NodePaths("node-0", folder / "nodes" / "node-0")
        self.node.make()
        names = [f"hollow-{number}" for number in range(hollow)]
        self.hollow = [NodePaths(name, folder / "nodes" / name) for name in names]
        self.fleet = Fleet(
            self.api,
            self.clock,
            folder / "nodes",
            [self.node],
            hollow=self.hollow,
            gates=on,
            release=release,
            server=("127.0.0.1", 6443),
            issue_token=self._issue_token,
        )
        self.kubelet: Kubelet = self.fleet.kubelets["node-0"]
        self._release = release
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        for namespace in ("default", LEASES):
            self.api.create("namespaces", {"metadata": {"name": namespace}})
        for number, node in enumerate([self.node, *self.hollow]):
            made = self.api.create("nodes", node_object(node.name)).value
            status = node_status(
                node.name,
                number,
                release=self._release,
                gates=self.api.gates,
                boot_id="first",
                now=self.clock.stamp(),
            )
            self.api.update("nodes", {**made, "status": status}, subresource="status")
        self._task = asyncio.create_task(self.fleet.run())
        await asyncio.sleep(0)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._task is not None
        self._task.cancel()
        await asyncio.wait([self._task])
        await self.rest()
        if not self._task.cancelled() and (error := self._task.exception()):
            raise error

    def _issue_token(self, pod: Pod, _: VolumeContent) -> str:
        self.tokens.append(f"token {len(self.tokens)} of {pod['metadata']['name']}")
        return self.tokens[-1]

    async def until(self, holds: Callable[[], object], what: str = "") -> None:
        """Wait until something holds, without turning the clock."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not holds():  # noqa: ASYNC110 # what is waited for has no event
                    await asyncio.sleep(0.002)
        except TimeoutError as error:
            message = f"never came: {what or holds}"
            raise AssertionError(message) from error

    async def rest(self) -> None:
        """Let everything happen that happens without time."""
        for _ in range(20):
            await asyncio.sleep(0.001)

    async def turn(self, seconds: float) -> None:
        """Turn the clock and let happen what comes of it."""
        self.clock.advance(seconds)
        await self.rest()

    async def registered(self, driver: str = DRIVER, count: int = 1) -> None:
        """Wait until COUNT instances of DRIVER are registered and connected."""
        self.clock.advance(1)

        def holds() -> bool:
            entries = self.running.drivers.instances.get(driver, [])
            connected = [entry for entry in entries if entry.plugin.connected]
            return len(connected) == len(entries) == count and not self.running.watcher._operations

        await self.until(holds, f"{count} instances of {driver}")

    @property
    def running(self) -> Any:
        """What the kubelet has in memory."""
        assert self.kubelet.running is not None
        return self.kubelet.running

    def pod(self, name: str = "p", *, claims: Iterable[str] = (), **spec: Any) -> JsonObject:
        """Create a pod that is bound to the node and whose container ``main`` uses CLAIMS; they are reserved for it."""
        entries = [{"name": claim, "resourceClaimName": claim} for claim in claims]
        container = {"name": "main", "image": "x", "resources": {"claims": [{"name": c} for c in claims]}}
        annotations = spec.pop("annotations", {})
        metadata = {"name": name, "namespace": "default", "annotations": annotations}
        body = {"nodeName": "node-0", "containers": [container], "resourceClaims": entries, **spec}
        pod = self.api.create("pods", {"metadata": metadata, "spec": body}).value
        for claim in claims:
            self.reserve(claim, pod)
        return pod

    def reserve(self, claim: str, pod: JsonObject) -> None:
        """Let POD use a claim."""
        found = self.api.get("resourceclaims", claim, "default")
        user = {"resource": "pods", "name": pod["metadata"]["name"], "uid": pod["metadata"]["uid"]}
        status = {**found["status"], "reservedFor": [*found["status"].get("reservedFor", []), user]}
        self.api.update("resourceclaims", {**found, "status": status}, subresource="status")

    def claim(self, name: str = "c", drivers: Iterable[str] = (DRIVER,), **result: Any) -> JsonObject:
        """Create a claim with one allocated device of each of DRIVERS."""
        results = [
            {"request": "r", "driver": driver, "pool": "node-0", "device": f"{name}-{number}", **result}
            for number, driver in enumerate(drivers)
        ]
        spec = {"devices": {"requests": [{"name": "r", "exactly": {"deviceClassName": "x"}}]}}
        made = self.api.create(
            "resourceclaims", {"metadata": {"name": name, "namespace": "default"}, "spec": spec}
        ).value
        status = {"allocation": {"devices": {"results": results}}}
        return self.api.update("resourceclaims", {**made, "status": status}, subresource="status").value

    def phase(self, name: str = "p") -> str:
        """The pod's phase; empty if there is no pod."""
        pod = self.api.find("pods", name, "default")
        return (pod["status"].get("phase") or "") if pod else ""

    def events(self, reason: str) -> list[str]:
        """The messages of events for REASON, oldest first."""
        return [event["message"] for event in self.api.values("events") if event["reason"] == reason]

    def slice(self, name: str = "s", driver: str = DRIVER) -> None:
        """Publish a slice for the node."""
        pool = {"name": "node-0", "generation": 1, "resourceSliceCount": 1}
        spec = {"driver": driver, "nodeName": "node-0", "pool": pool, "devices": [{"name": "d"}]}
        self.api.create("resourceslices", {"metadata": {"name": name}, "spec": spec})


def with_cdi(node_env: EmulatedNode, *names: str) -> None:
    """A CDI file with a device for each claim of NAMES."""
    devices = ", ".join(
        f'{{"name": "{name}", "containerEdits": {{"env": ["GOT={name}"]}}}}' for name in names
    )
    text = f'{{"cdiVersion": "0.6.0", "kind": "example.com/gpu", "devices": [{devices}]}}'
    (node_env.node.cdi_dir / "gpu.json").write_text(text)
