"""Devices of a fabric: published by node selector for exactly the nodes of a rack (resource/v1, ResourceSliceSpec.NodeSelector)."""

import contextlib
from collections.abc import Iterator

import pytest

from dra_api.objects import JsonObject
from dra_conformance.catalogue.marks import requirement
from dra_conformance.expectations import each, expect
from dra_conformance.harness.domains import CLIQUE, Stage
from dra_conformance.harness.racks import PLACES, Place
from dra_conformance.rules.multi_node import Offered, miscounted, offered, repeated, wrongly_covered

LOST = PLACES[-1]
READY = {"type": "Ready", "status": "True", "reason": "KubeletReady"}


def names() -> dict[int, set[str]]:
    """{rack: names of its nodes}."""
    return {place.rack: {one.name for one in PLACES if one.rack == place.rack} for place in PLACES}


def looked_at(stage: Stage) -> list[Offered]:
    """The devices that are published by node selector."""
    nodes = stage.context.get("nodes").expect(200)["items"]
    return offered(
        stage.slices(), {item["metadata"]["name"]: item["metadata"].get("labels") or {} for item in nodes}
    )


@pytest.fixture
def fabrics(stage: Stage) -> Stage:
    """Racks whose fabrics are published."""
    stage.soon(
        lambda: {name for device in looked_at(stage) for name in device.nodes} >= {p.name for p in PLACES},
        "devices with a node selector that matches each node of both racks",
        lambda: looked_at(stage),
        "ResourceSlices of the driver",
    )
    return stage


@requirement("MNL-001", why="a job is sent to nodes that cannot reach each other, or never to some that can")
def test_selectors_match_exactly_the_nodes_of_a_rack(fabrics: Stage) -> None:
    """Each selector matches all nodes of one rack and none of the other."""
    problems = list(wrongly_covered(looked_at(fabrics), names().values()))
    each(problems, wanted="all nodes of one rack, and no others", where="node selectors of fabric devices")


@requirement("MNL-002", why="two jobs are given the same links")
def test_a_fabric_is_published_once(fabrics: Stage) -> None:
    """No two devices of one type select the same nodes."""
    each(list(repeated(looked_at(fabrics))), wanted="one device of a type for a rack", where="fabric devices")


@requirement("MNL-003", why="a job that counts on four nodes finds three")
def test_a_fabric_has_as_many_nodes_as_it_says(fabrics: Stage) -> None:
    """The attribute nodes is the number of nodes that the selector matches."""
    fabrics.soon(
        lambda: not list(miscounted(looked_at(fabrics))),
        "as many nodes as the selector matches",
        lambda: "; ".join(miscounted(looked_at(fabrics))),
        "attribute nodes of fabric devices",
    )


@contextlib.contextmanager
def without(stage: Stage, place: Place) -> Iterator[JsonObject]:
    """A node is gone: its plugin, its kubelet and its Node; all are back afterwards."""
    node: JsonObject = stage.context.get("nodes", place.name).expect(200)
    stage.racks.kill_plugin(place)
    stage.racks.cluster.kubelet(place.name).stop()
    stage.context.delete("nodes", place.name)
    try:
        yield node
    finally:
        stage.context.client.send("POST", "/api/v1/nodes", fresh(node))
        stage.context.put("nodes", {**fresh(node), "status": node["status"]}, "status")
        stage.racks.cluster.kubelet(place.name).start()
        stage.racks.start_plugin(place)
        stage.racks.wait_registered(place)


def fresh(node: JsonObject) -> JsonObject:
    """A Node as it is created."""
    kept = {name: node["metadata"].get(name) for name in ("name", "labels")}
    return {"apiVersion": "v1", "kind": "Node", "metadata": kept, "spec": {}}


@requirement("MNL-004", why="claims are allocated devices of a node that does not exist")
def test_nothing_is_published_for_a_node_that_is_gone(stage: Stage) -> None:
    """After a node was removed no slice has its name."""

    def left() -> list[str]:
        return [
            item["metadata"]["name"] for item in stage.slices() if item["spec"].get("nodeName") == LOST.name
        ]

    stage.soon(lambda: bool(left()), "slices of each node", lambda: stage.slices(), f"slices of {LOST.name}")
    with without(stage, LOST):
        stage.soon(lambda: not left(), "none", left, f"slices of {LOST.name}, which is gone")


@requirement("MNL-005", why="a job is sent to a rack that is too small for it")
def test_a_node_that_is_gone_is_not_counted(fabrics: Stage) -> None:
    """After a node was removed its rack's device says one node less."""
    rack = names()[LOST.rack]

    def counts() -> list[int]:
        mine = [one for one in looked_at(fabrics) if set(one.nodes) & rack]
        return [one.count for one in mine if one.count is not None]

    fabrics.soon(
        lambda: bool(counts()) and set(counts()) == {len(rack)},
        f"{len(rack)} nodes",
        counts,
        "attribute nodes of the rack's devices",
    )
    with without(fabrics, LOST):
        fabrics.soon(
            lambda: set(counts()) == {len(rack) - 1},
            f"{len(rack) - 1} nodes",
            counts,
            "attribute nodes of a rack that lost one",
        )
    fabrics.soon(
        lambda: bool(fabrics.labels(LOST).get(CLIQUE)), "its label", lambda: fabrics.labels(LOST), LOST.name
    )
    expect(bool(looked_at(fabrics)), wanted="devices", found="none", where="fabrics after the node is back")
