"""The claim service: what is recorded, written and undone, without an API server."""

import asyncio
import contextlib
import sqlite3
from pathlib import Path

import pytest
from claim_service import (
    DRIVER,
    POOL,
    Reader,
    cdi_names,
    claim,
    damage,
    gpu,
    inventory_of,
    make_service,
    opened,
    ref,
)
from msgspec.structs import replace

from dra_api.identifiers import ClaimUid, DeviceName
from dra_api.objects import ResourceClaim
from dra_driver.claims.checkpoint import DONE, STARTED, Checkpoint, Record
from dra_driver.claims.identity import ClaimRef
from dra_driver.claims.instances import Instances
from dra_driver.claims.step import PreparedDevice
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


class SilentOnce(Reader):
    """Its first answer never comes."""

    def __init__(self, *claims: ResourceClaim) -> None:
        super().__init__(*claims)
        self.asked = asyncio.Event()

    async def get_claim(self, namespace: str, name: str) -> ResourceClaim:
        if not self.asked.is_set():
            self.asked.set()
            await asyncio.Event().wait()
        return await super().get_claim(namespace, name)


async def test_a_call_that_was_given_up_while_its_claim_was_read_does_not_hold_up_the_next(
    tmp_path: Path,
) -> None:
    reader = SilentOnce(claim("u1", "gpu-0"))
    service = make_service(tmp_path, reader)
    first = asyncio.create_task(service.prepare(ref("c", "u1")))
    await reader.asked.wait()
    first.cancel()
    await asyncio.wait([first])
    assert first.cancelled()
    async with asyncio.timeout(10):
        [device] = await service.prepare(ref("c", "u1"))
    assert device.device == "gpu-0"


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
    record = Record(
        uid=ClaimUid("u1"), namespace="ns", name="c", state=STARTED, devices=(device,), owner="f" * 16
    )
    checkpoint.put(record)
    checkpoint.put(replace(record, uid=ClaimUid("u2"), state=DONE))
    checkpoint.close()
    folder = tmp_path / "cdi"
    folder.mkdir()
    for uid in ("u1", "u2"):
        (folder / f"{DRIVER}-claim-{uid}.json").write_text("{}")
    (folder / "other.json").write_text("{}")
    (folder / f"{DRIVER}_u1.tmp").write_text("{")
    service = make_service(tmp_path, Reader())
    await service.start()
    assert service.prepared == 1
    assert cdi_names(tmp_path) == ["gpu.example.com-claim-u2.json", "other.json"]


async def test_what_a_living_instance_prepares_is_left_to_it(tmp_path: Path) -> None:
    other = Instances(tmp_path)
    device = PreparedDevice(requests=("gpu",), pool=POOL, device=DeviceName("gpu-0"), cdi_ids=("x",))
    opened(tmp_path / "checkpoint.sqlite").put(
        Record(
            uid=ClaimUid("u1"),
            namespace="ns",
            name="c",
            state=STARTED,
            devices=(device,),
            owner=other.token,
        )
    )
    service = make_service(tmp_path, Reader(claim("u1", "gpu-0")))
    await service.start()
    assert service.prepared == 1
    for call in (service.prepare, service.unprepare):
        with pytest.raises(ClaimError, match="u1 is being prepared by another instance"):
            await call(ref("c", "u1"))
    other.close()
    await service.maintain()
    assert service.prepared == 0


async def test_after_a_boot_every_record_and_file_is_dropped(tmp_path: Path) -> None:
    reader = Reader(claim("u1", "gpu-0", name="a"))
    await make_service(tmp_path, reader).prepare(ref("a", "u1"))
    same = make_service(tmp_path, reader)
    await same.start()
    assert same.prepared == 1
    # what a loss of power leaves of a file that was renamed and never reached the disk
    (tmp_path / "cdi" / f"{DRIVER}-claim-12345678-1234-1234-1234-123456789abc.json").touch()
    booted = make_service(tmp_path, reader, boot_id="boot-2")
    await booted.start()
    assert (booted.prepared, cdi_names(tmp_path)) == (0, [])


async def test_a_device_whose_record_was_lost_stays_with_its_claim_until_the_kubelet_unprepares_it(
    tmp_path: Path,
) -> None:
    reader = Reader(claim("u1", "gpu-0", name="a"), claim("u2", "gpu-0", name="b"))
    await make_service(tmp_path, reader).prepare(ref("a", "u1"))
    damage(tmp_path, b"rubbish " * 64)
    service = make_service(tmp_path, reader)
    with pytest.raises(
        ClaimError, match=r"gpu-0 is prepared for claim u1; its record was lost and made from .*u1\.json"
    ):
        await service.prepare(ref("b", "u2"))
    await service.unprepare(ref("a", "u1"))
    await service.prepare(ref("b", "u2"))
    assert cdi_names(tmp_path) == ["gpu.example.com-claim-u2.json"]


async def test_a_file_of_an_unknown_claim_is_removed_if_no_record_was_lost(tmp_path: Path) -> None:
    service = make_service(tmp_path, Reader(claim("u1", "gpu-0")))
    await service.prepare(ref("c", "u1"))
    orphan = tmp_path / "cdi" / f"{DRIVER}-claim-u2.json"
    orphan.write_text((tmp_path / "cdi" / f"{DRIVER}-claim-u1.json").read_text().replace("u1-", "u2-"))
    await make_service(tmp_path, Reader()).start()
    assert cdi_names(tmp_path) == [f"{DRIVER}-claim-u1.json"]


async def test_a_record_that_was_lost_is_completed_by_the_next_prepare(tmp_path: Path) -> None:
    reader = Reader(claim("u1", "gpu-0", name="a"))
    before = await make_service(tmp_path, reader).prepare(ref("a", "u1"))
    damage(tmp_path, b"")
    assert await make_service(tmp_path, reader).prepare(ref("a", "u1")) == before


async def test_a_checkpoint_that_cannot_be_opened_fails_each_call_until_it_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("dra_driver.claims.checkpoint.BUSY_S", 0)
    with contextlib.closing(sqlite3.connect(tmp_path / "checkpoint.sqlite", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        service = make_service(tmp_path, Reader(claim("u1", "gpu-0")))
        await service.start()
        assert "no claim can be prepared or unprepared until this is repaired" in caplog.text
        for call in (service.prepare, service.unprepare):
            with pytest.raises(EnvironmentFault, match=r"checkpoint .*locked"):
                await call(ref("c", "u1"))
    await service.prepare(ref("c", "u1"))


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        (ref("c", "../../evil"), "claim UID '../../evil': wanted"),
        (ref("c", ""), "claim UID '': wanted"),
        (ref("c", "u" * 129), "wanted at most 128"),
        (ref("../secrets/x", "u1"), "name '../secrets/x': wanted a DNS subdomain"),
        (ClaimRef("a/b", "c", ClaimUid("u1")), "namespace 'a/b': wanted a DNS label"),
        (ClaimRef("", "c", ClaimUid("u1")), "namespace '': wanted a DNS label"),
    ],
)
async def test_a_name_that_kubernetes_would_not_have_is_refused(
    tmp_path: Path, wanted: ClaimRef, message: str
) -> None:
    with pytest.raises(ClaimError, match=message):
        await make_service(tmp_path, Reader()).prepare(wanted)


async def test_a_uid_that_is_a_path_removes_nothing(tmp_path: Path) -> None:
    service = make_service(tmp_path, Reader())
    (tmp_path / "cdi" / f"{DRIVER}-claim-x").mkdir()
    (tmp_path / "mine.json").touch()
    with pytest.raises(ClaimError, match="claim UID"):
        await service.unprepare(ref("c", "x/../../mine"))
    assert (tmp_path / "mine.json").exists()


async def test_a_failed_write_leaves_nothing(tmp_path: Path) -> None:
    service = make_service(tmp_path, Reader(claim("u1", "gpu-0")))
    await service.start()
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
    await service.maintain()
    assert cdi_names(tmp_path) == ["gpu.example.com-claim-u-c.json"]
    assert service.prepared == 1


async def test_nothing_is_collected_while_the_api_server_does_not_answer(tmp_path: Path) -> None:
    reader = Reader(claim("u1", "gpu-0"))
    service = make_service(tmp_path, reader)
    await service.prepare(ref("c", "u1"))
    reader.down = True
    with pytest.raises(ApiError, match="no answer"):
        await service.maintain()
    assert service.prepared == 1


async def test_a_gpu_that_was_swapped_is_not_handed_out_under_the_old_uuid(tmp_path: Path) -> None:
    reader = Reader(claim("u1", "gpu-0"))
    await make_service(tmp_path, reader).prepare(ref("c", "u1"))
    swapped = make_service(tmp_path, reader, inventory=inventory_of(gpu(0, uuid="GPU-new")))
    reader.down = True
    with pytest.raises(EnvironmentFault, match="its hardware GPU-0 is another one than was prepared"):
        await swapped.prepare(ref("c", "u1"))
    reader.down = False
    await swapped.prepare(ref("c", "u1"))
    assert "GPU-new" in (tmp_path / "cdi" / f"{DRIVER}-claim-u1.json").read_text()


async def test_a_device_that_a_process_uses_is_refused_for_a_new_claim_only(tmp_path: Path) -> None:
    reader, users = Reader(claim("u1", "gpu-0")), ["device gpu-0 is still used by process 1"]
    service = make_service(tmp_path, reader, occupied=lambda _: users[-1])
    with pytest.raises(ClaimError, match="claim ns/c: device gpu-0 is still used by process 1"):
        await service.prepare(ref("c", "u1"))
    assert (service.prepared, cdi_names(tmp_path)) == (0, [])
    users.append("")
    await service.prepare(ref("c", "u1"))
    users.append("its own container")
    await service.prepare(ref("c", "u1"))
