"""Errors are remembered for one boot."""

from pathlib import Path

import pytest
from msgspec import structs

from dra_driver.health.conditions import Condition, Fault
from dra_driver.health.store import Store

ERROR = Condition(gpu="GPU-0", fault=Fault.XID, value="79", gi=1, since=5, severe=True)


def test_what_was_written_is_read_by_the_next_process_of_this_boot(tmp_path: Path) -> None:
    assert Store(tmp_path / "health.json", "boot-1").read() == frozenset()
    whole = structs.replace(ERROR, gi=None)
    Store(tmp_path / "health.json", "boot-1").write({ERROR, whole})
    assert Store(tmp_path / "health.json", "boot-1").read() == {ERROR, whole}
    assert Store(tmp_path / "health.json", "boot-2").read() == frozenset()


def test_a_damaged_file_is_a_line_in_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "health.json").write_text("{")
    assert Store(tmp_path / "health.json", "b").read() == frozenset()
    assert "earlier errors of GPUs are forgotten" in caplog.text


def test_a_folder_that_is_gone_is_a_line_in_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    Store(tmp_path / "none" / "health.json", "b").write({ERROR})
    assert "after a restart errors of GPUs are forgotten" in caplog.text
