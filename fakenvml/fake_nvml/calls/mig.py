"""Multi-instance GPU: mode, profiles, placements, GPU instances and MIG devices.

The rules are in ``fake_nvml.mig``; here they meet NVML's functions and return codes. On Hopper and later the mode
changes at once; on boards that need a reset the new mode stays pending until a reboot.
"""

from typing import TYPE_CHECKING, Any

from fake_nvml import mig as rules
from fake_nvml.abi.codes import Code
from fake_nvml.calls.registry import Caller, Subject, action, check, getter
from fake_nvml.machines import Mig, Profile
from fake_nvml.model import (
    NO_INSTANCE,
    Event,
    Gpu,
    InstanceOf,
    MigDevice,
    Node,
    NvmlError,
    gi_handle,
)

if TYPE_CHECKING:
    from fake_nvml.abi import structures_generated as nv


PROFILE_COUNT = 18
"""NVML_GPU_INSTANCE_PROFILE_COUNT of API version 13."""


CONFIG_CHANGE = 0x100
"""nvmlEventMigConfigChange."""
P2P, GRAPHICS = 0x1, 0x2
"""NVML_GPU_INSTANCE_PROFILE_CAPS_*."""


def profile_ids(node: Node) -> list[int]:
    """The ids that create takes."""
    return [profile.id for profile in node.board.mig.profiles] if node.board.mig else []


def _board(gpu: Gpu) -> Mig:
    if gpu.node.board.mig is None:
        raise NvmlError(Code.NOT_SUPPORTED)
    return gpu.node.board.mig


@getter("nvmlDeviceGetMigMode")
def mode(gpu: Gpu) -> tuple[int, int]:
    _board(gpu)
    return int(gpu.state.mig), int(gpu.state.mig_pending)


@action("nvmlDeviceSetMigMode")
def set_mode(_caller: Caller, gpu: Gpu, wanted: int) -> int:
    """The activation status, IN_USE while processes have the GPU open.

    IN_USE as return code while instances exist is inferred, nobody has published a trace: nvml.h lists IN_USE for the
    calls that destroy what is not empty, and the MIG User Guide destroys the instances before it disables the mode.
    """
    board = _board(gpu)
    check(wanted < 2)
    check(wanted or not gpu.state.instances, Code.IN_USE)
    if board.needs_reset and bool(wanted) != gpu.state.mig:
        gpu.change(mig_pending=bool(wanted))
        return Code.RESET_REQUIRED
    if board.needs_reset:
        gpu.change(mig_pending=bool(wanted))
    if bool(wanted) == gpu.state.mig:
        return Code.SUCCESS
    if gpu.processes():
        return Code.IN_USE
    gpu.change(mig=bool(wanted), mig_pending=bool(wanted), compute_mode=0)
    _changed(gpu)
    return Code.SUCCESS


def _changed(gpu: Gpu, gi: int = NO_INSTANCE) -> None:
    gpu.node.emit(Event(type=CONFIG_CHANGE, gpu=gpu.index, gi=gi))


@getter("nvmlDeviceGetMaxMigDeviceCount")
def max_devices(gpu: Gpu) -> int:
    board = gpu.node.board.mig
    return board.max_devices if board and gpu.state.mig else 0


@getter("nvmlDeviceIsMigDeviceHandle", fixed=True)
def is_not_mig(_gpu: Gpu) -> int:
    return 0


@getter("nvmlDeviceIsMigDeviceHandle", subject=Subject.MIG_DEVICE)
def is_mig(_device: MigDevice) -> int:
    return 1


@getter("nvmlDeviceGetMigDeviceHandleByIndex", over=(range(7),))
def device_by_index(gpu: Gpu, index: int) -> int:
    check(index < _board(gpu).max_devices)
    devices = gpu.mig_devices()
    check(index < len(devices), Code.NOT_FOUND)
    return devices[index].handle


@getter("nvmlDeviceGetDeviceHandleFromMigDeviceHandle", subject=Subject.MIG_DEVICE)
def parent(device: MigDevice) -> int:
    return device.gpu.handle


@getter("nvmlDeviceGetGpuInstanceId", subject=Subject.MIG_DEVICE)
def device_gi(device: MigDevice) -> int:
    return device.gi.id


@getter("nvmlDeviceGetComputeInstanceId", subject=Subject.MIG_DEVICE)
def device_ci(device: MigDevice) -> int:
    return device.ci.id


@getter("nvmlDeviceGetAttributes", "nvmlDeviceGetAttributes_v2", subject=Subject.MIG_DEVICE)
def attributes(device: MigDevice) -> "nv.DeviceAttributes":
    copy, decoder, encoder, jpeg, ofa = device.profile.engines
    return {
        "multiprocessorCount": rules.multiprocessors(device.profile, device.ci.slices),
        "sharedCopyEngineCount": copy,
        "sharedDecoderCount": decoder,
        "sharedEncoderCount": encoder,
        "sharedJpegCount": jpeg,
        "sharedOfaCount": ofa,
        "gpuInstanceSliceCount": device.profile.compute_slices,
        "computeInstanceSliceCount": device.ci.slices,
        "memorySizeMB": device.profile.memory_mib,
    }


def _profile_info(profile: Profile) -> "nv.GpuInstanceProfileInfoV3":
    copy, decoder, encoder, jpeg, ofa = profile.engines
    return {
        "id": profile.id,
        "sliceCount": profile.compute_slices,
        "instanceCount": profile.max,
        "multiprocessorCount": profile.multiprocessors,
        "copyEngineCount": copy,
        "decoderCount": decoder,
        "encoderCount": encoder,
        "jpegCount": jpeg,
        "ofaCount": ofa,
        "memorySizeMB": profile.memory_mib,
        "name": f"MIG {profile.name}",
        "capabilities": GRAPHICS if profile.graphics else 0,
    }


@getter(
    "nvmlDeviceGetGpuInstanceProfileInfo",
    "nvmlDeviceGetGpuInstanceProfileInfoV",
    over=(range(PROFILE_COUNT),),
    fixed=True,
)
def profile_info(gpu: Gpu, index: int) -> "nv.GpuInstanceProfileInfoV3":
    check(index < PROFILE_COUNT)
    for profile in _board(gpu).profiles:
        if profile.index == index:
            return _profile_info(profile)
    raise NvmlError(Code.NOT_SUPPORTED)


@getter("nvmlDeviceGetGpuInstanceProfileInfoByIdV", over=(profile_ids,), fixed=True)
def profile_info_by_id(gpu: Gpu, profile_id: int) -> "nv.GpuInstanceProfileInfoV3":
    return _profile_info(gpu.profile(profile_id))


@getter(
    "nvmlDeviceGetGpuInstancePossiblePlacements",
    "nvmlDeviceGetGpuInstancePossiblePlacements_v2",
    over=(profile_ids,),
    fixed=True,
)
def placements(gpu: Gpu, profile_id: int) -> "list[nv.GpuInstancePlacement]":
    """Whatever the mode and the instances: where the profile could be on an empty board."""
    profile = gpu.profile(profile_id)
    return [{"start": start, "size": profile.size} for start in profile.starts]


@getter("nvmlDeviceGetGpuInstanceRemainingCapacity", over=(profile_ids,))
def remaining(gpu: Gpu, profile_id: int) -> int:
    """None while the mode is off: nvidia-smi 550 lists such boards with 0 free, which it could not after an error."""
    profile = gpu.profile(profile_id)
    return rules.remaining(_board(gpu), gpu.state.instances, profile) if gpu.state.mig else 0


@getter("nvmlDeviceGetGpuInstances", over=(profile_ids,))
def instances(gpu: Gpu, profile_id: int) -> list[int]:
    check(gpu.state.mig, Code.NOT_SUPPORTED)
    gpu.profile(profile_id)
    return [gi_handle(gpu, gi) for gi in gpu.state.instances if gi.profile == profile_id]


@getter("nvmlDeviceGetGpuInstanceById", over=(range(15),))
def instance_by_id(gpu: Gpu, gi: int) -> int:
    check(gpu.state.mig, Code.NOT_SUPPORTED)
    return gi_handle(gpu, gpu.instance(gi))


def _create(gpu: Gpu, profile_id: int, start: int | None) -> int:
    board = _board(gpu)
    check(gpu.state.mig, Code.NOT_SUPPORTED)
    profile = gpu.profile(profile_id)
    if start is None:
        start = rules.default_start(board, gpu.state.instances, profile)
    check(
        start is not None and rules.fits(board, gpu.state.instances, profile, start),
        Code.INSUFFICIENT_RESOURCES,
    )
    assert start is not None
    gpu.change(instances=rules.create(board, gpu.state.instances, profile, start))
    made = gpu.instance(rules.gpu_instance_id(board, profile.size, start))
    _changed(gpu, made.id)
    return gi_handle(gpu, made)


@action("nvmlDeviceCreateGpuInstance")
def create(_caller: Caller, gpu: Gpu, profile_id: int) -> int:
    return _create(gpu, profile_id, None)


@action("nvmlDeviceCreateGpuInstanceWithPlacement")
def create_with_placement(_caller: Caller, gpu: Gpu, profile_id: int, placement: Any) -> int:
    profile = gpu.profile(profile_id)
    check(placement.size == profile.size and placement.start in profile.starts)
    return _create(gpu, profile_id, placement.start)


@action("nvmlGpuInstanceDestroy", subjects=(Subject.GPU_INSTANCE,))
def destroy(_caller: Caller, instance: InstanceOf) -> None:
    check(not instance.gi.compute, Code.IN_USE)
    left = tuple(gi for gi in instance.gpu.state.instances if gi.id != instance.gi.id)
    instance.gpu.change(instances=left)
    _changed(instance.gpu, instance.gi.id)


@getter("nvmlGpuInstanceGetInfo", subject=Subject.GPU_INSTANCE)
def instance_info(instance: InstanceOf) -> "nv.GpuInstanceInfo":
    gi = instance.gi
    return {
        "device": instance.gpu.handle,
        "id": gi.id,
        "profileId": gi.profile,
        "placement": {"start": gi.start, "size": gi.size},
    }
