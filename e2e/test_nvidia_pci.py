"""NVIDIA's Go PCI library, which mig-parted and the device plugins use, finds the GPUs of a fake node in /sys."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent / "go_pci"


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The compiled program; skipped where there is no Go toolchain or the library cannot be had."""
    if shutil.which("go") is None:
        pytest.skip("no Go toolchain on the PATH")
    folder = tmp_path_factory.mktemp("go")
    for file in ("go.mod", "main.go"):
        shutil.copy(SOURCE / file, folder / file)
    environment = {**os.environ, "GOFLAGS": "-mod=mod"}
    done = subprocess.run(
        ["go", "build", "-o", "go-pci", "."],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if "github.com/NVIDIA/go-nvlib" in done.stderr and ("dial tcp" in done.stderr or "lookup" in done.stderr):
        pytest.skip("the Go library cannot be downloaded here")
    assert done.returncode == 0, done.stderr
    return folder / "go-pci"


def test_nvpci_finds_the_gpus_inside_the_node(program: Path) -> None:
    command = [sys.executable, "-m", "fake_nvml.cli", "run", "--machine", "dgx-b200", "--mount", "--"]
    done = subprocess.run([*command, str(program)], capture_output=True, text=True, check=False)
    if "allows no private mounts" in done.stderr:
        pytest.skip(done.stderr)
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)
    assert [row["address"] for row in rows][:2] == ["0000:8f:00.0", "0000:90:00.0"]
    assert [row["numa_node"] for row in rows] == [0] * 4 + [1] * 4
    assert {(row["device"], row["driver"], row["capabilities"]) for row in rows} == {(0x2901, "nvidia", 5)}
    assert len({row["iommu_group"] for row in rows}) == 8
