"""Reads the hardware of this node, NVML and sysfs, into a frozen ``Snapshot``. ``inventory`` decides what is offered of it.

A GPU that NVML cannot describe is reported with the reason and harms no other: one sick board must not take the others
of the node away from their users.
"""

import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pynvml

from dra_driver.devices import pci
from dra_driver.devices.model import (
    Engines,
    Fabric,
    Gpu,
    GpuUuid,
    MigInstance,
    MigProfile,
    MigSupport,
    MigUuid,
    NvLinks,
    PciBusId,
    Placement,
    VfioFunction,
)
from dra_driver.errors import EnvironmentFault
from dra_driver.nvml import links, mig
from dra_driver.nvml.library import Library, optional

ARCHITECTURES = {
    5: "Volta",
    6: "Turing",
    7: "Ampere",
    8: "Ada Lovelace",
    9: "Hopper",
    10: "Blackwell",
    13: "Rubin",
}
"""NVML_DEVICE_ARCH_* of API version 13."""
HOPPER = 9
BRANDS = {
    1: "Quadro",
    2: "Tesla",
    4: "Grid",
    5: "GeForce",
    12: "QuadroRTX",
    13: "NvidiaRTX",
    14: "Nvidia",
    15: "GeForceRTX",
    16: "TitanRTX",
}
"""NVML_BRAND_* as NVIDIA's drivers spell them."""
ADDRESSING_MODES = {1: "HMM", 2: "ATS", 0: "None"}
RECOVERY_ACTIONS = {
    0: "none",
    1: "gpu-reset",
    2: "node-reboot",
    3: "drain-p2p",
    4: "drain-and-reset",
    5: "recover-imex-domain",
    6: "bus-reset",
    7: "system-reboot",
}
"""NVML_GPU_RECOVERY_ACTION_* of API version 13."""
FULL_COMPUTE = {1: 0, 2: 1, 3: 2, 4: 3, 7: 4, 8: 5, 6: 6}
"""{compute slices of a GPU instance: the compute instance profile that fills it}, NVML_COMPUTE_INSTANCE_PROFILE_*."""
SYSFS, DEV = Path("/sys"), Path("/dev")


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The hardware at one moment.

    Attributes:
        gpus: by minor number.
        functions: GPUs as PCI functions that have an IOMMU group.
        unreadable: {``GPU <index>`` or its UUID: the error of NVML}.
    """

    gpus: tuple[Gpu, ...] = ()
    functions: tuple[VfioFunction, ...] = ()
    unreadable: dict[str, str] = field(default_factory=dict)


def take_snapshot(sysfs: Path = SYSFS, dev: Path = DEV) -> Snapshot:
    """The hardware now.

    Raises:
        EnvironmentFault: NVML does not start, or does not say how many GPUs there are.
    """
    library = Library()
    found: list[tuple[Gpu, links.Links]] = []
    unreadable: dict[str, str] = {}
    try:
        versions = library.versions()
        for index, handle in library.handles():
            if isinstance(handle, pynvml.NVMLError):
                unreadable[f"GPU {index}"] = str(handle)
                continue
            try:
                found.append(read_gpu(handle, versions, sysfs))
            except pynvml.NVMLError as error:
                unreadable[f"GPU {index}"] = str(error)
    except pynvml.NVMLError as error:
        message = f"NVML failed while the GPUs were listed: {error}"
        raise EnvironmentFault(message) from error
    finally:
        library.close()
    found.sort(key=lambda pair: pair[0].minor)
    return Snapshot(
        gpus=tuple(with_peers(gpu, ends, found) for gpu, ends in found),
        functions=pci.functions(sysfs, dev),
        unreadable=unreadable,
    )


def with_peers(gpu: Gpu, ends: links.Links, all_gpus: list[tuple[Gpu, links.Links]]) -> Gpu:
    """GPU with the number of GPUs of this node that it reaches: direct neighbours, and all behind a common NVSwitch."""
    others = [(other, theirs) for other, theirs in all_gpus if other.uuid != gpu.uuid]
    peers = sum(
        other.pci_bus_id in ends.neighbours or (ends.switched and theirs.switched) for other, theirs in others
    )
    return replace(gpu, links=replace(gpu.links, peers=peers))


def read_gpu(handle: Any, versions: tuple[str, int], sysfs: Path) -> tuple[Gpu, links.Links]:
    """One GPU as a value, and its NVLinks.

    Raises:
        NVMLError: it cannot be described.
    """
    memory = optional(pynvml.nvmlDeviceGetMemoryInfo, handle)
    where = pynvml.nvmlDeviceGetPciInfo(handle)
    bus_id = f"{where.domain:04x}:{where.bus:02x}:{where.device:02x}.0"
    architecture = optional(pynvml.nvmlDeviceGetArchitecture, handle) or 0
    ecc = optional(pynvml.nvmlDeviceGetEccMode, handle)
    on, ends = links.fabric(handle), links.links(handle)
    support = read_mig(handle, architecture)
    recovery = links.field(handle, pynvml.NVML_FI_DEV_GET_GPU_RECOVERY_ACTION)
    gpu = Gpu(
        minor=pynvml.nvmlDeviceGetMinorNumber(handle),
        uuid=GpuUuid(pynvml.nvmlDeviceGetUUID(handle)),
        name=pynvml.nvmlDeviceGetName(handle),
        brand=BRANDS.get(optional(pynvml.nvmlDeviceGetBrand, handle) or 0),
        architecture=ARCHITECTURES.get(architecture),
        capability=tuple(pynvml.nvmlDeviceGetCudaComputeCapability(handle)),
        memory_bytes=int(memory.total) if memory else None,
        pci_bus_id=PciBusId(bus_id),
        pcie_root=pci.root(sysfs, bus_id),
        numa_node=numa_node(sysfs, handle, bus_id),
        driver_version=versions[0],
        cuda=versions[1],
        addressing_mode=addressing_mode(handle),
        module_id=optional(pynvml.nvmlDeviceGetModuleId, handle),
        ecc=bool(ecc[0]) if ecc is not None else None,
        recovery=RECOVERY_ACTIONS.get(recovery) if recovery is not None else None,
        links=NvLinks(active=ends.active, bandwidth_bytes=bandwidth(ends)),
        fabric=Fabric(cluster=on.place[0], clique=on.place[1]) if on.place else None,
        fabric_fault=on.fault,
        fabric_degraded=on.degraded,
        mig=support,
        instances=read_instances(handle, support) if support and support.enabled else (),
    )
    return gpu, ends


def bandwidth(ends: links.Links) -> int | None:
    """Bytes per second in one direction over all links."""
    return ends.active * ends.speed_mb_s * 10**6 if ends.speed_mb_s else None


def addressing_mode(handle: Any) -> str | None:
    """How the GPU reaches the memory of the host; None if NVML or the board does not say."""
    mode = optional(pynvml.nvmlDeviceGetAddressingMode, handle)
    return None if mode is None else ADDRESSING_MODES.get(mode)


def numa_node(sysfs: Path, handle: Any, bus_id: str) -> int | None:
    """The NUMA node of a GPU: from sysfs, else from NVML's memory affinity."""
    if (sysfs / pci.PCI_DEVICES / bus_id / "numa_node").exists():
        return pci.numa_node(sysfs, bus_id)
    mask = optional(pynvml.nvmlDeviceGetMemoryAffinity, handle, 1, pynvml.NVML_AFFINITY_SCOPE_NODE)
    word = int(mask[0]) if mask else 0
    return (word & -word).bit_length() - 1 if word else None


def read_mig(handle: Any, architecture: int) -> MigSupport | None:
    """How the GPU can be divided; None if it cannot."""
    mode = optional(pynvml.nvmlDeviceGetMigMode, handle)
    if mode is None:
        return None
    found = []
    for info in mig.profiles(handle):
        places = tuple(Placement(start, size) for start, size in mig.placements(handle, info.id))
        if info.sliceCount not in FULL_COMPUTE or not places:
            continue  # nothing is known that would fill it
        found.append(profile_of(info, places))
    return MigSupport(
        enabled=bool(mode[0]),
        switchable=architecture >= HOPPER,
        profiles=tuple(sorted(found, key=lambda profile: profile.gi_profile)),
        slices=max((place.slices.stop for profile in found for place in profile.placements), default=0),
    )


def profile_of(info: Any, places: tuple[Placement, ...]) -> MigProfile:
    """A profile as a value."""
    name = info.name.decode() if isinstance(info.name, bytes) else info.name
    return MigProfile(
        name=name.rpartition(" ")[2],
        gi_profile=info.id,
        ci_profile=FULL_COMPUTE[info.sliceCount],
        compute_slices=info.sliceCount,
        memory_bytes=info.memorySizeMB << 20,
        engines=Engines(
            multiprocessors=info.multiprocessorCount,
            copy_engines=info.copyEngineCount,
            decoders=info.decoderCount,
            encoders=info.encoderCount,
            jpeg_engines=info.jpegCount,
            ofa_engines=info.ofaCount,
        ),
        max_count=info.instanceCount,
        placements=places,
    )


def read_instances(handle: Any, support: MigSupport) -> tuple[MigInstance, ...]:
    """The MIG devices that exist."""
    profiles = {profile.gi_profile: profile for profile in support.profiles}
    found = []
    for part in mig.parts(handle):
        whole = profiles.get(part.gi_profile)
        name = part.name.rpartition(" ")[2]
        if whole is None or name != whole.name:  # a compute instance that is smaller than its GPU instance
            whole = smaller(part, name)
        place = Placement(part.start, part.size)
        found.append(
            MigInstance(uuid=MigUuid(part.uuid), gi=part.gi, ci=part.ci, profile=whole, placement=place)
        )
    return tuple(sorted(found, key=lambda instance: (instance.gi, instance.ci)))


def smaller(part: mig.Part, name: str) -> MigProfile:
    """The profile of a MIG device that the driver never makes; NVML describes the device itself."""
    own = part.attributes
    engines = (
        Engines(
            multiprocessors=own.multiprocessorCount,
            copy_engines=own.sharedCopyEngineCount,
            decoders=own.sharedDecoderCount,
            encoders=own.sharedEncoderCount,
            jpeg_engines=own.sharedJpegCount,
            ofa_engines=own.sharedOfaCount,
        )
        if own
        else Engines()
    )
    slices = re.match(r"(\d+)", name)
    return MigProfile(
        name=name,
        gi_profile=part.gi_profile,
        ci_profile=None,
        compute_slices=int(slices[1]) if slices else 0,
        memory_bytes=own.memorySizeMB << 20 if own else 0,
        engines=engines,
        max_count=1,
        placements=(Placement(part.start, part.size),),
    )
