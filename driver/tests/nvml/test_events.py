"""Waiting for the events of GPUs: an error of NVML makes no busy loop, and is not forgotten."""

import asyncio
import threading
import time
from pathlib import Path

import pynvml
import pytest
from claim_service import DRIVER, gpu, inventory_of

from dra_driver.health.monitor import Monitor
from dra_driver.health.store import Store
from dra_driver.nvml import events
from dra_driver.nvml.events import EventWatch


class Board:
    """An NVML whose wait for events raises an error; it says when it was asked."""

    def __init__(self, patch: pytest.MonkeyPatch, error: int) -> None:
        self.asked: list[float] = []
        self.waits: list[int] = []
        self.often = threading.Event()
        self._error = error
        for name in (
            "nvmlInit",
            "nvmlShutdown",
            "nvmlEventSetCreate",
            "nvmlDeviceRegisterEvents",
            "nvmlEventSetFree",
        ):
            patch.setattr(pynvml, name, lambda *_: None)
        patch.setattr(pynvml, "nvmlDeviceGetHandleByUUID", lambda uuid: uuid)
        patch.setattr(pynvml, "nvmlDeviceGetSupportedEventTypes", lambda _: events.WANTED)
        patch.setattr(pynvml, "nvmlEventSetWait_v2", self._wait)

    def _wait(self, _events: object, wait_ms: int) -> None:
        self.waits.append(wait_ms)
        self.asked.append(time.monotonic())
        if len(self.asked) == 3:
            self.often.set()
        raise pynvml.NVMLError(self._error)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setattr(events, "SHORT_WAIT_MS", 100)
    return monkeypatch


def test_a_lost_gpu_is_asked_once_in_a_while(quick: pytest.MonkeyPatch) -> None:
    board = Board(quick, pynvml.NVML_ERROR_GPU_IS_LOST)
    watch = EventWatch({"GPU-0"}, print)
    watch.start()
    assert board.often.wait(10)
    watch.stop()
    watch.join()
    assert board.asked[2] - board.asked[0] >= 0.2
    assert watch.unmonitored == frozenset()


def test_after_an_unexpected_error_the_gpus_are_unmonitored_and_the_watch_has_ended(
    quick: pytest.MonkeyPatch,
) -> None:
    Board(quick, pynvml.NVML_ERROR_UNKNOWN)
    watch = EventWatch({"GPU-0"}, print)
    watch.start()
    watch.join()
    assert watch.unmonitored == {"GPU-0"}
    assert watch.ended


@pytest.mark.parametrize(("releases", "wait_ms"), [(False, 10_000), (True, 1000)])
async def test_an_idle_driver_wakes_rarely_unless_a_claim_may_wait_for_the_end_of_a_wait(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, releases: bool, wait_ms: int
) -> None:
    board = Board(monkeypatch, pynvml.NVML_ERROR_TIMEOUT)
    store, inventory = Store(tmp_path / "health.json", "boot-1"), inventory_of(gpu(0))
    monitor = Monitor(
        domain=DRIVER, store=store, inventory=inventory, on_change=lambda: None, releases=releases
    )
    monitor.scanned(inventory)
    assert await asyncio.to_thread(board.often.wait, 10)
    monitor.release("GPU-0")
    assert set(board.waits) == {wait_ms}
