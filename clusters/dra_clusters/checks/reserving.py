"""When the scheduler allocates, reserves and binds, and which claims it leaves alone (plugins/dynamicresources)."""

from typing import Any

from dra_api.objects import JsonObject
from dra_clusters.checks.behaviour import UPSTREAM, behaviour
from dra_clusters.checks.client import eventually, holds, same
from dra_clusters.checks.context import CheckContext
from dra_clusters.checks.scenario import ROOM, Scenario

PLUGIN = UPSTREAM + "pkg/scheduler/framework/plugins/dynamicresources"
NEEDS = ("api", "scheduler")
HOLD = "check.example.com/hold"
READY, FAILED = "example.com/ready", "example.com/failed"


@behaviour("scheduling/reserves-before-binding", PLUGIN + ": PreBind", needs=NEEDS)
def reserves_before_binding(context: CheckContext) -> None:
    """Allocation and reservation are written before the pod gets its node: their resourceVersion is older."""
    scenario = Scenario(context)
    scenario.publish(scenario.node(), ["d0"])
    claim = scenario.claim()
    with context.client.watch(context.path("resourceclaims")) as events:
        pod = scenario.pod(claim)
        written = next(e["object"] for e in events if e["object"].get("status", {}).get("reservedFor"))
    holds(written["status"].get("allocation"), "an allocation when it is reserved", written["status"])
    with context.client.watch(context.path("pods")) as events:
        bound = next(e["object"] for e in events if e["object"]["spec"].get("nodeName"))
    same(bound["metadata"]["name"], pod, "the pod that is bound")
    versions = [int(item["metadata"]["resourceVersion"]) for item in (written, bound)]
    same(versions, sorted(versions), "resourceVersions of the reserved claim and of the bound pod")


@behaviour("pooling/deleted-claim-is-not-used", PLUGIN + ": PreEnqueue", needs=NEEDS)
def deleted_claim(context: CheckContext) -> None:
    """A pod whose claim is being deleted waits, while a later pod is scheduled."""
    scenario = Scenario(context)
    scenario.publish(scenario.node(), ["d0", "d1"])
    claim = scenario.claim()
    context.patch("merge", "resourceclaims", claim, {"metadata": {"finalizers": [HOLD]}}).expect(200)
    context.defer(context.patch, "merge", "resourceclaims", claim, {"metadata": {"finalizers": None}})
    context.delete("resourceclaims", claim).expect(200)
    pod = scenario.pod(claim)
    scenario.scheduled(scenario.pod(scenario.claim()))
    same(scenario.read("pods", pod)["spec"].get("nodeName"), None, "nodeName")
    same(scenario.read("resourceclaims", claim).get("status", {}).get("allocation"), None, "allocation")


@behaviour("pooling/claim-of-another-pod-is-not-used", PLUGIN + ": PreEnqueue", needs=(*NEEDS, "controllers"))
def claim_of_another_pod(context: CheckContext) -> None:
    """A pod whose template entry is said to be a claim that it does not own waits, while a later pod is scheduled."""
    scenario = Scenario(context)
    scenario.publish(scenario.node(), ["d0", "d1"])
    foreign = scenario.claim()
    pod = scenario.pod(templates={"gpu": scenario.template()}, schedulingGates=[{"name": HOLD}])
    eventually(lambda: scenario.read("pods", pod)["status"].get("resourceClaimStatuses"), "a generated claim")
    entry = {"name": "gpu", "resourceClaimName": foreign}
    context.patch("merge", "pods", pod, {"status": {"resourceClaimStatuses": [entry]}}, "status").expect(200)
    context.patch("merge", "pods", pod, {"spec": {"schedulingGates": None}}).expect(200)
    scenario.scheduled(scenario.pod(scenario.claim()))
    same(scenario.read("pods", pod)["spec"].get("nodeName"), None, "nodeName")
    same(scenario.read("resourceclaims", foreign).get("status", {}).get("allocation"), None, "allocation")


@behaviour("scheduling/no-device-twice", PLUGIN + ": in-flight allocations", needs=NEEDS)
def no_device_twice(context: CheckContext) -> None:
    """Of eight pods that come together and ask for one of six devices each, six get different devices and two wait."""
    scenario = Scenario(context)
    for _ in range(2):
        scenario.publish(scenario.node(), ["d0", "d1", "d2"])
    gate = [{"name": HOLD}]
    claims = [scenario.claim() for _ in range(8)]
    pods = [scenario.pod(claim, schedulingGates=gate) for claim in claims]
    for pod in pods:
        context.patch("merge", "pods", pod, {"spec": {"schedulingGates": None}}).expect(200)

    def bound() -> list[JsonObject]:
        return [pod for pod in context.get("pods").expect(200)["items"] if pod["spec"].get("nodeName")]

    eventually(lambda: len(bound()) >= 6, "six pods are scheduled")
    items = context.get("resourceclaims").expect(200)["items"]
    results = [r for item in items for r in devices_of(item)]
    taken = [(r["pool"], r["device"]) for r in results]
    same(len(taken), len(set(taken)), f"different devices among {taken}")
    same((len(bound()), len(taken)), (6, 6), "scheduled pods and devices given")


def devices_of(claim: JsonObject) -> list[JsonObject]:
    """The results of a claim that may not be allocated."""
    found: list[JsonObject] = (
        (claim.get("status") or {}).get("allocation", {}).get("devices", {}).get("results", [])
    )
    return found


@behaviour("pooling/failed-binding-frees-the-device", "KEP 5007", needs=NEEDS, since="1.36")
def failed_binding(context: CheckContext) -> None:
    """When a binding failure condition is true, the allocation is taken back, and the pod gets another device."""
    scenario = Scenario(context)
    node = scenario.node()
    conditions = {"bindingConditions": [READY], "bindingFailureConditions": [FAILED]}
    attached = {"name": "attached", "attributes": {"spare": {"bool": False}}, **conditions}
    name = scenario.publish(node, [attached])
    claim = scenario.claim()
    pod = scenario.pod(claim)
    first = scenario.results(claim)[0]
    same(first["bindingFailureConditions"], [FAILED], "bindingFailureConditions of the result")
    context.patch("merge", "resourceslices", name, {"spec": {"devices": [{"name": "spare"}]}}).expect(200)
    condition = {
        "type": FAILED,
        "status": "True",
        "reason": "Broken",
        "message": "",
        "lastTransitionTime": "2026-01-01T00:00:00Z",
    }
    entry = {key: first[key] for key in ("driver", "pool", "device")} | {"conditions": [condition]}
    context.patch("merge", "resourceclaims", claim, {"status": {"devices": [entry]}}, "status").expect(200)

    def given() -> Any:
        return [r["device"] for r in devices_of(scenario.read("resourceclaims", claim))] == ["spare"]

    eventually(given, "the claim gets the other device", 30)
    same(scenario.scheduled(pod), node, "node")


@behaviour("pooling/extended-resource-of-a-device-plugin", "KEP 5004", needs=NEEDS, since="1.36")
def device_plugin_first(context: CheckContext) -> None:
    """On a node that announces the resource itself, as a device plugin does, the pod gets it from there, without a claim."""
    scenario = Scenario(context)
    node = scenario.node()
    scenario.publish(node, ["d0"])
    resource = f"{context.name()}.example.com/gpu"
    scenario.add_class(extendedResourceName=resource)
    room = {"capacity": {**ROOM, resource: "1"}, "allocatable": {**ROOM, resource: "1"}}
    context.patch("merge", "nodes", node, {"status": room}, "status").expect(200)
    amounts = {resource: "1"}
    containers = [{"name": "c", "image": "x", "resources": {"limits": amounts, "requests": amounts}}]
    pod = scenario.pod(containers=containers)
    same(scenario.scheduled(pod), node, "node")
    status = scenario.read("pods", pod)["status"]
    same(status.get("extendedResourceClaimStatus"), None, "extendedResourceClaimStatus")
    same(context.get("resourceclaims").expect(200)["items"], [], "claims in the namespace")
