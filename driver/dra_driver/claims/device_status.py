"""What ``status.devices`` of a claim says about this driver's devices (KEP-4817). Pure.

``data`` names the hardware, which for a dynamic MIG device nobody knows before: kind, UUID, PCI address, product, and how
the device is shared. The condition ``Ready`` is the device's health.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from dra_api.identifiers import DeviceName, DriverName
from dra_api.objects import Condition, DeviceStatus, ResourceClaim
from dra_driver.claims.checkpoint import Record
from dra_driver.claims.opaque import INTERVALS, Mode, Mps, TimeSlice
from dra_driver.claims.step import Made, PreparedDevice, StartMps
from dra_driver.devices.model import Allocatable, Inventory, MigDevice
from dra_driver.health.monitor import State

READY = "Ready"
MESSAGE_MAX = 32768
"""Bytes (metav1.Condition, validation in apimachinery)."""


def statuses(
    record: Record,
    claim: ResourceClaim,
    *,
    driver_name: DriverName,
    inventory: Inventory,
    health: Mapping[DeviceName, State],
    now: str,
) -> list[DeviceStatus]:
    """This driver's entries for a prepared claim; a condition that did not change keeps its time.

    Only what the claim is allocated now has one: the API server refuses others.
    """
    status = claim.get("status", {})
    results = status.get("allocation", {}).get("devices", {}).get("results", [])
    allocated = {
        key_of(result["pool"], result["device"], result.get("shareID"))
        for result in results
        if result["driver"] == driver_name
    }
    before = {
        key_of(entry["pool"], entry["device"], entry.get("shareID")): entry
        for entry in own(claim, driver_name)
    }
    found: dict[tuple[str, ...], DeviceStatus] = {}
    for device in record.devices:
        key = key_of(device.pool, device.device, device.share_id)
        if key not in allocated:
            continue
        entry: DeviceStatus = {"driver": driver_name, "pool": device.pool, "device": device.device}
        if device.share_id is not None:
            entry["shareID"] = device.share_id
        old = before[key].get("conditions", []) if key in before else []
        entry["conditions"] = [ready(health.get(device.device), old, now)]
        entry["data"] = data_of(device, inventory.devices.get(device.device), record)
        found[key] = entry
    return list(found.values())


def key_of(pool: str, device: str, share: str | None) -> tuple[str, ...]:
    """What makes an entry one of its own."""
    return (pool, device, share or "")


def own(claim: ResourceClaim, driver_name: DriverName) -> list[DeviceStatus]:
    """The entries of this driver that the claim has."""
    return [entry for entry in claim.get("status", {}).get("devices", []) if entry["driver"] == driver_name]


def ready(state: State | None, before: Sequence[Condition], now: str) -> Condition:
    """The condition of one device; nothing is known to be wrong where health is not watched."""
    healthy = state is None or state.healthy
    made: Condition = {
        "type": READY,
        "status": "True" if healthy else "False",
        "reason": "Prepared" if healthy else "Unhealthy",
        "message": state.message[:MESSAGE_MAX] if state else "",
        "lastTransitionTime": now,
    }
    for old in before:
        if (old["type"], old["status"]) == (made["type"], made["status"]):
            made["lastTransitionTime"] = old["lastTransitionTime"]
    return made


def data_of(device: PreparedDevice, hardware: Allocatable | None, record: Record) -> dict[str, Any]:
    """The hardware behind an entry."""
    made: Made | None = record.made.get(device.device)
    known = {
        "type": hardware.kind.value if hardware else None,
        "uuid": made.uuid if made else (hardware.uuid if hardware else None),
        "parentUUID": hardware.gpu.uuid if isinstance(hardware, MigDevice) else None,
        "pciBusID": hardware.pci_bus_id if hardware else None,
        "productName": hardware.gpu.name if hardware and hardware.gpu else None,
        "profile": hardware.profile.name if isinstance(hardware, MigDevice) else None,
        "sharing": None if device.admin else sharing_of(device, record),
        "adminAccess": True if device.admin else None,
    }
    return {name: value for name, value in known.items() if value is not None}


def sharing_of(device: PreparedDevice, record: Record) -> dict[str, Any] | None:
    """How processes share the device; the limits of MPS are those that its daemon has."""
    for step in record.steps:
        if isinstance(step, StartMps) and device.device in step.devices:
            limit = step.limits.get(device.device)
            known = {"activeThreadPercentage": step.percentage, "pinnedMemoryBytes": limit}
            return {"strategy": "MPS", **{name: value for name, value in known.items() if value is not None}}
    mode: Mode | None = device.mode
    match mode:
        case TimeSlice(interval=interval):
            return {"strategy": "TimeSlicing", "interval": INTERVALS[interval]}
        case Mps():
            return {"strategy": "MPS"}
    return None
