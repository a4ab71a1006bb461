"""The upstream example driver, unmodified: run on a node of the embedded cluster."""

import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from go_program import go_program

from dra_clusters.provider import Node

MODULE, VERSION, NAME = "sigs.k8s.io/dra-example-driver", "v0.4.0", "dra-example-kubeletplugin"
DRIVER = "gpu.example.com"


def example_driver(scratch: Path) -> Path:
    """The program; skips the test where it cannot be had."""
    return go_program(MODULE, VERSION, NAME, scratch)


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
