"""A cluster without a server for tests of its parts: the in-process API, turned by hand."""

import asyncio
from collections.abc import Coroutine
from typing import Any, Self

from dra_api.objects import JsonObject
from kube_emulator.apiserver.registry.api import Api
from kube_emulator.apiserver.registry.bare import bare_api
from kube_emulator.controllers import run_controllers
from kube_emulator.releases.release import LATEST, Release
from kube_emulator.scheduler.scheduler import run_scheduler

DRIVER = "d.example.com"


async def controllers(api: Api) -> None:
    """All controllers of a cluster whose clients need no certificate."""
    await run_controllers(api, b"certificate")


class BareControlPlane:
    """Nodes, slices and pods in namespace ``default``; what runs is settled before anything is asked."""

    def __init__(self, *works: Any, release: Release = LATEST, **gates: bool) -> None:
        self.api = bare_api(release, gates=gates)
        self.api.create("namespaces", {"metadata": {"name": "default"}})
        self._works = works
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        works: list[Coroutine[Any, Any, None]] = [work(self.api) for work in self._works]
        self._tasks = [asyncio.ensure_future(work) for work in works]
        await self.settle()
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        for result in await asyncio.gather(*self._tasks, return_exceptions=True):
            assert result is None or isinstance(result, asyncio.CancelledError), result

    async def settle(self) -> None:
        """Let everything run until nothing changes any more."""
        quiet, last = 0, self.api.store.revision
        while quiet < 30:
            await asyncio.sleep(0)
            quiet = quiet + 1 if self.api.store.revision == last else 0
            last = self.api.store.revision
        for task in self._tasks:
            if task.done():
                task.result()

    async def turn(self, seconds: float) -> None:
        """Let SECONDS pass."""
        await self.settle()
        self.api.clock.advance(seconds)
        await self.settle()

    def node(self, name: str, **fields: Any) -> None:
        """A node; FIELDS: labels, spec, allocatable."""
        metadata = {"name": name, "labels": fields.get("labels", {})}
        made = self.api.create("nodes", {"metadata": metadata, "spec": fields.get("spec", {})}).value
        status = {"allocatable": fields.get("allocatable", {})}
        self.api.update("nodes", {**made, "status": status}, subresource="status")

    def slice(self, node: str, *devices: Any, **spec: Any) -> None:
        """A slice of NODE with DEVICES, names or objects; a pool for itself."""
        made = [{"name": device} if isinstance(device, str) else device for device in devices]
        place = {"name": node, "generation": 1, "resourceSliceCount": 1}
        item = {"driver": DRIVER, "nodeName": node, "pool": place, "devices": made, **spec}
        self.api.create("resourceslices", {"metadata": {"name": f"slice-{node}"}, "spec": item})

    def one_device(self) -> None:
        """A class, and a node with one device."""
        self.device_class()
        self.node("n1")
        self.slice("n1", "a")

    def device_class(self, name: str = "any", **spec: Any) -> None:
        """A class."""
        self.api.create("deviceclasses", {"metadata": {"name": name}, "spec": spec})

    def claim(self, name: str, **exact: Any) -> None:
        """A claim with one request."""
        request = {"name": "r", "exactly": {"deviceClassName": "any", **exact}}
        self.api.create(
            "resourceclaims",
            {
                "metadata": {"name": name, "namespace": "default"},
                "spec": {"devices": {"requests": [request]}},
            },
        )

    def pod(self, name: str, *claims: str, **spec: Any) -> None:
        """A pod that uses CLAIMS."""
        entries = spec.pop(
            "resourceClaims", [{"name": claim, "resourceClaimName": claim} for claim in claims]
        )
        containers = [{"name": "main", "image": "x", "resources": spec.pop("resources", {})}]
        item = {"containers": containers, "resourceClaims": entries, **spec}
        self.api.create("pods", {"metadata": {"name": name, "namespace": "default"}, "spec": item})

    def get(self, plural: str, name: str) -> JsonObject:
        """An object in namespace ``default``, or of the cluster."""
        namespace = "default" if self.api.resource(plural).namespaced else ""
        return self.api.get(plural, name, namespace)

    def status(self, plural: str, name: str, **status: Any) -> None:
        """Change members of a status."""
        item = self.get(plural, name)
        self.api.update(
            plural, {**item, "status": {**(item.get("status") or {}), **status}}, subresource="status"
        )

    def place_of(self, pod: str) -> str:
        """The node of a pod, or nothing."""
        return str(self.get("pods", pod)["spec"].get("nodeName", ""))

    def why(self, pod: str) -> str:
        """Why a pod waits."""
        conditions = self.get("pods", pod)["status"].get("conditions") or []
        return next((str(c.get("message", "")) for c in conditions if c["type"] == "PodScheduled"), "")

    def devices_of(self, claim: str) -> list[str]:
        """What a claim has."""
        allocation = (self.get("resourceclaims", claim).get("status") or {}).get("allocation") or {}
        return [result["device"] for result in (allocation.get("devices") or {}).get("results") or []]

    def events(self, reason: str) -> list[str]:
        """The messages of the events with REASON."""
        return [event["message"] for event in self.api.values("events") if event["reason"] == reason]


def controlled(**options: Any) -> BareControlPlane:
    """A plane with controllers and a scheduler."""
    return BareControlPlane(controllers, run_scheduler, **options)
