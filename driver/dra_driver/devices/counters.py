"""Shared counters: what keeps the scheduler from handing out the same silicon twice (KEP-4815).

Each GPU that is offered in parts has a counter set with its engines, its memory, and one counter per memory slice. The
whole GPU and its VFIO sibling consume all of it, a MIG device its profile's amounts and the slices of its placement.
The amounts of the set are those of the largest user of each, so that every combination fits that NVML can make.
"""

from collections.abc import Iterable, Mapping

from dra_api.objects import Counter, CounterConsumption, CounterSet
from dra_api.quantity import of_bytes, of_count
from dra_driver.devices.model import Allocatable, Engines, Gpu, MigDevice, MigProfile, PciBusId, Placement

Amounts = Mapping[str, int]
"""{counter: amount}; memory in bytes."""


def set_name(gpu: Gpu) -> str:
    """The name of a GPU's counter set."""
    return f"{gpu.device_name}-counter-set"


def engines(values: Engines) -> dict[str, int]:
    """Engines as counters."""
    return {
        "multiprocessors": values.multiprocessors,
        "copy-engines": values.copy_engines,
        "decoders": values.decoders,
        "encoders": values.encoders,
        "jpeg-engines": values.jpeg_engines,
        "ofa-engines": values.ofa_engines,
    }


def slices(place: Placement) -> dict[str, int]:
    """The counters of the memory slices of PLACE."""
    return {f"memory-slice-{number}": 1 for number in place.slices}


def of_profile(profile: MigProfile) -> dict[str, int]:
    """What an instance of PROFILE takes wherever it is placed."""
    return engines(profile.engines) | {"memory": profile.memory_bytes}


def total(gpu: Gpu) -> Amounts:
    """What there is on a GPU that can be divided."""
    if gpu.mig is None:
        return {}
    amounts: dict[str, int] = {}
    for profile in gpu.mig.profiles:
        for name, amount in of_profile(profile).items():
            amounts[name] = max(amounts.get(name, 0), amount * profile.max_count)
    return amounts | slices(Placement(0, gpu.mig.slices))


def consumed(device: Allocatable) -> Amounts:
    """What DEVICE takes of its GPU's counters."""
    if isinstance(device, MigDevice):
        return of_profile(device.profile) | slices(device.placement)
    return total(device.gpu) if device.gpu else {}


def counted(devices: Iterable[Allocatable]) -> frozenset[PciBusId]:
    """The GPUs of which parts are offered beside each other, so that counters are needed."""
    found: dict[PciBusId, int] = {}
    for device in devices:
        if not (isinstance(device, MigDevice) and device.instance):  # static ones exist beside each other
            found[device.pci_bus_id] = found.get(device.pci_bus_id, 0) + 1
    return frozenset(gpu for gpu, count in found.items() if count > 1)


def left(gpu: Gpu, devices: Iterable[Allocatable]) -> Amounts:
    """What MIG devices that somebody else made leave of GPU; DEVICES are those of the node."""
    amounts = dict(total(gpu) or {"gpu": 1})
    existing = {
        device.instance.gi: device
        for device in devices
        if isinstance(device, MigDevice) and device.instance and device.pci_bus_id == gpu.pci_bus_id
    }
    for device in existing.values():  # one for each GPU instance, however many compute instances it has
        for name, amount in consumed(device).items():
            amounts[name] = max(amounts.get(name, 0) - amount, 0)
    return amounts


def as_counters(amounts: Amounts) -> dict[str, Counter]:
    """As the API has it."""
    return {
        name: {"value": of_bytes(amount) if name == "memory" else of_count(amount)}
        for name, amount in amounts.items()
    }


def counter_set(gpu: Gpu, devices: Iterable[Allocatable]) -> CounterSet:
    """The entry of ``spec.sharedCounters`` for GPU; one that cannot be divided has one counter, the GPU itself."""
    return {"name": set_name(gpu), "counters": as_counters(left(gpu, devices))}


def consumption(device: Allocatable) -> CounterConsumption | None:
    """The entry of ``consumesCounters``; None for a static device and for one that NVML does not see."""
    gpu = device.gpu
    if gpu is None or (isinstance(device, MigDevice) and device.instance):
        return None
    amounts = {name: amount for name, amount in (consumed(device) or {"gpu": 1}).items() if amount}
    return {"counterSet": set_name(gpu), "counters": as_counters(amounts)}
