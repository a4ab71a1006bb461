"""Prometheus metrics of the driver: claims, steps, devices, publishing.

Names follow Prometheus' conventions: base units, ``_total`` for counters, ``_seconds`` and ``_bytes`` as suffixes. Series
of a known set of labels exist from the start with 0, so that a rate over the first error is not lost. What is true now
(devices, claims) is read when Prometheus asks, so it is never stale.
"""

import contextlib
import time
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from dra_driver.errors import ApiError, ClaimError, EnvironmentFault

CLAIM_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 45)
"""The last is the kubelet's deadline."""
OPERATIONS = ("prepare", "unprepare")
OK, INTERNAL = "ok", "internal"
RESULTS = {ClaimError: "claim", ApiError: "api", EnvironmentFault: "node"}
"""Who can remove the cause of an error, as in ``errors``."""
STEPS = ("MigMode", "CreateMig", "BindVfio", "SetTimeSlice", "StartMps", "WriteMetadata", "WriteCdi")
STEP_OPERATIONS = ("do", "undo")


class DeviceRow(NamedTuple):
    """What is said of one offered device.

    Attributes:
        name: its name in the slice.
        kind: ``gpu``, ``mig`` or ``vfio``.
        gpu: the UUID of its GPU.
        memory_bytes: its memory.
        claims: how many claims have it prepared.
        taints: keys of its taints.
    """

    name: str
    kind: str
    gpu: str
    memory_bytes: int
    claims: int
    taints: tuple[str, ...]


class Now(NamedTuple):
    """What is true at the moment.

    Attributes:
        prepared: claims that are prepared.
        unreadable: GPUs that NVML cannot read.
    """

    prepared: int
    unreadable: int
    devices: tuple[DeviceRow, ...]


def result_of(error: BaseException) -> str:
    """The label of an error: ``claim``, ``api``, ``node``, or ``internal`` for a fault of the driver itself."""
    return next((result for kind, result in RESULTS.items() if isinstance(error, kind)), INTERNAL)


class NowCollector(Collector):
    """Gauges of what is true when Prometheus asks."""

    def __init__(self, now: Callable[[], Now]) -> None:
        self._now = now

    def collect(self) -> Iterable[Metric]:
        """The gauges."""
        now = self._now()
        yield GaugeMetricFamily("dra_prepared_claims", "Claims that are prepared now", now.prepared)
        yield GaugeMetricFamily("dra_unreadable_gpus", "GPUs that NVML cannot read", now.unreadable)
        yield GaugeMetricFamily("dra_devices", "Devices that are offered", len(now.devices))
        yield gauge(
            "dra_device_info",
            "1 for each device that is offered",
            ("device", "type", "gpu"),
            (((row.name, row.kind, row.gpu), 1) for row in now.devices),
        )
        yield gauge(
            "dra_device_memory_bytes",
            "Memory of a device",
            ("device",),
            (((row.name,), row.memory_bytes) for row in now.devices),
        )
        yield gauge(
            "dra_device_claims",
            "Claims for which a device is prepared",
            ("device",),
            (((row.name,), row.claims) for row in now.devices),
        )
        yield gauge(
            "dra_device_tainted",
            "1 for each taint of a device",
            ("device", "key"),
            (((row.name, key), 1) for row in now.devices for key in row.taints),
        )


def gauge(
    name: str, text: str, labels: tuple[str, ...], rows: Iterable[tuple[tuple[str, ...], float]]
) -> GaugeMetricFamily:
    """A gauge with a value for each row of labels."""
    family = GaugeMetricFamily(name, text, labels=labels)
    for values, value in rows:
        family.add_metric(values, value)
    return family


class Metrics:
    """The driver's own registry."""

    def __init__(self, version: str = "") -> None:
        registry = self._registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        Gauge("dra_driver_build_info", "Version of the driver", ("version",), registry=registry).labels(
            version
        ).set(1)
        self._seconds = Histogram(
            "dra_claim_operation_duration_seconds",
            "Time of one claim's prepare or unprepare, failed ones included",
            ("operation",),
            buckets=CLAIM_BUCKETS_S,
            registry=registry,
        )
        self._operations = Counter(
            "dra_claim_operations_total",
            "Claims prepared and unprepared; result is ok, or who can remove the cause of the error",
            ("operation", "result"),
            registry=registry,
        )
        self._steps = Histogram(
            "dra_step_duration_seconds",
            "Time of one step of a claim, done or undone",
            ("step", "operation"),
            buckets=CLAIM_BUCKETS_S,
            registry=registry,
        )
        self._step_errors = Counter(
            "dra_step_errors_total", "Steps that failed", ("step", "operation"), registry=registry
        )
        self._synced = Gauge(
            "dra_slices_published", "1 if the stored slices are as wanted", registry=registry
        )
        self._synced_at = Gauge(
            "dra_slices_published_timestamp_seconds",
            "When the stored slices were last found to be as wanted",
            registry=registry,
        )
        self._interrupted = Counter(
            "dra_publish_interruptions_total",
            "How often an error of the API server interrupted publishing",
            registry=registry,
        )
        self._registered = Gauge(
            "dra_kubelet_registered", "1 if the kubelet registered the driver", registry=registry
        )
        self._scan_errors = Counter(
            "dra_scan_errors_total", "Scans of the hardware that failed", registry=registry
        )
        for operation in OPERATIONS:
            self._seconds.labels(operation)
            for result in (OK, *RESULTS.values(), INTERNAL):
                self._operations.labels(operation, result)
        for step in STEPS:
            for operation in STEP_OPERATIONS:
                self._steps.labels(step, operation)
                self._step_errors.labels(step, operation)

    def watch(self, now: Callable[[], Now]) -> None:
        """Ask NOW for what is true whenever Prometheus asks; it is called in a thread."""
        self._registry.register(NowCollector(now))

    @contextlib.contextmanager
    def claim(self, operation: str) -> Iterator[None]:
        """Time one claim's OPERATION (prepare, unprepare); an error passes through and is counted."""
        start, result = time.perf_counter(), OK
        try:
            yield
        except BaseException as error:
            result = result_of(error)
            raise
        finally:
            self._seconds.labels(operation).observe(time.perf_counter() - start)
            self._operations.labels(operation, result).inc()

    @contextlib.contextmanager
    def step(self, step: str, operation: str) -> Iterator[None]:
        """Time a STEP that is done or undone; an error passes through and is counted."""
        start = time.perf_counter()
        try:
            yield
        except BaseException:
            self._step_errors.labels(step, operation).inc()
            raise
        finally:
            self._steps.labels(step, operation).observe(time.perf_counter() - start)

    def published(self, synced: bool) -> None:
        """SYNCED says whether the stored slices are as wanted, or an error of the API server interrupted that."""
        self._synced.set(int(synced))
        if synced:
            self._synced_at.set_to_current_time()
        else:
            self._interrupted.inc()

    def registered(self, accepted: bool) -> None:
        """The kubelet registered the driver or refused it."""
        self._registered.set(int(accepted))

    def scan_failed(self) -> None:
        """The hardware could not be scanned."""
        self._scan_errors.inc()

    def exposition(self) -> bytes:
        """Everything in Prometheus' text format."""
        return generate_latest(self._registry)
