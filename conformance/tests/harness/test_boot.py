"""A process can be given a new boot id."""

import subprocess
from pathlib import Path

import pytest

from dra_conformance.harness.boot import BOOT_ID, rebooted


def boot_id(*prefix: str) -> str:
    return subprocess.run(
        [*prefix, "cat", BOOT_ID], capture_output=True, text=True, check=True, timeout=20
    ).stdout


def test_a_rebooted_process_sees_another_boot_id_and_this_one_does_not(tmp_path: Path) -> None:
    before = boot_id()
    prefix = rebooted(tmp_path)
    if prefix is None:
        pytest.skip("binding a file over the boot id needs root, unshare and a kernel that allows it")
    first = boot_id(*prefix)
    assert first == (tmp_path / "boot_id").read_text() != before
    assert boot_id() == before
    again = rebooted(tmp_path)
    assert again is not None
    assert boot_id(*again) != first
