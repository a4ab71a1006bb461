"""The pool of a node: its devices and counter sets, divided into slices at the limits of the API. Pure.

One model for all that is offered: counter sets in slices of their own, devices in others (Kubernetes 1.35 and later). What
a server does not know changes the pool, never the safety of it (``Accepts``):

* no counters in another slice (1.34): a slice per GPU with its counter set and its devices;
* no counters at all (the gate DRAPartitionableDevices is off): parts would look independent, so of each GPU that is
  offered in several ways only the first is published, the whole one if there is one;
* no taints (DRADeviceTaints is off): a sick device would look healthy, so it is left out;
* no sharing (DRAConsumableCapacity is off): the devices are exclusive, which is what the server makes of them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from dra_api.identifiers import DeviceName
from dra_api.names import SLICE_COUNTER_SETS_MAX, SLICE_DEVICES_MAX, SLICE_RICH_DEVICES_MAX
from dra_api.objects import CounterSet, Device, DeviceTaint
from dra_driver.devices import counters
from dra_driver.devices.attributes import device_of
from dra_driver.devices.model import Allocatable, Inventory
from dra_driver.features import Features

RICH_FIELDS = ("taints", "consumesCounters")
LIST_VALUES = ("bools", "ints", "strings", "versions")
KEEPS_AWAY = ("NoSchedule", "NoExecute")

Taints = Mapping[DeviceName, Sequence[DeviceTaint]]
"""{device: its taints}."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepts:
    """What the API server keeps of a slice; all of it until it is seen to refuse or drop something."""

    counters_apart: bool = True
    counters: bool = True
    taints: bool = True


@dataclass(frozen=True, slots=True)
class Part:
    """The content of one slice."""

    devices: Sequence[Device] = ()
    counters: Sequence[CounterSet] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What a node offers: its inventory, the taints of its devices, and how they can be shared."""

    inventory: Inventory
    features: Features
    taints: Taints = field(default_factory=dict)


def pool_of(offer: Offer, accepts: Accepts) -> list[Part]:
    """The slices of the pool in their order; one empty slice if nothing is offered."""
    offered = published(offer, accepts)
    divided = counters.counted(offered) if accepts.counters else frozenset()
    entries = [(device, entry(device, offer, device.pci_bus_id in divided)) for device in offered]
    sets = {
        gpu.pci_bus_id: counters.counter_set(gpu, offered)
        for gpu in offer.inventory.gpus
        if gpu.pci_bus_id in divided
    }
    if accepts.counters_apart:
        return [*apart(list(sets.values())), *map(Part, split([made for _, made in entries]))]
    plain = [made for device, made in entries if device.pci_bus_id not in sets]
    together = [
        Part([made for device, made in entries if device.pci_bus_id == where], [found])
        for where, found in sets.items()
    ]
    return [*together, *(map(Part, split(plain)) if plain or not together else ())]


def published(offer: Offer, accepts: Accepts) -> list[Allocatable]:
    """The devices that can be published safely on such a server."""
    found = list(offer.inventory.devices.values())
    if not accepts.counters:
        divided = counters.counted(found)
        first = {device.pci_bus_id: device.name for device in reversed(found)}
        found = [
            device
            for device in found
            if device.pci_bus_id not in divided or first[device.pci_bus_id] == device.name
        ]
    if not accepts.taints:
        found = [device for device in found if not is_kept_away(offer.taints.get(device.name, ()))]
    return found


def is_kept_away(taints: Sequence[DeviceTaint]) -> bool:
    """Whether a claim that tolerates nothing does not get a device with TAINTS."""
    return any(taint["effect"] in KEEPS_AWAY for taint in taints)


def entry(device: Allocatable, offer: Offer, divided: bool) -> Device:
    """The entry of ``spec.devices``."""
    made = device_of(device, offer.features)
    consumption = counters.consumption(device) if divided else None
    if consumption is not None:
        made["consumesCounters"] = [consumption]
    taints = offer.taints.get(device.name)
    if taints:
        made["taints"] = list(taints)
    return made


def apart(sets: list[CounterSet]) -> list[Part]:
    """Counter sets in slices of their own."""
    limit = SLICE_COUNTER_SETS_MAX
    return [Part((), sets[start : start + limit]) for start in range(0, len(sets), limit)]


def is_rich(device: Device) -> bool:
    """Whether the lower limit of devices per slice applies to a slice with this device."""
    values = device.get("attributes", {}).values()
    return any(device.get(name) for name in RICH_FIELDS) or any(
        value.keys() & set(LIST_VALUES) for value in values
    )


def split(devices: Sequence[Device]) -> list[list[Device]]:
    """Devices in groups that each fit one slice; one empty group if there are none.

    The lower limit holds for all as soon as it holds for one: a first taint must not move devices between slices.
    """
    limit = SLICE_RICH_DEVICES_MAX if any(map(is_rich, devices)) else SLICE_DEVICES_MAX
    return [list(devices[start : start + limit]) for start in range(0, max(len(devices), 1), limit)]
