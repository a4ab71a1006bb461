"""What the allocator gives, case by case (``allocations.yaml``)."""

from pathlib import Path
from typing import Any, cast

import pytest
import yaml

from dra_api.objects import (
    AllocationResult,
    DeviceResult,
    DeviceTaintRule,
    JsonObject,
    Node,
    ResourceClaim,
    ResourceSlice,
)
from kube_emulator.releases.gates import gates_of
from kube_emulator.releases.release import Release
from kube_emulator.scheduler.framework.allocator import NodeUnfit, search
from kube_emulator.scheduler.framework.inventory import Inventory
from kube_emulator.scheduler.framework.requests import AllocationError, claim_of
from kube_emulator.scheduler.framework.results import allocations
from kube_emulator.scheduler.framework.usage import Usage

CASES: list[JsonObject] = yaml.safe_load(Path(__file__).with_name("allocations.yaml").read_text())
NODE = cast(Node, {"metadata": {"name": "node-1", "labels": {"zone": "z1"}}})
KINDS = {bool: "bool", int: "int", str: "string"}


def device_of(short: Any) -> JsonObject:
    """A name, or {name, is: attributes, raw: typed attributes, has: capacity, policy, takes: counters, shared, more}."""
    short = {"name": short} if isinstance(short, str) else short
    device: JsonObject = {"name": short["name"], **short.get("more", {})}
    device["attributes"] = {k: {KINDS[type(v)]: v} for k, v in short.get("is", {}).items()} | short.get(
        "raw", {}
    )
    device["capacity"] = {k: {"value": str(v)} for k, v in short.get("has", {}).items()} | texts(
        short.get("policy", {})
    )
    if takes := short.get("takes"):
        device["consumesCounters"] = [
            {"counterSet": name, "counters": values(c)} for name, c in takes.items()
        ]
    return (
        device
        | ({"allowMultipleAllocations": True} if short.get("shared") else {})
        | {"taints": short.get("taints", [])}
    )


def values(counters: JsonObject) -> JsonObject:
    return {name: {"value": str(value)} for name, value in counters.items()}


def texts(document: Any) -> Any:
    """DOCUMENT with quantities as the API has them."""
    if isinstance(document, dict):
        return {name: texts(value) for name, value in document.items()}
    return [texts(value) for value in document] if isinstance(document, list) else str(document)


def slices_of(case: JsonObject) -> list[JsonObject]:
    """Slices of pool ``pool`` on node-1 with the count that makes the pool complete, unless they say otherwise."""
    made = []
    keys = [(s.get("driver", "d.example.com"), s.get("pool", "pool")) for s in case["slices"]]
    for number, (short, (driver, pool)) in enumerate(zip(case["slices"], keys, strict=True)):
        devices = short.get("devices", []) or [f"device-{n:02}" for n in range(short.get("many", 0))]
        count = short.get("count", keys.count((driver, pool)))
        place = {"name": pool, "generation": short.get("generation", 1), "resourceSliceCount": count}
        spec: JsonObject = {
            "driver": driver,
            "pool": place,
            "devices": [device_of(device) for device in devices],
        }
        if node := short.get("node", "node-1"):
            spec["nodeName"] = node
        if zone := short.get("zone"):
            term = {"matchExpressions": [{"key": "zone", "operator": "In", "values": [zone]}]}
            spec["nodeSelector"] = {"nodeSelectorTerms": [term]}
        spec |= {"allNodes": True} if short.get("all_nodes") else {}
        spec |= {"perDeviceNodeSelection": True} if short.get("per_device") else {}
        if counters := short.get("counters"):
            spec["sharedCounters"] = [{"name": name, "counters": values(c)} for name, c in counters.items()]
        made.append({"metadata": {"name": short.get("name", f"slice-{number}")}, "spec": spec})
    return made


def exact_of(short: JsonObject) -> JsonObject:
    """{class, count, all, mode, select, selectors, admin, derive, tolerate, capacity}."""
    exact: JsonObject = {
        "deviceClassName": short.get("class", "any"),
        "tolerations": short.get("tolerate", []),
    }
    exact["allocationMode"] = short.get("mode", "All" if short.get("all") else "ExactCount")
    exact["selectors"] = short.get(
        "selectors", [{"cel": {"expression": short["select"]}}] if "select" in short else []
    )
    exact |= {"count": short.get("count", 1)} if not short.get("all") else {}
    exact |= {"adminAccess": True} if short.get("admin") else {}
    if derive := short.get("derive"):
        exact["derivedAttributes"] = [{"name": name, "expression": text} for name, text in derive.items()]
    return exact | ({"capacity": {"requests": texts(short["capacity"])}} if "capacity" in short else {})


def claim_object(number: int, short: Any) -> JsonObject:
    """A list of requests r0, r1, ..., or {requests, constraints}; alternatives ``first`` are s0, s1, ..."""
    short = {"requests": short} if isinstance(short, list) else short
    requests: list[JsonObject] = []
    for index, request in enumerate(short["requests"]):
        if "first" in request:
            subs = [{"name": f"s{n}", **exact_of(sub)} for n, sub in enumerate(request["first"])]
            requests.append({"name": f"r{index}", "firstAvailable": subs})
        else:
            requests.append({"name": f"r{index}", "exactly": exact_of(request)})
    config = [{"requests": names, **opaque(text)} for text, names in short.get("config", [])]
    spec = {"devices": {"requests": requests, "constraints": short.get("constraints", []), "config": config}}
    return {"metadata": {"namespace": "default", "name": f"claim-{number}", "uid": str(number)}, "spec": spec}


def opaque(text: str) -> JsonObject:
    return {"opaque": {"driver": "d.example.com", "parameters": {"text": text}}}


def result_of(device: str) -> DeviceResult:
    return {"request": "r0", "driver": "d.example.com", "pool": "pool", "device": device}


def usage_of(case: JsonObject) -> Usage:
    usage = Usage()
    for number, name in enumerate(case.get("in_use", [])):
        usage.put(f"default/other-{number}", [result_of(name)])
    for name, amounts in case.get("shares", {}).items():
        result = result_of(name)
        result["shareID"], result["consumedCapacity"] = f"share-{name}", texts(amounts)
        usage.put(f"default/sharer-{name}", [result])
    return usage


def rules_of(case: JsonObject) -> list[JsonObject]:
    rules = []
    for number, short in enumerate(case.get("rules", [])):
        selector = {key: short[key] for key in ("driver", "pool", "device") if key in short}
        spec: JsonObject = {"taint": {"key": "rule", "effect": short["effect"]}}
        spec |= {} if short.get("nothing") else {"deviceSelector": selector}
        rules.append({"metadata": {"name": f"rule-{number}"}, "spec": spec})
    return rules


def allocate(case: JsonObject) -> list[AllocationResult] | None:
    """The allocations of a case's claims, or None."""
    changes = dict.fromkeys(case.get("with", []), True) | dict.fromkeys(case.get("without", []), False)
    release = Release.parse(case.get("release", "1.37"))
    gates = gates_of(release) - {name for name, on in changes.items() if not on}
    gates |= {name for name, on in changes.items() if on}
    classes: JsonObject = {"any": {"metadata": {"name": "any"}, "spec": {}}}
    for name, expressions in case.get("classes", {}).items():
        selectors = [{"cel": {"expression": expression}} for expression in expressions]
        classes[name] = {"metadata": {"name": name}, "spec": {"selectors": selectors}}
    for name, configs in case.get("configs", {}).items():
        classes[name]["spec"]["config"] = [opaque(text) for text in configs]
    pools = Inventory.of(
        cast("list[ResourceSlice]", slices_of(case)), cast("list[DeviceTaintRule]", rules_of(case)), gates
    ).pools(NODE)
    claims = [
        claim_of(cast(ResourceClaim, claim_object(n, short)), classes, gates)
        for n, short in enumerate(case["claims"])
    ]
    found = search(NODE, pools, claims, usage_of(case), gates, release=release)
    return None if found is None else allocations(found)


def short_results(allocation: AllocationResult, wanted: list[str]) -> list[str]:
    """What was given, in the form in which it is wanted: ``device``, ``request=device``, ``request=driver/pool/device``."""
    given = []
    for number, result in enumerate(allocation["devices"]["results"]):
        form = wanted[number] if number < len(wanted) else ""
        path = form.partition("=")[2] or form
        device = (
            "/".join(result[k] for k in ("driver", "pool", "device")) if "/" in path else result["device"]
        )
        given.append(f"{result['request']}={device}" if "=" in form else device)
    return given


@pytest.mark.parametrize("case", CASES, ids=[case["case"] for case in CASES])
def test_the_allocator_gives_what_is_expected(case: JsonObject) -> None:
    if "error" in case:
        with pytest.raises(AllocationError, match=case["error"]):
            allocate(case)
        return
    if "unfit" in case:
        with pytest.raises(NodeUnfit, match=case["unfit"]):
            allocate(case)
        return
    given = allocate(case)
    if case.get("gives") == "nothing":
        assert given is None
        return
    assert given is not None
    if "count" in case:
        assert [len(allocation["devices"]["results"]) for allocation in given] == case["count"]
        return
    assert [short_results(a, w) for a, w in zip(given, case["gives"], strict=True)] == case["gives"]
    if "selector" in case:
        assert given[0].get("nodeSelector") == case["selector"]
    if "config" in case:
        configs = given[0]["devices"].get("config", [])
        found_configs = [
            [c["source"], c["opaque"]["parameters"]["text"], c.get("requests", [])] for c in configs
        ]
        assert found_configs == case["config"]
    if "consumed" in case:
        assert [result.get("consumedCapacity") for result in given[0]["devices"]["results"]] == case[
            "consumed"
        ]


def test_there_are_cases_for_every_feature() -> None:
    assert len(CASES) > 100
    assert len({case["case"] for case in CASES}) == len(CASES)
