"""``fake-nvml record`` and ``compare``: from a machine with a real NVML to a machine file, and where the model departs from it.

The recorder reads through nvidia-ml-py what a board and a machine file hold, then makes every call that the model
publishes and keeps what came back. Handles, times and serial counters are left out: they mean nothing elsewhere. A
comparison computes the model's answers for the same calls; it needs no daemon.
"""

import itertools
import json
import os
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pynvml
import yaml

from fake_nvml.abi import kinds, layout, table
from fake_nvml.abi.codes import Code
from fake_nvml.abi.kinds import ParamKind
from fake_nvml.calls.registry import GETTERS, Getter, Subject
from fake_nvml.errors import EnvironmentFault, UsageError
from fake_nvml.machines import Board, Machine, load
from fake_nvml.machines.schema import Call
from fake_nvml.model import MIB, Gpu, Node, load_node
from fake_nvml.walk import Walker, handle_out

NOWHERE = Path("/nonexistent/state.json")
PROFILES = 18


def asked(call: Callable[..., Any], *arguments: Any, otherwise: Any = None) -> Any:
    """What NVML answers, OTHERWISE if it refuses."""
    try:
        return call(*arguments)
    except pynvml.NVMLError:
        return otherwise


def mig_of(gpu: Any, source: dict[str, str]) -> dict[str, Any] | None:
    """The board's MIG table; None where it has none."""
    if asked(pynvml.nvmlDeviceGetMigMode, gpu) is None:
        return None
    profiles = []
    for index in range(PROFILES):
        info = asked(pynvml.nvmlDeviceGetGpuInstanceProfileInfo, gpu, index)
        if info is None:
            continue
        count = pynvml.c_uint(0)
        pynvml.nvmlDeviceGetGpuInstancePossiblePlacements(gpu, info.id, None, pynvml.byref(count))
        places = (pynvml.c_nvmlGpuInstancePlacement_t * max(count.value, 1))()
        pynvml.nvmlDeviceGetGpuInstancePossiblePlacements(gpu, info.id, places, pynvml.byref(count))
        slices = info.sliceCount
        profiles.append({
            "id": info.id, "index": index, "name": str(_text(info.name)).removeprefix("MIG "), "compute_slices": slices,
            "size": places[0].size, "starts": [place.start for place in places[: count.value]], "max": info.instanceCount,
            "memory_mib": info.memorySizeMB, "multiprocessors": info.multiprocessorCount,
            "engines": [info.copyEngineCount, info.decoderCount, info.encoderCount, info.jpegCount, info.ofaCount],
            "compute_instances": [size for size in (1, 2, 3, 4, 7) if (size < slices and size != 3) or size == slices],
            "graphics": "gfx" in _text(info.name), "source": source["source"], "confidence": "documented", "placements": "documented",
        })  # fmt: skip
    slices = max((profile["size"] for profile in profiles), default=8)
    compute = max((profile["compute_slices"] for profile in profiles), default=7)
    architecture = pynvml.nvmlDeviceGetArchitecture(gpu)
    return {
        **source, "needs_reset": architecture == pynvml.NVML_DEVICE_ARCH_AMPERE, "max_devices": compute,
        "memory_slices": slices, "compute_slices": compute, "profiles": profiles,
    }  # fmt: skip


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value


def board_of(gpu: Any, source: dict[str, str]) -> dict[str, Any]:
    """A board file of the product that GPU is."""
    pci, memory = (
        pynvml.nvmlDeviceGetPciInfo(gpu),
        pynvml.nvmlDeviceGetMemoryInfo(gpu, version=pynvml.nvmlMemory_v2),
    )
    links = [
        link
        for link in range(pynvml.NVML_NVLINK_MAX_LINKS)
        if asked(pynvml.nvmlDeviceGetNvLinkVersion, gpu, link)
    ]
    speeds = asked(pynvml.nvmlDeviceGetFieldValues, gpu, [(164, link) for link in links], otherwise=[])
    inforom = asked(pynvml.nvmlDeviceGetInforomImageVersion, gpu)
    limits = asked(pynvml.nvmlDeviceGetPowerManagementLimitConstraints, gpu, otherwise=(0, 0))
    memory_clocks = asked(pynvml.nvmlDeviceGetSupportedMemoryClocks, gpu, otherwise=[])
    graphics = (
        asked(pynvml.nvmlDeviceGetSupportedGraphicsClocks, gpu, memory_clocks[0], otherwise=[])
        if memory_clocks
        else []
    )
    most = [asked(pynvml.nvmlDeviceGetMaxClockInfo, gpu, kind, otherwise=0) for kind in range(4)]
    histogram = asked(pynvml.nvmlDeviceGetRowRemapperHistogram, gpu)
    tlimits = asked(pynvml.nvmlDeviceGetFieldValues, gpu, [193, 194, 195, 196], otherwise=[])
    distances = [value.value.siVal if value.nvmlReturn == 0 else None for value in tlimits] or [None] * 4
    fixed = [asked(pynvml.nvmlDeviceGetTemperatureThreshold, gpu, kind) for kind in (0, 1, 3, 2)]
    by_limit = distances[0] is not None
    heat = [distances[0], distances[1], distances[3], distances[2]] if by_limit else fixed
    generation = asked(pynvml.nvmlDeviceGetMaxPcieLinkGeneration, gpu, otherwise=0)
    return {
        "schema": "fake-nvml/board/v1",
        "key": "recorded",
        "identity": {
            **source, "name": pynvml.nvmlDeviceGetName(gpu), "brand": pynvml.nvmlDeviceGetBrand(gpu),
            "pci_device_id": pci.pciDeviceId >> 16, "pci_subsystem_id": pci.pciSubSystemId >> 16,
            "vbios": asked(pynvml.nvmlDeviceGetVbiosVersion, gpu), "gpu_part_number": None,
            "board_part_number": asked(pynvml.nvmlDeviceGetBoardPartNumber, gpu),
            "inforom": inforom and {
                "image": inforom,
                "oem": asked(pynvml.nvmlDeviceGetInforomVersion, gpu, 0, otherwise=""),
                "ecc": asked(pynvml.nvmlDeviceGetInforomVersion, gpu, 1, otherwise=""),
            },
        },
        "compute": {
            **source, "architecture": pynvml.nvmlDeviceGetArchitecture(gpu),
            "capability": list(pynvml.nvmlDeviceGetCudaComputeCapability(gpu)),
            "multiprocessors": 0, "cores": asked(pynvml.nvmlDeviceGetNumGpuCores, gpu, otherwise=0), "assumed": ["multiprocessors"],
        },
        "memory": {
            **source, "total_mib": memory.total // MIB, "reserved_mib": memory.reserved // MIB,
            "bar1_mib": pynvml.nvmlDeviceGetBAR1MemoryInfo(gpu).bar1Total // MIB,
            "bus_width_bits": asked(pynvml.nvmlDeviceGetMemoryBusWidth, gpu, otherwise=0),
            "remap_banks": histogram and histogram.max, "addressing_mode": asked(pynvml.nvmlDeviceGetAddressingMode, gpu, otherwise=0),
        },
        "pcie": {
            **source, "generation": generation, "width": asked(pynvml.nvmlDeviceGetMaxPcieLinkWidth, gpu, otherwise=0),
            "device_generation": asked(pynvml.nvmlDeviceGetGpuMaxPcieLinkGeneration, gpu, otherwise=generation),
        },
        "nvlink": {
            **source, "version": pynvml.nvmlDeviceGetNvLinkVersion(gpu, links[0]), "links": len(links),
            "link_speed_mb_s": max((value.value.uiVal for value in speeds), default=0),
            "c2c": bool(asked(coherent, gpu, otherwise=False)),
        } if links else None,
        "power": {
            **source, "default_mw": asked(pynvml.nvmlDeviceGetPowerManagementDefaultLimit, gpu, otherwise=0),
            "min_mw": limits[0], "max_mw": limits[1], "idle_mw": asked(pynvml.nvmlDeviceGetPowerUsage, gpu, otherwise=0),
        },
        "clocks": {
            **source, "max_graphics_mhz": most[0], "max_memory_mhz": most[2], "max_video_mhz": most[3],
            "idle_graphics_mhz": min(graphics, default=0), "memory_mhz": list(memory_clocks) or [most[2]],
            "default_graphics_mhz": asked(pynvml.nvmlDeviceGetDefaultApplicationsClock, gpu, 0, otherwise=most[0]),
            "graphics_count": max(len(graphics), 2),
        },
        "thermal": {
            **source, "tlimit": by_limit, "shutdown_c": heat[0] or 0, "slowdown_c": heat[1] or 0, "max_operating_c": heat[2] or 0,
            "memory_max_c": heat[3], "idle_c": asked(pynvml.nvmlDeviceGetTemperature, gpu, 0, otherwise=0),
            "fans": asked(pynvml.nvmlDeviceGetNumFans, gpu, otherwise=0),
        },
        "mig": mig_of(gpu, source),
    }  # fmt: skip


def branch(driver: str) -> str:
    """The driver's branch as it calls itself; older drivers do not say."""
    info = asked(pynvml.nvmlSystemGetDriverBranch)
    return f"r{driver.split('.')[0]}_00" if info is None else _text(info.branch)


def coherent(gpu: Any) -> bool:
    """Whether there is a link to the CPU."""
    info = asked(pynvml.nvmlDeviceGetC2cModeInfoV1, gpu)
    return info is not None and bool(info.isC2cEnabled)


def fabric_of(gpu: Any) -> dict[str, Any]:
    """The fabric as this GPU is registered with it."""
    info = pynvml.c_nvmlGpuFabricInfoV_t()
    asked(pynvml.nvmlDeviceGetGpuFabricInfoV, gpu, pynvml.byref(info))
    raw = bytes(info.clusterUuid).hex()
    cluster = f"{raw[:8]}-{raw[8:12]}-{raw[12:16]}-{raw[16:20]}-{raw[20:]}"
    summary = pynvml.c_nvmlGpuFabricInfo_v3_t()
    asked(pynvml.nvmlDeviceGetGpuFabricInfoV, gpu, pynvml.byref(summary))
    return {
        "state": info.state, "clique": info.cliqueId, "cluster_uuid": cluster,
        "health_summary": summary.healthSummary,
        "health_mask": summary.healthMask,
    }  # fmt: skip


def machine_of(gpus: list[Any], source: dict[str, str]) -> dict[str, Any]:
    """A machine file of this computer."""
    first, driver = gpus[0], pynvml.nvmlSystemGetDriverVersion()
    remotes = [
        asked(pynvml.nvmlDeviceGetNvLinkRemotePciInfo, first, link)
        for link in range(pynvml.NVML_NVLINK_MAX_LINKS)
    ]
    known = [info for info in remotes if info is not None]
    slots = []
    for gpu in gpus:
        pci = pynvml.nvmlDeviceGetPciInfo(gpu)
        mask = asked(pynvml.nvmlDeviceGetMemoryAffinity, gpu, 1, 0, otherwise=[1])[0]
        slots.append({
            "domain": pci.domain, "bus": pci.bus, "module": asked(pynvml.nvmlDeviceGetModuleId, gpu, otherwise=0),
            "numa": max(0, (mask & -mask).bit_length() - 1), "uuid": pynvml.nvmlDeviceGetUUID(gpu),
            "serial": asked(pynvml.nvmlDeviceGetSerial, gpu), "pdi": asked(pynvml.nvmlDeviceGetPdi, gpu),
        })  # fmt: skip
    width = asked(pynvml.nvmlDeviceGetCpuAffinity, first, 16, otherwise=[0])
    cores = sum(int(mask).bit_count() for mask in width) or os.cpu_count() or 1
    return {
        "schema": "fake-nvml/machine/v1", "name": "recorded", **source, "board": "recorded",
        "description": f"{len(gpus)} x {pynvml.nvmlDeviceGetName(first)}, recorded with driver {driver}",
        "driver": {
            "version": driver, "nvml": pynvml.nvmlSystemGetNVMLVersion(), "cuda": pynvml.nvmlSystemGetCudaDriverVersion(),
            "branch": branch(driver),
        },
        "cpus": {"sockets": max(slot["numa"] for slot in slots) + 1, "cores_per_socket": cores},
        "fabric": fabric_of(first), "gpus": slots,
        "switches": {**source, "count": len({info.busId for info in known}), "pci_device_id": known[0].pciDeviceId >> 16} if known else None,
        "initial": {
            "persistence": asked(pynvml.nvmlDeviceGetPersistenceMode, first, otherwise=1),
            "compute_mode": pynvml.nvmlDeviceGetComputeMode(first),
            "accounting": asked(pynvml.nvmlDeviceGetAccountingMode, first, otherwise=0),
        },
    }  # fmt: skip


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
