"""What the scheduler and the kubelet do with devices whose fields need a gate that is off by default (1.37).

Each needs its gate, ``gate:NAME``, and runs on clusters that have it on (``dra-cluster up --feature-gates``).
"""

from typing import Any

from dra_clusters.checks.behaviour import UPSTREAM, behaviour
from dra_clusters.checks.client import same
from dra_clusters.checks.context import CheckContext
from dra_clusters.checks.node_scenario import NodeScenario
from dra_clusters.checks.scenario import Scenario, request

NEEDS = ("api", "scheduler")
LISTS, OPTIONAL = "gate:DRAListTypeAttributes", "gate:DRAOptionalNodeOperations"


@behaviour("scheduling/list-attributes-intersect", "KEP 5491", needs=(*NEEDS, LISTS), since="1.36")
def list_attributes(context: CheckContext) -> None:
    """matchAttribute over lists wants a value that all devices have."""
    scenario = Scenario(context)
    lists = (["a"], ["b", "c"], ["c", "d"])
    devices = [{"name": f"d{n}", "attributes": {"roots": {"strings": v}}} for n, v in enumerate(lists)]
    scenario.publish(scenario.node(), devices)
    claim = scenario.claim(request(count=2), constraints=[{"matchAttribute": f"{scenario.driver}/roots"}])
    scenario.scheduled(scenario.pod(claim))
    same(scenario.devices(claim), ["d1", "d2"], "devices")


@behaviour(
    "kubelet/skips-operations",
    UPSTREAM + "pkg/kubelet/cm/dra/manager.go; KEP 5945",
    needs=(*NEEDS, "controllers", "kubelet", OPTIONAL),
    since="1.37",
)
def skips_operations(context: CheckContext) -> None:
    """A driver whose slice says that prepare and unprepare are to be skipped is not called, and need not be registered."""
    scenario = NodeScenario(context)
    scenario.plugin.registered()
    scenario.plugin.stop()
    skipped: Any = ["NodePrepareResources", "NodeUnprepareResources"]
    scenario.publish(scenario.place.name, ["d0"], skipNodeOperations=skipped)
    claim = scenario.claim()
    scenario.running(scenario.run(claim))
    same(scenario.results(claim)[0]["skipNodeOperations"], skipped, "skipNodeOperations of the result")
    same(scenario.plugin.calls, [], "calls of the driver")
