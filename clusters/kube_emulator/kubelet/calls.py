"""A registered plugin instance: its connection, and the calls that the kubelet makes over it.

One client connection for each instance carries all its services. It connects at once and comes back by itself; whether
it is connected decides which instance is called and when slices are deleted (kubelet cm/dra/plugin, 1.36). The deadline of a
call runs on the cluster's clock and is sent to the plugin too. How fast a broken connection is tried again is up to
gRPC's own timers, which no clock of ours turns; they are set shorter than Go's.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import grpc
import grpc.aio

from dra_api import names
from dra_api.identifiers import ClaimUid, DriverName
from dra_api.kubelet._generated import dra_v1_pb2, dra_v1beta1_pb2, health_v1_pb2, health_v1alpha1_pb2
from dra_api.kubelet._generated.dra_v1_pb2_grpc import DRAPluginStub as StubV1
from dra_api.kubelet._generated.dra_v1beta1_pb2_grpc import DRAPluginStub as StubV1Beta1
from dra_api.kubelet._generated.health_v1_pb2_grpc import DRAResourceHealthStub as HealthV1
from dra_api.kubelet._generated.health_v1alpha1_pb2_grpc import DRAResourceHealthStub as HealthV1Alpha1
from kube_emulator.clock import Clock
from kube_emulator.kubelet.claim_cache import PreparedDevice
from kube_emulator.kubelet.metrics import CALLS, Metrics

SERVICES: dict[str, tuple[Any, Any]] = {
    names.DRA_V1: (StubV1, dra_v1_pb2),
    names.DRA_V1BETA1: (StubV1Beta1, dra_v1beta1_pb2),
}
HEALTH_SERVICES: dict[str, tuple[Any, Any]] = {
    names.HEALTH_V1: (HealthV1, health_v1_pb2),
    names.HEALTH_V1ALPHA1: (HealthV1Alpha1, health_v1alpha1_pb2),
}
OPTIONS = (
    ("grpc.use_local_subchannel_pool", 1),  # a new instance does not inherit the back-off of the old one
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 2000),
)
CLOSING_S = 0.5
"""Real time, for gRPC to report that a channel was closed."""


class CallError(Exception):
    """A call failed as a whole; the text is that of Go's status errors."""


class NotImplementedByPlugin(CallError):
    """The plugin lacks the method, whatever it says that it offers."""


@dataclass(frozen=True, slots=True)
class ClaimRef:
    """A claim in a request to a plugin."""

    namespace: str
    name: str
    uid: str


@dataclass(frozen=True, slots=True)
class Answer:
    """A plugin's response for one claim."""

    error: str = ""
    devices: tuple[PreparedDevice, ...] = ()


class Plugin:
    """An instance of a driver.

    Attributes:
        connected: whether the connection is ready.
    """

    def __init__(
        self, driver: DriverName, endpoint: str, *, service: str, health: str, changed: Callable[[], None]
    ) -> None:
        self.driver = driver
        self.endpoint = endpoint
        self.service = service
        self.health = health
        self.connected = False
        self._changed = changed
        self._channel = grpc.aio.insecure_channel(f"unix:{endpoint}", options=OPTIONS)

    async def keep_connected(self) -> None:
        """Connect, and again whenever the connection is lost, until cancelled; then let it go.

        What waits for a change is not cancelled but sees the end of the channel: gRPC would call back into an event loop
        that is closed by then, and drop its other callbacks.
        """
        waiting: asyncio.Future[None] | None = None
        try:
            while True:
                state = self._channel.get_state(try_to_connect=True)
                connected = state is grpc.ChannelConnectivity.READY
                if connected != self.connected:
                    self.connected = connected
                    self._changed()
                waiting = asyncio.ensure_future(self._channel.wait_for_state_change(state))
                await asyncio.shield(waiting)
        finally:
            await self.close()
            if waiting is not None:
                waiting.add_done_callback(lambda done: done.cancelled() or done.exception())
                await asyncio.wait([waiting], timeout=CLOSING_S)

    async def close(self) -> None:
        """Close the connection."""
        self.connected = False
        await self._channel.close()

    async def call(
        self, method: str, claims: Sequence[ClaimRef], *, clock: Clock, metrics: Metrics
    ) -> dict[ClaimUid, Answer]:
        """NodePrepareResources or NodeUnprepareResources; {claim UID: answer}.

        Raises:
            CallError: it failed, took longer than the kubelet waits, or the connection was closed meanwhile, as it is when the
                plugin is deregistered.
        """
        stub, messages = SERVICES[self.service]
        request = getattr(messages, f"{method}Request")(
            claims=[messages.Claim(namespace=c.namespace, name=c.name, uid=c.uid) for c in claims]
        )
        begin, code = clock.monotonic(), "OK"
        try:
            work = getattr(stub(self._channel), method)(request, timeout=names.CALL_TIMEOUT_S)
            response = await clock.wait_for(work, names.CALL_TIMEOUT_S)
        except TimeoutError as error:
            code = "DeadlineExceeded"
            message = f"rpc error: code = {code} desc = context deadline exceeded"
            raise CallError(message) from error
        except grpc.aio.AioRpcError as error:
            code = go_code(error.code())
            message = f"rpc error: code = {code} desc = {error.details()}"
            raise CallError(message) from error
        except (grpc.aio.UsageError, asyncio.CancelledError) as error:
            if was_cancelled():
                raise
            # A closed channel cancels its calls: without this the task that made the call would end without a word.
            code = "Canceled"
            message = f"rpc error: code = {code} desc = grpc: the client connection is closing"
            raise CallError(message) from error
        finally:
            labels = {"driver_name": self.driver, "method_name": self._full(method), "grpc_status_code": code}
            metrics.observe(CALLS, clock.monotonic() - begin, **labels)
        return {ClaimUid(uid): answer_of(found) for uid, found in response.claims.items()}

    def _full(self, method: str) -> str:
        version = self.service.partition(".")[0]
        return f"/k8s.io.kubelet.pkg.apis.dra.{version}.DRAPlugin/{method}"

    async def watch_health(self) -> AsyncIterator[Any]:
        """The messages of a new health stream.

        Raises:
            CallError: it broke, or the plugin has no such service.
        """
        stub, messages = HEALTH_SERVICES[self.health]
        stream = stub(self._channel).NodeWatchResources(messages.NodeWatchResourcesRequest())
        try:
            async for message in stream:
                yield message
        except grpc.aio.AioRpcError as error:
            message = f"rpc error: code = {go_code(error.code())} desc = {error.details()}"
            lacks = error.code() == grpc.StatusCode.UNIMPLEMENTED
            raise (NotImplementedByPlugin if lacks else CallError)(message) from error
        finally:
            stream.cancel()


def answer_of(found: Any) -> Answer:
    """A plugin's answer for one claim, of either version and method."""
    devices = tuple(
        PreparedDevice(
            pool=device.pool_name,
            name=device.device_name,
            requests=tuple(device.request_names),
            cdi_ids=tuple(device.cdi_device_ids),
            share_id=(getattr(device, "share_id", "") or None),
        )
        for device in getattr(found, "devices", ())
    )
    return Answer(found.error, devices)


def was_cancelled() -> bool:
    """Whether somebody cancelled the running task, unlike a call in it."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def go_code(code: grpc.StatusCode) -> str:
    """A status code as Go prints it: ``DEADLINE_EXCEEDED`` is ``DeadlineExceeded``."""
    if code is grpc.StatusCode.OK:
        return "OK"
    if code is grpc.StatusCode.CANCELLED:
        return "Canceled"
    return "".join(word.title() for word in code.name.split("_"))
