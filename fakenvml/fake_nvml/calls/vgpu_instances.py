"""The virtual GPUs that virtual machines have: what NVML says about an instance, and its setters.

Nothing runs inside a virtual machine here: sessions are empty and counters are zero.
"""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from fake_nvml.abi.codes import Code
from fake_nvml.calls.registry import Caller, Subject, action, check, getter
from fake_nvml.calls.vgpu_types import VgpuType, type_of
from fake_nvml.machines import NAMESPACE
from fake_nvml.model import MIB, Gpu, Node, NvmlError
from fake_nvml.state import Vgpu

if TYPE_CHECKING:
    from fake_nvml.abi import structures_generated as nv


@dataclass(frozen=True, slots=True)
class VgpuOf:
    """A virtual GPU with the GPU that it is on."""

    gpu: Gpu
    vgpu: Vgpu


def vgpus(node: Node) -> Iterator[VgpuOf]:
    """All virtual GPUs of the node."""
    return (VgpuOf(gpu, vgpu) for gpu in node.gpus() for vgpu in gpu.state.vgpus)


def vgpu_by_id(node: Node, number: int) -> VgpuOf:
    """A virtual GPU.

    Raises:
        NvmlError: NOT_FOUND.
    """
    for found in vgpus(node):
        if found.vgpu.id == number:
            return found
    raise NvmlError(Code.NOT_FOUND)


def of_instance(name: str) -> Any:
    """A getter about an instance; with no instance there is nothing to publish, so these are asked."""

    def declare(answer: Any) -> Any:
        def one(node: Node, number: int, *rest: int) -> Any:
            return answer(vgpu_by_id(node, number), *rest)

        getter(f"nvmlVgpuInstance{name}", subject=Subject.SYSTEM, live=True)(one)
        return answer

    return declare


def _of(found: VgpuOf) -> VgpuType:
    return type_of(found.gpu.node, found.vgpu.type)


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


def _metadata(found: VgpuOf) -> "tuple[nv.VgpuMetadata, int]":
    driver = found.gpu.node.machine.driver.version
    return {
        "version": 3,
        "revision": 1,
        "guestInfoState": 1,
        "guestDriverVersion": driver,
        "hostDriverVersion": driver,
    }, 212


of_instance("GetMetadata")(_metadata)


@action("nvmlVgpuInstanceSetEncoderCapacity", subjects=(Subject.SYSTEM,))
def set_encoder_capacity(_caller: Caller, node: Node, number: int, percent: int) -> None:
    found = vgpu_by_id(node, number)
    check(percent <= 100)
    changed = msgspec.structs.replace(found.vgpu, encoder_capacity=percent)
    found.gpu.change(vgpus=tuple(changed if v.id == number else v for v in found.gpu.state.vgpus))


@action("nvmlVgpuInstanceClearAccountingPids", subjects=(Subject.SYSTEM,))
def clear_accounting(_caller: Caller, node: Node, number: int) -> None:
    found = vgpu_by_id(node, number)
    check(found.gpu.state.accounting, Code.NOT_SUPPORTED)
