"""The node's own ``/dev``: container runtimes and drivers look for device nodes there, not below a driver root.

Every node is a copy of one in the driver root, so that both say the same. What the daemon did not make is left alone.
"""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from fake_nvml.errors import EnvironmentFault

REAL_DRIVER = Path("/proc/driver/nvidia/version")
CAPABILITIES = "nvidia-caps/nvidia-cap*"
"""The nodes that come and go with MIG instances."""


def check(dev: Path, real_driver: Path = REAL_DRIVER) -> None:
    """Check that DEV may get nodes.

    Raises:
        EnvironmentFault: NVIDIA's driver runs here, whose nodes have the same names and numbers.
    """
    if real_driver.exists():
        message = f"--dev {dev}: this computer runs NVIDIA's driver ({real_driver}); fake device nodes would replace its own"
        raise EnvironmentFault(message)


def mirror(source: Path, dev: Path) -> None:
    """Make in DEV what is in SOURCE, the folder ``dev`` of a driver root, and remove capabilities that are gone.

    Raises:
        EnvironmentFault: device nodes cannot be made here.
    """
    wanted = dict(nodes(source))
    for path in dev.glob(CAPABILITIES):
        if str(path.relative_to(dev)) not in wanted:
            path.unlink(missing_ok=True)
    before = os.umask(0)
    try:
        for name, device in wanted.items():
            path = dev / name
            if device_of(path) == device:
                continue
            path.parent.mkdir(mode=0o755, exist_ok=True)
            path.unlink(missing_ok=True)
            os.mknod(path, 0o666 | stat.S_IFCHR, device)
    except OSError as error:
        message = f"cannot make the device node {error.filename or dev}: {error.strerror}; it needs CAP_MKNOD"
        raise EnvironmentFault(message) from error
    finally:
        os.umask(before)


def clear(source: Path, dev: Path) -> None:
    """Remove from DEV what is in SOURCE."""
    for name, device in nodes(source):
        if device_of(dev / name) == device:
            (dev / name).unlink()


def nodes(source: Path) -> Iterator[tuple[str, int]]:
    """(path, device number) of the device nodes below SOURCE."""
    for path in sorted(source.rglob("*")):
        if (device := device_of(path)) is not None:
            yield str(path.relative_to(source)), device


def device_of(path: Path) -> int | None:
    """The number of a character device; None if it is none, or not there."""
    try:
        found = path.lstat()
    except OSError:
        return None
    return found.st_rdev if stat.S_ISCHR(found.st_mode) else None
