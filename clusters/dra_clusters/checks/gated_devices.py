"""What the scheduler and the kubelet do with devices whose fields need a gate that is off by default (1.37).

Each needs its gate, ``gate:NAME``, and runs on clusters that have it on (``dra-cluster up --feature-gates``).
"""

from typing import Any

from dra_api.objects import JsonObject
from dra_clusters.checks.behaviour import UPSTREAM, behaviour
from dra_clusters.checks.client import same
from dra_clusters.checks.context import CheckContext
from dra_clusters.checks.node_scenario import NodeScenario
from dra_clusters.checks.scenario import Scenario, request
from dra_clusters.checks.waking import pool

NEEDS = ("api", "scheduler")
LISTS, GROUPS = "gate:DRAListTypeAttributes", "gate:DRADeviceCompatibilityGroups"
DERIVED, OPTIONAL = "gate:DRADerivedAttributes", "gate:DRAOptionalNodeOperations"


def grouped(name: str, *groups: str) -> JsonObject:
    """A device that takes 1Gi of the counter memory of the set, in compatibility GROUPS."""
    taken: JsonObject = {"counterSet": "set", "counters": {"memory": {"value": "1Gi"}}}
    return {
        "name": name,
        "consumesCounters": [taken | ({"compatibilityGroups": list(groups)} if groups else {})],
    }


@behaviour("pooling/compatibility-groups", "KEP 5963", needs=(*NEEDS, GROUPS), since="1.37")
def compatibility_groups(context: CheckContext) -> None:
    """Beside a device of one group of a counter set, only devices with that group are taken; one without groups waits."""
    scenario = Scenario(context)
    node = scenario.node()
    both = pool(node, count=2)
    scenario.publish(
        node, None, pool=both, sharedCounters=[{"name": "set", "counters": {"memory": {"value": "9Gi"}}}]
    )
    devices = [
        grouped("mig-0", "mig"),
        grouped("vgpu", "vgpu"),
        grouped("plain"),
        grouped("mig-1", "mig", "other"),
    ]
    scenario.publish(node, devices, pool=both)
    claim = scenario.claim(request(count=2))
    scenario.scheduled(scenario.pod(claim))
    same(scenario.devices(claim), ["mig-0", "mig-1"], "devices")
    scenario.waiting(scenario.pod(scenario.claim()), "cannot allocate all claims")


@behaviour("scheduling/derived-attributes", "KEP 6080", needs=(*NEEDS, DERIVED), since="1.37")
def derived_attributes(context: CheckContext) -> None:
    """A constraint compares what an expression of the request makes of each device, e.g. to match attributes of two names."""
    scenario = Scenario(context)
    attributes: list[JsonObject] = [{"left": {"int": 0}}, {"left": {"int": 1}}, {"right": {"int": 1}}]
    devices = [{"name": f"d{n}", "attributes": found} for n, found in enumerate(attributes)]
    scenario.publish(scenario.node(), devices)
    name = "check.example.com/side"

    def side(request_name: str, attribute: str) -> JsonObject:
        own = f'device.attributes["{scenario.driver}"]'
        has = [{"cel": {"expression": f"has({own}.{attribute})"}}]
        derived = [{"name": name, "expression": f"{own}.{attribute}"}]
        return request(request_name, selectors=has, derivedAttributes=derived)

    claim = scenario.claim(side("a", "left"), side("b", "right"), constraints=[{"matchAttribute": name}])
    scenario.scheduled(scenario.pod(claim))
    same(scenario.devices(claim), ["d1", "d2"], "devices")


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
