"""From a claim, its allocation and the inventory to devices and steps. Pure.

The order of the steps: MIG mode, MIG devices, PCI functions, time slices, MPS daemons, metadata files, the CDI file. Admin access takes no step on a
device, because another claim uses it; its CDI file shows what is there.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from dra_api.identifiers import ClaimUid, DeviceName, DriverName, PoolName
from dra_api.objects import DeviceResult, ResourceClaim
from dra_driver.cdi.metadata import device_id as metadata_id
from dra_driver.cdi.spec import device_id
from dra_driver.claims.configured import choices, config_of
from dra_driver.claims.mps_steps import consumed, mps_steps
from dra_driver.claims.opaque import Mode, TimeSlice, Vfio, mode_of
from dra_driver.claims.shares import mixed, too_much
from dra_driver.claims.step import (
    BindVfio,
    CreateMig,
    MigMode,
    PreparedDevice,
    SetTimeSlice,
    Step,
    WriteCdi,
    WriteMetadata,
)
from dra_driver.devices.inventory import VFIO_DRIVER
from dra_driver.devices.model import Allocatable, GpuDevice, Inventory, MigDevice, VfioDevice, overlap
from dra_driver.errors import ClaimError
from dra_driver.features import Features, Shares

POD_CLAIM = "resource.kubernetes.io/pod-claim-name"
"""The annotation of a claim that was made from a template (k8s.io/api resource/v1, PodResourceClaimAnnotation)."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The devices of the reply and what makes them usable."""

    devices: tuple[PreparedDevice, ...]
    steps: tuple[Step, ...]

    @property
    def gpus(self) -> frozenset[str]:
        """UUIDs of the hardware that the steps change."""
        return frozenset(device.gpu for device in self.devices if device.gpu)


def make_plan(
    claim: ResourceClaim,
    *,
    driver_name: DriverName,
    pool: PoolName,
    inventory: Inventory,
    features: Features,
) -> Plan:
    """The devices of this driver that the claim was allocated, in the order of the allocation, and their steps.

    A device that is allocated for several requests is listed once per request.

    Raises:
        ClaimError: not allocated, a pool or device that this node does not have, devices that exclude each other, or a
            configuration that is wrong or does not fit.
    """
    header = claim["metadata"]
    where = f"claim {header['namespace']}/{header['name']}"
    allocation = claim.get("status", {}).get("allocation")
    if not allocation:
        message = f"{where}: wanted status.allocation, found none; the scheduler has not allocated it"
        raise ClaimError(message)
    members = allocation.get("devices", {})
    chosen = choices(driver_name, members.get("config", []), where)
    uid = ClaimUid(header["uid"])
    # a claim may have devices of several drivers; the kubelet calls each of them
    results = [result for result in members.get("results", []) if result["driver"] == driver_name]
    devices = []
    for result in results:
        found = lookup(result, pool, inventory, where)
        mode = mode_of(config_of(result, found, chosen))
        if mode is None and isinstance(found, VfioDevice):
            mode = Vfio()
        devices.append(prepared(result, found, mode, driver_name=driver_name, uid=uid))
    if problem := excluding(devices, inventory, features):
        message = f"{where}: {problem}"
        raise ClaimError(message)
    steps = tuple(steps_of(devices, inventory, uid, where, features.shares))
    if features.metadata and steps:
        steps = (*steps[:-1], metadata_step(claim, results), *steps[-1:])
    return Plan(tuple(devices), steps)


def metadata_step(claim: ResourceClaim, results: Sequence[DeviceResult]) -> WriteMetadata:
    """What describes to the containers the devices of each request."""
    pod_claim = claim["metadata"].get("annotations", {}).get(POD_CLAIM, "")
    return WriteMetadata(tuple(sorted({result["request"] for result in results})), pod_claim)


def with_metadata_step(known: tuple[Step, ...], wanted: Sequence[Step]) -> tuple[Step, ...]:
    """The steps of a record as they are KNOWN, with the metadata files that are WANTED: these change nothing else."""
    files = [step for step in wanted if isinstance(step, WriteMetadata)]
    if not files or not known:
        return known
    others = [step for step in known[:-1] if not isinstance(step, WriteMetadata)]
    return (*others, *files, known[-1])


def as_reported(
    devices: Sequence[PreparedDevice],
    steps: Sequence[Step],
    *,
    driver_name: DriverName,
    uid: ClaimUid,
    driver_files: Sequence[str],
) -> tuple[PreparedDevice, ...]:
    """DEVICES as the kubelet gets them.

    The first of each request brings what its containers need once: the CDI devices DRIVER_FILES, which a virtual machine
    does not need, and the request's metadata file.
    """
    metadata = any(isinstance(step, WriteMetadata) for step in steps)
    named: set[str] = set()
    found = []
    for device in devices:
        new = [request for request in device.requests if request not in named]
        named |= set(new)
        common = driver_files if new and not isinstance(device.mode, Vfio) else ()
        files = [metadata_id(driver_name, uid, request) for request in new] if metadata else []
        found.append(replace(device, cdi_ids=(*device.cdi_ids, *common, *files)))
    return tuple(found)


def lookup(result: DeviceResult, pool: PoolName, inventory: Inventory, where: str) -> Allocatable:
    """The device that RESULT names.

    Raises:
        ClaimError: this node does not have it.
    """
    name = DeviceName(result["device"])
    if result["pool"] != pool:
        message = f"{where}: device {name} is in pool {result['pool']}, this driver has pool {pool}"
        raise ClaimError(message)
    if name not in inventory.devices:
        shown = ", ".join(list(inventory.devices)[:20]) or "none"
        message = f"{where}: no device {name} in pool {pool}; there are {shown}"
        raise ClaimError(message)
    return inventory.devices[name]


def prepared(
    result: DeviceResult, device: Allocatable, mode: Mode | None, *, driver_name: DriverName, uid: ClaimUid
) -> PreparedDevice:
    """A device of the reply."""
    share, consumed = result.get("shareID"), result.get("consumedCapacity") or {}
    return PreparedDevice(
        # REQUEST/SUBREQUEST: the name of the request is enough (kubeletplugin.Device.Requests)
        requests=(result["request"].partition("/")[0],),
        pool=PoolName(result["pool"]),
        device=device.name,
        cdi_ids=(device_id(driver_name, uid, device.name, share),),
        admin=bool(result.get("adminAccess")),
        share_id=share,
        gpu=hardware_of(device),
        mode=mode,
        # a domain prefix may be left out (KEP-5075), and there is one domain here
        consumed={name.rpartition("/")[2]: amount for name, amount in sorted(consumed.items())},
    )


def excluding(devices: Sequence[PreparedDevice], inventory: Inventory, features: Features) -> str | None:
    """Why devices of one claim exclude each other; None if they do not."""
    exclusive = [device for device in devices if not device.admin]
    if problem := mixed(exclusive):
        return problem
    if excess := too_much(exclusive, {}, inventory, features):
        return excess[1]
    for index, first in enumerate(exclusive):
        for second in exclusive[:index]:
            if first.device == second.device:
                if first.mode != second.mode:
                    return (
                        f"{first.device} has two configurations in one claim; give its requests the same one"
                    )
            elif overlap(inventory.devices[first.device], inventory.devices[second.device]):
                return f"{second.device} and {first.device} are the same silicon and exclude each other"
    return None


def steps_of(
    devices: Sequence[PreparedDevice], inventory: Inventory, uid: ClaimUid, where: str, shares: Shares
) -> Iterator[Step]:
    """The steps in their order."""
    used: dict[DeviceName, PreparedDevice] = {}
    for device in devices:
        if not device.admin:
            known = used.get(device.device)
            used[device.device] = with_share(known, device) if known else device
    found = {name: inventory.devices[name] for name in used}
    yield from mig_steps(found.values())
    for target in found.values():
        if isinstance(target, VfioDevice) and target.function.driver != VFIO_DRIVER:
            yield BindVfio(
                target.function.pci_bus_id, target.function.driver, target.gpu.uuid if target.gpu else ""
            )
    for name, device in used.items():
        target = found[name]
        if isinstance(device.mode, TimeSlice) and isinstance(target, GpuDevice):
            yield SetTimeSlice(target.gpu.uuid, device.mode.interval)
    yield from mps_steps(used, found, uid, where, shares)
    if devices:
        yield WriteCdi()


def with_share(first: PreparedDevice, second: PreparedDevice) -> PreparedDevice:
    """Two shares of a device in one claim as one: it may use what both consume."""
    names = first.consumed.keys() | second.consumed.keys()
    total = {name: str(consumed(first, name) + consumed(second, name)) for name in sorted(names)}
    return replace(first, consumed=total)


def mig_steps(devices: Iterable[Allocatable]) -> Iterator[Step]:
    """MIG mode where it is not as the devices need it, then the dynamic MIG devices."""
    listed = [device for device in devices if not isinstance(device, VfioDevice)]
    wanted: dict[str, bool] = {}
    for device in listed:
        if isinstance(device, MigDevice) and device.instance is None:
            wanted[device.gpu.uuid] = True
        elif isinstance(device, GpuDevice) and device.gpu.mig is not None and device.gpu.mig.enabled:
            wanted[device.gpu.uuid] = False
    yield from (MigMode(gpu, on) for gpu, on in sorted(wanted.items()))
    for device in listed:
        if (
            isinstance(device, MigDevice)
            and device.instance is None
            and device.profile.ci_profile is not None
        ):
            yield CreateMig(
                device=device.name,
                gpu=device.gpu.uuid,
                gi_profile=device.profile.gi_profile,
                ci_profile=device.profile.ci_profile,
                start=device.placement.start,
                size=device.placement.size,
            )


def hardware_of(device: Allocatable) -> str:
    """What identifies the hardware: another board in the same slot has another one.

    A function for a virtual machine is its address, because NVML does not see it once it is bound to vfio-pci.
    """
    return device.pci_bus_id if isinstance(device, VfioDevice) else device.gpu.uuid


def same(known: Sequence[PreparedDevice], wanted: Sequence[PreparedDevice]) -> bool:
    """Whether WANTED is what a record KNOWN says; one that was made from a CDI file says less."""
    if known and not any(device.requests for device in known):
        return {(d.device, d.gpu) for d in known} == {(d.device, d.gpu) for d in wanted}
    return tuple(known) == tuple(wanted)


def find_conflict(
    wanted: Sequence[PreparedDevice],
    held: Mapping[ClaimUid, Sequence[PreparedDevice]],
    inventory: Inventory,
    features: Features,
) -> tuple[ClaimUid, str] | None:
    """Which claim has a device that WANTED needs, and why that excludes it; None if there is none.

    HELD are the devices of other claims. Admin access conflicts with nothing: it is for monitoring a device that
    another claim uses (KEP-5018). Shares of a device go together if they are configured alike and fit it.
    """
    for device in wanted:
        for uid, others in held.items():
            for other in others:
                if device.admin or other.admin:
                    continue
                if problem := between(device, other, inventory):
                    return uid, problem
    holder, problem = too_much(wanted, held, inventory, features) or (None, "")
    return (holder, problem) if holder else None


def between(wanted: PreparedDevice, other: PreparedDevice, inventory: Inventory) -> str | None:
    """Why two devices of two claims exclude each other; None if they do not."""
    if wanted.device == other.device:
        if wanted.share_id is None or other.share_id is None:
            return f"device {wanted.device} is prepared"
        if wanted.mode != other.mode:
            return f"device {wanted.device} is shared with another configuration"
        return None
    first, second = inventory.devices.get(wanted.device), inventory.devices.get(other.device)
    if first is not None and second is not None and overlap(first, second):
        return f"device {wanted.device} overlaps with {other.device}, which is prepared"
    return None
