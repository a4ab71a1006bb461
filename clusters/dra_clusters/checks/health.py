"""Health of devices in the status of pods (KEP 4680; pkg/kubelet/cm/dra/manager.go, healthinfo.go)."""

from dra_api import names
from dra_clusters.checks.behaviour import UPSTREAM, behaviour
from dra_clusters.checks.client import eventually, same
from dra_clusters.checks.context import CheckContext
from dra_clusters.checks.health_service import Health
from dra_clusters.checks.node_scenario import NodeScenario

HEALTH = UPSTREAM + "pkg/kubelet/cm/dra; KEP 4680"
NEEDS = ("api", "scheduler", "controllers", "kubelet")
BOTH = [names.DRA_V1, names.HEALTH_V1, names.HEALTH_V1ALPHA1]


def shown(scenario: NodeScenario, pod: str) -> list[str]:
    """The health of the resources of the claim c0 in the status of the pod's first container."""
    statuses = scenario.read("pods", pod)["status"].get("containerStatuses") or [{}]
    return [
        resource["health"]
        for entry in statuses[0].get("allocatedResourcesStatus") or []
        if entry["name"].partition("/")[0] == "claim:c0"
        for resource in entry.get("resources") or []
    ]


def becomes(scenario: NodeScenario, pod: str, health: str) -> None:
    """Wait until the status says HEALTH of the pod's one device."""
    eventually(lambda: shown(scenario, pod) == [health], f"pod {pod} shows its device as {health}", 60)


@behaviour("kubelet/health-reaches-the-pod", HEALTH, needs=NEEDS, since="1.36")
def reaches_the_pod(context: CheckContext) -> None:
    """allocatedResourcesStatus of a container follows what the driver says of the device: Healthy, Unhealthy, Healthy."""
    health = Health(context.nodes[0].name, "d0")
    scenario = NodeScenario(context, versions=BOTH, health=health).ready()
    pod = scenario.run(scenario.claim())
    scenario.running(pod)
    becomes(scenario, pod, "Healthy")
    for state in ("UNHEALTHY", "HEALTHY"):
        health.set("d0", state)
        becomes(scenario, pod, state.capitalize())


@behaviour("kubelet/health-becomes-unknown", HEALTH, needs=NEEDS, since="1.36")
def becomes_unknown(context: CheckContext) -> None:
    """When the driver ends, its devices are Unknown; when it is back and reports, they are Healthy again."""
    health = Health(context.nodes[0].name, "d0")
    scenario = NodeScenario(context, versions=BOTH, health=health).ready()
    pod = scenario.run(scenario.claim())
    scenario.running(pod)
    becomes(scenario, pod, "Healthy")
    scenario.plugin.stop()
    becomes(scenario, pod, "Unknown")
    scenario.start(versions=BOTH, health=health).registered()
    becomes(scenario, pod, "Healthy")


@behaviour("kubelet/health-has-a-timeout", HEALTH, needs=NEEDS, since="1.36")
def has_a_timeout(context: CheckContext) -> None:
    """A report counts for as long as it says; a device of which nothing new is heard is Unknown then, though the stream is open."""
    health = Health(context.nodes[0].name, "d0", timeout_s=2)
    scenario = NodeScenario(context, versions=BOTH, health=health).ready()
    pod = scenario.run(scenario.claim())
    scenario.running(pod)
    becomes(scenario, pod, "Unknown")
    health.timeout_s = 600
    health.set("d0", "HEALTHY")
    becomes(scenario, pod, "Healthy")


@behaviour("kubelet/health-in-one-version", HEALTH, needs=NEEDS, since="1.37")
def in_one_version(context: CheckContext) -> None:
    """Of a driver that offers both versions of the stream only v1 is opened."""
    health = Health(context.nodes[0].name, "d0")
    scenario = NodeScenario(context, versions=BOTH, health=health).ready()
    pod = scenario.run(scenario.claim())
    scenario.running(pod)
    becomes(scenario, pod, "Healthy")
    same(health.streams, [names.HEALTH_V1], "streams that were opened")
