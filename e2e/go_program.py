"""Commands of other people's Go modules, unmodified: built once into the cache.

``go install`` refuses some modules, so a module of our own requires one and builds its command, as for the control plane.
"""

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from dra_clusters.binaries.build import cache

BUILD_S = 600


def go_program(module: str, version: str, name: str, scratch: Path) -> Path:
    """The program of ``MODULE/cmd/NAME``, built in the folder SCRATCH; skips the test where it cannot be had."""
    program = cache().parent / "third-party" / f"{name}-{version}"
    if program.is_file():
        return program
    (scratch / "tools.go").write_text(
        f'//go:build tools\n\npackage build\n\nimport _ "{module}/cmd/{name}"\n'
    )
    return built(module, version, f"{module}/cmd/{name}", program, scratch)


def own_program(source: Path, module: str, version: str, scratch: Path) -> Path:
    """The program of the file SOURCE, which imports MODULE, built in the folder SCRATCH; skips the test where it cannot be had."""
    digest = hashlib.sha256(source.read_bytes()).hexdigest()[:8]
    program = cache().parent / "third-party" / f"{source.stem}-{version}-{digest}"
    if program.is_file():
        return program
    (scratch / "main.go").write_bytes(source.read_bytes())
    return built(module, version, ".", program, scratch)


def built(module: str, version: str, package: str, program: Path, scratch: Path) -> Path:
    """PROGRAM, built from PACKAGE in a module that requires MODULE."""
    go = shutil.which("go")
    if go is None:
        pytest.skip("no Go toolchain on the PATH")
    (scratch / "go.mod").write_text(f"module build\n\ngo 1.26.0\n\nrequire {module} {version}\n")
    environment = {**os.environ, "GOFLAGS": "-mod=mod -buildvcs=false", "GOWORK": "off"}
    try:
        for arguments in (["mod", "tidy", "-e"], ["build", "-o", program.name, package]):
            subprocess.run(
                [go, *arguments],
                cwd=scratch,
                env=environment,
                capture_output=True,
                text=True,
                check=True,
                timeout=BUILD_S,
            )
    except subprocess.TimeoutExpired:
        pytest.skip(f"{module} could not be built within {BUILD_S} s")
    except subprocess.CalledProcessError as error:
        pytest.skip(f"{module} cannot be built here: {error.stderr[-300:]}")
    program.parent.mkdir(parents=True, exist_ok=True)
    partial = program.with_name(f".{program.name}.{os.getpid()}")
    shutil.move(scratch / program.name, partial)
    partial.replace(program)
    return program
