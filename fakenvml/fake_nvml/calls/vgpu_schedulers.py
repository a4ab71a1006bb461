"""How virtual GPUs share a GPU, or a GPU instance, in time: policies, time slices and logs. Nothing runs, so logs are empty."""

from typing import TYPE_CHECKING, Any

from fake_nvml.abi.codes import Code
from fake_nvml.calls.registry import Caller, Subject, action, check, getter
from fake_nvml.calls.vgpu import gi_setting
from fake_nvml.calls.vgpu_types import require_host
from fake_nvml.model import Gpu, InstanceOf

if TYPE_CHECKING:
    from fake_nvml.abi import structures_generated as nv

POLICIES = (1, 2, 3)
"""Best effort, equal share, fixed share."""


@getter("nvmlDeviceGetVgpuSchedulerCapabilities")
def scheduler_capabilities(gpu: Gpu) -> "nv.VgpuSchedulerCapabilities":
    """Time slices in nanoseconds."""
    require_host(gpu)
    return {
        "supportedSchedulers": list(POLICIES),
        "isArrModeSupported": 1,
        "maxTimeslice": 30_000_000,
        "minTimeslice": 1_000_000,
        "maxFrequencyForARR": 960,
        "minFrequencyForARR": 1,
        "maxAvgFactorForARR": 60,
        "minAvgFactorForARR": 1,
    }


@getter("nvmlDeviceGetVgpuSchedulerState")
def scheduler_state(gpu: Gpu) -> "nv.VgpuSchedulerGetState":
    require_host(gpu)
    return {
        "schedulerPolicy": gpu.setting("vgpu_policy", 1),
        "arrMode": gpu.setting("vgpu_arr", 1),
        "schedulerParams": {"avgFactor": gpu.setting("vgpu_average", 33), "timeslice": 2_000_000},
    }


@getter("nvmlDeviceGetVgpuSchedulerState_v2")
def scheduler_state_v2(gpu: Gpu) -> "nv.VgpuSchedulerStateInfoV2":
    known = scheduler_state(gpu)
    return {
        "engineId": 1,
        "schedulerPolicy": known["schedulerPolicy"],
        "avgFactor": known["schedulerParams"]["avgFactor"],
        "timeslice": known["schedulerParams"]["timeslice"],
    }


def _set_policy(gpu: Gpu, policy: int, average: int) -> None:
    require_host(gpu)
    check(policy in POLICIES)
    check(not gpu.state.vgpus, Code.IN_USE)
    gpu.keep("vgpu_policy", policy)
    gpu.keep("vgpu_average", average or 33)


@action("nvmlDeviceSetVgpuSchedulerState")
def set_scheduler(_caller: Caller, gpu: Gpu, wanted: Any) -> None:
    check(wanted.enableARRMode < 3)
    _set_policy(gpu, wanted.schedulerPolicy, wanted.schedulerParams.avgFactor)
    gpu.keep("vgpu_arr", wanted.enableARRMode or 1)


@action("nvmlDeviceSetVgpuSchedulerState_v2")
def set_scheduler_v2(_caller: Caller, gpu: Gpu, wanted: Any) -> None:
    _set_policy(gpu, wanted.schedulerPolicy, wanted.avgFactor)


@getter("nvmlDeviceGetVgpuSchedulerLog")
def scheduler_log(gpu: Gpu) -> "nv.VgpuSchedulerLog":
    """Nothing ran, so nothing is in it."""
    known = scheduler_state(gpu)
    return {
        "engineId": 1,
        "schedulerPolicy": known["schedulerPolicy"],
        "arrMode": known["arrMode"],
        "entriesCount": 0,
    }


@getter("nvmlDeviceGetVgpuSchedulerLog_v2")
def scheduler_log_v2(gpu: Gpu) -> "nv.VgpuSchedulerLogInfoV2":
    known = scheduler_state_v2(gpu)
    return {
        "engineId": known["engineId"],
        "schedulerPolicy": known["schedulerPolicy"],
        "avgFactor": known["avgFactor"],
        "timeslice": known["timeslice"],
        "entriesCount": 0,
    }


@getter("nvmlGpuInstanceGetVgpuSchedulerState", subject=Subject.GPU_INSTANCE, live=True)
def gi_scheduler(instance: InstanceOf, engine: int) -> "nv.VgpuSchedulerStateInfoV1":
    policy = instance.gpu.setting(gi_setting(instance, "policy"), 1)
    return {
        "engineId": engine,
        "schedulerPolicy": policy,
        "arrMode": 1,
        "schedulerParams": {"timeslice": 2_000_000},
    }


@getter("nvmlGpuInstanceGetVgpuSchedulerState_v2", subject=Subject.GPU_INSTANCE)
def gi_scheduler_v2(instance: InstanceOf) -> "nv.VgpuSchedulerStateInfoV2":
    policy = instance.gpu.setting(gi_setting(instance, "policy"), 1)
    return {"engineId": 1, "schedulerPolicy": policy, "timeslice": 2_000_000}


@getter(
    "nvmlGpuInstanceGetVgpuSchedulerLog",
    "nvmlGpuInstanceGetVgpuSchedulerLog_v2",
    subject=Subject.GPU_INSTANCE,
)
def gi_log(instance: InstanceOf) -> "nv.VgpuSchedulerLogInfoV2":
    return {"engineId": 1, "schedulerPolicy": gi_scheduler_v2(instance)["schedulerPolicy"], "entriesCount": 0}


@action("nvmlGpuInstanceSetVgpuSchedulerState", subjects=(Subject.GPU_INSTANCE,))
def gi_set_scheduler(_caller: Caller, instance: InstanceOf, _engine: int, policy: int, *_rest: int) -> None:
    check(policy in POLICIES)
    instance.gpu.keep(gi_setting(instance, "policy"), policy)


@action("nvmlGpuInstanceSetVgpuSchedulerState_v2", subjects=(Subject.GPU_INSTANCE,))
def gi_set_scheduler_v2(_caller: Caller, instance: InstanceOf, wanted: Any) -> None:
    check(wanted.schedulerPolicy in POLICIES)
    instance.gpu.keep(gi_setting(instance, "policy"), wanted.schedulerPolicy)
