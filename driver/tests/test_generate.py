"""The generated stubs."""

import sys
from pathlib import Path

import pytest

from dra_api import generate

pytest.importorskip("grpc_tools", reason="the dependency group 'generate' is not installed")


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["generate", *arguments])
    return generate.main()


def test_the_stubs_are_as_the_contracts_say(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "--check") == 0
    assert capsys.readouterr().err == ""


def test_stale_stubs_are_named_by_a_check_and_replaced_or_removed_without_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(generate, "OUTPUT", tmp_path)
    for name in generate.CONTRACTS:
        folder = tmp_path / name / "_generated"
        folder.mkdir(parents=True)
        (folder / "ttrpc_pb2.py").write_text("stale")
        (folder / "removed_pb2.py").write_text("stale")
    assert run(monkeypatch, "--check") == 1
    errors = capsys.readouterr().err
    for name in generate.CONTRACTS:
        assert f"stale: {tmp_path / name / '_generated' / 'removed_pb2.py'}; run python -m" in errors
    assert run(monkeypatch) == 0
    assert run(monkeypatch, "--check") == 0
    assert not list(tmp_path.glob("*/_generated/removed_pb2.py"))
    assert (tmp_path / "nri" / "_generated" / "ttrpc_pb2.py").read_text() != "stale"
