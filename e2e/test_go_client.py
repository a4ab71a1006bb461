"""A Go program on NVIDIA's own bindings divides a GPU, as Go DRA drivers do."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

SOURCE = Path(__file__).parent / "go_mig"


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The compiled program; skipped where there is no Go toolchain or the bindings cannot be had."""
    if shutil.which("go") is None:
        pytest.skip("no Go toolchain on the PATH")
    folder = tmp_path_factory.mktemp("go")
    for file in ("go.mod", "main.go"):
        shutil.copy(SOURCE / file, folder / file)
    environment = {**os.environ, "GOFLAGS": "-mod=mod", "CGO_ENABLED": "1"}
    done = subprocess.run(
        ["go", "build", "-o", "go-mig", "."],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if "github.com/NVIDIA/go-nvml" in done.stderr and ("dial tcp" in done.stderr or "lookup" in done.stderr):
        pytest.skip("the Go bindings cannot be downloaded here")
    assert done.returncode == 0, done.stderr
    return folder / "go-mig"


def test_a_go_driver_enables_mig_creates_instances_and_lists_them(
    program: Path, fake_nvml: Callable[..., Any]
) -> None:
    with fake_nvml("dgx-h100") as node:
        done = subprocess.run(
            [str(program)], env=node.environment, capture_output=True, text=True, check=False
        )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert [(row["gi"], row["memory_mib"]) for row in found["created"]] == [(13, 9984), (5, 20096)]
    assert found["created"][1]["profile"] == "NVIDIA H100 80GB HBM3 MIG 2g.20gb"
    assert sorted(found["listed"]) == sorted(row["uuid"] for row in found["created"])
