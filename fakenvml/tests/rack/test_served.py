"""A rack that is served: every tray sees the faults of the rack, and one that lost its power comes back."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fake_nvml.rack.served import is_ready

pytestmark = pytest.mark.slow
LINKS = """
import pynvml
pynvml.nvmlInit()
gpus = [pynvml.nvmlDeviceGetHandleByIndex(index) for index in range(pynvml.nvmlDeviceGetCount())]
print([[link for link in range(18) if not pynvml.nvmlDeviceGetNvLinkState(gpu, link)] for gpu in gpus])
"""


def fake_nvml(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "fake_nvml.cli", *arguments], capture_output=True, text=True, check=True
    )


@pytest.fixture
def racks(tmp_path: Path) -> Iterator[Path]:
    """Two racks of two nodes with two GPUs each, of which the first three nodes are served."""
    served = subprocess.Popen(
        [
            *(
                sys.executable,
                "-m",
                "fake_nvml.cli",
                "rack",
                "serve",
                "--racks",
                "2",
                "--nodes-per-rack",
                "2",
            ),
            *("--gpus-per-node", "2", "--first", "3", "--dir", str(tmp_path), "--follow-stdin", "--quiet"),
        ],
        stdin=subprocess.PIPE,
    )
    while not is_ready(tmp_path):
        assert served.poll() is None
    yield tmp_path
    assert served.stdin
    served.stdin.close()
    assert served.wait(20) == 0
    assert not is_ready(tmp_path / "rack-0/tray-0")


def links_down(tray: Path) -> str:
    environment = {**os.environ, "FAKE_NVML_DIR": str(tray), "LD_LIBRARY_PATH": str(tray / "lib")}
    done = subprocess.run(
        [sys.executable, "-c", LINKS], env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_every_tray_of_a_rack_sees_its_faults_and_comes_back_with_them(racks: Path) -> None:
    assert not (racks / "rack-1/tray-1").exists()
    where = ("--dir", str(racks))
    fake_nvml("rack", "break", *where, "switch", "tray=0")
    fake_nvml("rack", "break", *where, "port", "chip=7", "port=3")
    assert links_down(racks / "rack-0/tray-0") == "[[0, 1], [0, 1]]"
    assert links_down(racks / "rack-0/tray-1") == "[[0, 1], [0, 1, 7]]"
    assert links_down(racks / "rack-1/tray-0") == "[[], []]"

    fake_nvml("rack", "break", *where, "node", "node=1")
    assert not is_ready(racks / "rack-0/tray-1")
    shown = json.loads(fake_nvml("rack", "faults", *where).stdout)
    assert [each["fault"] for each in shown] == ["link", "node", "switch"]
    fake_nvml("rack", "mend", *where, "switch", "tray=0")
    fake_nvml("rack", "mend", *where, "node", "node=1")
    assert links_down(racks / "rack-0/tray-1") == "[[], [7]]"
    assert links_down(racks / "rack-0/tray-0") == "[[], []]"
