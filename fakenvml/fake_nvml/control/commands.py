"""What the commands do. They run in the daemon, each in one step that clients see as a whole."""

import time
from typing import Any

import msgspec

from fake_nvml.calls import events, fabric, memory_errors, nvlink, vgpu
from fake_nvml.control.registry import Values, choice_of, command, find, number_of
from fake_nvml.driver_root import pci
from fake_nvml.errors import UsageError
from fake_nvml.faults import Fault, Faults
from fake_nvml.model import Event, Gpu, Node, NvmlError
from fake_nvml.state import FabricState, Remaps

READINGS = (
    "temperature_c", "memory_temperature_c", "power_mw", "power_source", "gpu_percent", "memory_percent", "encoder_percent",
    "decoder_percent", "jpeg_percent", "ofa_percent", "fan_percent", "pstate", "clock_reasons", "pcie_kib_s",
)  # fmt: skip
FABRIC_STATES = {"not_supported": 0, "not_started": 1, "in_progress": 2, "completed": 3}
HEALTH = {"not_supported": 0, "healthy": 1, "unhealthy": 2, "limited": 3}
ACTIONS = {"none": 0, "reset": 1, "reboot": 2, "drain_p2p": 3, "drain_and_reset": 4}


@command("lose", "make the GPU fall off the bus (XID 79)")
def lose(gpu: Gpu, _values: Values) -> Any:
    gpu.change(lost=True, xids=(*gpu.state.xids, 79)[-64:])
    gpu.node.emit(Event(type=events.XID, gpu=gpu.index, data=79))
    return {"lost": True}


@command("restore", "bring a lost GPU back")
def restore(gpu: Gpu, _values: Values) -> Any:
    gpu.change(lost=False)
    return {"lost": False}


@command("reset", "reset the GPU, as nvidia-smi -r does")
def reset(gpu: Gpu, _values: Values) -> Any:
    gpu.node.reset(gpu.index)
    return {"reset": gpu.index}


@command("xid", "raise an XID: code=79 [gi=1] [ci=0]", "code", "gi", "ci")
def xid(gpu: Gpu, values: Values) -> Any:
    code, nowhere = number_of(values, "code", most=999), 0xFFFFFFFF
    gi, ci = number_of(values, "gi", nowhere), number_of(values, "ci", nowhere)
    gpu.change(xids=(*gpu.state.xids, code)[-64:])
    gpu.node.emit(Event(type=events.XID, gpu=gpu.index, data=code, gi=gi, ci=ci))
    return {"xid": code}


@command("ecc", "count ECC errors: [kind=uncorrected] [place=dram] [count=1]", "kind", "place", "count")
def ecc(gpu: Gpu, values: Values) -> Any:
    """Both lifetimes rise; an uncorrected one in DRAM remaps a row or retires a page, which waits for a reset."""
    kind, place = values.get("kind", "uncorrected"), values.get("place", "dram")
    if kind not in memory_errors.KINDS or place not in memory_errors.PLACES:
        message = (
            f"wanted kind of {memory_errors.KINDS} and place of {memory_errors.PLACES}, found {kind}, {place}"
        )
        raise UsageError(message)
    count, errors = number_of(values, "count", 1, least=1), dict(gpu.state.errors)
    for lifetime in memory_errors.LIFETIMES:
        name = f"{lifetime}/{kind}/{place}"
        errors[name] = errors.get(name, 0) + count
    gpu.change(errors=errors)
    if kind == "uncorrected" and place == "dram":
        remaps = gpu.state.remaps
        more = msgspec.structs.replace(remaps, uncorrectable=remaps.uncorrectable + count, pending=True)
        page = (1, 0x1000 * (len(gpu.state.retired) + 1), int(time.time() * 1e6))
        retires = gpu.board.compute.architecture < 7
        gpu.change(remaps=more, retired=(*gpu.state.retired, page) if retires else gpu.state.retired)
    bit = events.DOUBLE_BIT if kind == "uncorrected" else events.SINGLE_BIT
    gpu.node.emit(Event(type=bit, gpu=gpu.index, data=count))
    return {"errors": errors}


@command("remap", "set the state of the row remapper: [failed=1] [pending=1] [correctable=N] [uncorrectable=N]",
         "failed", "pending", "correctable", "uncorrectable")  # fmt: skip
def remap(gpu: Gpu, values: Values) -> Any:
    remaps = Remaps(
        correctable=number_of(values, "correctable", 0),
        uncorrectable=number_of(values, "uncorrectable", 0),
        pending=bool(number_of(values, "pending", 0, most=1)),
        failed=bool(number_of(values, "failed", 0, most=1)),
    )
    gpu.change(remaps=remaps)
    return msgspec.to_builtins(remaps)


@command("recovery", "set the recovery action that the driver recommends: action=reset", "action")
def recovery(gpu: Gpu, values: Values) -> Any:
    action = choice_of(values, "action", ACTIONS)
    gpu.change(recovery_action=action)
    gpu.node.emit(Event(type=events.RECOVERY_ACTION, gpu=gpu.index, data=action))
    return {"recovery_action": action}


@command("set", f"set sensors: {READINGS[0]}=80 ...; see 'show'", *READINGS)
def set_readings(gpu: Gpu, values: Values) -> Any:
    given = {name: number_of(values, name) for name in values}
    before = gpu.state.readings
    gpu.change(readings={**before, **given})
    for name, kind in (("pstate", events.PSTATE), ("power_source", events.POWER_SOURCE)):
        if name in given and given[name] != before.get(name, 0):
            gpu.node.emit(Event(type=kind, gpu=gpu.index, data=given[name]))
    return gpu.state.readings


@command("clear", "set sensors and error counters back to their values after a reset")
def clear(gpu: Gpu, _values: Values) -> Any:
    gpu.change(
        readings={},
        errors={},
        remaps=Remaps(),
        retired=(),
        links_down=(),
        xids=(),
        recovery_action=0,
        fabric=FabricState(),
    )
    return {"cleared": gpu.index}


@command("nvlink", "count NVLink errors: link=0 [kind=replay] [count=1]", "link", "kind", "count")
def nvlink_errors(gpu: Gpu, values: Values) -> Any:
    link, kind = number_of(values, "link"), values.get("kind", "replay")
    nvlink.nvlink(gpu, link)
    name = f"nvlink/{link}/{kind}"
    gpu.change(
        errors={**gpu.state.errors, name: gpu.state.errors.get(name, 0) + number_of(values, "count", 1)}
    )
    return {"errors": gpu.state.errors}


@command("link", "take an NVLink down or up: link=0 up=0", "link", "up")
def link_state(gpu: Gpu, values: Values) -> Any:
    link, up = number_of(values, "link"), number_of(values, "up", 0, most=1)
    nvlink.nvlink(gpu, link)
    down = {*gpu.state.links_down, link} - ({link} if up else set())
    gpu.change(links_down=tuple(sorted(down)))
    return {"links_down": gpu.state.links_down}


@command("links", "take these NVLinks down and all others up: down=0,17, or down= for none", "down")
def link_states(gpu: Gpu, values: Values) -> Any:
    numbers = {number_of({"down": text}, "down") for text in values.get("down", "").split(",") if text}
    for number in numbers:
        nvlink.nvlink(gpu, number)
    gpu.change(links_down=tuple(sorted(numbers)))
    return {"links_down": gpu.state.links_down}


@command("fabric", "move fabric registration: [state=in_progress] [status=N] [clique=N] [health=unhealthy] [mask=0x1] [more_cliques=1,2]",
         "state", "status", "clique", "health", "mask", "more_cliques")  # fmt: skip
def fabric_state(gpu: Gpu, values: Values) -> Any:
    changed = gpu.state.fabric
    if "state" in values:
        changed = msgspec.structs.replace(changed, state=choice_of(values, "state", FABRIC_STATES))
    if "health" in values:
        changed = msgspec.structs.replace(changed, health_summary=choice_of(values, "health", HEALTH))
    if "more_cliques" in values:
        numbers = tuple(
            number_of({"more_cliques": number}, "more_cliques")
            for number in values["more_cliques"].split(",")
        )
        changed = msgspec.structs.replace(changed, cliques=numbers)
    gpu.change(
        fabric=msgspec.structs.replace(
            changed,
            status=number_of(values, "status", changed.status),
            clique=number_of(values, "clique", changed.clique, least=-1),
            health_mask=number_of(values, "mask", changed.health_mask),
        )
    )
    return {"state": fabric.state(gpu), "clique": fabric.clique(gpu)}


@command(
    "timeslice",
    "how long a process may run before the next: slice=0 to 3, as nvidia-smi compute-policy does",
    "slice",
)
def timeslice(gpu: Gpu, values: Values) -> Any:
    gpu.change(timeslice=number_of(values, "slice", most=3))
    return {"timeslice": gpu.state.timeslice}


@command(
    "vgpu-create",
    "start a virtual machine with a virtual GPU: type='NVIDIA B200-89C' [vm=vm-1]",
    "type",
    "vm",
)
def create_vgpu(gpu: Gpu, values: Values) -> Any:
    return {"vgpu": vgpu.create(gpu, values.get("type", ""), values.get("vm", "vm-1"))}


@command("vgpu-destroy", "end a virtual GPU: id=N", "id")
def destroy_vgpu(gpu: Gpu, values: Values) -> Any:
    number = number_of(values, "id")
    gpu.change(vgpus=tuple(v for v in gpu.state.vgpus if v.id != number))
    return {"vgpus": [v.id for v in gpu.state.vgpus]}


@command("sriov", "enable virtual functions, as sriov-manage does: count=16, 0 for none", "count")
def virtual_functions(gpu: Gpu, values: Values) -> Any:
    if not pci.has_functions(gpu):
        message = f"sriov: {gpu.board.identity.name} has no virtual functions; boards from Ampere on have"
        raise UsageError(message)
    gpu.change(virtual_functions=number_of(values, "count", most=pci.FUNCTIONS_MAX))
    return {"virtual_functions": gpu.state.virtual_functions}


@command("show", "print the state of every GPU, and what runs on it", about_gpu=False)
def show(node: Node, _faults: Faults, _values: Values) -> Any:
    return {
        gpu.uuid: {
            **msgspec.to_builtins(gpu.state),
            "processes": [msgspec.to_builtins(process) for process in gpu.processes()],
        }
        for gpu in node.gpus()
    }


@command("machine", "print the machine and its board", about_gpu=False)
def machine(node: Node, _faults: Faults, _values: Values) -> Any:
    return {"machine": msgspec.to_builtins(node.machine), "board": msgspec.to_builtins(node.board)}


@command("reboot", "clear what a reboot clears", about_gpu=False)
def reboot(node: Node, faults: Faults, _values: Values) -> Any:
    node.reboot()
    faults.clear()
    return {"rebooted": node.machine.name}


@command("confidential", "turn confidential computing on or off: on=1", "on", about_gpu=False)
def confidential(node: Node, _faults: Faults, values: Values) -> Any:
    node.system["confidential"] = number_of(values, "on", most=1)
    node.touched.update(range(len(node.states)))
    return {"confidential": node.system["confidential"]}


@command("fault", "make calls fail or be slow, of one GPU or of all: [GPU] function=nvmlDeviceGetName [code=UNKNOWN] [call=1] [times=1, 0 forever] [pid=N] [delay_ms=N]",
         "function", "code", "call", "times", "pid", "gpu", "delay_ms", about_gpu=False)  # fmt: skip
def fault(node: Node, faults: Faults, values: Values) -> Any:
    if "gpu" in values:
        number_of(values, "gpu", most=len(node.states) - 1)
    try:
        made = msgspec.convert(dict(values), Fault, strict=False)
        faults.add(made)
    except (msgspec.ValidationError, ValueError) as error:
        raise UsageError(str(error)) from error
    return msgspec.to_builtins(faults.active)


@command("faults", "print the active faults", about_gpu=False)
def show_faults(_node: Node, faults: Faults, _values: Values) -> Any:
    return msgspec.to_builtins(faults.active)


@command("heal", "end all faults", about_gpu=False)
def heal(_node: Node, faults: Faults, _values: Values) -> Any:
    faults.clear()
    return []


def perform(node: Node, faults: Faults, name: str, index: int | None, values: Values) -> Any:
    """Carry a command out in the daemon; returns what is to be printed.

    Raises:
        UsageError: no such command, GPU or value, or the model does not allow it.
    """
    wanted = find(name, values)
    if not wanted.about_gpu:
        if index is not None and "gpu" not in wanted.values:
            message = f"{name}: is about the whole node, found GPU {index}; leave it out"
            raise UsageError(message)
        return wanted.act(node, faults, values if index is None else {**values, "gpu": str(index)})
    if not isinstance(index, int) or not 0 <= index < len(node.states):
        message = f"{name}: wanted a GPU from 0 to {len(node.states) - 1}, found {index}"
        raise UsageError(message)
    try:
        return wanted.act(Gpu(node, index), values)
    except NvmlError as error:
        message = f"{name}: GPU {index} answers {error.code.name}"
        raise UsageError(message) from error
