"""Whatever the devices and requests are: what the allocator gives is right, and it gives something if there is something."""

import itertools
from collections import Counter
from typing import cast

from hypothesis import given, settings
from hypothesis import strategies as st

from dra_api.identifiers import DeviceName, DriverName, PoolName
from dra_api.objects import DeviceClass, DeviceResult, JsonObject, Node, ResourceClaim, ResourceSlice
from kube_emulator.releases.gates import gates_of
from kube_emulator.releases.release import V1_37
from kube_emulator.scheduler.framework.allocator import search
from kube_emulator.scheduler.framework.inventory import Inventory
from kube_emulator.scheduler.framework.requests import claim_of
from kube_emulator.scheduler.framework.results import allocations
from kube_emulator.scheduler.framework.usage import Usage

GATES = gates_of(V1_37)
DRIVER, POOL = DriverName("d.example.com"), PoolName("p")
CLASSES = cast("dict[str, DeviceClass]", {"any": {"metadata": {"name": "any"}, "spec": {}}})
NODE = cast(Node, {"metadata": {"name": "node-1"}})
TOTAL = 4


@st.composite
def problems(draw: st.DrawFn) -> tuple[list[JsonObject], list[str], list[int], str]:
    """Devices with an attribute n and counters, those in use, how many each request wants, and a constraint or nothing."""
    number = draw(st.integers(1, 5))
    devices: list[JsonObject] = []
    for index in range(number):
        device: JsonObject = {"name": f"d{index}", "attributes": {"n": {"int": draw(st.integers(1, 3))}}}
        if takes := draw(st.integers(0, 3)):
            counters = {"c": {"value": str(takes)}}
            device["consumesCounters"] = [{"counterSet": "set", "counters": counters}]
        devices.append(device)
    in_use = draw(st.sets(st.integers(0, number - 1), max_size=2))
    counts = draw(st.lists(st.integers(1, 2), min_size=1, max_size=2))
    constraint = draw(st.sampled_from(["", "matchAttribute", "distinctAttribute"]))
    return devices, [f"d{index}" for index in in_use], counts, constraint


def result_of(device: str) -> DeviceResult:
    return {"request": "r0", "driver": DRIVER, "pool": POOL, "device": device}


def allocate(
    devices: list[JsonObject], in_use: list[str], counts: list[int], constraint: str
) -> list[str] | None:
    """The devices that are given, request by request."""
    pool = {"name": POOL, "generation": 1, "resourceSliceCount": 2}
    where = {"driver": DRIVER, "pool": pool, "nodeName": "node-1"}
    counters = [{"name": "set", "counters": {"c": {"value": str(TOTAL)}}}]
    slices = [
        {"metadata": {"name": "s0"}, "spec": where | {"sharedCounters": counters}},
        {"metadata": {"name": "s1"}, "spec": where | {"devices": devices}},
    ]
    usage = Usage()
    for name in in_use:
        usage.put(f"default/{name}", [result_of(name)])
    requests = [
        {"name": f"r{n}", "exactly": {"deviceClassName": "any", "count": count}}
        for n, count in enumerate(counts)
    ]
    constraints = [{constraint: f"{DRIVER}/n"}] if constraint else []
    spec = {"devices": {"requests": requests, "constraints": constraints}}
    claim = claim_of(
        cast(ResourceClaim, {"metadata": {"namespace": "default", "name": "c"}, "spec": spec}), CLASSES, GATES
    )
    found = search(
        NODE, Inventory.of(cast("list[ResourceSlice]", slices), [], GATES).pools(NODE), [claim], usage, GATES
    )
    return None if found is None else [r["device"] for r in allocations(found)[0]["devices"]["results"]]


def right(devices: list[JsonObject], in_use: list[str], chosen: tuple[str, ...], constraint: str) -> bool:
    """Whether CHOSEN may be given together."""
    by_name = {device["name"]: device for device in devices}
    if set(chosen) & set(in_use) or max(Counter(chosen).values()) > 1:
        return False
    taken = sum(
        int(item["counters"]["c"]["value"])
        for name in (*chosen, *in_use)
        for item in by_name[name].get("consumesCounters", [])
    )
    values = [by_name[name]["attributes"]["n"]["int"] for name in chosen]
    if any(by_name[name].get("consumesCounters") for name in chosen) and taken > TOTAL:
        return False
    if constraint == "matchAttribute":
        return len(set(values)) == 1
    return constraint != "distinctAttribute" or len(set(values)) == len(values)


@settings(max_examples=300, deadline=None)
@given(problems())
def test_it_gives_what_is_right_if_there_is_such(
    problem: tuple[list[JsonObject], list[str], list[int], str],
) -> None:
    devices, in_use, counts, constraint = problem
    given_devices = allocate(devices, in_use, counts, constraint)
    names = [device["name"] for device in devices]
    all_right = (
        chosen
        for chosen in itertools.permutations(names, sum(counts))
        if right(devices, in_use, chosen, constraint)
    )
    if given_devices is None:
        assert next(all_right, None) is None
    else:
        assert right(devices, in_use, tuple(given_devices), constraint)


@settings(max_examples=100, deadline=None)
@given(problems())
def test_it_gives_the_same_again(problem: tuple[list[JsonObject], list[str], list[int], str]) -> None:
    assert allocate(*problem) == allocate(*problem)


CLAIMS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 4), st.booleans(), st.booleans()), max_size=30)


@given(CLAIMS)
def test_usage_kept_change_by_change_is_usage_read_at_once(
    changes: list[tuple[int, int, bool, bool]],
) -> None:
    kept, last = Usage(), dict[str, list[DeviceResult]]()
    for claim, device, shared, gone in changes:
        result = result_of(f"d{device}")
        if shared:
            result["shareID"], result["consumedCapacity"] = f"s{claim}", {"m": "2"}
        results = [] if gone else [result]
        last[f"default/c{claim}"] = results
        kept.put(f"default/c{claim}", results)
    fresh = Usage()
    for claim_name, results in last.items():
        fresh.put(claim_name, results)
    for device in range(5):
        name = DRIVER, POOL, DeviceName(f"d{device}")
        assert (kept.allocated(name), kept.used(name)) == (fresh.allocated(name), fresh.used(name))
