"""Which MPS daemons a claim needs, and their limits: what it is configured with, and what it consumes of shared devices. Pure.

What a claim consumes would be counted by the scheduler only. A daemon of the claim's own makes it a limit: consumed memory,
or the part of the memory and of the threads that the claim's shares are.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence

from msgspec.structs import replace

from dra_api.identifiers import ClaimUid, DeviceName
from dra_api.quantity import parse
from dra_driver.claims.opaque import Mode, Mps
from dra_driver.claims.step import PreparedDevice, StartMps, Step
from dra_driver.devices.model import Allocatable, GpuDevice, MigDevice, VfioDevice
from dra_driver.errors import ClaimError
from dra_driver.features import Shares

MULTI_USER_CAPABILITY = (7, 0)
"""Volta: an MPS server takes clients of several users since then (NVIDIA's MPS documentation)."""
MIB = 1 << 20


def mps_steps(
    used: Mapping[DeviceName, PreparedDevice],
    found: Mapping[DeviceName, Allocatable],
    uid: ClaimUid,
    where: str,
    shares: Shares,
) -> Iterator[Step]:
    """One daemon for the devices with the same configuration; limits come from what the claim consumes, too.

    Raises:
        ClaimError: a limit is for a device that the claim does not have, or the GPU does not support it.
    """
    groups: dict[Mps, list[DeviceName]] = {}
    for name, device in used.items():
        mode = None if isinstance(found[name], VfioDevice) else enforced(device, shares)
        if isinstance(mode, Mps):
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
            limits=limits_of(mode, [used[name] for name in members], found, where, shares),
            multi_user=mode.multi_user,
            exclusive=tuple(
                gpu.uuid
                for name, gpu in gpus.items()
                if gpu is not None and isinstance(found[name], GpuDevice) and used[name].share_id is None
            ),
        )


def enforced(device: PreparedDevice, shares: Shares) -> Mode | None:
    """How a device is shared: what is consumed of it is enforced by MPS, unless the claim wants time slices."""
    mode, part = device.mode, percentage_of(device, shares)
    if mode is None and (part is not None or consumed(device, "memory")):
        mode = Mps()  # else it would be counted and not enforced
    if not isinstance(mode, Mps) or part is None:
        return mode
    return replace(mode, percentage=min(part, mode.percentage or part))


def percentage_of(device: PreparedDevice, shares: Shares) -> int | None:
    """The part of a device's threads that a claim consumed shares for; None where shares are not counted."""
    taken = consumed(device, "shares")
    return max(1, taken * 100 // shares.count) if taken and shares.count else None


def limits_of(
    mode: Mps,
    devices: Sequence[PreparedDevice],
    found: Mapping[DeviceName, Allocatable],
    where: str,
    shares: Shares,
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
        if most := memory_of(device, found[device.device], shares):
            limits[device.device] = min(most, limits.get(device.device, most))
    return {name: max(limit, MIB) for name, limit in limits.items()}


def memory_of(device: PreparedDevice, hardware: Allocatable, shares: Shares) -> int:
    """The bytes that a claim may use at most: what it consumes, else the part that its shares are; 0: no limit."""
    if amount := consumed(device, "memory"):
        return amount
    taken, total = consumed(device, "shares"), 0
    match hardware:
        case GpuDevice(gpu=gpu):
            total = gpu.memory_bytes or 0
        case MigDevice(profile=profile):
            total = profile.memory_bytes
    return total * taken // shares.count if taken and shares.count else 0


def consumed(device: PreparedDevice, name: str) -> int:
    """How much a claim consumes of a capacity; 0 if it does not say."""
    amount = device.consumed.get(name)
    return int(parse(amount)) if amount else 0
