"""What makes the scheduler look at a waiting pod again: its queueing hints (plugins/dynamicresources)."""

from dra_api.objects import JsonObject
from dra_clusters.checks.behaviour import UPSTREAM, behaviour
from dra_clusters.checks.client import same
from dra_clusters.checks.stage import Stage, request
from dra_clusters.checks.world import GRACELESS, World

HINTS = UPSTREAM + "pkg/scheduler/framework/plugins/dynamicresources: queueing hints"
NEEDS = ("api", "scheduler")


def pool(name: str = "p", generation: int = 1, count: int = 1) -> JsonObject:
    """The pool of a slice."""
    return {"name": name, "generation": generation, "resourceSliceCount": count}


@behaviour("pooling/class-must-exist", HINTS, needs=NEEDS)
def class_must_exist(world: World) -> None:
    """A pod whose claim names an unknown class waits for that class and is scheduled when it comes."""
    stage = Stage(world)
    stage.publish(stage.node(), ["d0"])
    missing = world.name()
    pod = stage.pod(stage.claim(request(kind=missing)))
    stage.waiting(pod, missing)
    selectors = [{"cel": {"expression": f'device.driver == "{stage.driver}"'}}]
    world.create("deviceclasses", {"metadata": {"name": missing}, "spec": {"selectors": selectors}})
    stage.scheduled(pod)


@behaviour("pooling/claim-must-exist", HINTS, needs=NEEDS)
def claim_must_exist(world: World) -> None:
    """A pod whose claim is not there waits for it and is scheduled when it comes."""
    stage = Stage(world)
    stage.publish(stage.node(), ["d0"])
    missing = world.name()
    pod = stage.pod(missing)
    stage.scheduled(stage.pod())
    same(stage.read("pods", pod)["spec"].get("nodeName"), None, "nodeName while a later pod was scheduled")
    world.create("resourceclaims", {"metadata": {"name": missing}, "spec": stage.spec()})
    stage.scheduled(pod)


@behaviour("pooling/new-devices-wake", HINTS, needs=NEEDS)
def new_devices_wake(world: World) -> None:
    """A waiting pod is scheduled when a slice brings devices."""
    stage = Stage(world)
    node = stage.node()
    pod = stage.pod(stage.claim())
    stage.waiting(pod)
    stage.publish(node, ["d0"])
    same(stage.scheduled(pod), node, "node")


@behaviour("pooling/freed-devices-wake", HINTS, needs=(*NEEDS, "controllers"))
def freed_devices_wake(world: World) -> None:
    """A waiting pod is scheduled when another pod gives its device back."""
    stage = Stage(world)
    stage.publish(stage.node(), ["d0"])
    first = stage.pod(stage.claim())
    stage.scheduled(first)
    second = stage.pod(stage.claim())
    stage.waiting(second)
    world.delete("pods", first, GRACELESS).expect(200)
    stage.scheduled(second)


@behaviour("pooling/untainted-devices-wake", HINTS, needs=NEEDS, since="1.36")
def untainted_wake(world: World) -> None:
    """A waiting pod is scheduled when the taint of a device goes."""
    stage = Stage(world)
    taints = [{"key": "example.com/sick", "effect": "NoSchedule"}]
    name = stage.publish(stage.node(), [{"name": "d0", "taints": taints}])
    pod = stage.pod(stage.claim())
    stage.waiting(pod)
    world.patch("merge", "resourceslices", name, {"spec": {"devices": [{"name": "d0"}]}}).expect(200)
    stage.scheduled(pod)
