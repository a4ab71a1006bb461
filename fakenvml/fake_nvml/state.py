"""What can change on one GPU, as a frozen value that is saved as JSON; the defaults are those after a first boot."""

import msgspec

from fake_nvml.mig import GpuInstance

INFOROM = frozenset({"ecc", "mig", "dram_encryption", "default_auto_boost", "power_mizer"})
"""Settings and modes that a board keeps when the power goes."""


class FabricState(msgspec.Struct, frozen=True, kw_only=True):
    """Fabric registration that differs from the machine's file; -1 keeps what the file says."""

    state: int = -1
    status: int = 0
    clique: int = -1
    cliques: tuple[int, ...] = ()
    health_mask: int = -1
    health_summary: int = -1


class Remaps(msgspec.Struct, frozen=True, kw_only=True):
    """Rows of memory that were replaced: after correctable and uncorrectable errors."""

    correctable: int = 0
    uncorrectable: int = 0
    pending: bool = False
    failed: bool = False


class Vgpu(msgspec.Struct, frozen=True, kw_only=True):
    """A virtual GPU of a virtual machine on this GPU; ``id`` is what NVML calls the instance."""

    id: int
    type: int
    vm: str
    gi: int = 0xFFFFFFFF
    encoder_capacity: int = 100
    accounting_cleared: bool = False


class GpuState(msgspec.Struct, frozen=True, kw_only=True):
    """One GPU.

    Attributes:
        mig, mig_pending: MIG mode now and after the next reset.
        ecc, ecc_pending: ECC mode now and after the next boot.
        persistence, compute_mode, accounting: NVML's enumerations.
        timeslice: 0 default, 1 short, 2 medium, 3 long: how long a process may run before the next one does.
        power_limit_mw: 0 is the board's default.
        locked_graphics_mhz, locked_memory_mhz: lowest and highest locked clock, (0, 0) is not locked.
        application_mhz: memory and graphics clock, (0, 0) is the board's default.
        settings: what simple setters left, by name (see ``calls.settings``).
        readings: sensors that a test has set: temperature_c, power_mw, gpu_percent, memory_percent, pstate,
            clock_reasons, fan_percent.
        errors: counters, "volatile/corrected/dram" and so on for memory, "nvlink/3/replay" for links, "pcie/replay".
        links_down: NVLinks that are inactive.
        lost: the GPU has fallen off the bus.
        drained: no new work is taken.
        xids: the XIDs that were raised since boot.
        virtual_functions: how many PCI functions of the GPU (SR-IOV) are enabled for virtual machines.
        recovery_action: what the driver wants done: 0 nothing, 1 reset, 2 reboot, 3 drain P2P, 4 drain and reset.
        retired: addresses of retired pages: (cause, address, microseconds since the epoch).
    """

    mig: bool = False
    mig_pending: bool = False
    ecc: bool = True
    ecc_pending: bool = True
    persistence: int = 1
    compute_mode: int = 0
    accounting: int = 0
    timeslice: int = 0
    power_limit_mw: int = 0
    locked_graphics_mhz: tuple[int, int] = (0, 0)
    locked_memory_mhz: tuple[int, int] = (0, 0)
    application_mhz: tuple[int, int] = (0, 0)
    settings: dict[str, int | float | str] = {}
    readings: dict[str, int] = {}
    errors: dict[str, int] = {}
    links_down: tuple[int, ...] = ()
    fabric: FabricState = FabricState()
    remaps: Remaps = Remaps()
    retired: tuple[tuple[int, int, int], ...] = ()
    lost: bool = False
    drained: bool = False
    xids: tuple[int, ...] = ()
    recovery_action: int = 0
    virtual_functions: int = 0
    vgpus: tuple[Vgpu, ...] = ()
    instances: tuple[GpuInstance, ...] = ()


def _settings(state: GpuState, kept: dict[str, int | float | str]) -> dict[str, int | float | str]:
    """KEPT, with what was waiting for this moment."""
    waiting = state.settings.get("dram_encryption")
    return kept if waiting is None else {**kept, "dram_encryption_now": waiting}


def after_reset(state: GpuState) -> GpuState:
    """The GPU after ``nvidia-smi -r``: pending modes hold, instances and volatile counters are gone."""
    return msgspec.structs.replace(
        state,
        mig=state.mig_pending,
        ecc=state.ecc_pending,
        instances=(),
        vgpus=(),
        errors={name: count for name, count in state.errors.items() if name.startswith("aggregate/")},
        remaps=msgspec.structs.replace(state.remaps, pending=False),
        links_down=(),
        xids=(),
        recovery_action=0,
        readings={},
        settings=_settings(state, state.settings),
    )


def after_boot(state: GpuState, *, mig_in_inforom: bool) -> GpuState:
    """The GPU after a boot: only what the InfoROM holds is left. MIG mode is in it on boards that need a reset for it."""
    mig = state.mig_pending and mig_in_inforom
    return GpuState(
        mig=mig,
        mig_pending=mig,
        ecc=state.ecc_pending,
        ecc_pending=state.ecc_pending,
        settings=_settings(state, {name: v for name, v in state.settings.items() if name in INFOROM}),
        errors={name: count for name, count in state.errors.items() if name.startswith("aggregate/")},
        remaps=msgspec.structs.replace(state.remaps, pending=False),
        retired=state.retired,
    )
