"""How the scheduler reads pools, and the features that count what is shared (dynamic-resource-allocation/structured)."""

from typing import Any

from dra_api.objects import JsonObject
from dra_clusters.checks.behaviour import UPSTREAM, behaviour
from dra_clusters.checks.client import eventually, holds, same
from dra_clusters.checks.stage import LABEL, Stage, request
from dra_clusters.checks.world import GRACELESS, World

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


def publish_counted(stage: Stage, node: str) -> None:
    """A pool of two slices: a counter set of 10Gi, and devices that take 10Gi, 6Gi and 4Gi of it."""
    both = pool(node, count=2)
    counters = [{"name": "set", "counters": {"memory": {"value": "10Gi"}}}]
    stage.publish(node, None, pool=both, sharedCounters=counters)
    stage.publish(node, [counted("whole", "10Gi"), counted("big", "6Gi"), counted("small", "4Gi")], pool=both)


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
def incomplete(world: World) -> None:
    """A pool of which a slice is missing is not used until the slice comes."""
    stage = Stage(world)
    node = stage.node()
    stage.publish(node, ["d0"], pool=pool(count=2))
    pod = stage.pod(stage.claim())
    stage.waiting(pod)
    stage.publish(node, ["d1"], pool=pool(count=2))
    stage.scheduled(pod)


@behaviour("pooling/old-generation-is-ignored", POOLS, needs=NEEDS)
def old_generation(world: World) -> None:
    """Slices of an older generation do not count."""
    stage = Stage(world)
    node = stage.node()
    stage.publish(node, ["old"], pool=pool(generation=1))
    stage.publish(node, ["new"], pool=pool(generation=2))
    claim = stage.claim()
    stage.scheduled(stage.pod(claim))
    same(stage.devices(claim), ["new"], "devices")


@behaviour("pooling/doubled-names-make-it-invalid", POOLS, needs=NEEDS, since="1.36")
def doubled_names(world: World) -> None:
    """A pool whose slices name a device twice is not used, and the message says so."""
    stage = Stage(world)
    node = stage.node()
    for _ in range(2):
        stage.publish(node, ["d0"], pool=pool(count=2))
    stage.waiting(stage.pod(stage.claim()), "invalid resource pools were encountered")


@behaviour("pooling/all-nodes", POOLS, needs=NEEDS)
def all_nodes(world: World) -> None:
    """A device for all nodes gives an allocation without node selector."""
    stage = Stage(world)
    stage.node()
    stage.publish("", ["d0"], allNodes=True)
    claim = stage.claim()
    stage.scheduled(stage.pod(claim))
    same(
        stage.read("resourceclaims", claim)["status"]["allocation"].get("nodeSelector"), None, "nodeSelector"
    )


@behaviour("pooling/node-selector", POOLS, needs=NEEDS)
def node_selector(world: World) -> None:
    """A device for selected nodes brings the pod there, and its selector into the allocation."""
    stage = Stage(world)
    stage.node()
    chosen = stage.node(**{"check.example.com/zone": "a"})
    terms = [
        {
            "matchExpressions": [
                {"key": "check.example.com/zone", "operator": "In", "values": ["a"]},
                {"key": LABEL, "operator": "In", "values": [world.stem]},
            ]
        }
    ]
    stage.publish("", ["d0"], nodeSelector={"nodeSelectorTerms": terms})
    claim = stage.claim()
    same(stage.scheduled(stage.pod(claim)), chosen, "node")
    found = stage.read("resourceclaims", claim)["status"]["allocation"]["nodeSelector"]["nodeSelectorTerms"]
    same(found, terms, "terms")


@behaviour("pooling/per-device-nodes", "KEP 4815", needs=NEEDS, since="1.36")
def per_device_nodes(world: World) -> None:
    """With perDeviceNodeSelection each device is for its own node."""
    stage = Stage(world)
    nodes = [stage.node(), stage.node()]
    devices = [{"name": f"d{n}", "nodeName": node} for n, node in enumerate(nodes)]
    stage.publish("", devices, perDeviceNodeSelection=True)
    claims = [stage.claim(), stage.claim()]
    found = {stage.scheduled(stage.pod(claim)): stage.devices(claim) for claim in claims}
    same(found, {nodes[0]: ["d0"], nodes[1]: ["d1"]}, "devices by node")


@behaviour("pooling/counters-limit", "KEP 4815", needs=NEEDS, since="1.36")
def counters_limit(world: World) -> None:
    """A device whose counters are used up by others is not taken."""
    stage = Stage(world)
    publish_counted(stage, stage.node())
    first = stage.claim()
    stage.scheduled(stage.pod(first))
    same(stage.devices(first), ["whole"], "the first device")
    stage.waiting(stage.pod(stage.claim()), "cannot allocate all claims")


@behaviour("pooling/counters-share", "KEP 4815", needs=NEEDS, since="1.36")
def counters_share(world: World) -> None:
    """Devices whose counters fit together are taken together."""
    stage = Stage(world)
    publish_counted(stage, stage.node())
    claim = stage.claim(request(count=2))
    stage.scheduled(stage.pod(claim))
    same(stage.devices(claim), ["big", "small"], "devices")


@behaviour("pooling/counter-set-must-exist", "KEP 4815", needs=NEEDS, since="1.36")
def counter_set_must_exist(world: World) -> None:
    """A device that consumes from a set that is not there makes its pool invalid."""
    stage = Stage(world)
    stage.publish(stage.node(), [counted("d0", "1Gi")])
    stage.waiting(stage.pod(stage.claim()), "invalid resource pools were encountered")


@behaviour("pooling/shared-device", "KEP 5075", needs=NEEDS, since="1.36")
def shared_device(world: World) -> None:
    """A device that allows it serves several claims; each result has a shareID and what it consumes."""
    stage = Stage(world)
    stage.publish(stage.node(), [shared()])
    claims = [stage.claim(amount("4Gi")), stage.claim(amount("6Gi"))]
    for claim in claims:
        stage.scheduled(stage.pod(claim))
    results = [stage.results(claim)[0] for claim in claims]
    consumed = sorted(result["consumedCapacity"]["memory"] for result in results)
    same(consumed, ["4Gi", "6Gi"], "consumedCapacity")
    same(len({result["shareID"] for result in results}), 2, "different shareIDs")


@behaviour("pooling/shared-device-is-full", "KEP 5075", needs=NEEDS, since="1.36")
def shared_full(world: World) -> None:
    """More than is left cannot be had."""
    stage = Stage(world)
    stage.publish(stage.node(), [shared()])
    stage.scheduled(stage.pod(stage.claim(amount("8Gi"))))
    stage.waiting(stage.pod(stage.claim(amount("4Gi"))), "cannot allocate all claims")


@behaviour("pooling/shared-default-is-all", "KEP 5075", needs=NEEDS, since="1.36")
def shared_default(world: World) -> None:
    """Without request and policy a share takes the whole capacity."""
    stage = Stage(world)
    stage.publish(stage.node(), [shared()])
    claim = stage.claim()
    stage.scheduled(stage.pod(claim))
    same(stage.results(claim)[0]["consumedCapacity"], {"memory": "10Gi"}, "consumedCapacity")


@behaviour("pooling/policy-default", "KEP 5075", needs=NEEDS, since="1.36")
def policy_default(world: World) -> None:
    """Without request a share takes the default of the policy."""
    stage = Stage(world)
    stage.publish(stage.node(), [shared(requestPolicy={"default": "2Gi", "validRange": {"min": "1Gi"}})])
    claim = stage.claim()
    stage.scheduled(stage.pod(claim))
    same(stage.results(claim)[0]["consumedCapacity"], {"memory": "2Gi"}, "consumedCapacity")


@behaviour("pooling/policy-rounds-up", "KEP 5075", needs=NEEDS, since="1.36")
def policy_rounds(world: World) -> None:
    """A request is rounded up to the next step, or valid value."""
    stage = Stage(world)
    node = stage.node()
    step = {"default": "1Gi", "validRange": {"min": "1Gi", "step": "2Gi"}}
    values = {"default": "1Gi", "validValues": ["1Gi", "4Gi", "8Gi"]}
    for policy, wanted in ((step, "3Gi"), (values, "4Gi")):
        name = stage.publish(node, [shared(requestPolicy=policy)])
        claim = stage.claim(amount("2Gi"))
        pod = stage.pod(claim)
        stage.scheduled(pod)
        same(stage.results(claim)[0]["consumedCapacity"], {"memory": wanted}, f"consumed under {policy}")
        world.delete("pods", pod, GRACELESS).expect(200)
        world.delete("resourceslices", name).expect(200)


@behaviour("pooling/binding-conditions-delay", "KEP 5007", needs=NEEDS, since="1.36")
def binding_conditions(world: World) -> None:
    """A pod whose device has binding conditions is bound when they are true."""
    stage = Stage(world)
    node = stage.node()
    conditions = {
        "bindingConditions": ["example.com/ready"],
        "bindingFailureConditions": ["example.com/failed"],
    }
    stage.publish(node, [{"name": "d0", **conditions}])
    claim = stage.claim()
    pod = stage.pod(claim)
    result = stage.results(claim)[0]
    same(result["bindingConditions"], ["example.com/ready"], "bindingConditions of the result")
    same(stage.read("pods", pod)["spec"].get("nodeName"), None, "nodeName before")
    stamp = "2026-01-01T00:00:00Z"
    ready = {
        "type": "example.com/ready",
        "status": "True",
        "reason": "X",
        "message": "",
        "lastTransitionTime": stamp,
    }
    entry = {name: result[name] for name in ("driver", "pool", "device")} | {"conditions": [ready]}
    world.patch("merge", "resourceclaims", claim, {"status": {"devices": [entry]}}, "status").expect(200)
    same(stage.scheduled(pod, 20), node, "node")


@behaviour("pooling/extended-resource", "KEP 5004", needs=NEEDS, since="1.36")
def extended_resource(world: World) -> None:
    """A container's extended resource of a class is served by a claim that the scheduler makes."""
    stage = Stage(world)
    stage.publish(stage.node(), ["d0", "d1"])
    resource = f"{world.name()}.example.com/gpu"
    stage.add_class(extendedResourceName=resource)
    amounts = {resource: "2"}
    containers = [{"name": "c", "image": "x", "resources": {"limits": amounts, "requests": amounts}}]
    pod = stage.pod(containers=containers)
    stage.scheduled(pod)
    status = stage.read("pods", pod)["status"]["extendedResourceClaimStatus"]
    claim = stage.read("resourceclaims", status["resourceClaimName"])
    mapping = {"containerName": "c", "resourceName": resource, "requestName": "container-0-request-0"}
    same(status["requestMappings"], [mapping], "requestMappings")
    same(
        claim["metadata"]["annotations"]["resource.kubernetes.io/extended-resource-claim"],
        "true",
        "annotation",
    )
    same(stage.devices(status["resourceClaimName"]), ["d0", "d1"], "devices")


@behaviour("pooling/too-many-devices", POOLS, needs=NEEDS)
def too_many(world: World) -> None:
    """A claim of more than 32 devices cannot be allocated."""
    stage = Stage(world)
    stage.publish(stage.node(), [f"d{n}" for n in range(40)])
    message = stage.waiting(stage.pod(stage.claim(request(count=33))))
    holds("32" in message, "the limit in the message", message)


@behaviour("pooling/reserved-pods-keep-their-claim", POOLS, needs=NEEDS)
def in_use_elsewhere(world: World) -> None:
    """A claim that is allocated on one node keeps its pods there, though another node has free devices."""
    stage = Stage(world)
    first, second = stage.node(), stage.node()
    stage.publish(first, ["d0"])
    claim = stage.claim()
    stage.scheduled(stage.pod(claim))
    stage.publish(second, ["d0"])
    pod = stage.pod(claim)
    eventually(lambda: stage.read("pods", pod)["spec"].get("nodeName") == first, f"the pod is on {first}")
