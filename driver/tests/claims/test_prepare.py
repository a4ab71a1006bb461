"""Which devices a claim gets, and which claims are refused."""

from typing import Any

import pytest
from claim_service import DRIVER, INVENTORY, POOL, Object, claim

from dra_driver.claims.prepare import PreparedDevice, find_conflict, plan_devices
from dra_driver.errors import ClaimError


@pytest.mark.parametrize(
    ("item", "message"),
    [
        (claim("u", "gpu-9"), "no device gpu-9 in pool node-0"),
        (claim("u", "gpu-0", pool="node-1"), "this driver has pool node-0"),
        ({"metadata": {"namespace": "ns", "name": "c", "uid": "u"}}, "wanted status.allocation"),
    ],
)
def test_a_claim_that_cannot_be_prepared_is_refused(item: Object, message: str) -> None:
    with pytest.raises(ClaimError, match=message):
        plan_devices(item, driver_name=DRIVER, pool=POOL, inventory=INVENTORY)


def test_a_subrequest_is_reported_as_its_request_and_other_drivers_results_are_left_out() -> None:
    item = claim("u", "gpu-0")
    results = item["status"]["allocation"]["devices"]["results"]
    results[0]["request"] = "gpu/large"
    results.append({"request": "nic", "driver": "other", "pool": "p", "device": "d"})
    [device] = plan_devices(item, driver_name=DRIVER, pool=POOL, inventory=INVENTORY)
    assert device.requests == ("gpu",)


def test_admin_access_conflicts_with_nobody() -> None:
    plain = PreparedDevice(requests=("a",), pool=POOL, device="gpu-0", cdi_ids=())
    admin = PreparedDevice(requests=("a",), pool=POOL, device="gpu-0", cdi_ids=(), admin=True)
    assert find_conflict((admin,), {"u": (plain,)}) is None
    assert find_conflict((plain,), {"u": (admin,)}) is None
    assert find_conflict((plain,), {"u": (plain,)}) is not None


def test_opaque_parameters_of_this_driver_are_checked_and_those_of_others_are_not() -> None:
    def with_config(driver: str) -> Any:
        opaque = {"driver": driver, "parameters": {"apiVersion": "v1", "kind": "Nope"}}
        return claim("u", "gpu-0", config=[{"source": "FromClass", "opaque": opaque}])

    assert plan_devices(with_config("other"), driver_name=DRIVER, pool=POOL, inventory=INVENTORY)
    with pytest.raises(ClaimError, match="claim ns/c, configuration FromClass: unknown opaque parameters v1"):
        plan_devices(with_config(DRIVER), driver_name=DRIVER, pool=POOL, inventory=INVENTORY)


def test_admin_access_and_the_share_id_are_taken_from_the_allocation() -> None:
    item = claim("u", "gpu-0")
    item["status"]["allocation"]["devices"]["results"][0] |= {"adminAccess": True, "shareID": "s-1"}
    [device] = plan_devices(item, driver_name=DRIVER, pool=POOL, inventory=INVENTORY)
    assert (device.admin, device.share_id) == (True, "s-1")
    assert device.cdi_ids == ("gpu.example.com/claim=u-gpu-0",)
