"""Where the model departs from a recording: it computes its answers for the same calls, and needs no daemon."""

import json
from collections.abc import Iterator
from typing import Any

import msgspec

from fake_nvml.abi import kinds, layout, table
from fake_nvml.abi.codes import Code
from fake_nvml.abi.kinds import ParamKind
from fake_nvml.calls.registry import Getter
from fake_nvml.errors import UsageError
from fake_nvml.machines import load
from fake_nvml.machines.schema import Call
from fake_nvml.model import Gpu, Node
from fake_nvml.record.recording import NOWHERE, calls, readable
from fake_nvml.saved import load_node


def _model(getter: Getter, gpu: Gpu | None, node: Node, extras: tuple[Any, ...]) -> tuple[str, Any]:
    """(code, value) that the model gives, through the same bytes as a client would get."""
    from fake_nvml.calls.dispatch import answer_of

    versions = tuple(param.types[0] for param in getter.function.params if param.kind is ParamKind.VERSIONED)
    raw = answer_of(getter, gpu or node, extras, versions)
    code = Code(int.from_bytes(raw[:4], "little"))
    return code.name, readable(
        getter.function, _split(getter.function, raw[4:])
    ) if code == Code.SUCCESS else None


def _split(function: table.Function, raw: bytes) -> dict[str, bytes]:
    """Packed out parameters by name."""
    found, at = {}, 0
    for param in function.params:
        if param.kind not in kinds.OUTPUTS:
            continue
        length = 4
        if param.kind in (ParamKind.BUFFER, ParamKind.SIZED_BUFFER, ParamKind.ARRAY, ParamKind.SIZED_ARRAY):
            length = int.from_bytes(raw[at : at + 4], "little")
            at += 4
        elif param.kind not in kinds.COUNTERS:
            length = layout.size_of(param.types[0])
        found[param.name] = raw[at : at + length]
        at += length
    return found


def differences(path: str) -> Iterator[tuple[Call, str, Any]]:
    """(recorded call, the model's code, the model's value) wherever they differ.

    Raises:
        UsageError: the file is malformed or holds no recording.
    """
    machine, board = load(path)
    if not machine.recording:
        message = f"{path}: holds no recording; make one with fake-nvml record --output {path}"
        raise UsageError(message)
    node = load_node(machine, board, NOWHERE)
    known = {(call.call, call.gpu, call.arguments): call for call in machine.recording}
    for getter, gpu, extras in calls(node):
        recorded = known.get((getter.function.name, None if gpu is None else gpu.index, extras))
        if recorded is None:
            continue
        code, value = _model(getter, gpu, node, extras)
        if code != recorded.code or json.dumps(value) != json.dumps(recorded.value):
            yield recorded, code, value


def compare(path: str, *, as_json: bool) -> int:
    """Print the differences; 1 if there are any."""
    found = list(differences(path))
    if as_json:
        rows = [
            {**msgspec.to_builtins(recorded), "model_code": code, "model_value": value}
            for recorded, code, value in found
        ]
        print(json.dumps(rows, indent=1))  # noqa: T201 # the command's output
        return int(bool(found))
    for recorded, code, value in found:
        subject = "" if recorded.gpu is None else f"GPU {recorded.gpu}"
        arguments = ", ".join([*filter(None, [subject]), *map(str, recorded.arguments)])
        print(f"{recorded.call}({arguments})")  # noqa: T201 # the same
        value_then = "" if recorded.value is None else json.dumps(recorded.value)
        print(f"  recorded {recorded.code} {value_then}")  # noqa: T201 # the same
        print(f"  model    {code} {json.dumps(value) if value is not None else ''}")  # noqa: T201 # the same
    total = len(load(path)[0].recording)
    print(f"{len(found)} of {total} recorded calls differ")  # noqa: T201 # the same
    return int(bool(found))
