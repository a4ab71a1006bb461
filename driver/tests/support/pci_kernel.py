"""The part of the kernel that binds drivers to PCI functions, over a fake sysfs: what is written to its files happens.

The files ``drivers_probe`` and ``unbind`` are pipes that a thread reads, so that a write has an effect as on a real node.
"""

import contextlib
import os
import selectors
import threading
from collections.abc import Iterator
from pathlib import Path

DRIVERS = ("nvidia", "vfio-pci")


class Kernel:
    """Binds the functions below SYSFS."""

    def __init__(self, sysfs: Path) -> None:
        self._bus = sysfs / "bus/pci"
        self._selector = selectors.DefaultSelector()
        self._ended, self._end = os.pipe()
        self._selector.register(self._ended, selectors.EVENT_READ)
        for driver in DRIVERS:
            (self._bus / "drivers" / driver).mkdir(exist_ok=True)
        for path in (
            self._bus / "drivers_probe",
            *(self._bus / "drivers" / name / "unbind" for name in DRIVERS),
        ):
            os.mkfifo(path)
            pipe = os.open(path, os.O_RDWR | os.O_NONBLOCK)
            self._selector.register(pipe, selectors.EVENT_READ, path)
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        while True:
            for key, _ in self._selector.select():
                if key.data is None:
                    return
                for function in os.read(key.fd, 4096).decode().split():
                    self._act(key.data, function)

    def _act(self, path: Path, function: str) -> None:
        link = self._bus / "devices" / function / "driver"
        if path.name == "unbind":
            link.unlink(missing_ok=True)
        elif not link.is_symlink():
            wanted = (self._bus / "devices" / function / "driver_override").read_text().strip()
            driver = wanted if wanted in DRIVERS else "nvidia"
            link.symlink_to(self._bus / "drivers" / driver)

    def stop(self) -> None:
        os.close(self._end)
        self._thread.join()
        for key in list(self._selector.get_map().values()):
            os.close(key.fd)
            if key.data is not None:
                key.data.unlink()
        self._selector.close()

    def start(self) -> None:
        self._thread.start()


@contextlib.contextmanager
def kernel(sysfs: Path) -> Iterator[None]:
    """A kernel that lives as long as the context."""
    made = Kernel(sysfs)
    made.start()
    try:
        yield
    finally:
        made.stop()
