"""Which devices a claim gets, and which claims are refused."""

import pytest
from claim_service import DRIVER, INVENTORY, POOL, claim, results_of

from dra_api.identifiers import ClaimUid, DeviceName
from dra_api.objects import AllocationConfig, ResourceClaim
from dra_driver.claims.plan import find_conflict, make_plan
from dra_driver.claims.step import PreparedDevice
from dra_driver.errors import ClaimError

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
        make_plan(item, driver_name=DRIVER, pool=POOL, inventory=INVENTORY)


def test_a_subrequest_is_reported_as_its_request_and_other_drivers_results_are_left_out() -> None:
    item = claim(UID, GPU_0)
    results = results_of(item)
    results[0]["request"] = "gpu/large"
    results.append({"request": "nic", "driver": "other", "pool": "p", "device": "d"})
    [device] = make_plan(item, driver_name=DRIVER, pool=POOL, inventory=INVENTORY).devices
    assert device.requests == ("gpu",)


def test_admin_access_conflicts_with_nobody() -> None:
    plain = PreparedDevice(requests=("a",), pool=POOL, device=GPU_0, cdi_ids=())
    admin = PreparedDevice(requests=("a",), pool=POOL, device=GPU_0, cdi_ids=(), admin=True)
    assert find_conflict((admin,), {UID: (plain,)}, INVENTORY) is None
    assert find_conflict((plain,), {UID: (admin,)}, INVENTORY) is None
    assert find_conflict((plain,), {UID: (plain,)}, INVENTORY) is not None


def test_opaque_parameters_of_this_driver_are_checked_and_those_of_others_are_not() -> None:
    def with_config(driver: str) -> ResourceClaim:
        parameters = {"apiVersion": "v1", "kind": "Nope"}
        config: AllocationConfig = {
            "source": "FromClass",
            "opaque": {"driver": driver, "parameters": parameters},
        }
        return claim(UID, GPU_0, config=[config])

    assert make_plan(with_config("other"), driver_name=DRIVER, pool=POOL, inventory=INVENTORY).devices
    with pytest.raises(
        ClaimError,
        match=r"claim ns/c, FromClass, .*config\[0\].opaque.parameters: unknown opaque parameters v1",
    ):
        make_plan(with_config(DRIVER), driver_name=DRIVER, pool=POOL, inventory=INVENTORY)


def test_admin_access_and_the_share_id_are_taken_from_the_allocation() -> None:
    item = claim(UID, GPU_0)
    results_of(item)[0] |= {"adminAccess": True, "shareID": "s-1"}
    [device] = make_plan(item, driver_name=DRIVER, pool=POOL, inventory=INVENTORY).devices
    assert (device.admin, device.share_id) == (True, "s-1")
    assert device.cdi_ids == ("gpu.example.com/claim=u-gpu-0.share-s-1",)
