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
PLAIN = "plain"
"""Without metadata a claim of whole GPUs has one step, and its record is written once."""
MPS = {"strategy": "MPS", "mpsConfig": {"defaultActiveThreadPercentage": 50}}
LONG = {"strategy": "TimeSlicing", "timeSlicingConfig": {"interval": "Long"}}
CLAIMS: dict[str, ResourceClaim] = {
    PLAIN: claim("u1", "gpu-0"),
    "gpu": claim("u1", "gpu-0"),
    "mig": claim("u1", "gpu-0-mig-1g-0", "gpu-1-mig-1g-4"),
    "time-slice": claim("u1", "gpu-0", config=configured("GpuConfig", **LONG)),
    "mps": claim("u1", "gpu-0", "gpu-1", config=configured("GpuConfig", **MPS)),
    "mig-mps": claim("u1", "gpu-0-mig-1g-0", config=configured("MigDeviceConfig", **MPS)),
    "share": share("gpu-0", "4Gi"),
    "vfio": claim("u1", "gpu-vfio-0"),
}


def gates_of(name: str) -> str:
    return "" if name == PLAIN else GATES


def steps_in(name: str) -> int:
    """How many steps a claim has; the fake node's GPUs are divided in the same way."""
    item, features = CLAIMS[name], parse(gates_of(name))
    found = with_functions(inventory_of(divisible(0), divisible(1)))
    steps = make_plan(item, driver_name=DRIVER, pool=POOL, inventory=found, features=features).steps
    return len(steps)


def cases() -> Iterator[Any]:
    for name in CLAIMS:
        count = steps_in(name)
        for call, numbers in (("prepare", range(count)), ("unprepare", range(count, 2 * count))):
            for number in numbers:
                for where in ("before", "after"):
                    if (name, call, where) == (PLAIN, "unprepare", "before"):
                        continue  # nothing has begun: the claim is prepared until the kubelet calls again
                    yield pytest.param(name, call, where, number, id=f"{name}-{call}-{where}-{number}")


def run(node: Node, name: str, *calls: list[str], kill: tuple[str, int] | None = None) -> list[Any]:
    return node.run({"c": CLAIMS[name]}, *calls, kill=kill, gates=gates_of(name))


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
