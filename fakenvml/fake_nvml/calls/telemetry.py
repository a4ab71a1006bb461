"""What a GPU does: clocks, power, temperature, utilisation, errors, processes. An idle, healthy board in P0."""

from fake_nvml.abi.codes import Code
from fake_nvml.calls.registry import Caller, action, check, getter
from fake_nvml.machines import Clocks
from fake_nvml.model import Gpu, MigDevice

CLOCK_TYPES = range(4)
"""Graphics, SM, memory, video."""


def _maximum(clocks: Clocks, kind: int) -> int:
    check(kind < 4)
    return (clocks.max_graphics_mhz, clocks.max_graphics_mhz, clocks.max_memory_mhz, clocks.max_video_mhz)[
        kind
    ]


@getter("nvmlDeviceGetClockInfo", over=(CLOCK_TYPES,))
def clock(gpu: Gpu, kind: int) -> int:
    clocks = gpu.node.board.clocks
    highest = _maximum(clocks, kind)
    if kind == 2:
        return highest
    low, high = gpu.state.locked_graphics_mhz
    return min(max(clocks.idle_graphics_mhz, low), high or highest)


@getter("nvmlDeviceGetMaxClockInfo", "nvmlDeviceGetMaxCustomerBoostClock", over=(CLOCK_TYPES,), fixed=True)
def max_clock(gpu: Gpu, kind: int) -> int:
    return _maximum(gpu.node.board.clocks, kind)


@getter("nvmlDeviceGetClock", over=(CLOCK_TYPES, (0, 3)))
def clock_by_id(gpu: Gpu, kind: int, which: int) -> int:
    check(which in (0, 1, 2, 3))
    return int(clock(gpu, kind)) if which == 0 else int(max_clock(gpu, kind))


@getter("nvmlDeviceGetSupportedMemoryClocks", fixed=True)
def memory_clocks(gpu: Gpu) -> list[int]:
    return list(gpu.node.board.clocks.memory_mhz)


@getter("nvmlDeviceGetSupportedGraphicsClocks", over=(lambda node: node.board.clocks.memory_mhz,), fixed=True)
def graphics_clocks(gpu: Gpu, memory_mhz: int) -> list[int]:
    clocks = gpu.node.board.clocks
    check(memory_mhz in clocks.memory_mhz, Code.NOT_FOUND)
    span, steps = clocks.max_graphics_mhz - clocks.idle_graphics_mhz, clocks.graphics_count - 1
    return [clocks.max_graphics_mhz - span * step // steps for step in range(clocks.graphics_count)]


@action("nvmlDeviceSetGpuLockedClocks")
def lock_clocks(_caller: Caller, gpu: Gpu, low: int, high: int) -> None:
    clocks = gpu.node.board.clocks
    check(low <= high)
    check(clocks.idle_graphics_mhz <= high and low <= clocks.max_graphics_mhz)
    gpu.node.replace(gpu.index, locked_graphics_mhz=(low, min(high, clocks.max_graphics_mhz)))


@action("nvmlDeviceResetGpuLockedClocks")
def reset_clocks(_caller: Caller, gpu: Gpu) -> None:
    gpu.node.replace(gpu.index, locked_graphics_mhz=(0, 0))


@getter("nvmlDeviceGetPerformanceState", "nvmlDeviceGetPowerState", fixed=True)
def performance_state(_gpu: Gpu) -> int:
    return 0


@getter("nvmlDeviceGetCurrentClocksEventReasons", "nvmlDeviceGetCurrentClocksThrottleReasons", fixed=True)
def clock_reasons(_gpu: Gpu) -> int:
    return 1  # nvmlClocksEventReasonGpuIdle


@getter("nvmlDeviceGetSupportedClocksEventReasons", "nvmlDeviceGetSupportedClocksThrottleReasons", fixed=True)
def supported_clock_reasons(_gpu: Gpu) -> int:
    return 0x1FF


def _power_limit(gpu: Gpu) -> int:
    return gpu.state.power_limit_mw or gpu.node.board.power.default_mw


@getter("nvmlDeviceGetPowerManagementLimit", "nvmlDeviceGetEnforcedPowerLimit")
def power_limit(gpu: Gpu) -> int:
    return _power_limit(gpu)


@getter("nvmlDeviceGetPowerManagementDefaultLimit", fixed=True)
def default_power_limit(gpu: Gpu) -> int:
    return gpu.node.board.power.default_mw


@getter("nvmlDeviceGetPowerManagementLimitConstraints", fixed=True)
def power_constraints(gpu: Gpu) -> tuple[int, int]:
    return gpu.node.board.power.min_mw, gpu.node.board.power.max_mw


@action("nvmlDeviceSetPowerManagementLimit")
def set_power_limit(_caller: Caller, gpu: Gpu, limit_mw: int) -> None:
    power = gpu.node.board.power
    check(power.min_mw <= limit_mw <= power.max_mw)
    gpu.node.replace(gpu.index, power_limit_mw=limit_mw)


@getter("nvmlDeviceGetPowerUsage", fixed=True)
def power_usage(gpu: Gpu) -> int:
    return gpu.node.board.power.idle_mw


@getter("nvmlDeviceGetPowerManagementMode", fixed=True)
def power_management(_gpu: Gpu) -> int:
    return 1


@getter("nvmlDeviceGetPowerSource", fixed=True)
def power_source(_gpu: Gpu) -> int:
    return 0


@getter("nvmlDeviceGetTotalEnergyConsumption", fixed=True)
def energy(gpu: Gpu) -> int:
    """Millijoules: one second of idling since the driver was loaded."""
    return gpu.node.board.power.idle_mw


@getter("nvmlDeviceGetTemperature", over=((0,),), fixed=True)
def temperature(gpu: Gpu, sensor: int) -> int:
    check(sensor == 0)
    return gpu.node.board.thermal.idle_c


@getter("nvmlDeviceGetTemperatureV", over=((0,),), fixed=True)
def temperature_v(gpu: Gpu, sensor: int) -> dict[str, int]:
    check(sensor == 0)
    return {"sensorType": sensor, "temperature": gpu.node.board.thermal.idle_c}


@getter("nvmlDeviceGetMarginTemperature", fixed=True)
def margin(gpu: Gpu) -> dict[str, int]:
    return {"marginTemperature": 60 - gpu.node.board.thermal.idle_c}


@getter("nvmlDeviceGetNumFans", fixed=True)
def fans(_gpu: Gpu) -> int:
    return 0


@getter("nvmlDeviceGetUtilizationRates")
def utilization(gpu: Gpu) -> dict[str, int]:
    check(not gpu.state.mig, Code.NOT_SUPPORTED)
    return {"gpu": 0, "memory": 0}


@getter(
    "nvmlDeviceGetEncoderUtilization",
    "nvmlDeviceGetDecoderUtilization",
    "nvmlDeviceGetJpgUtilization",
    "nvmlDeviceGetOfaUtilization",
)
def engine_utilization(gpu: Gpu) -> tuple[int, int]:
    check(not gpu.state.mig, Code.NOT_SUPPORTED)
    return 0, 1000000


@getter("nvmlDeviceGetEncoderStats", fixed=True)
def encoder_stats(_gpu: Gpu) -> tuple[int, int, int]:
    return 0, 0, 0


PROCESS_LISTS = [
    f"nvmlDeviceGet{kind}RunningProcesses{version}"
    for kind in ("Compute", "Graphics", "MPSCompute")
    for version in ("", "_v2", "_v3")
]


@getter(*PROCESS_LISTS)
def processes(_gpu: Gpu) -> list[dict[str, int]]:
    return []


@getter(*PROCESS_LISTS, subject="mig")
def mig_processes(_device: MigDevice) -> list[dict[str, int]]:
    return []


@getter("nvmlDeviceGetTotalEccErrors", over=(range(2), range(2)))
def total_ecc_errors(gpu: Gpu, kind: int, counter: int) -> int:
    check(kind < 2 and counter < 2)
    check(gpu.state.ecc, Code.NOT_SUPPORTED)
    return 0


@getter("nvmlDeviceGetRemappedRows", fixed=True)
def remapped_rows(_gpu: Gpu) -> tuple[int, int, int, int]:
    return 0, 0, 0, 0


@getter("nvmlDeviceGetRowRemapperHistogram", fixed=True)
def row_histogram(_gpu: Gpu) -> dict[str, int]:
    return {"max": 3840, "high": 0, "partial": 0, "low": 0, "none": 0}


@getter("nvmlDeviceGetRetiredPagesPendingStatus", "nvmlDeviceGetPcieReplayCounter", fixed=True)
def nothing_yet(_gpu: Gpu) -> int:
    return 0


@getter("nvmlDeviceGetPcieThroughput", over=(range(2),), fixed=True)
def pcie_throughput(_gpu: Gpu, counter: int) -> int:
    check(counter < 2)
    return 0
