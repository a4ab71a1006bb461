"""Verbs and columns of the ``nvidia-smi`` stand-in that print what a program or a capture of the real one prints."""

import subprocess
import sys

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
