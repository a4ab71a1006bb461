"""Boards and machines as data: one YAML file each, decoded strictly; what stands in a file is what the fake answers.

A board is one product with its figures; a machine is a set of boards at their PCI addresses with a driver and a fabric.
Every block has its source and its confidence (documented, derived, assumed). Nothing here changes while a node runs;
what changes is in ``fake_nvml.model``.
"""

import uuid
from importlib.resources import files
from pathlib import Path
from typing import TypeVar

import msgspec
import yaml

from fake_nvml.errors import UsageError

FILE_MAX = 1 << 20
T = TypeVar("T")
NAMESPACE = uuid.UUID("6b2f9ad4-6c0e-5a38-9f6e-3a8a2f0e7d11")


class Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of everything that is read from a file."""


class Block(Strict, frozen=True):
    """A block of facts with where they come from."""

    source: str
    confidence: str


class Identity(Block, frozen=True):
    """Names and numbers of the product; ``brand`` is NVML's enumeration."""

    name: str
    brand: int
    pci_device_id: int
    pci_subsystem_id: int
    vbios: str
    board_part_number: str
    gpu_part_number: str
    inforom: dict[str, str]


class Compute(Block, frozen=True):
    """``architecture`` is NVML's enumeration."""

    architecture: int
    capability: tuple[int, int]
    multiprocessors: int
    cores: int


class Memory(Block, frozen=True):
    """What NVML reports as total includes what the driver reserves."""

    total_mib: int
    reserved_mib: int
    bar1_mib: int
    bus_width_bits: int


class Pcie(Block, frozen=True):
    """Maximum generation and lanes."""

    generation: int
    width: int


class NvLink(Block, frozen=True):
    """``version`` is NVML's enumeration, not the marketing generation."""

    version: int
    links: int
    link_speed_mb_s: int


class Power(Block, frozen=True):
    """Milliwatts."""

    default_mw: int
    min_mw: int
    max_mw: int
    idle_mw: int


class Clocks(Block, frozen=True):
    """Megahertz."""

    max_graphics_mhz: int
    max_memory_mhz: int
    max_video_mhz: int
    idle_graphics_mhz: int
    memory_mhz: tuple[int, ...]
    graphics_count: int


class Thermal(Block, frozen=True):
    """Degrees Celsius; T.Limit figures are distances to the limit."""

    shutdown_tlimit_c: int
    slowdown_tlimit_c: int
    max_tlimit_c: int
    idle_c: int


class Profile(Strict, frozen=True):
    """One GPU instance profile.

    Attributes:
        id: what create takes and nvidia-smi prints, e.g. 19.
        index: NVML_GPU_INSTANCE_PROFILE_*, e.g. 0 for one slice.
        size: memory slices.
        starts: memory slices where it may begin.
        engines: copy, decoder, encoder, jpeg and ofa engines.
        compute_instances: sizes in compute slices of the compute instances that fit.
    """

    id: int
    index: int
    name: str
    compute_slices: int
    size: int
    starts: tuple[int, ...]
    max: int
    memory_mib: int
    multiprocessors: int
    engines: tuple[int, int, int, int, int]
    compute_instances: tuple[int, ...]
    confidence: str


class Mig(Block, frozen=True):
    """What the board can be divided into."""

    needs_reset: bool
    max_devices: int
    memory_slices: int
    compute_slices: int
    profiles: tuple[Profile, ...]


class Board(Strict, frozen=True):
    """One product; ``mig`` is None where it cannot be divided."""

    schema: str
    key: str
    identity: Identity
    compute: Compute
    memory: Memory
    pcie: Pcie
    nvlink: NvLink | None
    power: Power
    clocks: Clocks
    thermal: Thermal
    mig: Mig | None


class Driver(Strict, frozen=True):
    """What the driver calls itself; ``cuda`` is major * 1000 + minor * 10."""

    version: str
    nvml: str
    cuda: int
    branch: str


class Cpus(Strict, frozen=True):
    """The host's processors, numbered socket by socket."""

    sockets: int
    cores_per_socket: int


class Fabric(Strict, frozen=True):
    """NVLink fabric; states and health are NVML's enumerations."""

    state: int
    clique: int
    cluster_uuid: str
    health_summary: int


class Slot(Strict, frozen=True):
    """Where one GPU sits."""

    bus: int
    module: int
    numa: int
    domain: int = 0


class Machine(Strict, frozen=True):
    """One node. ``board`` names a board file."""

    schema: str
    name: str
    description: str
    source: str
    confidence: str
    board: str
    driver: Driver
    cpus: Cpus
    fabric: Fabric
    gpus: tuple[Slot, ...]

    def gpu_uuid(self, index: int) -> str:
        """The UUID of GPU INDEX: the same in every run, different between machines of other names."""
        return f"GPU-{uuid.uuid5(NAMESPACE, f'{self.name}/{index}')}"

    def serial(self, index: int) -> str:
        """A board serial number of 13 digits."""
        return f"16{uuid.uuid5(NAMESPACE, f'{self.name}/{index}/serial').int % 10**11:011d}"


def _decode(path: str, text: str, kind: type[T]) -> T:
    try:
        return msgspec.convert(yaml.load(text, yaml.CSafeLoader), kind)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        message = f"{path}, line {line}: not YAML: {error.problem}"
        raise UsageError(message) from error
    except msgspec.ValidationError as error:
        message = f"{path}: {error}"
        raise UsageError(message) from error


def names() -> list[str]:
    """The machines that are shipped."""
    return sorted(p.name.removesuffix(".yaml") for p in files(__name__).iterdir() if p.name.endswith(".yaml"))


def load(name: str) -> tuple[Machine, Board]:
    """A shipped machine by name, or one from a file if NAME has a slash or ends in .yaml.

    Raises:
        UsageError: there is no such machine or board, or the file is malformed; names the file and the field.
    """
    if "/" in name or name.endswith(".yaml"):
        path = Path(name)
        if not path.is_file() or path.stat().st_size > FILE_MAX:
            message = f"machine file {name}: wanted a YAML file of at most {FILE_MAX} bytes, found none"
            raise UsageError(message)
        machine = _decode(name, path.read_text(), Machine)
    elif name in names():
        machine = _decode(f"{name}.yaml", files(__name__).joinpath(f"{name}.yaml").read_text(), Machine)
    else:
        message = f"unknown machine {name!r}; there are: {', '.join(names())} (or the path of a machine file)"
        raise UsageError(message)
    board = files(__name__).joinpath("boards", f"{machine.board}.yaml")
    if not board.is_file():
        message = f"machine {machine.name}: unknown board {machine.board!r}"
        raise UsageError(message)
    return machine, _decode(f"boards/{machine.board}.yaml", board.read_text(), Board)
