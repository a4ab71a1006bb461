"""What a board file and a machine file may say, and in which units. Nothing here changes while a node runs.

Every block has its ``source`` (spelt out at the head of the file) and its ``confidence``: documented, derived or
assumed; ``assumed`` names fields of a better known block that nobody has published. None in an optional field means
that nobody published it: the fake answers NOT_SUPPORTED.
"""

import uuid
from typing import Any

import msgspec

NAMESPACE = uuid.UUID("6b2f9ad4-6c0e-5a38-9f6e-3a8a2f0e7d11")


class Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of everything that is read from a file."""


class Block(Strict, frozen=True, kw_only=True):
    """A block of facts with where they come from."""

    source: str
    confidence: str
    assumed: tuple[str, ...] = ()


class Identity(Block, frozen=True, kw_only=True):
    """Names and numbers of the product; ``brand`` is NVML's enumeration; ``inforom`` has image, oem and ecc."""

    name: str
    brand: int
    pci_device_id: int
    pci_subsystem_id: int
    vbios: str | None
    board_part_number: str | None
    gpu_part_number: str | None
    inforom: dict[str, str] | None


class Compute(Block, frozen=True, kw_only=True):
    """``architecture`` is NVML's enumeration: 6 Turing, 7 Ampere, 8 Ada, 9 Hopper, 10 Blackwell, 13 Rubin."""

    architecture: int
    capability: tuple[int, int]
    multiprocessors: int
    cores: int


class Memory(Block, frozen=True, kw_only=True):
    """What NVML reports as total includes what the driver reserves.

    Attributes:
        remap_banks: banks of the row remapper; None on boards that retire pages instead, or where unknown.
        addressing_mode: 0 none, 1 HMM, 2 ATS.
    """

    total_mib: int
    reserved_mib: int
    bar1_mib: int
    bus_width_bits: int
    remap_banks: int | None
    addressing_mode: int


class Pcie(Block, frozen=True, kw_only=True):
    """Generation of the link with this host, generation of the board itself, and lanes."""

    generation: int
    device_generation: int
    width: int


class NvLink(Block, frozen=True, kw_only=True):
    """``version`` is NVML's enumeration (7 is NVLink 5.0), not the marketing generation; ``c2c``: a link to the CPU."""

    version: int
    links: int
    link_speed_mb_s: int
    c2c: bool


class Power(Block, frozen=True, kw_only=True):
    """Milliwatts; ``module_mw`` limits a superchip (CPU and GPUs together), None on other boards."""

    default_mw: int
    min_mw: int
    max_mw: int
    idle_mw: int
    module_mw: int | None = None
    module_min_mw: int | None = None


class Clocks(Block, frozen=True, kw_only=True):
    """Megahertz; ``graphics_count`` steps lead from the maximum down to the idle clock."""

    max_graphics_mhz: int
    max_memory_mhz: int
    max_video_mhz: int
    idle_graphics_mhz: int
    default_graphics_mhz: int
    memory_mhz: tuple[int, ...]
    graphics_count: int


class Thermal(Block, frozen=True, kw_only=True):
    """Degrees Celsius; with ``tlimit`` the first four are distances to the limit. ``fans`` is 0 on a passive board."""

    tlimit: bool
    shutdown_c: int
    slowdown_c: int
    max_operating_c: int
    memory_max_c: int | None
    idle_c: int
    fans: int = 0


class Profile(Strict, frozen=True, kw_only=True):
    """One GPU instance profile.

    Attributes:
        id: what create takes and nvidia-smi prints, e.g. 19.
        index: NVML_GPU_INSTANCE_PROFILE_*, e.g. 0 for one slice.
        size: memory slices.
        starts: memory slices where it may begin.
        engines: copy, decoder, encoder, jpeg and ofa engines.
        compute_instances: sizes in compute slices of the compute instances that fit.
        graphics: graphics work can run in it.
        placements: how sure ``size`` and ``starts`` are.
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
    source: str
    confidence: str
    placements: str
    graphics: bool = False


class Mig(Block, frozen=True, kw_only=True):
    """What the board can be divided into; ``needs_reset``: a new mode waits for a reset, and outlives a reboot.

    Attributes:
        bar1_mib: what the memory slices share of the BAR1 window; None where nobody published it.
        idle_kib_per_slice: memory that an idle instance uses, per compute slice.
    """

    needs_reset: bool
    max_devices: int
    memory_slices: int
    compute_slices: int
    profiles: tuple[Profile, ...]
    bar1_mib: int | None = None
    idle_kib_per_slice: int = 0


class Board(Strict, frozen=True, kw_only=True):
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


class Driver(Strict, frozen=True, kw_only=True):
    """What the driver calls itself; ``cuda`` is major * 1000 + minor * 10."""

    version: str
    nvml: str
    cuda: int
    branch: str


class Cpus(Strict, frozen=True, kw_only=True):
    """The host's processors, numbered socket by socket."""

    sockets: int
    cores_per_socket: int


class Fabric(Strict, frozen=True, kw_only=True):
    """NVLink fabric as it is after a boot; states and health are NVML's, the mask's fields are not supported when 0."""

    state: int
    clique: int
    cluster_uuid: str
    health_summary: int
    health_mask: int = 0


class Switches(Block, frozen=True, kw_only=True):
    """The NVSwitch chips to which the links lead."""

    count: int
    pci_device_id: int


class Rack(Strict, frozen=True, kw_only=True):
    """A machine that is one of ``nodes`` trays of one NVLink domain; tray N sits in slot ``first_slot`` + N."""

    nodes: int
    first_slot: int
    chassis_serial: str


class Slot(Strict, frozen=True, kw_only=True):
    """Where one GPU sits, and on which superchip of the node; its ``uuid``, ``serial`` and ``pdi`` only in a recording, else they are made from its name."""

    bus: int
    module: int
    numa: int
    domain: int = 0
    superchip: int | None = None
    uuid: str | None = None
    serial: str | None = None
    pdi: int | None = None


class Call(Strict, frozen=True, kw_only=True):
    """One call of a recording: ``gpu`` is None for calls about the system, ``value`` None where it was refused."""

    call: str
    gpu: int | None
    arguments: tuple[int | str, ...]
    code: str
    value: Any = None


class Machine(Strict, frozen=True, kw_only=True):
    """One node. ``board`` names a board file; ``node`` is the tray, and ``rack_number`` the rack, that was asked for.

    Attributes:
        inline_board: the board itself, in files that a recorder wrote.
        initial: modes that GPUs have at first, by the names of ``state.GpuState``, where they differ from the usual.
        recording: what the recorded machine answered.
    """

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
    switches: Switches | None = None
    rack: Rack | None = None
    inline_board: Board | None = None
    initial: dict[str, Any] = {}
    recording: tuple[Call, ...] = ()
    node: int = 0
    rack_number: int = 0

    @property
    def seed(self) -> str:
        """What distinguishes the GPUs of this node from those of any other."""
        return f"{self.rack_seed}/node{self.node}" if self.rack else self.name

    @property
    def rack_seed(self) -> str:
        """What distinguishes this rack from others of its kind; the first one is as in the machine's file."""
        return f"{self.name}/rack{self.rack_number}" if self.rack_number else self.name

    def gpu_uuid(self, index: int) -> str:
        """The UUID of GPU INDEX: the same in every run, different between nodes and machines of other names."""
        return self.gpus[index].uuid or f"GPU-{uuid.uuid5(NAMESPACE, f'{self.seed}/{index}')}"

    def serial(self, index: int) -> str:
        """A board serial number of 13 digits, which the GPUs of a superchip share (captures of GB200, GB300, Rubin)."""
        chip = self.gpus[index].superchip
        first = index if chip is None else [slot.superchip for slot in self.gpus].index(chip)
        made = f"16{uuid.uuid5(NAMESPACE, f'{self.seed}/{first}/serial').int % 10**11:011d}"
        return self.gpus[index].serial or made

    def pdi(self, index: int) -> int:
        """The 64-bit identifier that is burnt into the chip."""
        return self.gpus[index].pdi or uuid.uuid5(NAMESPACE, f"{self.seed}/{index}/pdi").int & (1 << 64) - 1
