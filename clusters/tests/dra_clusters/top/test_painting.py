"""From objects to the picture: who holds what, what is sick, and who waits."""

from typing import Any

import pytest

from dra_clusters.top.painting import OUTSIDE, Objects, natural, paint
from dra_clusters.top.picture import DevicePicture, Picture

DRIVER = "gpu.example.com"
CLIQUE = "domain-1.32766"


def node(name: str, clique: str = CLIQUE, ready: str = "True", **spec: Any) -> Any:
    labels = {"nvidia.com/gpu.clique": clique} if clique else {}
    status = {"conditions": [{"type": "Ready", "status": ready, "reason": "NodeStatusUnknown"}]}
    return {"metadata": {"name": name, "labels": labels}, "spec": spec, "status": status}


def resource_slice(name: str, *devices: Any, generation: int = 1, driver: str = DRIVER) -> Any:
    pool = {"name": name, "generation": generation, "resourceSliceCount": 1}
    return {
        "metadata": {"name": name},
        "spec": {"driver": driver, "nodeName": name, "pool": pool, "devices": list(devices)},
    }


def gpu(name: str, kind: str = "gpu", **more: Any) -> Any:
    return {"name": name, "attributes": {"type": {"string": kind}, "nvlinks": {"int": 18}}, **more}


def claim(name: str, *devices: str, pods: tuple[str, ...] = (), **result: Any) -> Any:
    results = [
        {"request": "r", "driver": DRIVER, "pool": where.partition("/")[0], "device": where.partition("/")[2]}
        | result
        for where in devices
    ]
    users = [{"resource": "pods", "name": pod, "uid": pod} for pod in pods]
    status = {"allocation": {"devices": {"results": results}}, "reservedFor": users}
    return {"metadata": {"name": name, "namespace": "ns"}, "status": status}


def pod(name: str, node_name: str = "", job: str = "", why: str = "") -> Any:
    owners = [{"kind": "Job", "name": job, "controller": True}] if job else []
    conditions = [{"type": "PodScheduled", "status": "False", "message": why}] if why else []
    spec = {"resourceClaims": [{"name": "c"}]} | ({"nodeName": node_name} if node_name else {})
    return {
        "metadata": {"name": name, "namespace": "ns", "ownerReferences": owners},
        "spec": spec,
        "status": {"conditions": conditions},
    }


def painted(**objects: Any) -> Picture:
    return paint(Objects(**{"nodes": [], "pods": [], "slices": [], "claims": []} | objects))


def devices(picture: Picture) -> dict[str, DevicePicture]:
    found = [(each.name, device) for rack in picture.racks for each in rack.nodes for device in each.devices]
    return {f"{name}/{device.name}": device for name, device in found}


def test_a_device_is_held_by_the_job_of_the_pods_that_its_claim_is_reserved_for() -> None:
    picture = painted(
        nodes=[node("n1")],
        slices=[resource_slice("n1", gpu("gpu-0"), gpu("gpu-1"))],
        claims=[claim("c", "n1/gpu-0", pods=("p-1",))],
        pods=[pod("p-1", "n1", job="train")],
    )
    [holder] = devices(picture)["n1/gpu-0"].holders
    assert (holder.claim, holder.pods, holder.job) == ("ns/c", ("ns/p-1",), "ns/train")
    assert devices(picture)["n1/gpu-1"].holders == ()
    assert picture.racks[0].nodes[0].pods == ("ns/p-1",)


def test_a_claim_without_a_pod_stands_for_itself() -> None:
    picture = painted(
        nodes=[node("n1")], slices=[resource_slice("n1", gpu("gpu-0"))], claims=[claim("c", "n1/gpu-0")]
    )
    assert devices(picture)["n1/gpu-0"].holders[0].job == "ns/c"


def test_a_taint_that_keeps_pods_away_is_sick_and_one_that_informs_degraded() -> None:
    taints = {
        name: [{"key": "k", "value": "v", "effect": effect}]
        for name, effect in (("a", "None"), ("b", "NoExecute"))
    }
    picture = painted(
        nodes=[node("n1")],
        slices=[
            resource_slice("n1", gpu("well"), gpu("a", taints=taints["a"]), gpu("b", taints=taints["b"]))
        ],
    )
    assert {name: device.health for name, device in devices(picture).items()} == {
        "n1/a": "degraded",
        "n1/b": "sick",
        "n1/well": "well",
    }
    assert devices(picture)["n1/b"].faults == ("k=v:NoExecute",)


def test_a_rule_of_an_administrator_taints_the_devices_that_it_selects() -> None:
    rule = {
        "spec": {
            "deviceSelector": {"pool": "n1", "device": "a"},
            "taint": {"key": "k", "effect": "NoSchedule"},
        }
    }
    picture = painted(
        nodes=[node("n1"), node("n2")],
        slices=[resource_slice("n1", gpu("a"), gpu("b")), resource_slice("n2", gpu("a"))],
        rules=[rule],
    )
    assert [name for name, device in devices(picture).items() if device.health == "sick"] == ["n1/a"]


def test_nodes_of_one_domain_are_a_rack_and_others_come_last() -> None:
    nodes = [node("n10"), node("lone", ""), node("n2"), node("m1", "domain-2.1")]
    picture = painted(nodes=nodes)
    assert [(rack.name, [each.name for each in rack.nodes]) for rack in picture.racks] == [
        ("domain-1", ["n2", "n10"]),
        ("domain-2", ["m1"]),
        (OUTSIDE, ["lone"]),
    ]


def test_a_node_that_is_not_ready_or_cordoned_says_so() -> None:
    picture = painted(nodes=[node("a", ready="Unknown"), node("b", unschedulable=True), node("c")])
    assert [each.fault for each in picture.racks[0].nodes] == ["NodeStatusUnknown", "cordoned", ""]


def test_parts_are_shown_while_held_and_channels_never() -> None:
    parts = [gpu("gpu-0"), gpu("mig-a", "mig"), gpu("mig-b", "mig"), gpu("channel-0", "channel")]
    picture = painted(
        nodes=[node("n1")],
        slices=[resource_slice("n1", *parts)],
        claims=[claim("c", "n1/mig-b", "n1/channel-0")],
    )
    assert sorted(devices(picture)) == ["n1/gpu-0", "n1/mig-b"]


def test_an_older_generation_of_a_pool_is_not_shown() -> None:
    slices = [resource_slice("n1", gpu("old")), resource_slice("n1", gpu("new"), generation=2)]
    assert list(devices(painted(nodes=[node("n1")], slices=slices))) == ["n1/new"]


def test_a_domain_device_shows_what_is_consumed_of_it() -> None:
    item = resource_slice("nvlink-1", {"name": "domain", "capacity": {"gpus": {"value": "72"}}})
    item["spec"]["nodeName"] = ""
    taken = claim("c", "nvlink-1/domain", consumedCapacity={"gpus": "16"})
    more = claim("d", "nvlink-1/domain", consumedCapacity={"gpus": "8"})
    [fabric] = painted(slices=[item], claims=[taken, more]).fabrics
    assert fabric.consumed == ("gpus=24 of 72",)
    assert [holder.job for holder in fabric.holders] == ["ns/c", "ns/d"]


@pytest.mark.parametrize(
    "conditions", [[], [{"type": "Ready", "status": "False", "reason": "WaitingForNodes"}]]
)
def test_a_compute_domain_names_its_nodes_with_or_without_conditions(
    conditions: list[dict[str, str]],
) -> None:
    status = {"status": "NotReady", "nodes": [{"name": "n1", "status": "Ready"}], "conditions": conditions}
    item = {"metadata": {"name": "job", "namespace": "ns"}, "status": status}
    picture = painted(nodes=[node("n1"), node("n2")], domains=[item])
    [domain] = picture.domains
    assert (domain.status, domain.reason) == ("NotReady", "WaitingForNodes" if conditions else "")
    assert [each.domains for each in picture.racks[0].nodes] == [("ns/job",), ()]


def test_a_pod_that_is_not_placed_says_why() -> None:
    picture = painted(pods=[pod("p", why="0/1 nodes are available"), pod("new"), pod("placed", "n1")])
    assert [(each.name, each.why) for each in picture.waiting] == [
        ("ns/p", "0/1 nodes are available"),
        ("ns/new", "the scheduler has not looked at it yet"),
    ]


def test_numbers_in_names_are_in_the_order_of_numbers() -> None:
    assert sorted(["tray-10", "tray-2", "tray-1"], key=natural) == ["tray-1", "tray-2", "tray-10"]
