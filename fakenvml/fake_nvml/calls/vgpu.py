"""Virtual GPUs on a host: types, placements, schedulers, and the instances that virtual machines have.

A board offers types once its virtualisation mode is HOST_VGPU (3): compute types of a half, a quarter and so on of its
memory, by NVIDIA's naming. Numbers of types are made up (assumed); ``fake-nvml ctl vgpu-create`` takes the place of the
hypervisor. Nothing runs inside a virtual machine here: sessions are empty and utilisation is zero.
"""

import time
import uuid
from dataclasses import dataclass
from typing import Any

import msgspec

from fake_nvml.abi.codes import Code
from fake_nvml.calls.registry import Caller, action, check, getter
from fake_nvml.machines import NAMESPACE
from fake_nvml.model import MIB, NO_INSTANCE, Gpu, InstanceOf, Node, NvmlError, VgpuOf, vgpu_by_id
from fake_nvml.state import Vgpu

SYSTEM = "system"
HOST_VGPU = 3
PARTS = (1, 2, 4, 8, 16)
POLICIES = (1, 2, 3)
"""Best effort, equal share, fixed share."""


@dataclass(frozen=True, slots=True)
class VgpuType:
    """One type: a share of the board's memory."""

    id: int
    name: str
    memory_mib: int
    instances: int


def types(node: Node) -> list[VgpuType]:
    """The types of this board; boards for workstations drive screens and are not shared here."""
    board = node.board
    if board.thermal.fans:
        return []
    gib = board.memory.total_mib // 1024
    short = board.identity.name.removeprefix("NVIDIA ").removeprefix("Tesla ").split()[0]
    first = (board.identity.pci_device_id & 0xFFF) << 4
    return [
        VgpuType(first + i, f"NVIDIA {short}-{gib // part}C", gib // part * 1024, part)
        for i, part in enumerate(PARTS)
    ]


def _type(node: Node, number: int) -> VgpuType:
    """A type, once some GPU of the node is in host mode: without it there is no vGPU manager to ask."""
    check(any(gpu.setting("virtualization") == HOST_VGPU for gpu in node.gpus()), Code.NOT_SUPPORTED)
    for known in types(node):
        if known.id == number:
            return known
    raise NvmlError(Code.INVALID_ARGUMENT)


def _host(gpu: Gpu) -> None:
    check(gpu.setting("virtualization") == HOST_VGPU and types(gpu.node), Code.NOT_SUPPORTED)


def type_ids(node: Node) -> list[int]:
    """Numbers of all types."""
    return [known.id for known in types(node)]


def create(gpu: Gpu, name: str, vm: str) -> int:
    """What a hypervisor does when a virtual machine with a virtual GPU of type NAME starts; returns the instance.

    Raises:
        NvmlError: NOT_SUPPORTED, the mode is another; NOT_FOUND, no such type; INSUFFICIENT_RESOURCES.
    """
    _host(gpu)
    known = next((t for t in types(gpu.node) if t.name == name), None)
    if known is None:
        raise NvmlError(Code.NOT_FOUND)
    check(known.id in creatable(gpu), Code.INSUFFICIENT_RESOURCES)
    number = max((v.id for g in gpu.node.gpus() for v in g.state.vgpus), default=0x1000) + 1
    gpu.change(vgpus=(*gpu.state.vgpus, Vgpu(id=number, type=known.id, vm=vm)))
    return number


@getter("nvmlDeviceGetHostVgpuMode")
def host_mode(gpu: Gpu) -> int:
    """0 without, 1 with SR-IOV, which came with Ampere."""
    _host(gpu)
    return int(gpu.board.compute.architecture >= 7)


@getter("nvmlDeviceGetSupportedVgpus")
def supported(gpu: Gpu) -> list[int]:
    _host(gpu)
    return type_ids(gpu.node)


@getter("nvmlDeviceGetCreatableVgpus")
def creatable(gpu: Gpu) -> list[int]:
    """Instances of one board are all of one type."""
    _host(gpu)
    there = gpu.state.vgpus
    return [
        known.id
        for known in types(gpu.node)
        if not there or (known.id == there[0].type and len(there) < known.instances)
    ]


@getter("nvmlDeviceGetActiveVgpus")
def active(gpu: Gpu) -> list[int]:
    _host(gpu)
    return [vgpu.id for vgpu in gpu.state.vgpus]


@getter("nvmlDeviceGetVgpuCapabilities", over=(range(12),))
def capability(gpu: Gpu, number: int) -> int:
    """Fractional types, MIG time slicing and so on: what the architecture has."""
    check(number < 12)
    _host(gpu)
    blackwell = gpu.board.compute.architecture >= 10
    return {0: 1, 8: 1, 10: int(blackwell), 11: int(blackwell and gpu.setting("vgpu_cap/11", 1))}.get(
        number, 0
    )


@action("nvmlDeviceSetVgpuCapabilities")
def set_capability(_caller: Caller, gpu: Gpu, number: int, wanted: int) -> None:
    check(number < 12 and wanted < 2)
    _host(gpu)
    check(number == 11 and gpu.board.compute.architecture >= 10, Code.NOT_SUPPORTED)
    gpu.keep("vgpu_cap/11", wanted)


@getter("nvmlDeviceGetVgpuHeterogeneousMode")
def heterogeneous(gpu: Gpu) -> dict[str, int]:
    _host(gpu)
    return {"mode": gpu.setting("vgpu_mixed")}


@action("nvmlDeviceSetVgpuHeterogeneousMode")
def set_heterogeneous(_caller: Caller, gpu: Gpu, wanted: Any) -> None:
    _host(gpu)
    check(wanted.mode < 2)
    check(not gpu.state.vgpus, Code.IN_USE)
    gpu.keep("vgpu_mixed", wanted.mode)


def _placements(gpu: Gpu, number: int) -> dict[str, Any]:
    known = _type(gpu.node, number)
    size = PARTS[-1] // known.instances
    return {"placementSize": size, "placementIds": [size * i for i in range(known.instances)]}


@getter("nvmlDeviceGetVgpuTypeSupportedPlacements")
def supported_placements(gpu: Gpu, number: int) -> dict[str, Any]:
    _host(gpu)
    return _placements(gpu, number)


@getter("nvmlDeviceGetVgpuTypeCreatablePlacements")
def creatable_placements(gpu: Gpu, number: int) -> dict[str, Any]:
    """Instances take the lowest places."""
    _host(gpu)
    found = _placements(gpu, number)
    free = number in creatable(gpu)
    return {**found, "placementIds": found["placementIds"][len(gpu.state.vgpus) :] if free else []}


@getter("nvmlDeviceGetVgpuInstancesUtilizationInfo", live=True)
def instances_utilization(gpu: Gpu) -> dict[str, Any]:
    _host(gpu)
    rows = [{"timeStamp": int(time.time() * 1e6), "vgpuInstance": vgpu.id} for vgpu in gpu.state.vgpus]
    return {"sampleValType": 1, "vgpuUtilArray": rows}


@getter("nvmlDeviceGetVgpuUtilization", live=True)
def vgpu_utilization(gpu: Gpu, _since_us: int) -> tuple[int, list[dict[str, int]]]:
    _host(gpu)
    return 1, [{"vgpuInstance": vgpu.id, "timeStamp": int(time.time() * 1e6)} for vgpu in gpu.state.vgpus]


@getter("nvmlDeviceGetVgpuSchedulerCapabilities")
def scheduler_capabilities(gpu: Gpu) -> dict[str, Any]:
    """Time slices in nanoseconds."""
    _host(gpu)
    frequency = {"maxFrequencyForARR": 960, "minFrequencyForARR": 1}
    factor = {"maxAvgFactorForARR": 60, "minAvgFactorForARR": 1}
    limits = {"maxTimeslice": 30_000_000, "minTimeslice": 1_000_000}
    return {"supportedSchedulers": list(POLICIES), "isArrModeSupported": 1, **limits, **frequency, **factor}


@getter("nvmlDeviceGetVgpuSchedulerState")
def scheduler_state(gpu: Gpu) -> dict[str, Any]:
    _host(gpu)
    params = {"avgFactor": gpu.setting("vgpu_average", 33), "timeslice": 2_000_000}
    return {
        "schedulerPolicy": gpu.setting("vgpu_policy", 1),
        "arrMode": gpu.setting("vgpu_arr", 1),
        "schedulerParams": params,
    }


@getter("nvmlDeviceGetVgpuSchedulerState_v2")
def scheduler_state_v2(gpu: Gpu) -> dict[str, int]:
    known = scheduler_state(gpu)
    return {"engineId": 1, "schedulerPolicy": known["schedulerPolicy"], **known["schedulerParams"]}


def _set_policy(gpu: Gpu, policy: int, average: int) -> None:
    _host(gpu)
    check(policy in POLICIES)
    check(not gpu.state.vgpus, Code.IN_USE)
    gpu.keep("vgpu_policy", policy)
    gpu.keep("vgpu_average", average or 33)


@action("nvmlDeviceSetVgpuSchedulerState")
def set_scheduler(_caller: Caller, gpu: Gpu, wanted: Any) -> None:
    check(wanted.enableARRMode < 3)
    _set_policy(gpu, wanted.schedulerPolicy, wanted.schedulerParams.avgFactor)
    gpu.keep("vgpu_arr", wanted.enableARRMode or 1)


@action("nvmlDeviceSetVgpuSchedulerState_v2")
def set_scheduler_v2(_caller: Caller, gpu: Gpu, wanted: Any) -> None:
    _set_policy(gpu, wanted.schedulerPolicy, wanted.avgFactor)


@getter("nvmlDeviceGetVgpuSchedulerLog")
def scheduler_log(gpu: Gpu) -> dict[str, Any]:
    """Nothing ran, so nothing is in it."""
    known = scheduler_state(gpu)
    return {
        "engineId": 1,
        "schedulerPolicy": known["schedulerPolicy"],
        "arrMode": known["arrMode"],
        "entriesCount": 0,
    }


@getter("nvmlDeviceGetVgpuSchedulerLog_v2")
def scheduler_log_v2(gpu: Gpu) -> dict[str, Any]:
    return {**scheduler_state_v2(gpu), "entriesCount": 0}


@getter("nvmlGpuInstanceGetCreatableVgpus", subject="gi")
def gi_creatable(instance: InstanceOf) -> dict[str, Any]:
    """Types that fit into the GPU instance's memory."""
    _host(instance.gpu)
    room = instance.gpu.profile(instance.gi.profile).memory_mib
    return {"vgpuTypeIds": [known.id for known in types(instance.gpu.node) if known.memory_mib <= room]}


@getter("nvmlGpuInstanceGetActiveVgpus", subject="gi")
def gi_active(instance: InstanceOf) -> dict[str, Any]:
    _host(instance.gpu)
    return {"vgpuInstances": [vgpu.id for vgpu in instance.gpu.state.vgpus if vgpu.gi == instance.gi.id]}


@getter("nvmlGpuInstanceGetVgpuTypeCreatablePlacements", subject="gi", live=True)
def gi_placements(instance: InstanceOf, number: int) -> dict[str, Any]:
    """In a GPU instance the places are its memory slices."""
    _host(instance.gpu)
    known, room = _type(instance.gpu.node, number), instance.gpu.profile(instance.gi.profile)
    size = max(1, -(-known.memory_mib * room.size // room.memory_mib))
    return {
        "vgpuTypeId": number,
        "placementSize": size,
        "placementIds": list(range(0, room.size - size + 1, size)),
    }


def _gi(instance: InstanceOf, name: str) -> str:
    """The name of a setting of a GPU instance."""
    _host(instance.gpu)
    return f"gi/{instance.gi.id}/{name}"


@getter("nvmlGpuInstanceGetVgpuHeterogeneousMode", subject="gi")
def gi_heterogeneous(instance: InstanceOf) -> dict[str, int]:
    return {"mode": instance.gpu.setting(_gi(instance, "mixed"))}


@action("nvmlGpuInstanceSetVgpuHeterogeneousMode", subjects=("gi",))
def gi_set_heterogeneous(_caller: Caller, instance: InstanceOf, wanted: Any) -> None:
    check(wanted.mode < 2)
    instance.gpu.keep(_gi(instance, "mixed"), wanted.mode)


@getter("nvmlGpuInstanceGetVgpuSchedulerState", subject="gi", live=True)
def gi_scheduler(instance: InstanceOf, engine: int) -> dict[str, Any]:
    policy = instance.gpu.setting(_gi(instance, "policy"), 1)
    return {
        "engineId": engine,
        "schedulerPolicy": policy,
        "arrMode": 1,
        "schedulerParams": {"timeslice": 2_000_000},
    }


@getter("nvmlGpuInstanceGetVgpuSchedulerState_v2", subject="gi")
def gi_scheduler_v2(instance: InstanceOf) -> dict[str, int]:
    policy = instance.gpu.setting(_gi(instance, "policy"), 1)
    return {"engineId": 1, "schedulerPolicy": policy, "timeslice": 2_000_000}


@getter("nvmlGpuInstanceGetVgpuSchedulerLog", "nvmlGpuInstanceGetVgpuSchedulerLog_v2", subject="gi")
def gi_log(instance: InstanceOf) -> dict[str, int]:
    return {"engineId": 1, "schedulerPolicy": gi_scheduler_v2(instance)["schedulerPolicy"], "entriesCount": 0}


@action("nvmlGpuInstanceSetVgpuSchedulerState", subjects=("gi",))
def gi_set_scheduler(_caller: Caller, instance: InstanceOf, _engine: int, policy: int, *_rest: int) -> None:
    check(policy in POLICIES)
    instance.gpu.keep(_gi(instance, "policy"), policy)


@action("nvmlGpuInstanceSetVgpuSchedulerState_v2", subjects=("gi",))
def gi_set_scheduler_v2(_caller: Caller, instance: InstanceOf, wanted: Any) -> None:
    check(wanted.schedulerPolicy in POLICIES)
    instance.gpu.keep(_gi(instance, "policy"), wanted.schedulerPolicy)


@getter("nvmlDeviceGetVgpuProcessesUtilizationInfo", live=True)
def vgpu_processes(gpu: Gpu) -> dict[str, Any]:
    """What runs inside virtual machines is not modelled, so nothing does."""
    _host(gpu)
    return {"vgpuProcUtilArray": []}


@getter("nvmlDeviceGetVgpuProcessUtilization", live=True)
def vgpu_process_samples(gpu: Gpu, _since_us: int) -> list[dict[str, int]]:
    _host(gpu)
    return []


@getter("nvmlDeviceGetPgpuMetadataString")
def metadata_string(gpu: Gpu) -> str:
    _host(gpu)
    return f"{gpu.node.machine.driver.version};{gpu.board.identity.pci_device_id:04X}"


@getter("nvmlDeviceGetVgpuMetadata")
def metadata(gpu: Gpu) -> tuple[dict[str, Any], int]:
    _host(gpu)
    version = {"minVersion": 1, "maxVersion": gpu.board.compute.architecture}
    return {
        "version": 3,
        "revision": 1,
        "hostDriverVersion": gpu.node.machine.driver.version,
        "hostSupportedVgpuRange": version,
    }, 128


@getter("nvmlGetVgpuVersion", subject=SYSTEM)
def version(node: Node) -> tuple[dict[str, int], dict[str, int]]:
    check(types(node), Code.NOT_SUPPORTED)
    newest = node.board.compute.architecture
    current = {
        "minVersion": node.system.get("vgpu_min", 1),
        "maxVersion": node.system.get("vgpu_max", newest),
    }
    return {"minVersion": 1, "maxVersion": newest}, current


@action("nvmlSetVgpuVersion", subjects=(SYSTEM,))
def set_version(_caller: Caller, node: Node, wanted: Any) -> None:
    check(1 <= wanted.minVersion <= wanted.maxVersion <= node.board.compute.architecture)
    node.system.update(vgpu_min=wanted.minVersion, vgpu_max=wanted.maxVersion)
    node.touched.add(0)


@getter("nvmlGetVgpuDriverCapabilities", subject=SYSTEM, over=(range(2),), fixed=True)
def driver_capability(node: Node, number: int) -> int:
    check(number < 2)
    return int(bool(types(node)) and node.board.compute.architecture >= 7)


def of_type(name: str) -> Any:
    """A getter about a type: its function gets the node and the type."""

    def declare(answer: Any) -> Any:
        def one(node: Node, number: int, *rest: int) -> Any:
            return answer(node, _type(node, number), *rest)

        getter(f"nvmlVgpuType{name}", subject=SYSTEM, over=(type_ids,))(one)
        return answer

    return declare


of_type("GetClass")(lambda _node, _type_: "Compute")
of_type("GetName")(lambda _node, known: known.name)
of_type("GetLicense")(
    lambda _node, known: f"NVIDIA-AI-Enterprise,{known.memory_mib // 1024}.0;Quadro-Virtual-DWS,5.0"
)
of_type("GetGpuInstanceProfileId")(lambda _node, _type_: NO_INSTANCE)
of_type("GetDeviceID")(
    lambda node, known: (node.board.identity.pci_device_id << 16 | 0x10DE, known.id << 16 | 0x10DE)
)
of_type("GetFramebufferSize")(lambda _node, known: known.memory_mib * MIB)
of_type("GetNumDisplayHeads")(lambda _node, known: 1 if known.instances else 0)
of_type("GetFrameRateLimit")(lambda _node, known: 60 if known.instances > 1 else 0)
of_type("GetMaxInstancesPerVm")(lambda _node, known: 16 if known.instances == 1 else 1)
of_type("GetGspHeapSize")(lambda _node, known: (64 + known.memory_mib // 1024) * MIB)
of_type("GetFbReservation")(lambda _node, known: known.memory_mib * MIB // 64)
of_type("GetBAR1Info")(lambda node, known: {"bar1Size": node.board.memory.bar1_mib // known.instances})


@getter("nvmlVgpuTypeGetCapabilities", subject=SYSTEM, over=(type_ids, range(5)))
def type_capability(node: Node, number: int, which: int) -> int:
    """P2P over NVLink for whole boards, GPUDirect always."""
    known = _type(node, number)
    check(which < 5)
    return (int(known.instances == 1 and node.board.nvlink is not None), 1, int(known.instances == 1), 0, 1)[
        which
    ]


@getter("nvmlVgpuTypeGetResolution", subject=SYSTEM, over=(type_ids, (0,)))
def resolution(node: Node, number: int, display: int) -> tuple[int, int]:
    _type(node, number)
    check(display == 0)
    return 4096, 2160


@getter("nvmlVgpuTypeGetMaxInstances", over=(type_ids,))
def most(gpu: Gpu, number: int) -> int:
    _host(gpu)
    return _type(gpu.node, number).instances


@getter("nvmlVgpuTypeGetMaxInstancesPerGpuInstance", subject=SYSTEM, over=(type_ids,))
def most_in_instance(node: Node, number: int) -> dict[str, int]:
    known = _type(node, number)
    check(node.board.mig and node.board.compute.architecture >= 10, Code.NOT_SUPPORTED)
    return {"vgpuTypeId": number, "maxInstancePerGI": max(1, known.instances // 8)}


def of_instance(name: str) -> Any:
    """A getter about an instance; with no instance there is nothing to publish, so these are asked."""

    def declare(answer: Any) -> Any:
        def one(node: Node, number: int, *rest: int) -> Any:
            return answer(vgpu_by_id(node, number), *rest)

        getter(f"nvmlVgpuInstance{name}", subject=SYSTEM, live=True)(one)
        return answer

    return declare


def _of(found: VgpuOf) -> VgpuType:
    return _type(found.gpu.node, found.vgpu.type)


def _uuid(found: VgpuOf) -> str:
    return str(uuid.uuid5(NAMESPACE, f"{found.gpu.uuid}/vgpu/{found.vgpu.id}"))


LICENSE = {
    "isLicensed": 1,
    "licenseExpiry": {"year": 2099, "month": 12, "day": 31, "status": 2},
    "currentState": 1,
}
of_instance("GetVmID")(lambda found: (found.vgpu.vm, 1))
of_instance("GetUUID")(_uuid)
of_instance("GetMdevUUID")(lambda found: _uuid(found).swapcase())
of_instance("GetVmDriverVersion")(lambda found: found.gpu.node.machine.driver.version)
of_instance("GetFbUsage")(lambda found: _of(found).memory_mib * MIB // 64)
of_instance("GetLicenseStatus")(lambda _found: 1)
of_instance("GetLicenseInfo")(lambda _found: LICENSE)
of_instance("GetLicenseInfo_v2")(lambda _found: LICENSE)
of_instance("GetType")(lambda found: found.vgpu.type)
of_instance("GetFrameRateLimit")(lambda found: 60 if _of(found).instances > 1 else 0)
of_instance("GetEccMode")(lambda found: int(found.gpu.state.ecc))
of_instance("GetEncoderCapacity")(lambda found: found.vgpu.encoder_capacity)
of_instance("GetEncoderStats")(lambda _found: (0, 0, 0))
of_instance("GetEncoderSessions")(lambda _found: [])
of_instance("GetFBCStats")(lambda _found: {"sessionsCount": 0})
of_instance("GetFBCSessions")(lambda _found: [])
of_instance("GetGpuInstanceId")(lambda found: found.vgpu.gi)
of_instance("GetGpuPciId")(lambda found: found.gpu.bus_id)
of_instance("GetAccountingMode")(lambda found: found.gpu.state.accounting)
of_instance("GetRuntimeStateSize")(lambda found: {"size": _of(found).memory_mib * MIB // 8})
of_instance("GetPlacementId")(
    lambda found: {"placementId": found.gpu.state.vgpus.index(found.vgpu) * (16 // _of(found).instances)}
)
of_instance("GetAccountingPids")(lambda _found: [])


def _metadata(found: VgpuOf) -> tuple[dict[str, Any], int]:
    driver = found.gpu.node.machine.driver.version
    return {
        "version": 3,
        "revision": 1,
        "guestInfoState": 1,
        "guestDriverVersion": driver,
        "hostDriverVersion": driver,
    }, 212


of_instance("GetMetadata")(_metadata)


@action("nvmlVgpuInstanceSetEncoderCapacity", subjects=(SYSTEM,))
def set_encoder_capacity(_caller: Caller, node: Node, number: int, percent: int) -> None:
    found = vgpu_by_id(node, number)
    check(percent <= 100)
    changed = msgspec.structs.replace(found.vgpu, encoder_capacity=percent)
    found.gpu.change(vgpus=tuple(changed if v.id == number else v for v in found.gpu.state.vgpus))


@action("nvmlVgpuInstanceClearAccountingPids", subjects=(SYSTEM,))
def clear_accounting(_caller: Caller, node: Node, number: int) -> None:
    found = vgpu_by_id(node, number)
    check(found.gpu.state.accounting, Code.NOT_SUPPORTED)


@getter("nvmlDeviceGetGridLicensableFeatures", "nvmlDeviceGetGridLicensableFeatures_v2",
        "nvmlDeviceGetGridLicensableFeatures_v3", "nvmlDeviceGetGridLicensableFeatures_v4", fixed=True)  # fmt: skip
def licensable(gpu: Gpu) -> dict[str, Any]:
    """Boards that can be shared can be licensed for compute; nothing is licensed."""
    if not types(gpu.node):
        return {"isGridLicenseSupported": 0}
    row = {"featureCode": 4, "productName": "NVIDIA Virtual Compute Server", "licenseInfo": "Unlicensed"}
    return {"isGridLicenseSupported": 1, "licensableFeaturesCount": 1, "gridLicensableFeatures": [row]}
