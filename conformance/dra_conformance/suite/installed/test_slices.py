"""ResourceSlices of a driver that is installed, on every node of the cluster."""

from collections.abc import Iterator
from typing import Any

import pytest

from dra_api.objects import JsonObject
from dra_conformance.catalogue import one
from dra_conformance.catalogue.marks import requirement, tier
from dra_conformance.expectations import Blocked, each, not_applicable
from dra_conformance.harness.installed import Installed
from dra_conformance.rules import features, slices
from dra_conformance.suite.features.offered import require

pytestmark = [tier("cluster"), pytest.mark.xdist_group("slices")]  # not while others delete and edit slices
HERE = frozenset({"RSL-003"})
"""Rules that need more than the slices of one node, which are checks of this module."""
RULES = {name: rule for name, rule in {**slices.RULES, **features.RULES}.items() if name not in HERE}


def by_node(items: list[JsonObject]) -> dict[str, list[JsonObject]]:
    """{node: its slices}; those of no node have the name ""."""
    found: dict[str, list[JsonObject]] = {}
    for item in items:
        found.setdefault(item["spec"].get("nodeName", ""), []).append(item)
    return found


def marked() -> Iterator[Any]:
    """The rules with the requirement that each proves."""
    for name, (rule, why) in RULES.items():
        yield pytest.param(name, rule, marks=requirement(name, why=why), id=name)


@pytest.mark.parametrize(("name", "rule"), list(marked()))
def test_slices_follow_the_rule(published: Installed, name: str, rule: Any) -> None:
    """The slices of every node follow a rule that can be seen in the objects."""
    items = published.slices()
    if not items:
        raise Blocked(("RSL-001",), f"there is no ResourceSlice of the driver {published.driver}")
    if name in features.RULES:
        feature = one(name).feature
        uses, claimed, nothing = features.OFFERED[feature]
        require(published, feature, uses(items), claimed, nothing)
    problems = [
        f"node {node or '(none)'}: {problem}"
        for node, mine in sorted(by_node(items).items())
        for problem in rule(mine, published.driver, node)
    ]
    each(problems, wanted=rule.__doc__, where="ResourceSlices")


@requirement("RSL-003", why="the scheduler would send pods to a node that is not there")
def test_slices_are_of_nodes_that_exist(published: Installed) -> None:
    """The nodeName of each slice is a Node of the cluster."""
    known = published.node_names
    named = {item["metadata"]["name"]: item["spec"].get("nodeName") for item in published.slices()}
    lost = [f"{name}: {node}" for name, node in named.items() if node is not None and node not in known]
    each(lost, wanted=f"one of {sorted(known)}", where="spec.nodeName")


@requirement("RSL-006", why="the pools of two nodes hide each other's devices")
def test_no_pool_is_of_two_nodes(published: Installed) -> None:
    """A pool whose slices have a nodeName is of one node."""
    pools: dict[str, set[str]] = {}
    for item in published.slices():
        if node := item["spec"].get("nodeName"):
            pools.setdefault(item["spec"]["pool"]["name"], set()).add(node)
    if len(set().union(*pools.values())) < 2:
        not_applicable("the driver publishes for fewer than two nodes of this cluster")
    each(
        [f"{pool}: {nodes}" for pool, nodes in pools.items() if len(nodes) > 1],
        wanted="one node",
        where="pools",
    )
