"""Verbs and columns of the ``nvidia-smi`` stand-in that print what a program or a capture of the real one prints."""

import subprocess
import sys
from pathlib import Path

import pytest

from fake_nvml.session import Session

pytestmark = pytest.mark.slow
CAPTURED_HEAD = "# gpu    pwr  gtemp  mtemp     sm    mem    enc    dec    jpg    ofa   mclk   pclk "


def smi(node: Session, *argv: str) -> tuple[int, list[str]]:
    """(exit code, lines)."""
    done = subprocess.run(
        [sys.executable, "-m", "fake_nvml.programs.nvidia_smi", *argv],
        env=dict(node.environment), capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    return done.returncode, done.stdout.splitlines()


@pytest.mark.parametrize("node", ["dgx-h100"], indirect=True)
def test_the_verbs_print_the_tables_of_the_real_program(node: Session) -> None:
    code, lines = smi(node, "dmon", "-c", "1", "-i", "0")
    assert (code, lines[0]) == (0, CAPTURED_HEAD)
    assert lines[2] == "    0     69     28     32      0      0      0      0      0      0   2619    345 "
    _, lines = smi(node, "pmon", "-c", "1", "-i", "0")
    assert lines[0] == "# gpu         pid   type     sm    mem    enc    dec    jpg    ofa    command "
    assert lines[2] == "    0          -     -      -      -      -      -      -      -    -              "
    smi(node, "compute-policy", "-i", "1", "--set-timeslice", "2")
    _, lines = smi(node, "compute-policy", "-l", "-i", "1")
    assert lines[4] == "|   1   Timeslice       Medium        |"
    assert "|   No supported devices found                    |" in smi(node, "boost-slider", "-l")[1]
    assert smi(node, "power-hint", "-l") == (0, ["No supported devices found"])
    assert smi(node, "topo", "-c", "60")[1][0].endswith("CPU 60: 4, 5, 6, 7")


@pytest.mark.parametrize("node", ["dgx-h100"], indirect=True)
def test_columns_that_were_not_applicable_have_values(node: Session) -> None:
    columns = "enforced.power.limit,temperature.gpu.tlimit,temperature.memory,addressing_mode,gom.current"
    _, lines = smi(node, f"--query-gpu={columns}", "--format=csv,noheader", "-i", "0")
    assert lines == ["700.00 W, 59, 32, HMM, [N/A]"]


@pytest.mark.parametrize("node", ["dgx-h100"], indirect=True)
def test_a_gpu_is_reset_and_loses_what_a_reset_clears(node: Session) -> None:
    def pending() -> list[str]:
        return [
            line.strip() for line in smi(node, "-q", "-x", "-i", "2")[1] if "remapped_row_pending" in line
        ]

    node.control("ecc", 2, kind="uncorrected", place="dram")
    assert pending() == ["<remapped_row_pending>Yes</remapped_row_pending>"]
    code, lines = smi(node, "-r", "-i", "2")
    assert (code, lines[0]) == (0, "GPU 00000000:75:00.0 was successfully reset.")
    assert pending() == ["<remapped_row_pending>No</remapped_row_pending>"]


@pytest.mark.parametrize("node", ["dgx-h100"], indirect=True)
def test_the_text_report_writes_rows_as_the_real_program_does(node: Session) -> None:
    """Lines of captures of 590.48.01, whose values begin in another column."""
    _, lines = smi(node, "-q", "-i", "0")
    there = {line.replace(" ", "") for line in lines}
    wanted = {"DeviceId:0x233010DE", "SubSystemId:0x16C110DE", "BaseClasscode:0x3", "SingleBitECC:N/A"}
    assert wanted <= there
    [outer] = (line for line in lines if line.strip().startswith("HW Slowdown"))
    inner = next(line for line in lines if line.strip().startswith("HW Thermal Slowdown"))
    assert inner.index("HW") == outer.index("HW") + 4


@pytest.mark.parametrize(
    ("machine", "driver", "captured"),
    [
        ("dgx-h100", "590.48.01", {
            "pci.sub_device_id": "0x16C110DE", "pci.baseClass": "0x3", "pcie.link.gen.gpumax": "5", "pcie.link.gen.hostmax": "[N/A]",
            "display_mode": "[Requested functionality has been deprecated]", "accounting.buffer_size": "4000", "inforom.img": "G520.0200.00.05",
            "gpu_recovery_action": "None", "clocks_event_reasons.supported": "0x00000000000001FF", "clocks_event_reasons.gpu_idle": "Active",
            "clocks_event_reasons_counters.sync_boost": "0 us", "utilization.ofa": "0 %", "encoder.stats.sessionCount": "0",
            "ecc.errors.corrected.volatile.device_memory": "0", "ecc.errors.corrected.volatile.l2_cache": "[N/A]",
            "ecc.errors.uncorrected.aggregate.total": "0", "ecc.errors.uncorrected.aggregate.sram.mcu": "0",
            "ecc.errors.uncorrected.aggregate.sram.thresholdExceeded": "No", "retired_pages.pending": "[N/A]", "remapped_rows.failure": "No",
            "remapped_rows.histogram.max": "2560", "module.power.limit": "[N/A]", "clocks.max.memory": "2619 MHz",
            "clocks.applications.memory": "[Requested functionality has been deprecated]", "gsp.mode.default": "Enabled", "c2c.mode": "Disabled",
            "protected_memory.total": "0 MiB", "fabric.state": "Completed", "platform.module_id": "7",
        }),
        ("l40s", "595.80", {
            "clocks_event_reasons.supported": "0x00000000000001FF", "temperature.memory": "N/A", "fabric.cliqueId": "N/A",
            "remapped_rows.correctable_inactive": "0", "remapped_rows.histogram.max": "192", "c2c.mode": "[N/A]",
        }),
    ],
)  # fmt: skip
def test_columns_print_what_captures_of_real_boards_have(
    tmp_path: Path, machine: str, driver: str, captured: dict[str, str]
) -> None:
    with Session(machine, tmp_path / "node", driver=driver) as node:
        columns = ",".join(captured)
        code, lines = smi(node, f"--query-gpu={columns}", "--format=csv,noheader", "-i", "0")
    assert (code, dict(zip(captured, lines[0].split(", "), strict=True))) == (0, captured)
