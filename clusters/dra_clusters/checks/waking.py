"""What makes the scheduler look at a waiting pod again: its queueing hints (plugins/dynamicresources)."""

from dra_api.objects import JsonObject
from dra_clusters.checks.behaviour import UPSTREAM, behaviour
from dra_clusters.checks.client import eventually, same
from dra_clusters.checks.context import GRACELESS, CheckContext
from dra_clusters.checks.scenario import Scenario, request

HINTS = UPSTREAM + "pkg/scheduler/framework/plugins/dynamicresources: queueing hints"
NEEDS = ("api", "scheduler")


def pool(name: str = "p", generation: int = 1, count: int = 1) -> JsonObject:
    """The pool of a slice."""
    return {"name": name, "generation": generation, "resourceSliceCount": count}


@behaviour("pooling/class-must-exist", HINTS, needs=NEEDS)
def class_must_exist(context: CheckContext) -> None:
    """A pod whose claim names an unknown class waits for that class and is scheduled when it comes."""
    scenario = Scenario(context)
    scenario.publish(scenario.node(), ["d0"])
    missing = context.name()
    pod = scenario.pod(scenario.claim(request(kind=missing)))
    scenario.waiting(pod, missing)
    selectors = [{"cel": {"expression": f'device.driver == "{scenario.driver}"'}}]
    context.create("deviceclasses", {"metadata": {"name": missing}, "spec": {"selectors": selectors}})
    scenario.scheduled(pod)


@behaviour("pooling/claim-must-exist", HINTS, needs=NEEDS)
def claim_must_exist(context: CheckContext) -> None:
    """A pod whose claim is not there waits for it and is scheduled when it comes."""
    scenario = Scenario(context)
    scenario.publish(scenario.node(), ["d0"])
    missing = context.name()
    pod = scenario.pod(missing)
    scenario.scheduled(scenario.pod())
    same(scenario.read("pods", pod)["spec"].get("nodeName"), None, "nodeName while a later pod was scheduled")
    context.create("resourceclaims", {"metadata": {"name": missing}, "spec": scenario.spec()})
    scenario.scheduled(pod)


@behaviour(
    "pooling/no-attempt-without-claim",
    UPSTREAM + "pkg/scheduler/framework/plugins/dynamicresources: PreEnqueue",
    needs=NEEDS,
)
def no_attempt_without_claim(context: CheckContext) -> None:
    """A pod whose claim is not there is not attempted: it gets no condition PodScheduled and no event."""
    scenario = Scenario(context)
    scenario.publish(scenario.node(), ["d0"])
    pod = scenario.pod(context.name())
    later = scenario.pod(scenario.claim(request(count=2)))
    scenario.waiting(later)  # a later pod was attempted, so this one would have been too
    conditions = scenario.read("pods", pod)["status"].get("conditions", [])
    same([c for c in conditions if c["type"] == "PodScheduled"], [], "conditions PodScheduled")
    eventually(lambda: scenario.events(later, "FailedScheduling"), "an event of the later pod")
    same(scenario.events(pod, "FailedScheduling"), [], "events FailedScheduling")


@behaviour("pooling/new-devices-wake", HINTS, needs=NEEDS)
def new_devices_wake(context: CheckContext) -> None:
    """A waiting pod is scheduled when a slice brings devices."""
    scenario = Scenario(context)
    node = scenario.node()
    pod = scenario.pod(scenario.claim())
    scenario.waiting(pod)
    scenario.publish(node, ["d0"])
    same(scenario.scheduled(pod), node, "node")


@behaviour("pooling/freed-devices-wake", HINTS, needs=(*NEEDS, "controllers"))
def freed_devices_wake(context: CheckContext) -> None:
    """A waiting pod is scheduled when another pod gives its device back."""
    scenario = Scenario(context)
    scenario.publish(scenario.node(), ["d0"])
    first = scenario.pod(scenario.claim())
    scenario.scheduled(first)
    second = scenario.pod(scenario.claim())
    scenario.waiting(second)
    context.delete("pods", first, GRACELESS).expect(200)
    scenario.scheduled(second)


@behaviour("pooling/untainted-devices-wake", HINTS, needs=NEEDS, since="1.36")
def untainted_wake(context: CheckContext) -> None:
    """A waiting pod is scheduled when the taint of a device goes."""
    scenario = Scenario(context)
    taints = [{"key": "example.com/sick", "effect": "NoSchedule"}]
    name = scenario.publish(scenario.node(), [{"name": "d0", "taints": taints}])
    pod = scenario.pod(scenario.claim())
    scenario.waiting(pod)
    context.patch("merge", "resourceslices", name, {"spec": {"devices": [{"name": "d0"}]}}).expect(200)
    scenario.scheduled(pod)
