"""Device nodes that give access to a MIG device: /dev/nvidia-caps/nvidia-cap<minor>, one each for its two instances.

The numbers are in /proc/driver/nvidia-caps/mig-minors, which the kernel driver writes once when it is loaded:
``gpu0/gi1/ci0/access 14``. The nodes themselves may be missing on the host until something asks for them; the runtime
makes them in the container by their number.
"""

from collections.abc import Mapping
from pathlib import Path

from dra_driver.errors import EnvironmentFault

MINORS = "driver/nvidia-caps/mig-minors"


def read_minors(procfs: Path) -> Mapping[str, int]:
    """{``gpu0/gi1``: minor, ``gpu0/gi1/ci0``: minor, ...}.

    Raises:
        EnvironmentFault: the kernel driver does not say.
    """
    path = procfs / MINORS
    try:
        rows = [line.rsplit(" ", 1) for line in path.read_text().splitlines()]
        return {name.removesuffix("/access"): int(minor) for name, minor in rows}
    except (OSError, ValueError) as error:
        message = (
            f"cannot read the MIG device nodes in {path}: {error}; load NVIDIA's driver or give --procfs"
        )
        raise EnvironmentFault(message) from error


def mig_nodes(minors: Mapping[str, int], gpu: int, gi: int, ci: int) -> tuple[str, str]:
    """The paths of a MIG device's two nodes; GPU is the minor number of its GPU.

    Raises:
        EnvironmentFault: the kernel driver has no number for it.
    """
    names = (f"gpu{gpu}/gi{gi}", f"gpu{gpu}/gi{gi}/ci{ci}")
    try:
        first, second = (f"/dev/nvidia-caps/nvidia-cap{minors[name]}" for name in names)
    except KeyError as error:
        message = f"the kernel driver has no device node for {error.args[0]}; wanted a row in {MINORS}"
        raise EnvironmentFault(message) from error
    return first, second
