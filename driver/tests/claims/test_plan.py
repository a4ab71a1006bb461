"""Which devices a claim gets, and which claims are refused."""

import pytest
from claim_service import (
    DRIVER,
    FEATURES,
    INVENTORY,
    POOL,
    claim,
    divisible,
    gpu,
    inventory_of,
    results_of,
    with_functions,
)

from dra_api.identifiers import ClaimUid, DeviceName
from dra_api.objects import AllocationConfig, DeviceResult, ResourceClaim
from dra_driver.claims.plan import Plan, as_reported, find_conflict, make_plan
from dra_driver.claims.step import CreateMig, MigMode, PreparedDevice, SetTimeSlice, StartMps, WriteCdi
from dra_driver.devices.model import Inventory
from dra_driver.errors import ClaimError
from dra_driver.features import Features, Shares

UID, GPU_0 = ClaimUid("u"), DeviceName("gpu-0")


def unallocated_claim() -> ResourceClaim:
    item = claim(UID)
    del item["status"]
    return item


@pytest.mark.parametrize(
    ("item", "message"),
    [
        (claim(UID, "gpu-9"), "no device gpu-9 in pool node-0"),
        (claim(UID, GPU_0, pool="node-1"), "this driver has pool node-0"),
        (unallocated_claim(), "wanted status.allocation"),
    ],
)
def test_a_claim_that_cannot_be_prepared_is_refused(item: ResourceClaim, message: str) -> None:
    with pytest.raises(ClaimError, match=message):
        make_plan(item, driver_name=DRIVER, pool=POOL, inventory=INVENTORY, features=Features())


def test_a_subrequest_is_reported_as_its_request_and_other_drivers_results_are_left_out() -> None:
    item = claim(UID, GPU_0)
    results = results_of(item)
    results[0]["request"] = "gpu/large"
    results.append({"request": "nic", "driver": "other", "pool": "p", "device": "d"})
    [device] = make_plan(
        item, driver_name=DRIVER, pool=POOL, inventory=INVENTORY, features=Features()
    ).devices
    assert device.requests == ("gpu",)


def test_admin_access_conflicts_with_nobody() -> None:
    plain = PreparedDevice(requests=("a",), pool=POOL, device=GPU_0, cdi_ids=())
    admin = PreparedDevice(requests=("a",), pool=POOL, device=GPU_0, cdi_ids=(), admin=True)
    assert find_conflict((admin,), {UID: (plain,)}, INVENTORY, FEATURES) is None
    assert find_conflict((plain,), {UID: (admin,)}, INVENTORY, FEATURES) is None
    assert find_conflict((plain,), {UID: (plain,)}, INVENTORY, FEATURES) is not None


def test_opaque_parameters_of_this_driver_are_checked_and_those_of_others_are_not() -> None:
    def with_config(driver: str) -> ResourceClaim:
        parameters = {"apiVersion": "v1", "kind": "Nope"}
        config: AllocationConfig = {
            "source": "FromClass",
            "opaque": {"driver": driver, "parameters": parameters},
        }
        return claim(UID, GPU_0, config=[config])

    assert make_plan(
        with_config("other"), driver_name=DRIVER, pool=POOL, inventory=INVENTORY, features=Features()
    ).devices
    with pytest.raises(
        ClaimError,
        match=r"claim ns/c, FromClass, .*config\[0\].opaque.parameters: unknown opaque parameters v1",
    ):
        make_plan(
            with_config(DRIVER), driver_name=DRIVER, pool=POOL, inventory=INVENTORY, features=Features()
        )


def test_admin_access_and_the_share_id_are_taken_from_the_allocation() -> None:
    item = claim(UID, GPU_0)
    results_of(item)[0] |= {"adminAccess": True, "shareID": "s-1"}
    [device] = make_plan(
        item, driver_name=DRIVER, pool=POOL, inventory=INVENTORY, features=Features()
    ).devices
    assert (device.admin, device.share_id) == (True, "s-1")
    assert device.cdi_ids == ("gpu.example.com/claim=u-gpu-0.share-s-1",)


OWN = "resource.dra-conformance.dev/v1beta1"


def entry(source: str, interval: str, *requests: str, kind: str = "GpuConfig") -> AllocationConfig:
    sharing = {"strategy": "TimeSlicing", "timeSlicingConfig": {"interval": interval}}
    opaque = {"driver": DRIVER, "parameters": {"apiVersion": OWN, "kind": kind, "sharing": sharing}}
    return {"source": source, "requests": list(requests), "opaque": opaque}  # type: ignore[typeddict-item]


def plan_of(item: ResourceClaim, inventory: Inventory = INVENTORY, features: Features = FEATURES) -> Plan:
    return make_plan(item, driver_name=DRIVER, pool=POOL, inventory=inventory, features=features)


@pytest.mark.parametrize(
    ("request_name", "config", "interval"),
    [
        ("gpu", [entry("FromClaim", "Short"), entry("FromClass", "Long")], 1),
        ("gpu", [entry("FromClaim", "Short"), entry("FromClaim", "Long")], 3),
        ("gpu/large", [entry("FromClaim", "Short", "gpu")], 1),
        ("gpu/large", [entry("FromClaim", "Short", "gpu/large")], 1),
        ("gpu/large", [entry("FromClaim", "Short", "gpu/small")], None),
        ("gpu", [entry("FromClaim", "Short", "other")], None),
        ("gpu", [entry("FromClass", "Short", kind="MigDeviceConfig")], None),
    ],
)
def test_the_claim_s_configuration_wins_and_requests_are_matched(
    request_name: str, config: list[AllocationConfig], interval: int | None
) -> None:
    item = claim(UID, GPU_0, config=config)
    results_of(item)[0]["request"] = request_name
    steps = [step for step in plan_of(item).steps if isinstance(step, SetTimeSlice)]
    assert steps == ([SetTimeSlice("GPU-0", interval)] if interval is not None else [])


def test_a_configuration_that_names_a_request_of_another_kind_is_refused() -> None:
    item = claim(UID, GPU_0, config=[entry("FromClaim", "Short", "gpu", kind="MigDeviceConfig")])
    with pytest.raises(ClaimError, match="MigDeviceConfig cannot configure gpu-0, which is a gpu device"):
        plan_of(item)


def test_a_dynamic_mig_device_is_made_before_its_file_is_written_and_its_gpu_is_not_given_with_it() -> None:
    found = inventory_of(divisible(0), divisible(1, enabled=True))
    assert plan_of(claim(UID, "gpu-0-mig-1g-3"), found).steps == (
        MigMode("GPU-0", True),
        CreateMig(
            device=DeviceName("gpu-0-mig-1g-3"), gpu="GPU-0", gi_profile=19, ci_profile=0, start=3, size=1
        ),
        WriteCdi(),
    )
    assert plan_of(claim(UID, "gpu-1"), found).steps == (MigMode("GPU-1", False), WriteCdi())
    with pytest.raises(ClaimError, match="gpu-0 and gpu-0-mig-1g-3 are the same silicon"):
        plan_of(claim(UID, "gpu-0", "gpu-0-mig-1g-3"), found)
    whole, part = (plan_of(claim(UID, name), found).devices for name in ("gpu-0", "gpu-0-mig-1g-3"))
    assert find_conflict(part, {UID: whole}, found, FEATURES) == (
        UID,
        "device gpu-0-mig-1g-3 overlaps with gpu-0, which is prepared",
    )


def shared(memory: str, name: str) -> DeviceResult:
    [result] = results_of(claim(UID, GPU_0))
    return result | {"shareID": name, "consumedCapacity": {f"{DRIVER}/memory": memory}}


def test_shares_of_one_claim_have_one_daemon_with_the_memory_of_both_and_a_cdi_device_each() -> None:
    item = claim(UID, GPU_0)
    results_of(item)[:] = [shared("1Gi", "s-1"), shared("2Gi", "s-2")]
    plan = plan_of(item)
    [daemon] = [step for step in plan.steps if isinstance(step, StartMps)]
    assert (daemon.limits, daemon.exclusive) == ({GPU_0: 3 << 30}, ())
    assert len({device.cdi_ids for device in plan.devices}) == 2


def test_shares_of_two_claims_go_together_if_they_are_configured_alike() -> None:
    first, second = claim(UID, GPU_0), claim("v", GPU_0, config=[entry("FromClaim", "Long")])
    results_of(first)[:], results_of(second)[:] = [shared("1Gi", "s-1")], [shared("1Gi", "s-2")]
    ours, theirs = plan_of(first).devices, plan_of(second).devices
    assert find_conflict(ours, {ClaimUid("v"): ours}, INVENTORY, FEATURES) is None
    assert find_conflict(ours, {ClaimUid("v"): theirs}, INVENTORY, FEATURES) == (
        ClaimUid("v"),
        "device gpu-0 is shared with another configuration",
    )


def taken(name: str, **consumed: str) -> ResourceClaim:
    """A claim of a share of a device."""
    item = claim(UID, name)
    results_of(item)[0] |= {"shareID": "s-1", "consumedCapacity": consumed}
    return item


TENTHS = Features(consumable_capacity=True, shares=Shares(memory=False, count=10))


@pytest.mark.parametrize(
    ("name", "consumed", "percentage", "limit"),
    [
        ("gpu-0", {"shares": "3", "memory": "0"}, 30, (8 << 30) * 3 // 10),
        ("gpu-0", {"shares": "10", "memory": "0"}, 100, 8 << 30),
        ("gpu-0", {"shares": "3", "memory": "1Gi"}, 30, 1 << 30),
        ("gpu-0-mig-1g-0", {"shares": "5"}, 50, 5 << 30),
    ],
)
def test_the_shares_that_a_claim_consumes_are_the_limits_of_its_daemon(
    name: str, consumed: dict[str, str], percentage: int, limit: int
) -> None:
    plan = plan_of(taken(name, **consumed), inventory_of(divisible(0)), TENTHS)
    [daemon] = [step for step in plan.steps if isinstance(step, StartMps)]
    assert (daemon.percentage, daemon.limits) == (percentage, {name: limit})


def test_a_configured_percentage_is_an_upper_bound_of_what_the_shares_give() -> None:
    found = []
    for percentage in (20, 80):
        item = taken(GPU_0, shares="5")
        sharing = {"strategy": "MPS", "mpsConfig": {"defaultActiveThreadPercentage": percentage}}
        parameters = {"apiVersion": OWN, "kind": "GpuConfig", "sharing": sharing}
        item["status"]["allocation"]["devices"]["config"] = [
            {"source": "FromClaim", "opaque": {"driver": DRIVER, "parameters": parameters}}
        ]
        found += [
            step.percentage for step in plan_of(item, features=TENTHS).steps if isinstance(step, StartMps)
        ]
    assert found == [20, 50]


def test_a_share_without_any_amount_has_no_daemon() -> None:
    unlimited = Features(consumable_capacity=True, shares=Shares(memory=False))
    assert plan_of(taken(GPU_0, memory="0"), features=unlimited).steps == (WriteCdi(),)


def test_another_board_in_the_same_slot_is_another_device() -> None:
    swapped = inventory_of(gpu(0, uuid="GPU-new"))
    assert plan_of(claim(UID, GPU_0)).devices != plan_of(claim(UID, GPU_0), swapped).devices


def test_the_first_device_of_each_request_brings_the_driver_s_files_but_not_to_a_virtual_machine() -> None:
    item = claim(UID, "gpu-0", "gpu-1", "gpu-vfio-2", "gpu-3")
    for result, request in zip(results_of(item), ("a", "a", "b", "c"), strict=True):
        result["request"] = request
    plan = plan_of(item, with_functions(INVENTORY))
    told = as_reported(plan.devices, plan.steps, driver_name=DRIVER, uid=UID, driver_files=["d=all"])
    assert ["d=all" in device.cdi_ids for device in told] == [True, False, False, True]
