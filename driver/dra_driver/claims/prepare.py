"""Pure: a claim's allocation and the inventory to what the claim is given, or to an error that names the object."""

from collections.abc import Mapping
from typing import Any

import msgspec

from dra_driver.cdi.spec import device_id
from dra_driver.claims.opaque import check_config
from dra_driver.devices.inventory import Gpu
from dra_driver.errors import ClaimError


class PreparedDevice(msgspec.Struct, frozen=True, kw_only=True):
    """One device of the reply; ``requests`` are main request names, ``admin`` is admin access."""

    requests: tuple[str, ...]
    pool: str
    device: str
    cdi_ids: tuple[str, ...]
    admin: bool = False
    share_id: str | None = None


def check_identity(claim: Mapping[str, Any], uid: str) -> None:
    """Refuse a claim that is another one of the same name.

    Raises:
        ClaimError: the UID differs.
    """
    found = claim["metadata"]["uid"]
    if found != uid:
        message = f"claim {claim['metadata']['namespace']}/{claim['metadata']['name']}: wanted UID {uid}, found {found}: it was replaced by another of the same name"
        raise ClaimError(message)


def plan_devices(
    claim: Mapping[str, Any], *, driver_name: str, pool: str, inventory: Mapping[str, Gpu]
) -> tuple[PreparedDevice, ...]:
    """The devices of this driver that the claim was allocated, in the order of the allocation.

    INVENTORY is {device name: GPU}. A device allocated for several requests stands once a request.

    Raises:
        ClaimError: not allocated, or a pool or device that this node does not have, or a configuration that cannot be honoured.
    """
    metadata = claim["metadata"]
    where = f"claim {metadata['namespace']}/{metadata['name']}"
    allocation = claim.get("status", {}).get("allocation")
    if not allocation:
        message = f"{where}: wanted status.allocation, found none; the scheduler has not allocated it"
        raise ClaimError(message)
    devices = allocation.get("devices", {})
    for config in devices.get("config", []):
        opaque = config.get("opaque", {})
        if opaque.get("driver") == driver_name:
            check_config(
                driver_name, opaque.get("parameters"), f"{where}, configuration {config.get('source', '')}"
            )
    prepared = []
    for result in devices.get("results", []):
        if result["driver"] != driver_name:
            continue
        if result["pool"] != pool:
            message = (
                f"{where}: device {result['device']} is in pool {result['pool']}, this driver has pool {pool}"
            )
            raise ClaimError(message)
        if result["device"] not in inventory:
            message = f"{where}: no device {result['device']} in pool {pool}; there are {', '.join(inventory) or 'none'}"
            raise ClaimError(message)
        prepared.append(
            PreparedDevice(
                requests=(result["request"].partition("/")[0],),
                pool=pool,
                device=result["device"],
                cdi_ids=(device_id(driver_name, metadata["uid"], result["device"]),),
                admin=bool(result.get("adminAccess")),
                share_id=result.get("shareID"),
            )
        )
    return tuple(prepared)


def find_conflict(
    wanted: tuple[PreparedDevice, ...], held: Mapping[str, tuple[PreparedDevice, ...]]
) -> str | None:
    """Why WANTED cannot be given beside what other claims hold {claim UID: devices}; None if it can."""
    exclusive = {device.device for device in wanted if not device.admin}
    for uid, devices in held.items():
        taken = exclusive & {device.device for device in devices if not device.admin}
        if taken:
            return f"device {min(taken)} is prepared for claim {uid}; wait until that one is unprepared"
    return None
