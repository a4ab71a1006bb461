"""Which devices need the same silicon."""

from claim_service import gpu

from dra_api.identifiers import DeviceName
from dra_driver.devices.model import (
    Engines,
    GpuDevice,
    MigDevice,
    MigInstance,
    MigProfile,
    MigUuid,
    PciBusId,
    Placement,
    VfioDevice,
    VfioFunction,
    overlap,
)

FIRST, SECOND = gpu(0, pci_bus_id="0000:01:00.0"), gpu(1, pci_bus_id="0000:02:00.0")
PROFILE = MigProfile(
    name="2g.45gb",
    gi_profile=14,
    ci_profile=1,
    compute_slices=2,
    memory_bytes=45 << 30,
    engines=Engines(multiprocessors=36),
    max_count=3,
    placements=(Placement(0, 2), Placement(2, 2)),
)
WHOLE = GpuDevice(name=FIRST.device_name, gpu=FIRST)


def part(start: int, size: int = 2, instance: MigInstance | None = None) -> MigDevice:
    return MigDevice(
        name=DeviceName("part"),
        gpu=FIRST,
        profile=PROFILE,
        placement=Placement(start, size),
        instance=instance,
    )


def existing(uuid: str) -> MigDevice:
    instance = MigInstance(uuid=MigUuid(uuid), gi=1, ci=0, profile=PROFILE, placement=Placement(0, 2))
    return part(0, instance=instance)


def test_a_gpu_overlaps_itself_and_every_part_of_it_and_no_other_gpu() -> None:
    function = VfioFunction(
        index=0,
        pci_bus_id=PciBusId("0000:01:00.0"),
        driver="vfio-pci",
        device_id=1,
        vendor_id=2,
        iommu_group=3,
        addressable_bytes=4,
    )
    sibling = VfioDevice(name=DeviceName("gpu-vfio-0"), function=function, uuid="v")
    for other in (WHOLE, part(4), sibling):
        assert overlap(WHOLE, other)
        assert overlap(sibling, other)
        assert overlap(other, sibling)
        assert not overlap(GpuDevice(name=SECOND.device_name, gpu=SECOND), other)


def test_parts_overlap_where_they_share_a_slice() -> None:
    assert overlap(part(0), part(0))
    assert overlap(part(0, 4), part(2))
    assert not overlap(part(0), part(2))
    assert not overlap(part(2), part(0))


def test_compute_instances_of_one_gpu_instance_do_not_overlap() -> None:
    assert overlap(existing("MIG-1"), existing("MIG-1"))
    assert not overlap(existing("MIG-1"), existing("MIG-2"))
    assert overlap(existing("MIG-1"), part(1))
