"""Power, energy, temperature, fans, power smoothing and workload power profiles.

Under load a board draws in proportion between idle and limit and warms up accordingly; a test may set any sensor.
"""

import struct
import time
from typing import TYPE_CHECKING, Any

from fake_nvml.abi.codes import Code
from fake_nvml.calls.clocks import busy
from fake_nvml.calls.registry import Caller, action, check, getter
from fake_nvml.model import Gpu, NvmlError

if TYPE_CHECKING:
    from fake_nvml.abi import structures_generated as nv


HOPPER, BLACKWELL = 9, 10
NOT_SET = 0xFFFFFFFF
PROFILES = 5
"""Preset profiles of power smoothing."""
DEFAULTS = (0.0, 100.0, 100.0, 1000.0, 0.0, 1.0, 1.0, 0.0)
"""Parameters of a preset profile: floor %, ramp up and down mW/ms, hysteresis ms, and the four of the second floor."""
WORKLOADS = {0: "max-p", 1: "max-q", 2: "compute", 3: "memory-bound", 4: "network"}
"""Workload power profiles that every Blackwell has; max-p and max-q exclude each other."""


def limit_mw(gpu: Gpu) -> int:
    """The power limit that holds."""
    return gpu.state.power_limit_mw or gpu.board.power.default_mw


@getter("nvmlDeviceGetPowerManagementLimit", "nvmlDeviceGetEnforcedPowerLimit")
def power_limit(gpu: Gpu) -> int:
    return limit_mw(gpu)


@getter("nvmlDeviceGetPowerManagementDefaultLimit", fixed=True)
def default_power_limit(gpu: Gpu) -> int:
    return gpu.board.power.default_mw


@getter("nvmlDeviceGetPowerManagementLimitConstraints", fixed=True)
def power_constraints(gpu: Gpu) -> tuple[int, int]:
    return gpu.board.power.min_mw, gpu.board.power.max_mw


@action("nvmlDeviceSetPowerManagementLimit")
def set_power_limit(_caller: Caller, gpu: Gpu, limit: int) -> None:
    check(gpu.board.power.min_mw <= limit <= gpu.board.power.max_mw)
    gpu.change(power_limit_mw=limit)


@action("nvmlDeviceSetPowerManagementLimit_v2")
def set_power_limit_v2(caller: Caller, gpu: Gpu, scope: int, limit: int) -> None:
    """Scope 0 is the GPU, 1 the module, 2 the memory."""
    check((scope & 0xFF) < 4)
    check((scope & 0xFF) == 0, Code.NOT_SUPPORTED)
    set_power_limit(caller, gpu, limit)


@getter("nvmlDeviceGetPowerUsage")
def power_usage(gpu: Gpu) -> int:
    idle = gpu.board.power.idle_mw
    return gpu.reading("power_mw", idle + (max(limit_mw(gpu), idle) - idle) * busy(gpu) // 100)


@getter("nvmlDeviceGetPowerManagementMode", fixed=True)
def power_management(_gpu: Gpu) -> int:
    return 1


@getter("nvmlDeviceGetPowerSource")
def power_source(gpu: Gpu) -> int:
    """0 is mains, 1 battery, 2 undersized mains."""
    return gpu.reading("power_source", 0)


@getter("nvmlDeviceGetTotalEnergyConsumption", live=True)
def energy(gpu: Gpu) -> int:
    """Millijoules since the driver was loaded, at what the board draws now."""
    return int((time.time() - gpu.node.started_s) * power_usage(gpu))


def temperature_c(gpu: Gpu) -> int:
    """Degrees Celsius of the GPU: it warms up by fifty under full load."""
    return gpu.reading("temperature_c", gpu.board.thermal.idle_c + busy(gpu) // 2)


@getter("nvmlDeviceGetTemperature", over=((0,),))
def temperature(gpu: Gpu, sensor: int) -> int:
    check(sensor == 0)
    return temperature_c(gpu)


@getter("nvmlDeviceGetTemperatureV", over=((0,),))
def temperature_v(gpu: Gpu, sensor: int) -> "nv.TemperatureV1":
    check(sensor == 0)
    return {"sensorType": sensor, "temperature": temperature_c(gpu)}


def slowdown_c(gpu: Gpu) -> int:
    """The temperature at which clocks go down; boards that report distances have it at 87 degrees (assumed)."""
    thermal = gpu.board.thermal
    return 87 if thermal.tlimit else thermal.slowdown_c


@getter("nvmlDeviceGetMarginTemperature")
def margin(gpu: Gpu) -> "nv.MarginTemperatureV1":
    check(gpu.board.thermal.tlimit, Code.NOT_SUPPORTED)
    return {"marginTemperature": slowdown_c(gpu) - temperature_c(gpu)}


@getter("nvmlDeviceGetTemperatureThreshold", over=(range(8),))
def threshold(gpu: Gpu, kind: int) -> int:
    """0 shutdown, 1 slowdown, 2 memory, 3 GPU maximum, 4 to 6 acoustic (boards with fans), 7 GPS."""
    check(kind < 8)
    thermal = gpu.board.thermal
    if kind in (4, 5, 6):
        check(thermal.fans, Code.NOT_SUPPORTED)
        return (65, gpu.setting("acoustic_c", 83), 90)[kind - 4]
    check(not thermal.tlimit and kind != 7, Code.NOT_SUPPORTED)
    found = (thermal.shutdown_c, thermal.slowdown_c, thermal.memory_max_c, thermal.max_operating_c)[kind]
    if found is None:
        raise NvmlError(Code.NOT_SUPPORTED)
    return found


@action("nvmlDeviceSetTemperatureThreshold")
def set_threshold(_caller: Caller, gpu: Gpu, kind: int, value: Any) -> None:
    """Only the acoustic threshold can be moved, and only on boards with fans."""
    check(kind < 8)
    check(kind == 5 and gpu.board.thermal.fans, Code.NOT_SUPPORTED)
    check(65 <= value.value <= 90)
    gpu.keep("acoustic_c", value.value)


@getter("nvmlDeviceGetThermalSettings", over=((0, 15),))
def thermal_settings(gpu: Gpu, sensor: int) -> "nv.GpuThermalSettings":
    """Sensor 15 is all of them: there is one, inside the GPU."""
    check(sensor in (0, 15))
    only: nv.GpuThermalSensor = {
        "controller": 1,
        "defaultMinTemp": 0,
        "defaultMaxTemp": slowdown_c(gpu),
        "currentTemp": temperature_c(gpu),
        "target": 1,
    }
    return {"count": 1, "sensor": [only]}


def fan(gpu: Gpu, number: int = 0) -> None:
    """Check that the board has that fan: most boards for servers have none."""
    check(gpu.board.thermal.fans, Code.NOT_SUPPORTED)
    check(number < gpu.board.thermal.fans)


@getter("nvmlDeviceGetNumFans", fixed=True)
def fans(gpu: Gpu) -> int:
    return gpu.board.thermal.fans


@getter("nvmlDeviceGetFanSpeed")
def fan_speed(gpu: Gpu) -> int:
    """Percent: what was set by hand, else what the temperature asks for."""
    fan(gpu)
    return gpu.reading("fan_percent", gpu.setting("fan/0", 30 + max(0, temperature_c(gpu) - 30)))


@getter("nvmlDeviceGetFanSpeed_v2", "nvmlDeviceGetTargetFanSpeed", over=(range(2),))
def fan_speed_v2(gpu: Gpu, number: int) -> int:
    fan(gpu, number)
    return gpu.setting(f"fan/{number}", fan_speed(gpu))


@getter("nvmlDeviceGetFanSpeedRPM", over=(range(2),))
def fan_rpm(gpu: Gpu, number: int) -> "nv.FanSpeedInfoV1":
    fan(gpu, number)
    return {"fan": number, "speed": 50 * int(fan_speed_v2(gpu, number))}


@getter("nvmlDeviceGetMinMaxFanSpeed", fixed=True)
def fan_limits(gpu: Gpu) -> tuple[int, int]:
    fan(gpu)
    return 30, 100


@getter("nvmlDeviceGetFanControlPolicy_v2", over=(range(2),))
def fan_policy(gpu: Gpu, number: int) -> int:
    """0 by temperature, 1 by hand."""
    fan(gpu, number)
    return gpu.setting(f"fan_policy/{number}")


@action("nvmlDeviceSetFanControlPolicy")
def set_fan_policy(_caller: Caller, gpu: Gpu, number: int, policy: int) -> None:
    fan(gpu, number)
    check(policy < 2)
    gpu.keep(f"fan_policy/{number}", policy)


@action("nvmlDeviceSetFanSpeed_v2")
def set_fan_speed(_caller: Caller, gpu: Gpu, number: int, percent: int) -> None:
    fan(gpu, number)
    check(30 <= percent <= 100)
    gpu.keep(f"fan/{number}", percent)
    gpu.keep(f"fan_policy/{number}", 1)


@action("nvmlDeviceSetDefaultFanSpeed_v2")
def default_fan_speed(_caller: Caller, gpu: Gpu, number: int) -> None:
    fan(gpu, number)
    dropped = (f"fan/{number}", f"fan_policy/{number}")
    gpu.change(settings={name: value for name, value in gpu.state.settings.items() if name not in dropped})


@getter("nvmlDeviceGetCoolerInfo", over=(range(2),))
def cooler(gpu: Gpu, number: int) -> "nv.CoolerInfoV1":
    fan(gpu, number)
    return {"index": number, "signalType": 2, "target": 2}


@getter("nvmlDeviceGetAdaptiveTgpModeInfo_v1")
def adaptive_tgp(gpu: Gpu) -> "nv.AdaptiveTgpModeInfoV1":
    check(gpu.board.compute.architecture >= BLACKWELL, Code.NOT_SUPPORTED)
    on = gpu.setting("adaptive_tgp")
    return {
        "inBandEnableRequest": on,
        "featureAllowedByAdmin": 1,
        "enablementStatus": on,
        "adjustedLimitMw": limit_mw(gpu),
    }


@action("nvmlDeviceSetAdaptiveTgpMode_v1")
def set_adaptive_tgp(_caller: Caller, gpu: Gpu, mode: int) -> None:
    check(gpu.board.compute.architecture >= BLACKWELL, Code.NOT_SUPPORTED)
    check(mode < 2)
    gpu.keep("adaptive_tgp", mode)


def smoothing(gpu: Gpu) -> None:
    """Check that the board can smooth its power: Blackwell boards on SXM modules and superchips."""
    check(gpu.board.compute.architecture >= BLACKWELL and gpu.board.nvlink, Code.NOT_SUPPORTED)


@action("nvmlDevicePowerSmoothingSetState")
def set_smoothing(_caller: Caller, gpu: Gpu, state: int) -> None:
    smoothing(gpu)
    check(state < 2)
    gpu.keep("smoothing", state)


@action("nvmlDevicePowerSmoothingActivatePresetProfile")
def activate_profile(_caller: Caller, gpu: Gpu, profile: int, *_rest: int) -> None:
    smoothing(gpu)
    check(profile < PROFILES)
    gpu.keep("smoothing_profile", profile)


@action("nvmlDevicePowerSmoothingUpdatePresetProfileParam")
def update_profile(_caller: Caller, gpu: Gpu, profile: int, param: int, _padding: int, *words: int) -> None:
    smoothing(gpu)
    check(profile < PROFILES and param < len(DEFAULTS))
    (value,) = struct.unpack("<d", struct.pack("<2I", *words))
    check(0 <= value <= 1e9)
    gpu.keep(f"smoothing/{profile}/{param}", value)


def smoothing_parameter(gpu: Gpu, profile: int, param: int) -> float:
    """A parameter of a preset profile, as fields report it."""
    return float(gpu.state.settings.get(f"smoothing/{profile}/{param}", DEFAULTS[param]))


def _mask(profiles: set[int]) -> list[int]:
    return [sum(1 << bit for bit in range(32) if word * 32 + bit in profiles) for word in range(8)]


def _profiles(words: tuple[int, ...]) -> set[int]:
    return {word * 32 + bit for word, value in enumerate(words) for bit in range(32) if value >> bit & 1}


def _requested(gpu: Gpu) -> set[int]:
    check(gpu.board.compute.architecture >= BLACKWELL, Code.NOT_SUPPORTED)
    mask = gpu.setting("workloads")
    return {number for number in WORKLOADS if mask >> number & 1}


@getter("nvmlDeviceWorkloadPowerProfileGetProfilesInfo", fixed=True)
def workload_profiles(gpu: Gpu) -> "nv.WorkloadPowerProfileProfilesInfoV1":
    _requested(gpu)
    exclusive = {0: {1}, 1: {0}}
    rows: list[nv.WorkloadPowerProfileInfoV1] = [
        {"version": 0x0100002C, "profileId": number, "priority": number, "conflictingMask": {"mask": _mask(exclusive.get(number, set()))}}
        for number in WORKLOADS
    ]  # fmt: skip
    return {"perfProfilesMask": {"mask": _mask(set(WORKLOADS))}, "perfProfile": rows}


@getter("nvmlDeviceWorkloadPowerProfileGetCurrentProfiles")
def current_workloads(gpu: Gpu) -> "nv.WorkloadPowerProfileCurrentProfilesV1":
    """Of two that exclude each other the one with the lower number holds."""
    wanted = _requested(gpu)
    enforced = wanted - {1} if {0, 1} <= wanted else wanted
    return {
        "perfProfilesMask": {"mask": _mask(set(WORKLOADS))},
        "requestedProfilesMask": {"mask": _mask(wanted)},
        "enforcedProfilesMask": {"mask": _mask(enforced)},
    }


def _request(gpu: Gpu, profiles: set[int]) -> None:
    check(profiles <= set(WORKLOADS))
    gpu.keep("workloads", sum(1 << number for number in profiles))


@action("nvmlDeviceWorkloadPowerProfileSetRequestedProfiles")
def request_workloads(_caller: Caller, gpu: Gpu, *words: int) -> None:
    _request(gpu, _requested(gpu) | _profiles(words))


@action("nvmlDeviceWorkloadPowerProfileClearRequestedProfiles")
def clear_workloads(_caller: Caller, gpu: Gpu, *words: int) -> None:
    _request(gpu, _requested(gpu) - _profiles(words))


@action("nvmlDeviceWorkloadPowerProfileUpdateProfiles_v1")
def update_workloads(_caller: Caller, gpu: Gpu, wanted: Any) -> None:
    """0 clear, 1 set, 2 set and overwrite."""
    check(wanted.operation < 3)
    given, before = _profiles(tuple(wanted.updateProfilesMask.mask)), _requested(gpu)
    _request(gpu, (before - given, before | given, given)[wanted.operation])
