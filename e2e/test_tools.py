"""People's tools, unmodified, on a fake GPU machine."""

import json
import subprocess
import sys
from pathlib import Path

SCRIPTS = Path(sys.executable).parent


def on_the_machine(*arguments: str) -> str:
    """What a command prints on a fake DGX B200."""
    command = [str(SCRIPTS / "fake-nvml"), "run", "--machine", "dgx-b200", "--", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_gpustat_shows_eight_gpus() -> None:
    """Gpustat --json lists the GPUs with names, UUIDs and memory."""
    gpus = json.loads(on_the_machine(str(SCRIPTS / "gpustat"), "--json"))["gpus"]
    assert [gpu["name"] for gpu in gpus] == ["NVIDIA B200"] * 8
    assert len({gpu["uuid"] for gpu in gpus}) == 8
    assert all(gpu["memory.total"] == 183359 for gpu in gpus)


def test_nvitop_shows_the_machine() -> None:
    """Nvitop -1 draws its table of GPUs."""
    screen = on_the_machine(str(SCRIPTS / "nvitop"), "-1")
    assert screen.count("183359MiB") + screen.count("179.1GiB") >= 8
