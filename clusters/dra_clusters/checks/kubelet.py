"""What a kubelet does with claims: prepare, unprepare, containers (pkg/kubelet/cm/dra).

These need the node's folders on this machine, so they run on clusters whose kubelet shares them. Rules of half a minute
and more (slice wiping, orphans) are left to tests that turn a clock. There is no real kubelet without a container
runtime to hold them against: they follow its sources.
"""

from typing import Any

import grpc

from dra_clusters.checks.behaviour import UPSTREAM, behaviour
from dra_clusters.checks.client import eventually, holds, same
from dra_clusters.checks.node_stage import NodeStage, refusing
from dra_clusters.checks.world import World

DRA = UPSTREAM + "pkg/kubelet/cm/dra/manager.go"
NEEDS = ("api", "scheduler", "controllers", "kubelet")


@behaviour("kubelet/prepares-before-running", DRA, needs=NEEDS)
def prepares(world: World) -> None:
    """The claim is prepared, by namespace, name and uid, and then the pod runs with the device in its container."""
    stage = NodeStage(world).ready()
    claim = stage.claim()
    pod = stage.run(claim)
    stage.running(pod)
    uid = stage.read("resourceclaims", claim)["metadata"]["uid"]
    same(stage.plugin.calls, [("prepare", "v1", {uid: claim})], "calls")
    same(stage.environment(pod), {"DEVICE_D0": "d0"}, "environment")


@behaviour("kubelet/one-call-for-all-claims", DRA, needs=NEEDS)
def one_call(world: World) -> None:
    """All claims of a pod for one driver are prepared in one call."""
    stage = NodeStage(world).ready()
    claims = [stage.claim(), stage.claim()]
    stage.running(stage.run(*claims))
    same(stage.plugin.claims("prepare"), [set(claims)], "claims of the calls")


@behaviour("kubelet/shared-claim-is-prepared-once", DRA, needs=NEEDS)
def prepared_once(world: World) -> None:
    """A claim that is prepared is not prepared again for another pod."""
    stage = NodeStage(world).ready()
    claim = stage.claim()
    stage.running(stage.run(claim))
    stage.running(stage.run(claim))
    same(stage.plugin.claims("prepare"), [{claim}], "claims of the calls")


@behaviour("kubelet/error-of-a-claim-is-told", DRA, needs=NEEDS)
def error_is_told(world: World) -> None:
    """The error of a claim is told in an event, and the call repeated until it succeeds."""
    stage = NodeStage(world).ready()
    stage.plugin.prepare = refusing(1, "out of paint")
    pod = stage.run(stage.claim())
    stage.failure(pod, "out of paint")
    stage.running(pod)
    same(len(stage.plugin.claims("prepare")), 2, "calls")


@behaviour("kubelet/failing-call-is-repeated", DRA, needs=NEEDS)
def failing_call(world: World) -> None:
    """A call that ends with a gRPC error is told and repeated."""
    stage = NodeStage(world).ready()
    left = [1]

    def answer(request: Any, response: Any, context: Any) -> Any:
        if left[0] > 0:
            left[0] -= 1
            context.abort(grpc.StatusCode.INTERNAL, "broken brush")
        return response

    stage.plugin.prepare = answer
    pod = stage.run(stage.claim())
    stage.failure(pod, "broken brush")
    stage.running(pod)


@behaviour("kubelet/missing-entry-is-an-error", DRA, needs=NEEDS)
def missing_entry(world: World) -> None:
    """An answer that leaves out a claim is an error."""
    stage = NodeStage(world).ready()
    left = [1]

    def answer(request: Any, response: Any, context: Any) -> Any:
        if left[0] > 0:
            left[0] -= 1
            response.claims.clear()
        return response

    stage.plugin.prepare = answer
    pod = stage.run(stage.claim())
    stage.failure(pod)
    stage.running(pod)


@behaviour("kubelet/foreign-entry-is-an-error", DRA, needs=NEEDS)
def foreign_entry(world: World) -> None:
    """An answer with a claim that was not asked for is an error."""
    stage = NodeStage(world).ready()
    left = [1]

    def answer(request: Any, response: Any, context: Any) -> Any:
        if left[0] > 0:
            left[0] -= 1
            response.claims["somebody-else"].SetInParent()
        return response

    stage.plugin.prepare = answer
    pod = stage.run(stage.claim())
    stage.failure(pod)
    stage.running(pod)


@behaviour("kubelet/unprepares-when-the-pod-goes", DRA, needs=NEEDS)
def unprepares(world: World) -> None:
    """A pod that is deleted is unprepared before it goes."""
    stage = NodeStage(world).ready()
    claim = stage.claim()
    pod = stage.run(claim)
    stage.running(pod)
    world.delete("pods", pod).expect(200)
    eventually(lambda: world.get("pods", pod).code == 404, f"pod {pod} is gone")
    same(stage.plugin.claims("unprepare"), [{claim}], "claims of the calls")


@behaviour("kubelet/unprepares-after-the-last-pod", DRA, needs=NEEDS)
def unprepares_last(world: World) -> None:
    """A shared claim is unprepared when its last pod goes."""
    stage = NodeStage(world).ready()
    claim = stage.claim()
    pods = [stage.run(claim), stage.run(claim)]
    for pod in pods:
        stage.running(pod)
    found = []
    for pod in pods:
        world.delete("pods", pod).expect(200)
        eventually(lambda gone=pod: world.get("pods", gone).code == 404, f"pod {pod} is gone")
        found.append(len(stage.plugin.claims("unprepare")))
    same(found, [0, 1], "calls after each pod")


@behaviour("kubelet/unprepare-error-keeps-the-pod", DRA, needs=NEEDS)
def unprepare_error(world: World) -> None:
    """An error of unprepare is followed by another call; the pod goes after the one that succeeds."""
    stage = NodeStage(world).ready()
    claim = stage.claim()
    pod = stage.run(claim)
    stage.running(pod)
    stage.plugin.unprepare = refusing(1, "stuck")
    world.delete("pods", pod).expect(200)
    eventually(lambda: world.get("pods", pod).code == 404, f"pod {pod} is gone", 20)
    same(stage.plugin.claims("unprepare"), [{claim}] * 2, "claims of the calls")


@behaviour("kubelet/unprepares-what-never-succeeded", DRA, needs=NEEDS)
def unprepares_failed(world: World) -> None:
    """A claim whose prepare never succeeded is unprepared too."""
    stage = NodeStage(world).ready()
    stage.plugin.prepare = refusing(10_000, "never")
    claim = stage.claim()
    pod = stage.run(claim)
    stage.failure(pod, "never")
    world.delete("pods", pod).expect(200)
    eventually(lambda: world.get("pods", pod).code == 404, f"pod {pod} is gone", 20)
    same(stage.plugin.claims("unprepare")[-1:], [{claim}], "claims of the last call")


@behaviour("kubelet/two-drivers-of-a-pod", DRA, needs=NEEDS)
def two_drivers(world: World) -> None:
    """A pod with claims of two drivers has each prepare its own; where one fails both are called again."""
    first, second = NodeStage(world).ready(), NodeStage(world).ready()
    second.plugin.prepare = refusing(1, "not yet")
    claims = [first.claim(), second.claim()]
    first.running(first.run(*claims))
    same(second.plugin.claims("prepare"), [{claims[1]}] * 2, "claims of the second driver's calls")
    holds(first.plugin.claims("prepare"), "a call of the first driver")
    same(set().union(*first.plugin.claims("prepare")), {claims[0]}, "claims of the first driver's calls")


@behaviour(
    "kubelet/container-gets-its-request", UPSTREAM + "pkg/kubelet/cm/dra/manager.go GetResources", needs=NEEDS
)
def container_request(world: World) -> None:
    """A container that names a request gets the devices of that request, one that names none gets all."""
    stage = NodeStage(world).ready()
    stage.plugin.devices = [("a", "d0"), ("b", "d1")]
    exactly = {"deviceClassName": stage.device_class}
    claim = stage.claim({"name": "a", "exactly": exactly}, {"name": "b", "exactly": exactly})
    uses: dict[str, Any] = {"one": [{"name": "c0", "request": "b"}], "all": [{"name": "c0"}]}
    containers = [{"name": name, "image": "x", "resources": {"claims": each}} for name, each in uses.items()]
    pod = stage.run(claim, containers=containers)
    stage.running(pod)
    same(stage.environment(pod, "one"), {"DEVICE_D1": "d1"}, "environment of the one")
    same(stage.environment(pod, "all"), {"DEVICE_D0": "d0", "DEVICE_D1": "d1"}, "environment of the other")


@behaviour(
    "kubelet/container-without-claim-gets-nothing",
    UPSTREAM + "pkg/kubelet/cm/dra/manager.go GetResources",
    needs=NEEDS,
)
def container_without(world: World) -> None:
    """A container that uses no claim gets no device, though the pod's claims are prepared."""
    stage = NodeStage(world).ready()
    claim = stage.claim()
    pod = stage.run(claim, containers=[{"name": "c", "image": "x"}])
    stage.running(pod)
    same((stage.plugin.claims("prepare"), stage.environment(pod)), ([{claim}], {}), "calls and environment")


@behaviour("kubelet/claim-must-be-reserved", DRA, needs=NEEDS)
def must_be_reserved(world: World) -> None:
    """A pod that was given its node by hand does not run with a claim that is not allocated."""
    stage = NodeStage(world).ready()
    pod = stage.run(stage.claim(), nodeName=stage.place.name)
    stage.failure(pod)
    same(stage.plugin.claims("prepare"), [], "calls")


@behaviour(
    "kubelet/unresolvable-device-keeps-the-pod",
    "CDI specification: unresolvable devices are an error",
    needs=NEEDS,
)
def unresolvable(world: World) -> None:
    """A CDI id that no file defines keeps the container from starting."""
    stage = NodeStage(world).ready()

    def answer(request: Any, response: Any, context: Any) -> Any:
        for claim in request.claims:
            response.claims[claim.uid].devices[0].cdi_device_ids[:] = ["nobody.example.com/device=none"]
        return response

    stage.plugin.prepare = answer
    pod = stage.run(stage.claim())
    eventually(lambda: stage.plugin.claims("prepare"), "a call")

    def said() -> Any:
        return [
            e for e in world.get("events").body["items"] if "nobody.example.com/device=none" in e["message"]
        ]

    eventually(said, "an event that names the device")
    same(stage.read("pods", pod)["status"]["phase"], "Pending", "phase")


@behaviour("kubelet/pod-without-claims-runs", UPSTREAM + "pkg/kubelet", needs=NEEDS)
def without_claims(world: World) -> None:
    """A pod without claims runs: it has the node's address, ready conditions and container statuses."""
    stage = NodeStage(world)
    pod = stage.run()
    stage.running(pod)
    status = stage.read("pods", pod)["status"]
    conditions = {c["type"]: c["status"] for c in status["conditions"]}
    same((conditions.get("Ready"), conditions.get("ContainersReady")), ("True", "True"), "conditions")
    same(
        [c["name"] for c in status["containerStatuses"] if "running" in c["state"]],
        ["c"],
        "containers that run",
    )
