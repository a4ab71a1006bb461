"""Pools that are not whole: what the scheduler takes of them, and what it says (dynamic-resource-allocation/structured)."""

from dra_clusters.checks.behaviour import UPSTREAM, behaviour
from dra_clusters.checks.client import same
from dra_clusters.checks.context import CheckContext
from dra_clusters.checks.scenario import Scenario, request
from dra_clusters.checks.waking import pool

POOLS = UPSTREAM + "staging/src/k8s.io/dynamic-resource-allocation/structured/internal"
NEEDS = ("api", "scheduler")


@behaviour("pooling/newest-generation-must-be-complete", POOLS, needs=NEEDS, since="1.36")
def newest_must_be_complete(context: CheckContext) -> None:
    """A complete older generation is not used while the newest one misses a slice."""
    scenario = Scenario(context)
    node = scenario.node()
    scenario.publish(node, ["old"], pool=pool(generation=1))
    scenario.publish(node, ["new-0"], pool=pool(generation=2, count=2))
    claim = scenario.claim()
    pod = scenario.pod(claim)
    scenario.waiting(pod)
    scenario.publish(node, ["new-1"], pool=pool(generation=2, count=2))
    scenario.scheduled(pod)
    same(scenario.devices(claim), ["new-0"], "devices")


@behaviour("pooling/invalid-pool-beside-a-valid-one", POOLS, needs=NEEDS, since="1.36")
def invalid_beside_valid(context: CheckContext) -> None:
    """An invalid pool does not hinder a claim that devices of another pool can serve."""
    scenario = Scenario(context)
    node = scenario.node()
    for _ in range(2):
        scenario.publish(node, ["double"], pool=pool("a", count=2))
    scenario.publish(node, ["good"], pool=pool("b"))
    claim = scenario.claim()
    scenario.scheduled(scenario.pod(claim))
    same(scenario.devices(claim), ["good"], "devices")


@behaviour("scheduling/mode-all-needs-complete-pools", POOLS, needs=NEEDS, since="1.36")
def all_needs_complete(context: CheckContext) -> None:
    """Mode All waits while a pool of the node misses a slice, and then gives the devices of all slices."""
    scenario = Scenario(context)
    node = scenario.node()
    scenario.publish(node, ["d0"], pool=pool(count=2))
    claim = scenario.claim(request(allocationMode="All"))
    pod = scenario.pod(claim)
    scenario.waiting(pod)
    scenario.publish(node, ["d1"], pool=pool(count=2))
    scenario.scheduled(pod)
    same(sorted(scenario.devices(claim)), ["d0", "d1"], "devices")
