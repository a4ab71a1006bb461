"""The allocator answers as upstream's does in upstream's own table, whatever gates are on (``upstream_allocations.yaml``)."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
import yaml

from dra_api.objects import AllocationResult, JsonObject, Node, ResourceClaim, ResourceSlice
from dra_api.quantity import parse
from kube_emulator.releases.gates import gates_of
from kube_emulator.releases.release import V1_37
from kube_emulator.scheduler.framework.allocator import NodeUnfit, search
from kube_emulator.scheduler.framework.inventory import Inventory
from kube_emulator.scheduler.framework.requests import AllocationError, claim_of
from kube_emulator.scheduler.framework.results import allocations
from kube_emulator.scheduler.framework.usage import Usage

CASES: list[JsonObject] = yaml.load(
    Path(__file__).with_name("upstream_allocations.yaml").read_text(),
    Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader),
)
SWITCHES = {
    "DRAAdminAccess",
    "DRAConsumableCapacity",
    "DRADerivedAttributes",
    "DRADeviceBindingConditions",
    "DRADeviceCompatibilityGroups",
    "DRADeviceTaints",
    "DRAFractionalCapacityRange",
    "DRAListTypeAttributes",
    "DRAOptionalNodeOperations",
    "DRAPartitionableDevices",
    "DRAPrioritizedList",
}
"""The gates that the allocator knows."""
DEFAULT = gates_of(V1_37) & SWITCHES
DRIVER = "a.example.com"


def sets_of_gates(case: JsonObject) -> Iterator[tuple[str, frozenset[str], Any]]:
    """(name of a set of gates, the gates, the answer)."""
    states = {"named": frozenset(case.get("gates", ())), "all": frozenset(SWITCHES), "default": DEFAULT}
    states |= {f"-{gate}": frozenset(SWITCHES - {gate}) for gate in SWITCHES}
    states |= {f"~{gate}": DEFAULT ^ {gate} for gate in SWITCHES}
    exceptions = {name: other["gives"] for other in case.get("but", ()) for name in other["with"]}
    for name, gates in states.items():
        if name not in case.get("skips", ()):
            yield name, gates, exceptions.get(name, case["gives"])


def slice_of(short: JsonObject) -> ResourceSlice:
    """{name, devices: names or whole devices} of pool p1 of driver a on node n1, or what it says of its spec."""
    spec: JsonObject = {
        name: value
        for name, value in short.items()
        if name not in ("name", "driver", "pool", "generation", "of", "devices", "anywhere")
    }
    spec["driver"] = short.get("driver", DRIVER)
    spec["pool"] = {
        "name": short.get("pool", "p1"),
        "generation": short.get("generation", 1),
        "resourceSliceCount": short.get("of", 1),
    }
    devices = [{"name": item} if isinstance(item, str) else item for item in short.get("devices", ())]
    spec |= {"devices": devices} if devices else {}
    spec |= {} if short.get("anywhere") else {"nodeName": "n1"}
    return cast(ResourceSlice, {"metadata": {"name": short["name"]}, "spec": spec})


def exact_of(short: JsonObject) -> JsonObject:
    """A request with {class, all, select, capacity} for the long names, and the others as they are."""
    exact = {
        name: value for name, value in short.items() if name not in ("class", "all", "select", "capacity")
    }
    exact["deviceClassName"] = short.get("class", "a")
    exact |= {"allocationMode": "All"} if short.get("all") else {}
    if "select" in short:
        exact["selectors"] = [{"cel": {"expression": text}} for text in short["select"]]
    return exact | ({"capacity": {"requests": short["capacity"]}} if "capacity" in short else {})


def claim_object(short: JsonObject) -> ResourceClaim:
    """{name, requests, constraints, config}."""
    requests: list[JsonObject] = []
    for request in short["requests"]:
        rest = {name: value for name, value in request.items() if name not in ("name", "first")}
        kind = (
            {"firstAvailable": [exact_of(sub) for sub in request["first"]]}
            if "first" in request
            else {"exactly": exact_of(rest)}
        )
        requests.append({"name": request["name"], **kind})
    devices = {name: value for name, value in short.items() if name in ("constraints", "config")}
    claim = {"metadata": {"name": short["name"]}, "spec": {"devices": {"requests": requests, **devices}}}
    return cast(ResourceClaim, claim)


def classes_of(case: JsonObject) -> dict[str, Any]:
    """{name: class}; class ``a`` selects the devices of driver a, unless it has other selectors."""
    made = {}
    for name, short in case.get("classes", {"a": {}}).items():
        select = short.get("select", [f'device.driver == "{name}.example.com"'])
        spec = {"selectors": [{"cel": {"expression": text}} for text in select]}
        made[name] = {"metadata": {"name": name}, "spec": spec | {"config": short.get("config", [])}}
    return made


def usage_of(case: JsonObject) -> Usage:
    """The devices ``in_use``, and those of which somebody has a share: {device: what is consumed}."""
    usage = Usage()
    for number, (path, amounts) in enumerate(
        [*((path, None) for path in case.get("in_use", ())), *case.get("shared", {}).items()]
    ):
        driver, pool, device = path.split("/")
        result: Any = {"request": "r", "driver": driver, "pool": pool, "device": device}
        result |= {} if amounts is None else {"shareID": f"share-{number}", "consumedCapacity": amounts}
        usage.put(f"other/{number}", [result])
    return usage


def node_of(case: JsonObject) -> Node:
    short = case.get("node", {})
    labels = {"region": short.get("region", "region-1"), "planet": "earth"}
    status = {"declaredFeatures": short.get("features", [])}
    node = {"metadata": {"name": short.get("name", "n1"), "labels": labels}, "status": status}
    return cast(Node, node)


def answer(case: JsonObject, gates: frozenset[str]) -> Any:
    """What the allocator gives, in the short form of the table."""
    try:
        claims = [claim_of(claim_object(short), classes_of(case), gates) for short in case["claims"]]
        node, slices = node_of(case), [slice_of(short) for short in case["slices"]]
        found = search(node, Inventory.of(slices, [], gates).pools(node), claims, usage_of(case), gates)
    except NodeUnfit:
        return {"unfit": True}
    except AllocationError:
        return {"error": True}
    given = [] if found is None else [short_allocation(allocation) for allocation in allocations(found)]
    return given or "nothing"


def short_allocation(allocation: AllocationResult) -> JsonObject:
    """{results, config, selector}; the order of results says nothing, and the selector of n1 alone is left out."""
    only = {"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["n1"]}]}
    selector = allocation.get("nodeSelector")
    results = [dict(result) for result in allocation["devices"]["results"]]
    short: JsonObject = {"results": []}
    for result in results:
        name = f"{result.pop('request')}=" + "/".join(
            str(result.pop(k)) for k in ("driver", "pool", "device")
        )
        rest = result | ({"shared": True} if result.pop("shareID", None) else {})
        rest.pop("shareID", None)
        short["results"].append({name: rest} if rest else name)
    short |= {"config": allocation["devices"]["config"]} if allocation["devices"].get("config") else {}
    return short | ({} if selector == {"nodeSelectorTerms": [only]} else {"selector": selector})


def comparable(given: Any) -> Any:
    """GIVEN without what says nothing: the order of devices and of requirements, and how a quantity is written."""
    if not isinstance(given, list):
        return given
    made = []
    for allocation in given:
        results = [item if isinstance(item, str) else plain(item) for item in allocation["results"]]
        term = ((allocation.get("selector") or {}).get("nodeSelectorTerms") or [{}])[0]
        selector = "selector" in allocation, {kind: sorted(map(str, found)) for kind, found in term.items()}
        made.append((sorted(results, key=str), allocation.get("config"), selector))
    return made


def plain(result: dict[str, JsonObject]) -> str:
    [(name, rest)] = result.items()
    amounts = {key: str(parse(str(value))) for key, value in rest.get("consumedCapacity", {}).items()}
    return f"{name} {sorted((rest | {'consumedCapacity': amounts}).items())}"


@pytest.mark.parametrize("case", CASES, ids=[case["case"] for case in CASES])
def test_the_allocator_answers_as_upstream_does_with_every_set_of_gates(case: JsonObject) -> None:
    for name, gates, wanted in sets_of_gates(case):
        assert (name, comparable(answer(case, gates))) == (name, comparable(wanted))


def test_all_cases_of_upstream_are_there() -> None:
    assert len({case["case"] for case in CASES}) == 279
