"""The NVML calls of the driver; what a board or an older library does not have is None.

A board that does not support a call and a library that lacks its symbol are no failures. Every other error of NVML is
raised; ``devices.scan`` reports it for the one GPU that it is about.
"""

from collections.abc import Callable, Iterator
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

    def handles(self) -> Iterator[tuple[int, Any]]:
        """(index, handle or the error of NVML) of each GPU that the driver knows, in NVML's order."""
        for index in range(pynvml.nvmlDeviceGetCount()):
            try:
                yield index, pynvml.nvmlDeviceGetHandleByIndex(index)
            except pynvml.NVMLError as error:
                yield index, error
