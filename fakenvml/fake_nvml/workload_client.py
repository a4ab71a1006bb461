"""``fake-nvml workload``: a process that holds a context and memory on a device through libcuda.so.1, until its input ends.

It represents any CUDA program in tests: what it takes appears in process lists, utilisation and memory; what does not fit
is refused as CUDA refuses it.
"""

import ctypes
import json
import sys
from typing import Any, TypedDict

from fake_nvml.errors import EnvironmentFault, UsageError

MIB = 1 << 20
MULTIPROCESSORS = 16
"""CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT: as many as MPS lets this process use."""


class Cuda:
    """The driver API by name; a refusal is an EnvironmentFault with CUDA's own name of the error."""

    def __init__(self, library: str) -> None:
        try:
            self._library = ctypes.CDLL(library)
        except OSError as error:
            message = f"cannot load {library}: {error}; run on a node: fake-nvml run -- fake-nvml workload"
            raise EnvironmentFault(message) from error

    def __call__(self, name: str, *values: Any) -> None:
        """Call NAME.

        Raises:
            EnvironmentFault: it did not return success.
        """
        code = getattr(self._library, name)(*values)
        if code:
            text = ctypes.c_char_p()
            self._library.cuGetErrorName(code, ctypes.byref(text))
            message = f"{name}: {(text.value or b'CUDA error').decode()} ({code})"
            raise EnvironmentFault(message)


class Held(TypedDict):
    """The device that is held; ``free`` and ``total`` are bytes."""

    device: str
    devices: int
    multiprocessors: int
    free: int
    total: int


def hold(library: str, device: int, memory_mib: int, percent: int) -> Held:
    """Make a context on DEVICE, take memory, say how busy; returns what the device is.

    Raises:
        UsageError: no such device.
        EnvironmentFault: CUDA refused.
    """
    cuda = Cuda(library)
    count = ctypes.c_int()
    cuda("cuInit", 0)
    cuda("cuDeviceGetCount", ctypes.byref(count))
    if not 0 <= device < count.value:
        message = f"--device: wanted one from 0 to {count.value - 1}, found {device}"
        raise UsageError(message)
    context, address, name = ctypes.c_void_p(), ctypes.c_uint64(), ctypes.create_string_buffer(128)
    total, free, threads = ctypes.c_size_t(), ctypes.c_size_t(), ctypes.c_int()
    cuda("cuDeviceGetName", name, len(name), device)
    cuda("cuDeviceGetAttribute", ctypes.byref(threads), MULTIPROCESSORS, device)
    cuda("cuCtxCreate_v2", ctypes.byref(context), 0, device)
    if memory_mib:
        cuda("cuMemAlloc_v2", ctypes.byref(address), ctypes.c_size_t(memory_mib * MIB))
    cuda("cuMemGetInfo_v2", ctypes.byref(free), ctypes.byref(total))
    cuda("fakeCudaSetLoad", percent)
    return {
        "device": name.value.decode(),
        "devices": count.value,
        "multiprocessors": threads.value,
        "free": free.value,
        "total": total.value,
    }


def main(library: str, device: int, memory_mib: int, percent: int) -> None:
    """Hold it until standard input ends; the first line of output says that it holds."""
    print(json.dumps(hold(library, device, memory_mib, percent)), flush=True)  # noqa: T201 # the command's output
    sys.stdin.read()
