"""Compute instances: profiles and placements inside a GPU instance, how they are made, and what they say.

The rules are in ``fake_nvml.mig``; here they meet NVML's functions and return codes.
"""

from typing import TYPE_CHECKING, Any

import msgspec

from fake_nvml import mig as rules
from fake_nvml.abi.codes import Code
from fake_nvml.calls.registry import Caller, Subject, action, check, getter
from fake_nvml.machines import Profile
from fake_nvml.model import (
    InstanceOf,
    MigDevice,
    NvmlError,
    ci_handle,
    gi_handle,
)

if TYPE_CHECKING:
    from fake_nvml.abi import structures_generated as nv


def _compute_profile(instance: InstanceOf, index: int) -> Profile:
    profile = instance.gpu.profile(instance.gi.profile)
    check(index < 9)
    check(rules.COMPUTE_PROFILES.get(index) in profile.compute_instances, Code.NOT_SUPPORTED)
    return profile


@getter(
    "nvmlGpuInstanceGetComputeInstanceProfileInfo",
    "nvmlGpuInstanceGetComputeInstanceProfileInfoV",
    subject=Subject.GPU_INSTANCE,
    over=(range(9), (0,)),
)
def compute_profile_info(
    instance: InstanceOf, index: int, engine_profile: int
) -> "nv.ComputeInstanceProfileInfoV3":
    check(engine_profile == 0)
    profile = _compute_profile(instance, index)
    slices = rules.COMPUTE_PROFILES[index]
    copy, decoder, encoder, jpeg, ofa = profile.engines
    short = profile.name if slices == profile.compute_slices else f"{slices}c.{profile.name}"
    return {
        "id": index,
        "sliceCount": slices,
        "instanceCount": len(rules.compute_starts(slices, profile.compute_slices)),
        "multiprocessorCount": rules.multiprocessors(profile, slices),
        "sharedCopyEngineCount": copy,
        "sharedDecoderCount": decoder,
        "sharedEncoderCount": encoder,
        "sharedJpegCount": jpeg,
        "sharedOfaCount": ofa,
        "name": f"MIG {short}",
    }


@getter("nvmlGpuInstanceGetComputeInstanceRemainingCapacity", subject=Subject.GPU_INSTANCE, over=(range(5),))
def remaining_compute(instance: InstanceOf, index: int) -> int:
    return rules.remaining_compute(_compute_profile(instance, index), instance.gi, index)


@getter("nvmlGpuInstanceGetComputeInstancePossiblePlacements", subject=Subject.GPU_INSTANCE, over=(range(5),))
def compute_placements(instance: InstanceOf, index: int) -> "list[nv.ComputeInstancePlacement]":
    profile = _compute_profile(instance, index)
    slices = rules.COMPUTE_PROFILES[index]
    return [{"start": s, "size": slices} for s in rules.compute_starts(slices, profile.compute_slices)]


@getter("nvmlGpuInstanceGetComputeInstances", subject=Subject.GPU_INSTANCE, over=(range(5),))
def compute_instances(instance: InstanceOf, index: int) -> list[int]:
    _compute_profile(instance, index)
    return [ci_handle(instance.gpu, instance.gi, ci) for ci in instance.gi.compute if ci.profile == index]


@getter("nvmlGpuInstanceGetComputeInstanceById", subject=Subject.GPU_INSTANCE, over=(range(7),))
def compute_by_id(instance: InstanceOf, ci_id: int) -> int:
    for ci in instance.gi.compute:
        if ci.id == ci_id:
            return ci_handle(instance.gpu, instance.gi, ci)
    raise NvmlError(Code.NOT_FOUND)


def _change(instance: InstanceOf, changed: rules.GpuInstance) -> None:
    rest = tuple(changed if gi.id == changed.id else gi for gi in instance.gpu.state.instances)
    instance.gpu.change(instances=rest)


def _create_compute(instance: InstanceOf, index: int, start: int | None) -> int:
    profile = _compute_profile(instance, index)
    slices = rules.COMPUTE_PROFILES[index]
    taken = {slot for ci in instance.gi.compute for slot in range(ci.start, ci.start + ci.slices)}
    if start is None:
        start = rules.default_compute_start(profile, instance.gi, slices)
    check(start is not None, Code.INSUFFICIENT_RESOURCES)
    assert start is not None
    check(taken.isdisjoint(range(start, start + slices)), Code.INSUFFICIENT_RESOURCES)
    changed = rules.create_compute(instance.gi, index, start)
    _change(instance, changed)
    made = next(ci for ci in changed.compute if ci.start == start)
    return ci_handle(instance.gpu, changed, made)


@action("nvmlGpuInstanceCreateComputeInstance", subjects=(Subject.GPU_INSTANCE,))
def create_compute(_caller: Caller, instance: InstanceOf, index: int) -> int:
    return _create_compute(instance, index, None)


@action("nvmlGpuInstanceCreateComputeInstanceWithPlacement", subjects=(Subject.GPU_INSTANCE,))
def create_compute_with_placement(_caller: Caller, instance: InstanceOf, index: int, placement: Any) -> int:
    profile = _compute_profile(instance, index)
    slices = rules.COMPUTE_PROFILES[index]
    check(
        placement.size == slices and placement.start in rules.compute_starts(slices, profile.compute_slices)
    )
    return _create_compute(instance, index, placement.start)


@action("nvmlComputeInstanceDestroy", subjects=(Subject.COMPUTE_INSTANCE,))
def destroy_compute(_caller: Caller, instance: InstanceOf) -> None:
    assert instance.ci is not None
    device = MigDevice(instance.gpu, instance.gi, instance.ci)
    check(not device.processes(), Code.IN_USE)
    left = tuple(ci for ci in instance.gi.compute if ci != instance.ci)
    _change(instance, msgspec.structs.replace(instance.gi, compute=left))


@getter("nvmlComputeInstanceGetInfo_v2", subject=Subject.COMPUTE_INSTANCE)
def compute_info(instance: InstanceOf) -> "nv.ComputeInstanceInfo":
    """``device`` is the handle of the MIG device: its UUID is what a container is given."""
    ci = instance.ci
    assert ci is not None
    return {
        "device": MigDevice(instance.gpu, instance.gi, ci).handle,
        "gpuInstance": gi_handle(instance.gpu, instance.gi),
        "id": ci.id,
        "profileId": ci.profile,
        "placement": {"start": ci.start, "size": ci.slices},
    }


@getter("nvmlComputeInstanceGetInfo", subject=Subject.COMPUTE_INSTANCE)
def compute_info_of_gpu(instance: InstanceOf) -> "nv.ComputeInstanceInfo":
    """The older form names the GPU: nvidia-smi prints its index."""
    known = compute_info(instance)
    return {
        "device": instance.gpu.handle,
        "gpuInstance": known["gpuInstance"],
        "id": known["id"],
        "profileId": known["profileId"],
        "placement": known["placement"],
    }
