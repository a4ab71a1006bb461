"""The kubelet's plugin watcher: the desired state (registration sockets), the actual state (plugins), and the reconciler.

Each second, on the cluster's clock, the reconciler lists the directory and then acts. What happened between two passes
is not visible from outside, so no file watch is needed, and a node costs one directory listing per second. A socket is
identified by its inode and birth, so one that was replaced between two passes is another one.

Facts and texts: kubelet pluginmanager (reconciler, operation_generator, goroutinemap/exponentialbackoff), 1.36. Up to
1.35 an instance whose handler or whose notification failed stayed registered and was not tried again; since 1.36 it is
deregistered and tried again (kubernetes #133335).
"""

import asyncio
import contextlib
import logging
import os
import stat
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import grpc
import grpc.aio

from dra_api import names
from dra_api.identifiers import DriverName
from dra_api.kubelet._generated import registration_pb2
from dra_api.kubelet._generated.registration_pb2_grpc import RegistrationStub
from kube_emulator.clock import Clock
from kube_emulator.kubelet.calls import OPTIONS, go_code
from kube_emulator.kubelet.drivers import Drivers, Refused
from kube_emulator.kubelet.slice_cleanup import Spawn

log = logging.getLogger(__name__)
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 122.0
"""exponentialbackoff.go: 500 ms, then twice as long each time, up to 2 min 2 s."""
Birth = tuple[int, int]
"""(inode, time of the socket's making in ns)."""


class RegistrationFailed(Exception):
    """An attempt to register did not succeed; it is repeated."""


@dataclass(frozen=True, slots=True)
class Registered:
    """A socket whose plugin is registered."""

    birth: Birth
    driver: DriverName
    endpoint: str


@dataclass(frozen=True, slots=True)
class BackOff:
    """When an attempt failed, and how long the next one waits."""

    since: float
    pause_s: float

    def longer(self, now: float) -> "BackOff":
        """After one more failure NOW."""
        return BackOff(now, min(self.pause_s * 2, LONGEST_PAUSE_S))


@dataclass(frozen=True, slots=True)
class Steps:
    """What a pass begins."""

    unregister: tuple[str, ...]
    register: tuple[str, ...]


def decide(desired: Mapping[str, Birth], actual: Mapping[str, Registered], blocked: Collection[str]) -> Steps:
    """What to begin. BLOCKED paths have an operation under way or wait after a failure.

    A socket that was replaced is only unregistered now: an instance must be gone before its successor can have its path, so
    the next pass registers it (reconciler.go, "Unregisterations are triggered before registrations").
    """
    stale = [path for path, found in actual.items() if desired.get(path) != found.birth]
    missing = [path for path, birth in desired.items() if path not in actual or actual[path].birth != birth]
    return Steps(
        tuple(path for path in stale if path not in blocked),
        tuple(path for path in missing if path not in blocked and path not in stale),
    )


def find_sockets(folder: str) -> dict[str, Birth]:
    """The sockets in FOLDER and below; names that begin with a dot are passed over."""
    found: dict[str, Birth] = {}
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.startswith("."):  # a plugin may listen first and give the socket its name then
                    continue
                if entry.is_dir(follow_symlinks=False):
                    found |= find_sockets(entry.path)
                    continue
                with contextlib.suppress(OSError):  # a link to nowhere, or gone meanwhile
                    if stat.S_ISSOCK((status := entry.stat()).st_mode):
                        found[entry.path] = (status.st_ino, status.st_mtime_ns)
    except OSError as error:
        log.debug("%s cannot be read: %s", folder, error)
    return found


@dataclass(slots=True)
class PluginWatcher:
    """The registration sockets of one node."""

    folder: Path
    clock: Clock
    drivers: Drivers
    spawn: Spawn
    rolls_back: bool = True
    actual: dict[str, Registered] = field(default_factory=dict)
    back_offs: dict[str, BackOff] = field(default_factory=dict)
    _operations: dict[str, "asyncio.Task[None]"] = field(default_factory=dict)

    def reconcile(self) -> None:
        """One pass of the reconciler."""
        desired = find_sockets(str(self.folder))
        now = self.clock.monotonic()
        waiting = {path for path, back in self.back_offs.items() if now <= back.since + back.pause_s}
        steps = decide(desired, self.actual, waiting | self._operations.keys())
        for path in steps.unregister:
            self._operations[path] = self.spawn(self._operate(path, None))
        for path in steps.register:
            self._operations[path] = self.spawn(self._operate(path, desired[path]))

    async def _operate(self, path: str, birth: Birth | None) -> None:
        try:
            if birth is None:
                # First out of the actual state: a socket that comes back meanwhile is a new registration.
                gone = self.actual.pop(path)
                await self.drivers.deregister(gone.driver, gone.endpoint)
                log.info("plugin %s of driver %s is gone", path, gone.driver)
            else:
                await self._register(path, birth)
            self.back_offs.pop(path, None)
        except RegistrationFailed as error:
            log.warning("%s", error)
            before = self.back_offs.get(path)
            now = self.clock.monotonic()
            self.back_offs[path] = before.longer(now) if before else BackOff(now, FIRST_PAUSE_S)
        finally:
            del self._operations[path]

    async def _register(self, path: str, birth: Birth) -> None:
        async with grpc.aio.insecure_channel(f"unix:{path}", options=OPTIONS) as channel:
            try:
                await self.clock.wait_for(channel.channel_ready(), names.DIAL_TIMEOUT_S)
            except TimeoutError as error:
                message = (
                    f"RegisterPlugin error -- dial failed at socket {path}, err: failed to dial socket {path}"
                )
                raise RegistrationFailed(message) from error
            stub = RegistrationStub(channel)
            info = await self._get_info(path, stub)
            driver, endpoint = DriverName(info.name), info.endpoint or path
            if info.type != names.PLUGIN_TYPE:
                why = f"RegisterPlugin error -- no handler registered for plugin type: {info.type} at socket {path}"
                await self._refuse(stub, why)
            try:
                self.drivers.validate(driver, endpoint, info.supported_versions)
            except Refused as error:
                await self._refuse(
                    stub, f"RegisterPlugin error -- plugin validation failed with err: {error}"
                )
            # Before the handler has it: a socket that goes meanwhile is then deregistered, and not forgotten.
            self.actual[path] = Registered(birth, driver, endpoint)
            try:
                self.drivers.register(driver, endpoint, info.supported_versions)
            except Refused as error:
                if self.rolls_back:
                    self.actual.pop(path)
                await self._refuse(
                    stub, f"RegisterPlugin error -- plugin registration failed with err: {error}"
                )
            # After the handler has it: the plugin may be called before it knows that it is registered, never the other way round.
            await self._confirm(path, stub)

    async def _get_info(self, path: str, stub: RegistrationStub) -> registration_pb2.PluginInfo:
        try:
            work = stub.GetInfo(registration_pb2.InfoRequest(), timeout=names.GET_INFO_TIMEOUT_S)
            return await self.clock.wait_for(work, names.GET_INFO_TIMEOUT_S)
        except (grpc.aio.AioRpcError, TimeoutError) as error:
            message = f"RegisterPlugin error -- failed to get plugin info using RPC GetInfo at socket {path}, err: {go_error(error)}"
            raise RegistrationFailed(message) from error

    async def _notify(self, stub: RegistrationStub, why_not: str) -> None:
        status = registration_pb2.RegistrationStatus(plugin_registered=not why_not, error=why_not)
        work = stub.NotifyRegistrationStatus(status, timeout=names.NOTIFY_TIMEOUT_S)
        await self.clock.wait_for(work, names.NOTIFY_TIMEOUT_S)

    async def _refuse(self, stub: RegistrationStub, why: str) -> None:
        """Send WHY to the plugin; the attempt has failed whether that arrives or not, and is repeated."""
        try:
            await self._notify(stub, why)
        except (grpc.aio.AioRpcError, TimeoutError) as error:
            why = f"{why}: {go_error(error)}"
        raise RegistrationFailed(why)

    async def _confirm(self, path: str, stub: RegistrationStub) -> None:
        try:
            await self._notify(stub, "")
        except (grpc.aio.AioRpcError, TimeoutError) as error:
            if self.rolls_back and path in self.actual:
                gone = self.actual.pop(path)
                await self.drivers.deregister(gone.driver, gone.endpoint)
            message = f"RegisterPlugin error -- failed to send registration status at socket {path}, err: {go_error(error)}"
            raise RegistrationFailed(message) from error


def go_error(error: Exception) -> str:
    """An error of a call as Go prints it."""
    if isinstance(error, grpc.aio.AioRpcError):
        return f"rpc error: code = {go_code(error.code())} desc = {error.details()}"
    return "rpc error: code = DeadlineExceeded desc = context deadline exceeded"
