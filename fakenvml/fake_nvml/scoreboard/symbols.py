"""What is walked: the symbols and fields of NVIDIA's bindings, and structures that functions take."""

import re
import struct
from pathlib import Path
from typing import Any

import pynvml

from fake_nvml.abi import layout, table
from fake_nvml.abi.kinds import ParamKind

MIG = re.compile(r"Mig|GpuInstance|ComputeInstance")


def symbols() -> list[str]:
    """The C symbols that the installed nvidia-ml-py uses."""
    source = Path(pynvml.__file__).read_text()
    return sorted(set(re.findall(r'_nvmlGetFunctionPointer\("(\w+)"\)', source)))


def field_ids() -> list[int]:
    """The distinct numbers of NVML_FI_*, without the one that only ends the list."""
    constants = {
        value for name, value in vars(pynvml).items() if name.startswith("NVML_FI_") and name != "NVML_FI_MAX"
    }
    return sorted(number for number in constants if isinstance(number, int))


def handle_getters() -> list[str]:
    """Getters of a device that want nothing but its handle."""
    functions = (table.functions()[name] for name in symbols() if name.startswith("nvmlDeviceGet"))
    return [
        f.name
        for f in functions
        if [
            param.kind
            for param in f.params
            if param.kind
            in (
                ParamKind.HANDLE,
                ParamKind.NUMBER32,
                ParamKind.NUMBER64,
                ParamKind.STRING,
                ParamKind.READ_ONLY,
                ParamKind.UPDATED_ARRAY,
            )
        ]
        == [ParamKind.HANDLE]
        and f.params[0].name != "migDevice"
    ]


def _pack(name: str, **values: Any) -> tuple[bytes, ...]:
    return (layout.pack(name, values),)


STRUCTURES: dict[str, tuple[bytes, ...]] = {
    "nvmlDeviceCreateGpuInstanceWithPlacement": _pack("nvmlGpuInstancePlacement_t", start=1, size=1),
    "nvmlGpuInstanceCreateComputeInstanceWithPlacement": _pack("nvmlComputeInstancePlacement_t", start=0, size=1),
    "nvmlDeviceSetClockOffsets": _pack("nvmlClockOffset_v1_t", type=0, clockOffsetMHz=15),
    "nvmlDeviceSetDramEncryptionMode": _pack("nvmlDramEncryptionInfo_v1_t", encryptionState=1),
    "nvmlDeviceSetNvlinkBwMode": _pack("nvmlNvlinkSetBwMode_v1_t", bwMode=3),
    "nvmlDeviceSetNvlinkBwModeAsync_v1": _pack("nvmlNvlinkSetBwModeAsync_v1_t", bwMode=2),
    "nvmlDeviceSetNvLinkDeviceLowPowerThreshold": _pack("nvmlNvLinkPowerThres_t", lowPwrThreshold=7),
    "nvmlDeviceSetNvLinkUtilizationControl": _pack("nvmlNvLinkUtilizationControl_t", units=1),
    "nvmlDeviceSetPowerManagementLimit_v2": _pack("nvmlPowerValue_v2_t", powerValueMw=310000),
    "nvmlDeviceSetPowerMizerMode_v1": _pack("nvmlDevicePowerMizerModes_v1_t", mode=2),
    "nvmlDeviceSetRusdSettings_v1": _pack("nvmlRusdSettings_v1_t", pollMask=3),
    "nvmlDeviceSetTemperatureThreshold": (struct.pack("<i", 70),),
    "nvmlDeviceSetHostname_v1": _pack("nvmlHostname_v1_t", value="node-7"),
    "nvmlDevicePowerSmoothingActivatePresetProfile": _pack("nvmlPowerSmoothingProfile_v1_t", profileId=2),
    "nvmlDevicePowerSmoothingUpdatePresetProfileParam": _pack("nvmlPowerSmoothingProfile_v1_t", paramId=1, value=55.0),
    "nvmlDevicePowerSmoothingSetState": _pack("nvmlPowerSmoothingState_v1_t", state=1),
    "nvmlDeviceWorkloadPowerProfileSetRequestedProfiles": _pack("nvmlWorkloadPowerProfileRequestedProfiles_v1_t", requestedProfilesMask={"mask": [5]}),
    "nvmlDeviceWorkloadPowerProfileClearRequestedProfiles": _pack("nvmlWorkloadPowerProfileRequestedProfiles_v1_t", requestedProfilesMask={"mask": [1]}),
    "nvmlDeviceWorkloadPowerProfileUpdateProfiles_v1": _pack("nvmlWorkloadPowerProfileUpdateProfiles_v1_t", operation=2, updateProfilesMask={"mask": [8]}),
    "nvmlDeviceSetVgpuHeterogeneousMode": _pack("nvmlVgpuHeterogeneousMode_v1_t", mode=1),
    "nvmlDeviceSetVgpuSchedulerState": _pack("nvmlVgpuSchedulerSetState_t", schedulerPolicy=2),
    "nvmlDeviceSetVgpuSchedulerState_v2": _pack("nvmlVgpuSchedulerState_v2_t", schedulerPolicy=3),
    "nvmlSetVgpuVersion": _pack("nvmlVgpuVersion_t", minVersion=2, maxVersion=3),
    "nvmlSystemSetConfComputeKeyRotationThresholdInfo": _pack("nvmlConfComputeSetKeyRotationThresholdInfo_v1_t", maxAttackerAdvantage=1 << 55),
    "nvmlDeviceSetMemoryLimits_v1": _pack("nvmlSetMemoryLimits_v1_t", softLimit=1 << 30, hardLimit=2 << 30),
    "nvmlGpuInstanceSetVgpuHeterogeneousMode": _pack("nvmlVgpuHeterogeneousMode_v1_t", mode=1),
    "nvmlGpuInstanceSetVgpuSchedulerState": _pack("nvmlVgpuSchedulerState_v1_t", schedulerPolicy=2),
    "nvmlGpuInstanceSetVgpuSchedulerState_v2": _pack("nvmlVgpuSchedulerState_v2_t", schedulerPolicy=3),
    "nvmlGpmMetricsGet": (),
}  # fmt: skip
