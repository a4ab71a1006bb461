"""A node for tests: an API, kubelets in the test's own loop with a clock to turn, and drivers that fail on request."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import grpc
import grpc.aio

from dra_api import names
from dra_api.kubelet._generated import (
    dra_v1_pb2,
    dra_v1_pb2_grpc,
    dra_v1beta1_pb2,
    dra_v1beta1_pb2_grpc,
    health_v1_pb2,
    health_v1_pb2_grpc,
    health_v1alpha1_pb2,
    health_v1alpha1_pb2_grpc,
    registration_pb2,
    registration_pb2_grpc,
)
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

DRIVER = "gpu.example.com"
PATIENCE_S = 10.0


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


@dataclass
class RecordingDriver:
    """A driver in the test: records its calls, and fails on request.

    Attributes:
        calls: (method, names of claims) in order of arrival.
        failures: what the next prepare or unprepare calls answer: an error for each claim, or a status code.
        held: names of claims that are prepared, as the driver sees it.
        stuck: prepare calls hang until this is set.
        statuses: the registration statuses that it received.
        health: messages for each health stream that is opened; the stream then stays open until ``hang_up``.
    """

    node: NodePaths
    name: str = DRIVER
    instance: str = "a"
    services: tuple[str, ...] = (names.DRA_V1,)
    kind: str = names.PLUGIN_TYPE
    refuses_status: int = 0
    skips: bool = False
    extra: str = ""
    calls: list[tuple[str, list[str]]] = field(default_factory=list)
    uids: list[list[str]] = field(default_factory=list)
    held: set[str] = field(default_factory=set)
    failures: list[str | grpc.StatusCode] = field(default_factory=list)
    stuck: asyncio.Event | None = None
    statuses: list[tuple[bool, str]] = field(default_factory=list)
    health: list[Any] = field(default_factory=list)
    streams: int = 0
    lacks_health: bool = False
    hang_up: asyncio.Event = field(default_factory=asyncio.Event)
    _servers: list[grpc.aio.Server] = field(default_factory=list)

    @property
    def endpoint(self) -> Path:
        """The socket for DRA."""
        return self.node.plugins_dir / f"{self.name}-{self.instance}.sock"

    @property
    def socket(self) -> Path:
        """The socket for registration."""
        return self.node.registry_dir / f"{self.name}-{self.instance}.reg"

    async def __aenter__(self) -> Self:
        await self.serve()
        await self.offer()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def serve(self) -> None:
        """Open the socket for DRA."""
        self.endpoint.parent.mkdir(parents=True, exist_ok=True)
        server = grpc.aio.server()
        for add, messages in (
            (dra_v1_pb2_grpc.add_DRAPluginServicer_to_server, dra_v1_pb2),
            (dra_v1beta1_pb2_grpc.add_DRAPluginServicer_to_server, dra_v1beta1_pb2),
        ):
            service: Any = DraService(self, messages)
            add(service, server)
        health: Any = Health(self)
        if names.HEALTH_V1 in self.services:
            health_v1_pb2_grpc.add_DRAResourceHealthServicer_to_server(health, server)
        if names.HEALTH_V1ALPHA1 in self.services:
            health_v1alpha1_pb2_grpc.add_DRAResourceHealthServicer_to_server(health, server)
        server.add_insecure_port(f"unix:{self.endpoint}")
        await server.start()
        self._servers.append(server)

    async def offer(self) -> None:
        """Open the socket for registration."""
        self.socket.parent.mkdir(parents=True, exist_ok=True)
        server = grpc.aio.server()
        registration_pb2_grpc.add_RegistrationServicer_to_server(Registration(self), server)
        server.add_insecure_port(f"unix:{self.socket}")
        await server.start()
        self._servers.append(server)

    async def stop(self) -> None:
        """Close both sockets; the files go too."""
        self.hang_up.set()
        for server in self._servers:
            await server.stop(None)
        self._servers.clear()
        for path in (self.socket, self.endpoint):
            path.unlink(missing_ok=True)


class Registration(registration_pb2_grpc.RegistrationServicer):
    def __init__(self, driver: RecordingDriver) -> None:
        self._driver = driver

    async def GetInfo(self, request: Any, context: Any) -> registration_pb2.PluginInfo:
        driver = self._driver
        return registration_pb2.PluginInfo(
            type=driver.kind,
            name=driver.name,
            endpoint=str(driver.endpoint),
            supported_versions=driver.services,
        )

    async def NotifyRegistrationStatus(self, request: Any, context: Any) -> Any:
        self._driver.statuses.append((request.plugin_registered, request.error))
        if self._driver.refuses_status:
            self._driver.refuses_status -= 1
            await context.abort(grpc.StatusCode.INTERNAL, "cannot take it")
        return registration_pb2.RegistrationStatusResponse()


class DraService:
    """DRAPlugin of either version."""

    def __init__(self, driver: RecordingDriver, messages: Any) -> None:
        self._driver = driver
        self._messages = messages

    async def NodePrepareResources(self, request: Any, context: Any) -> Any:
        return await self._answer("NodePrepareResources", "NodePrepareResource", request, context)

    async def NodeUnprepareResources(self, request: Any, context: Any) -> Any:
        return await self._answer("NodeUnprepareResources", "NodeUnprepareResource", request, context)

    async def _answer(self, method: str, one: str, request: Any, context: Any) -> Any:
        driver = self._driver
        driver.calls.append((method, [claim.name for claim in request.claims]))
        driver.uids.append([claim.uid for claim in request.claims])
        if driver.stuck is not None:
            await driver.stuck.wait()
        failure = driver.failures.pop(0) if driver.failures else ""
        if isinstance(failure, grpc.StatusCode):
            await context.abort(failure, "injected")
        response = getattr(self._messages, f"{method}Response")()
        for claim in [] if driver.skips else request.claims:
            entry = getattr(self._messages, f"{one}Response")(error=failure)
            if one == "NodePrepareResource" and not failure:
                entry.devices.add(
                    request_names=["r"],
                    pool_name="node-0",
                    device_name=f"{claim.name}-0",
                    cdi_device_ids=[f"example.com/gpu={claim.name}"],
                )
            response.claims[claim.uid].CopyFrom(entry)
            if not failure:
                (driver.held.add if one == "NodePrepareResource" else driver.held.discard)(claim.name)
        if driver.extra:
            response.claims[driver.extra].CopyFrom(getattr(self._messages, f"{one}Response")())
        return response


class Health:
    """DRAResourceHealth of either version."""

    def __init__(self, driver: RecordingDriver) -> None:
        self._driver = driver

    async def NodeWatchResources(self, request: Any, context: Any) -> AsyncIterator[Any]:
        self._driver.streams += 1
        if self._driver.lacks_health:
            await context.abort(grpc.StatusCode.UNIMPLEMENTED, "no health")
        for message in self._driver.health:
            yield message
        await self._driver.hang_up.wait()


def sick(health: int, message: str = "", *, device: str = "c-0", timeout_s: int = 0, version: int = 1) -> Any:
    """A message of a health stream."""
    pb2: Any = health_v1_pb2 if version == 1 else health_v1alpha1_pb2
    identifier = pb2.DeviceIdentifier(pool_name="node-0", device_name=device)
    one = pb2.DeviceHealth(
        device=identifier, health=health, message=message, health_check_timeout_seconds=timeout_s
    )
    return pb2.NodeWatchResourcesResponse(devices=[one])
