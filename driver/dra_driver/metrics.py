"""Prometheus metrics of the driver, served on ``/metrics``."""

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from threading import Thread
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server

from dra_driver.errors import ConfigError

BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 45)


@dataclass(slots=True)
class Timer:
    """The measurement of one claim's call."""

    result: str = "ok"

    def failed(self) -> None:
        """Count it as an error."""
        self.result = "error"


class Metrics:
    """The driver's own registry."""

    def __init__(self) -> None:
        registry = CollectorRegistry()
        self._registry = registry
        self._seconds = Histogram(
            "dra_claim_operation_seconds",
            "Time of one claim's prepare or unprepare",
            ("operation",),
            buckets=BUCKETS_S,
            registry=registry,
        )
        self._operations = Counter(
            "dra_claim_operations",
            "Claims prepared and unprepared",
            ("operation", "result"),
            registry=registry,
        )
        self._prepared = Gauge("dra_prepared_claims", "Claims that are prepared now", registry=registry)
        self._devices = Gauge("dra_devices", "Devices that are published", registry=registry)
        self._unreadable = Gauge("dra_unreadable_gpus", "GPUs that NVML cannot read", registry=registry)
        self._published = Gauge(
            "dra_slices_published", "1 if the stored slices are as wanted", registry=registry
        )

    @contextlib.contextmanager
    def time(self, operation: str) -> Iterator[Timer]:
        """Time one claim's OPERATION (prepare, unprepare)."""
        timer, start = Timer(), time.perf_counter()
        try:
            yield timer
        finally:
            self._seconds.labels(operation).observe(time.perf_counter() - start)
            self._operations.labels(operation, timer.result).inc()

    def prepared(self, count: int) -> None:
        """COUNT claims are prepared."""
        self._prepared.set(count)

    def unreadable(self, count: int) -> None:
        """NVML cannot read COUNT GPUs."""
        self._unreadable.set(count)

    def published(self, synced: bool, devices: int) -> None:
        """DEVICES devices are wanted; SYNCED says whether the stored slices are as wanted."""
        self._published.set(int(synced))
        self._devices.set(devices)

    @contextlib.contextmanager
    def served(self, address: str) -> Iterator[None]:
        """Serve on ``host:port`` for as long as the context lasts; an empty ADDRESS serves nothing.

        Raises:
            ConfigError: the address is not one, or is in use.
        """
        if not address:
            yield
            return
        host, _, port = address.rpartition(":")
        try:
            server, thread = self._listen(host, int(port))
        except (OSError, ValueError) as error:
            message = f"--metrics-address {address}: {getattr(error, 'strerror', None) or error}; wanted host:port that is free"
            raise ConfigError(message) from error
        try:
            yield
        finally:
            server.shutdown()
            server.server_close()
            thread.join()

    def _listen(self, host: str, port: int) -> tuple[Any, Thread]:
        server, thread = start_http_server(port, addr=host, registry=self._registry)
        return server, thread
