"""The kubelet's handler of DRA plugins: which instances of a driver there are and which one is called.

Facts and texts: kubelet cm/dra/plugin/dra_plugin_manager.go, 1.36. Kubelets of 1.34 and later know the services v1 and
v1beta1; the plugin's order decides. Health is asked of v1alpha1 only up to 1.36, of v1 where it is offered from 1.37 on.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from dra_api import names
from dra_api.identifiers import DriverName
from kube_emulator.kubelet.calls import SERVICES, Plugin
from kube_emulator.kubelet.health_streams import HealthStreams
from kube_emulator.kubelet.pod_claims import ClaimError
from kube_emulator.kubelet.slice_cleanup import SliceCleanup, Spawn
from kube_emulator.releases.release import V1_37, Release


class Refused(Exception):
    """A plugin is not accepted."""


@dataclass(slots=True)
class Entry:
    """A plugin instance and what runs for it."""

    plugin: Plugin
    tasks: list["asyncio.Task[None]"] = field(default_factory=list)


class Drivers:
    """The DRA drivers of one node.

    Attributes:
        instances: {driver: its instances in order of registration}.
    """

    def __init__(
        self, slice_cleanup: SliceCleanup, health: HealthStreams | None, spawn: Spawn, *, release: Release
    ) -> None:
        self.instances: dict[DriverName, list[Entry]] = {}
        self._slice_cleanup = slice_cleanup
        self._health = health
        self._spawn = spawn
        self._release = release

    def validate(self, driver: DriverName, endpoint: str, services: Sequence[str]) -> str:
        """The DRA service to use.

        Raises:
            Refused: this kubelet knows none of SERVICES.
        """
        where = f"invalid supported gRPC versions of DRA driver plugin {driver} at endpoint {endpoint}"
        if not services:
            message = f"{where}: empty list of supported gRPC services (aka supported versions)"
            raise Refused(message)
        chosen = next((service for service in services if service in SERVICES), None)
        if chosen is None:
            message = (
                f"{where}: none of services supported by the plugin ({quoted(services)}) "
                f"are supported by the kubelet ({quoted(list(SERVICES))})"
            )
            raise Refused(message)
        return chosen

    def register(self, driver: DriverName, endpoint: str, services: Sequence[str]) -> None:
        """Add an instance and connect to it.

        Raises:
            Refused: no service fits, or another instance has this endpoint.
        """
        service = self.validate(driver, endpoint, services)
        entries = self.instances.setdefault(driver, [])
        if any(entry.plugin.endpoint == endpoint for entry in entries):
            message = f"endpoint {endpoint} already registered for DRA driver plugin {driver}"
            raise Refused(message)
        health = health_service(services, self._release) if self._health else ""
        plugin = Plugin(
            driver, endpoint, service=service, health=health, changed=lambda: self._changed(driver)
        )
        entry = Entry(plugin, [self._spawn(plugin.keep_connected())])
        if self._health and health:
            entry.tasks.append(self._spawn(self._health.follow(plugin)))
        entries.append(entry)
        self._changed(driver)

    async def deregister(self, driver: DriverName, endpoint: str) -> None:
        """Remove an instance."""
        entries = self.instances.get(driver, [])
        for entry in [entry for entry in entries if entry.plugin.endpoint == endpoint]:
            entries.remove(entry)
            if not entries:
                del self.instances[driver]
            for task in entry.tasks:
                task.cancel()
            self._changed(driver)
            await asyncio.wait(entry.tasks)
            await entry.plugin.close()

    def get(self, driver: DriverName) -> Plugin:
        """The instance to call: the last one that is connected, else the last one.

        Raises:
            ClaimError: there is none.
        """
        entries = self.instances.get(driver, [])
        if not entries:
            message = f"DRA driver {driver} is not registered"
            raise ClaimError(message)
        connected = [entry for entry in entries if entry.plugin.connected]
        return (connected or entries)[-1].plugin

    def usable(self, driver: DriverName) -> bool:
        """Whether an instance of DRIVER is connected."""
        return any(entry.plugin.connected for entry in self.instances.get(driver, []))

    def _changed(self, driver: DriverName) -> None:
        if self.usable(driver):
            self._slice_cleanup.driver_usable(driver)
        else:
            self._slice_cleanup.driver_unusable(driver)

    async def close(self) -> None:
        """Close every connection; the plugins' tasks have ended already."""
        for entries in self.instances.values():
            for entry in entries:
                await entry.plugin.close()


def health_service(services: Sequence[str], release: Release) -> str:
    """The health service to ask; empty if none. Up to 1.36 it is asked for whatever the plugin says."""
    if release < V1_37:
        return names.HEALTH_V1ALPHA1
    return next((name for name in (names.HEALTH_V1, names.HEALTH_V1ALPHA1) if name in services), "")


def quoted(services: Sequence[str]) -> str:
    """A list of strings as Go's ``%q`` prints it."""
    return "[" + " ".join(f'"{service}"' for service in services) + "]"
