"""The columns of ``nvidia-smi --query-gpu``: the most used ones by themselves, and those that are rows of ``-q`` too.

Names, units and forms are those of captures of 590.48.01 and 595.80. Rows of ``-q`` cost some hundred calls a GPU, so they are asked for
only when such a column is wanted.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pynvml

from fake_nvml.programs.report_board import addressing_mode, board
from fake_nvml.programs.report_state import COMPUTE_MODES, state
from fake_nvml.programs.report_tree import DEPRECATED, Item, ask, field, switch

NA = "[N/A]"
Column = tuple[str, Callable[[Any], Any]]
"""(unit, value); None is N/A."""


def _memory(field: str) -> Callable[[Any], Any]:
    return lambda gpu: getattr(pynvml.nvmlDeviceGetMemoryInfo(gpu, version=pynvml.nvmlMemory_v2), field) >> 20


def _one(name: str, *arguments: Any) -> Callable[[Any], Any]:
    return lambda gpu: ask(getattr(pynvml, name), gpu, *arguments)


def _watts(name: str) -> Callable[[Any], Any]:
    def value(gpu: Any) -> str | None:
        found = ask(getattr(pynvml, name), gpu)
        return None if found is None else f"{found / 1000:.2f}"

    return value


def _limit(which: int) -> Callable[[Any], Any]:
    return lambda gpu: f"{pynvml.nvmlDeviceGetPowerManagementLimitConstraints(gpu)[which] / 1000:.2f}"


def _mode(name: str, which: int) -> Callable[[Any], Any]:
    def value(gpu: Any) -> str | None:
        found = ask(getattr(pynvml, name), gpu)
        return None if found is None else switch(found[which])

    return value


def _mask(name: str) -> Callable[[Any], Any]:
    def value(gpu: Any) -> str | None:
        found = ask(getattr(pynvml, name), gpu)
        return None if found is None else f"0x{found:016X}"

    return value


def _firmware(which: int) -> Callable[[Any], Any]:
    def value(gpu: Any) -> str | None:
        modes = ask(lambda: pynvml.nvmlDeviceGetGspFirmwareMode(gpu))
        return None if modes is None else switch(modes[which])

    return value


def _operation_mode(which: int) -> Callable[[Any], Any]:
    return lambda gpu: ask(lambda: pynvml.nvmlDeviceGetGpuOperationMode(gpu)[which])


def _rate(field: str) -> Callable[[Any], Any]:
    return lambda gpu: getattr(ask(pynvml.nvmlDeviceGetUtilizationRates, gpu), field, None)


def _capability(gpu: Any) -> str:
    major, minor = pynvml.nvmlDeviceGetCudaComputeCapability(gpu)
    return f"{major}.{minor}"


def pstate(gpu: Any) -> str | None:
    """The performance state as nvidia-smi prints it."""
    state = ask(pynvml.nvmlDeviceGetPerformanceState, gpu)
    return None if state is None else f"P{state}"


COLUMNS: dict[str, Column] = {
    "index": ("", _one("nvmlDeviceGetIndex")),
    "name": ("", _one("nvmlDeviceGetName")),
    "uuid": ("", _one("nvmlDeviceGetUUID")),
    "serial": ("", _one("nvmlDeviceGetSerial")),
    "count": ("", lambda _gpu: pynvml.nvmlDeviceGetCount()),
    "driver_version": ("", lambda _gpu: pynvml.nvmlSystemGetDriverVersion()),
    "pci.bus_id": ("", lambda gpu: pynvml.nvmlDeviceGetPciInfo(gpu).busId),
    "pci.device_id": ("", lambda gpu: f"0x{pynvml.nvmlDeviceGetPciInfo(gpu).pciDeviceId:08X}"),
    "pci.domain": ("", lambda gpu: f"0x{pynvml.nvmlDeviceGetPciInfo(gpu).domain:04X}"),
    "pci.bus": ("", lambda gpu: f"0x{pynvml.nvmlDeviceGetPciInfo(gpu).bus:02X}"),
    "pci.device": ("", lambda gpu: f"0x{pynvml.nvmlDeviceGetPciInfo(gpu).device:02X}"),
    "pci.baseClass": ("", lambda _gpu: "0x3"),
    "pci.subClass": ("", lambda _gpu: "0x2"),
    "pci.sub_device_id": ("", lambda gpu: f"0x{pynvml.nvmlDeviceGetPciInfo(gpu).pciSubSystemId:08X}"),
    "vbios_version": ("", _one("nvmlDeviceGetVbiosVersion")),
    "compute_cap": ("", _capability),
    "pstate": ("", pstate),
    "persistence_mode": ("", lambda gpu: switch(ask(pynvml.nvmlDeviceGetPersistenceMode, gpu))),
    "compute_mode": ("", lambda gpu: COMPUTE_MODES[pynvml.nvmlDeviceGetComputeMode(gpu)]),
    "mig.mode.current": ("", _mode("nvmlDeviceGetMigMode", 0)),
    "mig.mode.pending": ("", _mode("nvmlDeviceGetMigMode", 1)),
    "ecc.mode.current": ("", _mode("nvmlDeviceGetEccMode", 0)),
    "ecc.mode.pending": ("", _mode("nvmlDeviceGetEccMode", 1)),
    "memory.total": (" MiB", _memory("total")),
    "memory.reserved": (" MiB", _memory("reserved")),
    "memory.used": (" MiB", _memory("used")),
    "memory.free": (" MiB", _memory("free")),
    "utilization.gpu": (" %", _rate("gpu")),
    "utilization.memory": (" %", _rate("memory")),
    "temperature.gpu": ("", _one("nvmlDeviceGetTemperature", 0)),
    "temperature.gpu.tlimit": ("", _one("nvmlDeviceGetMarginTemperature")),
    "temperature.memory": ("", lambda gpu: field(gpu, pynvml.NVML_FI_DEV_MEMORY_TEMP)),
    "addressing_mode": ("", addressing_mode),
    "gom.current": ("", _operation_mode(0)),
    "gom.pending": ("", _operation_mode(1)),
    "enforced.power.limit": (" W", _watts("nvmlDeviceGetEnforcedPowerLimit")),
    "clocks_event_reasons.supported": ("", _mask("nvmlDeviceGetSupportedClocksEventReasons")),
    "clocks_event_reasons.active": ("", _mask("nvmlDeviceGetCurrentClocksEventReasons")),
    "gsp.mode.current": ("", _firmware(0)),
    "gsp.mode.default": ("", _firmware(1)),
    "fan.speed": (" %", _one("nvmlDeviceGetFanSpeed")),
    "power.draw": (" W", _watts("nvmlDeviceGetPowerUsage")),
    "power.limit": (" W", _watts("nvmlDeviceGetEnforcedPowerLimit")),
    "power.default_limit": (" W", _watts("nvmlDeviceGetPowerManagementDefaultLimit")),
    "power.min_limit": (" W", _limit(0)),
    "power.max_limit": (" W", _limit(1)),
    "clocks.gr": (" MHz", _one("nvmlDeviceGetClockInfo", 0)),
    "clocks.sm": (" MHz", _one("nvmlDeviceGetClockInfo", 1)),
    "clocks.mem": (" MHz", _one("nvmlDeviceGetClockInfo", 2)),
    "clocks.video": (" MHz", _one("nvmlDeviceGetClockInfo", 3)),
    "clocks.max.gr": (" MHz", _one("nvmlDeviceGetMaxClockInfo", 0)),
    "clocks.max.sm": (" MHz", _one("nvmlDeviceGetMaxClockInfo", 1)),
    "clocks.max.mem": (" MHz", _one("nvmlDeviceGetMaxClockInfo", 2)),
    "pcie.link.gen.max": ("", _one("nvmlDeviceGetMaxPcieLinkGeneration")),
    "pcie.link.gen.current": ("", _one("nvmlDeviceGetCurrPcieLinkGeneration")),
    "pcie.link.width.max": ("", _one("nvmlDeviceGetMaxPcieLinkWidth")),
    "pcie.link.width.current": ("", _one("nvmlDeviceGetCurrPcieLinkWidth")),
}
ALIASES = {
    "gpu_name": "name", "gpu_uuid": "uuid", "gpu_serial": "serial", "gpu_bus_id": "pci.bus_id", "clocks.current.graphics": "clocks.gr",
    "clocks.current.sm": "clocks.sm", "clocks.current.memory": "clocks.mem", "clocks.current.video": "clocks.video", "clocks.max.graphics": "clocks.max.gr", "clocks.max.memory": "clocks.max.mem",
}  # fmt: skip
TITLES = {
    f"clocks.{which}{short}": f"clocks.{title}.{long}"
    for which, title in (("", "current"), ("max.", "max"))
    for short, long in (("gr", "graphics"), ("sm", "sm"), ("mem", "memory"), ("video", "video"))
}

_REASONS, _COUNTERS = (
    "clocks_event_reasons/clocks_event_reason_",
    "clocks_event_reasons_counters/clocks_event_reasons_counters_",
)
_ROWS, _SOURCES = "remapped_rows/remapped_row_", "ecc_errors/aggregate_uncorrectable_sram_sources/sram_"
REPORTED: dict[str, tuple[str, str]] = {
    "pcie.link.gen.gpucurrent": ("", "pci/pci_gpu_link_info/pcie_gen/device_current_link_gen"),
    "pcie.link.gen.gpumax": ("", "pci/pci_gpu_link_info/pcie_gen/max_device_link_gen"),
    "pcie.link.gen.hostmax": ("", "pci/pci_gpu_link_info/pcie_gen/max_host_link_gen"),
    "display_mode": ("", "display_mode"),
    "display_attached": ("", "display_attached"),
    "display_active": ("", "display_active"),
    "accounting.mode": ("", "accounting_mode"),
    "accounting.buffer_size": ("", "accounting_mode_buffer_size"),
    "driver_model.current": ("", "driver_model/current_dm"),
    "driver_model.pending": ("", "driver_model/pending_dm"),
    "inforom.img": ("", "inforom_version/img_version"),
    "inforom.oem": ("", "inforom_version/oem_object"),
    "inforom.ecc": ("", "inforom_version/ecc_object"),
    "inforom.pwr": ("", "inforom_version/pwr_object"),
    "gpu_recovery_action": ("", "gpu_recovery_action"),
    "utilization.encoder": ("%", "utilization/encoder_util"),
    "utilization.decoder": ("%", "utilization/decoder_util"),
    "utilization.jpeg": ("%", "utilization/jpeg_util"),
    "utilization.ofa": ("%", "utilization/ofa_util"),
    "encoder.stats.sessionCount": ("", "encoder_stats/session_count"),
    "encoder.stats.averageFps": ("", "encoder_stats/average_fps"),
    "encoder.stats.averageLatency": ("", "encoder_stats/average_latency"),
    "dramEncryption.mode.current": ("", "dram_encryption_mode/current_dram_encryption"),
    "dramEncryption.mode.pending": ("", "dram_encryption_mode/pending_dram_encryption"),
    "retired_pages.single_bit_ecc.count": ("", "retired_pages/multiple_single_bit_retirement/retired_count"),
    "retired_pages.double_bit.count": ("", "retired_pages/double_bit_retirement/retired_count"),
    "retired_pages.pending": ("", "retired_pages/pending_retirement"),
    "remapped_rows.correctable": ("", f"{_ROWS}corr"),
    "remapped_rows.correctable_inactive": ("", f"{_ROWS}corr_inactive"),
    "remapped_rows.uncorrectable": ("", f"{_ROWS}unc"),
    "remapped_rows.uncorrectable_inactive": ("", f"{_ROWS}unc_inactive"),
    "remapped_rows.pending": ("", f"{_ROWS}pending"),
    "remapped_rows.failure": ("", f"{_ROWS}failure"),
    "power.draw.average": ("W", "gpu_power_readings/average_power_draw"),
    "power.draw.instant": ("W", "gpu_power_readings/instant_power_draw"),
    "module.power.draw.average": ("W", "module_power_readings/average_power_draw"),
    "module.power.draw.instant": ("W", "module_power_readings/instant_power_draw"),
    "module.power.limit": ("W", "module_power_readings/requested_power_limit"),
    "module.enforced.power.limit": ("W", "module_power_readings/current_power_limit"),
    "module.power.default_limit": ("W", "module_power_readings/default_power_limit"),
    "module.power.min_limit": ("W", "module_power_readings/min_power_limit"),
    "module.power.max_limit": ("W", "module_power_readings/max_power_limit"),
    "clocks.applications.graphics": ("MHz", "applications_clocks/graphics_clock"),
    "clocks.applications.memory": ("MHz", "applications_clocks/mem_clock"),
    "clocks.default_applications.graphics": ("MHz", "default_applications_clocks/graphics_clock"),
    "clocks.default_applications.memory": ("MHz", "default_applications_clocks/mem_clock"),
    "c2c.mode": ("", "c2c_mode"),
    "protected_memory.total": ("MiB", "cc_protected_memory_usage/total"),
    "protected_memory.used": ("MiB", "cc_protected_memory_usage/used"),
    "protected_memory.free": ("MiB", "cc_protected_memory_usage/free"),
    "fabric.state": ("", "fabric/state"),
    "fabric.status": ("", "fabric/status"),
    "fabric.cliqueId": ("", "fabric/cliqueId"),
    "fabric.clusterUuid": ("", "fabric/clusterUuid"),
    "platform.module_id": ("", "platformInfo/module_id"),
    "ecc.errors.uncorrected.aggregate.sram.thresholdExceeded": ("", "ecc_errors/aggregate/sram_threshold_exceeded"),
    **{
        f"clocks_event_reasons.{name}": ("", f"{_REASONS}{name}")
        for name in (
            "gpu_idle", "applications_clocks_setting", "sw_power_cap", "hw_slowdown", "hw_thermal_slowdown", "hw_power_brake_slowdown",
            "sw_thermal_slowdown", "sync_boost",
        )
    },
    **{
        f"clocks_event_reasons_counters.{name}": ("us", f"{_COUNTERS}{tag}")
        for name, tag in (
            ("sw_power_cap", "sw_power_cap"), ("sync_boost", "sync_boost"), ("sw_thermal_slowdown", "sw_therm_slowdown"),
            ("hw_thermal_slowdown", "hw_therm_slowdown"), ("hw_power_brake_slowdown", "hw_power_brake"),
        )
    },
    **{
        f"ecc.errors.uncorrected.{lifetime}.sram.{kind}": ("", f"ecc_errors/{lifetime}/sram_uncorrectable_{kind}")
        for lifetime in ("volatile", "aggregate")
        for kind in ("parity", "secded")
    },
    **{
        f"ecc.errors.uncorrected.aggregate.sram.{name}": ("", f"{_SOURCES}{tag}")
        for name, tag in (("l2", "l2"), ("sm", "sm"), ("mcu", "microcontroller"), ("pcie", "pcie"), ("other", "other"))
    },
    **{
        f"remapped_rows.histogram.{name}": ("bank(s)", f"remapped_rows/row_remapper_histogram/row_remapper_histogram_{name}")
        for name in ("max", "high", "partial", "low", "none")
    },
}  # fmt: skip
"""{column: (unit of the row, its path in the XML)}; the histogram's unit is not printed."""
WITHOUT_BRACKETS = ("fabric.", "temperature.memory")
"""Columns that print N/A as the rows do (capture of L40S)."""
UNITS_SHOWN = ("%", "W", "MHz", "MiB", "us")
PLACES = {
    "l1_cache": 0,
    "l2_cache": 1,
    "device_memory": 2,
    "dram": 2,
    "register_file": 3,
    "texture_memory": 4,
    "cbu": 6,
    "sram": 7,
}
"""Places of ECC counters by NVML_MEMORY_LOCATION_*; the columns say DRAM twice."""


def _errors(kind: int, lifetime: int, place: int) -> Callable[[Any], Any]:
    return lambda gpu: ask(pynvml.nvmlDeviceGetMemoryErrorCounter, gpu, kind, lifetime, place)


def _sum(kind: int, lifetime: int) -> Callable[[Any], Any]:
    return lambda gpu: ask(pynvml.nvmlDeviceGetTotalEccErrors, gpu, kind, lifetime)


for _kind, _of_kind in enumerate(("corrected", "uncorrected")):
    for _lifetime, _of_lifetime in enumerate(("volatile", "aggregate")):
        _start = f"ecc.errors.{_of_kind}.{_of_lifetime}"
        COLUMNS |= {
            f"{_start}.{_name}": ("", _errors(_kind, _lifetime, _place)) for _name, _place in PLACES.items()
        }
        COLUMNS[f"{_start}.total"] = ("", _sum(_kind, _lifetime))
COLUMNS |= {
    name: (f" {unit}" if unit in UNITS_SHOWN else "", lambda _gpu: None)
    for name, (unit, _) in REPORTED.items()
}


def leaves(items: Iterable[Item], prefix: str = "") -> Iterator[tuple[str, str]]:
    """(path, text) of what ``-q -x`` prints."""
    for item in items:
        if isinstance(item.value, str):
            yield prefix + item.tag, item.value
        else:
            yield from leaves(item.value, f"{prefix}{item.tag}/")


def cells_of(gpu: Any, names: Iterable[str], *, units: bool) -> Iterator[str]:
    """The columns NAMES of one GPU."""
    reported: dict[str, str] | None = None
    for name in names:
        unit, value_of = COLUMNS[name]
        if name in REPORTED:
            reported = dict(leaves([*board(gpu), *state(gpu)])) if reported is None else reported
            own, path = REPORTED[name]
            value: Any = reported.get(path, "N/A").removesuffix(f" {own}")
            value = None if value == "N/A" else value
        else:
            value = value_of(gpu)
        if value is None:
            yield NA if not name.startswith(WITHOUT_BRACKETS) else NA.strip("[]")
        elif value == DEPRECATED:
            yield f"[{DEPRECATED}]"
        else:
            yield f"{value}{unit if units else ''}"
