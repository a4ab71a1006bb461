"""The control driver's health service in both versions: a stream of the full list of devices (KEP-4680)."""

import threading
import time
from collections.abc import Iterator
from typing import Any

from dra_api.kubelet._generated import health_v1_pb2, health_v1alpha1_pb2
from dra_api.kubelet._generated.health_v1_pb2_grpc import DRAResourceHealthServicer as ServicerV1
from dra_api.kubelet._generated.health_v1alpha1_pb2_grpc import DRAResourceHealthServicer as ServicerV1Alpha1
from dra_conformance.controls.widgets import Widgets

POLL_S = 0.03
REPEAT_S = 3.0
TIMEOUT_S = 10


class Health:
    """What both versions do."""

    def __init__(self, widgets: Widgets, defect: str, *, later: bool = False) -> None:
        self._forgetful = later and defect == "restless-health"
        self._widgets = widgets
        self._defect = defect
        self._stop = threading.Event()
        self._newest: object = None

    def stop(self) -> None:
        """End all streams."""
        if self._defect != "streams-hold-stop":
            self._stop.set()

    def watch(self, messages: Any, context: Any) -> Iterator[Any]:
        """The list now, after each change, and repeatedly; MESSAGES is the module of one version."""
        me = self._newest = object()
        sent: Any = self.states() if self._defect == "mute-health" else None
        due = time.monotonic() + self.repeat_s()
        late = self._defect == "slow-health"
        while not self._stop.is_set():
            over = not context.is_active()
            if over and self._defect == "leaks-streams":
                threading.Event().wait()
            if over or (self._newest is not me and self._defect == "one-stream"):
                return
            states, now = self.states(), time.monotonic()
            if (states != sent and (sent is None or not late)) or now >= due:
                sent, due = states, now + self.repeat_s()
                yield self.message(messages, states)
            self._stop.wait(POLL_S)

    def repeat_s(self) -> float:
        """Seconds between messages without a change."""
        return {"never-repeats": 1e6, "slow-health": 25.0, "mute-health": 1e6}.get(self._defect, REPEAT_S)

    def states(self) -> dict[tuple[str, str], bool]:
        """{(pool, device): whether it is sick}."""
        found = self._widgets.sick()
        if self._defect == "partial-health":
            found.popitem()
        return dict.fromkeys(found, False) if self._defect == "health-without-taints" else found

    def message(self, messages: Any, states: dict[tuple[str, str], bool]) -> Any:
        """A message of one version."""
        response = messages.NodeWatchResourcesResponse()
        stamp = int(time.time() * (1000 if self._defect == "milliseconds" else 1))
        for (pool, name), sick in states.items():
            health = messages.UNHEALTHY if sick else messages.HEALTHY
            if self._defect == "inverted-health":
                health = messages.HEALTHY if sick else messages.UNHEALTHY
            response.devices.add(
                device={
                    "pool_name": "widgets" if self._defect == "health-names" else pool,
                    "device_name": name,
                },
                health=messages.UNKNOWN if self._defect == "unknown-health" or self._forgetful else health,
                last_updated_time=stamp,
                health_check_timeout_seconds=-1 if self._defect == "negative-timeout" else TIMEOUT_S,
                message=("sick\n" * 300 if self._defect == "long-message" else "sick") if sick else "",
            )
        return response


class HealthV1(ServicerV1):
    """v1.DRAResourceHealth."""

    def __init__(self, health: Health) -> None:
        self._health = health

    def NodeWatchResources(self, request: Any, context: Any) -> Iterator[Any]:
        """Until the kubelet ends the call."""
        return self._health.watch(health_v1_pb2, context)


class HealthV1Alpha1(ServicerV1Alpha1):
    """v1alpha1.DRAResourceHealth: the same."""

    def __init__(self, health: Health) -> None:
        self._health = health

    def NodeWatchResources(self, request: Any, context: Any) -> Iterator[Any]:
        """Until the kubelet ends the call."""
        return self._health.watch(health_v1alpha1_pb2, context)
