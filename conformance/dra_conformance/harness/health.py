"""The kubelet's side of the health service: streams that are read in the background, message by message."""

import contextlib
import threading
import time
from collections.abc import Callable
from typing import Any

import grpc

from dra_api import names
from dra_api.kubelet._generated import health_v1_pb2, health_v1alpha1_pb2
from dra_api.kubelet._generated.health_v1_pb2_grpc import DRAResourceHealthStub as StubV1
from dra_api.kubelet._generated.health_v1alpha1_pb2_grpc import DRAResourceHealthStub as StubV1Alpha1
from dra_conformance.harness.evidence import Evidence
from dra_conformance.rules.health import DeviceHealth, Report

VERSIONS: dict[str, tuple[Any, Any]] = {
    names.HEALTH_V1: (StubV1, health_v1_pb2),
    names.HEALTH_V1ALPHA1: (StubV1Alpha1, health_v1alpha1_pb2),
}


class HealthStream:
    """One call of NodeWatchResources.

    Attributes:
        reports: the messages so far.
        ended: how it ended, as text; empty while it runs.
    """

    def __init__(self, channel: grpc.Channel, version: str, evidence: Evidence, *, read: bool = True) -> None:
        stub, messages = VERSIONS[version]
        self.version = version
        self.opened = time.monotonic()
        self.reports: list[Report] = []
        self.ended = ""
        self._evidence = evidence
        self._changed = threading.Condition()
        self._call = stub(channel).NodeWatchResources(
            messages.NodeWatchResourcesRequest(), wait_for_ready=True
        )
        evidence.add("grpc", f"NodeWatchResources of {version} opened" + ("" if read else ", not read"))
        if read:
            threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        try:
            for message in self._call:
                report = report_of(message)
                self._evidence.add("grpc", f"NodeWatchResources of {self.version}", answer=message)
                with self._changed:
                    self.reports.append(report)
                    self._changed.notify_all()
            ended = "OK"
        except grpc.RpcError as error:
            ended = error.code().name
        with self._changed:
            self.ended = ended
            self._changed.notify_all()

    def wait(self, condition: Callable[[], bool], timeout_s: float) -> bool:
        """Wait until CONDITION holds after a message, the stream ended, or TIMEOUT_S passed; whether it holds."""
        with self._changed:
            self._changed.wait_for(lambda: condition() or bool(self.ended), timeout_s)
            return condition()

    def began(self, timeout_s: float) -> bool:
        """Wait for the first message; whether it came within TIMEOUT_S."""
        return self.wait(lambda: bool(self.reports), timeout_s)

    def close(self) -> None:
        """End the call, as a kubelet that goes away."""
        with contextlib.suppress(grpc.RpcError):
            self._call.cancel()
        self._evidence.add("grpc", f"NodeWatchResources of {self.version} cancelled")


def report_of(message: Any) -> Report:
    """A message as a value."""
    devices = tuple(
        DeviceHealth(
            (each.device.pool_name, each.device.device_name),
            int(each.health),
            int(each.last_updated_time),
            int(each.health_check_timeout_seconds),
            str(each.message),
        )
        for each in message.devices
    )
    return Report(time.monotonic(), time.time(), devices)
