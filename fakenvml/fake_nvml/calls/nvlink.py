"""NVLink: states, remote ends, capabilities, counters, errors, bandwidth modes. Links of these machines lead to switches.

The link version is NVML's enumeration (NVLink 5.0 is 7), not the marketing generation. A counter of errors lives in
``state.errors`` under "nvlink/LINK/KIND".
"""

import time
from typing import TYPE_CHECKING, Any

from fake_nvml.abi.codes import Code
from fake_nvml.calls.clocks import busy
from fake_nvml.calls.registry import Caller, action, check, getter
from fake_nvml.machines import NvLink
from fake_nvml.model import Gpu, Node, NvmlError

if TYPE_CHECKING:
    from fake_nvml.abi import structures_generated as nv


MAX_LINKS = 36
"""NVML_NVLINK_MAX_LINKS of API version 13."""
ERRORS = ("replay", "recovery", "crc_flit", "crc_data", "ecc_data")
"""NVML_NVLINK_ERROR_DL_* in their order."""
BANDWIDTH = (1.0, 0.0, 0.1, 0.5, 0.75)
"""Share of the full rate in NVML_NVLINK_BW_MODE_*: full, off, minimum, half, three quarters."""
HOPPER = 9


def links(node: Node) -> range:
    """The links of a GPU of this node."""
    return range(node.board.nvlink.links if node.board.nvlink else 0)


def nvlink(gpu: Gpu, link: int = 0) -> NvLink:
    """The board's NVLink facts.

    Raises:
        NvmlError: INVALID_ARGUMENT, no board has that many links; NOT_SUPPORTED, this one has not.
    """
    check(link < MAX_LINKS)
    facts = gpu.board.nvlink
    if facts is None or link >= facts.links:
        raise NvmlError(Code.NOT_SUPPORTED)
    return facts


def active(gpu: Gpu, link: int) -> bool:
    """Whether the link is up; in MIG mode links are off."""
    return not gpu.state.mig and link not in gpu.state.links_down


def errors(gpu: Gpu, link: int, kind: str) -> int:
    """One counter of one link."""
    return gpu.state.errors.get(f"nvlink/{link}/{kind}", 0)


def traffic_kib(gpu: Gpu, link: int, at_s: float | None = None) -> int:
    """KiB sent (and as many received) since the driver was loaded: a busy GPU uses a tenth of each link."""
    rate = nvlink(gpu, link).link_speed_mb_s * 1000 // 1024
    since_s = (time.time() if at_s is None else at_s) - gpu.node.started_s
    return int(since_s * rate * busy(gpu) // 1000) if active(gpu, link) else 0


def bandwidth_mode(gpu: Gpu) -> int:
    """The GPU's own mode, else the system's."""
    return gpu.setting("nvlink_bw_mode", gpu.node.system.get("nvlink_bw_mode", 0))


def speed_mb_s(gpu: Gpu, link: int) -> int:
    """What the link runs at now."""
    return int(nvlink(gpu, link).link_speed_mb_s * BANDWIDTH[bandwidth_mode(gpu)]) if active(gpu, link) else 0


@getter("nvmlDeviceGetNvLinkState", over=(links,))
def link_state(gpu: Gpu, link: int) -> int:
    nvlink(gpu, link)
    return int(active(gpu, link))


@getter("nvmlDeviceGetNvLinkVersion", over=(links,), fixed=True)
def link_version(gpu: Gpu, link: int) -> int:
    return nvlink(gpu, link).version


@getter("nvmlDeviceGetNvLinkCapability", over=(links, range(6)), fixed=True)
def link_capability(gpu: Gpu, link: int, capability: int) -> int:
    """P2P, system memory, P2P atomics, system memory atomics, SLI bridge, valid."""
    nvlink(gpu, link)
    check(capability < 6)
    return (1, 1, 1, 1, 0, 1)[capability]


@getter("nvmlDeviceGetNvLinkRemoteDeviceType", over=(links,), fixed=True)
def link_remote_type(gpu: Gpu, link: int) -> int:
    """0 another GPU, 2 a switch."""
    nvlink(gpu, link)
    return 2 if gpu.node.machine.switches else 0


@getter("nvmlDeviceGetNvLinkRemotePciInfo", "nvmlDeviceGetNvLinkRemotePciInfo_v2", over=(links,), fixed=True)
def link_remote(gpu: Gpu, link: int) -> "nv.PciInfo":
    """Switch chips sit on buses from 5 on; links go round them in turn."""
    nvlink(gpu, link)
    switches = gpu.node.machine.switches
    if switches is None:
        raise NvmlError(Code.NOT_SUPPORTED)
    bus = 5 + link % switches.count
    return {
        "busIdLegacy": f"0000:{bus:02X}:00.0",
        "busId": f"00000000:{bus:02X}:00.0",
        "domain": 0,
        "bus": bus,
        "device": 0,
        "pciDeviceId": switches.pci_device_id << 16 | 0x10DE,
    }


@getter("nvmlDeviceGetNvLinkErrorCounter", over=(links, range(5)))
def link_errors(gpu: Gpu, link: int, counter: int) -> int:
    nvlink(gpu, link)
    check(counter < len(ERRORS))
    return errors(gpu, link, ERRORS[counter])


@action("nvmlDeviceResetNvLinkErrorCounters")
def reset_link_errors(_caller: Caller, gpu: Gpu, link: int) -> None:
    nvlink(gpu, link)
    kept = {name: n for name, n in gpu.state.errors.items() if not name.startswith(f"nvlink/{link}/")}
    gpu.change(errors=kept)


@getter("nvmlDeviceGetNvLinkUtilizationControl", over=(links, range(2)))
def utilization_control(gpu: Gpu, link: int, counter: int) -> "nv.NvLinkUtilizationControl":
    """Units: 0 cycles, 1 packets, 2 bytes; the filter is a mask of packet types."""
    nvlink(gpu, link)
    check(counter < 2)
    return {
        "units": gpu.setting(f"nvlink_units/{link}/{counter}", 2),
        "pktfilter": gpu.setting(f"nvlink_filter/{link}/{counter}", 0xFF),
    }


@action("nvmlDeviceSetNvLinkUtilizationControl")
def set_utilization_control(
    _caller: Caller, gpu: Gpu, link: int, counter: int, control: Any, reset: int
) -> None:
    nvlink(gpu, link)
    check(counter < 2 and control.units < 3 and reset < 2)
    gpu.keep(f"nvlink_units/{link}/{counter}", control.units)
    gpu.keep(f"nvlink_filter/{link}/{counter}", control.pktfilter)
    if reset:
        gpu.keep(f"nvlink_zero/{link}/{counter}", traffic_kib(gpu, link))


@getter("nvmlDeviceGetNvLinkUtilizationCounter", live=True)
def utilization_counter(gpu: Gpu, link: int, counter: int) -> tuple[int, int]:
    """KiB received and sent since the counter was reset; a frozen one does not change."""
    nvlink(gpu, link)
    check(counter < 2)
    frozen = gpu.setting(f"nvlink_frozen/{link}/{counter}", -1)
    count = (traffic_kib(gpu, link) if frozen < 0 else frozen) - gpu.setting(f"nvlink_zero/{link}/{counter}")
    return count, count


@action("nvmlDeviceResetNvLinkUtilizationCounter")
def reset_utilization(_caller: Caller, gpu: Gpu, link: int, counter: int) -> None:
    nvlink(gpu, link)
    check(counter < 2)
    gpu.keep(f"nvlink_zero/{link}/{counter}", traffic_kib(gpu, link))


@action("nvmlDeviceFreezeNvLinkUtilizationCounter")
def freeze_utilization(_caller: Caller, gpu: Gpu, link: int, counter: int, freeze: int) -> None:
    nvlink(gpu, link)
    check(counter < 2 and freeze < 2)
    gpu.keep(f"nvlink_frozen/{link}/{counter}", traffic_kib(gpu, link) if freeze else -1)


@getter("nvmlDeviceGetNvLinkInfo", fixed=True)
def link_info(gpu: Gpu) -> "nv.NvLinkInfoV2":
    """NVLE, encryption of links, is off; version 2 reports the firmware of the link controllers too."""
    nvlink(gpu)
    rows: list[nv.NvlinkFirmwareVersion] = [
        {"ucodeType": 1, "major": 1, "minor": gpu.board.compute.architecture, "subMinor": 0}
    ]
    return {"isNvleEnabled": 0, "firmwareInfo": {"numValidEntries": 1, "firmwareVersion": rows}}


@action("nvmlDeviceSetNvLinkDeviceLowPowerThreshold")
def set_low_power(_caller: Caller, gpu: Gpu, wanted: Any) -> None:
    """In steps of 100 microseconds, at most 8191; all ones is the default again."""
    nvlink(gpu)
    check(gpu.board.compute.architecture >= HOPPER, Code.NOT_SUPPORTED)
    check(1 <= wanted.lowPwrThreshold <= 8191 or wanted.lowPwrThreshold == 0xFFFFFFFF)
    gpu.keep("nvlink_low_power", 1000 if wanted.lowPwrThreshold == 0xFFFFFFFF else wanted.lowPwrThreshold)


def _modes(gpu: Gpu) -> None:
    nvlink(gpu)
    check(gpu.board.compute.architecture >= HOPPER, Code.NOT_SUPPORTED)


@getter("nvmlDeviceGetNvlinkSupportedBwModes", fixed=True)
def supported_modes(gpu: Gpu) -> "nv.NvlinkSupportedBwModesV1":
    _modes(gpu)
    return {"bwModes": list(range(len(BANDWIDTH))), "totalBwModes": len(BANDWIDTH)}


@getter("nvmlDeviceGetNvlinkBwMode")
def get_mode(gpu: Gpu) -> "nv.NvlinkGetBwModeV1":
    _modes(gpu)
    return {"bIsBest": int(bandwidth_mode(gpu) == 0), "bwMode": bandwidth_mode(gpu)}


@action("nvmlDeviceSetNvlinkBwMode")
def set_mode(_caller: Caller, gpu: Gpu, best: int, mode: int) -> None:
    _modes(gpu)
    check(best < 2 and (mode & 0xFF) < len(BANDWIDTH))
    gpu.keep("nvlink_bw_mode", 0 if best else mode & 0xFF)


@action("nvmlDeviceSetNvlinkBwModeAsync_v1")
def set_mode_async(caller: Caller, gpu: Gpu, wanted: Any) -> None:
    """Done before the call returns, which is within any time-out."""
    set_mode(caller, gpu, wanted.bSetBest, wanted.bwMode)
