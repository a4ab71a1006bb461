"""Shares of a device are counted by the driver too: what the scheduler should never allocate is refused."""

from pathlib import Path

import pytest
from claim_service import (
    DRIVER,
    INVENTORY,
    POOL,
    Reader,
    claim,
    gpu,
    inventory_of,
    make_service,
    ref,
    results_of,
)

from dra_api.identifiers import ClaimUid
from dra_api.objects import ResourceClaim
from dra_driver.claims.plan import find_conflict, make_plan
from dra_driver.claims.step import PreparedDevice
from dra_driver.devices.model import NvLinks
from dra_driver.errors import ClaimError
from dra_driver.features import Features, Shares

MEMORY = Features(consumable_capacity=True)
TENTHS = Features(consumable_capacity=True, shares=Shares(memory=False, count=10))
LINKED = inventory_of(gpu(0, links=NvLinks(active=1, bandwidth_bytes=10)))
"""A GPU with a capacity that no daemon of MPS enforces."""
HOLDER = ClaimUid("u-a")


def share_of(name: str, *amounts: dict[str, str]) -> ResourceClaim:
    """A claim called NAME with a share of gpu-0, which has 8Gi, for each of AMOUNTS."""
    item = claim(f"u-{name}", *["gpu-0"] * len(amounts), name=name)
    for number, (result, amount) in enumerate(zip(results_of(item), amounts, strict=True)):
        result["shareID"] = f"{name}-{number}"
        result["consumedCapacity"] = {f"{DRIVER}/{what}": much for what, much in amount.items()}
    return item


def planned(item: ResourceClaim, features: Features = MEMORY) -> tuple[PreparedDevice, ...]:
    return make_plan(item, driver_name=DRIVER, pool=POOL, inventory=INVENTORY, features=features).devices


@pytest.mark.parametrize(
    ("features", "first", "second", "problem"),
    [
        (MEMORY, {"memory": "5Gi"}, {"memory": "3Gi"}, None),
        (MEMORY, {"memory": "5Gi"}, {"memory": "3073Mi"}, "gpu-0 has 8Gi of memory"),
        (MEMORY, {"memory": "8Gi"}, {"memory": "0"}, None),
        (TENTHS, {"shares": "7"}, {"shares": "3"}, None),
        (TENTHS, {"shares": "7"}, {"shares": "4"}, "gpu-0 has 10 of shares"),
    ],
)
def test_shares_that_are_more_than_the_device_together_exclude_each_other(
    features: Features, first: dict[str, str], second: dict[str, str], problem: str | None
) -> None:
    held = {HOLDER: planned(share_of("a", first), features)}
    found = find_conflict(planned(share_of("b", second), features), held, INVENTORY, features)
    text = f"device {problem}, and too little is left for this claim; a share is prepared"
    assert found == (None if problem is None else (HOLDER, text))


@pytest.mark.parametrize("whole_first", [True, False])
def test_a_device_is_not_given_whole_and_as_a_share(whole_first: bool) -> None:
    whole, share = planned(claim("u-w", "gpu-0")), planned(share_of("s", {"memory": "1Gi"}))
    held, wanted = (whole, share) if whole_first else (share, whole)
    found = find_conflict(wanted, {HOLDER: held}, INVENTORY, MEMORY)
    assert found == (HOLDER, "device gpu-0 is prepared")


def test_a_claim_with_a_device_whole_and_as_a_share_is_refused() -> None:
    item = share_of("s", {"memory": "1Gi"}, {"memory": "1Gi"})
    del results_of(item)[0]["shareID"]
    with pytest.raises(ClaimError, match="gpu-0 is allocated both as a share and without one"):
        planned(item)


def test_shares_of_one_claim_that_are_more_than_the_device_are_refused() -> None:
    with pytest.raises(ClaimError, match="gpu-0 has 8Gi of memory, and more is allocated to this claim"):
        planned(share_of("s", {"memory": "5Gi"}, {"memory": "5Gi"}))


def test_admin_access_takes_no_part_of_a_device() -> None:
    item = share_of("b", {"memory": "8Gi"})
    results_of(item)[0]["adminAccess"] = True
    admin, holder = planned(item), planned(share_of("a", {"memory": "5Gi"}))
    assert find_conflict(admin, {HOLDER: holder}, INVENTORY, MEMORY) is None
    assert find_conflict(holder, {HOLDER: admin}, INVENTORY, MEMORY) is None


SIX = {"nvlinkBandwidth": "6"}


async def test_a_share_without_room_is_refused_until_another_ends(tmp_path: Path) -> None:
    reader = Reader(share_of("a", SIX), share_of("b", SIX))
    service = make_service(tmp_path, reader, inventory=LINKED, features=MEMORY)
    first = await service.prepare(ref("a", "u-a"))
    with pytest.raises(ClaimError, match="ns/b: device gpu-0 has 10 of nvlinkB.* for claim u-a; wait until"):
        await service.prepare(ref("b", "u-b"))
    assert await service.prepare(ref("a", "u-a")) == first  # and not counted twice
    await service.unprepare(ref("a", "u-a"))
    [device] = await service.prepare(ref("b", "u-b"))
    assert device.share_id == "b-0"


async def test_the_share_of_a_claim_that_no_longer_exists_makes_room(tmp_path: Path) -> None:
    reader = Reader(share_of("a", SIX), share_of("b", SIX))
    service = make_service(tmp_path, reader, inventory=LINKED, features=MEMORY)
    await service.prepare(ref("a", "u-a"))
    del reader.claims["a"]
    await service.prepare(ref("b", "u-b"))
    assert service.known == ["u-b"]
