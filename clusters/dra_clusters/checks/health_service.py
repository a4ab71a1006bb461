"""The health stream of the driver of behaviours, in both versions: it says of each device what the behaviour sets."""

import threading
from collections.abc import Iterator
from typing import Any

import grpc

from dra_api import names
from dra_api.kubelet._generated import health_v1_pb2, health_v1alpha1_pb2
from dra_api.kubelet._generated.health_v1_pb2_grpc import DRAResourceHealthServicer as ServicerV1
from dra_api.kubelet._generated.health_v1_pb2_grpc import add_DRAResourceHealthServicer_to_server as add_v1
from dra_api.kubelet._generated.health_v1alpha1_pb2_grpc import DRAResourceHealthServicer as ServicerV1Alpha1
from dra_api.kubelet._generated.health_v1alpha1_pb2_grpc import (
    add_DRAResourceHealthServicer_to_server as add_v1alpha1,
)

LOOK_S = 0.05
"""How soon a stream notices that its client is gone."""


class Health:
    """What a driver says of its devices in POOL.

    Attributes:
        streams: the version of each stream that was opened, in order.
        timeout_s: for how long a report counts.
    """

    def __init__(self, pool: str, *devices: str, timeout_s: int = 30) -> None:
        self.pool = pool
        self.timeout_s = timeout_s
        self.streams: list[str] = []
        self._states = dict.fromkeys(devices, "HEALTHY")
        self._changed = threading.Condition()
        self._number = 0

    def set(self, device: str, state: str) -> None:
        """Say of DEVICE that it is HEALTHY, UNHEALTHY or UNKNOWN."""
        with self._changed:
            self._states[device] = state
            self._number += 1
            self._changed.notify_all()

    def serve(self, server: grpc.Server) -> None:
        """Add both services to SERVER."""
        add_v1(Service(self, names.HEALTH_V1, health_v1_pb2), server)
        add_v1alpha1(Service(self, names.HEALTH_V1ALPHA1, health_v1alpha1_pb2), server)

    def reports(self, version: str, context: Any) -> Iterator[dict[str, str]]:
        """{device: state} at first and after each change, until the client of CONTEXT is gone."""
        self.streams.append(version)
        sent = -1
        while context.is_active():
            with self._changed:
                self._changed.wait_for(lambda: self._number != sent, LOOK_S)  # noqa: B023 # called here
                if self._number == sent:
                    continue
                sent, states = self._number, dict(self._states)
            yield states


class Service(ServicerV1, ServicerV1Alpha1):
    """One version of the service; MESSAGES are those of that version."""

    def __init__(self, health: Health, version: str, messages: Any) -> None:
        self._health = health
        self._version = version
        self._messages = messages

    def NodeWatchResources(self, request: Any, context: Any) -> Iterator[Any]:
        """The devices, again after each change."""
        for states in self._health.reports(self._version, context):
            response = self._messages.NodeWatchResourcesResponse()
            for device, state in states.items():
                response.devices.add(
                    device=self._messages.DeviceIdentifier(pool_name=self._health.pool, device_name=device),
                    health=self._messages.HealthStatus.Value(state),
                    health_check_timeout_seconds=self._health.timeout_s,
                )
            yield response
