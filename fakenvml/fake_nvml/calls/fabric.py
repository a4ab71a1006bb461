"""The NVLink fabric and the rack: registration state, cluster, cliques, health, and where the GPU sits.

On an HGX or DGX board the cluster UUID is zero: the GPU is in no multi-node domain. In a rack it is the same on every
tray. Registration goes NOT_STARTED, IN_PROGRESS, COMPLETED; ``fake-nvml ctl fabric`` moves it.
"""

import uuid
from typing import TYPE_CHECKING, TypedDict

from fake_nvml.abi.codes import Code
from fake_nvml.calls.registry import check, getter
from fake_nvml.model import Gpu

if TYPE_CHECKING:
    from fake_nvml.abi import structures_generated as nv


COMPLETED = 3


def state(gpu: Gpu) -> int:
    """NVML_GPU_FABRIC_STATE_* as it is now."""
    changed = gpu.state.fabric.state
    return gpu.node.machine.fabric.state if changed < 0 else changed


def clique(gpu: Gpu) -> int:
    """The NVLink partition that the GPU is in."""
    changed = gpu.state.fabric.clique
    return gpu.node.machine.fabric.clique if changed < 0 else changed


def _fabric(gpu: Gpu) -> "nv.GpuFabricInfoV3":
    """Cluster and clique mean something once registration is complete."""
    facts, now = gpu.node.machine.fabric, state(gpu)
    done = now == COMPLETED
    return {
        "clusterUuid": uuid.UUID(facts.cluster_uuid).bytes if done else bytes(16),
        "status": gpu.state.fabric.status,
        "cliqueId": clique(gpu) if done else 0,
        "state": now,
    }


def _health(gpu: Gpu) -> "nv.GpuFabricInfoV3":
    """What was set on the GPU, else what the machine has."""
    changed, facts = gpu.state.fabric, gpu.node.machine.fabric
    summary = facts.health_summary if changed.health_summary < 0 else changed.health_summary
    mask = facts.health_mask if changed.health_mask < 0 else changed.health_mask
    return {"healthMask": mask, "healthSummary": summary}


@getter("nvmlDeviceGetGpuFabricInfo")
def fabric_info(gpu: Gpu) -> "nv.GpuFabricInfoV3":
    return _fabric(gpu)


@getter("nvmlDeviceGetGpuFabricInfoV")
def fabric_info_v(gpu: Gpu) -> "nv.GpuFabricInfoV3":
    return {**_fabric(gpu), **_health(gpu)}


@getter("nvmlDeviceGetGpuFabricInfo_v4")
def fabric_info_v4(gpu: Gpu) -> "nv.GpuFabricInfoV4":
    """Up to 64 cliques; type 1 is the partition, type 2 any further one."""
    known, health = _fabric(gpu), _health(gpu)
    cliques: list[nv.FabricClique] = [{"type": 1, "id": known["cliqueId"]}]
    cliques += [{"type": 2, "id": number} for number in gpu.state.fabric.cliques[:63]]
    return {
        "clusterUuid": known["clusterUuid"],
        "status": known["status"],
        "state": known["state"],
        "healthMask": health["healthMask"],
        "healthSummary": health["healthSummary"],
        "cliques": cliques,
        "numCliques": len(cliques),
    }


def _guid(gpu: Gpu) -> bytes:
    """Each GPU's number in the fabric: even ones on HGX boards (capture of B200), consecutive ones in a rack.

    In a rack 4 x tray + index + 1 is inferred: captures have 5 and 6 on tray 1 of Vera Rubin, and 1 to 4 on trays 4 and 15 of GB200
    and GB300, whose publisher has scrubbed identifiers.
    """
    machine = gpu.node.machine
    number = 2 * (gpu.index + 1) if machine.rack is None else len(machine.gpus) * machine.node + gpu.index + 1
    return number.to_bytes(8, "big").ljust(16, b"\0")


class Platform(TypedDict, total=False):
    """nvmlPlatformInfo_v1_t and _v2_t: the same bytes under two sets of names."""

    ibGuid: bytes
    rackGuid: bytes
    chassisSerialNumber: bytes
    chassisPhysicalSlotNumber: int
    slotNumber: int
    computeSlotIndex: int
    trayIndex: int
    nodeIndex: int
    hostId: int
    peerType: int
    moduleId: int


@getter("nvmlDeviceGetPlatformInfo", fixed=True)
def platform(gpu: Gpu) -> Platform:
    """Where the module sits: v1 and v2 share the bytes, under other names."""
    check(gpu.board.compute.architecture >= 10 and gpu.board.nvlink, Code.NOT_SUPPORTED)
    machine = gpu.node.machine
    slot = machine.gpus[gpu.index]
    facts: Platform = {"peerType": 1, "moduleId": slot.module, "ibGuid": _guid(gpu)}
    if machine.rack is None:
        return {**facts, "hostId": 1, "nodeIndex": 1}
    serial, place = machine.rack.chassis_serial.encode(), machine.rack.first_slot + machine.node
    return {
        **facts,
        "rackGuid": serial.ljust(16, b"\0"),
        "chassisSerialNumber": serial.ljust(16, b"\0"),
        "chassisPhysicalSlotNumber": place,
        "slotNumber": place,
        "computeSlotIndex": machine.node,
        "trayIndex": machine.node,
        "nodeIndex": 1,
        "hostId": 1,
    }
