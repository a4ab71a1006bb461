"""Which devices a claim gets, from its allocation and the inventory, as pure functions."""

from collections.abc import Mapping

import msgspec

from dra_api.identifiers import ClaimUid, DeviceName, DriverName, PoolName
from dra_api.objects import ResourceClaim
from dra_driver.cdi.spec import device_id
from dra_driver.claims.opaque import check_config
from dra_driver.devices.inventory import Gpu
from dra_driver.errors import ClaimError


class PreparedDevice(msgspec.Struct, frozen=True, kw_only=True):
    """One device of the reply; ``requests`` are main request names, ``admin`` is admin access."""

    requests: tuple[str, ...]
    pool: PoolName
    device: DeviceName
    cdi_ids: tuple[str, ...]
    admin: bool = False
    share_id: str | None = None


def plan_devices(
    claim: ResourceClaim, *, driver_name: DriverName, pool: PoolName, inventory: Mapping[DeviceName, Gpu]
) -> tuple[PreparedDevice, ...]:
    """The devices of this driver that the claim was allocated, in the order of the allocation.

    INVENTORY is {device name: GPU}. A device that is allocated for several requests is listed once per request.

    Raises:
        ClaimError: not allocated, a pool or device that this node does not have, or an unsupported configuration.
    """
    metadata = claim["metadata"]
    where = f"claim {metadata['namespace']}/{metadata['name']}"
    allocation = claim.get("status", {}).get("allocation")
    if not allocation:
        message = f"{where}: wanted status.allocation, found none; the scheduler has not allocated it"
        raise ClaimError(message)
    devices = allocation.get("devices", {})
    for config in devices.get("config", []):
        opaque = config.get("opaque")
        if opaque is not None and opaque["driver"] == driver_name:
            source = f"{where}, configuration {config.get('source', '')}"
            check_config(driver_name, opaque["parameters"], source)
    prepared = []
    for result in devices.get("results", []):
        if result["driver"] != driver_name:
            continue  # a claim may have devices of several drivers; the kubelet calls each of them
        device = DeviceName(result["device"])
        if result["pool"] != pool:
            message = (
                f"{where}: device {result['device']} is in pool {result['pool']}, this driver has pool {pool}"
            )
            raise ClaimError(message)
        if device not in inventory:
            message = (
                f"{where}: no device {device} in pool {pool}; there are {', '.join(inventory) or 'none'}"
            )
            raise ClaimError(message)
        prepared.append(
            PreparedDevice(
                # REQUEST/SUBREQUEST: the name of the request is enough (kubeletplugin.Device.Requests)
                requests=(result["request"].partition("/")[0],),
                pool=pool,
                device=device,
                cdi_ids=(device_id(driver_name, ClaimUid(metadata["uid"]), device),),
                admin=bool(result.get("adminAccess")),
                share_id=result.get("shareID"),
            )
        )
    return tuple(prepared)


def find_conflict(
    wanted: tuple[PreparedDevice, ...], held: Mapping[ClaimUid, tuple[PreparedDevice, ...]]
) -> str | None:
    """Why WANTED conflicts with the devices that other claims have, which are HELD by claim UID; None if it does not.

    Admin access conflicts with nothing: it is for monitoring a device that another claim uses (KEP-5018).
    """
    exclusive = {device.device for device in wanted if not device.admin}
    for uid, devices in held.items():
        taken = exclusive & {device.device for device in devices if not device.admin}
        if taken:
            return f"device {min(taken)} is prepared for claim {uid}; wait until that one is unprepared"
    return None
