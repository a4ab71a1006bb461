"""Every call that the model publishes, made on a real library, and what came back.

Handles, times and serial counters are left out: they mean nothing elsewhere.
"""

import itertools
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pynvml
import yaml

from fake_nvml.abi import kinds, layout, table
from fake_nvml.abi.codes import Code
from fake_nvml.abi.kinds import ParamKind
from fake_nvml.calls.registry import GETTERS, Getter, Subject
from fake_nvml.errors import EnvironmentFault
from fake_nvml.machines import Board, Machine
from fake_nvml.machines.schema import Call
from fake_nvml.model import Gpu, Node
from fake_nvml.record.machine import board_of, machine_of
from fake_nvml.saved import load_node
from fake_nvml.walk import Walker, handle_out

NOWHERE = Path("/nonexistent/state.json")


def calls(node: Node) -> Iterator[tuple[Getter, Gpu | None, tuple[Any, ...]]]:
    """Every call that the model publishes about the system and about GPUs, but those that only lead to handles."""
    for getter in GETTERS.values():
        outputs = [
            param for param in getter.function.params if param.kind in (ParamKind.OUTPUT, ParamKind.ARRAY)
        ]
        if getter.live or getter.function.asks or any(param.types == ("h",) for param in outputs):
            continue
        if any(
            param.kind is ParamKind.HANDLE for param in getter.function.params[1:]
        ) or getter.subject not in (
            Subject.GPU,
            Subject.SYSTEM,
        ):
            continue
        domains: list[Iterable[Any]] = [list(d(node)) if callable(d) else d for d in getter.over]
        subjects: list[Gpu | None] = list(node.gpus()) if getter.subject is Subject.GPU else [None]
        for gpu, extras in itertools.product(subjects, itertools.product(*domains)):
            yield getter, gpu, extras


def _inputs(function: table.Function, handle: int | None, extras: tuple[Any, ...]) -> tuple[Any, ...]:
    """The walker's arguments: numbers as they are, structures with their version word and the numbers behind it."""
    rest, first = iter(extras), handle
    made: list[Any] = []
    for param in function.params:
        if param.kind is ParamKind.HANDLE and first is not None:
            made.append(first)
            first = None
        elif param.kind in (ParamKind.NUMBER32, ParamKind.NUMBER64, ParamKind.STRING):
            made.append(next(rest))
        elif param.kind is ParamKind.VERSIONED:
            raw = bytearray(layout.pack(param.types[0], {}))
            for start in range(4, param.key, 4):
                raw[start : start + 4] = int(next(rest)).to_bytes(4, "little")
            made.append(bytes(raw))
    return tuple(made)


def _plain(value: Any) -> Any:
    """A ctypes value as numbers, texts, lists and {field: value}."""
    if hasattr(value, "_fields_"):
        return {name: _plain(getattr(value, name)) for name, *_ in value._fields_}
    if isinstance(value, bytes):
        return value.split(b"\0")[0].decode(errors="replace")
    return [_plain(item) for item in value] if hasattr(value, "_length_") else value


def readable(function: table.Function, outputs: dict[str, bytes]) -> list[Any]:
    """What came out of a call, by parameter; of arrays as many elements as there are."""
    values: list[Any] = []
    count = 0
    for param in function.params:
        raw = outputs.get(param.name)
        if raw is None:
            continue
        if param.kind in kinds.COUNTERS:
            count = int.from_bytes(raw[:4], "little")
        elif param.kind in kinds.BUFFERS:
            values.append(raw.split(b"\0")[0].decode(errors="replace"))
        elif param.kind is ParamKind.ARRAY:
            size = layout.size_of(param.types[0])
            pieces = (raw[size * i : size * (i + 1)] for i in range(count))
            values.append([_plain(_number(layout.unpack(param.types[0], piece))) for piece in pieces])
        elif param.kind is ParamKind.SIZED_ARRAY:
            values.append(raw.rstrip(b"\0").hex())
        else:
            value = layout.unpack(param.types[0], raw[: layout.size_of(param.types[0])])
            values.append(_plain(_number(value)))
    return values


def _number(value: Any) -> Any:
    return value.value if hasattr(value, "value") and not hasattr(value, "_fields_") else value


def record(library: str = "libnvidia-ml.so.1") -> str:
    """The machine file of this computer, as YAML.

    Raises:
        EnvironmentFault: there is no NVML, no driver or no GPU.
    """
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError as error:
        message = f"record: NVML does not start here ({error}); it needs a machine with NVIDIA's driver"
        raise EnvironmentFault(message) from error
    try:
        count = pynvml.nvmlDeviceGetCount()
        if not count:
            message = "record: NVML finds no GPU here"
            raise EnvironmentFault(message)
        gpus = [pynvml.nvmlDeviceGetHandleByIndex(index) for index in range(count)]
        source = {"source": f"recorded {time.strftime('%Y-%m-%d')}", "confidence": "documented"}
        raw = {**machine_of(gpus, source), "inline_board": board_of(gpus[0], source)}
        machine = msgspec.convert(raw, Machine)
        node = load_node(machine, msgspec.convert(raw["inline_board"], Board), NOWHERE)
        raw["recording"] = [msgspec.to_builtins(call) for call in heard(Walker(library), node)]
    finally:
        pynvml.nvmlShutdown()
    return yaml.dump(raw, Dumper=yaml.CSafeDumper, sort_keys=False, width=200)


def heard(walker: Walker, node: Node) -> Iterator[Call]:
    """What the library answers to the model's calls."""
    walker.plain("nvmlInit_v2")
    handles = {
        gpu.index: handle_out(walker.call("nvmlDeviceGetHandleByIndex_v2", (gpu.index,))[1])
        for gpu in node.gpus()
    }
    for getter, gpu, extras in calls(node):
        if not walker.exported(getter.function.name):
            continue
        inputs = _inputs(getter.function, None if gpu is None else handles[gpu.index], extras)
        code, outputs = walker.outputs(getter.function.name, inputs)
        name = Code(code).name if code in set(Code) else str(code)
        value = readable(getter.function, outputs) if code == Code.SUCCESS else None
        yield Call(
            call=getter.function.name,
            gpu=None if gpu is None else gpu.index,
            arguments=extras,
            code=name,
            value=value,
        )
    walker.plain("nvmlShutdown")
