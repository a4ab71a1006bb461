"""A node on its NVLink fabric: the clique of its GPUs, what they are, and the number of the capability that IMEX needs."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from dra_api.objects import AttributeValue
from dra_driver.devices.attributes import known
from dra_driver.devices.model import Fabric, Gpu
from dra_driver.errors import EnvironmentFault

CAPABILITY = "driver/nvidia/capabilities/fabric-imex-mgmt"
GENERATIONS = {"Hopper": 4, "Blackwell": 5, "Rubin": 6}
"""{architecture: generation of NVLink}, of those that have a fabric over several nodes."""
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


def facts_of(gpus: Sequence[Gpu], clique: str) -> dict[str, AttributeValue]:
    """What the controller makes the domain's device of: the attributes of a node in CLIQUE; of the worst GPU where they differ."""
    if not clique:
        return {}
    bandwidths = [gpu.links.bandwidth_bytes for gpu in gpus if gpu.links.bandwidth_bytes is not None]
    generations = [GENERATIONS[gpu.architecture] for gpu in gpus if gpu.architecture in GENERATIONS]
    return known(
        fabricCluster=clique.partition(".")[0],
        fabricClique=clique,
        fabricFault=next((gpu.fabric_fault for gpu in gpus if gpu.fabric_fault), None),
        fabricDegraded=next((gpu.fabric_degraded for gpu in gpus if gpu.fabric_degraded), None),
        gpus=len(gpus),
        nvlinkBandwidth=min(bandwidths, default=None),
        nvlinkGeneration=min(generations, default=None),
    )


def management_minor(procfs: Path) -> int | None:
    """The minor number of the device node that nvidia-imex needs; None if the kernel driver has none."""
    path = procfs / CAPABILITY
    found = MINOR.search(path.read_text()) if path.is_file() else None
    return int(found[1]) if found else None
