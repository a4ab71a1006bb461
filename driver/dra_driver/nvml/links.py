"""NVLink and fabric of a GPU, as NVML says it."""

import ctypes
from collections.abc import Mapping
from typing import Any, NamedTuple

import pynvml

from dra_driver.nvml.library import ABSENT, optional


class Links(NamedTuple):
    """``neighbours`` are PCI addresses of GPUs at the other end; ``switched`` says that some end at an NVSwitch."""

    active: int
    speed_mb_s: int | None
    neighbours: frozenset[str]
    switched: bool


def address(text: str) -> str:
    """A PCI address of NVML as sysfs spells it: ``00000000:8F:00.0`` becomes ``0000:8f:00.0``."""
    return text.lower().removeprefix("0000") if len(text) > len("0000:8f:00.0") else text.lower()


def links(handle: Any) -> Links:
    """The links that are up."""
    active, neighbours, switched = 0, set(), False
    for link in range(pynvml.NVML_NVLINK_MAX_LINKS):
        try:
            if not pynvml.nvmlDeviceGetNvLinkState(handle, link):
                continue
        except pynvml.NVMLError as error:
            if error.value in (*ABSENT, pynvml.NVML_ERROR_INVALID_ARGUMENT):
                break
            raise
        active += 1
        kind = optional(pynvml.nvmlDeviceGetNvLinkRemoteDeviceType, handle, link)
        switched = switched or kind == pynvml.NVML_NVLINK_DEVICE_TYPE_SWITCH
        if kind == pynvml.NVML_NVLINK_DEVICE_TYPE_GPU:
            neighbours.add(address(pynvml.nvmlDeviceGetNvLinkRemotePciInfo(handle, link).busId))
    speed = field(handle, pynvml.NVML_FI_DEV_NVLINK_SPEED_MBPS_COMMON) if active else None
    return Links(active, speed, frozenset(neighbours), switched)


def field(handle: Any, number: int) -> int | None:
    """An unsigned field value; None if the board does not have it."""
    answers = optional(pynvml.nvmlDeviceGetFieldValues, handle, [number])
    if not answers or answers[0].nvmlReturn != pynvml.NVML_SUCCESS:
        return None
    return int(answers[0].value.uiVal)


class FabricInfo(NamedTuple):
    """``place`` is (cluster UUID, clique id) in a multi-node NVLink domain, None outside of one and before it is complete.

    ``fault`` says why the GPU does not work on its fabric, ``degraded`` why it does so with less than all of it.
    """

    place: tuple[str, int] | None = None
    fault: str | None = None
    degraded: str | None = None


STATES = {
    pynvml.NVML_GPU_FABRIC_STATE_NOT_STARTED: "not-started",
    pynvml.NVML_GPU_FABRIC_STATE_IN_PROGRESS: "in-progress",
}
TRUE = 1
"""Of the two bits of each part of the health mask: 0 is not supported, 2 is false (nvml.h, NVML_GPU_FABRIC_HEALTH_MASK_*)."""
FAULTS = {"route-unhealthy": pynvml.NVML_GPU_FABRIC_HEALTH_MASK_SHIFT_ROUTE_UNHEALTHY}
DEGRADATIONS = {
    "degraded-bandwidth": pynvml.NVML_GPU_FABRIC_HEALTH_MASK_SHIFT_DEGRADED_BW,
    "route-recovery": pynvml.NVML_GPU_FABRIC_HEALTH_MASK_SHIFT_ROUTE_RECOVERY,
    "access-timeout-recovery": pynvml.NVML_GPU_FABRIC_HEALTH_MASK_SHIFT_ACCESS_TIMEOUT_RECOVERY,
}


def fabric(handle: Any) -> FabricInfo:
    """A GPU on its NVLink fabric; nothing is known of one that has none."""
    info = pynvml.c_nvmlGpuFabricInfoV_t()
    info.version = pynvml.nvmlGpuFabricInfo_v2
    if optional(pynvml.nvmlDeviceGetGpuFabricInfoV, handle, ctypes.byref(info)) is None:
        return FabricInfo()
    if info.state != pynvml.NVML_GPU_FABRIC_STATE_COMPLETED:
        return FabricInfo(fault=STATES.get(info.state))
    text = bytes(info.clusterUuid).hex()
    cluster = f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
    place = (cluster, int(info.cliqueId)) if any(info.clusterUuid) else None
    fault = f"failed-{info.status}" if info.status else fabric_fault(info.healthMask)
    return FabricInfo(place, fault, first(DEGRADATIONS, info.healthMask))


def fabric_fault(mask: int) -> str | None:
    """What the health mask says that keeps a GPU from working on its fabric."""
    wrong = mask >> pynvml.NVML_GPU_FABRIC_HEALTH_MASK_SHIFT_INCORRECT_CONFIGURATION & 0xF
    if wrong > pynvml.NVML_GPU_FABRIC_HEALTH_MASK_INCORRECT_CONFIGURATION_NONE:
        return f"incorrect-configuration-{wrong}"
    return first(FAULTS, mask)


def first(parts: Mapping[str, int], mask: int) -> str | None:
    """The first of PARTS, {name: place in the mask}, that is true."""
    return next((name for name, shift in parts.items() if mask >> shift & 0b11 == TRUE), None)
