"""The driver's own log in the report folder: bounded, numbered, without credentials of the suite."""

import json
from pathlib import Path

import pytest

from dra_conformance.harness.driver_log import KEPT_BYTES, keep, kept_logs, reserve


def kubeconfig(folder: Path, **user: str) -> Path:
    path = folder / "kubeconfig"
    path.write_text(json.dumps({"users": [{"name": "u", "user": user}]}))
    return path


def test_logs_are_numbered_and_never_overwritten(tmp_path: Path) -> None:
    names = [reserve(tmp_path / "logs", "x.example.com").name for _ in range(11)]
    assert names[:2] == ["x.example.com-1.log", "x.example.com-2.log"]
    (tmp_path / "logs" / "x.example.com-old.log").write_text("not ours")
    assert [path.name for path in kept_logs(tmp_path / "logs", "x.example.com")] == names


@pytest.mark.parametrize("driver", ["../../etc/x", "a/b", "\x1b[31m", "", ".."])
def test_a_driver_name_cannot_leave_the_folder(tmp_path: Path, driver: str) -> None:
    path = reserve(tmp_path / "logs", driver)
    assert path.resolve().parent == (tmp_path / "logs").resolve()
    assert path.name.isascii()
    assert kept_logs(tmp_path / "logs", driver) == [path]


def test_only_the_end_of_a_long_log_is_kept(tmp_path: Path) -> None:
    log, target = tmp_path / "log", tmp_path / "kept.log"
    log.write_bytes(b"first line\n" + b"x" * KEPT_BYTES + b"last line\n")
    keep(log, kubeconfig(tmp_path), target)
    assert target.stat().st_size < KEPT_BYTES + 100
    assert target.read_text().startswith("(21 bytes before this are left out)")
    assert target.read_text().endswith("last line\n")


def test_credentials_are_left_out(tmp_path: Path) -> None:
    log, target = tmp_path / "log", tmp_path / "kept.log"
    log.write_text("using token SECRET-1 and key SECRET-2 for user u\n")
    secrets = {"token": "SECRET-1", "client-key-data": "SECRET-2"}
    keep(log, kubeconfig(tmp_path, **secrets), target)
    assert target.read_text() == "using token (redacted) and key (redacted) for user u\n"


def test_a_driver_that_was_never_started_has_an_empty_log(tmp_path: Path) -> None:
    target = reserve(tmp_path, "x")
    keep(tmp_path / "missing", tmp_path / "missing-too", target)
    assert target.read_text() == ""
