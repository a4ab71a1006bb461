"""What the scheduler does with claims (pkg/scheduler/framework/plugins/dynamicresources; structured allocator)."""

from typing import Any

from dra_clusters.checks.behaviour import UPSTREAM, behaviour
from dra_clusters.checks.client import eventually, holds, same
from dra_clusters.checks.context import CheckContext
from dra_clusters.checks.scenario import Scenario, cel, request

PLUGIN = UPSTREAM + "pkg/scheduler/framework/plugins/dynamicresources"
ALLOCATOR = UPSTREAM + "staging/src/k8s.io/dynamic-resource-allocation/structured"
NEEDS = ("api", "scheduler")
FINALIZER = "resource.kubernetes.io/delete-protection"


@behaviour("scheduling/allocates", PLUGIN, needs=NEEDS)
def allocates(context: CheckContext) -> None:
    """A pod with a claim is bound, and the claim has one result with request, driver, pool and device."""
    scenario = Scenario(context)
    node = scenario.node()
    scenario.publish(node, ["d0"])
    claim = scenario.claim()
    same(scenario.scheduled(scenario.pod(claim)), node, "node")
    same(
        scenario.results(claim),
        [{"request": "r", "driver": scenario.driver, "pool": node, "device": "d0"}],
        "results",
    )


@behaviour("scheduling/allocation-binds-to-the-node", PLUGIN, needs=NEEDS)
def allocation_binds(context: CheckContext) -> None:
    """The allocation of a node's device selects that node by metadata.name."""
    scenario = Scenario(context)
    node = scenario.node()
    scenario.publish(node, ["d0"])
    claim = scenario.claim()
    scenario.scheduled(scenario.pod(claim))
    field = {"key": "metadata.name", "operator": "In", "values": [node]}
    selector = scenario.read("resourceclaims", claim)["status"]["allocation"]["nodeSelector"]
    same(selector, {"nodeSelectorTerms": [{"matchFields": [field]}]}, "nodeSelector")


@behaviour("scheduling/reserves-for-the-pod", PLUGIN, needs=NEEDS)
def reserves(context: CheckContext) -> None:
    """The claim is reserved for the pod and has the finalizer delete-protection."""
    scenario = Scenario(context)
    scenario.publish(scenario.node(), ["d0"])
    claim = scenario.claim()
    pod = scenario.pod(claim)
    scenario.scheduled(pod)
    body = scenario.read("resourceclaims", claim)
    uid = scenario.read("pods", pod)["metadata"]["uid"]
    same(body["status"]["reservedFor"], [{"resource": "pods", "name": pod, "uid": uid}], "reservedFor")
    same(body["metadata"]["finalizers"], [FINALIZER], "finalizers")


@behaviour("scheduling/first-device-first", ALLOCATOR, needs=NEEDS)
def first_device(context: CheckContext) -> None:
    """Devices are taken in the order of the slice."""
    scenario = Scenario(context)
    scenario.publish(scenario.node(), ["z", "a"])
    claim = scenario.claim()
    scenario.scheduled(scenario.pod(claim))
    same(scenario.devices(claim), ["z"], "devices")


@behaviour("scheduling/count", ALLOCATOR, needs=NEEDS)
def count(context: CheckContext) -> None:
    """A count of two gives two different devices of one request, in order."""
    scenario = Scenario(context)
    scenario.publish(scenario.node(), ["d0", "d1", "d2"])
    claim = scenario.claim(request(count=2))
    scenario.scheduled(scenario.pod(claim))
    same(
        [(r["request"], r["device"]) for r in scenario.results(claim)], [("r", "d0"), ("r", "d1")], "results"
    )


@behaviour("scheduling/mode-all", ALLOCATOR, needs=NEEDS)
def mode_all(context: CheckContext) -> None:
    """Mode All gives every matching device of the node."""
    scenario = Scenario(context)
    scenario.publish(scenario.node(), ["d0", "d1", "d2"])
    claim = scenario.claim(request(allocationMode="All"))
    scenario.scheduled(scenario.pod(claim))
    same(scenario.devices(claim), ["d0", "d1", "d2"], "devices")


@behaviour("scheduling/mode-all-needs-one", ALLOCATOR, needs=NEEDS)
def mode_all_needs_one(context: CheckContext) -> None:
    """Mode All where nothing matches cannot be satisfied."""
    scenario = Scenario(context)
    scenario.publish(scenario.node(), ["d0"])
    claim = scenario.claim(request(allocationMode="All", selectors=cel("false")))
    scenario.waiting(scenario.pod(claim), "cannot allocate all claims")


@behaviour("scheduling/mode-all-needs-all-free", ALLOCATOR, needs=NEEDS)
def mode_all_needs_all_free(context: CheckContext) -> None:
    """Mode All waits while one of the devices is in use."""
    scenario = Scenario(context)
    scenario.publish(scenario.node(), ["d0", "d1"])
    scenario.scheduled(scenario.pod(scenario.claim()))
    scenario.waiting(
        scenario.pod(scenario.claim(request(allocationMode="All"))), "cannot allocate all claims"
    )


@behaviour("scheduling/waits-without-devices", PLUGIN, needs=NEEDS)
def waits(context: CheckContext) -> None:
    """A pod whose claim cannot be satisfied is Unschedulable with numbers and the reason."""
    scenario = Scenario(context)
    scenario.publish(scenario.node(), ["d0"])
    pod = scenario.pod(scenario.claim(request(count=2)))
    message = scenario.waiting(pod, "nodes are available", "cannot allocate all claims")
    conditions = scenario.read("pods", pod)["status"]["conditions"]
    same(
        [c["reason"] for c in conditions if c["type"] == "PodScheduled"],
        ["Unschedulable"],
        f"reason: {message}",
    )


@behaviour("scheduling/records-an-event", UPSTREAM + "pkg/scheduler/schedule_one.go", needs=NEEDS)
def records_an_event(context: CheckContext) -> None:
    """A pod that cannot be scheduled gets the event FailedScheduling."""
    scenario = Scenario(context)
    scenario.publish(scenario.node(), ["d0"])
    pod = scenario.pod(scenario.claim(request(count=2)))
    event = eventually(lambda: scenario.events(pod, "FailedScheduling"), "an event FailedScheduling")[0]
    same((event["type"], event["involvedObject"]["kind"]), ("Warning", "Pod"), "event")


@behaviour("scheduling/scheduled-event", UPSTREAM + "pkg/scheduler/schedule_one.go", needs=NEEDS)
def scheduled_event(context: CheckContext) -> None:
    """A pod that is bound gets the event Scheduled that names the node."""
    scenario = Scenario(context)
    node = scenario.node()
    pod = scenario.pod()
    scenario.scheduled(pod)
    event = eventually(lambda: scenario.events(pod, "Scheduled"), "an event Scheduled")[0]
    holds(event["message"].endswith(f"to {node}"), f"the node {node} in the message", event["message"])


@behaviour("scheduling/two-claims-of-a-pod", ALLOCATOR, needs=NEEDS)
def two_claims(context: CheckContext) -> None:
    """Two claims of one pod get different devices of one node."""
    scenario = Scenario(context)
    scenario.publish(scenario.node(), ["d0", "d1"])
    claims = [scenario.claim(), scenario.claim()]
    scenario.scheduled(scenario.pod(*claims))
    same(sorted(scenario.devices(claims[0]) + scenario.devices(claims[1])), ["d0", "d1"], "devices")


@behaviour("scheduling/claim-shared-by-pods", PLUGIN, needs=NEEDS)
def shared_claim(context: CheckContext) -> None:
    """Pods that share a claim go to its node, and the claim is reserved for each."""
    scenario = Scenario(context)
    for _ in range(2):
        scenario.publish(scenario.node(), ["d0"])
    claim = scenario.claim()
    pods = [scenario.pod(claim), scenario.pod(claim)]
    nodes = {scenario.scheduled(pod) for pod in pods}
    found = {entry["name"] for entry in scenario.read("resourceclaims", claim)["status"]["reservedFor"]}
    same((len(nodes), found), (1, set(pods)), "nodes and reservations")


@behaviour("scheduling/goes-where-devices-are", PLUGIN, needs=NEEDS)
def where_devices_are(context: CheckContext) -> None:
    """Of several nodes the pod goes to one with a device."""
    scenario = Scenario(context)
    nodes = [scenario.node() for _ in range(3)]
    scenario.publish(nodes[1], ["d0"])
    same(scenario.scheduled(scenario.pod(scenario.claim())), nodes[1], "node")


@behaviour("scheduling/message-counts-nodes", PLUGIN, needs=NEEDS)
def message_counts(context: CheckContext) -> None:
    """The message counts the nodes that cannot give the claims."""
    scenario = Scenario(context)
    for _ in range(2):
        scenario.publish(scenario.node(), ["d0"])
    scenario.waiting(scenario.pod(scenario.claim(request(count=2))), "2 cannot allocate all claims")


@behaviour("scheduling/gated-pod-waits", "KEP 3521", needs=NEEDS)
def gated_pod(context: CheckContext) -> None:
    """A pod with a scheduling gate waits with SchedulingGated until the gate goes."""
    scenario = Scenario(context)
    scenario.node()
    pod = scenario.pod(schedulingGates=[{"name": "example.com/hold"}])

    def conditions() -> Any:
        return [c.get("reason") for c in scenario.read("pods", pod)["status"].get("conditions", [])]

    eventually(lambda: "SchedulingGated" in conditions(), "the reason SchedulingGated")
    context.patch("merge", "pods", pod, {"spec": {"schedulingGates": None}}).expect(200)
    scenario.scheduled(pod)


@behaviour("scheduling/other-schedulers-pods-are-left", UPSTREAM + "pkg/scheduler/scheduler.go", needs=NEEDS)
def other_scheduler(context: CheckContext) -> None:
    """A pod of another scheduler is left alone while a later pod is scheduled."""
    scenario = Scenario(context)
    scenario.node()
    other = scenario.pod(schedulerName="nobody")
    scenario.scheduled(scenario.pod())
    same(scenario.read("pods", other)["spec"].get("nodeName"), None, "nodeName")
