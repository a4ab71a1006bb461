"""Modes that a setter leaves and every process then sees: persistence, compute, ECC, accounting and their kin.

Most of the header's setters are pairs: what one function sets, another answers. ``LASTING`` lists them; what needs a
rule of its own follows. What a reboot leaves of them is in ``fake_nvml.state``.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fake_nvml.abi.codes import Code
from fake_nvml.calls.registry import Caller, Subject, action, check, getter
from fake_nvml.model import Gpu, MigDevice, Node

if TYPE_CHECKING:
    from fake_nvml.abi import structures_generated as nv


AMPERE, HOPPER, BLACKWELL = 7, 9, 10
"""NVML_DEVICE_ARCH_*."""


def always(_gpu: Gpu) -> bool:
    """Every board has it."""
    return True


def since(architecture: int) -> Callable[[Gpu], bool]:
    """Boards of this architecture and later have it."""
    return lambda gpu: gpu.board.compute.architecture >= architecture


@dataclass(frozen=True, slots=True, kw_only=True)
class Lasting:
    """A setting: ``allowed`` are the values that the setter takes, ``on`` the boards that have it."""

    name: str
    get: str
    set: str
    allowed: range
    default: int = 0
    on: Callable[[Gpu], bool] = always


LASTING = [
    Lasting(name="virtualization", get="GetVirtualizationMode", set="SetVirtualizationMode", allowed=range(5)),
    Lasting(name="gpc_offset", get="GetGpcClkVfOffset", set="SetGpcClkVfOffset", allowed=range(-300, 301), on=since(8)),
    Lasting(name="mem_offset", get="GetMemClkVfOffset", set="SetMemClkVfOffset", allowed=range(-500, 3001), on=since(8)),
    Lasting(name="gpm_streaming", get="GpmQueryIfStreamingEnabled", set="GpmSetStreamingEnabled", allowed=range(2), on=since(HOPPER)),
]  # fmt: skip


def symbol(name: str) -> str:
    """The full name of a device function."""
    return f"nvml{name}" if name.startswith("Gpm") else f"nvmlDevice{name}"


def declare(lasting: Lasting) -> None:
    """Register the getter and the setter of one row."""

    def get(gpu: Gpu) -> int:
        check(lasting.on(gpu), Code.NOT_SUPPORTED)
        return gpu.setting(lasting.name, lasting.default)

    def change(_caller: Caller, gpu: Gpu, value: int) -> None:
        check(lasting.on(gpu), Code.NOT_SUPPORTED)
        (signed,) = struct.unpack("<i", struct.pack("<I", value & 0xFFFFFFFF))
        check(signed in lasting.allowed)
        gpu.keep(lasting.name, signed)

    getter(symbol(lasting.get))(get)
    action(symbol(lasting.set))(change)


for row in LASTING:
    declare(row)


@getter("nvmlDeviceGetPersistenceMode")
def persistence(gpu: Gpu) -> int:
    return gpu.state.persistence


@action("nvmlDeviceSetPersistenceMode")
def set_persistence(_caller: Caller, gpu: Gpu, mode: int) -> None:
    check(mode < 2)
    gpu.change(persistence=mode)


@getter("nvmlDeviceGetComputeMode")
def compute_mode(gpu: Gpu) -> int:
    return gpu.state.compute_mode


@action("nvmlDeviceSetComputeMode")
def set_compute_mode(_caller: Caller, gpu: Gpu, mode: int) -> None:
    check(mode < 4)
    check(mode != 1, Code.NOT_SUPPORTED)  # EXCLUSIVE_THREAD went with CUDA 8
    check(mode == 0 or not gpu.state.mig, Code.NOT_SUPPORTED)
    gpu.change(compute_mode=mode)


@getter("nvmlDeviceGetEccMode")
def ecc_mode(gpu: Gpu) -> tuple[int, int]:
    return int(gpu.state.ecc), int(gpu.state.ecc_pending)


@getter("nvmlDeviceGetDefaultEccMode", fixed=True)
def default_ecc_mode(gpu: Gpu) -> int:
    return int(not gpu.board.thermal.fans)  # boards for workstations leave the factory with ECC off


@action("nvmlDeviceSetEccMode")
def set_ecc_mode(_caller: Caller, gpu: Gpu, mode: int) -> None:
    check(mode < 2)
    gpu.change(ecc_pending=bool(mode))


@getter("nvmlDeviceGetAccountingMode")
def accounting(gpu: Gpu) -> int:
    return gpu.state.accounting


@action("nvmlDeviceSetAccountingMode")
def set_accounting(_caller: Caller, gpu: Gpu, mode: int) -> None:
    check(mode < 2)
    gpu.change(accounting=mode)


@getter("nvmlDeviceGetAPIRestriction", over=(range(2),))
def restriction(gpu: Gpu, api: int) -> int:
    """0 application clocks, 1 auto boost, which boards since Pascal do not have."""
    check(api < 2)
    check(api == 0, Code.NOT_SUPPORTED)
    return gpu.setting("restrict_clocks")


@action("nvmlDeviceSetAPIRestriction")
def set_restriction(_caller: Caller, gpu: Gpu, api: int, restricted: int) -> None:
    check(api < 2 and restricted < 2)
    check(api == 0, Code.NOT_SUPPORTED)
    gpu.keep("restrict_clocks", restricted)


def _encrypts_dram(gpu: Gpu) -> bool:
    """Blackwell on PCIe cards (assumed); B200, GB200, GB300 and Rubin answer NOT_SUPPORTED (captures)."""
    return gpu.board.compute.architecture >= BLACKWELL and gpu.board.nvlink is None


@getter("nvmlDeviceGetDramEncryptionMode")
def dram_encryption(gpu: Gpu) -> "tuple[nv.DramEncryptionInfoV1, nv.DramEncryptionInfoV1]":
    check(_encrypts_dram(gpu), Code.NOT_SUPPORTED)
    current: nv.DramEncryptionInfoV1 = {"encryptionState": gpu.setting("dram_encryption_now")}
    return current, {"encryptionState": gpu.setting("dram_encryption")}


@action("nvmlDeviceSetDramEncryptionMode")
def set_dram_encryption(_caller: Caller, gpu: Gpu, state: int) -> None:
    """Holds after the next reset, as ECC does."""
    check(_encrypts_dram(gpu), Code.NOT_SUPPORTED)
    check(state < 2)
    gpu.keep("dram_encryption", state)


@getter("nvmlDeviceGetPowerMizerMode_v1")
def power_mizer(gpu: Gpu) -> "nv.DevicePowerMizerModesV1":
    check(gpu.board.thermal.fans, Code.NOT_SUPPORTED)  # boards for workstations only
    return {"currentMode": gpu.setting("power_mizer"), "supportedPowerMizerModes": 0b1111}


@action("nvmlDeviceSetPowerMizerMode_v1")
def set_power_mizer(_caller: Caller, gpu: Gpu, wanted: Any) -> None:
    check(gpu.board.thermal.fans, Code.NOT_SUPPORTED)
    check(wanted.mode < 4)
    gpu.keep("power_mizer", wanted.mode)


@getter("nvmlDeviceGetHostname_v1")
def hostname(gpu: Gpu) -> "nv.HostnameV1":
    check(gpu.board.compute.architecture >= BLACKWELL, Code.NOT_SUPPORTED)
    return {"value": str(gpu.state.settings.get("hostname", ""))}


@action("nvmlDeviceSetHostname_v1")
def set_hostname(_caller: Caller, gpu: Gpu, wanted: Any) -> None:
    check(gpu.board.compute.architecture >= BLACKWELL, Code.NOT_SUPPORTED)
    gpu.keep("hostname", wanted.value.decode(errors="replace"))


@action("nvmlDeviceSetRusdSettings_v1")
def set_rusd(_caller: Caller, gpu: Gpu, _padding: int, low: int, high: int) -> None:
    """Which figures the driver polls into its shared page; read back as fields only."""
    gpu.keep("rusd_mask", low | high << 32)


@getter("nvmlSystemGetNvlinkBwMode", subject=Subject.SYSTEM)
def system_bandwidth_mode(node: Node) -> int:
    check(node.board.nvlink and node.board.compute.architecture >= HOPPER, Code.NOT_SUPPORTED)
    return node.system.get("nvlink_bw_mode", 0)


@action("nvmlSystemSetNvlinkBwMode", subjects=(Subject.SYSTEM,))
def set_system_bandwidth_mode(_caller: Caller, node: Node, mode: int) -> None:
    """0 full, 1 off, 2 minimum, 3 half, 4 three quarters."""
    check(node.board.nvlink and node.board.compute.architecture >= HOPPER, Code.NOT_SUPPORTED)
    check(mode < 5)
    node.system["nvlink_bw_mode"] = mode
    node.touched.add(0)


@getter("nvmlDeviceGetDisplayActive", fixed=True)
def display_active(gpu: Gpu) -> int:
    """Boards with fans sit in a workstation and drive a screen."""
    return int(bool(gpu.board.thermal.fans))


@getter("nvmlDeviceGetDisplayMode", fixed=True)
def display_mode(gpu: Gpu) -> int:
    """Deprecated since driver 580 (captures of 580.105.08)."""
    check(gpu.node.driver_branch < 580, Code.DEPRECATED)
    return int(display_active(gpu))


@getter("nvmlDeviceGetPersistenceMode", subject=Subject.MIG_DEVICE)
def mig_persistence(device: MigDevice) -> int:
    return device.gpu.state.persistence


@action("nvmlDeviceSetCpuAffinity", "nvmlDeviceClearCpuAffinity", privileged=False)
def cpu_affinity(_caller: Caller, _gpu: Gpu) -> None:
    """Would bind the calling thread to the GPU's CPUs: of the host's shape, which this computer need not have."""
