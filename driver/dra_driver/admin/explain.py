"""``dra-driver explain CLAIM-UID``: what the driver did for a claim, whether it still holds, and what stands in its way.

It reads the node as it is, beside a driver that runs or not, and changes nothing.
"""

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from dra_api.identifiers import ClaimUid, DeviceName
from dra_driver.admin.stored import living_instances, stored_records
from dra_driver.cdi.files import CdiFiles
from dra_driver.claims.checkpoint import DONE, Record
from dra_driver.claims.occupancy import Occupancy
from dra_driver.claims.step import PreparedDevice
from dra_driver.claims.steps import Steps
from dra_driver.devices.model import Inventory
from dra_driver.errors import EnvironmentFault
from dra_driver.health.conditions import Condition
from dra_driver.settings import Settings


def explain(
    uid: ClaimUid,
    settings: Settings,
    *,
    inventory: Inventory,
    steps: Steps,
    cdi: CdiFiles,
    conditions: Mapping[DeviceName, Sequence[Condition]],
) -> Iterator[str]:
    """Lines about one claim. CONDITIONS are those of devices.

    Raises:
        EnvironmentFault: the checkpoint cannot be read.
    """
    records = {record.uid: record for record in stored_records(settings.data_dir)}
    living = living_instances(settings.data_dir)
    record = records.get(uid)
    if record is None:
        yield f"claim {uid}: this driver has no record of it: it was never prepared here, or is unprepared"
        if cdi.path(uid).exists():
            yield f"  but its CDI file {cdi.path(uid)} is there; the driver removes it at its next start"
        yield f"  claims that are recorded: {', '.join(records) or 'none'}"
        return
    yield f"claim {record.namespace or '?'}/{record.name or '?'} ({uid}): {state_of(record, living)}"
    for device in record.devices:
        yield from of_device(device, record, inventory, conditions)
    for number, step in enumerate(record.steps, 1):
        yield f"  step {number}, {type(step).__name__}: {holding(steps, record, number - 1)}; {shown(step)}"
    try:
        occupied = Occupancy(lambda: inventory, settings.procfs).reason(record.devices)
    except EnvironmentFault as error:
        occupied = str(error)
    yield f"  in use: {occupied or 'no process of the node is seen on its devices'}"


def state_of(record: Record, living: Sequence[str]) -> str:
    """How far its preparation is."""
    if record.state == DONE:
        return "prepared"
    if record.owner in living:
        return "being prepared or unprepared by a driver that runs"
    return "interrupted: the driver undoes it when it starts, and the kubelet calls again"


def of_device(
    device: PreparedDevice,
    record: Record,
    inventory: Inventory,
    conditions: Mapping[DeviceName, Sequence[Condition]],
) -> Iterator[str]:
    """What one device is, and how it is."""
    hardware = inventory.devices.get(device.device)
    made = record.made.get(device.device)
    uuid = made.uuid if made else (hardware.uuid if hardware else None)
    extras = [
        *(["admin access"] if device.admin else []),
        *([f"share {device.share_id}"] if device.share_id else []),
        *(f"{amount} of {name}" for name, amount in device.consumed.items()),
        *([f"sharing {shown(device.mode)}"] if device.mode else []),
    ]
    what = ", ".join([f"for {'/'.join(device.requests) or 'an unknown request'}", uuid or "no UUID", *extras])
    yield f"  device {device.device}: {what}"
    if hardware is None:
        yield "    the node does not have it now: it is gone, or NVML cannot read its GPU"
    for condition in conditions.get(device.device, ()):
        yield f"    sick: {condition.fault.value} {condition.value}"


def holding(steps: Steps, record: Record, number: int) -> str:
    """Whether what a step did is still there."""
    try:
        return (
            "holds"
            if steps.holds(record.steps[number], record)
            else "does not hold; the driver does it again"
        )
    except EnvironmentFault as error:
        return f"unknown: {error}"


def shown(value: msgspec.Struct) -> str:
    """A value in one line."""
    return msgspec.json.encode(value).decode()
