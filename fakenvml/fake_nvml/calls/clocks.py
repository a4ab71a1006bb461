"""Clocks and P-states: what runs, what may run, what was locked; and the reasons why it runs slower."""

import struct
import time
from typing import TYPE_CHECKING

from fake_nvml.abi.codes import Code
from fake_nvml.calls.registry import Caller, action, check, getter
from fake_nvml.machines import Clocks
from fake_nvml.model import Event, Gpu

if TYPE_CHECKING:
    from fake_nvml.abi import structures_generated as nv


CLOCK_TYPES = range(4)
"""Graphics, SM, memory, video."""
MEMORY = 2
PSTATES = (0, 8)
"""The P-states of boards for servers: full speed, and idle."""
CLOCK_EVENT, PSTATE_EVENT = 0x10, 0x4
IDLE_REASON, APPLICATION_REASON = 0x1, 0x2


def busy(gpu: Gpu) -> int:
    """Percent of the time in which a kernel ran: what a test has set, else what the processes say."""
    return gpu.reading("gpu_percent", min(100, sum(process.sm_percent for process in gpu.processes())))


def _maximum(clocks: Clocks, kind: int) -> int:
    check(kind < 4)
    return (clocks.max_graphics_mhz, clocks.max_graphics_mhz, clocks.max_memory_mhz, clocks.max_video_mhz)[
        kind
    ]


@getter("nvmlDeviceGetClockInfo", over=(CLOCK_TYPES,))
def clock(gpu: Gpu, kind: int) -> int:
    """Idle boards stay at their idle clock, busy ones run at the application clock; locks hold in both cases."""
    clocks = gpu.board.clocks
    highest = _maximum(clocks, kind)
    if kind == MEMORY:
        low, high = gpu.state.locked_memory_mhz
        return max(low, min(highest, high or highest))
    low, high = gpu.state.locked_graphics_mhz
    wanted = _application(gpu)[1] if busy(gpu) else clocks.idle_graphics_mhz
    return min(max(wanted, low), high or highest)


@getter("nvmlDeviceGetMaxClockInfo", "nvmlDeviceGetMaxCustomerBoostClock", over=(CLOCK_TYPES,), fixed=True)
def max_clock(gpu: Gpu, kind: int) -> int:
    return _maximum(gpu.board.clocks, kind)


@getter("nvmlDeviceGetClock", over=(CLOCK_TYPES, range(4)))
def clock_by_id(gpu: Gpu, kind: int, which: int) -> int:
    """0 current, 1 application target, 2 application default, 3 the customer's maximum."""
    check(which < 4)
    if which in (1, 2):
        return int((application_clock, default_application_clock)[which - 1](gpu, kind))
    return int(clock(gpu, kind)) if which == 0 else int(max_clock(gpu, kind))


def _application(gpu: Gpu) -> tuple[int, int]:
    """Memory and graphics clock under load."""
    memory, graphics = gpu.state.application_mhz
    return memory or gpu.board.clocks.max_memory_mhz, graphics or gpu.board.clocks.default_graphics_mhz


@getter("nvmlDeviceGetApplicationsClock", over=(CLOCK_TYPES,))
def application_clock(gpu: Gpu, kind: int) -> int:
    """Deprecated since driver 590 (captures of 580.105.08 answer, of 590.48.01 do not)."""
    check(kind < 4)
    check(gpu.node.driver_branch < 590, Code.DEPRECATED)
    check(kind < 3, Code.NOT_SUPPORTED)
    return _application(gpu)[0 if kind == MEMORY else 1]


@getter("nvmlDeviceGetDefaultApplicationsClock", over=(CLOCK_TYPES,), fixed=True)
def default_application_clock(gpu: Gpu, kind: int) -> int:
    """Deprecated with ``application_clock``."""
    check(kind < 4)
    check(gpu.node.driver_branch < 590, Code.DEPRECATED)
    check(kind < 3, Code.NOT_SUPPORTED)
    clocks = gpu.board.clocks
    return clocks.max_memory_mhz if kind == MEMORY else clocks.default_graphics_mhz


def _moved(gpu: Gpu, **changes: object) -> None:
    before = clock(gpu, 0), clock(gpu, MEMORY)
    gpu.change(**changes)
    if before != (clock(gpu, 0), clock(gpu, MEMORY)):
        gpu.node.emit(Event(type=CLOCK_EVENT, gpu=gpu.index, data=int(clock(gpu, 0))))


@action("nvmlDeviceSetApplicationsClocks")
def set_application_clocks(_caller: Caller, gpu: Gpu, memory: int, graphics: int) -> None:
    check(memory in gpu.board.clocks.memory_mhz and graphics in graphics_clocks(gpu, memory))
    _moved(gpu, application_mhz=(memory, graphics))


@action("nvmlDeviceResetApplicationsClocks")
def reset_application_clocks(_caller: Caller, gpu: Gpu) -> None:
    _moved(gpu, application_mhz=(0, 0))


@getter("nvmlDeviceGetSupportedMemoryClocks", fixed=True)
def memory_clocks(gpu: Gpu) -> list[int]:
    return list(gpu.board.clocks.memory_mhz)


@getter("nvmlDeviceGetSupportedGraphicsClocks", over=(lambda node: node.board.clocks.memory_mhz,), fixed=True)
def graphics_clocks(gpu: Gpu, memory_mhz: int) -> list[int]:
    clocks = gpu.board.clocks
    check(memory_mhz in clocks.memory_mhz, Code.NOT_FOUND)
    span, steps = clocks.max_graphics_mhz - clocks.idle_graphics_mhz, clocks.graphics_count - 1
    return [clocks.max_graphics_mhz - span * step // steps for step in range(clocks.graphics_count)]


@action("nvmlDeviceSetGpuLockedClocks")
def lock_clocks(_caller: Caller, gpu: Gpu, low: int, high: int) -> None:
    clocks = gpu.board.clocks
    check(low <= high)
    check(clocks.idle_graphics_mhz <= high and low <= clocks.max_graphics_mhz)
    _moved(gpu, locked_graphics_mhz=(low, min(high, clocks.max_graphics_mhz)))


@action("nvmlDeviceResetGpuLockedClocks")
def reset_clocks(_caller: Caller, gpu: Gpu) -> None:
    _moved(gpu, locked_graphics_mhz=(0, 0))


@action("nvmlDeviceSetMemoryLockedClocks")
def lock_memory_clocks(_caller: Caller, gpu: Gpu, low: int, high: int) -> None:
    check(low <= high and low <= gpu.board.clocks.max_memory_mhz)
    _moved(gpu, locked_memory_mhz=(low, min(high, gpu.board.clocks.max_memory_mhz)))


@action("nvmlDeviceResetMemoryLockedClocks")
def reset_memory_clocks(_caller: Caller, gpu: Gpu) -> None:
    _moved(gpu, locked_memory_mhz=(0, 0))


@getter("nvmlDeviceGetGpcClkMinMaxVfOffset", fixed=True)
def gpc_offsets(gpu: Gpu) -> tuple[int, int]:
    check(gpu.board.compute.architecture >= 8, Code.NOT_SUPPORTED)
    return -300, 300


@getter("nvmlDeviceGetMemClkMinMaxVfOffset", fixed=True)
def memory_offsets(gpu: Gpu) -> tuple[int, int]:
    check(gpu.board.compute.architecture >= 8, Code.NOT_SUPPORTED)
    return -500, 3000


@getter("nvmlDeviceGetClockOffsets", over=(CLOCK_TYPES, PSTATES))
def clock_offsets(gpu: Gpu, kind: int, pstate: int) -> "nv.ClockOffsetV1":
    check(gpu.board.compute.architecture >= 8, Code.NOT_SUPPORTED)
    check(kind < 4 and pstate in PSTATES)
    check(kind in (0, MEMORY), Code.NOT_SUPPORTED)
    name, (low, high) = (
        ("mem_offset", memory_offsets(gpu)) if kind == MEMORY else ("gpc_offset", gpc_offsets(gpu))
    )
    return {
        "type": kind,
        "pstate": pstate,
        "clockOffsetMHz": gpu.setting(name),
        "minClockOffsetMHz": low,
        "maxClockOffsetMHz": high,
    }


@action("nvmlDeviceSetClockOffsets")
def set_clock_offsets(_caller: Caller, gpu: Gpu, kind: int, pstate: int, offset: int) -> None:
    limits = clock_offsets(gpu, kind, pstate)
    (signed,) = struct.unpack("<i", struct.pack("<I", offset))
    check(limits["minClockOffsetMHz"] <= signed <= limits["maxClockOffsetMHz"])
    gpu.keep("mem_offset" if kind == MEMORY else "gpc_offset", signed)


@getter("nvmlDeviceGetPerformanceState")
def performance_state(gpu: Gpu) -> int:
    return gpu.reading("pstate", 0)


@getter("nvmlDeviceGetPowerState")
def power_state(gpu: Gpu) -> int:
    """The old name of the performance state, deprecated since driver 595 (captures of 595.91.07)."""
    check(gpu.node.driver_branch < 595, Code.DEPRECATED)
    return int(performance_state(gpu))


@getter("nvmlDeviceGetSupportedPerformanceStates", fixed=True)
def performance_states(_gpu: Gpu) -> bytes:
    """The rest of the sixteen places says NVML_PSTATE_UNKNOWN."""
    return struct.pack("<16I", *PSTATES, *(32,) * (16 - len(PSTATES)))


@getter("nvmlDeviceGetMinMaxClockOfPState", over=(CLOCK_TYPES, PSTATES), fixed=True)
def clocks_of_pstate(gpu: Gpu, kind: int, pstate: int) -> tuple[int, int]:
    check(pstate in PSTATES)
    clocks = gpu.board.clocks
    highest = _maximum(clocks, kind)
    if kind == MEMORY:
        return min(clocks.memory_mhz), highest
    return clocks.idle_graphics_mhz, highest if pstate == 0 else clocks.idle_graphics_mhz


def _modes(gpu: Gpu) -> str:
    clocks = gpu.board.clocks
    parts = [
        f"perf={index}, nvclock={low}, nvclockmin={low}, nvclockmax={high}, nvclockeditable=0, "
        f"memclock={clocks.max_memory_mhz}, memclockmin={min(clocks.memory_mhz)}, "
        f"memclockmax={clocks.max_memory_mhz}, memclockeditable=0"
        for index, (low, high) in enumerate(clocks_of_pstate(gpu, 0, pstate) for pstate in reversed(PSTATES))
    ]
    return " ; ".join(parts)


@getter("nvmlDeviceGetPerformanceModes", fixed=True)
def performance_modes(gpu: Gpu) -> "nv.DevicePerfModesV1":
    return {"str": _modes(gpu)}


@getter("nvmlDeviceGetCurrentClockFreqs")
def clock_frequencies(gpu: Gpu) -> "nv.DeviceCurrentClockFreqsV1":
    graphics, memory = clock(gpu, 0), clock(gpu, MEMORY)
    return {"str": f"perf={len(PSTATES) - 1}, nvclock={graphics}, memclock={memory}"}


@getter("nvmlDeviceGetCurrentClocksEventReasons", "nvmlDeviceGetCurrentClocksThrottleReasons")
def clock_reasons(gpu: Gpu) -> int:
    locked = any((*gpu.state.locked_graphics_mhz, *gpu.state.application_mhz))
    usual = (APPLICATION_REASON if locked else 0) | (0 if busy(gpu) else IDLE_REASON)
    return gpu.reading("clock_reasons", usual)


@getter("nvmlDeviceGetSupportedClocksEventReasons", "nvmlDeviceGetSupportedClocksThrottleReasons", fixed=True)
def supported_clock_reasons(_gpu: Gpu) -> int:
    """All nine, also on boards without NVLink (captures of H100 on 590.48.01, L40S on 595.80)."""
    return 0x1FF


@getter("nvmlDeviceGetAdaptiveClockInfoStatus", fixed=True)
def adaptive_clocking(gpu: Gpu) -> int:
    return int(gpu.board.compute.architecture >= 7)


@getter("nvmlDeviceGetClkMonStatus", fixed=True)
def clock_monitor(gpu: Gpu) -> "nv.ClkMonStatus":
    """Clock monitors came with Hopper; none reports a fault."""
    check(gpu.board.compute.architecture >= 9, Code.NOT_SUPPORTED)
    return {"bGlobalStatus": 1, "clkMonListSize": 0}


@getter("nvmlDeviceGetViolationStatus", over=(range(12),), live=True)
def violations(gpu: Gpu, policy: int) -> "nv.ViolationTime":
    """Nanoseconds: reference time, and how long the policy held clocks down (a reason counts from when it was set)."""
    check(policy in (0, 1, 2, 3, 4, 5, 10, 11))
    bit = {0: 0x4, 1: 0x60, 2: 0x10, 3: 0x8, 4: 0x1, 5: 0x80, 10: 0x2, 11: 0x1FF}[policy]
    elapsed = int((time.time() - gpu.node.started_s) * 1e9)
    return {
        "referenceTime": int(time.time() * 1e6),
        "violationTime": elapsed if clock_reasons(gpu) & bit else 0,
    }


@getter("nvmlDeviceGetDynamicPstatesInfo")
def dynamic_pstates(gpu: Gpu) -> "nv.GpuDynamicPstatesInfo":
    """GPU, frame buffer, video engine and bus."""
    check(not gpu.state.mig, Code.NOT_SUPPORTED)
    shares = (busy(gpu), gpu.reading("memory_percent", 0), 0, 0)
    return {"flags": 1, "utilization": [{"bIsPresent": 1, "percentage": share} for share in shares]}
