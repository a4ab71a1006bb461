"""NVIDIA's mig-parted, unmodified, divides the GPUs of a fake node by a configuration file, as its operand in clusters does.

The Go module proxy does not serve the module, so a program on the PATH is used, or the sources that
``MIG_PARTED_SOURCE`` names, whose vendored modules make the build need no network.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
NAME, SOURCE = "nvidia-mig-parted", "MIG_PARTED_SOURCE"
BUILD_S, RUN_S = 600, 300
CONFIGURATION = """
version: v1
mig-configs:
  all-disabled:
  - devices: all
    mig-enabled: false
  mixed:
  - devices: [0, 1, 2, 3, 4, 5]
    mig-enabled: false
  - devices: [6, 7]
    mig-enabled: true
    mig-devices:
      "3g.40gb": 1
      "2g.20gb": 1
      "1g.10gb": 1
"""
MIXED = """version: v1
mig-configs:
  current:
  - devices: [0, 1, 2, 3, 4, 5]
    mig-enabled: false
    mig-devices: {}
  - devices: [6, 7]
    mig-enabled: true
    mig-devices:
      1g.10gb: 1
      2g.20gb: 1
      3g.40gb: 1
"""


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The program; skips the tests where it cannot be had, or where the kernel has no list of modules for it to read."""
    if not Path("/proc/modules").exists():
        pytest.skip("mig-parted reads /proc/modules, which this kernel does not have")
    if (found := shutil.which(NAME)) is not None:
        return found
    source, go = os.environ.get(SOURCE), shutil.which("go")
    if not source or go is None:
        pytest.skip(f"no {NAME} on the PATH, and no Go toolchain with a checkout of mig-parted in {SOURCE}")
    built = tmp_path_factory.mktemp("go") / NAME
    command = [go, "build", "-mod=vendor", "-buildvcs=false", "-o", str(built), f"./cmd/{NAME}"]
    try:
        subprocess.run(command, cwd=source, capture_output=True, text=True, check=True, timeout=BUILD_S)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        pytest.skip(f"{NAME} cannot be built here: {error}")
    return str(built)


def test_a_node_is_divided_and_made_whole_again(program: str, tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text(CONFIGURATION)
    script = (
        'set -e; "$0" apply -f c.yaml -c mixed; "$0" assert -f c.yaml -c mixed; "$0" export >exported.yaml;'
        ' ! "$0" assert -f c.yaml -c all-disabled; "$0" apply -f c.yaml -c all-disabled;'
        ' "$0" assert -f c.yaml -c all-disabled'
    )
    inside = [sys.executable, "-m", "fake_nvml.cli", "run", "--machine", "dgx-h100", "--mount", "--"]
    done = subprocess.run(
        [*inside, "sh", "-c", script, program],
        cwd=tmp_path, capture_output=True, text=True, check=False, timeout=RUN_S,
    )  # fmt: skip
    if "allows no private mounts" in done.stderr:
        pytest.skip(done.stderr)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "exported.yaml").read_text() == MIXED
