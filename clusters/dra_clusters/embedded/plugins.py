"""The kubelet's plugin watcher: finds registration sockets, shakes hands, keeps who serves which driver.

Deadlines and back-off are the kubelet's (pluginmanager, 1.37): GetInfo 1 s, notify 5 s, retries from 0.5 s doubling to
2 min; a socket that vanishes deregisters.
"""

import asyncio
import logging
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import grpc.aio

from dra_api import names
from dra_api.kubelet._generated import dra_v1_pb2, dra_v1beta1_pb2, registration_pb2
from dra_api.kubelet._generated.dra_v1_pb2_grpc import DRAPluginStub as StubV1
from dra_api.kubelet._generated.dra_v1beta1_pb2_grpc import DRAPluginStub as StubV1Beta1
from dra_api.kubelet._generated.registration_pb2_grpc import RegistrationStub

log = logging.getLogger(__name__)
LOOK_S = 0.05
BACKOFF_S, BACKOFF_MAX_S = 0.5, 122.0
SERVICES = {names.DRA_V1: (StubV1, dra_v1_pb2), names.DRA_V1BETA1: (StubV1Beta1, dra_v1beta1_pb2)}


@dataclass(slots=True)
class Plugin:
    """A registered driver instance."""

    name: str
    version: str
    channel: grpc.aio.Channel

    async def call(self, method: str, claims: list[dict[str, str]]) -> Any:
        """NodePrepareResources or NodeUnprepareResources of claims {namespace, name, uid}; the response.

        Raises:
            grpc.aio.AioRpcError: the call failed as a whole.
        """
        stub, messages = SERVICES[self.version]
        request = getattr(messages, f"{method}Request")(claims=[messages.Claim(**claim) for claim in claims])
        return await getattr(stub(self.channel), method)(request, timeout=names.CALL_TIMEOUT_S)


class Refused(Exception):
    """The plugin's answer to GetInfo cannot be accepted."""


@dataclass(slots=True)
class PluginWatcher:
    """The plugins of one node."""

    folder: Path
    by_socket: dict[Path, Plugin] = field(default_factory=dict)
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    _retries: dict[Path, tuple[float, float]] = field(default_factory=dict)

    def get(self, driver: str) -> Plugin | None:
        """The most recently registered instance of DRIVER."""
        found = [plugin for plugin in self.by_socket.values() if plugin.name == driver]
        return found[-1] if found else None

    async def run(self) -> None:
        """Watch until cancelled."""
        try:
            while True:
                sockets = find_sockets(self.folder)
                for path in [path for path in self.by_socket if path not in sockets]:
                    await self.by_socket.pop(path).channel.close()
                    log.info("plugin %s is gone", path.name)
                for path in sockets:
                    if path not in self.by_socket and self._due(path):
                        await self._register(path)
                await asyncio.sleep(LOOK_S)
        finally:
            for plugin in self.by_socket.values():
                await plugin.channel.close()

    def _due(self, path: Path) -> bool:
        when, _ = self._retries.get(path, (0.0, 0.0))
        return asyncio.get_running_loop().time() >= when

    async def _register(self, path: Path) -> None:
        async with grpc.aio.insecure_channel(f"unix:{path}") as channel:
            stub = RegistrationStub(channel)
            try:
                info = await stub.GetInfo(registration_pb2.InfoRequest(), timeout=names.GET_INFO_TIMEOUT_S)
                version = accept(info)
                status = registration_pb2.RegistrationStatus(plugin_registered=True)
                endpoint = grpc.aio.insecure_channel(f"unix:{info.endpoint or path}")
                self.by_socket[path] = Plugin(info.name, version, endpoint)
                self._retries.pop(path, None)
                self.changed.set()
            except (grpc.aio.AioRpcError, Refused) as error:
                log.warning("plugin %s cannot be registered: %s", path.name, error)
                self._put_off(path)
                status = registration_pb2.RegistrationStatus(plugin_registered=False, error=str(error))
            try:
                await stub.NotifyRegistrationStatus(status, timeout=names.NOTIFY_TIMEOUT_S)
            except grpc.aio.AioRpcError as error:
                log.warning("plugin %s does not take its registration status: %s", path.name, error.details())

    def _put_off(self, path: Path) -> None:
        _, pause = self._retries.get(path, (0.0, BACKOFF_S / 2))
        pause = min(pause * 2, BACKOFF_MAX_S)
        self._retries[path] = (asyncio.get_running_loop().time() + pause, pause)


def accept(info: Any) -> str:
    """The DRA service to use.

    Raises:
        Refused: type, name or services are not acceptable.
    """
    if info.type != names.PLUGIN_TYPE:
        message = f"plugin type is {info.type!r}, wanted {names.PLUGIN_TYPE!r}"
        raise Refused(message)
    if not info.name:
        message = "the plugin has no name"
        raise Refused(message)
    for version in info.supported_versions:
        if version in SERVICES:
            return str(version)
    message = f"none of {list(info.supported_versions)} is supported; wanted one of {list(SERVICES)}"
    raise Refused(message)


def find_sockets(folder: Path) -> list[Path]:
    """Sockets below FOLDER that do not begin with a dot."""
    found = []
    for root, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        paths = [Path(root) / name for name in sorted(files) if not name.startswith(".")]
        found += [path for path in paths if path.is_socket()]
    return found
