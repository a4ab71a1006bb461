"""The steps of a prepare as values, which are recorded before they happen. ``steps`` carries them out.

Every step can be repeated and undone, also if it never happened: after an interruption nobody knows how far it came.
"""

import msgspec

from dra_api.identifiers import DeviceName, PoolName
from dra_driver.claims.opaque import Mode


class MigMode(msgspec.Struct, frozen=True, tag="migMode"):
    """MIG mode of a GPU is ON or off. Undone: off again if this driver switched it on and no instance is left."""

    gpu: str
    on: bool


class BindVfio(msgspec.Struct, frozen=True, tag="bindVfio"):
    """A PCI function is bound to vfio-pci. Undone: it is bound to the driver that it had, ``None`` for none.

    Attributes:
        function: its address.
        gpu: UUID of the GPU that it is under NVIDIA's driver; empty if that does not have it.
    """

    function: str
    driver: str | None
    gpu: str = ""


class CreateMig(msgspec.Struct, frozen=True, tag="createMig", kw_only=True):
    """The GPU instance of a placement and the compute instance that fills it exist. Undone: both are destroyed."""

    device: DeviceName
    gpu: str
    gi_profile: int
    ci_profile: int
    start: int
    size: int


class SetTimeSlice(msgspec.Struct, frozen=True, tag="timeSlice"):
    """How long a process on a GPU may run before the next one. Undone: the default."""

    gpu: str
    interval: int


class StartMps(msgspec.Struct, frozen=True, tag="startMps", kw_only=True):
    """An MPS control daemon serves DEVICES with these limits. Undone: it and its folder are gone.

    Attributes:
        key: names its folder; short, because the folder has sockets.
        limits: bytes by device.
        exclusive: these GPUs take no process but the daemon's while it runs.
    """

    key: str
    devices: tuple[DeviceName, ...]
    percentage: int | None = None
    limits: dict[DeviceName, int] = {}
    multi_user: bool = False
    exclusive: tuple[str, ...] = ()


class WriteMetadata(msgspec.Struct, frozen=True, tag="writeMetadata"):
    """The metadata files of the claim's requests are there. Undone: they are gone.

    Attributes:
        requests: as the allocation has them, ``main`` or ``main/sub``.
        pod_claim: the claim's name in its pod, if it was made from a template; else empty.
    """

    requests: tuple[str, ...]
    pod_claim: str = ""


class WriteCdi(msgspec.Struct, frozen=True, tag="writeCdi"):
    """The claim's CDI file has its devices; the last step, because it needs what the others made. Undone: it is gone."""


Step = MigMode | CreateMig | BindVfio | SetTimeSlice | StartMps | WriteMetadata | WriteCdi


class Made(msgspec.Struct, frozen=True):
    """A MIG device that a step made."""

    uuid: str
    gi: int
    ci: int


class PreparedDevice(msgspec.Struct, frozen=True, kw_only=True):
    """One device of the reply, and what a later call compares it with.

    Attributes:
        requests: main request names.
        admin: admin access, which changes and reserves nothing.
        gpu: UUID of the hardware; empty if the record does not say it.
        mode: how the claim wants it to be shared.
        consumed: quantities of its capacities, for a device that several claims have a share of.
    """

    requests: tuple[str, ...]
    pool: PoolName
    device: DeviceName
    cdi_ids: tuple[str, ...]
    admin: bool = False
    share_id: str | None = None
    gpu: str = ""
    mode: Mode | None = None
    consumed: dict[str, str] = {}
