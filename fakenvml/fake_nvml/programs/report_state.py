"""What ``nvidia-smi -q`` prints about what a board does: memory, use, temperature, power, clocks, fabric, processes.

The layout is that of driver 580 (captures of 580.105.08).
"""

from collections.abc import Callable, Iterable
from typing import Any

import pynvml

from fake_nvml.programs.report_board import memory_rows, window
from fake_nvml.programs.report_errors import errors
from fake_nvml.programs.report_tree import (
    NA,
    Item,
    answered,
    ask,
    field,
    filled,
    megahertz,
    mib,
    pair,
    shown,
    switch,
    watts,
)

COMPUTE_MODES = ("Default", "Exclusive_Thread", "Prohibited", "Exclusive_Process")
FABRIC_STATES = ("N/A", "Not Started", "In Progress", "Completed")
SUMMARIES = (NA, "Healthy", "Unhealthy", "Limited Capacity")
REASONS = (
    ("Idle", "gpu_idle", 0x1), ("Applications Clocks Setting", "applications_clocks_setting", 0x2),
    ("SW Power Cap", "sw_power_cap", 0x4), ("HW Slowdown", "hw_slowdown", 0x8),
    ("HW Thermal Slowdown", "hw_thermal_slowdown", 0x40), ("HW Power Brake Slowdown", "hw_power_brake_slowdown", 0x80),
    ("Sync Boost", "sync_boost", 0x10), ("SW Thermal Slowdown", "sw_thermal_slowdown", 0x20),
    ("Display Clock Setting", "display_clocks_setting", 0x100),
)  # fmt: skip
HARDWARE = ("hw_thermal_slowdown", "hw_power_brake_slowdown")
"""Kinds of HW Slowdown, below which the text has them (captures of 590.48.01 and 595.80)."""
COUNTERS = (
    ("SW Power Capping", "sw_power_cap", pynvml.NVML_FI_DEV_CLOCKS_EVENT_REASON_SW_POWER_CAP),
    ("Sync Boost", "sync_boost", pynvml.NVML_FI_DEV_CLOCKS_EVENT_REASON_SYNC_BOOST),
    ("SW Thermal Slowdown", "sw_therm_slowdown", pynvml.NVML_FI_DEV_CLOCKS_EVENT_REASON_SW_THERM_SLOWDOWN),
    ("HW Thermal Slowdown", "hw_therm_slowdown", pynvml.NVML_FI_DEV_CLOCKS_EVENT_REASON_HW_THERM_SLOWDOWN),
    ("HW Power Braking", "hw_power_brake", pynvml.NVML_FI_DEV_CLOCKS_EVENT_REASON_HW_POWER_BRAKE_SLOWDOWN),
)
"""Microseconds that a reason held; nanoseconds in the field."""

ALL_CLOCKS = (
    ("Graphics", "graphics_clock", 0),
    ("SM", "sm_clock", 1),
    ("Memory", "mem_clock", 2),
    ("Video", "video_clock", 3),
)
SET_CLOCKS = (("Graphics", "graphics_clock", 0), ("Memory", "mem_clock", 2))

HEALTH = (
    ("Bandwidth", "bandwidth", 0, 3, (NA, "Degraded", "Full")),
    ("Route Recovery in progress", "route_recovery_in_progress", 2, 3, (NA, "True", "False")),
    ("Route Unhealthy", "route_unhealthy", 4, 3, (NA, "True", "False")),
    ("Access Timeout Recovery", "access_timeout_recovery", 6, 3, (NA, "True", "False")),
    ("Incorrect Configuration", "incorrect_configuration", 8, 15, (NA, "None")),
    ("Partition Assigned", "partition_assigned", 12, 3, (NA, "True", "False")),
    ("GFM State", "gfm_state", 14, 3, (NA, "Connected", "Disconnected")),
)
"""Label, tag, shift and mask in the health mask, names of the values (nvml.h NVML_GPU_FABRIC_HEALTH_MASK_*)."""


def state(gpu: Any) -> list[Item]:
    """Everything below the PCI rows."""
    return [*_performance(gpu), *_memory(gpu), *_use(gpu), *errors(gpu), *_temperature(gpu), *_power(gpu), *_clocks(gpu),
            fabric(gpu), processes(gpu), Item("Capabilities", "capabilities", (Item("EGM", "egm", _egm(gpu)),))]  # fmt: skip


def _performance(gpu: Any) -> list[Item]:
    bits = ask(pynvml.nvmlDeviceGetCurrentClocksEventReasons, gpu) or 0
    reasons = (
        Item(
            label,
            f"clocks_event_reason_{tag}",
            switch(bits & bit, "Active", "Not Active"),
            deeper=tag in HARDWARE,
        )
        for label, tag, bit in REASONS
    )
    counters = ((label, tag, field(gpu, number)) for label, tag, number in COUNTERS)
    number = ask(pynvml.nvmlDeviceGetPerformanceState, gpu)
    return [
        Item("Fan Speed", "fan_speed", shown(ask(pynvml.nvmlDeviceGetFanSpeed, gpu), " %")),
        Item("Performance State", "performance_state", NA if number is None else f"P{number}"),
        Item("Clocks Event Reasons", "clocks_event_reasons", tuple(reasons)),
        Item("Clocks Event Reasons Counters", "clocks_event_reasons_counters", tuple(
            Item(label, f"clocks_event_reasons_counters_{tag}", NA if value is None else f"{value // 1000} us")
            for label, tag, value in counters
        )),
        Item("Sparse Operation Mode", "sparse_operation_mode", _sparse(gpu)),
    ]  # fmt: skip


def _sparse(gpu: Any) -> str:
    """Of Hopper alone (captures of eight boards); NVML has no function for it."""
    return "Disabled" if pynvml.nvmlDeviceGetArchitecture(gpu) == pynvml.NVML_DEVICE_ARCH_HOPPER else NA


def _memory(gpu: Any) -> list[Item]:
    whole = pynvml.nvmlDeviceGetMemoryInfo(gpu, version=pynvml.nvmlMemory_v2)
    protected = ask(pynvml.nvmlDeviceGetConfComputeProtectedMemoryUsage, gpu)
    return [
        memory_rows("FB Memory Usage", "fb_memory_usage", whole, reserved=True),
        window("BAR1 Memory Usage", ask(pynvml.nvmlDeviceGetBAR1MemoryInfo, gpu)),
        memory_rows("Conf Compute Protected Memory Usage", "cc_protected_memory_usage", protected),
        Item("Compute Mode", "compute_mode", COMPUTE_MODES[pynvml.nvmlDeviceGetComputeMode(gpu)]),
    ]


def _use(gpu: Any) -> list[Item]:
    rates = ask(pynvml.nvmlDeviceGetUtilizationRates, gpu)
    engines = (
        ("Encoder", "encoder_util", pynvml.nvmlDeviceGetEncoderUtilization),
        ("Decoder", "decoder_util", pynvml.nvmlDeviceGetDecoderUtilization),
        ("JPEG", "jpeg_util", pynvml.nvmlDeviceGetJpgUtilization),
        ("OFA", "ofa_util", pynvml.nvmlDeviceGetOfaUtilization),
    )
    encoder, capture = ask(pynvml.nvmlDeviceGetEncoderStats, gpu), ask(pynvml.nvmlDeviceGetFBCStats, gpu)
    captured = capture and (capture.sessionsCount, capture.averageFPS, capture.averageLatency)
    now, pending = _dram_encryption(gpu)
    return [
        Item("Utilization", "utilization", (
            Item("GPU", "gpu_util", shown(rates and rates.gpu, " %")),
            Item("Memory", "memory_util", shown(rates and rates.memory, " %")),
            *(Item(label, tag, answered(lambda value: f"{value[0]} %", call, gpu)) for label, tag, call in engines),
        )),
        _sessions("Encoder Stats", "encoder_stats", encoder),
        _sessions("FBC Stats", "fbc_stats", captured),
        Item("DRAM Encryption Mode", "dram_encryption_mode", (
            Item("Current", "current_dram_encryption", now), Item("Pending", "pending_dram_encryption", pending),
        )),
    ]  # fmt: skip


def _dram_encryption(gpu: Any) -> tuple[str, str]:
    return pair(ask(pynvml.nvmlDeviceGetDramEncryptionMode, gpu))


def _sessions(label: str, tag: str, values: Any) -> Item:
    names = (
        ("Active Sessions", "session_count"),
        ("Average FPS", "average_fps"),
        ("Average Latency", "average_latency"),
    )
    filled_in = values or (None, None, None)
    rows = (Item(name, word, shown(value)) for (name, word), value in zip(names, filled_in, strict=True))
    return Item(label, tag, tuple(rows))


def _temperature(gpu: Any) -> list[Item]:
    margin = ask(pynvml.nvmlDeviceGetMarginTemperature, gpu)
    memory = field(gpu, pynvml.NVML_FI_DEV_MEMORY_TEMP)
    if margin is not None:  # distances to the limit since Hopper, degrees before
        limits = (
            (
                "Shutdown T.Limit",
                "gpu_temp_max_tlimit",
                field(gpu, pynvml.NVML_FI_DEV_TEMPERATURE_SHUTDOWN_TLIMIT),
            ),
            (
                "Slowdown T.Limit",
                "gpu_temp_slow_tlimit",
                field(gpu, pynvml.NVML_FI_DEV_TEMPERATURE_SLOWDOWN_TLIMIT),
            ),
            (
                "Max Operating T.Limit",
                "gpu_temp_max_gpu_tlimit",
                field(gpu, pynvml.NVML_FI_DEV_TEMPERATURE_GPU_MAX_TLIMIT),
            ),
        )
        last = (
            "Memory Max Operating T.Limit",
            "gpu_temp_max_mem_tlimit",
            field(gpu, pynvml.NVML_FI_DEV_TEMPERATURE_MEM_MAX_TLIMIT),
        )
    else:
        threshold = pynvml.nvmlDeviceGetTemperatureThreshold
        limits = (
            ("Shutdown", "gpu_temp_max", ask(threshold, gpu, 0)),
            ("Slowdown", "gpu_temp_slow", ask(threshold, gpu, 1)),
            ("Max Operating", "gpu_temp_max_gpu", ask(threshold, gpu, 3)),
        )
        last = ("Memory Max Operating", "gpu_temp_max_mem", ask(threshold, gpu, 2))
    rows = [Item(f"GPU {label} Temp", f"{tag}_threshold", shown(value, " C")) for label, tag, value in limits]
    return [
        Item("Temperature", "temperature", (
            Item("GPU Current Temp", "gpu_temp", shown(ask(pynvml.nvmlDeviceGetTemperature, gpu, 0), " C")),
            Item("GPU T.Limit Temp", "gpu_temp_tlimit", shown(margin, " C")),
            *rows,
            Item("GPU Target Temperature", "gpu_target_temperature", shown(ask(pynvml.nvmlDeviceGetTemperatureThreshold, gpu, 5), " C")),
            Item("Memory Current Temp", "memory_temp", shown(memory, " C")),
            Item(f"{last[0]} Temp", f"{last[1]}_threshold", shown(last[2], " C")),
        )),
        Item("GPU Target Temperature", "supported_gpu_target_temp", (Item("Min", "gpu_target_temp_min", NA), Item("Max", "gpu_target_temp_max", NA))),
    ]  # fmt: skip


def _power(gpu: Any) -> list[Item]:
    peak = field(gpu, pynvml.NVML_FI_DEV_EDPP_MULTIPLIER)
    profiles = (
        Item("Requested Profiles", "power_profile_requested_profiles", NA),
        Item("Enforced Profiles", "power_profile_enforced_profiles", NA),
    )
    return [
        _readings("GPU Power Readings", "gpu_power_readings", gpu, pynvml.NVML_POWER_SCOPE_GPU),
        Item(
            "GPU Memory Power Readings",
            "gpu_memory_power_readings",
            tuple(_draws(gpu, pynvml.NVML_POWER_SCOPE_MEMORY)),
        ),
        _readings("Module Power Readings", "module_power_readings", gpu, pynvml.NVML_POWER_SCOPE_MODULE),
        Item("Power Smoothing", "power_smoothing", NA),
        Item("Workload Power Profiles", "power_profiles", profiles),
        Item("EDPp Multiplier", "edpp_multiplier", NA if peak is None else f"{peak:.2f}%"),
    ]


def _draws(gpu: Any, scope: int) -> list[Item]:
    return [
        Item(
            "Average Power Draw",
            "average_power_draw",
            watts(field(gpu, pynvml.NVML_FI_DEV_POWER_AVERAGE, scope)),
        ),
        Item(
            "Instantaneous Power Draw",
            "instant_power_draw",
            watts(field(gpu, pynvml.NVML_FI_DEV_POWER_INSTANT, scope)),
        ),
    ]


def _readings(label: str, tag: str, gpu: Any, scope: int) -> Item:
    limits = (
        ("Current", "current", pynvml.NVML_FI_DEV_POWER_CURRENT_LIMIT), ("Requested", "requested", pynvml.NVML_FI_DEV_POWER_REQUESTED_LIMIT),
        ("Default", "default", pynvml.NVML_FI_DEV_POWER_DEFAULT_LIMIT), ("Min", "min", pynvml.NVML_FI_DEV_POWER_MIN_LIMIT),
        ("Max", "max", pynvml.NVML_FI_DEV_POWER_MAX_LIMIT),
    )  # fmt: skip
    return Item(label, tag, (
        Item("Power State", "power_state", answered(lambda value: f"P{value}", pynvml.nvmlDeviceGetPowerState, gpu)),
        *_draws(gpu, scope),
        *(Item(f"{name} Power Limit", f"{word}_power_limit", watts(field(gpu, number, scope))) for name, word, number in limits),
    ))  # fmt: skip


def _clocks(gpu: Any) -> list[Item]:
    boost = (
        Item("Graphics", "graphics_clock", megahertz(ask(pynvml.nvmlDeviceGetMaxCustomerBoostClock, gpu, 0))),
    )
    auto = ask(pynvml.nvmlDeviceGetAutoBoostedClocksEnabled, gpu)
    now, default = pair(auto, lambda value: switch(value, "On", "Off"))
    return [
        _clock_rows("Clocks", "clocks", pynvml.nvmlDeviceGetClockInfo, gpu, ALL_CLOCKS),
        _clock_rows("Applications Clocks", "applications_clocks", pynvml.nvmlDeviceGetApplicationsClock, gpu, SET_CLOCKS),
        _clock_rows("Default Applications Clocks", "default_applications_clocks", pynvml.nvmlDeviceGetDefaultApplicationsClock, gpu, SET_CLOCKS),
        Item("Deferred Clocks", "deferred_clocks", (Item("Memory", "mem_clock", NA),)),
        _clock_rows("Max Clocks", "max_clocks", pynvml.nvmlDeviceGetMaxClockInfo, gpu, ALL_CLOCKS),
        Item("Max Customer Boost Clocks", "max_customer_boost_clocks", boost),
        Item("Clock Policy", "clock_policy", (Item("Auto Boost", "auto_boost", now), Item("Auto Boost Default", "auto_boost_default", default))),
    ]  # fmt: skip


def _clock_rows(
    label: str, tag: str, call: Callable[..., Any], gpu: Any, kinds: Iterable[tuple[str, str, int]]
) -> Item:
    return Item(
        label,
        tag,
        tuple(Item(name, word, answered(megahertz, call, gpu, kind)) for name, word, kind in kinds),
    )


def fabric(gpu: Any) -> Item:
    """Registration with the NVLink fabric, and its health."""
    info = filled(pynvml.c_nvmlGpuFabricInfo_v3_t(), pynvml.nvmlDeviceGetGpuFabricInfoV, gpu)
    done = info is not None and info.state == len(FABRIC_STATES) - 1
    raw = bytes(info.clusterUuid).hex() if info is not None else ""
    cluster = f"{raw[:8]}-{raw[8:12]}-{raw[12:16]}-{raw[16:20]}-{raw[20:]}"
    mask = info.healthMask if info is not None else 0

    def named(shift: int, bits: int, names: tuple[str, ...]) -> str:
        value = mask >> shift & bits
        return names[value] if value < len(names) else f"Unknown ({value})"

    return Item("Fabric", "fabric", (
        Item("State", "state", FABRIC_STATES[info.state] if info is not None else NA),
        Item("Status", "status", "Success" if done and not info.status else NA),
        Item("CliqueId", "cliqueId", str(info.cliqueId) if done else NA),
        Item("ClusterUUID", "clusterUuid", cluster if done else NA),
        Item("Health", "health", (
            Item("Summary", "summary", SUMMARIES[info.healthSummary] if info is not None else NA),
            *(Item(label, tag, named(shift, bits, names)) for label, tag, shift, bits, names in HEALTH),
        )),
    ))  # fmt: skip


def running(gpu: Any) -> list[tuple[str, Any]]:
    """(type as nvidia-smi prints it, process) of all that runs: C compute, G graphics, M+C through MPS."""
    lists = (("C", pynvml.nvmlDeviceGetComputeRunningProcesses), ("G", pynvml.nvmlDeviceGetGraphicsRunningProcesses),
             ("M+C", pynvml.nvmlDeviceGetMPSComputeRunningProcesses))  # fmt: skip
    return [(kind, process) for kind, call in lists for process in ask(call, gpu) or ()]


def process_name(pid: int) -> str:
    """The program's path."""
    name = ask(pynvml.nvmlSystemGetProcessName, pid)
    return name if isinstance(name, str) else NA


def processes(gpu: Any) -> Item:
    """What runs."""
    rows = [
        Item("Process", "process_info", (
            Item("Process ID", "pid", str(process.pid)),
            Item("Type", "type", kind),
            Item("Name", "process_name", process_name(process.pid)),
            Item("Used GPU Memory", "used_memory", mib(process.usedGpuMemory)),
        ))
        for kind, process in running(gpu)
    ]  # fmt: skip
    return Item("Processes", "processes", tuple(rows) or "None")


def _egm(gpu: Any) -> str:
    capabilities = filled(pynvml.c_nvmlDeviceCapabilities_v1_t(), pynvml.nvmlDeviceGetCapabilities, gpu)
    return (
        "enabled"
        if capabilities is not None and capabilities.capMask & pynvml.NVML_DEV_CAP_EGM
        else "disabled"
    )
