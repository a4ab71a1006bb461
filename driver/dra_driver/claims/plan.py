"""From a claim, its allocation and the inventory to devices and steps. Pure.

The order of the steps: MIG mode, MIG devices, time slices, MPS daemons, the CDI file. Admin access takes no step on a
device, because another claim uses it; its CDI file shows what is there.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from dra_api.identifiers import ClaimUid, DeviceName, DriverName, PoolName
from dra_api.objects import DeviceResult, ResourceClaim
from dra_api.quantity import parse
from dra_driver.cdi.spec import device_id
from dra_driver.claims.configured import choices, config_of
from dra_driver.claims.opaque import Mode, Mps, TimeSlice, mode_of
from dra_driver.claims.step import CreateMig, MigMode, PreparedDevice, SetTimeSlice, StartMps, Step, WriteCdi
from dra_driver.devices.model import Allocatable, GpuDevice, Inventory, MigDevice, VfioDevice, overlap
from dra_driver.errors import ClaimError

MULTI_USER_CAPABILITY = (7, 0)
"""Volta: an MPS server takes clients of several users since then (NVIDIA's MPS documentation)."""
MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Plan:
    """The devices of the reply and what makes them usable."""

    devices: tuple[PreparedDevice, ...]
    steps: tuple[Step, ...]

    @property
    def gpus(self) -> frozenset[str]:
        """UUIDs of the hardware that the steps change."""
        return frozenset(device.gpu for device in self.devices if device.gpu)


def make_plan(claim: ResourceClaim, *, driver_name: DriverName, pool: PoolName, inventory: Inventory) -> Plan:
    """The devices of this driver that the claim was allocated, in the order of the allocation, and their steps.

    A device that is allocated for several requests is listed once per request.

    Raises:
        ClaimError: not allocated, a pool or device that this node does not have, devices that exclude each other, or a
            configuration that is wrong or does not fit.
    """
    metadata = claim["metadata"]
    where = f"claim {metadata['namespace']}/{metadata['name']}"
    allocation = claim.get("status", {}).get("allocation")
    if not allocation:
        message = f"{where}: wanted status.allocation, found none; the scheduler has not allocated it"
        raise ClaimError(message)
    members = allocation.get("devices", {})
    chosen = choices(driver_name, members.get("config", []), where)
    uid = ClaimUid(metadata["uid"])
    devices = []
    for result in members.get("results", []):
        if result["driver"] != driver_name:
            continue  # a claim may have devices of several drivers; the kubelet calls each of them
        found = lookup(result, pool, inventory, where)
        mode = mode_of(config_of(result, found, chosen))
        devices.append(prepared(result, found, mode, driver_name=driver_name, uid=uid))
    if problem := excluding(devices, inventory):
        message = f"{where}: {problem}"
        raise ClaimError(message)
    return Plan(tuple(devices), tuple(steps_of(devices, inventory, uid, where)))


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


def excluding(devices: Sequence[PreparedDevice], inventory: Inventory) -> str | None:
    """Why devices of one claim exclude each other; None if they do not."""
    exclusive = [device for device in devices if not device.admin]
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
    devices: Sequence[PreparedDevice], inventory: Inventory, uid: ClaimUid, where: str
) -> Iterator[Step]:
    """The steps in their order."""
    used: dict[DeviceName, PreparedDevice] = {}
    for device in devices:
        if not device.admin:
            known = used.get(device.device)
            used[device.device] = with_share(known, device) if known else device
    found = {name: inventory.devices[name] for name in used}
    yield from mig_steps(found.values())
    for name, device in used.items():
        target = found[name]
        if isinstance(device.mode, TimeSlice) and isinstance(target, GpuDevice):
            yield SetTimeSlice(target.gpu.uuid, device.mode.interval)
    yield from mps_steps(used, found, uid, where)
    if devices:
        yield WriteCdi()


def with_share(first: PreparedDevice, second: PreparedDevice) -> PreparedDevice:
    """Two shares of a device in one claim as one: it may use the memory of both."""
    amounts = [share.consumed["memory"] for share in (first, second) if "memory" in share.consumed]
    total = {"memory": str(sum(int(parse(amount)) for amount in amounts))} if amounts else {}
    return replace(first, consumed=first.consumed | total)


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


def mps_steps(
    used: Mapping[DeviceName, PreparedDevice],
    found: Mapping[DeviceName, Allocatable],
    uid: ClaimUid,
    where: str,
) -> Iterator[Step]:
    """One daemon for the devices with the same configuration; limits come from what the claim consumes, too.

    Raises:
        ClaimError: a limit is for a device that the claim does not have, or the GPU does not support it.
    """
    groups: dict[Mps, list[DeviceName]] = {}
    for name, device in used.items():
        target = found[name]
        mode = device.mode
        if mode is None and "memory" in device.consumed and not isinstance(target, VfioDevice):
            mode = Mps()  # else the memory would be counted and not enforced
        if isinstance(mode, Mps) and not isinstance(target, VfioDevice):
            groups.setdefault(mode, []).append(name)
    for number, (mode, members) in enumerate(groups.items()):
        gpus = {name: found[name].gpu for name in members}
        for name, gpu in gpus.items():
            if mode.multi_user and gpu is not None and gpu.capability < MULTI_USER_CAPABILITY:
                message = f"{where}: multiUser needs compute capability 7.0; {name} has {gpu.capability[0]}.{gpu.capability[1]}"
                raise ClaimError(message)
        yield StartMps(
            key=hashlib.sha256(f"{uid}/{number}".encode()).hexdigest()[:10],
            devices=tuple(members),
            percentage=mode.percentage,
            limits=limits_of(mode, [used[name] for name in members], found, where),
            multi_user=mode.multi_user,
            exclusive=tuple(
                gpu.uuid
                for name, gpu in gpus.items()
                if gpu is not None and isinstance(found[name], GpuDevice) and used[name].share_id is None
            ),
        )


def limits_of(
    mode: Mps, devices: Sequence[PreparedDevice], found: Mapping[DeviceName, Allocatable], where: str
) -> dict[DeviceName, int]:
    """Pinned memory in bytes by device: the one of its own, else the default, and never more than it consumes.

    Raises:
        ClaimError: a key names no device of the claim.
    """
    order = sorted(devices, key=lambda device: found[device.device].uuid or device.device)
    by_key = {str(index): device.device for index, device in enumerate(order)}
    by_key |= {uuid: device.device for device in order if (uuid := found[device.device].uuid)}
    unknown = [key for key, _ in mode.limits if key not in by_key]
    if unknown:
        message = f"{where}: defaultPerDevicePinnedMemoryLimit[{unknown[0]}] is no device of the claim; there are {', '.join(by_key)}"
        raise ClaimError(message)
    limits = {} if mode.limit is None else {device.device: mode.limit for device in order}
    limits |= {by_key[key]: limit for key, limit in mode.limits}
    for device in order:
        if "memory" in device.consumed:
            consumed = int(parse(device.consumed["memory"]))
            limits[device.device] = min(consumed, limits.get(device.device, consumed))
    return {name: max(limit, MIB) for name, limit in limits.items()}


def hardware_of(device: Allocatable) -> str:
    """What identifies the hardware: another board in the same slot has another one."""
    return device.gpu.uuid if device.gpu is not None else device.pci_bus_id


def same(known: Sequence[PreparedDevice], wanted: Sequence[PreparedDevice]) -> bool:
    """Whether WANTED is what a record KNOWN says; one that was made from a CDI file says less."""
    if known and not any(device.requests for device in known):
        return {(d.device, d.gpu) for d in known} == {(d.device, d.gpu) for d in wanted}
    return tuple(known) == tuple(wanted)


def find_conflict(
    wanted: Sequence[PreparedDevice],
    held: Mapping[ClaimUid, Sequence[PreparedDevice]],
    inventory: Inventory,
) -> tuple[ClaimUid, str] | None:
    """Which claim has a device that WANTED needs, and why that excludes it; None if there is none.

    HELD are the devices of other claims. Admin access conflicts with nothing: it is for monitoring a device that
    another claim uses (KEP-5018). Shares of a device go together if they are configured alike.
    """
    for device in wanted:
        for uid, others in held.items():
            for other in others:
                if device.admin or other.admin:
                    continue
                if problem := between(device, other, inventory):
                    return uid, problem
    return None


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
