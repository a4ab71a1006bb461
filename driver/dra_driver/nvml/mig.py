"""What NVML says about dividing a GPU: the profiles that it has, and the MIG devices that exist. Calls only."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import pynvml

from dra_driver.nvml.library import ABSENT, optional

SKIPPED = (*ABSENT, pynvml.NVML_ERROR_INVALID_ARGUMENT, pynvml.NVML_ERROR_NOT_FOUND)
"""What a number answers that the board does not have, or that is free."""


class Part(NamedTuple):
    """A MIG device that exists; ``name`` is NVML's, e.g. ``NVIDIA B200 MIG 1c.3g.90gb``."""

    uuid: str
    name: str
    gi: int
    ci: int
    gi_profile: int
    start: int
    size: int
    attributes: Any


def profiles(handle: Any) -> Iterator[Any]:
    """nvmlGpuInstanceProfileInfo_v2_t of each profile of the board."""
    for number in range(pynvml.NVML_GPU_INSTANCE_PROFILE_COUNT):
        try:
            yield pynvml.nvmlDeviceGetGpuInstanceProfileInfoV(handle, number)
        except pynvml.NVMLError as error:
            if error.value not in SKIPPED:
                raise


def placements(handle: Any, profile_id: int) -> list[tuple[int, int]]:
    """(start, size) of each place where an instance of the profile can be."""
    count = pynvml.c_uint(0)
    pynvml.nvmlDeviceGetGpuInstancePossiblePlacements(handle, profile_id, None, pynvml.byref(count))
    found = (pynvml.c_nvmlGpuInstancePlacement_t * max(count.value, 1))()
    pynvml.nvmlDeviceGetGpuInstancePossiblePlacements(handle, profile_id, found, pynvml.byref(count))
    return sorted((place.start, place.size) for place in found[: count.value])


def parts(handle: Any) -> Iterator[Part]:
    """The MIG devices of a GPU by index; an instance that is destroyed meanwhile is left out."""
    for index in range(optional(pynvml.nvmlDeviceGetMaxMigDeviceCount, handle) or 0):
        try:
            mig = pynvml.nvmlDeviceGetMigDeviceHandleByIndex(handle, index)
            gi, ci = pynvml.nvmlDeviceGetGpuInstanceId(mig), pynvml.nvmlDeviceGetComputeInstanceId(mig)
            info = pynvml.nvmlGpuInstanceGetInfo(pynvml.nvmlDeviceGetGpuInstanceById(handle, gi))
            yield Part(
                uuid=pynvml.nvmlDeviceGetUUID(mig),
                name=pynvml.nvmlDeviceGetName(mig),
                gi=gi,
                ci=ci,
                gi_profile=info.profileId,
                start=info.placement.start,
                size=info.placement.size,
                attributes=optional(pynvml.nvmlDeviceGetAttributes, mig),
            )
        except pynvml.NVMLError as error:
            if error.value not in SKIPPED:
                raise
