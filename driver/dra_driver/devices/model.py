"""What a node can hand out, as frozen values: GPUs, MIG devices and VFIO siblings. No I/O, and no NVML.

A ``Gpu`` is a piece of hardware and never handed out itself. What is handed out is a device, one of

* ``GpuDevice``: the whole GPU under the NVIDIA driver;
* ``MigDevice``: a slice of it. With an ``instance`` it is *static*: it exists, was made by somebody else, and is neither
  created nor destroyed by this driver. Without one it is *dynamic*: prepare creates it at its ``placement`` of its
  ``profile`` (``profile.gi_profile`` and ``profile.ci_profile`` are the ids that NVML's create calls take), and unprepare
  destroys it. Its UUID is not known before;
* ``VfioDevice``: the GPU's PCI function for a virtual machine.

How they are used: ``Inventory.devices`` is {name: device}, everything of this node that a claim can name. Code distinguishes
the kinds with ``match device: case MigDevice(instance=None): ...``. Every device has ``name``, ``kind``, ``pci_bus_id`` (the
hardware that it is part of, also while that is bound to vfio-pci) and ``uuid`` (None before a dynamic one is prepared). Two
devices of one claim, or of two claims, must not be used together if ``overlap(a, b)``.

Unchanged hardware gives equal values, whatever is prepared: an inventory does not show the MIG instances that this
driver made, it shows the dynamic devices behind them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NewType

from dra_api.identifiers import DeviceName

GpuUuid = NewType("GpuUuid", str)
"""``GPU-...`` as NVML prints it."""

MigUuid = NewType("MigUuid", str)
"""``MIG-...`` as NVML prints it."""

PciBusId = NewType("PciBusId", str)
"""``0000:8f:00.0``, as sysfs spells it."""


class Kind(StrEnum):
    """The attribute ``type`` of a device."""

    GPU = "gpu"
    MIG = "mig"
    VFIO = "vfio"


@dataclass(frozen=True, slots=True, order=True)
class Placement:
    """Memory slices of a GPU, ``size`` of them from ``start``."""

    start: int
    size: int

    @property
    def slices(self) -> range:
        """The numbers of the slices."""
        return range(self.start, self.start + self.size)

    def overlaps(self, other: "Placement") -> bool:
        """Whether they have a slice in common."""
        return self.start < other.slices.stop and other.start < self.slices.stop


@dataclass(frozen=True, slots=True, kw_only=True)
class Engines:
    """What a GPU or a profile has besides memory."""

    multiprocessors: int = 0
    copy_engines: int = 0
    decoders: int = 0
    encoders: int = 0
    jpeg_engines: int = 0
    ofa_engines: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class MigProfile:
    """A GPU instance profile together with the compute instance that fills it.

    Attributes:
        name: ``1g.23gb``, ``1g.23gb+me``, ``2g.45gb``.
        gi_profile: id for nvmlDeviceCreateGpuInstance; differs between boards for one name.
        ci_profile: id for nvmlGpuInstanceCreateComputeInstance; None for a static device whose compute instance is
            smaller than its GPU instance.
        compute_slices: the number before the ``g``.
        max_count: instances of it that fit one GPU.
        placements: where NVML allows it.
    """

    name: str
    gi_profile: int
    ci_profile: int | None
    compute_slices: int
    memory_bytes: int
    engines: Engines
    max_count: int
    placements: tuple[Placement, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MigInstance:
    """A MIG device that exists: its UUID and the ids of its GPU instance and compute instance."""

    uuid: MigUuid
    gi: int
    ci: int
    profile: MigProfile
    placement: Placement


@dataclass(frozen=True, slots=True, kw_only=True)
class MigSupport:
    """What a GPU that can be divided is able to.

    Attributes:
        enabled: MIG mode is on now.
        switchable: the mode changes without a reset of the GPU (Hopper and later).
        profiles: by ``gi_profile``.
        slices: memory slices of the GPU.
    """

    enabled: bool
    switchable: bool
    profiles: tuple[MigProfile, ...]
    slices: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NvLinks:
    """NVLink of a GPU.

    Attributes:
        active: links that are up.
        bandwidth_bytes: bytes per second in one direction over all of them; None if NVML does not know the speed.
        peers: GPUs that can be reached over NVLink, in this node or, through a fabric, in its clique; None if unknown.
    """

    active: int = 0
    bandwidth_bytes: int | None = None
    peers: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fabric:
    """A GPU's place in a multi-node NVLink domain that is completely initialised."""

    cluster: str
    clique: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Gpu:
    """One GPU as NVML and sysfs describe it.

    Attributes:
        minor: number of its device node /dev/nvidia<minor>.
        memory_bytes: NVML's total; None where memory is the host's.
        pcie_root: ``pci0000:00``; None if sysfs does not know the device.
        numa_node: None if unknown.
        cuda: CUDA version of the driver as major * 1000 + minor * 10.
        addressing_mode: ``HMM``, ``ATS`` or ``None``; None if NVML does not say.
        module_id: place on the baseboard; 0 is one.
        fabric_fault: why it does not work on its NVLink fabric; None if it does, or has none.
        fabric_degraded: why it works there with less than all of it.
        ecc: whether ECC is on; None where the board has none.
        recovery: what the driver recommends to do to the GPU, ``none`` for a healthy one; None if NVML does not say.
        mig: None on a board that cannot be divided.
        instances: MIG devices that exist now, by GPU instance and compute instance; those of this driver too.
    """

    minor: int
    uuid: GpuUuid
    name: str
    brand: str | None
    architecture: str | None
    capability: tuple[int, int]
    memory_bytes: int | None
    pci_bus_id: PciBusId
    pcie_root: str | None = None
    numa_node: int | None = None
    driver_version: str
    cuda: int
    addressing_mode: str | None = None
    module_id: int | None = None
    ecc: bool | None = None
    recovery: str | None = None
    links: NvLinks = NvLinks()
    fabric: Fabric | None = None
    fabric_fault: str | None = None
    fabric_degraded: str | None = None
    mig: MigSupport | None = None
    instances: tuple[MigInstance, ...] = ()

    @property
    def device_name(self) -> DeviceName:
        """The name of the whole GPU in the pool, with which the names of its parts begin."""
        return DeviceName(f"gpu-{self.minor}")


@dataclass(frozen=True, slots=True, kw_only=True)
class VfioFunction:
    """The PCI function of a GPU as sysfs describes it, for a virtual machine.

    Attributes:
        index: its number among the NVIDIA GPUs of the node, by address.
        driver: the kernel driver that it is bound to now: ``nvidia``, ``vfio-pci``, or None.
        iommu_group: number in /dev/vfio/<group>.
        addressable_bytes: sum of its 64-bit memory regions, rounded up to a power of two.
        iommufd: the host has /dev/iommu.
    """

    index: int
    pci_bus_id: PciBusId
    driver: str | None
    device_id: int
    vendor_id: int
    iommu_group: int
    addressable_bytes: int
    pcie_root: str | None = None
    numa_node: int | None = None
    iommufd: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuDevice:
    """A whole GPU."""

    name: DeviceName
    gpu: Gpu
    kind: Kind = field(default=Kind.GPU, init=False)

    @property
    def pci_bus_id(self) -> PciBusId:
        """The hardware that it is."""
        return self.gpu.pci_bus_id

    @property
    def uuid(self) -> str:
        """The GPU's."""
        return self.gpu.uuid


@dataclass(frozen=True, slots=True, kw_only=True)
class MigDevice:
    """A slice of ``gpu``; static with an ``instance``, dynamic without."""

    name: DeviceName
    gpu: Gpu
    profile: MigProfile
    placement: Placement
    instance: MigInstance | None = None
    kind: Kind = field(default=Kind.MIG, init=False)

    @property
    def pci_bus_id(self) -> PciBusId:
        """The hardware that it is part of."""
        return self.gpu.pci_bus_id

    @property
    def uuid(self) -> str | None:
        """The MIG device's; None before a dynamic one is prepared."""
        return self.instance.uuid if self.instance else None


@dataclass(frozen=True, slots=True, kw_only=True)
class VfioDevice:
    """The GPU as a PCI function; ``gpu`` is None while it is bound to vfio-pci, where NVML does not see it."""

    name: DeviceName
    function: VfioFunction
    uuid: str
    gpu: Gpu | None = None
    kind: Kind = field(default=Kind.VFIO, init=False)

    @property
    def pci_bus_id(self) -> PciBusId:
        """The hardware that it is."""
        return self.function.pci_bus_id


Allocatable = GpuDevice | MigDevice | VfioDevice
"""What a claim can be given."""


def overlap(first: Allocatable, second: Allocatable) -> bool:
    """Whether two devices need the same silicon, so that two claims cannot have them at once; true for one and itself."""
    if first.pci_bus_id != second.pci_bus_id:
        return False
    if not isinstance(first, MigDevice) or not isinstance(second, MigDevice):
        return True
    if first.instance and second.instance:  # two compute instances of one GPU instance have one placement
        return first.instance.uuid == second.instance.uuid
    return first.placement.overlaps(second.placement)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """All of one node.

    Attributes:
        gpus: by minor number; also those that give no device now (MIG mode on, and no instance).
        devices: {name: device} in the order of publishing, which is the order in which the scheduler tries them.
        unreadable: {which GPU: why}; GPUs that NVML knows of and could not describe.
        lost: UUIDs of GPUs that were described before and are unreadable now; their devices stay.
    """

    gpus: tuple[Gpu, ...] = ()
    devices: Mapping[DeviceName, Allocatable] = field(default_factory=dict)
    unreadable: Mapping[str, str] = field(default_factory=dict)
    lost: frozenset[str] = frozenset()

    def gpu(self, uuid: str) -> Gpu | None:
        """The GPU with this UUID, if NVML lists it now."""
        return next((gpu for gpu in self.gpus if gpu.uuid == uuid), None)
