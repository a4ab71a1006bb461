"""Which clique the GPUs of a node are in, and the number of the capability that IMEX needs."""

import re
from collections.abc import Iterable
from pathlib import Path

from dra_driver.devices.model import Fabric
from dra_driver.errors import EnvironmentFault

CAPABILITY = "driver/nvidia/capabilities/fabric-imex-mgmt"
MINOR = re.compile(r"^DeviceFileMinor:\s*([0-9]+)$", re.MULTILINE)


def clique_of(fabrics: Iterable[Fabric | None]) -> str:
    """``<cluster UUID>.<clique id>`` of all GPUs of a node; empty if none is in a fabric.

    Raises:
        EnvironmentFault: they are in several, so the node cannot be a member of one IMEX domain.
    """
    found = sorted({f"{fabric.cluster}.{fabric.clique}" for fabric in fabrics if fabric is not None})
    if len(found) > 1:
        message = f"the GPUs of this node are in {len(found)} cliques: {', '.join(found)}; wanted one; repair the fabric"
        raise EnvironmentFault(message)
    return found[0] if found else ""


def management_minor(procfs: Path) -> int | None:
    """The minor number of the device node that nvidia-imex needs; None if the kernel driver has none."""
    path = procfs / CAPABILITY
    found = MINOR.search(path.read_text()) if path.is_file() else None
    return int(found[1]) if found else None
