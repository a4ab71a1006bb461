"""Fake workloads: processes that hold contexts and memory on GPUs, MIG devices or through an MPS server.

``libcuda.so.1`` (shim/cuda.c) opens one connection for the life of a process and sends its requests here; when the connection ends,
its contexts end. Limits are the hardware's: the memory of the GPU or of the MIG instance, the compute mode, and what
an MPS server allows. No kernel runs; a process says itself how busy it would keep its device. What is in the memory, and who
shares it, is in ``device_memory``.
"""

import os
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from fake_nvml.calls.visibility import View
from fake_nvml.cuda_devices import Device, described, gpu_of, total_bytes, visible
from fake_nvml.device_memory.results import (
    CONTAINED,
    INVALID_CONTEXT,
    INVALID_DEVICE,
    INVALID_VALUE,
    OUT_OF_MEMORY,
    UNAVAILABLE,
    WorkError,
)
from fake_nvml.device_memory.sharing import Channels, Fabric
from fake_nvml.device_memory.space import OPERATIONS, AddressSpace
from fake_nvml.model import MIB, NO_INSTANCE, Gpu, MigDevice, Node, Process

PROHIBITED, EXCLUSIVE_PROCESS = 2, 3
CONTEXT_BYTES = 512 * MIB
"""What a context takes by itself (assumed; between 300 and 600 MiB were seen on data center boards)."""
FIRST_ALLOCATION = 0x7F0000000000
"""The first address of cuMemAlloc."""
HELLO, DEVICE, CONTEXT, END, ALLOCATE, FREE, INFO, LOAD = range(1, 9)


@dataclass(slots=True)
class Client:
    """One process; ``contexts`` by number: its device, its allocations by address.

    Attributes:
        mps: it is a client of an MPS server, which limits it.
        pinned_bytes: by index of its device; what is not there is not limited.
        thread_percent: how much of a device's multiprocessors it may use.
        view: what it sees on a node that isolates.
        channels: which IMEX channels it has.
    """

    node: Node
    pid: int
    fabric: Fabric
    channels: Callable[[], Channels]
    devices: list[Device] = field(default_factory=list)
    contexts: dict[int, tuple[Device, dict[int, int]]] = field(default_factory=dict)
    mps: bool = False
    pinned_bytes: dict[int, int] = field(default_factory=dict)
    thread_percent: int = 100
    view: View | None = None
    next_address: int = FIRST_ALLOCATION
    space: AddressSpace = field(init=False)

    def __post_init__(self) -> None:
        self.space = AddressSpace(self, self.fabric, self.channels, self.node.numbers)

    async def perform(self, op: int, body: bytes) -> bytes:
        """The reply to one request.

        Raises:
            WorkError: the CUresult to give back.
            ValueError, struct.error: not a request.
        """
        if self.space.broken:
            raise WorkError(CONTAINED)
        if op in OPERATIONS:
            return await self.space.perform(op, body)
        answer = self._perform(op, body)
        if op in (END, FREE):
            self.space.sweep()
        return answer

    def _perform(self, op: int, body: bytes) -> bytes:
        if op == HELLO:
            return self._hello(body)
        if op == LOAD:
            return self._load(*struct.unpack("<QQ", body))
        if op not in (DEVICE, CONTEXT, END, ALLOCATE, FREE, INFO) or len(body) != 16:
            message = f"workload request {op} of {len(body)} bytes"
            raise ValueError(message)
        first, second = struct.unpack("<QQ", body)
        if op == DEVICE:
            return self._describe(first)
        if op == CONTEXT:
            return self._begin(first)
        if op == END:
            self.end(first)
            return b""
        if op == ALLOCATE:
            return self._allocate(first, second)
        if op == FREE:
            return self._free(first, second)
        return self._info(first)

    def _hello(self, body: bytes) -> bytes:
        r"""Which devices it sees: "VISIBLE\\nMPS", where VISIBLE may be "-" for unset and MPS "" or "percent device=bytes"."""
        wanted, _, mps = body.decode(errors="replace").partition("\n")
        self.devices = visible(self.node, None if wanted == "-" else wanted, self.view)
        if mps:
            percent, *limits = mps.split()
            self.mps, self.thread_percent = True, int(percent)
            pairs = (limit.partition("=") for limit in limits)
            self.pinned_bytes = {int(index): int(count) for index, _, count in pairs}
        return struct.pack("<I", len(self.devices))

    def _device(self, number: int) -> Device:
        if number >= len(self.devices):
            raise WorkError(INVALID_DEVICE)
        return self.devices[number]

    def _describe(self, number: int) -> bytes:
        # MPS documentation: the multiprocessor count that a client reads is its share
        return described(self._device(number), self.thread_percent if self.mps else 100)

    def _begin(self, number: int) -> bytes:
        device = self._device(number)
        gpu = gpu_of(device)
        others = [process for process in gpu.processes() if process.pid != self.pid]
        mode = gpu.state.compute_mode
        # MPS clients share the server's context, which is the one process that this mode allows
        exclusive = mode == EXCLUSIVE_PROCESS and not self.mps and others
        if mode == PROHIBITED or exclusive or gpu.state.drained or gpu.state.lost:
            raise WorkError(UNAVAILABLE)
        context = next(self.node.numbers)
        self._claim(device, number, CONTEXT_BYTES)
        gi, ci = (device.gi.id, device.ci.id) if isinstance(device, MigDevice) else (NO_INSTANCE, NO_INSTANCE)
        kind = "M" if self.mps else "C"
        self.node.processes[context] = Process(
            pid=self.pid, name=name_of(self.pid), gpu=gpu.index, gi=gi, ci=ci, kind=kind, started_s=time.time()
        )  # fmt: skip
        self.contexts[context] = (device, {0: CONTEXT_BYTES})
        self._account(context)
        return struct.pack("<Q", context)

    def _used(self, device: Device) -> int:
        if isinstance(device, MigDevice):
            return device.used_bytes()
        return sum(process.used_bytes for process in device.processes())

    def _claim(self, device: Device, number: int, size: int) -> None:
        """Raise if SIZE more bytes do not fit, into the device or into what the MPS server allows this client."""
        if self._used(device) + size > total_bytes(device):
            raise WorkError(OUT_OF_MEMORY)
        if self.mps and number in self.pinned_bytes:
            mine = sum(sum(held.values()) for d, held in self.contexts.values() if d.uuid == device.uuid)
            if mine + size > self.pinned_bytes[number]:
                raise WorkError(OUT_OF_MEMORY)

    def _context(self, context: int) -> tuple[Device, dict[int, int]]:
        if context not in self.contexts:
            raise WorkError(INVALID_CONTEXT)
        device, held = self.contexts[context]
        if gpu_of(device).state.lost or context not in self.node.processes:
            raise WorkError(UNAVAILABLE)
        return device, held

    def _account(self, context: int) -> None:
        device, held = self.contexts[context]
        used = sum(held.values())
        process = self.node.processes[context]
        peak = max(process.peak_bytes, used)
        self.node.processes[context] = msgspec.structs.replace(process, used_bytes=used, peak_bytes=peak)
        self.node.touched.add(gpu_of(device).index)

    def _allocate(self, context: int, size: int) -> bytes:
        """Memory in pieces of 2 MiB; its address is nobody's but this process's."""
        device, held = self._context(context)
        if size == 0:
            raise WorkError(INVALID_VALUE)
        # 2 MiB is the granularity of device memory (cuMemGetAllocationGranularity)
        rounded = -(-size // (2 * MIB)) * 2 * MIB
        self._claim(device, self.devices.index(device), rounded)
        address = self._next_address(rounded)
        held[address] = rounded
        self._account(context)
        return struct.pack("<Q", address)

    def _next_address(self, size: int) -> int:
        """An address behind all others of this process."""
        address, self.next_address = self.next_address, self.next_address + size
        return address

    def _free(self, context: int, address: int) -> bytes:
        _, held = self._context(context)
        if not address or address not in held:
            raise WorkError(INVALID_VALUE)
        del held[address]
        self._account(context)
        return b""

    def _info(self, context: int) -> bytes:
        device, _ = self._context(context)
        total = total_bytes(device)
        number = self.devices.index(device)
        if self.mps:
            total = min(total, self.pinned_bytes.get(number, total))
        return struct.pack("<QQ", total - min(total, self._used(device)), total)

    def _load(self, context: int, percent: int) -> bytes:
        """How busy the process would keep its device; an MPS client not beyond its share of threads."""
        device, _ = self._context(context)
        share = min(percent, self.thread_percent, 100)
        process = self.node.processes[context]
        self.node.processes[context] = msgspec.structs.replace(
            process, sm_percent=share, memory_percent=share // 2
        )
        self.node.touched.add(gpu_of(device).index)
        return b""

    def end(self, context: int) -> None:
        """End a context."""
        if context not in self.contexts:
            raise WorkError(INVALID_CONTEXT)
        device, _ = self.contexts.pop(context)
        process = self.node.processes.pop(context, None)
        gpu = gpu_of(device)
        if process and gpu.state.accounting:
            remembered = self.node.finished.setdefault(gpu.index, [])
            remembered.append((process, time.time()))
            del remembered[:-4000]  # what nvmlDeviceGetAccountingBufferSize reports
        self.node.touched.add(gpu.index)

    def close(self) -> None:
        """The process is gone."""
        for context in list(self.contexts):
            self.end(context)
        self.space.close()

    def gpu(self, number: int) -> Gpu:
        """The GPU that device NUMBER is on."""
        return gpu_of(self._device(number))

    def sees(self, gpu: Gpu) -> bool:
        """Whether one of its devices is on GPU."""
        return any(gpu_of(device).index == gpu.index for device in self.devices)

    def charge(self, number: int, key: int, size: int) -> int:
        """Take memory of device NUMBER for a context there, and call it KEY; returns the context.

        Raises:
            WorkError: the process has no context there, or it does not fit.
        """
        device = self._device(number)
        context = next((one for one, (on, _) in self.contexts.items() if on.uuid == device.uuid), None)
        if context is None:
            raise WorkError(INVALID_CONTEXT)
        _, held = self._context(context)
        self._claim(device, number, size)
        held[key] = size
        self._account(context)
        return context

    def give_back(self, context: int, key: int) -> None:
        """End what was taken as KEY, if its context is still there."""
        if self.holds(context, key):
            del self.contexts[context][1][key]
            if context in self.node.processes:
                self._account(context)

    def holds(self, context: int, key: int) -> bool:
        """Whether a context has KEY."""
        return context in self.contexts and key in self.contexts[context][1]

    def allocation(self, address: int) -> tuple[int, int] | None:
        """(start, size) of the memory of cuMemAlloc that ADDRESS is in."""
        for _, held in self.contexts.values():
            for start, size in held.items():
                if start >= FIRST_ALLOCATION and start <= address < start + size:
                    return start, size
        return None


def name_of(pid: int) -> str:
    """The path of a process's program, as nvidia-smi prints it."""
    try:
        return os.readlink(f"/proc/{pid}/exe")  # noqa: PTH115 # the text, even where it leads nowhere
    except OSError:
        return Path(f"/proc/{pid}").name
