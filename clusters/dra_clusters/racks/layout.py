"""Which nodes there are in which rack, with which GPUs and labels. Pure but for asking ``fake-nvml``, whose model this is."""

import json
import subprocess
import sys
from dataclasses import dataclass
from typing import TypedDict

from dra_api.objects import JsonObject
from dra_clusters.errors import EnvironmentFault, UsageError
from dra_clusters.provider import RackOptions

FAKE_NVML = (sys.executable, "-m", "fake_nvml.cli")
ASK_S = 120.0
USAGE_ERROR = 2
CLIQUE_LABEL = "nvidia.com/gpu.clique"
"""Set by NVIDIA's GPU feature discovery: the cluster UUID and the clique with a dot between them."""
DOMAIN_LABEL = "network.topology.nvidia.com/accelerator"
"""Set by NVIDIA's topograph: which NVLink domain a node is in."""
RACK_LABEL, TRAY_LABEL = "dra-conformance.dev/rack", "dra-conformance.dev/tray"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tray:
    """A node: tray NUMBER of a RACK; ``folder`` is where ``fake-nvml rack serve`` serves it; ``uuids`` are those of its GPUs."""

    rack: int
    number: int
    folder: str
    domain: str
    clique: int
    uuids: tuple[str, ...]

    @property
    def name(self) -> str:
        """Of the Node."""
        return f"rack-{self.rack}-tray-{self.number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """All nodes of all racks; the first ``full`` of them run."""

    machine: str
    product: str
    links: int
    trays: tuple[Tray, ...]
    full: int

    @property
    def full_trays(self) -> tuple[Tray, ...]:
        """Those that run."""
        return self.trays[: self.full]

    @property
    def hollow_trays(self) -> tuple[Tray, ...]:
        """Those that only say what they have."""
        return self.trays[self.full :]

    @property
    def labels(self) -> dict[str, dict[str, str]]:
        """{node: labels}."""
        return {tray.name: labels_of(self, tray) for tray in self.trays}


def labels_of(layout: Layout, tray: Tray) -> dict[str, str]:
    """The labels of one node, as NVIDIA's components set them, and where it is."""
    return {
        "nvidia.com/gpu.present": "true",
        "nvidia.com/gpu.count": str(len(tray.uuids)),
        "nvidia.com/gpu.product": layout.product.replace(" ", "-"),
        CLIQUE_LABEL: f"{tray.domain}.{tray.clique}",
        DOMAIN_LABEL: tray.domain,
        RACK_LABEL: f"rack-{tray.rack}",
        TRAY_LABEL: str(tray.number),
    }


def layout_of(facts: JsonObject, full: int) -> Layout:
    """The layout in what ``fake-nvml rack show`` prints.

    Raises:
        UsageError: there are fewer nodes than shall run.
    """
    trays = tuple(
        Tray(
            rack=rack["rack"],
            number=tray["node"],
            folder=tray["folder"],
            domain=rack["cluster_uuid"],
            clique=rack["clique"],
            uuids=tuple(gpu["uuid"] for gpu in tray["gpus"]),
        )
        for rack in facts["racks"]
        for tray in rack["nodes"]
    )
    if not 0 <= full <= len(trays):
        message = f"--full: wanted 0 to {len(trays)}, the number of nodes, found {full}"
        raise UsageError(message)
    return Layout(
        machine=facts["machine"],
        product=facts["product"],
        links=facts["links_per_gpu"],
        trays=trays,
        full=full,
    )


def shape_flags(options: RackOptions) -> list[str]:
    """The flags of ``fake-nvml rack`` that say which racks."""
    flags = ["--machine", options.machine, "--racks", str(options.racks)]
    flags += [] if options.nodes is None else ["--nodes-per-rack", str(options.nodes)]
    return flags + ([] if options.gpus is None else ["--gpus-per-node", str(options.gpus)])


def ask_layout(options: RackOptions) -> Layout:
    """The layout of OPTIONS.

    Raises:
        UsageError: there is no such machine, or a rack has not that many nodes; the message is that of ``fake-nvml``.
    """
    return layout_of(json.loads(ask("rack", "show", *shape_flags(options))), options.full)


def ask(*arguments: str) -> str:
    """What ``fake-nvml ARGUMENTS`` prints.

    Raises:
        UsageError, EnvironmentFault: it refused; the message is its own.
    """
    done = subprocess.run(
        [*FAKE_NVML, *arguments], capture_output=True, text=True, check=False, timeout=ASK_S
    )
    if done.returncode:
        message = done.stderr.strip().removeprefix("fake-nvml: ")
        raise (UsageError if done.returncode == USAGE_ERROR else EnvironmentFault)(message)
    return done.stdout


class View(TypedDict):
    """What one GPU sees of the faults of its rack, as ``fake-nvml rack views`` prints it."""

    rack: int
    node: int
    gpu: int
    links_down: list[int]
    health: str
    power: bool
