"""The machine file and the board file of this computer, read through nvidia-ml-py."""

import os
from collections.abc import Callable
from typing import Any

import pynvml

from fake_nvml.model import MIB

PROFILES = 18


def asked(call: Callable[..., Any], *arguments: Any, otherwise: Any = None) -> Any:
    """What NVML answers, OTHERWISE if it refuses."""
    try:
        return call(*arguments)
    except pynvml.NVMLError:
        return otherwise


def mig_of(gpu: Any, source: dict[str, str]) -> dict[str, Any] | None:
    """The board's MIG table; None where it has none."""
    if asked(pynvml.nvmlDeviceGetMigMode, gpu) is None:
        return None
    profiles = []
    for index in range(PROFILES):
        info = asked(pynvml.nvmlDeviceGetGpuInstanceProfileInfo, gpu, index)
        if info is None:
            continue
        count = pynvml.c_uint(0)
        pynvml.nvmlDeviceGetGpuInstancePossiblePlacements(gpu, info.id, None, pynvml.byref(count))
        places = (pynvml.c_nvmlGpuInstancePlacement_t * max(count.value, 1))()
        pynvml.nvmlDeviceGetGpuInstancePossiblePlacements(gpu, info.id, places, pynvml.byref(count))
        slices = info.sliceCount
        profiles.append({
            "id": info.id, "index": index, "name": str(_text(info.name)).removeprefix("MIG "), "compute_slices": slices,
            "size": places[0].size, "starts": [place.start for place in places[: count.value]], "max": info.instanceCount,
            "memory_mib": info.memorySizeMB, "multiprocessors": info.multiprocessorCount,
            "engines": [info.copyEngineCount, info.decoderCount, info.encoderCount, info.jpegCount, info.ofaCount],
            "compute_instances": [size for size in (1, 2, 3, 4, 7) if (size < slices and size != 3) or size == slices],
            "graphics": "gfx" in _text(info.name), "source": source["source"], "confidence": "documented", "placements": "documented",
        })  # fmt: skip
    slices = max((profile["size"] for profile in profiles), default=8)
    compute = max((profile["compute_slices"] for profile in profiles), default=7)
    architecture = pynvml.nvmlDeviceGetArchitecture(gpu)
    return {
        **source, "needs_reset": architecture == pynvml.NVML_DEVICE_ARCH_AMPERE, "max_devices": compute,
        "memory_slices": slices, "compute_slices": compute, "profiles": profiles,
    }  # fmt: skip


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value


def board_of(gpu: Any, source: dict[str, str]) -> dict[str, Any]:
    """A board file of the product that GPU is."""
    pci, memory = (
        pynvml.nvmlDeviceGetPciInfo(gpu),
        pynvml.nvmlDeviceGetMemoryInfo(gpu, version=pynvml.nvmlMemory_v2),
    )
    links = [
        link
        for link in range(pynvml.NVML_NVLINK_MAX_LINKS)
        if asked(pynvml.nvmlDeviceGetNvLinkVersion, gpu, link)
    ]
    speeds = asked(pynvml.nvmlDeviceGetFieldValues, gpu, [(164, link) for link in links], otherwise=[])
    inforom = asked(pynvml.nvmlDeviceGetInforomImageVersion, gpu)
    limits = asked(pynvml.nvmlDeviceGetPowerManagementLimitConstraints, gpu, otherwise=(0, 0))
    memory_clocks = asked(pynvml.nvmlDeviceGetSupportedMemoryClocks, gpu, otherwise=[])
    graphics = (
        asked(pynvml.nvmlDeviceGetSupportedGraphicsClocks, gpu, memory_clocks[0], otherwise=[])
        if memory_clocks
        else []
    )
    most = [asked(pynvml.nvmlDeviceGetMaxClockInfo, gpu, kind, otherwise=0) for kind in range(4)]
    histogram = asked(pynvml.nvmlDeviceGetRowRemapperHistogram, gpu)
    tlimits = asked(pynvml.nvmlDeviceGetFieldValues, gpu, [193, 194, 195, 196], otherwise=[])
    distances = [value.value.siVal if value.nvmlReturn == 0 else None for value in tlimits] or [None] * 4
    fixed = [asked(pynvml.nvmlDeviceGetTemperatureThreshold, gpu, kind) for kind in (0, 1, 3, 2)]
    by_limit = distances[0] is not None
    heat = [distances[0], distances[1], distances[3], distances[2]] if by_limit else fixed
    generation = asked(pynvml.nvmlDeviceGetMaxPcieLinkGeneration, gpu, otherwise=0)
    return {
        "schema": "fake-nvml/board/v1",
        "key": "recorded",
        "identity": {
            **source, "name": pynvml.nvmlDeviceGetName(gpu), "brand": pynvml.nvmlDeviceGetBrand(gpu),
            "pci_device_id": pci.pciDeviceId >> 16, "pci_subsystem_id": pci.pciSubSystemId >> 16,
            "vbios": asked(pynvml.nvmlDeviceGetVbiosVersion, gpu), "gpu_part_number": None,
            "board_part_number": asked(pynvml.nvmlDeviceGetBoardPartNumber, gpu),
            "inforom": inforom and {
                "image": inforom,
                "oem": asked(pynvml.nvmlDeviceGetInforomVersion, gpu, 0, otherwise=""),
                "ecc": asked(pynvml.nvmlDeviceGetInforomVersion, gpu, 1, otherwise=""),
            },
        },
        "compute": {
            **source, "architecture": pynvml.nvmlDeviceGetArchitecture(gpu),
            "capability": list(pynvml.nvmlDeviceGetCudaComputeCapability(gpu)),
            "multiprocessors": 0, "cores": asked(pynvml.nvmlDeviceGetNumGpuCores, gpu, otherwise=0), "assumed": ["multiprocessors"],
        },
        "memory": {
            **source, "total_mib": memory.total // MIB, "reserved_mib": memory.reserved // MIB,
            "bar1_mib": pynvml.nvmlDeviceGetBAR1MemoryInfo(gpu).bar1Total // MIB,
            "bus_width_bits": asked(pynvml.nvmlDeviceGetMemoryBusWidth, gpu, otherwise=0),
            "remap_banks": histogram and histogram.max, "addressing_mode": asked(pynvml.nvmlDeviceGetAddressingMode, gpu, otherwise=0),
        },
        "pcie": {
            **source, "generation": generation, "width": asked(pynvml.nvmlDeviceGetMaxPcieLinkWidth, gpu, otherwise=0),
            "device_generation": asked(pynvml.nvmlDeviceGetGpuMaxPcieLinkGeneration, gpu, otherwise=generation),
        },
        "nvlink": {
            **source, "version": pynvml.nvmlDeviceGetNvLinkVersion(gpu, links[0]), "links": len(links),
            "link_speed_mb_s": max((value.value.uiVal for value in speeds), default=0),
            "c2c": bool(asked(coherent, gpu, otherwise=False)),
        } if links else None,
        "power": {
            **source, "default_mw": asked(pynvml.nvmlDeviceGetPowerManagementDefaultLimit, gpu, otherwise=0),
            "min_mw": limits[0], "max_mw": limits[1], "idle_mw": asked(pynvml.nvmlDeviceGetPowerUsage, gpu, otherwise=0),
        },
        "clocks": {
            **source, "max_graphics_mhz": most[0], "max_memory_mhz": most[2], "max_video_mhz": most[3],
            "idle_graphics_mhz": min(graphics, default=0), "memory_mhz": list(memory_clocks) or [most[2]],
            "default_graphics_mhz": asked(pynvml.nvmlDeviceGetDefaultApplicationsClock, gpu, 0, otherwise=most[0]),
            "graphics_count": max(len(graphics), 2),
        },
        "thermal": {
            **source, "tlimit": by_limit, "shutdown_c": heat[0] or 0, "slowdown_c": heat[1] or 0, "max_operating_c": heat[2] or 0,
            "memory_max_c": heat[3], "idle_c": asked(pynvml.nvmlDeviceGetTemperature, gpu, 0, otherwise=0),
            "fans": asked(pynvml.nvmlDeviceGetNumFans, gpu, otherwise=0),
        },
        "mig": mig_of(gpu, source),
    }  # fmt: skip


def branch(driver: str) -> str:
    """The driver's branch as it calls itself; older drivers do not say."""
    info = asked(pynvml.nvmlSystemGetDriverBranch)
    return f"r{driver.split('.')[0]}_00" if info is None else _text(info.branch)


def coherent(gpu: Any) -> bool:
    """Whether there is a link to the CPU."""
    info = asked(pynvml.nvmlDeviceGetC2cModeInfoV1, gpu)
    return info is not None and bool(info.isC2cEnabled)


def fabric_of(gpu: Any) -> dict[str, Any]:
    """The fabric as this GPU is registered with it."""
    info = pynvml.c_nvmlGpuFabricInfoV_t()
    asked(pynvml.nvmlDeviceGetGpuFabricInfoV, gpu, pynvml.byref(info))
    raw = bytes(info.clusterUuid).hex()
    cluster = f"{raw[:8]}-{raw[8:12]}-{raw[12:16]}-{raw[16:20]}-{raw[20:]}"
    summary = pynvml.c_nvmlGpuFabricInfo_v3_t()
    asked(pynvml.nvmlDeviceGetGpuFabricInfoV, gpu, pynvml.byref(summary))
    return {
        "state": info.state, "clique": info.cliqueId, "cluster_uuid": cluster,
        "health_summary": summary.healthSummary,
        "health_mask": summary.healthMask,
    }  # fmt: skip


def machine_of(gpus: list[Any], source: dict[str, str]) -> dict[str, Any]:
    """A machine file of this computer."""
    first, driver = gpus[0], pynvml.nvmlSystemGetDriverVersion()
    remotes = [
        asked(pynvml.nvmlDeviceGetNvLinkRemotePciInfo, first, link)
        for link in range(pynvml.NVML_NVLINK_MAX_LINKS)
    ]
    known = [info for info in remotes if info is not None]
    slots = []
    for gpu in gpus:
        pci = pynvml.nvmlDeviceGetPciInfo(gpu)
        mask = asked(pynvml.nvmlDeviceGetMemoryAffinity, gpu, 1, 0, otherwise=[1])[0]
        slots.append({
            "domain": pci.domain, "bus": pci.bus, "module": asked(pynvml.nvmlDeviceGetModuleId, gpu, otherwise=0),
            "numa": max(0, (mask & -mask).bit_length() - 1), "uuid": pynvml.nvmlDeviceGetUUID(gpu),
            "serial": asked(pynvml.nvmlDeviceGetSerial, gpu), "pdi": asked(pynvml.nvmlDeviceGetPdi, gpu),
        })  # fmt: skip
    width = asked(pynvml.nvmlDeviceGetCpuAffinity, first, 16, otherwise=[0])
    cores = sum(int(mask).bit_count() for mask in width) or os.cpu_count() or 1
    return {
        "schema": "fake-nvml/machine/v1", "name": "recorded", **source, "board": "recorded",
        "description": f"{len(gpus)} x {pynvml.nvmlDeviceGetName(first)}, recorded with driver {driver}",
        "driver": {
            "version": driver, "nvml": pynvml.nvmlSystemGetNVMLVersion(), "cuda": pynvml.nvmlSystemGetCudaDriverVersion(),
            "branch": branch(driver),
        },
        "cpus": {"sockets": max(slot["numa"] for slot in slots) + 1, "cores_per_socket": cores},
        "fabric": fabric_of(first), "gpus": slots,
        "switches": {**source, "count": len({info.busId for info in known}), "pci_device_id": known[0].pciDeviceId >> 16} if known else None,
        "initial": {
            "persistence": asked(pynvml.nvmlDeviceGetPersistenceMode, first, otherwise=1),
            "compute_mode": pynvml.nvmlDeviceGetComputeMode(first),
            "accounting": asked(pynvml.nvmlDeviceGetAccountingMode, first, otherwise=0),
        },
    }  # fmt: skip
