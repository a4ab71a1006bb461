"""The claim service: what is recorded, written and undone, without an API server."""

import asyncio
from pathlib import Path

import pytest
from claim_service import DRIVER, POOL, Reader, cdi_names, claim, make_service, ref

from dra_api.identifiers import ClaimUid, DeviceName
from dra_driver.claims.checkpoint import DONE, STARTED, Checkpoint, Record
from dra_driver.claims.prepare import PreparedDevice
from dra_driver.claims.service import ClaimRef
from dra_driver.errors import ApiError, ClaimError, EnvironmentFault


async def test_prepare_writes_one_cdi_file_and_unprepare_removes_it(tmp_path: Path) -> None:
    service = make_service(tmp_path, Reader(claim("u1", "gpu-0", "gpu-1")))
    devices = await service.prepare(ref("c", "u1"))
    assert [device.device for device in devices] == ["gpu-0", "gpu-1"]
    assert cdi_names(tmp_path) == ["gpu.example.com-claim-u1.json"]
    await service.unprepare(ref("c", "u1"))
    assert cdi_names(tmp_path) == []


async def test_a_prepared_claim_is_answered_without_an_api_server(tmp_path: Path) -> None:
    reader = Reader(claim("u1", "gpu-0"))
    service = make_service(tmp_path, reader)
    before = await service.prepare(ref("c", "u1"))
    reader.down = True
    assert await service.prepare(ref("c", "u1")) == before
    with pytest.raises(ApiError, match="no answer"):
        await service.prepare(ref("other", "u2"))


async def test_of_two_claims_at_once_one_gets_the_device(tmp_path: Path) -> None:
    service = make_service(tmp_path, Reader(claim("u1", "gpu-0", name="a"), claim("u2", "gpu-0", name="b")))
    refs = [ref("a", "u1"), ref("b", "u2")]
    outcomes = await asyncio.gather(*map(service.prepare, refs), return_exceptions=True)
    errors = [outcome for outcome in outcomes if isinstance(outcome, ClaimError)]
    assert len(errors) == 1
    assert "gpu-0 is prepared for claim" in str(errors[0])


async def test_a_deleted_claim_is_unprepared_when_its_device_is_needed(tmp_path: Path) -> None:
    reader = Reader(claim("u1", "gpu-0", name="a"), claim("u2", "gpu-0", name="b"))
    service = make_service(tmp_path, reader)
    await service.prepare(ref("a", "u1"))
    del reader.claims["a"]
    await service.prepare(ref("b", "u2"))
    assert cdi_names(tmp_path) == ["gpu.example.com-claim-u2.json"]


async def test_instances_of_a_rolling_update_know_each_others_claims(tmp_path: Path) -> None:
    reader = Reader(claim("u1", "gpu-0", name="a"), claim("u2", "gpu-0", name="b"))
    old, new = make_service(tmp_path, reader), make_service(tmp_path, reader)
    await old.prepare(ref("a", "u1"))
    with pytest.raises(ClaimError, match="gpu-0 is prepared for claim"):
        await new.prepare(ref("b", "u2"))
    await new.unprepare(ref("a", "u1"))
    await old.prepare(ref("b", "u2"))
    assert cdi_names(tmp_path) == ["gpu.example.com-claim-u2.json"]


async def test_a_prepare_that_was_interrupted_is_undone_at_the_next_start(tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path / "checkpoint.sqlite")
    device = PreparedDevice(requests=("gpu",), pool=POOL, device=DeviceName("gpu-0"), cdi_ids=("x",))
    checkpoint.put(Record(uid=ClaimUid("u1"), namespace="ns", name="c", state=STARTED, devices=(device,)))
    checkpoint.put(Record(uid=ClaimUid("u2"), namespace="ns", name="d", state=DONE, devices=()))
    checkpoint.close()
    (tmp_path / "cdi").mkdir()
    for uid in ("u1", "u2", "orphan"):
        (tmp_path / "cdi" / f"{DRIVER}-claim-{uid}.json").write_text("{}")
    (tmp_path / "cdi" / "other.json").write_text("{}")
    service = make_service(tmp_path, Reader())
    assert service.prepared == 1
    assert cdi_names(tmp_path) == ["gpu.example.com-claim-u2.json", "other.json"]


async def test_a_failed_write_leaves_nothing(tmp_path: Path) -> None:
    service = make_service(tmp_path, Reader(claim("u1", "gpu-0")))
    (tmp_path / "cdi").rmdir()
    (tmp_path / "cdi").write_text("in the way")
    with pytest.raises(EnvironmentFault, match="cannot .* CDI file"):
        await service.prepare(ref("c", "u1"))
    (tmp_path / "cdi").unlink()
    (tmp_path / "cdi").mkdir()
    await service.prepare(ref("c", "u1"))


async def test_a_claim_whose_allocation_changed_is_prepared_anew(tmp_path: Path) -> None:
    reader = Reader(claim("u1", "gpu-0"))
    service = make_service(tmp_path, reader)
    await service.prepare(ref("c", "u1"))
    reader.claims["c"] = claim("u1", "gpu-1")
    [device] = await service.prepare(ref("c", "u1"))
    assert device.device == "gpu-1"
    assert "gpu-1" in (tmp_path / "cdi" / "gpu.example.com-claim-u1.json").read_text()


async def test_a_cdi_file_that_somebody_removed_is_written_again(tmp_path: Path) -> None:
    service = make_service(tmp_path, Reader(claim("u1", "gpu-0")))
    await service.prepare(ref("c", "u1"))
    (tmp_path / "cdi" / "gpu.example.com-claim-u1.json").unlink()
    await service.prepare(ref("c", "u1"))
    assert cdi_names(tmp_path) == ["gpu.example.com-claim-u1.json"]


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        (ref("none", "u9"), "claim ns/none .UID u9. does not exist on the API server"),
        (ref("c", "u2"), "wanted UID u2, found u1: it was replaced"),
    ],
)
async def test_a_claim_that_is_not_the_one_of_the_call_is_refused(
    tmp_path: Path, wanted: ClaimRef, message: str
) -> None:
    with pytest.raises(ClaimError, match=message):
        await make_service(tmp_path, Reader(claim("u1", "gpu-0"))).prepare(wanted)


async def test_deleted_and_replaced_claims_are_collected_and_others_stay(tmp_path: Path) -> None:
    names = "abc"
    reader = Reader(*(claim(f"u-{name}", f"gpu-{index}", name=name) for index, name in enumerate(names)))
    service = make_service(tmp_path, reader)
    for name in names:
        await service.prepare(ref(name, f"u-{name}"))
    del reader.claims["a"]
    reader.claims["b"] = claim("u-new", "gpu-1", name="b")
    await service.collect_stale()
    assert cdi_names(tmp_path) == ["gpu.example.com-claim-u-c.json"]
    assert service.prepared == 1


async def test_nothing_is_collected_while_the_api_server_does_not_answer(tmp_path: Path) -> None:
    reader = Reader(claim("u1", "gpu-0"))
    service = make_service(tmp_path, reader)
    await service.prepare(ref("c", "u1"))
    reader.down = True
    with pytest.raises(ApiError, match="no answer"):
        await service.collect_stale()
    assert service.prepared == 1
