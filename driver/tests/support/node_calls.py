"""A claim service on a fake node from outside: calls in processes of their own, and what the node shows after them."""

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from claim_service import DRIVER, claim, results_of

from dra_api.objects import AllocationConfig, ResourceClaim

PROGRAM = Path(__file__).parent / "claim_node.py"
OWN = "resource.dra-conformance.dev/v1beta1"


def configured(kind: str, **sharing: Any) -> list[AllocationConfig]:
    parameters = {"apiVersion": OWN, "kind": kind, "sharing": sharing}
    return [{"source": "FromClaim", "opaque": {"driver": DRIVER, "parameters": parameters}}]


def share(device: str, memory: str) -> ResourceClaim:
    item = claim("u1", device)
    results_of(item)[0] |= {"shareID": "s-1", "consumedCapacity": {"memory": memory}}
    return item


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


@dataclass(frozen=True)
class Node:
    """A fake node, and the driver's folder on it."""

    session: Any
    folder: Path
    root: Path

    def run(
        self,
        claims: Mapping[str, ResourceClaim],
        *calls: list[str],
        kill: tuple[str, int] | None = None,
        gates: str = "",
    ) -> list[Any]:
        """The answers of a process that carries out CALLS; CLAIMS are by name."""
        order = {"claims": claims, "calls": list(calls), "kill": kill, "gates": gates}
        environment = {**self.session.environment, "PYTHONPATH": str(PROGRAM.parent)}
        done = subprocess.run(
            [sys.executable, str(PROGRAM), str(self.folder), str(self.root), json.dumps(order)],
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == (-9 if kill else 0), done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    def gpus(self) -> list[Any]:
        """What can be changed on the two GPUs."""
        shown = list(self.session.control("show").values())[:2]
        return [{name: gpu[name] for name in sorted(gpu) if name in CHANGED} for gpu in shown]

    def cdi(self) -> list[str]:
        return names_in(self.folder / "cdi")

    def drivers(self) -> list[str]:
        """What the two GPUs' PCI functions are bound to, and may be."""
        folders = sorted((self.root / "sys/bus/pci/devices").iterdir())[:2]
        return [
            f"{(path / 'driver').resolve().name} {(path / 'driver_override').read_text().strip() or '(null)'}"
            for path in folders
        ]

    def metadata(self) -> list[str]:
        return names_in(self.folder / "metadata")

    def daemons(self) -> list[str]:
        """Folders of MPS daemons, and their processes."""
        folder = self.folder / "mps"
        found = names_in(folder)
        for path in Path("/proc").glob("[0-9]*/environ"):
            try:
                text = path.read_bytes()
            except OSError:
                continue
            if f"CUDA_MPS_PIPE_DIRECTORY={folder}".encode() in text:
                found.append(path.parent.name)
        return found


CHANGED = {"compute_mode", "instances", "mig", "mig_pending", "timeslice"}
