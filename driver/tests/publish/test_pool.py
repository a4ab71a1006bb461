"""The pool at the limits of the API, and on servers that do not know a feature."""

from dataclasses import replace

from claim_service import gpu
from hypothesis import given, settings
from hypothesis import strategies as st

from dra_api.identifiers import DeviceName
from dra_api.objects import Device
from dra_api.quantity import parse
from dra_driver.devices.counters import consumed, total
from dra_driver.devices.inventory import make_inventory
from dra_driver.devices.model import (
    Allocatable,
    Engines,
    Gpu,
    Inventory,
    MigInstance,
    MigProfile,
    MigSupport,
    MigUuid,
    PciBusId,
    Placement,
    VfioFunction,
    overlap,
)
from dra_driver.devices.scan import Snapshot
from dra_driver.features import Features
from dra_driver.publish.pool import Accepts, Offer, Part, Taints, pool_of


def profile(name: str, number: int, size: int, starts: range, multiprocessors: int) -> MigProfile:
    return MigProfile(
        name=name,
        gi_profile=number,
        ci_profile=0,
        compute_slices=int(name[0]),
        memory_bytes=size * 22 << 30,
        engines=Engines(multiprocessors=multiprocessors),
        max_count=len(starts),
        placements=tuple(Placement(start, size) for start in starts),
    )


PROFILES = (
    profile("7g.180gb", 0, 8, range(1), 148),
    profile("3g.90gb", 9, 4, range(0, 5, 4), 70),
    profile("2g.45gb", 14, 2, range(0, 5, 2), 36),
    profile("1g.23gb", 19, 1, range(7), 18),
)
ALL = Features(static_mig=True, dynamic_mig=True, vfio=True)


def divisible(minor: int, *, enabled: bool = True, switchable: bool = True, **members: object) -> Gpu:
    support = MigSupport(enabled=enabled, switchable=switchable, profiles=PROFILES, slices=8)
    return gpu(minor, pci_bus_id=f"0000:{minor:02x}:00.0", mig=support, **members)


def function(minor: int, driver: str = "nvidia") -> VfioFunction:
    return VfioFunction(
        index=minor,
        pci_bus_id=PciBusId(f"0000:{minor:02x}:00.0"),
        driver=driver,
        device_id=0x2901,
        vendor_id=0x10DE,
        iommu_group=minor,
        addressable_bytes=1 << 38,
    )


def node(count: int) -> Inventory:
    snapshot = Snapshot(
        gpus=tuple(map(divisible, range(count))), functions=tuple(map(function, range(count)))
    )
    return make_inventory(snapshot, ALL)


def offer(inventory: Inventory) -> Offer:
    return Offer(inventory=inventory, features=ALL)


def names(parts: list[Part]) -> list[str]:
    return [device["name"] for part in parts for device in part.devices]


def test_sixteen_gpus_with_all_placements_stay_within_every_limit() -> None:
    parts = pool_of(offer(node(16)), Accepts())
    assert len(names(parts)) == 16 * (1 + 13 + 1)
    sets = [len(part.counters) for part in parts]
    assert sets[:3] == [8, 8, 0]
    assert all(len(part.devices) <= 64 for part in parts)
    assert all(bool(part.devices) != bool(part.counters) for part in parts)


def test_every_consumption_names_counters_of_the_pool() -> None:
    parts = pool_of(offer(node(2)), Accepts())
    sets = {found["name"]: found["counters"] for part in parts for found in part.counters}

    def fits(device: Device) -> bool:
        return all(
            parse(amount["value"]) <= parse(sets[each["counterSet"]][name]["value"])
            for each in device["consumesCounters"]
            for name, amount in each["counters"].items()
        )

    assert all(fits(device) for part in parts for device in part.devices)


CHOICES = list(node(1).devices.values())


@settings(deadline=None)
@given(st.permutations(CHOICES))
def test_devices_that_the_counters_allow_together_never_overlap(wanted: list[Allocatable]) -> None:
    left = dict(total(CHOICES[0].gpu or divisible(0)))
    given_out: list[Allocatable] = []
    for device in wanted:
        amounts = consumed(device)
        if all(left[name] >= amount for name, amount in amounts.items()):
            left = {name: amount - amounts.get(name, 0) for name, amount in left.items()}
            given_out.append(device)
    pairs = [(a, b) for a in given_out for b in given_out if a is not b]
    assert not any(overlap(a, b) for a, b in pairs)


def test_a_server_that_wants_counters_beside_devices_gets_a_slice_per_gpu() -> None:
    parts = pool_of(offer(node(2)), Accepts(counters_apart=False))
    assert [(len(part.counters), len(part.devices)) for part in parts] == [(1, 15), (1, 15)]


def test_a_server_without_counters_gets_whole_gpus_only() -> None:
    parts = pool_of(offer(node(2)), Accepts(counters=False))
    assert names(parts) == ["gpu-0", "gpu-1"]
    assert not any("consumesCounters" in device for part in parts for device in part.devices)


def test_a_server_without_taints_does_not_get_devices_that_are_tainted() -> None:
    plain = make_inventory(Snapshot(gpus=(gpu(0), gpu(1), gpu(2))), Features())
    taints: Taints = {
        DeviceName("gpu-0"): [{"key": "k", "effect": "NoSchedule"}],
        DeviceName("gpu-1"): [{"key": "k", "effect": "None"}],
    }
    sick = replace(offer(plain), taints=taints)
    assert names(pool_of(sick, Accepts())) == ["gpu-0", "gpu-1", "gpu-2"]
    assert names(pool_of(sick, Accepts(taints=False))) == ["gpu-1", "gpu-2"]


def instance(start: int, number: int = 2) -> MigInstance:
    place = PROFILES[number].placements[start]
    return MigInstance(
        uuid=MigUuid(f"MIG-{start}"), gi=start, ci=0, profile=PROFILES[number], placement=place
    )


def test_an_instance_of_somebody_else_is_a_device_and_takes_its_place_from_the_dynamic_ones() -> None:
    made = make_inventory(Snapshot(gpus=(divisible(0, instances=(instance(0),)),)), ALL)
    assert made.devices[DeviceName("gpu-0-mig-2g45gb-14-0")].uuid == "MIG-0"
    assert "gpu-0" not in made.devices
    assert "gpu-0-mig-3g90gb-9-4" in made.devices
    assert "gpu-0-mig-3g90gb-9-0" not in made.devices
    parts = pool_of(offer(made), Accepts())
    [left] = [found["counters"] for part in parts for found in part.counters]
    assert (left["memory-slice-1"], left["memory-slice-2"]) == ({"value": "0"}, {"value": "1"})


def test_an_instance_that_a_claim_made_changes_nothing() -> None:
    ours = {DeviceName("gpu-0-mig-2g45gb-14-0")}
    before = make_inventory(Snapshot(gpus=(divisible(0, enabled=False),)), ALL)
    after = make_inventory(Snapshot(gpus=(divisible(0, instances=(instance(0),)),)), ALL, ours=ours)
    assert pool_of(offer(after), Accepts()) == pool_of(offer(before), Accepts())


def test_without_dynamic_mig_a_gpu_in_mig_mode_is_its_instances() -> None:
    made = make_inventory(Snapshot(gpus=(divisible(0, instances=(instance(0), instance(1))),)), Features())
    assert list(made.devices) == ["gpu-0-mig-2g45gb-14-0", "gpu-0-mig-2g45gb-14-2"]
    [part] = pool_of(Offer(inventory=made, features=Features()), Accepts())
    assert not part.counters


def test_a_board_that_needs_a_reset_is_offered_as_it_is() -> None:
    whole = make_inventory(Snapshot(gpus=(divisible(0, enabled=False, switchable=False),)), ALL)
    divided = make_inventory(Snapshot(gpus=(divisible(0, switchable=False),)), ALL)
    assert list(whole.devices) == ["gpu-0"]
    assert "gpu-0" not in divided.devices
    assert len(divided.devices) == 13


def test_a_gpu_of_a_virtual_machine_is_its_sibling_alone() -> None:
    made = make_inventory(Snapshot(gpus=(gpu(0),), functions=(function(7, "vfio-pci"),)), ALL)
    assert list(made.devices) == ["gpu-0", "gpu-vfio-7"]


def test_a_gpu_that_became_unreadable_stays_and_one_that_was_unplugged_does_not() -> None:
    before = make_inventory(Snapshot(gpus=(gpu(0), gpu(1))), ALL)
    lost = make_inventory(Snapshot(gpus=(gpu(0),), unreadable={"GPU 1": "GPU is lost"}), ALL, before=before)
    assert list(lost.devices) == ["gpu-0", "gpu-1"]
    assert lost.lost == {"GPU-1"}
    unplugged = make_inventory(Snapshot(gpus=(gpu(0),)), ALL, before=before)
    assert list(unplugged.devices) == ["gpu-0"]
