"""The NVLink fabric and the rack: registration state, cluster, cliques, health, and where the GPU sits.

On an HGX or DGX board the cluster UUID is zero: the GPU is in no multi-node domain. In a rack it is the same on every
tray. Registration goes NOT_STARTED, IN_PROGRESS, COMPLETED; ``fake-nvml ctl fabric`` moves it.
"""

import uuid
from typing import Any

from fake_nvml.abi.codes import Code
from fake_nvml.calls.registry import check, getter
from fake_nvml.model import Gpu

COMPLETED = 3


def state(gpu: Gpu) -> int:
    """NVML_GPU_FABRIC_STATE_* as it is now."""
    changed = gpu.state.fabric.state
    return gpu.node.machine.fabric.state if changed < 0 else changed


def clique(gpu: Gpu) -> int:
    """The NVLink partition that the GPU is in."""
    changed = gpu.state.fabric.clique
    return gpu.node.machine.fabric.clique if changed < 0 else changed


def _fabric(gpu: Gpu) -> dict[str, Any]:
    """Cluster and clique mean something once registration is complete."""
    facts, now = gpu.node.machine.fabric, state(gpu)
    done = now == COMPLETED
    return {
        "clusterUuid": uuid.UUID(facts.cluster_uuid).bytes if done else bytes(16),
        "status": gpu.state.fabric.status,
        "cliqueId": clique(gpu) if done else 0,
        "state": now,
    }


def _health(gpu: Gpu) -> dict[str, int]:
    """What was set on the GPU, else what the machine has."""
    changed, facts = gpu.state.fabric, gpu.node.machine.fabric
    summary = facts.health_summary if changed.health_summary < 0 else changed.health_summary
    mask = facts.health_mask if changed.health_mask < 0 else changed.health_mask
    return {"healthMask": mask, "healthSummary": summary}


@getter("nvmlDeviceGetGpuFabricInfo")
def fabric_info(gpu: Gpu) -> dict[str, Any]:
    return _fabric(gpu)


@getter("nvmlDeviceGetGpuFabricInfoV")
def fabric_info_v(gpu: Gpu) -> dict[str, Any]:
    return {**_fabric(gpu), **_health(gpu)}


@getter("nvmlDeviceGetGpuFabricInfo_v4")
def fabric_info_v4(gpu: Gpu) -> dict[str, Any]:
    """Up to 64 cliques; type 1 is the partition, type 2 any further one."""
    known = {**_fabric(gpu), **_health(gpu)}
    cliques = [{"type": 1, "id": known.pop("cliqueId")}]
    cliques += [{"type": 2, "id": number} for number in gpu.state.fabric.cliques[:63]]
    return {**known, "cliques": cliques, "numCliques": len(cliques)}


@getter("nvmlDeviceGetPlatformInfo", fixed=True)
def platform(gpu: Gpu) -> dict[str, Any]:
    """Where the module sits: v1 and v2 share the bytes, under other names."""
    check(gpu.board.compute.architecture >= 10 and gpu.board.nvlink, Code.NOT_SUPPORTED)
    machine = gpu.node.machine
    slot = machine.gpus[gpu.index]
    facts: dict[str, Any] = {"peerType": 1, "moduleId": slot.module}
    if machine.rack is None:
        return {**facts, "hostId": 1, "nodeIndex": 1}
    serial, place = machine.rack.chassis_serial.encode(), machine.rack.first_slot + machine.node
    guid = uuid.uuid5(uuid.NAMESPACE_OID, f"{machine.seed}/ib").bytes
    return {
        **facts,
        "ibGuid": guid,
        "rackGuid": serial.ljust(16, b"\0"),
        "chassisSerialNumber": serial.ljust(16, b"\0"),
        "chassisPhysicalSlotNumber": place,
        "slotNumber": place,
        "computeSlotIndex": machine.node,
        "trayIndex": machine.node,
        "nodeIndex": 1,
        "hostId": 1,
    }
