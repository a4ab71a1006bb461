"""kill -9 at every step of every plan, on a fake node: at the next start the node is what the records say, or nothing.

The list of cases is made from the plans themselves: a new step is killed at without a line here.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from claim_service import DRIVER, POOL, claim, divisible, inventory_of, results_of

from dra_api.objects import AllocationConfig, ResourceClaim
from dra_driver.claims.plan import make_plan
from fake_nvml import Session

pytestmark = pytest.mark.slow
PROGRAM = Path(__file__).parents[1] / "support" / "claim_node.py"
OWN = "resource.dra-conformance.dev/v1beta1"


def configured(kind: str, **sharing: Any) -> list[AllocationConfig]:
    parameters = {"apiVersion": OWN, "kind": kind, "sharing": sharing}
    return [{"source": "FromClaim", "opaque": {"driver": DRIVER, "parameters": parameters}}]


def share(device: str, memory: str) -> ResourceClaim:
    item = claim("u1", device)
    results_of(item)[0] |= {"shareID": "s-1", "consumedCapacity": {"memory": memory}}
    return item


MPS = {"strategy": "MPS", "mpsConfig": {"defaultActiveThreadPercentage": 50}}
LONG = {"strategy": "TimeSlicing", "timeSlicingConfig": {"interval": "Long"}}
CLAIMS: dict[str, ResourceClaim] = {
    "gpu": claim("u1", "gpu-0"),
    "mig": claim("u1", "gpu-0-mig-1g-0", "gpu-1-mig-1g-4"),
    "time-slice": claim("u1", "gpu-0", config=configured("GpuConfig", **LONG)),
    "mps": claim("u1", "gpu-0", "gpu-1", config=configured("GpuConfig", **MPS)),
    "mig-mps": claim("u1", "gpu-0-mig-1g-0", config=configured("MigDeviceConfig", **MPS)),
    "share": share("gpu-0", "4Gi"),
}


def steps_in(item: ResourceClaim) -> int:
    """How many steps a claim has; the fake node's GPUs are divided in the same way."""
    found = inventory_of(divisible(0), divisible(1))
    return len(make_plan(item, driver_name=DRIVER, pool=POOL, inventory=found).steps)


def cases() -> Iterator[Any]:
    for name, item in CLAIMS.items():
        count = steps_in(item)
        for number in range(count):
            for where in ("before", "after"):
                yield pytest.param(name, "prepare", where, number, id=f"{name}-prepare-{where}-{number}")
        slow = count - 1  # the CDI file goes with the record
        for number in range(count, count + slow):
            for where in ("before", "after"):
                yield pytest.param(name, "unprepare", where, number, id=f"{name}-unprepare-{where}-{number}")


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


@dataclass(frozen=True)
class Node:
    """A fake node, and the driver's folder on it."""

    session: Any
    folder: Path
    root: Path

    def run(self, name: str, *calls: list[str], kill: tuple[str, int] | None = None) -> list[Any]:
        """The answers of a process that carries out CALLS."""
        order = {"claims": {"c": CLAIMS[name]}, "calls": list(calls), "kill": kill}
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
PREPARE, UNPREPARE = ["prepare", "c", "u1"], ["unprepare", "c", "u1"]


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    root = tmp_path_factory.mktemp("root")
    with Session("dgx-h100", tmp_path_factory.mktemp("node"), driver_root=root) as session:
        yield session, root


@pytest.fixture
def clean(node: Any, short_path: Path) -> Iterator[Node]:
    session, root = node
    made = Node(session, short_path, root)
    before = made.gpus()
    yield made
    made.run("gpu", UNPREPARE)
    assert (made.gpus(), made.cdi(), made.daemons()) == (before, [], [])


@pytest.mark.parametrize(("name", "call", "where", "number"), list(cases()))
def test_after_a_kill_at_any_step_the_next_start_leaves_nothing_and_prepare_works(
    clean: Node, name: str, call: str, where: str, number: int
) -> None:
    before = clean.gpus()
    calls = [PREPARE] if call == "prepare" else [PREPARE, UNPREPARE]
    clean.run(name, *calls, kill=(where, number))
    clean.run(name)
    assert (clean.gpus(), clean.cdi(), clean.daemons()) == (before, [], [])
    [prepared, again, gone] = clean.run(name, PREPARE, PREPARE, UNPREPARE)
    assert prepared == again == [result["device"] for result in results_of(CLAIMS[name])]
    assert gone == []


def test_a_gpu_instance_without_compute_instance_is_removed(clean: Node) -> None:
    before = clean.gpus()
    clean.run("mig", PREPARE, kill=("between", 0))
    assert clean.gpus() != before
    clean.run("mig")
    assert clean.gpus() == before
