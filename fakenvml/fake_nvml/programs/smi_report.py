"""What ``nvidia-smi -q`` prints about a GPU, as a tree that text and XML are rendered from.

A node of the tree is (label, XML name, text or children). Labels, names and their order are nvidia-smi's (watched with
550.163.01); what NVML does not answer is N/A, as there.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape

import pynvml

NA = "N/A"
ARCHITECTURES = {6: "Turing", 7: "Ampere", 8: "Ada Lovelace", 9: "Hopper", 10: "Blackwell", 13: "Rubin"}
BRANDS = {13: "NVIDIA RTX", 14: "NVIDIA"}
COMPUTE_MODES = ("Default", "Exclusive_Thread", "Prohibited", "Exclusive_Process")
FABRIC_STATES = ("N/A", "Not Started", "In Progress", "Completed")
REASONS = (
    ("Idle", "gpu_idle", 0x1), ("Applications Clocks Setting", "applications_clocks_setting", 0x2),
    ("SW Power Cap", "sw_power_cap", 0x4), ("HW Slowdown", "hw_slowdown", 0x8),
    ("HW Thermal Slowdown", "hw_thermal_slowdown", 0x40), ("HW Power Brake Slowdown", "hw_power_brake_slowdown", 0x80),
    ("Sync Boost", "sync_boost", 0x10), ("SW Thermal Slowdown", "sw_thermal_slowdown", 0x20),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Item:
    """One line, or a heading with lines below it."""

    label: str
    tag: str
    value: "str | tuple[Item, ...]"


def ask(call: Callable[..., Any], *arguments: Any) -> Any:
    """What a getter answers, None if it refuses."""
    try:
        return call(*arguments)
    except pynvml.NVMLError:
        return None


def shown(value: Any, unit: str = "") -> str:
    """A value with its unit, or N/A."""
    return NA if value is None else f"{value}{unit}"


def switch(value: Any, on: str = "Enabled", off: str = "Disabled") -> str:
    """A truth value as nvidia-smi prints it."""
    return NA if value is None else (on if value else off)


def watts(milliwatts: Any) -> str:
    """Watts with two digits."""
    return NA if milliwatts is None else f"{milliwatts / 1000:.2f} W"


def mib(count: Any) -> str:
    """Bytes as MiB."""
    return NA if count is None else f"{count >> 20} MiB"


def pair(values: Any, text_of: Callable[[Any], str] = switch) -> tuple[str, str]:
    """Two values as nvidia-smi prints them."""
    return (NA, NA) if values is None else (text_of(values[0]), text_of(values[1]))


def _memory(label: str, tag: str, info: Any, *, reserved: bool = False) -> Item:
    rows = [Item("Total", "total", mib(info and info.total))]
    if reserved:
        rows.append(Item("Reserved", "reserved", mib(info and info.reserved)))
    rows += [Item("Used", "used", mib(info and info.used)), Item("Free", "free", mib(info and info.free))]
    return Item(label, tag, tuple(rows))


def _clocks(
    label: str, tag: str, call: Callable[..., Any], gpu: Any, kinds: Iterable[tuple[str, str, int]]
) -> Item:
    rows = (Item(name, word, shown(ask(call, gpu, kind), " MHz")) for name, word, kind in kinds)
    return Item(label, tag, tuple(rows))


ALL_CLOCKS = (
    ("Graphics", "graphics_clock", 0),
    ("SM", "sm_clock", 1),
    ("Memory", "mem_clock", 2),
    ("Video", "video_clock", 3),
)
SET_CLOCKS = (("Graphics", "graphics_clock", 0), ("Memory", "mem_clock", 2))


def identity(gpu: Any) -> list[Item]:
    """What the board is."""
    mig_now, mig_next = pair(ask(pynvml.nvmlDeviceGetMigMode, gpu))
    vbios, serial = ask(pynvml.nvmlDeviceGetVbiosVersion, gpu), ask(pynvml.nvmlDeviceGetSerial, gpu)
    board = ask(pynvml.nvmlDeviceGetBoardId, gpu)
    inforom = [
        ask(pynvml.nvmlDeviceGetInforomImageVersion, gpu),
        *(ask(pynvml.nvmlDeviceGetInforomVersion, gpu, part) for part in (0, 1)),
    ]
    return [
        Item("Product Name", "product_name", pynvml.nvmlDeviceGetName(gpu)),
        Item("Product Brand", "product_brand", BRANDS.get(pynvml.nvmlDeviceGetBrand(gpu), NA)),
        Item("Product Architecture", "product_architecture", ARCHITECTURES.get(pynvml.nvmlDeviceGetArchitecture(gpu), NA)),
        Item("Display Mode", "display_mode", switch(ask(pynvml.nvmlDeviceGetDisplayMode, gpu))),
        Item("Display Active", "display_active", switch(ask(pynvml.nvmlDeviceGetDisplayActive, gpu))),
        Item("Persistence Mode", "persistence_mode", switch(ask(pynvml.nvmlDeviceGetPersistenceMode, gpu))),
        Item("MIG Mode", "mig_mode", (Item("Current", "current_mig", mig_now), Item("Pending", "pending_mig", mig_next))),
        mig_devices(gpu),
        Item("Accounting Mode", "accounting_mode", switch(ask(pynvml.nvmlDeviceGetAccountingMode, gpu))),
        Item("Accounting Mode Buffer Size", "accounting_mode_buffer_size", shown(ask(pynvml.nvmlDeviceGetAccountingBufferSize, gpu))),
        Item("Serial Number", "serial", shown(serial)),
        Item("GPU UUID", "uuid", pynvml.nvmlDeviceGetUUID(gpu)),
        Item("Minor Number", "minor_number", shown(ask(pynvml.nvmlDeviceGetMinorNumber, gpu))),
        Item("VBIOS Version", "vbios_version", shown(vbios)),
        Item("MultiGPU Board", "multigpu_board", switch(ask(pynvml.nvmlDeviceGetMultiGpuBoard, gpu), "Yes", "No")),
        Item("Board ID", "board_id", NA if board is None else f"0x{board:x}"),
        Item("Board Part Number", "board_part_number", shown(ask(pynvml.nvmlDeviceGetBoardPartNumber, gpu))),
        Item("Module ID", "gpu_module_id", shown(ask(pynvml.nvmlDeviceGetModuleId, gpu))),
        Item("Inforom Version", "inforom_version", (
            Item("Image Version", "img_version", shown(inforom[0])),
            Item("OEM Object", "oem_object", shown(inforom[1])),
            Item("ECC Object", "ecc_object", shown(inforom[2])),
        )),
        Item("GSP Firmware Version", "gsp_firmware_version", shown(ask(pynvml.nvmlDeviceGetGspFirmwareVersion, gpu))),
        pci(gpu),
    ]  # fmt: skip


def pci(gpu: Any) -> Item:
    """Where the board is."""
    info = pynvml.nvmlDeviceGetPciInfo(gpu)
    now, most = (
        ask(pynvml.nvmlDeviceGetCurrPcieLinkGeneration, gpu),
        ask(pynvml.nvmlDeviceGetMaxPcieLinkGeneration, gpu),
    )
    width = shown(ask(pynvml.nvmlDeviceGetCurrPcieLinkWidth, gpu), "x")
    return Item("PCI", "pci", (
        Item("Bus", "pci_bus", f"0x{info.bus:02X}"),
        Item("Device", "pci_device", f"0x{info.device:02X}"),
        Item("Domain", "pci_domain", f"0x{info.domain:04X}"),
        Item("Device Id", "pci_device_id", f"0x{info.pciDeviceId:08X}"),
        Item("Bus Id", "pci_bus_id", info.busId),
        Item("Sub System Id", "pci_sub_system_id", f"0x{info.pciSubSystemId:08X}"),
        Item("GPU Link Info", "pci_gpu_link_info", (
            Item("PCIe Generation", "pcie_gen", (Item("Max", "max_link_gen", shown(most)), Item("Current", "current_link_gen", shown(now)))),
            Item("Link Width", "link_widths", (Item("Max", "max_link_width", width), Item("Current", "current_link_width", width))),
        )),
        Item("Replays Since Reset", "replay_counter", shown(ask(pynvml.nvmlDeviceGetPcieReplayCounter, gpu))),
    ))  # fmt: skip


def mig_devices(gpu: Any) -> Item:
    """The MIG devices, each with its ids, memory and engines."""
    found = []
    for number in range(ask(pynvml.nvmlDeviceGetMaxMigDeviceCount, gpu) or 0):
        device = ask(pynvml.nvmlDeviceGetMigDeviceHandleByIndex, gpu, number)
        if device is None:
            continue
        attributes, memory = pynvml.nvmlDeviceGetAttributes(device), pynvml.nvmlDeviceGetMemoryInfo(device)
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
            _memory("FB Memory Usage", "fb_memory_usage", memory),
        )))  # fmt: skip
    return Item("MIG Device", "mig_devices", tuple(found) or "None")


def telemetry(gpu: Any) -> list[Item]:
    """What the board does."""
    bits = ask(pynvml.nvmlDeviceGetCurrentClocksEventReasons, gpu) or 0
    reasons = (
        Item(label, f"clocks_event_reason_{tag}", switch(bits & bit, "Active", "Not Active"))
        for label, tag, bit in REASONS
    )
    rates = ask(pynvml.nvmlDeviceGetUtilizationRates, gpu)
    ecc_now, ecc_next = pair(ask(pynvml.nvmlDeviceGetEccMode, gpu))
    limits = ask(pynvml.nvmlDeviceGetPowerManagementLimitConstraints, gpu) or (None, None)
    state = ask(pynvml.nvmlDeviceGetPerformanceState, gpu)
    mode = pynvml.nvmlDeviceGetComputeMode(gpu)
    return [
        Item("Fan Speed", "fan_speed", shown(ask(pynvml.nvmlDeviceGetFanSpeed, gpu), " %")),
        Item("Performance State", "performance_state", NA if state is None else f"P{state}"),
        Item("Clocks Event Reasons", "clocks_event_reasons", tuple(reasons)),
        _memory("FB Memory Usage", "fb_memory_usage", pynvml.nvmlDeviceGetMemoryInfo(gpu, version=pynvml.nvmlMemory_v2), reserved=True),
        bar1(gpu),
        Item("Compute Mode", "compute_mode", COMPUTE_MODES[mode]),
        Item("Utilization", "utilization", (
            Item("Gpu", "gpu_util", shown(rates and rates.gpu, " %")),
            Item("Memory", "memory_util", shown(rates and rates.memory, " %")),
        )),
        Item("ECC Mode", "ecc_mode", (Item("Current", "current_ecc", ecc_now), Item("Pending", "pending_ecc", ecc_next))),
        ecc_errors(gpu),
        Item("Temperature", "temperature", (
            Item("GPU Current Temp", "gpu_temp", shown(ask(pynvml.nvmlDeviceGetTemperature, gpu, 0), " C")),
            Item("GPU T.Limit Temp", "gpu_temp_tlimit", shown(ask(pynvml.nvmlDeviceGetMarginTemperature, gpu), " C")),
        )),
        Item("GPU Power Readings", "gpu_power_readings", (
            Item("Average Power Draw", "average_power_draw", watts(ask(pynvml.nvmlDeviceGetPowerUsage, gpu))),
            Item("Current Power Limit", "current_power_limit", watts(ask(pynvml.nvmlDeviceGetEnforcedPowerLimit, gpu))),
            Item("Requested Power Limit", "requested_power_limit", watts(ask(pynvml.nvmlDeviceGetPowerManagementLimit, gpu))),
            Item("Default Power Limit", "default_power_limit", watts(ask(pynvml.nvmlDeviceGetPowerManagementDefaultLimit, gpu))),
            Item("Min Power Limit", "min_power_limit", watts(limits[0])),
            Item("Max Power Limit", "max_power_limit", watts(limits[1])),
        )),
        _clocks("Clocks", "clocks", pynvml.nvmlDeviceGetClockInfo, gpu, ALL_CLOCKS),
        _clocks("Applications Clocks", "applications_clocks", pynvml.nvmlDeviceGetApplicationsClock, gpu, SET_CLOCKS),
        _clocks("Default Applications Clocks", "default_applications_clocks", pynvml.nvmlDeviceGetDefaultApplicationsClock, gpu, SET_CLOCKS),
        _clocks("Max Clocks", "max_clocks", pynvml.nvmlDeviceGetMaxClockInfo, gpu, ALL_CLOCKS),
        fabric(gpu),
        processes(gpu),
    ]  # fmt: skip


def bar1(gpu: Any) -> Item:
    """The window that the CPU sees."""
    info = ask(pynvml.nvmlDeviceGetBAR1MemoryInfo, gpu)
    values = [info and getattr(info, name) for name in ("bar1Total", "bar1Used", "bar1Free")]
    names = (("Total", "total"), ("Used", "used"), ("Free", "free"))
    rows = (Item(label, tag, mib(value)) for (label, tag), value in zip(names, values, strict=True))
    return Item("BAR1 Memory Usage", "bar1_memory_usage", tuple(rows))


def ecc_errors(gpu: Any) -> Item:
    """Counters by lifetime, kind and place: SRAM is what is not DRAM."""
    lifetimes = []
    for number, (label, tag) in enumerate((("Volatile", "volatile"), ("Aggregate", "aggregate"))):
        rows = []
        for place, name in ((7, "SRAM"), (2, "DRAM")):
            for kind, word in enumerate(("Correctable", "Uncorrectable")):
                value = ask(pynvml.nvmlDeviceGetMemoryErrorCounter, gpu, kind, number, place)
                rows.append(Item(f"{name} {word}", f"{name.lower()}_{word.lower()}", shown(value)))
        lifetimes.append(Item(label, tag, tuple(rows)))
    return Item("ECC Errors", "ecc_errors", tuple(lifetimes))


def fabric(gpu: Any) -> Item:
    """Registration with the NVLink fabric."""
    info = pynvml.c_nvmlGpuFabricInfoV_t()
    known = ask(pynvml.nvmlDeviceGetGpuFabricInfoV, gpu, pynvml.byref(info)) is not None
    done = known and info.state == len(FABRIC_STATES) - 1
    raw = bytes(info.clusterUuid).hex()
    cluster = f"{raw[:8]}-{raw[8:12]}-{raw[12:16]}-{raw[16:20]}-{raw[20:]}"
    return Item("Fabric", "fabric", (
        Item("State", "state", FABRIC_STATES[info.state] if known else NA),
        Item("Status", "status", "Success" if done and not info.status else NA),
        Item("CliqueId", "cliqueId", str(info.cliqueId) if done else NA),
        Item("ClusterUUID", "clusterUuid", cluster if done else NA),
    ))  # fmt: skip


def running(gpu: Any) -> list[tuple[str, Any]]:
    """(type as nvidia-smi prints it, process) of all that runs: C compute, G graphics, M+C through MPS."""
    lists = (("C", pynvml.nvmlDeviceGetComputeRunningProcesses), ("G", pynvml.nvmlDeviceGetGraphicsRunningProcesses),
             ("M+C", pynvml.nvmlDeviceGetMPSComputeRunningProcesses))  # fmt: skip
    return [(kind, process) for kind, call in lists for process in ask(call, gpu) or ()]


def process_name(pid: int) -> str:
    """The program's path."""
    name = ask(pynvml.nvmlSystemGetProcessName, pid)
    return name if isinstance(name, str) else NA


def processes(gpu: Any) -> Item:
    """What runs."""
    rows = [
        Item("Process", "process_info", (
            Item("Process ID", "pid", str(process.pid)),
            Item("Type", "type", kind),
            Item("Name", "process_name", process_name(process.pid)),
            Item("Used GPU Memory", "used_memory", mib(process.usedGpuMemory)),
        ))
        for kind, process in running(gpu)
    ]  # fmt: skip
    return Item("Processes", "processes", tuple(rows) or "None")


def as_text(items: Iterable[Item], depth: int = 1) -> list[str]:
    """Lines as ``-q`` prints them: values begin in column 42."""
    lines = []
    for item in items:
        label = "    " * depth + item.label
        if isinstance(item.value, str):
            lines.append(f"{label:<42}: {item.value}")
        else:
            lines.append(label)
            lines += as_text(item.value, depth + 1)
    return lines


def as_xml(items: Iterable[Item], depth: int = 2) -> list[str]:
    """Lines as ``-q -x`` prints them."""
    lines, indent = [], "\t" * depth
    for item in items:
        if isinstance(item.value, str):
            lines.append(f"{indent}<{item.tag}>{escape(item.value)}</{item.tag}>")
        else:
            lines += [f"{indent}<{item.tag}>", *as_xml(item.value, depth + 1), f"{indent}</{item.tag}>"]
    return lines
