"""One rank's memory, through libcuda.so.1: offered to the other ranks, or theirs copied and checked."""

import ctypes
import random
import struct
import uuid
from dataclasses import dataclass

from fake_nvml.workload_client import Cuda

FABRIC, PINNED, ON_DEVICE, READ_WRITE, HANDLE_SIZE = 8, 1, 1, 3, 64
GRANULARITY = 2 << 20


def pattern(seed: int, length: int) -> bytes:
    """Bytes that are different for each seed."""
    return random.Random(seed).randbytes(length)  # noqa: S311 # a test pattern, not a secret


@dataclass(frozen=True, slots=True)
class Buffer:
    """Memory with an address and a handle for other ranks; ``handle`` is empty if it is imported."""

    address: int
    size: int
    memory: int
    handle: bytes = b""


class GpuMemory:
    """A context on a device.

    Raises:
        EnvironmentFault: CUDA refused something; here and in every method.
    """

    def __init__(self, cuda: Cuda, device: int) -> None:
        self._cuda = cuda
        self._device = device
        self._context = ctypes.c_void_p()
        cuda("cuCtxCreate_v2", ctypes.byref(self._context), 0, device)

    def describe(self) -> tuple[str, str]:
        """(name, UUID) of the device."""
        name, raw = ctypes.create_string_buffer(128), (ctypes.c_ubyte * 16)()
        self._cuda("cuDeviceGetName", name, len(name), self._device)
        self._cuda("cuDeviceGetUuid_v2", ctypes.byref(raw), self._device)
        return name.value.decode(), f"GPU-{uuid.UUID(bytes=bytes(raw))}"

    def offer(self, seed: int, length: int) -> Buffer:
        """Memory with a pattern in it, for the fabric."""
        size = -(-length // GRANULARITY) * GRANULARITY
        memory, handle = ctypes.c_uint64(), ctypes.create_string_buffer(HANDLE_SIZE)
        prop = self._struct("iiiiQ8x", PINNED, FABRIC, ON_DEVICE, self._device, 0)  # CUmemAllocationProp
        self._cuda("cuMemCreate", ctypes.byref(memory), ctypes.c_size_t(size), prop, ctypes.c_uint64(0))
        self._cuda("cuMemExportToShareableHandle", handle, memory, FABRIC, ctypes.c_uint64(0))
        made = self._mapped(memory.value, size, handle.raw)
        self._cuda(
            "cuMemcpyHtoD_v2", ctypes.c_uint64(made.address), pattern(seed, length), ctypes.c_size_t(length)
        )
        return made

    def fetch(self, handle: bytes, length: int) -> bytes:
        """LENGTH bytes of another rank's memory, copied from device to device and then to the host."""
        size = -(-length // GRANULARITY) * GRANULARITY
        memory, own, found = ctypes.c_uint64(), ctypes.c_uint64(), ctypes.create_string_buffer(length)
        given = ctypes.create_string_buffer(handle, HANDLE_SIZE)
        self._cuda("cuMemImportFromShareableHandle", ctypes.byref(memory), given, FABRIC)
        far = self._mapped(memory.value, size, b"")
        try:
            self._cuda("cuCtxSetCurrent", self._context)
            self._cuda("cuMemAlloc_v2", ctypes.byref(own), ctypes.c_size_t(length))
            self._cuda("cuMemcpyDtoD_v2", own, ctypes.c_uint64(far.address), ctypes.c_size_t(length))
            self._cuda("cuMemcpyDtoH_v2", found, own, ctypes.c_size_t(length))
            self._cuda("cuMemFree_v2", own)
        finally:
            self.drop(far)
        return found.raw

    @staticmethod
    def _struct(layout: str, *values: int) -> ctypes.Array[ctypes.c_char]:
        return ctypes.create_string_buffer(struct.pack(layout, *values))

    def _mapped(self, memory: int, size: int, handle: bytes) -> Buffer:
        address, zero = ctypes.c_uint64(), ctypes.c_uint64(0)
        length = ctypes.c_size_t(size)
        self._cuda("cuMemAddressReserve", ctypes.byref(address), length, ctypes.c_size_t(0), zero, zero)
        self._cuda("cuMemMap", address, length, ctypes.c_size_t(0), ctypes.c_uint64(memory), zero)
        access = self._struct("iii", ON_DEVICE, self._device, READ_WRITE)  # CUmemAccessDesc
        self._cuda("cuMemSetAccess", address, length, access, ctypes.c_size_t(1))
        return Buffer(address.value, size, memory, handle)

    def drop(self, buffer: Buffer) -> None:
        """Unmap and release it."""
        address, length = ctypes.c_uint64(buffer.address), ctypes.c_size_t(buffer.size)
        self._cuda("cuMemUnmap", address, length)
        self._cuda("cuMemAddressFree", address, length)
        self._cuda("cuMemRelease", ctypes.c_uint64(buffer.memory))
