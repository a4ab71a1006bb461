"""What is offered of the hardware: a snapshot in, an ``Inventory`` out. Pure.

For each GPU, by minor number:

* the whole GPU, unless MIG mode is on and cannot be switched off by the driver;
* with dynamic MIG, every placement of every profile beside it, if MIG mode is on or can be switched on;
* MIG devices that somebody else made (static). Beside one the whole GPU and the placements that need its memory
  slices are not offered: the driver never destroys what it did not make. MIG devices that the driver made for a claim
  are not devices of their own; the dynamic device behind each stays as it was;
* a VFIO sibling; alone while the GPU is bound to vfio-pci, where NVML does not see it.

A GPU that was seen before and cannot be read now stays as it was last seen: its claims are still there, and health
taints it.
"""

import re
import uuid
from collections.abc import Collection, Iterator

from dra_api.identifiers import DeviceName
from dra_driver.devices.model import (
    Allocatable,
    Gpu,
    GpuDevice,
    Inventory,
    MigDevice,
    MigInstance,
    MigProfile,
    Placement,
    VfioDevice,
    VfioFunction,
)
from dra_driver.devices.scan import Snapshot
from dra_driver.features import Features

VFIO_DRIVER = "vfio-pci"


def make_inventory(
    snapshot: Snapshot,
    features: Features,
    *,
    ours: Collection[DeviceName] = (),
    before: Inventory | None = None,
) -> Inventory:
    """What is offered.

    Args:
        snapshot: the hardware now.
        features: the kinds that are offered.
        ours: names of dynamic devices that are prepared or being prepared: their MIG instances are this driver's.
        before: the last inventory.
    """
    vanished = lost(snapshot, before.gpus if before else ())
    gpus = tuple(sorted((*snapshot.gpus, *vanished), key=lambda gpu: gpu.minor))
    devices: list[Allocatable] = []
    functions = {each.pci_bus_id: each for each in snapshot.functions} if features.vfio else {}
    for gpu in gpus:
        function = functions.pop(gpu.pci_bus_id, None)
        foreign = [each for each in gpu.instances if dynamic_name(gpu, each) not in ours]
        devices += parts_of(gpu, foreign, features)
        if function and not foreign:
            devices.append(sibling(function, gpu))
    devices += [sibling(each, None) for each in functions.values() if each.driver == VFIO_DRIVER]
    return Inventory(
        gpus=gpus,
        devices={device.name: device for device in devices},
        unreadable=dict(snapshot.unreadable),
        lost=frozenset(gpu.uuid for gpu in vanished),
    )


def lost(snapshot: Snapshot, before: tuple[Gpu, ...]) -> tuple[Gpu, ...]:
    """The GPUs of BEFORE that are the unreadable ones now.

    NVML does not say the UUID of a GPU that it cannot read. Where as many are missing as are unreadable, they are the
    same; else some were unplugged, and it is unknown which.
    """
    known = {gpu.uuid for gpu in snapshot.gpus}
    missing = tuple(gpu for gpu in before if gpu.uuid not in known)
    return missing if len(missing) == len(snapshot.unreadable) else ()


def parts_of(gpu: Gpu, foreign: list[MigInstance], features: Features) -> Iterator[Allocatable]:
    """The devices of a GPU under the NVIDIA driver."""
    support = gpu.mig
    switchable = support is not None and support.switchable and features.dynamic_mig
    if not foreign and (support is None or not support.enabled or switchable):
        yield GpuDevice(name=gpu.device_name, gpu=gpu)
    if features.static_mig:
        yield from (existing(gpu, instance) for instance in foreign)
    if support and features.dynamic_mig and (support.enabled or support.switchable):
        for profile in support.profiles:
            for place in profile.placements:
                if not any(place.overlaps(instance.placement) for instance in foreign):
                    yield MigDevice(
                        name=mig_name(gpu, profile, place), gpu=gpu, profile=profile, placement=place
                    )


def mig_name(gpu: Gpu, profile: MigProfile, place: Placement) -> DeviceName:
    """``gpu-0-mig-1g23gb-me-20-3``, as NVIDIA's driver names it: profile, id of the profile, first slice."""
    text = re.sub(r"[^a-z0-9]+", "-", profile.name.lower().replace(".", "").replace("+", "-")).strip("-")
    return DeviceName(f"{gpu.device_name}-mig-{text}-{profile.gi_profile}-{place.start}")


def dynamic_name(gpu: Gpu, instance: MigInstance) -> DeviceName:
    """The name of the dynamic device that would be this instance."""
    return mig_name(gpu, instance.profile, instance.placement)


def existing(gpu: Gpu, instance: MigInstance) -> MigDevice:
    """A static device; one that does not fill its GPU instance has the compute instance's id in its name."""
    name = dynamic_name(gpu, instance)
    if instance.profile.ci_profile is None:
        name = DeviceName(f"{name}-ci{instance.ci}")
    return MigDevice(
        name=name, gpu=gpu, profile=instance.profile, placement=instance.placement, instance=instance
    )


def sibling(function: VfioFunction, gpu: Gpu | None) -> VfioDevice:
    """The VFIO device; its UUID follows from the address, as in NVIDIA's driver."""
    return VfioDevice(
        name=DeviceName(f"gpu-vfio-{function.index}"),
        function=function,
        uuid=str(uuid.uuid5(uuid.NAMESPACE_DNS, function.pci_bus_id)),
        gpu=gpu,
    )
