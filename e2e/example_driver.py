"""The upstream example driver, unmodified: built once into the cache, and run on a node of the embedded cluster.

``go install`` refuses the module, so a module of our own requires it and builds its command, as for the control plane.
"""

import os
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from dra_clusters.binaries.build import cache
from dra_clusters.provider import Node

MODULE, VERSION, NAME = "sigs.k8s.io/dra-example-driver", "v0.4.0", "dra-example-kubeletplugin"
BUILD_S = 600
DRIVER = "gpu.example.com"


def example_driver(scratch: Path) -> Path:
    """The program; skips the test where it cannot be had."""
    program = cache().parent / "third-party" / f"{NAME}-{VERSION}"
    if program.is_file():
        return program
    go = shutil.which("go")
    if go is None:
        pytest.skip("no Go toolchain on the PATH")
    (scratch / "go.mod").write_text(f"module build\n\ngo 1.26.0\n\nrequire {MODULE} {VERSION}\n")
    (scratch / "tools.go").write_text(
        f'//go:build tools\n\npackage build\n\nimport _ "{MODULE}/cmd/{NAME}"\n'
    )
    environment = {**os.environ, "GOFLAGS": "-mod=mod -buildvcs=false", "GOWORK": "off"}
    try:
        for arguments in (["mod", "tidy", "-e"], ["build", "-o", NAME, f"{MODULE}/cmd/{NAME}"]):
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
        pytest.skip(f"{MODULE} could not be built within {BUILD_S} s")
    except subprocess.CalledProcessError as error:
        pytest.skip(f"{MODULE} cannot be built here: {error.stderr[-300:]}")
    program.parent.mkdir(parents=True, exist_ok=True)
    partial = program.with_name(f".{program.name}.{os.getpid()}")
    shutil.move(scratch / NAME, partial)
    partial.replace(program)
    return program


@dataclass(slots=True)
class Running:
    """The driver on a node; it can be ended and started again."""

    program: Path
    node: Node
    kubeconfig: Path
    log: Path
    process: subprocess.Popen[bytes] | None = field(default=None)

    def start(self) -> None:
        """Start it as its Helm chart does, with the node's folders."""
        command = [
            str(self.program),
            f"--node-name={self.node.name}",
            f"--kubeconfig={self.kubeconfig}",
            f"--cdi-root={self.node.cdi_dir}",
            f"--kubelet-plugins-directory-path={self.node.plugins_dir}",
            f"--kubelet-registrar-directory-path={self.node.registry_dir}",
            "--num-devices=4",
            "-v=4",
        ]
        (self.node.plugins_dir / DRIVER).mkdir(exist_ok=True)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)

    def stop(self, *, kill: bool = False) -> None:
        """End it, in order or by SIGKILL."""
        if self.process is not None:
            if kill:
                self.process.kill()
            else:
                self.process.terminate()
            self.process.wait(20)
            self.process = None
