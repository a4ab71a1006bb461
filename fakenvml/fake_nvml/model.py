"""One fake node: the machine's facts, each GPU's state, what runs on it, and the handles by which clients name things.

``Node`` is the only thing that changes, and only by replacing a GPU's frozen state; each change is noted in
``touched``, from which the daemon learns what to publish again. The state is saved as JSON, so that it outlives the
daemon as a kernel driver's state outlives a monitor; processes, event sets and samples live as long as the daemon.
"""

import itertools
import time
import uuid
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

import msgspec

from fake_nvml.abi.codes import Code
from fake_nvml.machines import NAMESPACE, Board, Machine, Profile
from fake_nvml.mig import ComputeInstance, GpuInstance, profile_by_id
from fake_nvml.state import GpuState, after_boot, after_reset

GPU, MIG_DEVICE, GPU_INSTANCE, COMPUTE_INSTANCE, EVENT_SET, GPM_SAMPLE = (
    0x7E01, 0x7E02, 0x7E03, 0x7E04, 0x7E05, 0x7E06,
)  # fmt: skip
NO_INSTANCE = 0xFFFFFFFF
MIB = 1 << 20
EVENTS_KEPT = 1024
SETS_MAX = 4096


class NvmlError(Exception):
    """A modelled call ends with a code other than success."""

    def __init__(self, code: Code) -> None:
        super().__init__(code.name)
        self.code = code


class Process(msgspec.Struct, frozen=True, kw_only=True):
    """A process that has a context on a GPU: ``kind`` is C compute, G graphics or M a client of an MPS server."""

    pid: int
    name: str
    gpu: int
    used_bytes: int = 0
    kind: str = "C"
    gi: int = NO_INSTANCE
    ci: int = NO_INSTANCE
    sm_percent: int = 0
    memory_percent: int = 0
    started_s: float = 0.0
    peak_bytes: int = 0


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """What an event set delivers; ``type`` is one bit of nvmlEventType, ``record``: as a GPU operational event."""

    type: int
    gpu: int
    data: int = 0
    gi: int = NO_INSTANCE
    ci: int = NO_INSTANCE
    at_us: int = 0
    record: bool = False


class RecordFilter(msgspec.Struct, frozen=True, kw_only=True):
    """A subscription to the GPU operational events of one GPU."""

    gpu: int
    min_severity: int = 0
    min_log_level: int = 0


@dataclass(slots=True)
class EventSet:
    """A client's subscription: masks by GPU, and what it has not fetched yet. ``last`` is what v3 has more to say about."""

    owner: int
    masks: dict[int, int] = field(default_factory=dict)
    records: set[RecordFilter] = field(default_factory=set)
    queue: deque[Event] = field(default_factory=lambda: deque(maxlen=EVENTS_KEPT))
    last: Event | None = None


@dataclass(slots=True)
class Node:
    """A machine and the state of its GPUs.

    Attributes:
        touched: indices of GPUs that changed since the daemon published.
        happened: events that the daemon has not delivered yet.
        processes: by a number that the daemon gives each context.
        finished: what accounting mode remembers of processes that ended, by GPU.
        sets, samples: event sets and GPM samples by number.
        numbers: for the next context, event set or sample.
        system: settings of the whole node, by name.
        started_s: when this driver was loaded, seconds since the epoch.
    """

    machine: Machine
    board: Board
    states: list[GpuState]
    system: dict[str, int] = field(default_factory=dict)
    touched: set[int] = field(default_factory=set)
    happened: list[Event] = field(default_factory=list)
    processes: dict[int, Process] = field(default_factory=dict)
    finished: dict[int, list[tuple[Process, float]]] = field(default_factory=dict)
    sets: dict[int, EventSet] = field(default_factory=dict)
    samples: dict[int, dict[str, float]] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    started_s: float = field(default_factory=time.time)

    def replace(self, index: int, **changes: object) -> None:
        """Change GPU INDEX."""
        self.states[index] = msgspec.structs.replace(self.states[index], **changes)
        self.touched.add(index)

    def emit(self, event: Event) -> None:
        """Something happened that event sets may want to know."""
        self.happened.append(msgspec.structs.replace(event, at_us=int(time.time() * 1e6)))

    @property
    def driver_branch(self) -> int:
        """The driver's branch: 580 of 580.105.08."""
        return int(self.machine.driver.version.partition(".")[0])

    def gpus(self) -> list["Gpu"]:
        """All GPUs in NVML's order, by PCI address."""
        return [Gpu(self, index) for index in range(len(self.machine.gpus))]

    def reset(self, index: int) -> None:
        """Reset one GPU.

        Raises:
            NvmlError: IN_USE, processes have it open.
        """
        if any(process.gpu == index for process in self.processes.values()):
            raise NvmlError(Code.IN_USE)
        self.states[index] = after_reset(self.states[index])
        self.touched.add(index)

    def reboot(self) -> None:
        """Clear what a reboot clears."""
        keeps_mig = self.board.mig is not None and self.board.mig.needs_reset
        for index, state in enumerate(self.states):
            self.states[index] = after_boot(state, mig_in_inforom=keeps_mig)
            self.touched.add(index)
        self.processes.clear()
        self.finished.clear()
        self.system.clear()
        self.started_s = time.time()


@dataclass(frozen=True, slots=True)
class Gpu:
    """GPU ``index`` of a node."""

    node: Node
    index: int

    @property
    def state(self) -> GpuState:
        """As it is now."""
        return self.node.states[self.index]

    @property
    def board(self) -> Board:
        """The product."""
        return self.node.board

    @property
    def handle(self) -> int:
        """The NVML handle."""
        return GPU << 32 | self.index << 16

    @property
    def uuid(self) -> str:
        """The UUID, with its prefix."""
        return self.node.machine.gpu_uuid(self.index)

    @property
    def bus_id(self) -> str:
        """As NVML prints it: an eight-digit domain."""
        slot = self.node.machine.gpus[self.index]
        return f"{slot.domain:08X}:{slot.bus:02X}:00.0"

    def reading(self, name: str, otherwise: int) -> int:
        """A sensor: what a test has set, else OTHERWISE."""
        return self.state.readings.get(name, otherwise)

    def setting(self, name: str, otherwise: int = 0) -> int:
        """What a setter left, else OTHERWISE."""
        return int(self.state.settings.get(name, otherwise))

    def change(self, **changes: object) -> None:
        """Change this GPU."""
        self.node.replace(self.index, **changes)

    def keep(self, name: str, value: float | str) -> None:
        """Remember a setting."""
        self.change(settings={**self.state.settings, name: value})

    def processes(self) -> list[Process]:
        """What runs on this GPU, by process id."""
        mine = (process for process in self.node.processes.values() if process.gpu == self.index)
        return sorted(mine, key=lambda process: process.pid)

    def instance(self, gi: int) -> GpuInstance:
        """The GPU instance with that id.

        Raises:
            NvmlError: NOT_FOUND.
        """
        for instance in self.state.instances:
            if instance.id == gi:
                return instance
        raise NvmlError(Code.NOT_FOUND)

    def profile(self, profile_id: int) -> Profile:
        """The GPU instance profile with that id.

        Raises:
            NvmlError: INVALID_ARGUMENT, no such profile; NOT_SUPPORTED, no MIG.
        """
        if self.node.board.mig is None:
            raise NvmlError(Code.NOT_SUPPORTED)
        profile = profile_by_id(self.node.board.mig, profile_id)
        if profile is None:
            raise NvmlError(Code.INVALID_ARGUMENT)
        return profile

    def mig_devices(self) -> list["MigDevice"]:
        """MIG devices in NVML's order: GPU instance, then compute instance."""
        return [MigDevice(self, gi, ci) for gi in self.state.instances for ci in gi.compute]


@dataclass(frozen=True, slots=True)
class MigDevice:
    """What a compute instance is to its user."""

    gpu: Gpu
    gi: GpuInstance
    ci: ComputeInstance

    @property
    def handle(self) -> int:
        """The NVML handle."""
        return MIG_DEVICE << 32 | self.gpu.index << 16 | self.gi.id << 8 | self.ci.id

    @property
    def uuid(self) -> str:
        """Stable while the instance lives, and the same for the same instance of the same GPU."""
        return f"MIG-{uuid.uuid5(NAMESPACE, f'{self.gpu.uuid}/{self.gi.id}/{self.ci.id}')}"

    @property
    def profile(self) -> Profile:
        """Of the GPU instance."""
        return self.gpu.profile(self.gi.profile)

    @property
    def total_bytes(self) -> int:
        """Memory of the GPU instance, which its compute instances share."""
        return self.profile.memory_mib * MIB

    def processes(self) -> list[Process]:
        """What runs on this device."""
        ids = (self.gi.id, self.ci.id)
        return [process for process in self.gpu.processes() if (process.gi, process.ci) == ids]

    def used_bytes(self) -> int:
        """What processes of the whole GPU instance have allocated."""
        return sum(process.used_bytes for process in self.gpu.processes() if process.gi == self.gi.id)


def gi_handle(gpu: Gpu, gi: GpuInstance) -> int:
    """The handle of a GPU instance."""
    return GPU_INSTANCE << 32 | gpu.index << 16 | gi.id << 8


def ci_handle(gpu: Gpu, gi: GpuInstance, ci: ComputeInstance) -> int:
    """The handle of a compute instance."""
    return COMPUTE_INSTANCE << 32 | gpu.index << 16 | gi.id << 8 | ci.id


@dataclass(frozen=True, slots=True)
class InstanceOf:
    """A GPU instance with its GPU; ``ci`` is set when a compute instance was named."""

    gpu: Gpu
    gi: GpuInstance
    ci: ComputeInstance | None = None


@dataclass(frozen=True, slots=True)
class NumberedIn:
    """An event set or a GPM sample: the node's table holds it under ``number``."""

    node: Node
    number: int


def index_of(handle: int) -> int | None:
    """The GPU that a handle of a GPU, a MIG device or an instance is about; None for other handles."""
    on_gpu = handle >> 32 in (GPU, MIG_DEVICE, GPU_INSTANCE, COMPUTE_INSTANCE)
    return handle >> 16 & 0xFFFF if on_gpu else None


def resolve(node: Node, handle: int) -> Gpu | MigDevice | InstanceOf:
    """What HANDLE names.

    Raises:
        NvmlError: INVALID_ARGUMENT, nothing; GPU_IS_LOST, the GPU is gone.
    """
    kind, index, gi_id, ci_id = handle >> 32, handle >> 16 & 0xFFFF, handle >> 8 & 0xFF, handle & 0xFF
    if kind not in (GPU, MIG_DEVICE, GPU_INSTANCE, COMPUTE_INSTANCE) or index >= len(node.states):
        raise NvmlError(Code.INVALID_ARGUMENT)
    gpu = Gpu(node, index)
    if kind == GPU:
        if handle & 0xFFFF:
            raise NvmlError(Code.INVALID_ARGUMENT)
        return gpu
    for gi in gpu.state.instances:
        if gi.id != gi_id:
            continue
        if kind == GPU_INSTANCE:
            return InstanceOf(gpu, gi)
        for ci in gi.compute:
            if ci.id == ci_id:
                return MigDevice(gpu, gi, ci) if kind == MIG_DEVICE else InstanceOf(gpu, gi, ci)
    raise NvmlError(Code.INVALID_ARGUMENT)
