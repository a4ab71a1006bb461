"""The kubelet's health service in both versions: a stream of the full list of devices (KEP-4680).

The kubelet takes a device's health for unknown when the list is older than its timeout (30 s), so the list is sent again
within it even if nothing changed.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import grpc.aio

from dra_api.identifiers import PoolName
from dra_api.kubelet._generated import health_v1_pb2, health_v1alpha1_pb2
from dra_api.kubelet._generated.health_v1_pb2_grpc import DRAResourceHealthServicer as ServicerV1
from dra_api.kubelet._generated.health_v1alpha1_pb2_grpc import DRAResourceHealthServicer as ServicerV1Alpha1
from dra_driver.health.monitor import Monitor

REPEAT_S = 10.0
TIMEOUT_S = 30


async def stream(messages: Any, monitor: Monitor, pool: PoolName) -> AsyncIterator[Any]:
    """The list now, after each change, and every ``REPEAT_S``, until the monitor is closed; MESSAGES is the module of one version."""
    listener = monitor.listen()
    try:
        while not monitor.closed:
            listener.clear()
            now = int(time.time())
            response = messages.NodeWatchResourcesResponse()
            for name, state in monitor.states.items():
                response.devices.add(
                    device={"pool_name": pool, "device_name": name},
                    health=messages.HEALTHY if state.healthy else messages.UNHEALTHY,
                    last_updated_time=now,
                    health_check_timeout_seconds=TIMEOUT_S,
                    message=state.message,
                )
            yield response
            try:
                async with asyncio.timeout(REPEAT_S):
                    await listener.wait()
            except TimeoutError:
                continue
    finally:
        monitor.unlisten(listener)


class HealthV1(ServicerV1):
    """v1.DRAResourceHealth."""

    def __init__(self, monitor: Monitor, pool: PoolName) -> None:
        self._monitor, self._pool = monitor, pool

    async def NodeWatchResources(self, request: Any, context: grpc.aio.ServicerContext) -> AsyncIterator[Any]:
        """Until the kubelet ends the call."""
        async for response in stream(health_v1_pb2, self._monitor, self._pool):
            yield response


class HealthV1Alpha1(ServicerV1Alpha1):
    """v1alpha1.DRAResourceHealth: the same."""

    def __init__(self, monitor: Monitor, pool: PoolName) -> None:
        self._monitor, self._pool = monitor, pool

    async def NodeWatchResources(self, request: Any, context: grpc.aio.ServicerContext) -> AsyncIterator[Any]:
        """Until the kubelet ends the call."""
        async for response in stream(health_v1alpha1_pb2, self._monitor, self._pool):
            yield response
