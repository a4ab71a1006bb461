"""One fake node as values: the machine's facts, each GPU's state, and the handles by which clients name things.

``Node`` is the only thing that changes, and only by replacing a GPU's frozen state; whoever changes it says so to
``touched``, from which the daemon learns what to publish again. The state is saved as JSON, so that it outlives the
daemon as a kernel driver's state outlives a monitor.
"""

import uuid
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from fake_nvml.abi.codes import Code
from fake_nvml.machines import NAMESPACE, Board, Machine, Profile
from fake_nvml.mig import ComputeInstance, GpuInstance, profile_by_id

GPU, MIG_DEVICE, GPU_INSTANCE, COMPUTE_INSTANCE, EVENT_SET = 0x7E01, 0x7E02, 0x7E03, 0x7E04, 0x7E05


class NvmlError(Exception):
    """A modelled call ends with a code other than success."""

    def __init__(self, code: Code) -> None:
        super().__init__(code.name)
        self.code = code


class GpuState(msgspec.Struct, frozen=True, kw_only=True):
    """What can change on one GPU; the defaults are those after a boot.

    Attributes:
        mig, mig_pending: MIG mode now and after the next reset.
        persistence, compute_mode, accounting: NVML's enumerations.
        power_limit_mw: 0 is the board's default.
        locked_graphics_mhz: lowest and highest locked clock, (0, 0) is not locked.
        ecc, ecc_pending: ECC mode now and after the next boot.
        lost: the GPU has fallen off the bus.
        xids: the XIDs that were raised since boot.
        fabric_state: -1 is the machine's.
    """

    mig: bool = False
    mig_pending: bool = False
    persistence: int = 1
    compute_mode: int = 0
    accounting: int = 0
    power_limit_mw: int = 0
    locked_graphics_mhz: tuple[int, int] = (0, 0)
    ecc: bool = True
    ecc_pending: bool = True
    lost: bool = False
    xids: tuple[int, ...] = ()
    fabric_state: int = -1
    instances: tuple[GpuInstance, ...] = ()


@dataclass(slots=True)
class Node:
    """A machine and the state of its GPUs; ``touched`` collects indices of GPUs that changed."""

    machine: Machine
    board: Board
    states: list[GpuState]
    touched: set[int] = field(default_factory=set)

    def replace(self, index: int, **changes: object) -> None:
        """Change GPU INDEX."""
        self.states[index] = msgspec.structs.replace(self.states[index], **changes)
        self.touched.add(index)

    def gpus(self) -> list["Gpu"]:
        """All GPUs in NVML's order, by PCI address."""
        return [Gpu(self, index) for index in range(len(self.machine.gpus))]

    def reboot(self) -> None:
        """Clear what a reboot clears: on boards that reset MIG with the driver all of it; ECC becomes what was pending."""
        for index, state in enumerate(self.states):
            self.states[index] = GpuState(ecc=state.ecc_pending, ecc_pending=state.ecc_pending)
            self.touched.add(index)


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


def load_node(machine: Machine, board: Board, state_file: Path) -> Node:
    """A node as it was left, or as after a boot if it was never used or held another machine."""
    if state_file.exists():
        saved = msgspec.json.decode(state_file.read_bytes(), type=dict[str, list[GpuState]])
        if machine.name in saved and len(saved[machine.name]) == len(machine.gpus):
            return Node(machine, board, saved[machine.name])
    return Node(machine, board, [GpuState() for _ in machine.gpus])


def save_node(node: Node, state_file: Path) -> None:
    """Write the state in one step."""
    scratch = state_file.with_suffix(".new")
    scratch.write_bytes(msgspec.json.encode({node.machine.name: node.states}))
    scratch.replace(state_file)
