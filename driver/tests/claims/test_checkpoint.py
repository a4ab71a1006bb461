"""The checkpoint: what survives, what is refused."""

import sqlite3
from pathlib import Path

import pytest
from claim_service import opened

from dra_driver.claims.checkpoint import Checkpoint
from dra_driver.errors import EnvironmentFault


def test_a_broken_checkpoint_is_renamed_and_a_new_one_created(tmp_path: Path) -> None:
    (tmp_path / "c.sqlite").write_bytes(b"rubbish" * 100)
    assert opened(tmp_path / "c.sqlite").records() == {}
    assert [path.name for path in tmp_path.glob("*.broken-*")]


def test_a_checkpoint_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "c.sqlite") as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(EnvironmentFault, match="has schema 99"):
        Checkpoint(tmp_path / "c.sqlite")


def test_a_folder_that_is_a_file_is_the_node_s_fault(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(EnvironmentFault, match="cannot open checkpoint .*make the folder writable"):
        Checkpoint(tmp_path / "file" / "c.sqlite")


def test_a_checkpoint_that_is_locked_is_not_taken_for_a_broken_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(tmp_path / "c.sqlite")
    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda path, **options: connect(path, **options, timeout=0))
    other = connect(tmp_path / "c.sqlite", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(EnvironmentFault, match="cannot open checkpoint .*locked"):
        Checkpoint(tmp_path / "c.sqlite")
    other.close()
    assert not list(tmp_path.glob("*.broken-*"))


def test_an_error_of_the_database_names_the_file(tmp_path: Path) -> None:
    checkpoint = opened(tmp_path / "c.sqlite")
    with sqlite3.connect(tmp_path / "c.sqlite") as db:
        db.execute("DROP TABLE claims")
    db.close()
    with pytest.raises(EnvironmentFault, match=r"checkpoint .*c\.sqlite: no such table"):
        checkpoint.records()
