"""The NVML calls of the driver; what a board or an older library does not have is None.

A board that does not support a call and a library that lacks its symbol are no failures. Every other error of NVML is
raised; ``take_inventory`` makes an ``EnvironmentFault`` of it.
"""

import ctypes
from collections.abc import Callable
from typing import Any, TypeVar

import pynvml

from dra_driver.errors import EnvironmentFault

T = TypeVar("T")
ABSENT = (pynvml.NVML_ERROR_NOT_SUPPORTED, pynvml.NVML_ERROR_FUNCTION_NOT_FOUND)


def optional(call: Callable[..., T], *args: Any) -> T | None:
    """CALL's answer, or None if the board or the driver does not have it."""
    try:
        return call(*args)
    except pynvml.NVMLError as error:
        if error.value in ABSENT:
            return None
        raise


class Library:
    """An initialised NVML; ``close`` releases it."""

    def __init__(self) -> None:
        try:
            pynvml.nvmlInit()
        except pynvml.NVMLError as error:
            message = (
                f"NVML does not start: {error}; wanted the NVIDIA driver's libnvidia-ml.so.1 on this node "
                "(or LD_LIBRARY_PATH with the folder that has it)"
            )
            raise EnvironmentFault(message) from error

    def close(self) -> None:
        """Release NVML; it counts its users."""
        pynvml.nvmlShutdown()

    def versions(self) -> tuple[str, int]:
        """The driver's version as text and CUDA's as major * 1000 + minor * 10."""
        return pynvml.nvmlSystemGetDriverVersion(), pynvml.nvmlSystemGetCudaDriverVersion_v2()

    def handles(self) -> list[Any]:
        """The GPUs that answer, in NVML's order; those that fell off the bus are left out."""
        found = []
        for index in range(pynvml.nvmlDeviceGetCount()):
            try:
                found.append(pynvml.nvmlDeviceGetHandleByIndex(index))
            except pynvml.NVMLError as error:
                if error.value != pynvml.NVML_ERROR_GPU_IS_LOST:
                    raise
        return found

    def active_links(self, handle: Any) -> int:
        """NVLinks that are up."""
        active = 0
        for link in range(pynvml.NVML_NVLINK_MAX_LINKS):
            state = optional(pynvml.nvmlDeviceGetNvLinkState, handle, link)
            if state is None:
                break
            active += int(state)
        return active

    def fabric(self, handle: Any) -> tuple[str, int] | None:
        """(cluster UUID, clique id) of a GPU in a multi-node NVLink domain; None outside of one."""
        info = pynvml.c_nvmlGpuFabricInfoV_t()
        info.version = pynvml.nvmlGpuFabricInfo_v2
        if optional(pynvml.nvmlDeviceGetGpuFabricInfoV, handle, ctypes.byref(info)) is None:
            return None
        raw = bytes(info.clusterUuid)
        if info.state != pynvml.NVML_GPU_FABRIC_STATE_COMPLETED or not any(raw):
            return None
        text = raw.hex()
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}", int(info.cliqueId)
