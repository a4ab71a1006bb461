"""NVIDIA's DRA driver for whole GPUs, unmodified: its program from the PATH, or built from a checkout of its sources.

The Go module proxy does not serve the module, so the sources must be here: ``DRA_NVIDIA_DRIVER_SOURCE`` names the folder
of a checkout of kubernetes-sigs/dra-driver-nvidia-gpu, whose vendored modules make the build need no network.
"""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

NAME = "gpu-kubelet-plugin"
SOURCE = "DRA_NVIDIA_DRIVER_SOURCE"
BUILD_S = 900


def nvidia_driver(scratch: Path) -> Path:
    """The program; skips the test where it cannot be had."""
    found = shutil.which(NAME)
    if found is not None:
        return Path(found)
    source, go = os.environ.get(SOURCE), shutil.which("go")
    if not source:
        pytest.skip(f"neither {NAME} on the PATH nor a checkout of NVIDIA's driver in {SOURCE}")
    if go is None:
        pytest.skip("no Go toolchain on the PATH")
    program = scratch / NAME
    command = [go, "build", "-mod=vendor", "-buildvcs=false", "-o", str(program), f"./cmd/{NAME}"]
    try:
        subprocess.run(command, cwd=source, capture_output=True, text=True, check=True, timeout=BUILD_S)
    except subprocess.TimeoutExpired:
        pytest.skip(f"{NAME} could not be built within {BUILD_S} s")
    except subprocess.CalledProcessError as error:
        pytest.skip(f"{NAME} cannot be built here: {error.stderr[-300:]}")
    return program
