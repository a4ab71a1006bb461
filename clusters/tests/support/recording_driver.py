"""A driver in the test: it records its calls and fails on request."""

import asyncio
from collections.abc import AsyncIterator
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
from kube_emulator.node_paths import NodePaths

DRIVER = "gpu.example.com"


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
