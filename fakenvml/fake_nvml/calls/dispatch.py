"""From a call's inputs to its answer bytes: resolves the subject, runs the getter or action, packs what comes back.

The daemon uses it for requests, the publisher for every answer in shared memory, so both give the same bytes. An
answer is a return code and the out parameters in order, laid out as ``deliver`` in shim.c reads them.
"""

import itertools
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from fake_nvml.abi import kinds, layout, table
from fake_nvml.abi.codes import Code
from fake_nvml.abi.kinds import ParamKind
from fake_nvml.calls.registry import ACTIONS, GETTERS, Caller, Getter, Subject, Wait
from fake_nvml.model import (
    COMPUTE_INSTANCE,
    EVENT_SET,
    GPM_SAMPLE,
    GPU,
    GPU_INSTANCE,
    MIG_DEVICE,
    Gpu,
    InstanceOf,
    Node,
    NumberedIn,
    NvmlError,
    ci_handle,
    gi_handle,
    resolve,
)

SUBJECTS = {
    GPU: Subject.GPU,
    MIG_DEVICE: Subject.MIG_DEVICE,
    GPU_INSTANCE: Subject.GPU_INSTANCE,
    COMPUTE_INSTANCE: Subject.COMPUTE_INSTANCE,
    EVENT_SET: Subject.EVENT_SET,
    GPM_SAMPLE: Subject.GPM_SAMPLE,
}


@dataclass(frozen=True, slots=True)
class Pending:
    """A call whose answer is not there yet."""

    wait: Wait
    function: table.Function
    versions: tuple[str, ...]


def pack(function: table.Function, versions: tuple[str, ...], result: Any) -> bytes:
    """The out parameters; VERSIONS holds the layout of each versioned structure in order."""
    values = iter(result if isinstance(result, tuple) else (result,))
    chosen = iter(versions)
    outputs = [param for param in function.params if param.kind in kinds.OUTPUTS]
    taken = (
        {param: next(values) for param in outputs if param.kind not in kinds.COUNTERS}
        if result is not None
        else {}
    )
    # the counter comes before the array in most signatures, so its value is needed before the array is packed
    count = next((len(value) for param, value in taken.items() if param.kind is ParamKind.ARRAY), 0)
    parts: list[bytes] = []
    for param in outputs:
        value: Any = taken.get(param)
        if param.kind in kinds.COUNTERS:
            parts.append(struct.pack("<I", count))
        elif param.kind in kinds.STRUCTURES:
            kind = next(chosen) if param.kind is ParamKind.VERSIONED else param.types[0]
            if not param.array:
                parts.append(_structure(kind, value))
                continue
            items = value.get(param.pointer_field, [])
            parts.append(_structure(kind, {**value, param.pointer_field: 0, param.count_field: len(items)}))
            parts.append(_counted(b"".join(_structure(param.array, item) for item in items)))
        elif param.kind is ParamKind.WITH_ARRAY:
            items = value[param.array]
            head = _structure(param.types[0], {**value, param.count_field: len(items)})
            parts.append(_counted(head + b"".join(_structure(param.array, item) for item in items)))
        elif param.kind in kinds.BUFFERS:
            parts.append(_counted(value.encode() + b"\0" if isinstance(value, str) else bytes(value)))
        elif param.kind is ParamKind.ARRAY:
            parts.append(_counted(b"".join(_structure(param.types[0], item) for item in value)))
        elif param.kind is ParamKind.SIZED_ARRAY:
            parts.append(_counted(value))
        else:
            parts.append(bytes(value))
    return b"".join(parts)


def _counted(raw: bytes) -> bytes:
    return struct.pack("<I", len(raw)) + raw


def _structure(kind: str, value: Any) -> bytes:
    """One value; fields that this layout does not have are left out."""
    if not isinstance(value, dict):
        return layout.pack(kind, value)
    known = {name for name, _ in layout.ctype(kind)._fields_}
    return layout.pack(kind, {field: item for field, item in value.items() if field in known})


def answer_of(getter: Getter, subject: Any, extras: tuple[Any, ...], versions: tuple[str, ...]) -> bytes:
    """Code and out parameters of one getter call."""
    try:
        if isinstance(subject, Gpu) and subject.state.lost:
            raise NvmlError(Code.GPU_IS_LOST)
        result = getter.answer(subject, *extras)
    except NvmlError as error:
        return struct.pack("<I", error.code)
    return struct.pack("<I", Code.SUCCESS) + pack(getter.function, versions, result)


def subjects(node: Node, kind: Subject, index: int | None) -> Iterator[tuple[int | None, Any]]:
    """(handle, subject) of every subject of KIND, of GPU INDEX only if one is given."""
    if kind is Subject.SYSTEM:
        yield None, node
        return
    for gpu in node.gpus() if index is None else [Gpu(node, index)]:
        if kind is Subject.GPU:
            yield gpu.handle, gpu
        elif kind is Subject.MIG_DEVICE:
            yield from ((device.handle, device) for device in gpu.mig_devices())
        else:
            for gi in gpu.state.instances:
                if kind is Subject.GPU_INSTANCE:
                    yield gi_handle(gpu, gi), InstanceOf(gpu, gi)
                else:
                    yield from ((ci_handle(gpu, gi, ci), InstanceOf(gpu, gi, ci)) for ci in gi.compute)


@cache
def _key(name: str, handle: int | None, extras: tuple[Any, ...], versions: tuple[str, ...]) -> int:
    """The key of a call of the function NAME; kept, because the same calls are published again and again."""
    function = table.functions()[name]
    rest, chosen, first = iter(extras), iter(versions), handle
    made: list[Any] = []
    for param in function.params:
        if param.kind is ParamKind.HANDLE and first is not None:
            made.append(first)
            first = None
        elif param.kind in kinds.SCALARS:
            made.append(next(rest))
        elif param.kind is ParamKind.VERSIONED:
            word = struct.pack("<I", layout.version_word(next(chosen)))
            made.append(word + b"".join(struct.pack("<I", next(rest)) for _ in range((param.key - 4) // 4)))
    return table.key_of(function, tuple(made))


def published(node: Node, getter: Getter, index: int | None = None) -> Iterator[tuple[int, bytes]]:
    """(key, answer) of every published call of GETTER, of GPU INDEX only if one is given."""
    if getter.live or getter.function.asks:
        return
    domains: list[Iterable[Any]] = [list(d(node)) if callable(d) else d for d in getter.over]
    structures = [param.types for param in getter.function.params if param.kind is ParamKind.VERSIONED]
    for handle, subject in subjects(node, getter.subject, index):
        for extras in itertools.product(*domains):
            for versions in itertools.product(*structures):
                key = _key(getter.function.name, handle, extras, versions)
                yield key, answer_of(getter, subject, extras, versions)


def decode(function: table.Function, raw: bytes) -> tuple[list[Any], tuple[str, ...]]:
    """Inputs of a request in order, and the layouts of its versioned structures.

    Raises:
        ValueError: the frame is not what shim.c writes for this function.
    """
    at = 0
    inputs: list[Any] = []
    versions: list[str] = []
    for param in function.params:
        if param.kind in kinds.INTEGERS:
            inputs.append(int.from_bytes(raw[at : at + 8], "little"))
            at += 8
        elif param.kind in (ParamKind.STRING, ParamKind.VERSIONED):
            length = int.from_bytes(raw[at : at + 4], "little")
            piece = raw[at + 4 : at + 4 + length]
            at += 4 + length
            if param.kind is ParamKind.STRING:
                inputs.append(piece.decode(errors="replace"))
                continue
            name = next((n for n in param.types if layout.size_of(n) == length), None)
            # the version word decides, not the size: two versions of a structure can have the same size
            named = [n for n in param.types if piece[:4] == struct.pack("<I", layout.version_word(n))]
            if name is None or not named:
                message = f"{function.name}: no layout of {param.name} has {length} bytes"
                raise ValueError(message)
            versions.append(named[0])
            inputs += struct.unpack_from(f"<{(param.key - 4) // 4}I", piece, 4)
        elif param.kind in (ParamKind.READ_ONLY, ParamKind.UNVERSIONED):
            inputs.append(layout.unpack(param.types[0], raw[at : at + param.size]))
            at += param.size
        elif param.kind is ParamKind.WITH_ARRAY:
            length = int.from_bytes(raw[at : at + 4], "little")
            inputs.append(raw[at + 4 : at + 4 + length])
            at += 4 + length
        elif param.kind is ParamKind.UPDATED_ARRAY:
            inputs.append(raw[at:])
            at = len(raw)
    if at != len(raw):
        message = f"{function.name}: wanted {at} bytes of arguments, found {len(raw)}"
        raise ValueError(message)
    return inputs, tuple(versions)


def subject_of(node: Node, function: table.Function, inputs: list[Any]) -> tuple[Any, Subject]:
    """What a call is about, and which kind that is; takes the handle from INPUTS.

    Raises:
        NvmlError: INVALID_ARGUMENT, the handle names nothing; GPU_IS_LOST.
    """
    if not function.params or function.params[0].kind is not ParamKind.HANDLE:
        return node, Subject.SYSTEM
    handle = inputs.pop(0)
    kind = SUBJECTS.get(handle >> 32)
    if kind is None:
        raise NvmlError(Code.INVALID_ARGUMENT)
    if kind in (Subject.EVENT_SET, Subject.GPM_SAMPLE):
        known = node.sets if kind is Subject.EVENT_SET else node.samples
        if handle & 0xFFFFFFFF not in known:
            raise NvmlError(Code.INVALID_ARGUMENT)
        return NumberedIn(node, handle & 0xFFFFFFFF), kind
    if function.name.startswith("nvmlUnit"):
        raise NvmlError(Code.INVALID_ARGUMENT)  # no machine here has S-class units
    subject = resolve(node, handle)
    # nvml.h: a GPU that fell off the bus is GPU_IS_LOST for every call, and so are its instances
    if (subject if isinstance(subject, Gpu) else subject.gpu).state.lost:
        raise NvmlError(Code.GPU_IS_LOST)
    return subject, kind


def perform(node: Node, caller: Caller, function: table.Function, raw: bytes) -> bytes | Pending:
    """The answer to a request, or what it waits for; an action has changed the node when this returns.

    Raises:
        ValueError: malformed frame.
    """
    inputs, versions = decode(function, raw)
    try:
        subject, kind = subject_of(node, function, inputs)
        if function.name in ACTIONS and kind in ACTIONS[function.name].subjects:
            action = ACTIONS[function.name]
            # after the handle: a bad handle is INVALID_ARGUMENT for unprivileged callers too
            if action.privileged and not caller.privileged:
                raise NvmlError(Code.NO_PERMISSION)
            result = action.act(caller, subject, *inputs)
        elif (function.name, kind) in GETTERS:
            return answer_of(GETTERS[function.name, kind], subject, tuple(inputs), versions)
        else:  # nvml.h: "the requested operation is not available on target device", as on boards without the feature
            raise NvmlError(Code.NOT_SUPPORTED)
    except NvmlError as error:
        return struct.pack("<I", error.code)
    if isinstance(result, Wait):
        return Pending(result, function, versions)
    return success(function, versions, result)


def success(function: table.Function, versions: tuple[str, ...], result: Any) -> bytes:
    """The answer of a call that went well."""
    return struct.pack("<I", Code.SUCCESS) + (pack(function, versions, result) if result is not None else b"")
