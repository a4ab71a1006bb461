"""Virtual GPUs on a host: what a GPU or a GPU instance says about types, placements and running instances.

``fake-nvml ctl vgpu-create`` takes the place of the hypervisor. Nothing runs inside a virtual machine here: utilisation
is zero. Types are in ``vgpu_types``, schedulers in ``vgpu_schedulers``, getters and setters of one instance in ``vgpu_instances``.
"""

import time
from typing import TYPE_CHECKING, Any

from fake_nvml.abi.codes import Code
from fake_nvml.calls.registry import Caller, Subject, action, check, getter
from fake_nvml.calls.vgpu_types import PARTS, require_host, type_ids, type_of, types
from fake_nvml.model import Gpu, InstanceOf, Node, NvmlError
from fake_nvml.state import Vgpu

if TYPE_CHECKING:
    from fake_nvml.abi import structures_generated as nv


def create(gpu: Gpu, name: str, vm: str) -> int:
    """What a hypervisor does when a virtual machine with a virtual GPU of type NAME starts; returns the instance.

    Raises:
        NvmlError: NOT_SUPPORTED, the mode is another; NOT_FOUND, no such type; INSUFFICIENT_RESOURCES.
    """
    require_host(gpu)
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
    require_host(gpu)
    return int(gpu.board.compute.architecture >= 7)


@getter("nvmlDeviceGetSupportedVgpus")
def supported(gpu: Gpu) -> list[int]:
    require_host(gpu)
    return type_ids(gpu.node)


@getter("nvmlDeviceGetCreatableVgpus")
def creatable(gpu: Gpu) -> list[int]:
    """Instances of one board are all of one type."""
    require_host(gpu)
    there = gpu.state.vgpus
    return [
        known.id
        for known in types(gpu.node)
        if not there or (known.id == there[0].type and len(there) < known.instances)
    ]


@getter("nvmlDeviceGetActiveVgpus")
def active(gpu: Gpu) -> list[int]:
    require_host(gpu)
    return [vgpu.id for vgpu in gpu.state.vgpus]


@getter("nvmlDeviceGetVgpuCapabilities", over=(range(12),))
def capability(gpu: Gpu, number: int) -> int:
    """Fractional types, MIG time slicing and so on: what the architecture has."""
    check(number < 12)
    require_host(gpu)
    blackwell = gpu.board.compute.architecture >= 10
    return {0: 1, 8: 1, 10: int(blackwell), 11: int(blackwell and gpu.setting("vgpu_cap/11", 1))}.get(
        number, 0
    )


@action("nvmlDeviceSetVgpuCapabilities")
def set_capability(_caller: Caller, gpu: Gpu, number: int, wanted: int) -> None:
    check(number < 12 and wanted < 2)
    require_host(gpu)
    check(number == 11 and gpu.board.compute.architecture >= 10, Code.NOT_SUPPORTED)
    gpu.keep("vgpu_cap/11", wanted)


@getter("nvmlDeviceGetVgpuHeterogeneousMode")
def heterogeneous(gpu: Gpu) -> "nv.VgpuHeterogeneousModeV1":
    require_host(gpu)
    return {"mode": gpu.setting("vgpu_mixed")}


@action("nvmlDeviceSetVgpuHeterogeneousMode")
def set_heterogeneous(_caller: Caller, gpu: Gpu, wanted: Any) -> None:
    require_host(gpu)
    check(wanted.mode < 2)
    check(not gpu.state.vgpus, Code.IN_USE)
    gpu.keep("vgpu_mixed", wanted.mode)


def _placements(gpu: Gpu, number: int) -> "nv.VgpuPlacementListV2":
    known = type_of(gpu.node, number)
    size = PARTS[-1] // known.instances
    return {"placementSize": size, "placementIds": [size * i for i in range(known.instances)]}


@getter("nvmlDeviceGetVgpuTypeSupportedPlacements")
def supported_placements(gpu: Gpu, number: int) -> "nv.VgpuPlacementListV2":
    require_host(gpu)
    return _placements(gpu, number)


@getter("nvmlDeviceGetVgpuTypeCreatablePlacements")
def creatable_placements(gpu: Gpu, number: int) -> "nv.VgpuPlacementListV2":
    """Instances take the lowest places."""
    require_host(gpu)
    found = _placements(gpu, number)
    free = number in creatable(gpu)
    return {**found, "placementIds": found["placementIds"][len(gpu.state.vgpus) :] if free else []}


@getter("nvmlDeviceGetVgpuInstancesUtilizationInfo", live=True)
def instances_utilization(gpu: Gpu) -> "nv.VgpuInstancesUtilizationInfoV1":
    require_host(gpu)
    rows: list[nv.VgpuInstanceUtilizationInfoV1] = [
        {"timeStamp": int(time.time() * 1e6), "vgpuInstance": vgpu.id} for vgpu in gpu.state.vgpus
    ]
    return {"sampleValType": 1, "vgpuUtilArray": rows}


@getter("nvmlDeviceGetVgpuUtilization", live=True)
def vgpu_utilization(gpu: Gpu, _since_us: int) -> "tuple[int, list[nv.VgpuInstanceUtilizationSample]]":
    require_host(gpu)
    return 1, [{"vgpuInstance": vgpu.id, "timeStamp": int(time.time() * 1e6)} for vgpu in gpu.state.vgpus]


@getter("nvmlGpuInstanceGetCreatableVgpus", subject=Subject.GPU_INSTANCE)
def gi_creatable(instance: InstanceOf) -> "nv.VgpuTypeIdInfoV1":
    """Types that fit into the GPU instance's memory."""
    require_host(instance.gpu)
    room = instance.gpu.profile(instance.gi.profile).memory_mib
    return {"vgpuTypeIds": [known.id for known in types(instance.gpu.node) if known.memory_mib <= room]}


@getter("nvmlGpuInstanceGetActiveVgpus", subject=Subject.GPU_INSTANCE)
def gi_active(instance: InstanceOf) -> "nv.ActiveVgpuInstanceInfoV1":
    require_host(instance.gpu)
    return {"vgpuInstances": [vgpu.id for vgpu in instance.gpu.state.vgpus if vgpu.gi == instance.gi.id]}


@getter("nvmlGpuInstanceGetVgpuTypeCreatablePlacements", subject=Subject.GPU_INSTANCE, live=True)
def gi_placements(instance: InstanceOf, number: int) -> "nv.VgpuCreatablePlacementInfoV1":
    """In a GPU instance the places are its memory slices."""
    require_host(instance.gpu)
    known, room = type_of(instance.gpu.node, number), instance.gpu.profile(instance.gi.profile)
    size = max(1, -(-known.memory_mib * room.size // room.memory_mib))
    return {
        "vgpuTypeId": number,
        "placementSize": size,
        "placementIds": list(range(0, room.size - size + 1, size)),
    }


def gi_setting(instance: InstanceOf, name: str) -> str:
    """The name of a setting of a GPU instance."""
    require_host(instance.gpu)
    return f"gi/{instance.gi.id}/{name}"


@getter("nvmlGpuInstanceGetVgpuHeterogeneousMode", subject=Subject.GPU_INSTANCE)
def gi_heterogeneous(instance: InstanceOf) -> "nv.VgpuHeterogeneousModeV1":
    return {"mode": instance.gpu.setting(gi_setting(instance, "mixed"))}


@action("nvmlGpuInstanceSetVgpuHeterogeneousMode", subjects=(Subject.GPU_INSTANCE,))
def gi_set_heterogeneous(_caller: Caller, instance: InstanceOf, wanted: Any) -> None:
    check(wanted.mode < 2)
    instance.gpu.keep(gi_setting(instance, "mixed"), wanted.mode)


@getter("nvmlDeviceGetVgpuProcessesUtilizationInfo", live=True)
def vgpu_processes(gpu: Gpu) -> "nv.VgpuProcessesUtilizationInfoV1":
    """What runs inside virtual machines is not modelled, so nothing does."""
    require_host(gpu)
    return {"vgpuProcUtilArray": []}


@getter("nvmlDeviceGetVgpuProcessUtilization", live=True)
def vgpu_process_samples(gpu: Gpu, _since_us: int) -> "list[nv.VgpuProcessUtilizationSample]":
    require_host(gpu)
    return []


@getter("nvmlDeviceGetPgpuMetadataString")
def metadata_string(gpu: Gpu) -> str:
    require_host(gpu)
    return f"{gpu.node.machine.driver.version};{gpu.board.identity.pci_device_id:04X}"


@getter("nvmlDeviceGetVgpuMetadata")
def metadata(gpu: Gpu) -> "tuple[nv.VgpuPgpuMetadata, int]":
    require_host(gpu)
    return {
        "version": 3,
        "revision": 1,
        "hostDriverVersion": gpu.node.machine.driver.version,
        "hostSupportedVgpuRange": {"minVersion": 1, "maxVersion": gpu.board.compute.architecture},
    }, 128


@getter("nvmlGetVgpuVersion", subject=Subject.SYSTEM)
def version(node: Node) -> "tuple[nv.VgpuVersion, nv.VgpuVersion]":
    check(types(node), Code.NOT_SUPPORTED)
    newest = node.board.compute.architecture
    current: nv.VgpuVersion = {
        "minVersion": node.system.get("vgpu_min", 1),
        "maxVersion": node.system.get("vgpu_max", newest),
    }
    return {"minVersion": 1, "maxVersion": newest}, current


@action("nvmlSetVgpuVersion", subjects=(Subject.SYSTEM,))
def set_version(_caller: Caller, node: Node, wanted: Any) -> None:
    check(1 <= wanted.minVersion <= wanted.maxVersion <= node.board.compute.architecture)
    node.system.update(vgpu_min=wanted.minVersion, vgpu_max=wanted.maxVersion)
    node.touched.add(0)


@getter("nvmlGetVgpuDriverCapabilities", subject=Subject.SYSTEM, over=(range(2),), fixed=True)
def driver_capability(node: Node, number: int) -> int:
    check(number < 2)
    return int(bool(types(node)) and node.board.compute.architecture >= 7)


@getter("nvmlDeviceGetGridLicensableFeatures", "nvmlDeviceGetGridLicensableFeatures_v2",
        "nvmlDeviceGetGridLicensableFeatures_v3", "nvmlDeviceGetGridLicensableFeatures_v4", fixed=True)  # fmt: skip
def licensable(gpu: Gpu) -> "nv.GridLicensableFeatures":
    """Boards that can be shared can be licensed for compute; nothing is licensed."""
    if not types(gpu.node):
        return {"isGridLicenseSupported": 0}
    row: nv.GridLicensableFeature = {
        "featureCode": 4,
        "productName": "NVIDIA Virtual Compute Server",
        "licenseInfo": "Unlicensed",
    }
    return {"isGridLicenseSupported": 1, "licensableFeaturesCount": 1, "gridLicensableFeatures": [row]}
