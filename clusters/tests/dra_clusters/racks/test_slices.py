"""Slices of hollow nodes: the identity of each is its own, and a fault changes what the driver would change."""

import json

import pytest

from dra_api.objects import Device, ResourceSliceInput
from dra_clusters.errors import UsageError
from dra_clusters.racks.layout import Layout, Tray, View
from dra_clusters.racks.slices import as_template, slices_of, template_of

DRIVER = "gpu.dra-conformance.dev"


def tray(number: int, gpus: int = 4, rack: int = 0) -> Tray:
    uuids = tuple(f"GPU-{rack}-{number}-{index}" for index in range(gpus))
    return Tray(
        rack=rack,
        number=number,
        folder=f"rack-{rack}/tray-{number}",
        domain=f"domain-{rack}",
        clique=32766,
        uuids=uuids,
    )


def layout(*trays: Tray, machine: str = "gb200-nvl72") -> Layout:
    return Layout(machine=machine, product="NVIDIA GB200", links=18, trays=trays, full=0)


def published(where: Tray, *views: View, machine: str = "gb200-nvl72") -> ResourceSliceInput:
    [item] = slices_of(layout(where, machine=machine), [where], views)
    return item


def device(item: ResourceSliceInput, number: int) -> Device:
    return (item["spec"].get("devices") or [])[number]


def strings(item: Device, *names: str) -> list[str]:
    attributes = item.get("attributes") or {}
    return [attributes[name]["string"] for name in names]


def seen(gpu: int, *links: int, health: str = "limited", power: bool = True) -> View:
    return {"rack": 0, "node": 5, "gpu": gpu, "links_down": list(links), "health": health, "power": power}


@pytest.mark.parametrize("machine", ["gb200-nvl72", "gb300-nvl72", "vr200-nvl72"])
def test_a_hollow_node_has_its_own_gpus_in_the_domain_of_its_rack(machine: str) -> None:
    item = published(tray(5, rack=1), machine=machine)
    assert item["spec"]["nodeName"] == item["spec"]["pool"]["name"] == "rack-1-tray-5"
    for number in range(4):
        found = strings(device(item, number), "uuid", "fabricCluster", "fabricClique")
        assert found == [f"GPU-1-5-{number}", "domain-1", "domain-1.32766"]


def test_a_template_has_nothing_of_the_tray_that_it_was_taken_from() -> None:
    where = tray(5)
    template = template_of("gb200-nvl72")
    assert as_template(published(where)["spec"], where) == template
    assert "GPU-0-5" not in json.dumps(template)


def test_a_node_with_fewer_gpus_has_fewer_peers() -> None:
    item = published(tray(5, gpus=2))
    assert len(item["spec"].get("devices") or []) == 2
    assert (device(item, 0).get("attributes") or {})["nvlinkPeers"] == {"int": 1}


def test_a_broken_link_costs_a_link_and_its_bandwidth_and_informs() -> None:
    well, broken = published(tray(5)), published(tray(5), seen(1, 4))
    assert device(broken, 0) == device(well, 0)
    hurt = device(broken, 1)
    assert (hurt.get("attributes") or {})["nvlinks"] == {"int": 17}
    assert (hurt.get("capacity") or {})["nvlinkBandwidth"]["value"] == "903125M"
    assert hurt.get("taints") == [
        {"key": f"{DRIVER}/fabric-degraded", "value": "degraded-bandwidth", "effect": "None"}
    ]


def test_an_unhealthy_route_keeps_new_pods_away() -> None:
    hurt = device(published(tray(5), seen(0, health="unhealthy")), 0)
    assert hurt.get("taints") == [
        {"key": f"{DRIVER}/fabric", "value": "route-unhealthy", "effect": "NoSchedule"}
    ]


def test_a_node_without_power_publishes_nothing_new() -> None:
    assert published(tray(5), seen(0, 1, power=False)) == published(tray(5))


def test_a_machine_whose_slices_nobody_wrote_down_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="hollow nodes of mine: wanted one of gb200-nvl72, .* --full"):
        published(tray(0), machine="mine")
