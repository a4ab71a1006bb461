"""Programs of drivers whose module the Go module proxy does not serve: from the PATH, or built from a checkout of their sources."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

BUILD_S = 900


def checkout_program(name: str, source_variable: str, scratch: Path) -> Path:
    """The program NAME, of ``./cmd/NAME`` in the checkout that SOURCE_VARIABLE names; skips the test where it cannot be had."""
    found = shutil.which(name)
    if found is not None:
        return Path(found)
    source, go = os.environ.get(source_variable), shutil.which("go")
    if not source:
        pytest.skip(f"neither {name} on the PATH nor a checkout of its sources in {source_variable}")
    if go is None:
        pytest.skip("no Go toolchain on the PATH")
    program = scratch / name
    modules = "vendor" if (Path(source) / "vendor").is_dir() else "mod"
    command = [go, "build", f"-mod={modules}", "-buildvcs=false", "-o", str(program), f"./cmd/{name}"]
    try:
        subprocess.run(command, cwd=source, capture_output=True, text=True, check=True, timeout=BUILD_S)
    except subprocess.TimeoutExpired:
        pytest.skip(f"{name} could not be built within {BUILD_S} s")
    except subprocess.CalledProcessError as error:
        pytest.skip(f"{name} cannot be built here: {error.stderr[-300:]}")
    return program
