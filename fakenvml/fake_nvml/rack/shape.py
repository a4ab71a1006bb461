"""What racks consist of: their trays, the GPUs of each, and the switch chips that all links lead to. Pure.

In an NVL72 rack link L of every GPU leads to switch chip L, and a chip has one port for every GPU: 18 links of 72 GPUs are 18 chips
of 72 ports (36 and 36 with NVLink 6). Two chips are one switch tray.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypedDict

import msgspec

from fake_nvml import machines
from fake_nvml.errors import UsageError
from fake_nvml.machines import Board, Machine

CHIPS_PER_TRAY = 2


class GpuFacts(TypedDict):
    """One GPU of a tray."""

    uuid: str
    serial: str


class TrayFacts(TypedDict):
    """One tray; ``folder`` is where it is served, below that of all racks."""

    node: int
    slot: int
    folder: str
    gpus: list[GpuFacts]


class RackFacts(TypedDict):
    """One rack."""

    rack: int
    cluster_uuid: str
    clique: int
    chassis_serial: str
    nodes: list[TrayFacts]


@dataclass(frozen=True, slots=True)
class Shape:
    """``racks`` racks of the same machine with ``nodes`` trays of ``gpus`` GPUs each."""

    machine: Machine
    board: Board
    racks: int
    nodes: int
    gpus: int

    @property
    def links(self) -> int:
        """Of each GPU."""
        return self.board.nvlink.links if self.board.nvlink else 0

    @property
    def chips(self) -> int:
        """Switch chips of a rack."""
        return self.machine.switches.count if self.machine.switches else 0

    @property
    def switch_trays(self) -> int:
        """Of a rack."""
        return self.chips // CHIPS_PER_TRAY

    def tray(self, rack: int, node: int) -> Machine:
        """The machine that one tray is."""
        return machines.with_rack(msgspec.structs.replace(self.machine, node=node), rack)

    def trays(self) -> Iterator[tuple[int, int]]:
        """(rack, node) of every tray, rack by rack."""
        return ((rack, node) for rack in range(self.racks) for node in range(self.nodes))


def shape_of(name: str, racks: int, nodes: int | None, gpus: int | None) -> Shape:
    """The shape of RACKS racks of the machine NAME; nodes and GPUs are the machine's where they are None.

    Raises:
        UsageError: the machine is not a tray of a rack, or a rack has not that many.
    """
    machine, board = machines.load(name)
    if machine.rack is None:
        known = ", ".join(each for each in machines.names() if machines.load(each)[0].rack)
        message = f"machine {machine.name} is not a tray of a rack; there are: {known}"
        raise UsageError(message)
    nodes = machine.rack.nodes if nodes is None else nodes
    gpus = len(machine.gpus) if gpus is None else gpus
    if racks < 1 or not 1 <= nodes <= machine.rack.nodes:
        message = f"machine {machine.name}: wanted at least one rack of 1 to {machine.rack.nodes} nodes, found {racks} of {nodes}"
        raise UsageError(message)
    return Shape(machines.with_gpus(machine, gpus), board, racks, nodes, gpus)


def folder_of(rack: int, node: int) -> str:
    """Where a tray is served, below the folder of all racks."""
    return f"rack-{rack}/tray-{node}"


def facts_of(shape: Shape) -> Iterator[RackFacts]:
    """What distinguishes racks, trays and GPUs from each other; everything else is the same in all of them."""
    for number in range(shape.racks):
        trays = [shape.tray(number, node) for node in range(shape.nodes)]
        first = trays[0]
        assert first.rack is not None
        yield {
            "rack": number,
            "cluster_uuid": first.fabric.cluster_uuid,
            "clique": first.fabric.clique,
            "chassis_serial": first.rack.chassis_serial,
            "nodes": [
                {
                    "node": tray.node,
                    "slot": first.rack.first_slot + tray.node,
                    "folder": folder_of(number, tray.node),
                    "gpus": [
                        {"uuid": tray.gpu_uuid(index), "serial": tray.serial(index)}
                        for index in range(shape.gpus)
                    ],
                }
                for tray in trays
            ],
        }


def as_json(shape: Shape) -> str:
    """The facts as ``fake-nvml rack show`` prints them."""
    head = {
        "machine": shape.machine.name,
        "product": shape.board.identity.name,
        "gpus_per_node": shape.gpus,
        "links_per_gpu": shape.links,
        "switch_trays": shape.switch_trays,
        "confidence": shape.machine.confidence,
    }
    return json.dumps({**head, "racks": list(facts_of(shape))})
