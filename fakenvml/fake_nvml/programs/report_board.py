"""What ``nvidia-smi -q`` prints about a board: its names, numbers, modes and place (layout of driver 580, from captures)."""

import functools
import os
import time
from pathlib import Path
from typing import Any

import pynvml

from fake_nvml import control
from fake_nvml.errors import FakeNvmlError
from fake_nvml.programs.report_tree import (
    NA,
    Item,
    answered,
    ask,
    field,
    filled,
    mib,
    pair,
    shown,
    switch,
    whole_mib,
)

ARCHITECTURES = {6: "Turing", 7: "Ampere", 8: "Ada Lovelace", 9: "Hopper", 10: "Blackwell", 13: "Rubin"}
BRANDS = {13: "NVIDIA RTX", 14: "NVIDIA"}
ADDRESSING = {0: "None", 1: "HMM", 2: "ATS"}
VIRTUALIZATION = ("None", "Pass-Through", "VGPU", "Host VGPU", "Host VSGA")
RECOVERY = ("None", "GPU Reset", "Node Reboot", "Drain P2P", "Drain and Reset", "GPU Recovered")
PEERS = {0: "Direct Connected", 1: "Switch Connected"}
ATOMICS = ("FETCHADD_32", "FETCHADD_64", "SWAP_32", "SWAP_64", "CAS_32", "CAS_64", "CAS_128")
"""Names of the bits of the atomics masks, lowest first (nvml.h NVML_PCIE_ATOMICS_CAP_*)."""


def board(gpu: Any) -> list[Item]:
    """Everything up to the PCI rows."""
    return [*_names(gpu), *_modes(gpu), *_numbers(gpu), *_versions(gpu), *_virtualization(gpu), pci(gpu)]


def _names(gpu: Any) -> list[Item]:
    return [
        Item("Product Name", "product_name", shown(pynvml.nvmlDeviceGetName(gpu))),
        Item("Product Brand", "product_brand", BRANDS.get(pynvml.nvmlDeviceGetBrand(gpu), NA)),
        Item("Product Architecture", "product_architecture", ARCHITECTURES.get(pynvml.nvmlDeviceGetArchitecture(gpu), NA)),
    ]  # fmt: skip


def _modes(gpu: Any) -> list[Item]:
    mig_now, mig_next = pair(ask(pynvml.nvmlDeviceGetMigMode, gpu))
    return [
        Item("Display Mode", "display_mode", answered(switch, pynvml.nvmlDeviceGetDisplayMode, gpu)),
        Item("Display Attached", "display_attached", "Yes" if ask(pynvml.nvmlDeviceGetDisplayMode, gpu) else "No"),
        Item("Display Active", "display_active", switch(ask(pynvml.nvmlDeviceGetDisplayActive, gpu))),
        Item("Persistence Mode", "persistence_mode", switch(ask(pynvml.nvmlDeviceGetPersistenceMode, gpu))),
        Item("Addressing Mode", "addressing_mode", shown(addressing_mode(gpu))),
        Item("MIG Mode", "mig_mode", (Item("Current", "current_mig", mig_now), Item("Pending", "pending_mig", mig_next))),
        mig_devices(gpu),
        Item("Accounting Mode", "accounting_mode", switch(ask(pynvml.nvmlDeviceGetAccountingMode, gpu))),
        Item("Accounting Mode Buffer Size", "accounting_mode_buffer_size", shown(ask(pynvml.nvmlDeviceGetAccountingBufferSize, gpu))),
        Item("Driver Model", "driver_model", (Item("Current", "current_dm", NA), Item("Pending", "pending_dm", NA))),  # of Windows only
    ]  # fmt: skip


def addressing_mode(gpu: Any) -> str | None:
    """HMM, ATS or None in words; None where NVML does not say."""
    answer = ask(pynvml.nvmlDeviceGetAddressingMode, gpu)
    return ADDRESSING.get(getattr(answer, "value", answer))


@functools.cache
def _gpu_part_number() -> str:
    """NVML has no function for it: the real program reads it past NVML, this one asks the node. The same on all GPUs."""
    folder = Path(os.environ.get("FAKE_NVML_DIR", "/run/fake-nvml"))
    try:
        number = control.send(folder, "machine")["board"]["identity"]["gpu_part_number"]
    except FakeNvmlError:  # in a container without the node's socket
        return NA
    return shown(number)


def _numbers(gpu: Any) -> list[Item]:
    number, pdi = ask(pynvml.nvmlDeviceGetBoardId, gpu), ask(pynvml.nvmlDeviceGetPdi, gpu)
    pdi = getattr(pdi, "value", pdi)
    info = filled(pynvml.c_nvmlPlatformInfo_v2_t(), pynvml.nvmlDeviceGetPlatformInfo, gpu)
    return [
        Item("Serial Number", "serial", shown(ask(pynvml.nvmlDeviceGetSerial, gpu))),
        Item("GPU UUID", "uuid", shown(pynvml.nvmlDeviceGetUUID(gpu))),
        Item("GPU PDI", "pdi", NA if pdi is None else f"0x{pdi:016x}"),
        Item("Minor Number", "minor_number", shown(ask(pynvml.nvmlDeviceGetMinorNumber, gpu))),
        Item("VBIOS Version", "vbios_version", shown(ask(pynvml.nvmlDeviceGetVbiosVersion, gpu))),
        Item("MultiGPU Board", "multigpu_board", switch(ask(pynvml.nvmlDeviceGetMultiGpuBoard, gpu), "Yes", "No")),
        Item("Board ID", "board_id", NA if number is None else f"0x{number:x}"),
        Item("Board Part Number", "board_part_number", shown(ask(pynvml.nvmlDeviceGetBoardPartNumber, gpu))),
        Item("GPU Part Number", "gpu_part_number", _gpu_part_number()),
        Item("FRU Part Number", "gpu_fru_part_number", NA),
        Item("Platform Info", "platformInfo", _platform(gpu, info)),
    ]  # fmt: skip


def _platform(gpu: Any, info: Any) -> tuple[Item, ...]:
    """Boards without a chassis print the module alone, HGX boards the host too (captures of A100 to GB300)."""
    raw = bytes(info) if info is not None else b""  # a char field of ctypes ends at its first zero byte

    def of(name: str) -> str:
        return str(raw[getattr(type(info), name).offset]) if raw else NA

    serial = NA if info is None else shown(info.chassisSerialNumber)
    in_chassis = serial not in ("", NA)
    guid = raw[type(info).ibGuid.offset :][:8] if raw else b""
    peer = NA if info is None else PEERS.get(int(of("peerType")), NA)
    return (
        Item("Chassis Serial Number", "chassis_serial_number", serial),
        Item("Slot Number", "slot_number", of("slotNumber") if in_chassis else NA),
        Item("Tray Index", "tray_index", of("trayIndex") if in_chassis else NA),
        Item("Host ID", "host_id", of("hostId")),
        Item("Peer Type", "peer_type", peer),
        Item("Module Id", "module_id", shown(ask(pynvml.nvmlDeviceGetModuleId, gpu))),
        Item("GPU Fabric GUID", "gpu_fabric_guid", f"0x{guid.hex()}" if any(guid) else NA),
    )


def _versions(gpu: Any) -> list[Item]:
    flush = ask(pynvml.nvmlDeviceGetLastBBXFlushTime, gpu)
    stamp = NA
    if flush is not None:
        microseconds = int(flush[0])
        day = time.strftime("%Y/%m/%d %H:%M:%S", time.gmtime(microseconds // 1_000_000))
        stamp = f"{day}.{microseconds // 1000 % 1000:03d}"
    c2c = ask(pynvml.nvmlDeviceGetC2cModeInfoV, gpu)
    inforom = (
        (0, "OEM Object", "oem_object"),
        (1, "ECC Object", "ecc_object"),
        (2, "Power Management Object", "pwr_object"),
    )
    return [
        Item("Inforom Version", "inforom_version", (
            Item("Image Version", "img_version", shown(ask(pynvml.nvmlDeviceGetInforomImageVersion, gpu))),
            *(Item(label, tag, shown(ask(pynvml.nvmlDeviceGetInforomVersion, gpu, part))) for part, label, tag in inforom),
        )),
        Item("Inforom BBX Object Flush", "inforom_bbx_flush", (
            Item("Latest Timestamp", "latest_timestamp", stamp),
            Item("Latest Duration", "latest_duration", NA if flush is None else f"{flush[1]} us"),
        )),
        Item("GPU Operation Mode", "gpu_operation_mode", (
            Item("Current", "current_gom", shown(ask(lambda: pynvml.nvmlDeviceGetGpuOperationMode(gpu)[0]))),
            Item("Pending", "pending_gom", shown(ask(lambda: pynvml.nvmlDeviceGetGpuOperationMode(gpu)[1]))),
        )),
        Item("GPU C2C Mode", "c2c_mode", NA if c2c is None else switch(c2c.isC2cEnabled)),
    ]  # fmt: skip


def _virtualization(gpu: Any) -> list[Item]:
    mode = ask(pynvml.nvmlDeviceGetVirtualizationMode, gpu)
    action = field(gpu, pynvml.NVML_FI_DEV_GET_GPU_RECOVERY_ACTION)
    return [
        Item("GPU Virtualization Mode", "gpu_virtualization_mode", (
            Item("Virtualization Mode", "virtualization_mode", NA if mode is None else VIRTUALIZATION[mode]),
            Item("Host VGPU Mode", "host_vgpu_mode", shown(ask(pynvml.nvmlDeviceGetHostVgpuMode, gpu))),
            Item("vGPU Heterogeneous Mode", "vgpu_heterogeneous_mode", shown(ask(pynvml.nvmlDeviceGetVgpuHeterogeneousMode, gpu))),
        )),
        Item("GPU Recovery Action", "gpu_recovery_action", NA if action is None else RECOVERY[action]),
        Item("GSP Firmware Version", "gsp_firmware_version", shown(ask(pynvml.nvmlDeviceGetGspFirmwareVersion, gpu))),
        Item("IBMNPU", "ibmnpu", (Item("Relaxed Ordering Mode", "relaxed_ordering_mode", NA),)),  # of POWER9 only
    ]  # fmt: skip


def pci(gpu: Any) -> Item:
    """Where the board is, and its link."""
    info = pynvml.nvmlDeviceGetPciInfo(gpu)
    now, most, device = (
        shown(ask(call, gpu))
        for call in (
            pynvml.nvmlDeviceGetCurrPcieLinkGeneration,
            pynvml.nvmlDeviceGetMaxPcieLinkGeneration,
            pynvml.nvmlDeviceGetGpuMaxPcieLinkGeneration,
        )
    )
    width, widest = (
        shown(ask(call, gpu), "x")
        for call in (pynvml.nvmlDeviceGetCurrPcieLinkWidth, pynvml.nvmlDeviceGetMaxPcieLinkWidth)
    )
    return Item("PCI", "pci", (
        Item("Bus", "pci_bus", f"{info.bus:02X}"),
        Item("Device", "pci_device", f"{info.device:02X}"),
        Item("Domain", "pci_domain", f"{info.domain:04X}"),
        Item("Base Classcode", "pci_base_class", "3", "0x3"),  # a display controller,
        Item("Sub Classcode", "pci_sub_class", "2", "0x2"),  # a 3D one
        Item("Device Id", "pci_device_id", f"{info.pciDeviceId:08X}", f"0x{info.pciDeviceId:08X}"),
        Item("Bus Id", "pci_bus_id", shown(info.busId)),
        Item("Sub System Id", "pci_sub_system_id", f"{info.pciSubSystemId:08X}", f"0x{info.pciSubSystemId:08X}"),
        Item("GPU Link Info", "pci_gpu_link_info", (
            Item("PCIe Generation", "pcie_gen", (
                Item("Max", "max_link_gen", most), Item("Current", "current_link_gen", now),
                Item("Device Current", "device_current_link_gen", now),
                Item("Device Max", "max_device_link_gen", device), Item("Host Max", "max_host_link_gen", NA),
            )),
            Item("Link Width", "link_widths", (Item("Max", "max_link_width", widest), Item("Current", "current_link_width", width))),
        )),
        Item("Bridge Chip", "pci_bridge_chip", (Item("Type", "bridge_chip_type", NA), Item("Firmware", "bridge_chip_fw", NA))),
        Item("Replays Since Reset", "replay_counter", shown(ask(pynvml.nvmlDeviceGetPcieReplayCounter, gpu))),
        Item("Replay Number Rollovers", "replay_rollover_counter", shown(field(gpu, pynvml.NVML_FI_DEV_PCIE_REPLAY_ROLLOVER_COUNTER))),
        Item("Tx Throughput", "tx_util", shown(ask(pynvml.nvmlDeviceGetPcieThroughput, gpu, 0), " KB/s")),
        Item("Rx Throughput", "rx_util", shown(ask(pynvml.nvmlDeviceGetPcieThroughput, gpu, 1), " KB/s")),
        Item("Atomic Caps Outbound", "atomic_caps_outbound", _atomics(gpu, pynvml.NVML_FI_DEV_PCIE_OUTBOUND_ATOMICS_MASK)),
        Item("Atomic Caps Inbound", "atomic_caps_inbound", _atomics(gpu, pynvml.NVML_FI_DEV_PCIE_INBOUND_ATOMICS_MASK)),
    ))  # fmt: skip


def _atomics(gpu: Any, number: int) -> str:
    mask = field(gpu, number)
    return " ".join(name for bit, name in enumerate(ATOMICS) if mask >> bit & 1) or NA if mask else NA


def mig_devices(gpu: Any) -> Item:
    """The MIG devices, each with its ids, memory and engines."""
    found = []
    for number in range(ask(pynvml.nvmlDeviceGetMaxMigDeviceCount, gpu) or 0):
        device = ask(pynvml.nvmlDeviceGetMigDeviceHandleByIndex, gpu, number)
        if device is None:
            continue
        attributes, memory = (
            pynvml.nvmlDeviceGetAttributes(device),
            pynvml.nvmlDeviceGetMemoryInfo(device, version=pynvml.nvmlMemory_v2),
        )
        found.append(Item("MIG Device", "mig_device", (
            Item("Index", "index", str(number)),
            Item("GPU Instance ID", "gpu_instance_id", str(pynvml.nvmlDeviceGetGpuInstanceId(device))),
            Item("Compute Instance ID", "compute_instance_id", str(pynvml.nvmlDeviceGetComputeInstanceId(device))),
            Item("Device Attributes", "device_attributes", (Item("Shared", "shared", (
                Item("Multiprocessor count", "multiprocessor_count", str(attributes.multiprocessorCount)),
                Item("Copy Engine count", "copy_engine_count", str(attributes.sharedCopyEngineCount)),
                Item("Encoder count", "encoder_count", str(attributes.sharedEncoderCount)),
                Item("Decoder count", "decoder_count", str(attributes.sharedDecoderCount)),
                Item("OFA count", "ofa_count", str(attributes.sharedOfaCount)),
                Item("JPG count", "jpg_count", str(attributes.sharedJpegCount)),
            )),)),
            Item("ECC Errors", "ecc_error_count", (Item("Volatile", "volatile_count", (
                Item("SRAM Uncorrectable", "sram_uncorrectable", shown(ask(pynvml.nvmlDeviceGetMemoryErrorCounter, device, 1, 0, 7))),
            )),)),
            memory_rows("FB Memory Usage", "fb_memory_usage", memory, reserved=True),
            window("BAR1 Memory", ask(pynvml.nvmlDeviceGetBAR1MemoryInfo, device)),
        )))  # fmt: skip
    return Item("MIG Device", "mig_devices", tuple(found) or "None")


def window(label: str, info: Any) -> Item:
    """A window of BAR1."""
    names = (("Total", "total", "bar1Total"), ("Used", "used", "bar1Used"), ("Free", "free", "bar1Free"))
    rows = (Item(row, tag, whole_mib(info and getattr(info, name))) for row, tag, name in names)
    return Item(label, "bar1_memory_usage", tuple(rows))


def memory_rows(label: str, tag: str, info: Any, *, reserved: bool = False) -> Item:
    """Total, reserved, used and free."""
    rows = [Item("Total", "total", mib(info and info.total))]
    if reserved:
        rows.append(Item("Reserved", "reserved", mib(info and info.reserved)))
    rows += [Item("Used", "used", mib(info and info.used)), Item("Free", "free", mib(info and info.free))]
    return Item(label, tag, tuple(rows))
