"""The checkpoint: what survives, what is refused."""

import asyncio
import contextlib
import json
import resource
import sqlite3
from pathlib import Path

import pytest
from claim_service import opened
from msgspec.structs import replace

from dra_api.identifiers import ClaimUid, DeviceName, PoolName
from dra_driver.claims.checkpoint import DONE, Checkpoint, Record
from dra_driver.claims.step import PreparedDevice
from dra_driver.errors import EnvironmentFault

UID = ClaimUid("u1")


def record(uid: ClaimUid = UID, name: str = "c") -> Record:
    return Record(uid=uid, namespace="ns", name=name, state=DONE, devices=())


@pytest.mark.parametrize("content", [b"rubbish" * 100, b"SQLite format 3\0" + b"x" * 5000])
def test_a_damaged_checkpoint_is_kept_and_a_new_one_made(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "c.sqlite").write_bytes(content)
    checkpoint = opened(tmp_path / "c.sqlite")
    assert checkpoint.records() == {}
    assert checkpoint.damaged is not None
    assert checkpoint.damaged.read_bytes() == content


def test_the_rows_that_can_be_read_are_taken_over_from_a_damaged_checkpoint(tmp_path: Path) -> None:
    first = Checkpoint(tmp_path / "c.sqlite")
    for uid in ("u1", "u2"):
        first.put(record(ClaimUid(uid)))
    first.close()
    with sqlite3.connect(tmp_path / "c.sqlite") as db:
        db.execute("UPDATE claims SET devices = 'rubbish' WHERE uid = 'u2'")
    db.close()
    second = opened(tmp_path / "c.sqlite")
    assert second.records() == {UID: record()}
    assert second.damaged is not None


def test_a_checkpoint_that_is_damaged_while_it_is_open_is_found_by_the_next_call(tmp_path: Path) -> None:
    checkpoint = opened(tmp_path / "c.sqlite")
    for number in range(40):  # more than SQLite keeps in memory
        checkpoint.put(record(ClaimUid(f"u{number}"), "x" * 100_000))
    checkpoint.close()
    checkpoint = opened(tmp_path / "c.sqlite")
    with (tmp_path / "c.sqlite").open("r+b") as file:
        file.seek(100_000)
        file.write(b"y" * 1_000_000)
    with pytest.raises(EnvironmentFault, match="malformed; nothing was changed"):
        checkpoint.records()
    assert checkpoint.records().keys() < {f"u{number}" for number in range(40)}
    assert checkpoint.damaged is not None


def test_a_full_disk_is_not_taken_for_damage(tmp_path: Path) -> None:
    checkpoint = opened(tmp_path / "c.sqlite")
    checkpoint.put(record())
    checkpoint.close()
    checkpoint = Checkpoint(tmp_path / "c.sqlite")
    before, limits = sorted(tmp_path.iterdir()), resource.getrlimit(resource.RLIMIT_FSIZE)
    checkpoint.open()
    resource.setrlimit(resource.RLIMIT_FSIZE, (1024, limits[1]))  # writes beyond it fail, as on a full disk
    try:
        with pytest.raises(
            EnvironmentFault, match=r"c\.sqlite: .*(full|disk I/O error); nothing was changed"
        ):
            checkpoint.put(record(ClaimUid("u2")))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert (checkpoint.records(), checkpoint.damaged) == ({UID: record()}, None)
    checkpoint.close()
    assert sorted(tmp_path.iterdir()) == before


def test_a_member_that_a_newer_driver_added_to_a_record_is_no_damage(tmp_path: Path) -> None:
    device = PreparedDevice(requests=("r",), pool=PoolName("p"), device=DeviceName("d"), cdi_ids=("i",))
    kept = replace(record(), devices=(device,))
    checkpoint = opened(tmp_path / "c.sqlite")
    checkpoint.put(kept)
    checkpoint.close()
    with contextlib.closing(sqlite3.connect(tmp_path / "c.sqlite", isolation_level=None)) as other:
        [(devices,)] = other.execute("SELECT devices FROM claims").fetchall()
        rows = [{**row, "addedLater": {"a": 1}} for row in json.loads(devices)]
        other.execute("UPDATE claims SET devices = ?", (json.dumps(rows).encode(),))
    checkpoint = opened(tmp_path / "c.sqlite")
    assert (checkpoint.records(), checkpoint.damaged) == ({UID: kept}, None)


def test_a_checkpoint_of_the_first_schema_is_read(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "c.sqlite") as db:
        db.execute(
            "CREATE TABLE claims (uid TEXT PRIMARY KEY, namespace TEXT, name TEXT, state TEXT, devices BLOB)"
        )
        db.execute("INSERT INTO claims VALUES ('u1', 'ns', 'c', 'done', '[]')")
        db.execute("PRAGMA user_version = 1")
    db.close()
    assert opened(tmp_path / "c.sqlite").records() == {UID: record()}


async def test_waiting_for_another_instance_does_not_stop_the_event_loop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dra_driver.claims.checkpoint.LOCK_S", 0.05)
    first, second = opened(tmp_path / "c.sqlite"), opened(tmp_path / "c.sqlite")
    async with first.locked():
        with pytest.raises(EnvironmentFault, match="was locked for .* by another process"):
            async with asyncio.timeout(5), second.locked():
                pass
    async with second.locked():
        pass


def test_a_checkpoint_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "c.sqlite") as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(EnvironmentFault, match="has schema 99"):
        Checkpoint(tmp_path / "c.sqlite").open()


def test_a_folder_that_is_a_file_is_the_node_s_fault(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(EnvironmentFault, match="cannot open checkpoint .*make the folder writable"):
        Checkpoint(tmp_path / "file" / "c.sqlite").open()


def test_a_checkpoint_that_is_locked_is_not_taken_for_a_broken_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dra_driver.claims.checkpoint.BUSY_S", 0)
    other = sqlite3.connect(tmp_path / "c.sqlite", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    checkpoint = Checkpoint(tmp_path / "c.sqlite")
    with pytest.raises(EnvironmentFault, match="cannot open checkpoint .*locked"):
        checkpoint.open()
    other.close()
    checkpoint.open()
    assert checkpoint.damaged is None
    checkpoint.close()


def test_an_error_of_the_database_names_the_file(tmp_path: Path) -> None:
    checkpoint = opened(tmp_path / "c.sqlite")
    with sqlite3.connect(tmp_path / "c.sqlite") as db:
        db.execute("DROP TABLE claims")
    db.close()
    with pytest.raises(EnvironmentFault, match=r"checkpoint .*c\.sqlite: no such table"):
        checkpoint.records()
