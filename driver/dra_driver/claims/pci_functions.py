"""Binds PCI functions to vfio-pci and back, by sysfs (Linux Documentation/ABI/testing/sysfs-bus-pci). Blocks: called in a thread.

``driver_override`` says which driver a function may have; ``unbind`` takes it from the one that it has, and ``drivers_probe``
gives it to the one that it may have. Each write can be repeated. The result is read back, because a driver may refuse.
"""

import os
import time
from collections.abc import Iterator
from pathlib import Path

from dra_driver.claims.step import BindVfio
from dra_driver.devices.inventory import VFIO_DRIVER
from dra_driver.devices.pci import PCI_DEVICES
from dra_driver.errors import EnvironmentFault

PCI_BUS = "bus/pci"
BRIDGE_CLASS = 0x06
"""The upper byte of a PCI class: bridges stay with their driver (Linux drivers/vfio/vfio_main.c, vfio_dev_viable)."""
WAIT_S, POLL_S = 10.0, 0.01


class PciFunctions:
    """The PCI functions below one sysfs."""

    def __init__(self, sysfs: Path) -> None:
        self._bus = sysfs / PCI_BUS
        self._devices = sysfs / PCI_DEVICES

    def driver(self, function: str) -> str | None:
        """The driver that a function is bound to."""
        link = self._devices / function / "driver"
        return link.resolve().name if link.is_symlink() else None

    def vfio_node(self, function: str) -> str | None:
        """The device node of a bound function for iommufd: /dev/vfio/devices/<this>."""
        folder = self._devices / function / "vfio-dev"
        return next((path.name for path in sorted(folder.iterdir())), None) if folder.is_dir() else None

    def bind(self, step: BindVfio) -> None:
        """Give the function to vfio-pci.

        Raises:
            EnvironmentFault: the module is not loaded, something else of the function is in use, or sysfs refuses.
        """
        if self.driver(step.function) == VFIO_DRIVER:
            return
        if not (self._bus / "drivers" / VFIO_DRIVER).is_dir():
            message = f"cannot bind {step.function} to {VFIO_DRIVER}: the module is not loaded; run modprobe {VFIO_DRIVER}"
            raise EnvironmentFault(message)
        if reasons := list(self._in_the_way(step.function)):
            message = f"cannot bind {step.function} to {VFIO_DRIVER}: {', '.join(reasons)}"
            raise EnvironmentFault(message)
        self._write(self._devices / step.function / "driver_override", VFIO_DRIVER)
        self._unbind(step.function)
        self._write(self._bus / "drivers_probe", step.function)
        self._wait(step.function, VFIO_DRIVER)

    def unbind(self, step: BindVfio) -> None:
        """Give the function back to the driver that it had; idempotent, and nothing if the function is gone.

        Raises:
            EnvironmentFault: sysfs refuses.
        """
        folder = self._devices / step.function
        if not folder.exists():
            return
        self._write(folder / "driver_override", "")
        if self.driver(step.function) == step.driver:
            return
        self._unbind(step.function)
        if step.driver is not None:
            self._write(self._bus / "drivers_probe", step.function)
            self._wait(step.function, step.driver)

    def _in_the_way(self, function: str) -> Iterator[str]:
        """Other functions of the IOMMU group that a host driver has, and virtual functions of this one."""
        for path in sorted((self._devices / function / "iommu_group" / "devices").iterdir()):
            other = path.name
            driver = self.driver(other)
            if other == function or driver in (None, VFIO_DRIVER) or self._class(other) == BRIDGE_CLASS:
                continue
            yield f"{other} of the same IOMMU group is bound to {driver}; unbind it"
        functions = self._devices / function / "sriov_numvfs"
        if functions.exists() and functions.read_text().strip() not in ("", "0"):
            yield f"it has {functions.read_text().strip()} virtual functions; write 0 to {functions}"

    def _class(self, function: str) -> int:
        try:
            return int((self._devices / function / "class").read_text(), 16) >> 16
        except (OSError, ValueError):
            return 0

    def _unbind(self, function: str) -> None:
        driver = self.driver(function)
        if driver is not None:
            self._write(self._bus / "drivers" / driver / "unbind", function)
            self._wait(function, None)

    def _write(self, path: Path, text: str) -> None:
        try:
            handle = os.open(path, os.O_WRONLY | os.O_TRUNC | os.O_CLOEXEC)
            try:
                os.write(handle, f"{text}\n".encode())
            finally:
                os.close(handle)
        except OSError as error:
            message = f"cannot write {text!r} to {path}: {error.strerror}; mount sysfs writable, and end what uses the function"
            raise EnvironmentFault(message) from error

    def _wait(self, function: str, driver: str | None) -> None:
        deadline = time.monotonic() + WAIT_S
        while (found := self.driver(function)) != driver:
            if time.monotonic() > deadline:
                message = f"PCI function {function} is bound to {found} after {WAIT_S:.0f} s, wanted {driver}; see the kernel's log"
                raise EnvironmentFault(message)
            time.sleep(POLL_S)
