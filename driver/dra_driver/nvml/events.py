"""Errors of GPUs as NVML reports them while somebody waits: XID errors and ECC errors."""

import logging
import threading
from collections.abc import Callable, Collection
from typing import NamedTuple

import pynvml

from dra_driver.errors import EnvironmentFault
from dra_driver.nvml.library import Library

log = logging.getLogger(__name__)
WANTED = pynvml.nvmlEventTypeXidCriticalError | pynvml.nvmlEventTypeDoubleBitEccError
WAIT_MS, SHORT_WAIT_MS = 10_000, 1000
"""How long a wait lasts without an event. It ends at once with one, so the length is only the time until a watch ends that was
stopped, and a wait every second is half of what an idle driver costs."""
ALL = 0xFFFFFFFF
"""Instead of the number of a GPU instance: the whole GPU (nvml.h, nvmlEventData_t)."""


class Event(NamedTuple):
    """``gi`` is None for the whole GPU; ``xid`` is None for a double-bit ECC error."""

    gpu: str
    gi: int | None
    xid: int | None


class EventWatch:
    """A thread that waits for the events of some GPUs.

    Args:
        gpus: their UUIDs.
        on_event: called in the thread.
        wait_ms: the longest time in which it ends after ``stop``.
    """

    def __init__(
        self, gpus: Collection[str], on_event: Callable[[Event], None], *, wait_ms: int = WAIT_MS
    ) -> None:
        self.gpus = frozenset(gpus)
        self._wait_ms = wait_ms
        self.unmonitored: frozenset[str] = frozenset()
        self._on_event = on_event
        self._stopped = threading.Event()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="nvml-events", daemon=True)

    def start(self) -> None:
        """Register; afterwards ``unmonitored`` has the GPUs that report nothing."""
        self._thread.start()
        self._ready.wait()

    def stop(self) -> None:
        """End the thread within ``wait_ms``; it is not waited for."""
        self._stopped.set()

    @property
    def ended(self) -> bool:
        """Whether it waits no more, because it was stopped or NVML failed."""
        return not self._thread.is_alive()

    def join(self) -> None:
        """Wait until it has ended, and has no GPU open any more."""
        self._thread.join()

    def _run(self) -> None:
        try:
            library = Library()
        except EnvironmentFault as error:
            log.error("no events of GPUs", extra={"error": error})
            self.unmonitored = self.gpus
            self._ready.set()
            return
        try:
            events = pynvml.nvmlEventSetCreate()
            self.unmonitored = frozenset(gpu for gpu in self.gpus if not self._register(gpu, events))
            self._ready.set()
            while not self._stopped.is_set():
                self._wait(events)
            pynvml.nvmlEventSetFree(events)
        except pynvml.NVMLError as error:
            log.error("waiting for events of GPUs ended", extra={"error": error})
            self.unmonitored = self.gpus
        finally:
            self._ready.set()
            library.close()

    def _register(self, gpu: str, events: object) -> bool:
        try:
            handle = pynvml.nvmlDeviceGetHandleByUUID(gpu)
            wanted = pynvml.nvmlDeviceGetSupportedEventTypes(handle) & WANTED
            if wanted:
                pynvml.nvmlDeviceRegisterEvents(handle, wanted, events)
            return bool(wanted)
        except pynvml.NVMLError as error:
            log.warning("no events of GPU %s", gpu, extra={"error": error})
            return False

    def _wait(self, events: object) -> None:
        try:
            data = pynvml.nvmlEventSetWait_v2(events, self._wait_ms)
            gpu = pynvml.nvmlDeviceGetUUID(data.device)
        except pynvml.NVMLError as error:
            if error.value == pynvml.NVML_ERROR_TIMEOUT:
                return
            if error.value == pynvml.NVML_ERROR_GPU_IS_LOST:  # the next scan finds out which
                self._stopped.wait(SHORT_WAIT_MS / 1000)
                return
            raise
        gi = None if data.gpuInstanceId == ALL else int(data.gpuInstanceId)
        is_xid = data.eventType == pynvml.nvmlEventTypeXidCriticalError
        self._on_event(Event(gpu, gi, int(data.eventData) if is_xid else None))
