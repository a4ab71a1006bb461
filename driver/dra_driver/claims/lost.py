"""The record of a claim from its CDI file, for a checkpoint that lost it. Pure but for the look at MIG instances.

A CDI file without a record is a record that was lost, because the record is written first and removed last. The file
says which devices the claim has and which MPS daemon serves it; the rest follows from the inventory. It does not say the
claim's name, so only the kubelet, which knows the claim, ends such a record, by its next call for this UID.
"""

from collections.abc import Callable, Iterator
from pathlib import PurePath

from dra_api.identifiers import ClaimUid, DeviceName, DriverName, PoolName
from dra_driver.cdi.spec import CdiSpec, device_id, devices_in
from dra_driver.claims.checkpoint import DONE, Record
from dra_driver.claims.containers import MPS_PIPE
from dra_driver.claims.mig_instances import Instance
from dra_driver.claims.plan import hardware_of, steps_of
from dra_driver.claims.step import CreateMig, Made, PreparedDevice, StartMps, Step, WriteCdi, WriteMetadata
from dra_driver.devices.model import Inventory
from dra_driver.features import Shares


def record_of(
    uid: ClaimUid,
    document: CdiSpec,
    *,
    driver_name: DriverName,
    pool: PoolName,
    inventory: Inventory,
    instances: Callable[[str], list[Instance]],
    metadata: bool = False,
) -> Record | None:
    """The record; None if the file has no device.

    INSTANCES lists the GPU instances of a GPU. METADATA: the claim has metadata files.
    """
    names = devices_in(document, uid)
    if not names:
        return None
    devices = tuple(
        PreparedDevice(
            requests=(),
            pool=pool,
            device=device,
            cdi_ids=(device_id(driver_name, uid, device, None),),
            gpu=hardware_of(inventory.devices[device]) if device in inventory.devices else "",
        )
        for device in names
    )
    known = [device for device in devices if device.gpu]
    planned = [
        step for step in steps_of(known, inventory, uid, f"claim {uid}", Shares()) if step != WriteCdi()
    ]
    files = [WriteMetadata(())] if metadata else []  # the next prepare says which
    steps: tuple[Step, ...] = (*planned, *daemons_in(document, names), *files, WriteCdi())
    text = {variable.partition("=")[2] for variable in variables(document)}
    creations = [step for step in planned if isinstance(step, CreateMig)]
    made = {step.device: found for step in creations if (found := made_of(step, text, instances))}
    return Record(uid=uid, namespace="", name="", state=DONE, devices=devices, steps=steps, made=made)


def variables(document: CdiSpec) -> Iterator[str]:
    """The environment variables of all devices."""
    for device in document["devices"]:
        yield from device["containerEdits"]["env"]


def daemons_in(document: CdiSpec, names: list[DeviceName]) -> Iterator[StartMps]:
    """The MPS daemons whose pipes the containers get."""
    keys = {
        PurePath(mount["hostPath"]).parent.name
        for device in document["devices"]
        for mount in device["containerEdits"].get("mounts", [])
        if mount["containerPath"] == MPS_PIPE
    }
    for key in sorted(keys):
        yield StartMps(key=key, devices=tuple(names))


def made_of(step: CreateMig, uuids: set[str], instances: Callable[[str], list[Instance]]) -> Made | None:
    """What a step made, if it is what the containers were given."""
    for instance in instances(step.gpu):
        if instance.at(step):
            for ci, uuid in instance.compute.items():
                if uuid in uuids:
                    return Made(uuid, instance.gi, ci)
    return None
