"""The generated stubs."""

import sys

import pytest

from dra_api.kubelet import generate


def test_the_stubs_are_as_the_contracts_say(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("grpc_tools", reason="the dependency group 'generate' is not installed")
    monkeypatch.setattr(sys, "argv", ["generate", "--check"])
    assert generate.main() == 0
    assert capsys.readouterr().err == ""
