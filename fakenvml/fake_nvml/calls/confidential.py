"""Confidential computing, and removing GPUs from the driver's care: features of the whole system.

Hopper and Blackwell can do confidential computing; it is off until ``fake-nvml ctl confidential on=1`` (on hardware a
choice at boot). Certificates and reports have the right shape and prove nothing.
"""

import hashlib
from typing import TYPE_CHECKING, Any

from fake_nvml.abi.codes import Code
from fake_nvml.calls.registry import Caller, Subject, action, check, getter
from fake_nvml.model import MIB, Gpu, Node, NvmlError

if TYPE_CHECKING:
    from fake_nvml.abi import structures_generated as nv


HOPPER = 9


def _capable(node: Node) -> bool:
    return node.board.compute.architecture >= HOPPER


def _on(node: Node) -> int:
    return node.system.get("confidential", 0)


@getter("nvmlSystemGetConfComputeState", subject=Subject.SYSTEM)
def state(node: Node) -> "nv.ConfComputeSystemState":
    """Environment 1 is a simulation, 2 production."""
    check(_capable(node), Code.NOT_SUPPORTED)
    return {"environment": 2 * _on(node), "ccFeature": _on(node), "devToolsMode": 0}


@getter("nvmlSystemGetConfComputeSettings", subject=Subject.SYSTEM)
def settings(node: Node) -> "nv.SystemConfComputeSettingsV1":
    known = state(node)
    return {
        "environment": known["environment"],
        "ccFeature": known["ccFeature"],
        "devToolsMode": known["devToolsMode"],
        "multiGpuMode": 0,
    }


@getter("nvmlSystemGetConfComputeCapabilities", subject=Subject.SYSTEM, fixed=True)
def capabilities(node: Node) -> "nv.ConfComputeSystemCaps":
    return {"cpuCaps": 0, "gpusCaps": int(_capable(node))}


@getter("nvmlSystemGetConfComputeGpusReadyState", subject=Subject.SYSTEM)
def ready(node: Node) -> int:
    check(_capable(node), Code.NOT_SUPPORTED)
    return node.system.get("accepting_work", 1)


@action("nvmlSystemSetConfComputeGpusReadyState", subjects=(Subject.SYSTEM,))
def set_ready(_caller: Caller, node: Node, accepting: int) -> None:
    check(_capable(node), Code.NOT_SUPPORTED)
    check(accepting < 2)
    node.system["accepting_work"] = accepting
    node.touched.add(0)


@getter("nvmlSystemGetConfComputeKeyRotationThresholdInfo", subject=Subject.SYSTEM)
def rotation(node: Node) -> "nv.ConfComputeGetKeyRotationThresholdInfoV1":
    check(_capable(node), Code.NOT_SUPPORTED)
    return {"attackerAdvantage": node.system.get("attacker_advantage", 1 << 60)}


@action("nvmlSystemSetConfComputeKeyRotationThresholdInfo", subjects=(Subject.SYSTEM,))
def set_rotation(_caller: Caller, node: Node, _padding: int, low: int, high: int) -> None:
    check(_capable(node), Code.NOT_SUPPORTED)
    wanted = low | high << 32
    check(wanted >= 1 << 50)
    node.system["attacker_advantage"] = wanted
    node.touched.add(0)


@getter("nvmlDeviceGetConfComputeMemSizeInfo")
def sizes(gpu: Gpu) -> "nv.ConfComputeMemSizeInfo":
    """Without confidential computing all memory is unprotected, but for what was set aside by hand."""
    check(_capable(gpu.node), Code.NOT_SUPPORTED)
    total = gpu.board.memory.total_mib * 1024
    unprotected = gpu.setting("unprotected_kib", total)
    return {"protectedMemSizeKib": total - unprotected, "unprotectedMemSizeKib": unprotected}


@action("nvmlDeviceSetConfComputeUnprotectedMemSize")
def set_sizes(_caller: Caller, gpu: Gpu, size_kib: int) -> None:
    check(_capable(gpu.node), Code.NOT_SUPPORTED)
    check(size_kib <= gpu.board.memory.total_mib * 1024)
    gpu.keep("unprotected_kib", size_kib)


@getter("nvmlDeviceGetConfComputeProtectedMemoryUsage")
def usage(gpu: Gpu) -> "nv.Memory":
    """Zeros where confidential computing is off or unknown to the board (captures, T4 to Rubin)."""
    if not _capable(gpu.node):
        return {"total": 0, "free": 0, "used": 0}
    total = sizes(gpu)["protectedMemSizeKib"] * 1024
    return {"total": total, "free": total, "used": 0}


def _protected(gpu: Gpu) -> bytes:
    check(_capable(gpu.node) and _on(gpu.node), Code.NOT_SUPPORTED)
    return gpu.node.machine.pdi(gpu.index).to_bytes(8, "big")


@getter("nvmlDeviceGetConfComputeGpuCertificate")
def certificate(gpu: Gpu) -> "nv.ConfComputeGpuCertificate":
    """Bytes that identify the chip, in place of a chain of certificates."""
    chain = b"fake-nvml certificate of " + _protected(gpu).hex().encode()
    return {
        "certChainSize": len(chain),
        "attestationCertChainSize": len(chain),
        "certChain": chain.ljust(4096, b"\0"),
        "attestationCertChain": chain.ljust(5120, b"\0"),
    }


@getter("nvmlDeviceGetConfComputeGpuAttestationReport", live=True)
def attestation(gpu: Gpu, wanted: Any) -> "nv.ConfComputeGpuAttestationReport":
    """A digest over the caller's nonce and the chip, in place of a signed report."""
    nonce = bytes(wanted.nonce)
    report = hashlib.sha256(nonce + _protected(gpu)).digest()
    return {
        "attestationReportSize": len(report),
        "nonce": nonce,
        "attestationReport": report.ljust(8192, b"\0"),
    }


@getter("nvmlDeviceGetMemoryLimits_v1", live=True)
def memory_limits(gpu: Gpu, wanted: Any) -> "nv.GetMemoryLimitsV1":
    """Of all processes together; the name space is the caller's and stays as it is."""
    check(gpu.board.compute.architecture >= HOPPER, Code.NOT_SUPPORTED)
    total = gpu.board.memory.total_mib * MIB
    used = sum(process.used_bytes for process in gpu.processes())
    return {
        "nameSpace": wanted.nameSpace,
        "softLimit": gpu.setting("soft_limit", total),
        "hardLimit": gpu.setting("hard_limit", total),
        "currentUsed": used,
    }


@action("nvmlDeviceSetMemoryLimits_v1")
def set_memory_limits(_caller: Caller, gpu: Gpu, wanted: Any) -> None:
    check(gpu.board.compute.architecture >= HOPPER, Code.NOT_SUPPORTED)
    check(0 < wanted.softLimit <= wanted.hardLimit <= gpu.board.memory.total_mib * MIB)
    gpu.keep("soft_limit", wanted.softLimit)
    gpu.keep("hard_limit", wanted.hardLimit)


def _at(node: Node, pci: Any) -> Gpu:
    """The GPU at a PCI address."""
    for gpu in node.gpus():
        slot = node.machine.gpus[gpu.index]
        if (slot.domain, slot.bus, 0) == (pci.domain, pci.bus, pci.device):
            return gpu
    raise NvmlError(Code.GPU_NOT_FOUND)


@action("nvmlDeviceQueryDrainState", privileged=False, subjects=(Subject.SYSTEM,))
def drained(_caller: Caller, node: Node, pci: Any) -> int:
    return int(_at(node, pci).state.drained)


@action("nvmlDeviceModifyDrainState", subjects=(Subject.SYSTEM,))
def drain(_caller: Caller, node: Node, pci: Any, wanted: int) -> None:
    check(wanted < 2)
    _at(node, pci).change(drained=bool(wanted))


@action("nvmlDeviceRemoveGpu", "nvmlDeviceRemoveGpu_v2", subjects=(Subject.SYSTEM,))
def remove(_caller: Caller, node: Node, pci: Any, *_states: int) -> None:
    """The driver lets go of a drained GPU; discovery brings it back."""
    gpu = _at(node, pci)
    check(gpu.state.drained and not gpu.processes(), Code.IN_USE)
    gpu.change(lost=True)


@action("nvmlDeviceDiscoverGpus", subjects=(Subject.SYSTEM,))
def discover(_caller: Caller, node: Node, pci: Any) -> None:
    gpu = _at(node, pci)
    if gpu.state.drained:
        gpu.change(lost=False, drained=False)
