"""How the scheduler reads pools, and the features that count what is shared (dynamic-resource-allocation/structured)."""

from typing import Any

from dra_api.objects import JsonObject
from dra_clusters.checks.behaviour import UPSTREAM, behaviour
from dra_clusters.checks.client import eventually, holds, same
from dra_clusters.checks.context import GRACELESS, CheckContext
from dra_clusters.checks.scenario import LABEL, Scenario, request

POOLS = UPSTREAM + "staging/src/k8s.io/dynamic-resource-allocation/structured/internal"
NEEDS = ("api", "scheduler")


def pool(name: str = "p", generation: int = 1, count: int = 1) -> JsonObject:
    """The pool of a slice."""
    return {"name": name, "generation": generation, "resourceSliceCount": count}


def counted(name: str, amount: str) -> JsonObject:
    """A device that takes AMOUNT of the counter memory of the set."""
    return {
        "name": name,
        "consumesCounters": [{"counterSet": "set", "counters": {"memory": {"value": amount}}}],
    }


def publish_counted(scenario: Scenario, node: str) -> None:
    """A pool of two slices: a counter set of 10Gi, and devices that take 10Gi, 6Gi and 4Gi of it."""
    both = pool(node, count=2)
    counters = [{"name": "set", "counters": {"memory": {"value": "10Gi"}}}]
    scenario.publish(node, None, pool=both, sharedCounters=counters)
    scenario.publish(
        node, [counted("whole", "10Gi"), counted("big", "6Gi"), counted("small", "4Gi")], pool=both
    )


def shared(**capacity: Any) -> JsonObject:
    """A device of 10Gi that many claims may use."""
    return {
        "name": "d0",
        "allowMultipleAllocations": True,
        "capacity": {"memory": {"value": "10Gi", **capacity}},
    }


def amount(value: str) -> JsonObject:
    """A request of VALUE of memory."""
    return request(capacity={"requests": {"memory": value}})


@behaviour("pooling/incomplete-pool-is-not-used", POOLS, needs=NEEDS, since="1.36")
def incomplete(context: CheckContext) -> None:
    """A pool of which a slice is missing is not used until the slice comes."""
    scenario = Scenario(context)
    node = scenario.node()
    scenario.publish(node, ["d0"], pool=pool(count=2))
    pod = scenario.pod(scenario.claim())
    scenario.waiting(pod)
    scenario.publish(node, ["d1"], pool=pool(count=2))
    scenario.scheduled(pod)


@behaviour("pooling/old-generation-is-ignored", POOLS, needs=NEEDS)
def old_generation(context: CheckContext) -> None:
    """Slices of an older generation do not count."""
    scenario = Scenario(context)
    node = scenario.node()
    scenario.publish(node, ["old"], pool=pool(generation=1))
    scenario.publish(node, ["new"], pool=pool(generation=2))
    claim = scenario.claim()
    scenario.scheduled(scenario.pod(claim))
    same(scenario.devices(claim), ["new"], "devices")


@behaviour("pooling/doubled-names-make-it-invalid", POOLS, needs=NEEDS, since="1.36")
def doubled_names(context: CheckContext) -> None:
    """A pool whose slices name a device twice is not used, and the message says so."""
    scenario = Scenario(context)
    node = scenario.node()
    for _ in range(2):
        scenario.publish(node, ["d0"], pool=pool(count=2))
    scenario.waiting(scenario.pod(scenario.claim()), "invalid resource pools were encountered")


@behaviour("pooling/all-nodes", POOLS, needs=NEEDS)
def all_nodes(context: CheckContext) -> None:
    """A device for all nodes gives an allocation without node selector."""
    scenario = Scenario(context)
    scenario.node()
    scenario.publish("", ["d0"], allNodes=True)
    claim = scenario.claim()
    scenario.scheduled(scenario.pod(claim))
    same(
        scenario.read("resourceclaims", claim)["status"]["allocation"].get("nodeSelector"),
        None,
        "nodeSelector",
    )


@behaviour("pooling/node-selector", POOLS, needs=NEEDS)
def node_selector(context: CheckContext) -> None:
    """A device for selected nodes brings the pod there, and its selector into the allocation."""
    scenario = Scenario(context)
    scenario.node()
    chosen = scenario.node(**{"check.example.com/zone": "a"})
    terms = [
        {
            "matchExpressions": [
                {"key": "check.example.com/zone", "operator": "In", "values": ["a"]},
                {"key": LABEL, "operator": "In", "values": [context.stem]},
            ]
        }
    ]
    scenario.publish("", ["d0"], nodeSelector={"nodeSelectorTerms": terms})
    claim = scenario.claim()
    same(scenario.scheduled(scenario.pod(claim)), chosen, "node")
    found = scenario.read("resourceclaims", claim)["status"]["allocation"]["nodeSelector"][
        "nodeSelectorTerms"
    ]
    same(found, terms, "terms")


@behaviour("pooling/per-device-nodes", "KEP 4815", needs=NEEDS, since="1.36")
def per_device_nodes(context: CheckContext) -> None:
    """With perDeviceNodeSelection each device is for its own node."""
    scenario = Scenario(context)
    nodes = [scenario.node(), scenario.node()]
    devices = [{"name": f"d{n}", "nodeName": node} for n, node in enumerate(nodes)]
    scenario.publish("", devices, perDeviceNodeSelection=True)
    claims = [scenario.claim(), scenario.claim()]
    found = {scenario.scheduled(scenario.pod(claim)): scenario.devices(claim) for claim in claims}
    same(found, {nodes[0]: ["d0"], nodes[1]: ["d1"]}, "devices by node")


@behaviour("pooling/counters-limit", "KEP 4815", needs=NEEDS, since="1.36")
def counters_limit(context: CheckContext) -> None:
    """A device whose counters are used up by others is not taken."""
    scenario = Scenario(context)
    publish_counted(scenario, scenario.node())
    first = scenario.claim()
    scenario.scheduled(scenario.pod(first))
    same(scenario.devices(first), ["whole"], "the first device")
    scenario.waiting(scenario.pod(scenario.claim()), "cannot allocate all claims")


@behaviour("pooling/counters-share", "KEP 4815", needs=NEEDS, since="1.36")
def counters_share(context: CheckContext) -> None:
    """Devices whose counters fit together are taken together."""
    scenario = Scenario(context)
    publish_counted(scenario, scenario.node())
    claim = scenario.claim(request(count=2))
    scenario.scheduled(scenario.pod(claim))
    same(scenario.devices(claim), ["big", "small"], "devices")


@behaviour("pooling/counter-set-must-exist", "KEP 4815", needs=NEEDS, since="1.36")
def counter_set_must_exist(context: CheckContext) -> None:
    """A device that consumes from a set that is not there makes its pool invalid."""
    scenario = Scenario(context)
    scenario.publish(scenario.node(), [counted("d0", "1Gi")])
    scenario.waiting(scenario.pod(scenario.claim()), "invalid resource pools were encountered")


@behaviour("pooling/shared-device", "KEP 5075", needs=NEEDS, since="1.36")
def shared_device(context: CheckContext) -> None:
    """A device that allows it serves several claims; each result has a shareID and what it consumes."""
    scenario = Scenario(context)
    scenario.publish(scenario.node(), [shared()])
    claims = [scenario.claim(amount("4Gi")), scenario.claim(amount("6Gi"))]
    for claim in claims:
        scenario.scheduled(scenario.pod(claim))
    results = [scenario.results(claim)[0] for claim in claims]
    consumed = sorted(result["consumedCapacity"]["memory"] for result in results)
    same(consumed, ["4Gi", "6Gi"], "consumedCapacity")
    same(len({result["shareID"] for result in results}), 2, "different shareIDs")


@behaviour("pooling/shared-device-is-full", "KEP 5075", needs=NEEDS, since="1.36")
def shared_full(context: CheckContext) -> None:
    """A claim of more than the remaining capacity is not allocated."""
    scenario = Scenario(context)
    scenario.publish(scenario.node(), [shared()])
    scenario.scheduled(scenario.pod(scenario.claim(amount("8Gi"))))
    scenario.waiting(scenario.pod(scenario.claim(amount("4Gi"))), "cannot allocate all claims")


@behaviour("pooling/shared-default-is-all", "KEP 5075", needs=NEEDS, since="1.36")
def shared_default(context: CheckContext) -> None:
    """Without request and policy a share takes the whole capacity."""
    scenario = Scenario(context)
    scenario.publish(scenario.node(), [shared()])
    claim = scenario.claim()
    scenario.scheduled(scenario.pod(claim))
    same(scenario.results(claim)[0]["consumedCapacity"], {"memory": "10Gi"}, "consumedCapacity")


@behaviour("pooling/policy-default", "KEP 5075", needs=NEEDS, since="1.36")
def policy_default(context: CheckContext) -> None:
    """Without request a share takes the default of the policy."""
    scenario = Scenario(context)
    scenario.publish(
        scenario.node(), [shared(requestPolicy={"default": "2Gi", "validRange": {"min": "1Gi"}})]
    )
    claim = scenario.claim()
    scenario.scheduled(scenario.pod(claim))
    same(scenario.results(claim)[0]["consumedCapacity"], {"memory": "2Gi"}, "consumedCapacity")


@behaviour("pooling/policy-rounds-up", "KEP 5075", needs=NEEDS, since="1.36")
def policy_rounds(context: CheckContext) -> None:
    """A request is rounded up to the next step, or valid value."""
    scenario = Scenario(context)
    node = scenario.node()
    step = {"default": "1Gi", "validRange": {"min": "1Gi", "step": "2Gi"}}
    values = {"default": "1Gi", "validValues": ["1Gi", "4Gi", "8Gi"]}
    for policy, wanted in ((step, "3Gi"), (values, "4Gi")):
        name = scenario.publish(node, [shared(requestPolicy=policy)])
        claim = scenario.claim(amount("2Gi"))
        pod = scenario.pod(claim)
        scenario.scheduled(pod)
        same(scenario.results(claim)[0]["consumedCapacity"], {"memory": wanted}, f"consumed under {policy}")
        context.delete("pods", pod, GRACELESS).expect(200)
        context.delete("resourceslices", name).expect(200)


@behaviour("pooling/binding-conditions-delay", "KEP 5007", needs=NEEDS, since="1.36")
def binding_conditions(context: CheckContext) -> None:
    """A pod whose device has binding conditions is bound when they are true."""
    scenario = Scenario(context)
    node = scenario.node()
    conditions = {
        "bindingConditions": ["example.com/ready"],
        "bindingFailureConditions": ["example.com/failed"],
    }
    scenario.publish(node, [{"name": "d0", **conditions}])
    claim = scenario.claim()
    pod = scenario.pod(claim)
    result = scenario.results(claim)[0]
    same(result["bindingConditions"], ["example.com/ready"], "bindingConditions of the result")
    same(scenario.read("pods", pod)["spec"].get("nodeName"), None, "nodeName before")
    stamp = "2026-01-01T00:00:00Z"
    ready = {
        "type": "example.com/ready",
        "status": "True",
        "reason": "X",
        "message": "",
        "lastTransitionTime": stamp,
    }
    entry = {name: result[name] for name in ("driver", "pool", "device")} | {"conditions": [ready]}
    context.patch("merge", "resourceclaims", claim, {"status": {"devices": [entry]}}, "status").expect(200)
    same(scenario.scheduled(pod, 20), node, "node")


@behaviour("pooling/extended-resource", "KEP 5004", needs=NEEDS, since="1.36")
def extended_resource(context: CheckContext) -> None:
    """A container's extended resource of a class is served by a claim that the scheduler makes."""
    scenario = Scenario(context)
    scenario.publish(scenario.node(), ["d0", "d1"])
    resource = f"{context.name()}.example.com/gpu"
    scenario.add_class(extendedResourceName=resource)
    amounts = {resource: "2"}
    containers = [{"name": "c", "image": "x", "resources": {"limits": amounts, "requests": amounts}}]
    pod = scenario.pod(containers=containers)
    scenario.scheduled(pod)
    status = scenario.read("pods", pod)["status"]["extendedResourceClaimStatus"]
    claim = scenario.read("resourceclaims", status["resourceClaimName"])
    mapping = {"containerName": "c", "resourceName": resource, "requestName": "container-0-request-0"}
    same(status["requestMappings"], [mapping], "requestMappings")
    same(
        claim["metadata"]["annotations"]["resource.kubernetes.io/extended-resource-claim"],
        "true",
        "annotation",
    )
    same(scenario.devices(status["resourceClaimName"]), ["d0", "d1"], "devices")


@behaviour("pooling/too-many-devices", POOLS, needs=NEEDS)
def too_many(context: CheckContext) -> None:
    """A claim of more than 32 devices cannot be allocated."""
    scenario = Scenario(context)
    scenario.publish(scenario.node(), [f"d{n}" for n in range(40)])
    message = scenario.waiting(scenario.pod(scenario.claim(request(count=33))))
    holds("32" in message, "the limit in the message", message)


@behaviour("pooling/reserved-pods-keep-their-claim", POOLS, needs=NEEDS)
def in_use_elsewhere(context: CheckContext) -> None:
    """A claim that is allocated on one node keeps its pods there, though another node has free devices."""
    scenario = Scenario(context)
    first, second = scenario.node(), scenario.node()
    scenario.publish(first, ["d0"])
    claim = scenario.claim()
    scenario.scheduled(scenario.pod(claim))
    scenario.publish(second, ["d0"])
    pod = scenario.pod(claim)
    eventually(lambda: scenario.read("pods", pod)["spec"].get("nodeName") == first, f"the pod is on {first}")
