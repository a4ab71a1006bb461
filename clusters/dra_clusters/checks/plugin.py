"""A DRA driver in a few lines, for behaviours of a kubelet: it records the calls and answers as the behaviour wants.

It serves registration and the DRA services v1 and v1beta1 on sockets in the node's folders, publishes its slice through
the API and writes CDI files, as any driver does. One instance is for one behaviour.
"""

import json
import threading
from collections.abc import Callable, Iterable
from concurrent import futures
from pathlib import Path
from typing import Any

import grpc

from dra_api import names
from dra_api.kubelet._generated import dra_v1_pb2, dra_v1beta1_pb2, registration_pb2
from dra_api.kubelet._generated.dra_v1_pb2_grpc import DRAPluginServicer as ServicerV1
from dra_api.kubelet._generated.dra_v1_pb2_grpc import add_DRAPluginServicer_to_server as add_v1
from dra_api.kubelet._generated.dra_v1beta1_pb2_grpc import DRAPluginServicer as ServicerV1Beta1
from dra_api.kubelet._generated.dra_v1beta1_pb2_grpc import add_DRAPluginServicer_to_server as add_v1beta1
from dra_api.kubelet._generated.registration_pb2_grpc import (
    RegistrationServicer,
    add_RegistrationServicer_to_server,
)
from dra_api.objects import JsonObject
from dra_clusters.checks.client import eventually
from dra_clusters.checks.health_service import Health
from dra_clusters.provider import Node

Answering = Callable[[Any, Any, Any], Any]
"""Takes request, response so far and gRPC context; gives the response."""


def as_is(request: Any, response: Any, context: Any) -> Any:
    """The response of a driver that does its work."""
    return response


class Service(ServicerV1, ServicerV1Beta1, RegistrationServicer):
    """Both services of a plugin, on one socket or on two; MESSAGES are those of its DRA version."""

    def __init__(self, plugin: "Plugin", messages: Any) -> None:
        self._plugin = plugin
        self._messages = messages

    def GetInfo(self, request: Any, context: Any) -> Any:
        """Who this is."""
        self._plugin.before_info(context)
        return registration_pb2.PluginInfo(
            type=self._plugin.kind,
            name=self._plugin.driver,
            endpoint=str(self._plugin.endpoint),
            supported_versions=self._plugin.versions,
        )

    def NotifyRegistrationStatus(self, request: Any, context: Any) -> Any:
        """What the kubelet made of it."""
        self._plugin.registrations.append((request.plugin_registered, request.error))
        return registration_pb2.RegistrationStatusResponse()

    def NodePrepareResources(self, request: Any, context: Any) -> Any:
        """Prepare each claim: its device ``d0`` with a CDI file."""
        self._plugin.record("prepare", request, self._messages)
        response = self._messages.NodePrepareResourcesResponse()
        for claim in request.claims:
            response.claims[claim.uid].devices.extend(
                self._messages.Device(
                    request_names=[name] if name else [],
                    pool_name=self._plugin.node.name,
                    device_name=device,
                    cdi_device_ids=[self._plugin.write_cdi(device)],
                )
                for name, device in self._plugin.devices
            )
        return self._plugin.prepare(request, response, context)

    def NodeUnprepareResources(self, request: Any, context: Any) -> Any:
        """Unprepare each claim."""
        self._plugin.record("unprepare", request, self._messages)
        response = self._messages.NodeUnprepareResourcesResponse()
        for claim in request.claims:
            response.claims[claim.uid].SetInParent()
        return self._plugin.unprepare(request, response, context)


class Plugin:
    """An instance of a driver on a node.

    Attributes:
        devices: (request name or "", device) of each device that a prepared claim gets.
        hooks: OCI hooks of each device.
        health: its health stream, if it has one; VERSIONS must name it too.
        before_info: is called with the gRPC context before GetInfo is answered, and may abort it.
        prepare: shapes the answers to NodePrepareResources.
        unprepare: shapes the answers to NodeUnprepareResources.
        registrations: (registered, error) of each notification.
        calls: (method, DRA version, {claim uid: claim name}) of each call.
    """

    def __init__(
        self,
        node: Node,
        driver: str,
        *,
        instance: str = "",
        versions: Iterable[str] = (names.DRA_V1, names.DRA_V1BETA1),
        kind: str = names.PLUGIN_TYPE,
        before_info: Callable[[Any], None] = lambda context: None,
        health: Health | None = None,
    ) -> None:
        self.node = node
        self.driver = driver
        self.versions = list(versions)
        self.kind = kind
        self.before_info = before_info
        self.health = health
        self.devices: list[tuple[str, str]] = [("", "d0")]
        self.hooks: list[JsonObject] = []
        self.prepare: Answering = as_is
        self.unprepare: Answering = as_is
        self.registrations: list[tuple[bool, str]] = []
        self.calls: list[tuple[str, str, dict[str, str]]] = []
        self._lock = threading.Lock()
        folder = node.plugins_dir / driver
        folder.mkdir(parents=True, exist_ok=True)
        self.endpoint = folder / f"dra{instance}.sock"
        self.registration = node.registry_dir / f"{driver}{instance}-reg.sock"
        self._servers = [self._listen(self.endpoint), self._listen(self.registration)]

    def _listen(self, path: Path) -> grpc.Server:
        path.unlink(missing_ok=True)
        server = grpc.server(futures.ThreadPoolExecutor(4))
        if path == self.endpoint:
            add_v1(Service(self, dra_v1_pb2), server)
            add_v1beta1(Service(self, dra_v1beta1_pb2), server)
            if self.health is not None:
                self.health.serve(server)
        else:
            add_RegistrationServicer_to_server(Service(self, dra_v1_pb2), server)
        server.add_insecure_port(f"unix:{path}")
        server.start()
        return server

    def stop(self) -> None:
        """End as a driver does: the registration socket goes first."""
        self.registration.unlink(missing_ok=True)
        for server in self._servers:
            server.stop(grace=None).wait()
        for path in self.node.cdi_dir.glob(f"{self.driver}-*.json"):
            path.unlink()

    def record(self, method: str, request: Any, messages: Any) -> None:
        """Remember a call."""
        version = "v1" if messages is dra_v1_pb2 else "v1beta1"
        with self._lock:
            self.calls.append((method, version, {claim.uid: claim.name for claim in request.claims}))

    def claims(self, method: str) -> list[set[str]]:
        """The names of the claims of each call of METHOD, in order."""
        with self._lock:
            return [set(claims.values()) for name, _, claims in self.calls if name == method]

    def write_cdi(self, device: str) -> str:
        """A CDI file that gives DEVICE its variable; the device's qualified name."""
        vendor = f"c{self.driver.replace('.', '-')}.example.com"
        variable = f"DEVICE_{device.upper().replace('-', '_')}={device}"
        spec: JsonObject = {
            "cdiVersion": "0.6.0",
            "kind": f"{vendor}/device",
            "devices": [{"name": device, "containerEdits": {"env": [variable], "hooks": self.hooks}}],
        }
        path = self.node.cdi_dir / f"{self.driver}-{device}.json"
        temporary = path.with_suffix(".tmp")
        temporary.write_text(json.dumps(spec))
        temporary.replace(path)
        return f"{vendor}/device={device}"

    def registered(self) -> None:
        """Wait until the kubelet said that the plugin is registered."""
        eventually(
            lambda: self.registrations and self.registrations[-1][0], "the kubelet registers the plugin"
        )
