"""kill -9 at every step of every plan, on a fake node: at the next start the node is what the records say, or nothing.

The list of cases is made from the plans themselves: a new step is killed at without a line here.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from claim_service import DRIVER, POOL, claim, divisible, inventory_of, results_of, with_functions
from node_calls import Node, configured, share

from dra_api.objects import ResourceClaim
from dra_driver.claims.plan import make_plan
from dra_driver.features import parse

pytestmark = pytest.mark.slow
GATES = "DeviceMetadata=true"
MPS = {"strategy": "MPS", "mpsConfig": {"defaultActiveThreadPercentage": 50}}
LONG = {"strategy": "TimeSlicing", "timeSlicingConfig": {"interval": "Long"}}
CLAIMS: dict[str, ResourceClaim] = {
    "gpu": claim("u1", "gpu-0"),
    "mig": claim("u1", "gpu-0-mig-1g-0", "gpu-1-mig-1g-4"),
    "time-slice": claim("u1", "gpu-0", config=configured("GpuConfig", **LONG)),
    "mps": claim("u1", "gpu-0", "gpu-1", config=configured("GpuConfig", **MPS)),
    "mig-mps": claim("u1", "gpu-0-mig-1g-0", config=configured("MigDeviceConfig", **MPS)),
    "share": share("gpu-0", "4Gi"),
    "vfio": claim("u1", "gpu-vfio-0"),
}


def steps_in(item: ResourceClaim) -> int:
    """How many steps a claim has; the fake node's GPUs are divided in the same way."""
    found = with_functions(inventory_of(divisible(0), divisible(1)))
    steps = make_plan(item, driver_name=DRIVER, pool=POOL, inventory=found, features=parse(GATES)).steps
    return len(steps)


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


def run(node: Node, name: str, *calls: list[str], kill: tuple[str, int] | None = None) -> list[Any]:
    return node.run({"c": CLAIMS[name]}, *calls, kill=kill, gates=GATES)


PREPARE, UNPREPARE = ["prepare", "c", "u1"], ["unprepare", "c", "u1"]


@pytest.mark.parametrize(("name", "call", "where", "number"), list(cases()))
def test_after_a_kill_at_any_step_the_next_start_leaves_nothing_and_prepare_works(
    clean: Node, name: str, call: str, where: str, number: int
) -> None:
    before, drivers = clean.gpus(), clean.drivers()
    calls = [PREPARE] if call == "prepare" else [PREPARE, UNPREPARE]
    run(clean, name, *calls, kill=(where, number))
    run(clean, name)
    assert (clean.gpus(), clean.cdi(), clean.daemons(), clean.metadata()) == (before, [], [], [])
    assert clean.drivers() == drivers
    [prepared, again, gone] = run(clean, name, PREPARE, PREPARE, UNPREPARE)
    assert prepared == again == [result["device"] for result in results_of(CLAIMS[name])]
    assert gone == []


def test_a_gpu_instance_without_compute_instance_is_removed(clean: Node) -> None:
    before = clean.gpus()
    run(clean, "mig", PREPARE, kill=("between", 0))
    assert clean.gpus() != before
    run(clean, "mig")
    assert clean.gpus() == before
