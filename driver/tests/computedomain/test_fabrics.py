"""What NVLink domains are offered, from the nodes, their plugins' slices and the claims of a cluster."""

from typing import Any, cast

import pytest

from dra_api.objects import JsonObject, Node, ResourceClaim, ResourceSlice, ResourceSliceInput
from dra_driver.computedomain.fabric_controller import essence
from dra_driver.computedomain.fabric_slices import slice_of, waiting, writes
from dra_driver.computedomain.fabrics import Fabric, consumed_by, fabrics_of, members_of, pool_of
from dra_driver.computedomain.kube import CLAIMS, NODES
from dra_driver.computedomain.names import CLIQUE_OF_NODE, DRIVER

EAST = "aaaaaaaa-0000-0000-0000-000000000001"
WEST = "bbbbbbbb-0000-0000-0000-000000000002"


def node(name: str, clique: str, *, ready: bool = True, cordoned: bool = False, gpus: str = "4") -> Node:
    """A node with the labels of a clique and of its GPUs."""
    given = {CLIQUE_OF_NODE: clique, "nvidia.com/gpu.count": gpus, "kubernetes.io/hostname": f"host-{name}"}
    found: JsonObject = {
        "metadata": {"name": name, "labels": given},
        "spec": {"unschedulable": True} if cordoned else {},
        "status": {"conditions": [{"type": "Ready", "status": "True" if ready else "Unknown"}]},
    }
    return cast(Node, found)


def facts(name: str, clique: str = f"{EAST}.1", **more: str | int) -> ResourceSlice:
    """The slice of a node's plugin."""
    attributes: JsonObject = {"fabricClique": {"string": clique}, "gpus": {"int": 4}}
    attributes |= {
        key: {"int": value} if isinstance(value, int) else {"string": value} for key, value in more.items()
    }
    device = {"name": "channel-0", "attributes": attributes}
    pool = {"name": name, "generation": 1, "resourceSliceCount": 1}
    found: JsonObject = {
        "metadata": {"name": f"{name}-{DRIVER}-0", "uid": name},
        "spec": {"driver": DRIVER, "nodeName": name, "pool": pool, "devices": [device]},
    }
    return cast(ResourceSlice, found)


def claim(asked: str | None, *, pool: str = "", device_class: str = "nvlink-domain") -> ResourceClaim:
    """A claim for GPUs of one fabric, allocated if POOL is given."""
    exactly: JsonObject = {"deviceClassName": device_class}
    if asked is not None:
        exactly["capacity"] = {"requests": {"gpus": asked}}
    result = {
        "request": "r",
        "driver": DRIVER,
        "pool": pool,
        "device": "domain",
        "consumedCapacity": {"gpus": asked},
    }
    found: JsonObject = {
        "metadata": {"name": "job", "namespace": "team", "uid": f"{asked}-{pool}"},
        "spec": {"devices": {"requests": [{"name": "r", "exactly": exactly}]}},
        "status": {"allocation": {"devices": {"results": [result]}}} if pool else {},
    }
    return cast(ResourceClaim, found)


def two_racks() -> list[Node]:
    """Two nodes in one rack and three in another."""
    east = [node(f"e{number}", f"{EAST}.1") for number in range(2)]
    return [*east, *(node(f"w{number}", f"{WEST}.1") for number in range(3))]


def domains(
    nodes: list[Node], slices: list[ResourceSlice] | None = None, claims: list[ResourceClaim] | None = None
) -> dict[str, Fabric]:
    """The fabrics by their pool."""
    found = fabrics_of(members_of(nodes, slices or []), consumed_by(claims or []))
    return {pool_of(fabric.id): fabric for fabric in found}


def stored(item: ResourceSliceInput) -> ResourceSlice:
    """A slice as the API server has it."""
    metadata = {**item["metadata"], "uid": item["metadata"]["name"], "resourceVersion": "7"}
    return cast(ResourceSlice, {**item, "metadata": metadata})


def test_each_rack_and_each_clique_is_a_device_that_only_its_nodes_reach() -> None:
    found = domains(two_racks())
    assert {name: fabric.gpus for name, fabric in found.items()} == {
        f"nvlink-{EAST}": 8,
        f"nvlink-{EAST}.1": 8,
        f"nvlink-{WEST}": 12,
        f"nvlink-{WEST}.1": 12,
    }
    spec = slice_of(found[f"nvlink-{EAST}"], "NoExecute")["spec"]
    [term] = spec["nodeSelector"]["nodeSelectorTerms"]
    assert term == {"matchExpressions": [{"key": CLIQUE_OF_NODE, "operator": "In", "values": [f"{EAST}.1"]}]}
    [device] = spec["devices"]
    assert device["allowMultipleAllocations"] is True
    assert device["attributes"]["fabricCluster"] == {"string": EAST}
    assert device["capacity"]["gpus"]["requestPolicy"]["default"] == "8"


def test_what_the_plugins_say_is_published_and_the_slowest_gpu_counts() -> None:
    slices = [
        facts("e0", nvlinkBandwidth=900, nvlinkGeneration=5),
        facts("e1", nvlinkBandwidth=700, nvlinkGeneration=5),
    ]
    fabric = domains(two_racks(), slices)[f"nvlink-{EAST}"]
    attributes = slice_of(fabric, "")["spec"]["devices"][0]["attributes"]
    assert attributes["nvlinkBandwidth"] == {"int": 700}
    assert attributes["nvlinkGeneration"] == {"int": 5}
    assert attributes["nodes"] == {"int": 2}


def test_a_label_that_is_no_cliques_and_a_node_without_gpus_are_in_no_domain() -> None:
    wrong = [node("a", "rack-1"), node("b", "../.."), node("c", f"{EAST}.1", gpus="0")]
    huge = node("d", f"{EAST}.1", gpus="9999")
    assert domains([*wrong, huge]) == {}


def test_what_claims_have_is_not_free_in_the_domain_and_not_offered_by_its_clique() -> None:
    found = domains(two_racks(), claims=[claim("6", pool=f"nvlink-{WEST}")])
    assert (found[f"nvlink-{WEST}"].gpus, found[f"nvlink-{WEST}"].free) == (12, 6)
    assert (found[f"nvlink-{WEST}.1"].gpus, found[f"nvlink-{WEST}.1"].free) == (6, 6)
    assert found[f"nvlink-{EAST}"].free == 8


def test_a_claim_of_a_clique_is_taken_from_its_domain() -> None:
    nodes = [node("a", f"{EAST}.1"), node("b", f"{EAST}.2")]
    found = domains(nodes, claims=[claim("3", pool=f"nvlink-{EAST}.1")])
    assert {name: fabric.free for name, fabric in found.items()} == {
        f"nvlink-{EAST}": 5,
        f"nvlink-{EAST}.1": 1,
        f"nvlink-{EAST}.2": 4,
    }


@pytest.mark.parametrize("change", [{"cordoned": True}, {"ready": False}])
def test_a_cordoned_or_lost_node_is_a_spare_that_no_job_counts_on(change: dict[str, Any]) -> None:
    fabric = domains([node("a", f"{EAST}.1"), node("b", f"{EAST}.1", **change)])[f"nvlink-{EAST}"]
    assert (fabric.gpus, fabric.health) == (4, "healthy")


def test_a_node_with_a_fault_is_left_out_of_its_domain() -> None:
    nodes = [node(name, f"{EAST}.1") for name in "abc"]
    fabric = domains(nodes, [facts("b", fabricFault="route-unhealthy")])[f"nvlink-{EAST}"]
    spec = slice_of(fabric, "NoExecute")["spec"]
    assert (fabric.gpus, fabric.health) == (8, "degraded")
    assert spec["nodeSelector"]["nodeSelectorTerms"][0]["matchExpressions"][1] == {
        "key": "kubernetes.io/hostname",
        "operator": "NotIn",
        "values": ["host-b"],
    }
    assert "taints" not in spec["devices"][0]


def test_a_domain_most_of_whose_nodes_have_a_fault_is_tainted() -> None:
    nodes = [node(name, f"{EAST}.1") for name in "abc"]
    slices = [facts("a", fabricFault="route-unhealthy"), facts("b", fabricFault="route-unhealthy")]
    fabric = domains(nodes, slices)[f"nvlink-{EAST}"]
    [device] = slice_of(fabric, "NoExecute")["spec"]["devices"]
    assert device["taints"] == [
        {"key": "resource.nvidia.com/nvlink-unhealthy", "value": "route-unhealthy", "effect": "NoExecute"}
    ]
    assert "taints" not in slice_of(fabric, "")["spec"]["devices"][0]


def test_less_bandwidth_is_said_and_keeps_no_job_away() -> None:
    fabric = domains([node("a", f"{EAST}.1")], [facts("a", fabricDegraded="degraded-bandwidth")])[
        f"nvlink-{EAST}"
    ]
    assert (fabric.gpus, fabric.health) == (4, "degraded")


def test_a_node_whose_label_is_not_what_its_plugin_says_is_left_out() -> None:
    nodes = [node("a", f"{EAST}.1"), node("b", f"{EAST}.1")]
    assert domains(nodes, [facts("b", f"{WEST}.1")])[f"nvlink-{EAST}"].gpus == 4


def test_a_domain_without_a_usable_node_offers_nothing_and_is_still_valid() -> None:
    fabric = domains([node("a", f"{EAST}.1", cordoned=True)])[f"nvlink-{EAST}"]
    assert slice_of(fabric, "")["spec"]["devices"][0]["capacity"] == {"gpus": {"value": "0"}}


def test_only_what_changed_is_written_and_what_has_no_node_is_deleted() -> None:
    before = list(domains(two_racks()).values())
    now = [stored(item) for item in writes([], before, "").put]
    assert len(now) == 4
    assert writes([*now, facts("e0")], before, "") == writes([], [], "")
    east_only = [fabric for fabric in before if fabric.id.startswith(EAST)]
    plan = writes([*now, facts("e0")], east_only, "")
    assert plan.put == ()
    assert sorted(plan.delete) == [f"nvlink-{WEST}-{DRIVER}", f"nvlink-{WEST}.1-{DRIVER}"]
    used = list(domains(two_racks(), claims=[claim("4", pool=f"nvlink-{WEST}")]).values())
    changed = writes(now, used, "").put
    assert {(item["spec"]["pool"]["name"], item["metadata"]["resourceVersion"]) for item in changed} == {
        (f"nvlink-{WEST}", "7"),
        (f"nvlink-{WEST}.1", "7"),
    }


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ("12", ""),
        ("13", f"wanted 13 GPUs of one NVLink domain: at most 12 of 12 are free, in {WEST}; 2 there, 0"),
        (None, ""),
    ],
)
def test_a_claim_that_fits_no_domain_is_said_why(asked: str | None, why: str) -> None:
    found = waiting([claim(asked)], list(domains(two_racks()).values()))
    assert [text.startswith(why) for _, text in found.values()] == [True] * bool(why)


def test_a_claim_for_all_of_a_domain_waits_while_a_part_of_each_is_used() -> None:
    claims = [claim("1", pool=f"nvlink-{EAST}"), claim("1", pool=f"nvlink-{WEST}"), claim(None)]
    [(_, why)] = waiting(claims, list(domains(two_racks(), claims=claims).values())).values()
    assert why.startswith("wanted all GPUs of one NVLink domain: at most 11 of 12 are free")


def test_without_any_fabric_a_claim_learns_which_label_is_missing() -> None:
    [(_, why)] = waiting([claim("4")], []).values()
    assert why.endswith("found none: no node has the label nvidia.com/gpu.clique")


def test_claims_for_other_things_are_not_looked_at() -> None:
    assert waiting([claim("4", device_class="gpu.nvidia.com")], []) == {}


def test_the_heartbeat_of_a_node_and_a_user_of_a_claim_change_nothing_that_matters() -> None:
    before = cast(JsonObject, node("a", f"{EAST}.1"))
    before["metadata"]["uid"] = "1"
    beat = [{**one, "lastHeartbeatTime": "now"} for one in before["status"]["conditions"]]
    pressure = {"type": "MemoryPressure", "status": "True"}
    after = {**before, "status": {"conditions": [*beat, pressure], "images": ["x"]}}
    assert essence(NODES, before) == essence(NODES, after) is not None
    assert essence(NODES, before) != essence(NODES, {**before, "spec": {"unschedulable": True}})
    wanted = cast(JsonObject, claim("4", pool=f"nvlink-{EAST}"))
    used = {**wanted, "status": {**wanted["status"], "reservedFor": [{"name": "pod"}]}}
    assert essence(CLAIMS, wanted) == essence(CLAIMS, used) is not None
    assert essence(CLAIMS, wanted) != essence(CLAIMS, cast(JsonObject, claim("4")))
    assert essence(CLAIMS, cast(JsonObject, claim("4", device_class="gpu.nvidia.com"))) is None
