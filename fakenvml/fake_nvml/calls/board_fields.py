"""Field values of the board: ECC and remapping, clocks, power, temperature, power smoothing, what recovery wants."""

import time
from collections.abc import Callable

from fake_nvml.abi.codes import Code
from fake_nvml.calls import clocks, memory_errors, power
from fake_nvml.calls.field_table import INT, ULL, family, field
from fake_nvml.calls.link_fields import coherent
from fake_nvml.calls.registry import check
from fake_nvml.machines.schema import Power
from fake_nvml.model import Gpu

HOPPER, BLACKWELL = 9, 10
STACKED_BITS = 1024
"""One stack of HBM has a bus of 1024 bits and a sensor; GDDR has neither (captures of L40S and T4)."""

PLACES = {"l1": (7, 18), "l2": (9, 20), "dram": (11, 22), "register": (13, 24), "texture": (15, 26)}
"""Place of a memory error -> the fields of its volatile and aggregate counts; uncorrected ones come one later."""
COUNTERS = {
    numbers[lifetime] + kind: (lifetime, kind, place)
    for place, numbers in PLACES.items()
    for lifetime in range(2)
    for kind in range(2)
} | {17: (0, 1, "cbu"), 28: (1, 1, "cbu")}


@field(1)
def ecc(gpu: Gpu, _scope: int) -> int:
    return int(gpu.state.ecc)


@field(2)
def ecc_pending(gpu: Gpu, _scope: int) -> int:
    return int(gpu.state.ecc_pending)


@family({3: (0, 0), 4: (0, 1), 5: (1, 0), 6: (1, 1)}, kind=ULL)
def ecc_totals(gpu: Gpu, _scope: int, which: tuple[int, int]) -> int:
    return memory_errors.total(gpu, *which)


@family(COUNTERS, kind=ULL)
def ecc_counts(gpu: Gpu, _scope: int, which: tuple[int, int, str]) -> int:
    return memory_errors.count(gpu, *which)


@family({29: 0, 30: 1})
def retired(gpu: Gpu, _scope: int, which: int) -> int:
    return len(memory_errors.retired_pages(gpu, which))


@field(31, 92, 93)
def retirement_pending(gpu: Gpu, _scope: int) -> int:
    return int(memory_errors.retirement_pending(gpu))


@family({142: 0, 143: 1, 144: 2, 145: 3})
def remapped(gpu: Gpu, _scope: int, which: int) -> int:
    return int(memory_errors.remapped_rows(gpu)[which])


@family({301: "corrInactiveRemaps", 302: "uncInactiveRemaps"})
def remapped_inactive(gpu: Gpu, _scope: int, which: str) -> int:
    return int(memory_errors.remapped_rows_v2(gpu).get(which, 0))


@family(
    {
        303: "activeRemappings",
        304: "inactiveRemappings",
        305: "maxSpareGroupCount",
        306: "noSpareGroupCount",
        307: "bPending",
    }
)
def banks(gpu: Gpu, _scope: int, which: str) -> int:
    return int(memory_errors.bank_remapper(gpu).get(which, 0))


@family(
    {74: 0x4, 75: 0x60, 76: 0x10, 77: 0x8, 78: 0x1, 79: 0x80, 80: 0x2, 81: 0x1FF, 269: 0x20, 270: 0x40, 271: 0x80},
    kind=ULL,
)  # fmt: skip
def held_down(gpu: Gpu, _scope: int, which: int) -> int:
    """Nanoseconds in which one of these clock event reasons held: from when the driver was loaded."""
    return int((time.time() - gpu.node.started_s) * 1e9) if clocks.clock_reasons(gpu) & which else 0


@field(82)
def memory_temperature(gpu: Gpu, _scope: int) -> int:
    check(gpu.board.memory.bus_width_bits >= STACKED_BITS, Code.NOT_SUPPORTED)
    return gpu.reading("memory_temperature_c", power.temperature_c(gpu) + 4)


@field(83, 191, kind=ULL)
def energy(gpu: Gpu, _scope: int) -> int:
    return int(power.energy(gpu))


@field(184)
def resetless_mig(gpu: Gpu, _scope: int) -> int:
    return int(gpu.board.mig is not None and not gpu.board.mig.needs_reset)


@field(199)
def mig_query(gpu: Gpu, _scope: int) -> int:
    return int(gpu.board.mig is not None)


def _least(gpu: Gpu) -> int:
    return gpu.board.power.min_mw


def _most(gpu: Gpu) -> int:
    return gpu.board.power.max_mw


def _usual(gpu: Gpu) -> int:
    return gpu.board.power.default_mw


POWERS: dict[int, Callable[[Gpu], int]] = {
    185: power.power_usage,
    186: power.power_usage,
    187: _least,
    188: _most,
    189: _usual,
    190: power.limit_mw,
    192: power.limit_mw,
}
MODULE = 1
MODULE_LIMITS: dict[Callable[[Gpu], int], Callable[[Power], int | None]] = {
    _least: lambda board: board.module_min_mw,
    _most: lambda board: board.module_mw,
    _usual: lambda board: board.module_mw,
    power.limit_mw: lambda board: board.module_mw,
}
"""The limits of a module are those of the board file: nothing sets them here."""


@family(POWERS)
def power_values(gpu: Gpu, scope: int, which: Callable[[Gpu], int]) -> int:
    """Of the GPU (scope 0), of the module of a superchip (1); of memory (2) nothing is published."""
    check(scope < 4)
    if scope == MODULE and which in MODULE_LIMITS:
        value = MODULE_LIMITS[which](gpu.board.power)
        check(value is not None, Code.NOT_SUPPORTED)
        return int(value or 0)
    check(scope == 0, Code.NOT_SUPPORTED)
    return which(gpu)


@family({193: "shutdown_c", 194: "slowdown_c", 195: "memory_max_c", 196: "max_operating_c"}, kind=INT)
def temperature_limits(gpu: Gpu, _scope: int, which: str) -> int:
    value = getattr(gpu.board.thermal, which)
    check(gpu.board.thermal.tlimit and value is not None, Code.NOT_SUPPORTED)
    return int(value)


@field(226, 227)
def reset_wanted(gpu: Gpu, _scope: int) -> int:
    """226 the driver wants a reset, 227 a drain and a reset."""
    check(gpu.board.compute.architecture >= HOPPER, Code.NOT_SUPPORTED)
    return int(gpu.state.recovery_action in (1, 4))


@field(230)
def recovery_action(gpu: Gpu, _scope: int) -> int:
    """Every board has one, Turing too (captures of driver 570 and later)."""
    return gpu.state.recovery_action


def _active(gpu: Gpu) -> int:
    return gpu.setting("smoothing_profile")


SMOOTHING: dict[int, Callable[[Gpu], float]] = {
    251: lambda gpu: gpu.setting("smoothing"),
    252: lambda _gpu: 2,
    253: lambda gpu: gpu.setting("smoothing_fast_down"),
    254: power.limit_mw,
    255: lambda gpu: power.limit_mw(gpu) * power.smoothing_parameter(gpu, _active(gpu), 0) / 100,
    256: lambda _gpu: 90,
    257: lambda _gpu: 0,
    258: lambda _gpu: 100,
    259: lambda _gpu: power.PROFILES,
    264: _active,
    275: lambda gpu: gpu.board.power.idle_mw,
    276: lambda gpu: gpu.board.power.idle_mw,
    277: lambda _gpu: 0,
    278: lambda gpu: gpu.board.power.min_mw,
    279: lambda _gpu: 1,
    280: lambda _gpu: 1,
    300: lambda gpu: int(coherent(gpu)),
} | dict.fromkeys((265, 266, 267, 268, 285, 286, 287, 288), lambda _gpu: power.NOT_SET)
"""Power smoothing as a whole; the last eight are the administrator's overrides, of which there are none."""


@family(SMOOTHING)
def smoothing(gpu: Gpu, _scope: int, which: Callable[[Gpu], float]) -> int:
    power.smoothing(gpu)
    return int(which(gpu))


@family({260: 0, 261: 1, 262: 2, 263: 3, 281: 4, 282: 5, 283: 6, 284: 7})
def smoothing_profiles(gpu: Gpu, scope: int, which: int) -> int:
    """A parameter of the preset profile that the scope names."""
    power.smoothing(gpu)
    check(scope < power.PROFILES)
    return int(power.smoothing_parameter(gpu, scope, which))


@field(272, 273)
def balancing(gpu: Gpu, scope: int) -> int:
    """Power sync balancing of superchips: a rate and a factor."""
    check(coherent(gpu) and scope == 0, Code.NOT_SUPPORTED)
    return 10


@field(274)
def peak_power(gpu: Gpu, _scope: int) -> int:
    """Percent of the limit that peaks may reach: since Hopper (captures of H100 and H200; L40S has none)."""
    check(gpu.board.compute.architecture >= HOPPER, Code.NOT_SUPPORTED)
    return 100 * gpu.board.power.max_mw // gpu.board.power.default_mw


@field(297)
def stalls(gpu: Gpu, _scope: int) -> int:
    check(gpu.board.compute.architecture >= BLACKWELL, Code.NOT_SUPPORTED)
    return clocks.busy(gpu) // 10


@field(298, 299)
def memory_switch(gpu: Gpu, _scope: int) -> int:
    """Whether memory clocks can be switched under load: where there is more than one."""
    return int(len(gpu.board.clocks.memory_mhz) > 1)
