"""What the scheduler does with claims (pkg/scheduler/framework/plugins/dynamicresources; structured allocator)."""

from typing import Any

from dra_clusters.checks.behaviour import UPSTREAM, behaviour
from dra_clusters.checks.client import eventually, holds, same
from dra_clusters.checks.stage import Stage, cel, request
from dra_clusters.checks.world import World

PLUGIN = UPSTREAM + "pkg/scheduler/framework/plugins/dynamicresources"
ALLOCATOR = UPSTREAM + "staging/src/k8s.io/dynamic-resource-allocation/structured"
NEEDS = ("api", "scheduler")
FINALIZER = "resource.kubernetes.io/delete-protection"


@behaviour("scheduling/allocates", PLUGIN, needs=NEEDS)
def allocates(world: World) -> None:
    """A pod with a claim is bound, and the claim has one result with request, driver, pool and device."""
    stage = Stage(world)
    node = stage.node()
    stage.publish(node, ["d0"])
    claim = stage.claim()
    same(stage.scheduled(stage.pod(claim)), node, "node")
    same(
        stage.results(claim),
        [{"request": "r", "driver": stage.driver, "pool": node, "device": "d0"}],
        "results",
    )


@behaviour("scheduling/allocation-binds-to-the-node", PLUGIN, needs=NEEDS)
def allocation_binds(world: World) -> None:
    """The allocation of a node's device selects that node by metadata.name."""
    stage = Stage(world)
    node = stage.node()
    stage.publish(node, ["d0"])
    claim = stage.claim()
    stage.scheduled(stage.pod(claim))
    field = {"key": "metadata.name", "operator": "In", "values": [node]}
    selector = stage.read("resourceclaims", claim)["status"]["allocation"]["nodeSelector"]
    same(selector, {"nodeSelectorTerms": [{"matchFields": [field]}]}, "nodeSelector")


@behaviour("scheduling/reserves-for-the-pod", PLUGIN, needs=NEEDS)
def reserves(world: World) -> None:
    """The claim is reserved for the pod and has the finalizer delete-protection."""
    stage = Stage(world)
    stage.publish(stage.node(), ["d0"])
    claim = stage.claim()
    pod = stage.pod(claim)
    stage.scheduled(pod)
    body = stage.read("resourceclaims", claim)
    uid = stage.read("pods", pod)["metadata"]["uid"]
    same(body["status"]["reservedFor"], [{"resource": "pods", "name": pod, "uid": uid}], "reservedFor")
    same(body["metadata"]["finalizers"], [FINALIZER], "finalizers")


@behaviour("scheduling/first-device-first", ALLOCATOR, needs=NEEDS)
def first_device(world: World) -> None:
    """Devices are taken in the order of the slice."""
    stage = Stage(world)
    stage.publish(stage.node(), ["z", "a"])
    claim = stage.claim()
    stage.scheduled(stage.pod(claim))
    same(stage.devices(claim), ["z"], "devices")


@behaviour("scheduling/count", ALLOCATOR, needs=NEEDS)
def count(world: World) -> None:
    """A count of two gives two different devices of one request, in order."""
    stage = Stage(world)
    stage.publish(stage.node(), ["d0", "d1", "d2"])
    claim = stage.claim(request(count=2))
    stage.scheduled(stage.pod(claim))
    same([(r["request"], r["device"]) for r in stage.results(claim)], [("r", "d0"), ("r", "d1")], "results")


@behaviour("scheduling/mode-all", ALLOCATOR, needs=NEEDS)
def mode_all(world: World) -> None:
    """Mode All gives every matching device of the node."""
    stage = Stage(world)
    stage.publish(stage.node(), ["d0", "d1", "d2"])
    claim = stage.claim(request(allocationMode="All"))
    stage.scheduled(stage.pod(claim))
    same(stage.devices(claim), ["d0", "d1", "d2"], "devices")


@behaviour("scheduling/mode-all-needs-one", ALLOCATOR, needs=NEEDS)
def mode_all_needs_one(world: World) -> None:
    """Mode All where nothing matches cannot be satisfied."""
    stage = Stage(world)
    stage.publish(stage.node(), ["d0"])
    claim = stage.claim(request(allocationMode="All", selectors=cel("false")))
    stage.waiting(stage.pod(claim), "cannot allocate all claims")


@behaviour("scheduling/mode-all-needs-all-free", ALLOCATOR, needs=NEEDS)
def mode_all_needs_all_free(world: World) -> None:
    """Mode All waits while one of the devices is in use."""
    stage = Stage(world)
    stage.publish(stage.node(), ["d0", "d1"])
    stage.scheduled(stage.pod(stage.claim()))
    stage.waiting(stage.pod(stage.claim(request(allocationMode="All"))), "cannot allocate all claims")


@behaviour("scheduling/waits-without-devices", PLUGIN, needs=NEEDS)
def waits(world: World) -> None:
    """A pod whose claim cannot be satisfied is Unschedulable with numbers and the reason."""
    stage = Stage(world)
    stage.publish(stage.node(), ["d0"])
    pod = stage.pod(stage.claim(request(count=2)))
    message = stage.waiting(pod, "nodes are available", "cannot allocate all claims")
    conditions = stage.read("pods", pod)["status"]["conditions"]
    same(
        [c["reason"] for c in conditions if c["type"] == "PodScheduled"],
        ["Unschedulable"],
        f"reason: {message}",
    )


@behaviour("scheduling/tells-an-event", UPSTREAM + "pkg/scheduler/schedule_one.go", needs=NEEDS)
def tells_an_event(world: World) -> None:
    """A pod that cannot be scheduled gets the event FailedScheduling."""
    stage = Stage(world)
    stage.publish(stage.node(), ["d0"])
    pod = stage.pod(stage.claim(request(count=2)))
    event = eventually(lambda: stage.events(pod, "FailedScheduling"), "an event FailedScheduling")[0]
    same((event["type"], event["involvedObject"]["kind"]), ("Warning", "Pod"), "event")


@behaviour("scheduling/scheduled-event", UPSTREAM + "pkg/scheduler/schedule_one.go", needs=NEEDS)
def scheduled_event(world: World) -> None:
    """A pod that is bound gets the event Scheduled that names the node."""
    stage = Stage(world)
    node = stage.node()
    pod = stage.pod()
    stage.scheduled(pod)
    event = eventually(lambda: stage.events(pod, "Scheduled"), "an event Scheduled")[0]
    holds(event["message"].endswith(f"to {node}"), f"the node {node} in the message", event["message"])


@behaviour("scheduling/two-claims-of-a-pod", ALLOCATOR, needs=NEEDS)
def two_claims(world: World) -> None:
    """Two claims of one pod get different devices of one node."""
    stage = Stage(world)
    stage.publish(stage.node(), ["d0", "d1"])
    claims = [stage.claim(), stage.claim()]
    stage.scheduled(stage.pod(*claims))
    same(sorted(stage.devices(claims[0]) + stage.devices(claims[1])), ["d0", "d1"], "devices")


@behaviour("scheduling/claim-shared-by-pods", PLUGIN, needs=NEEDS)
def shared_claim(world: World) -> None:
    """Pods that share a claim go to its node, and the claim is reserved for each."""
    stage = Stage(world)
    for _ in range(2):
        stage.publish(stage.node(), ["d0"])
    claim = stage.claim()
    pods = [stage.pod(claim), stage.pod(claim)]
    nodes = {stage.scheduled(pod) for pod in pods}
    found = {entry["name"] for entry in stage.read("resourceclaims", claim)["status"]["reservedFor"]}
    same((len(nodes), found), (1, set(pods)), "nodes and reservations")


@behaviour("scheduling/goes-where-devices-are", PLUGIN, needs=NEEDS)
def where_devices_are(world: World) -> None:
    """Of several nodes the pod goes to one with a device."""
    stage = Stage(world)
    nodes = [stage.node() for _ in range(3)]
    stage.publish(nodes[1], ["d0"])
    same(stage.scheduled(stage.pod(stage.claim())), nodes[1], "node")


@behaviour("scheduling/message-counts-nodes", PLUGIN, needs=NEEDS)
def message_counts(world: World) -> None:
    """The message counts the nodes that cannot give the claims."""
    stage = Stage(world)
    for _ in range(2):
        stage.publish(stage.node(), ["d0"])
    stage.waiting(stage.pod(stage.claim(request(count=2))), "2 cannot allocate all claims")


@behaviour("scheduling/gated-pod-waits", "KEP 3521", needs=NEEDS)
def gated_pod(world: World) -> None:
    """A pod with a scheduling gate waits with SchedulingGated until the gate goes."""
    stage = Stage(world)
    stage.node()
    pod = stage.pod(schedulingGates=[{"name": "example.com/hold"}])

    def conditions() -> Any:
        return [c.get("reason") for c in stage.read("pods", pod)["status"].get("conditions", [])]

    eventually(lambda: "SchedulingGated" in conditions(), "the reason SchedulingGated")
    world.patch("merge", "pods", pod, {"spec": {"schedulingGates": None}}).expect(200)
    stage.scheduled(pod)


@behaviour("scheduling/other-schedulers-pods-are-left", UPSTREAM + "pkg/scheduler/scheduler.go", needs=NEEDS)
def other_scheduler(world: World) -> None:
    """A pod of another scheduler is not touched while one that came later is scheduled."""
    stage = Stage(world)
    stage.node()
    other = stage.pod(schedulerName="nobody")
    stage.scheduled(stage.pod())
    same(stage.read("pods", other)["spec"].get("nodeName"), None, "nodeName")
