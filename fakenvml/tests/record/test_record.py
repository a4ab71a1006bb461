"""Recording a machine and comparing the model with it, tried on the fake itself: it must come back as it was."""

import subprocess
import sys
from pathlib import Path

import pytest

from fake_nvml import record
from fake_nvml.errors import UsageError
from fake_nvml.machines import load
from fake_nvml.session import Session

pytestmark = pytest.mark.slow


def recorded(machine: str, folder: Path) -> Path:
    """A recording of a fake MACHINE."""
    target = folder / "recorded.yaml"
    with Session(machine, folder / "node") as session:
        command = [sys.executable, "-m", "fake_nvml.cli", "record", "--output", str(target)]
        subprocess.run(command, env=session.environment, check=True, timeout=60)
    return target


@pytest.mark.parametrize("machine", ["dgx-a100", "dgx-b200", "hgx-b300", "rtx-pro-6000-ws", "t4"])
def test_the_model_of_a_recording_answers_as_was_recorded(tmp_path: Path, machine: str) -> None:
    target = recorded(machine, tmp_path)
    assert [recorded.call for recorded, _, _ in record.differences(str(target))] == []
    assert len(load(str(target))[0].recording) > 300


def test_a_recording_can_be_served_and_recorded_again(tmp_path: Path) -> None:
    first = recorded("dgx-h100", tmp_path)
    (tmp_path / "again").mkdir()
    second = recorded(str(first), tmp_path / "again")
    assert first.read_text() == second.read_text()


def test_differences_are_reported_call_by_call(tmp_path: Path) -> None:
    target = recorded("t4", tmp_path)
    target.write_text(target.read_text().replace("total_mib: 15360", "total_mib: 15000"))
    call, code, value = next(
        row for row in record.differences(str(target)) if row[0].call == "nvmlDeviceGetMemoryInfo_v2"
    )
    assert (call.value[0]["total"], code, value[0]["total"]) == (15360 << 20, "SUCCESS", 15000 << 20)


def test_a_file_without_a_recording_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="unknown machine"):
        list(record.differences("nothing"))
    with pytest.raises(UsageError, match="holds no recording; make one with fake-nvml record"):
        list(record.differences("t4"))


def test_without_a_driver_there_is_nothing_to_record(tmp_path: Path) -> None:
    with Session("t4", tmp_path / "node") as session:
        environment = {**session.environment, "FAKE_NVML_DIR": str(tmp_path)}
    command = [sys.executable, "-m", "fake_nvml.cli", "record"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, "needs a machine with NVIDIA's driver" in done.stderr) == (3, True)
