"""MIG mode, GPU instances and compute instances of a GPU, by NVML's calls. They block: call them in a thread.

A GPU instance is found by its profile and placement and never by its id alone, because ids are used again. NVML reports
an occupied placement as INSUFFICIENT_RESOURCES (seen on real machines and in NVIDIA's issue tracker), so what is there is
looked up before something is created.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pynvml

from dra_driver.claims.step import CreateMig, Made
from dra_driver.errors import EnvironmentFault
from dra_driver.nvml.library import ABSENT, Library

SKIPPED = (*ABSENT, pynvml.NVML_ERROR_INVALID_ARGUMENT)
"""What a profile number that the board does not have answers."""
COMPUTE_PROFILES = 9


@dataclass(frozen=True, slots=True)
class Instance:
    """A GPU instance and the compute instances in it, as {id: UUID of the MIG device}."""

    gi: int
    profile: int
    start: int
    size: int
    compute: dict[int, str]

    def at(self, step: CreateMig) -> bool:
        """Whether it is the one that STEP creates."""
        return (self.profile, self.start, self.size) == (step.gi_profile, step.start, step.size)

    def overlaps(self, step: CreateMig) -> bool:
        """Whether it needs a memory slice of STEP."""
        return self.start < step.start + step.size and step.start < self.start + self.size


@contextlib.contextmanager
def opened(gpu: str, what: str) -> Iterator[Any]:
    """The NVML handle of a GPU by its UUID.

    Raises:
        EnvironmentFault: NVML does not know it, or refuses what is done with it.
    """
    library = Library()
    try:
        yield pynvml.nvmlDeviceGetHandleByUUID(gpu)
    except pynvml.NVMLError as error:
        message = f"{what} on GPU {gpu}: NVML: {error}; the kubelet tries again"
        raise EnvironmentFault(message) from error
    finally:
        library.close()


def mig_mode(gpu: str) -> bool | None:
    """Whether MIG mode is on; None on a GPU that cannot be divided."""
    with opened(gpu, "MIG mode") as handle:
        try:
            current, _ = pynvml.nvmlDeviceGetMigMode(handle)
        except pynvml.NVMLError as error:
            if error.value in ABSENT:
                return None
            raise
        return bool(current)


def set_mig_mode(gpu: str, on: bool) -> None:
    """Switch MIG mode.

    Raises:
        EnvironmentFault: the GPU is in use, or it needs a reset first.
    """
    with opened(gpu, f"switching MIG mode {'on' if on else 'off'}") as handle:
        pynvml.nvmlDeviceSetMigMode(handle, int(on))
        current, pending = pynvml.nvmlDeviceGetMigMode(handle)
        if bool(current) != on:
            message = f"GPU {gpu}: MIG mode is {current} and {pending} after a reset of the GPU; reset it"
            raise EnvironmentFault(message)


def instances(gpu: str) -> list[Instance]:
    """Every GPU instance, also those without compute instance."""
    with opened(gpu, "listing MIG instances") as handle:
        return [instance_of(gi) for gi in gpu_instances(handle)]


def gpu_instances(handle: Any) -> Iterator[Any]:
    """The handles of all GPU instances."""
    for number in range(pynvml.NVML_GPU_INSTANCE_PROFILE_COUNT):
        try:
            profile = pynvml.nvmlDeviceGetGpuInstanceProfileInfo(handle, number)
            count = pynvml.c_uint(profile.instanceCount)
            found = (pynvml.c_nvmlGpuInstance_t * max(profile.instanceCount, 1))()
            pynvml.nvmlDeviceGetGpuInstances(handle, profile.id, found, pynvml.byref(count))
        except pynvml.NVMLError as error:
            if error.value in SKIPPED:
                continue
            raise
        yield from found[: count.value]


def instance_of(gi: Any) -> Instance:
    """A GPU instance as a value."""
    info = pynvml.nvmlGpuInstanceGetInfo(gi)
    compute = {ci_info.id: pynvml.nvmlDeviceGetUUID(ci_info.device) for _, ci_info in compute_instances(gi)}
    return Instance(info.id, info.profileId, info.placement.start, info.placement.size, compute)


def compute_instances(gi: Any) -> Iterator[tuple[Any, Any]]:
    """(handle, information) of the compute instances in a GPU instance."""
    for number in range(COMPUTE_PROFILES):
        try:
            profile = pynvml.nvmlGpuInstanceGetComputeInstanceProfileInfo(gi, number, 0)
            count = pynvml.c_uint(profile.instanceCount)
            found = (pynvml.c_nvmlComputeInstance_t * max(profile.instanceCount, 1))()
            pynvml.nvmlGpuInstanceGetComputeInstances(gi, profile.id, found, pynvml.byref(count))
        except pynvml.NVMLError as error:
            if error.value in SKIPPED:
                continue
            raise
        for ci in found[: count.value]:
            yield ci, pynvml.nvmlComputeInstanceGetInfo_v2(ci)


def create(step: CreateMig, ours: Made | None) -> Made:
    """The MIG device of STEP: the one that there is if it is OURS, else a new one.

    Raises:
        EnvironmentFault: something else is in its place, or NVML refuses.
    """
    with opened(step.gpu, f"creating {step.device}") as handle:
        for gi in gpu_instances(handle):
            found = instance_of(gi)
            if found.at(step) and ours is not None and found.compute.get(ours.ci) == ours.uuid:
                return ours
            if found.overlaps(step):
                raise foreign(step, found)
        placement = pynvml.c_nvmlGpuInstancePlacement_t(step.start, step.size)
        gi = pynvml.nvmlDeviceCreateGpuInstanceWithPlacement(handle, step.gi_profile, pynvml.byref(placement))
        try:
            ci = pynvml.nvmlGpuInstanceCreateComputeInstance(gi, step.ci_profile)
        except pynvml.NVMLError:
            pynvml.nvmlGpuInstanceDestroy(gi)
            raise
        info = pynvml.nvmlComputeInstanceGetInfo_v2(ci)
        return Made(pynvml.nvmlDeviceGetUUID(info.device), pynvml.nvmlGpuInstanceGetInfo(gi).id, info.id)


def in_the_way(step: CreateMig) -> str | None:
    """What occupies the place of a MIG device that is not there yet; None if it is free.

    It is looked up before the step is recorded: whatever is there afterwards is what the step made, and may be destroyed.
    """
    found = next((instance for instance in instances(step.gpu) if instance.overlaps(step)), None)
    return str(foreign(step, found)) if found else None


def foreign(step: CreateMig, found: Instance) -> EnvironmentFault:
    """The error about an instance that this driver did not make."""
    uuids = ", ".join(found.compute.values()) or "no compute instance"
    message = (
        f"device {step.device} needs memory slices {step.start} to {step.start + step.size - 1} of GPU {step.gpu}, "
        f"where GPU instance {found.gi} is ({uuids}); this driver did not make it: destroy it with nvidia-smi mig -dgi"
    )
    return EnvironmentFault(message)


def destroy(step: CreateMig, ours: Made | None) -> bool:
    """Destroy the instances of STEP, also a GPU instance whose compute instance is missing; false if there are none.

    OURS is what was made, if the record says it: another one in its place is left alone.

    Raises:
        EnvironmentFault: it is in use.
    """
    with opened(step.gpu, f"destroying {step.device}") as handle:
        for gi in gpu_instances(handle):
            found = instance_of(gi)
            if not found.at(step):
                continue
            if ours is not None and found.compute and ours.uuid not in found.compute.values():
                return False
            for ci, _ in list(compute_instances(gi)):
                pynvml.nvmlComputeInstanceDestroy(ci)
            pynvml.nvmlGpuInstanceDestroy(gi)
            return True
    return False
