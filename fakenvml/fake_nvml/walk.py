"""Calls every entry point of the library as a client would, with arguments found by trying; runs in a client process.

``Walker.call`` makes one call from the tables of ``abi``; ``answers`` finds for each getter the first arguments that it
takes and keeps what it answers. Handles and ids come from the node itself. Used by the scoreboard, by the recorder
and by tests of the ABI.
"""

import ctypes
import itertools
import os
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from fake_nvml.abi import kinds, layout, table
from fake_nvml.abi.codes import Code
from fake_nvml.abi.kinds import ParamKind

Arguments = tuple[Any, ...]
Answer = tuple[int, bytes]
TRIES = 64
BUFFER = 4096
COUNTED = 512
"""Elements for which an array has room."""
NUMBERS: dict[str, tuple[int, ...]] = {
    "vgpuTypeId": (), "vgpuInstance": (), "cpuSetSize": (2,), "nodeSetSize": (1,), "valuesCount": (1,), "eventTypes": (8,),
    "lastSeenTimeStamp": (0,), "sensorIndex": (15, 0), "timeoutms": (0,), "length": (80,), "perfPolicyType": (0, 1),
    "level": (50, 40, 30, 20, 10), "profile": (0, 1, 4, 3), "apiType": (0, 1), "usageKiB": (1,), "sizeKiB": (1 << 20,),
    "index": (0,), "link": (0,), "engProfile": (0,), "display": (0,), "offset": (15, 0), "virtualMode": (3, 0), "fan": (0,),
    "limit": (310_000, 66_000), "minGpuClockMHz": (600,), "maxGpuClockMHz": (900,), "minMemClockMHz": (100,), "speed": (55,),
    "maxMemClockMHz": (1000,), "thresholdType": (5, 0, 1, 3), "capability": (11, 0, 1), "encoderCapacity": (50,),
}  # fmt: skip
"""What a number of this name is tried with; others with 0 to 3."""
USUAL = (0, 1, 2, 3)


@dataclass
class Pool:
    """Handles, ids and texts of a node by the name of the parameter that takes them."""

    handles: dict[str, tuple[int, ...]] = field(default_factory=dict)
    numbers: dict[str, tuple[int, ...]] = field(default_factory=dict)
    texts: dict[str, tuple[str, ...]] = field(default_factory=dict)
    structures: dict[str, tuple[bytes, ...]] = field(default_factory=dict)


class Walker:
    """A client of the library at PATH."""

    def __init__(self, path: str) -> None:
        self._library = ctypes.CDLL(path)
        self.pool = Pool()

    def exported(self, name: str) -> bool:
        """Whether the library has the symbol."""
        return hasattr(self._library, name)

    def plain(self, name: str, *values: Any) -> int:
        """Call a function that the tables do not describe (init, shutdown)."""
        return int(getattr(self._library, name)(*values))

    def call(self, name: str, arguments: Arguments) -> Answer:
        """(return code, all bytes that came out) of one call; ARGUMENTS are the inputs in order, see ``inputs``."""
        code, outputs = self.outputs(name, arguments)
        return code, b"".join(outputs.values()) if code == Code.SUCCESS else b""

    def outputs(self, name: str, arguments: Arguments) -> tuple[int, dict[str, bytes]]:
        """(return code, {parameter: bytes that came out}) of one call."""
        given = iter(arguments)
        values: list[Any] = []
        written: dict[str, list[Any]] = {}
        for param in table.functions()[name].params:
            values += self._value(param, given, written.setdefault(param.name, []))
        code = int(getattr(self._library, name)(*values))
        return code, {name: b"".join(map(bytes, outs)) for name, outs in written.items() if outs}

    def _value(self, param: table.Param, given: Iterator[Any], outs: list[Any]) -> list[Any]:
        """The C arguments of one parameter; what the call may write goes to OUTS."""
        if param.kind in kinds.INTEGERS:
            number = next(given)
            return [
                ctypes.c_uint(number & 0xFFFFFFFF)
                if param.kind is ParamKind.NUMBER32
                else ctypes.c_uint64(number)
            ]
        if param.kind is ParamKind.STRING:
            return [ctypes.c_char_p(next(given).encode())]
        if param.kind in (
            ParamKind.VERSIONED,
            ParamKind.READ_ONLY,
            ParamKind.UNVERSIONED,
            ParamKind.WITH_ARRAY,
            ParamKind.UPDATED_ARRAY,
        ):
            raw = next(given)
            buffer = (ctypes.c_ubyte * max(len(raw), 8)).from_buffer_copy(raw.ljust(8, b"\0"))
            if param.array and param.pointer_field:
                room = (ctypes.c_ubyte * (64 * param.element))()
                ctypes.memmove(ctypes.addressof(buffer) + param.count_at, ctypes.byref(ctypes.c_uint(64)), 4)
                ctypes.memmove(
                    ctypes.addressof(buffer) + param.pointer_at,
                    ctypes.byref(ctypes.c_uint64(ctypes.addressof(room))),
                    8,
                )
                outs.append(room)
                return [buffer]
            if param.kind is not ParamKind.READ_ONLY:
                outs.append(buffer)
            return [buffer]
        if param.kind in kinds.COUNTERS:
            counter = ctypes.c_uint(COUNTED)
            outs.append(counter)
            return [ctypes.byref(counter)]
        size = (
            BUFFER
            if param.kind in (ParamKind.BUFFER, ParamKind.SIZED_BUFFER, ParamKind.SIZED_ARRAY)
            else param.size * (COUNTED if param.kind is ParamKind.ARRAY else 1)
        )
        buffer = (ctypes.c_ubyte * max(size, 8))()
        outs.append(buffer)
        if param.kind is ParamKind.BUFFER:
            return [buffer, ctypes.c_uint(BUFFER)]
        if param.kind is ParamKind.SIZED_BUFFER:
            return [buffer, ctypes.byref(ctypes.c_uint(BUFFER))]
        return [buffer]

    def _choices(self, function: table.Function, param: table.Param) -> Iterable[Any]:
        if param.kind is ParamKind.HANDLE:
            return self.pool.handles.get(param.name, ())
        if param.kind in (ParamKind.NUMBER32, ParamKind.NUMBER64):
            own = self.pool.numbers.get(f"{function.name}.{param.name}", self.pool.numbers.get(param.name))
            return own if own is not None else NUMBERS.get(param.name, USUAL)
        if param.kind is ParamKind.STRING:
            return self.pool.texts.get(param.name, ())
        own_structures = self.pool.structures.get(function.name, self.pool.structures.get(param.name))
        if own_structures is not None:
            return own_structures
        if param.kind is ParamKind.UPDATED_ARRAY:
            return (bytes(param.size),)
        if param.kind is ParamKind.VERSIONED:
            return [layout.pack(kind, {}) for kind in param.types]
        return (bytes(param.size),)

    def inputs(self, function: table.Function) -> list[Arguments]:
        """Arguments to try, at most ``TRIES``."""
        taken = [param for param in function.params if param.kind in kinds.INPUTS]
        product = itertools.product(*(list(self._choices(function, param)) for param in taken))
        return list(itertools.islice(product, TRIES))

    def first(self, function: table.Function) -> tuple[Arguments | None, Answer | None]:
        """The first arguments that the function takes with its answer, else its first refusal; None: nothing to try."""
        refused: tuple[Arguments | None, Answer | None] = (None, None)
        for arguments in self.inputs(function):
            answer = self.call(function.name, arguments)
            if answer[0] == Code.SUCCESS:
                return arguments, answer
            if refused[1] is None:
                refused = (arguments, answer)
        return refused


def handle_out(raw: bytes) -> int:
    """A handle that came out of a call."""
    return int.from_bytes(raw[:8], "little")


def fill(walker: Walker) -> None:
    """Find the handles, ids and texts of the node: GPU 0 and 1, its MIG devices, virtual GPUs and processes."""
    pool = walker.pool
    gpus = []
    for index in range(2):
        code, raw = walker.call("nvmlDeviceGetHandleByIndex_v2", (index,))
        if code == Code.SUCCESS:
            gpus.append(handle_out(raw))
    first = gpus[0]
    mig = []
    for index in range(7):
        code, raw = walker.call("nvmlDeviceGetMigDeviceHandleByIndex", (first, index))
        if code == Code.SUCCESS:
            mig.append(handle_out(raw))
    pool.handles.update(
        device=(first, *mig), device1=(first,), device2=tuple(reversed(gpus)), migDevice=tuple(mig)
    )
    profiles = _profiles(walker, first)
    pool.numbers["profileId"] = profiles or (19,)
    instances = _listed(walker, "nvmlDeviceGetGpuInstances", first, profiles)
    computes = [
        handle
        for instance in instances
        for handle in _listed(walker, "nvmlGpuInstanceGetComputeInstances", instance, (0, 1, 2, 3, 4))
    ]
    pool.handles.update(gpuInstance=tuple(instances), computeInstance=tuple(computes))
    for name in ("GetComputeInstanceRemainingCapacity", "GetComputeInstancePossiblePlacements", "GetComputeInstances", "CreateComputeInstance", "CreateComputeInstanceWithPlacement"):  # fmt: skip
        pool.numbers[f"nvmlGpuInstance{name}.profileId"] = (0, 1, 4)
    pool.numbers["nvmlDeviceGetGpuInstanceById.id"] = tuple(range(15))
    pool.numbers["nvmlGpuInstanceGetComputeInstanceById.id"] = (0,)
    for parameter, function in (
        ("vgpuTypeId", "nvmlDeviceGetSupportedVgpus"),
        ("vgpuInstance", "nvmlDeviceGetActiveVgpus"),
    ):
        code, raw = walker.call(function, (first,))
        count = int.from_bytes(raw[:4], "little") if code == Code.SUCCESS else 0
        pool.numbers[parameter] = struct.unpack(f"<{min(count, 2)}I", raw[4 : 4 + 4 * min(count, 2)])
    pool.numbers["pid"] = (*_pids(walker, first), os.getpid())
    for parameter, function in (("uuid", "nvmlDeviceGetUUID"), ("serial", "nvmlDeviceGetSerial")):
        code, raw = walker.call(function, (first,))
        pool.texts[parameter] = (raw.split(b"\0")[0].decode(),) if code == Code.SUCCESS else ()
    code, raw = walker.call("nvmlDeviceGetPciInfo_v3", (first,))
    pool.structures["pciInfo"] = (raw,)
    pool.texts["pciBusId"] = (raw[36:68].split(b"\0")[0].decode(),)
    code, raw = walker.call("nvmlDeviceGetSupportedMemoryClocks", (first,))
    memory = int.from_bytes(raw[4:8], "little") if code == Code.SUCCESS else 0
    code, raw = walker.call("nvmlDeviceGetSupportedGraphicsClocks", (first, memory))
    graphics = int.from_bytes(raw[44:48], "little") if code == Code.SUCCESS else 0
    pool.numbers.update(memoryClockMHz=(memory,), memClockMHz=(memory,), graphicsClockMHz=(graphics,))


def _profiles(walker: Walker, gpu: int) -> tuple[int, ...]:
    found = []
    for index in range(18):
        code, raw = walker.call("nvmlDeviceGetGpuInstanceProfileInfo", (gpu, index))
        if code == Code.SUCCESS:
            found.append(int.from_bytes(raw[:4], "little"))
    return tuple(found)


def _listed(walker: Walker, name: str, subject: int, profiles: Iterable[int]) -> list[int]:
    found = []
    for profile in profiles:
        code, raw = walker.call(name, (subject, profile))
        if code == Code.SUCCESS:
            count = int.from_bytes(raw[-4:], "little")
            found += [handle_out(raw[8 * i : 8 * i + 8]) for i in range(count)]
    return found


def _pids(walker: Walker, gpu: int) -> list[int]:
    found = []
    for kind in ("Compute", "MPSCompute", "Graphics"):
        code, raw = walker.call(f"nvmlDeviceGet{kind}RunningProcesses_v3", (gpu,))
        if code == Code.SUCCESS:
            count = int.from_bytes(raw[:4], "little")
            found += [int.from_bytes(raw[4 + 24 * i : 8 + 24 * i], "little") for i in range(count)]
    return found
