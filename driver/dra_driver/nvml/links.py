"""NVLink and fabric of a GPU, as NVML says it."""

import ctypes
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


def fabric(handle: Any) -> tuple[str, int] | None:
    """(cluster UUID, clique id) of a GPU in a multi-node NVLink domain; None outside of one, and before it is complete."""
    info = pynvml.c_nvmlGpuFabricInfoV_t()
    info.version = pynvml.nvmlGpuFabricInfo_v2
    if optional(pynvml.nvmlDeviceGetGpuFabricInfoV, handle, ctypes.byref(info)) is None:
        return None
    raw = bytes(info.clusterUuid)
    if info.state != pynvml.NVML_GPU_FABRIC_STATE_COMPLETED or not any(raw):
        return None
    text = raw.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}", int(info.cliqueId)
