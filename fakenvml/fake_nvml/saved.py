"""``state.json``: a node as it was left, so that it outlives its daemon."""

from pathlib import Path

import msgspec

from fake_nvml.machines import Board, Machine
from fake_nvml.model import Node
from fake_nvml.state import GpuState


class Saved(msgspec.Struct, kw_only=True):
    """What state.json holds; ``machine`` is the seed of the machine that it belongs to."""

    machine: str
    gpus: list[GpuState]
    system: dict[str, int] = {}


def load_node(machine: Machine, board: Board, state_file: Path) -> Node:
    """A node as it was left, or as after a boot if it was never used, held another machine or cannot be read."""
    if state_file.exists():
        try:
            saved = msgspec.json.decode(state_file.read_bytes(), type=Saved)
        except msgspec.DecodeError:
            saved = None
        if saved and saved.machine == machine.seed and len(saved.gpus) == len(machine.gpus):
            return Node(machine, board, saved.gpus, saved.system)
    first = msgspec.convert(machine.initial, GpuState)
    return Node(machine, board, [first for _ in machine.gpus])


def save_node(node: Node, state_file: Path) -> None:
    """Write the state in one step."""
    scratch = state_file.with_suffix(".new")
    scratch.write_bytes(
        msgspec.json.encode(Saved(machine=node.machine.seed, gpus=node.states, system=node.system))
    )
    scratch.replace(state_file)
