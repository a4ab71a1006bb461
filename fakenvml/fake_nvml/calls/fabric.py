"""NVLink and the fabric. Links of an HGX or DGX board all lead to switches; their cluster UUID is zero.

The link version is NVML's enumeration (NVLink 5.0 is 7), not the marketing generation.
"""

import uuid
from typing import Any

from fake_nvml.abi.codes import Code
from fake_nvml.calls.registry import check, getter
from fake_nvml.machines import NvLink
from fake_nvml.model import Gpu, Node

MAX_LINKS = 36
"""NVML_NVLINK_MAX_LINKS of API version 13."""


def links(node: Node) -> range:
    """The links of a GPU of this node."""
    return range(node.board.nvlink.links if node.board.nvlink else 0)


def _link(gpu: Gpu, link: int) -> NvLink:
    check(link < MAX_LINKS)
    facts = gpu.node.board.nvlink
    if facts is None or link >= facts.links:
        check(False, Code.NOT_SUPPORTED)
    assert facts is not None
    return facts


@getter("nvmlDeviceGetNvLinkState", over=(links,))
def link_state(gpu: Gpu, link: int) -> int:
    _link(gpu, link)
    return int(not gpu.state.mig)


@getter("nvmlDeviceGetNvLinkVersion", over=(links,), fixed=True)
def link_version(gpu: Gpu, link: int) -> int:
    return _link(gpu, link).version


@getter("nvmlDeviceGetNvLinkCapability", over=(links, range(6)), fixed=True)
def link_capability(gpu: Gpu, link: int, capability: int) -> int:
    """P2P, system memory, P2P atomics, system memory atomics, SLI bridge, valid."""
    _link(gpu, link)
    check(capability < 6)
    return (1, 1, 1, 1, 0, 1)[capability]


@getter("nvmlDeviceGetNvLinkRemoteDeviceType", over=(links,), fixed=True)
def link_remote_type(gpu: Gpu, link: int) -> int:
    _link(gpu, link)
    return 2  # NVML_NVLINK_DEVICE_TYPE_SWITCH


@getter("nvmlDeviceGetNvLinkRemotePciInfo", "nvmlDeviceGetNvLinkRemotePciInfo_v2", over=(links,), fixed=True)
def link_remote(gpu: Gpu, link: int) -> dict[str, Any]:
    """Switch chips sit on bus 5 and 6; links alternate between them."""
    _link(gpu, link)
    bus = 5 + link % 2
    address = {"domain": 0, "bus": bus, "device": 0, "pciDeviceId": 0x22A3 << 16 | 0x10DE}
    return {"busIdLegacy": f"0000:{bus:02X}:00.0", "busId": f"00000000:{bus:02X}:00.0", **address}


@getter("nvmlDeviceGetNvLinkErrorCounter", over=(links, range(5)), fixed=True)
def link_errors(gpu: Gpu, link: int, counter: int) -> int:
    _link(gpu, link)
    check(counter < 5)
    return 0


def _fabric(gpu: Gpu) -> dict[str, Any]:
    facts = gpu.node.machine.fabric
    state = facts.state if gpu.state.fabric_state < 0 else gpu.state.fabric_state
    return {
        "clusterUuid": uuid.UUID(facts.cluster_uuid).bytes,
        "status": 0,
        "cliqueId": facts.clique,
        "state": state,
    }


@getter("nvmlDeviceGetGpuFabricInfo")
def fabric_info(gpu: Gpu) -> dict[str, Any]:
    return _fabric(gpu)


@getter("nvmlDeviceGetGpuFabricInfoV")
def fabric_info_v(gpu: Gpu) -> dict[str, Any]:
    return {**_fabric(gpu), "healthMask": 0, "healthSummary": gpu.node.machine.fabric.health_summary}


@getter("nvmlDeviceGetPlatformInfo", fixed=True)
def platform(gpu: Gpu) -> dict[str, Any]:
    slot = gpu.node.machine.gpus[gpu.index]
    return {"hostId": 1, "peerType": 1, "moduleId": slot.module}
