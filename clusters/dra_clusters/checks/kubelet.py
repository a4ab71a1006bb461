"""What a kubelet does with claims: prepare, unprepare, containers (pkg/kubelet/cm/dra).

These need the node's folders on this machine, so they run on clusters whose kubelet shares them. Rules of half a minute
and more (slice wiping, orphans) are left to tests that turn a clock. They were
held against kubelet 1.37.2 (provider ``binaries``, ``--kubelet real``).
"""

from typing import Any

import grpc

from dra_clusters.checks.behaviour import UPSTREAM, behaviour
from dra_clusters.checks.client import eventually, holds, same
from dra_clusters.checks.context import CheckContext
from dra_clusters.checks.node_scenario import NodeScenario, refusing

DRA = UPSTREAM + "pkg/kubelet/cm/dra/manager.go"
NEEDS = ("api", "scheduler", "controllers", "kubelet")


@behaviour("kubelet/prepares-before-running", DRA, needs=NEEDS)
def prepares(context: CheckContext) -> None:
    """The claim is prepared, by namespace, name and uid, and then the pod runs with the device in its container."""
    scenario = NodeScenario(context).ready()
    claim = scenario.claim()
    pod = scenario.run(claim)
    scenario.running(pod)
    uid = scenario.read("resourceclaims", claim)["metadata"]["uid"]
    same(scenario.plugin.calls, [("prepare", "v1", {uid: claim})], "calls")
    same(scenario.environment(pod), {"DEVICE_D0": "d0"}, "environment")


@behaviour("kubelet/one-call-for-all-claims", DRA, needs=NEEDS)
def one_call(context: CheckContext) -> None:
    """All claims of a pod for one driver are prepared in one call."""
    scenario = NodeScenario(context).ready()
    claims = [scenario.claim(), scenario.claim()]
    scenario.running(scenario.run(*claims))
    same(scenario.plugin.claims("prepare"), [set(claims)], "claims of the calls")


@behaviour("kubelet/shared-claim-is-prepared-once", DRA, needs=NEEDS)
def prepared_once(context: CheckContext) -> None:
    """A claim that is prepared is not prepared again for another pod."""
    scenario = NodeScenario(context).ready()
    claim = scenario.claim()
    scenario.running(scenario.run(claim))
    scenario.running(scenario.run(claim))
    same(scenario.plugin.claims("prepare"), [{claim}], "claims of the calls")


@behaviour("kubelet/error-of-a-claim-is-an-event", DRA, needs=NEEDS)
def error_is_an_event(context: CheckContext) -> None:
    """The error of a claim is in an event, and the call is repeated until it succeeds."""
    scenario = NodeScenario(context).ready()
    scenario.plugin.prepare = refusing(1, "out of paint")
    pod = scenario.run(scenario.claim())
    scenario.failure(pod, "out of paint")
    scenario.running(pod)
    same(len(scenario.plugin.claims("prepare")), 2, "calls")


@behaviour("kubelet/failing-call-is-repeated", DRA, needs=NEEDS)
def failing_call(context: CheckContext) -> None:
    """A call that ends with a gRPC error causes an event and is repeated."""
    scenario = NodeScenario(context).ready()
    left = [1]

    def answer(request: Any, response: Any, context: Any) -> Any:
        if left[0] > 0:
            left[0] -= 1
            context.abort(grpc.StatusCode.INTERNAL, "broken brush")
        return response

    scenario.plugin.prepare = answer
    pod = scenario.run(scenario.claim())
    scenario.failure(pod, "broken brush")
    scenario.running(pod)


@behaviour("kubelet/missing-entry-is-an-error", DRA, needs=NEEDS)
def missing_entry(context: CheckContext) -> None:
    """An answer that leaves out a claim is an error."""
    scenario = NodeScenario(context).ready()
    left = [1]

    def answer(request: Any, response: Any, context: Any) -> Any:
        if left[0] > 0:
            left[0] -= 1
            response.claims.clear()
        return response

    scenario.plugin.prepare = answer
    pod = scenario.run(scenario.claim())
    scenario.failure(pod)
    scenario.running(pod)


@behaviour("kubelet/foreign-entry-is-an-error", DRA, needs=NEEDS)
def foreign_entry(context: CheckContext) -> None:
    """An answer with a claim that was not asked for is an error."""
    scenario = NodeScenario(context).ready()
    left = [1]

    def answer(request: Any, response: Any, context: Any) -> Any:
        if left[0] > 0:
            left[0] -= 1
            response.claims["somebody-else"].SetInParent()
        return response

    scenario.plugin.prepare = answer
    pod = scenario.run(scenario.claim())
    scenario.failure(pod)
    scenario.running(pod)


@behaviour("kubelet/unprepares-when-the-pod-goes", DRA, needs=NEEDS)
def unprepares(context: CheckContext) -> None:
    """A pod that is deleted is unprepared before it goes."""
    scenario = NodeScenario(context).ready()
    claim = scenario.claim()
    pod = scenario.run(claim)
    scenario.running(pod)
    context.delete("pods", pod).expect(200)
    scenario.gone(pod)
    same(scenario.plugin.claims("unprepare"), [{claim}], "claims of the calls")


@behaviour("kubelet/unprepares-after-the-last-pod", DRA, needs=NEEDS)
def unprepares_last(context: CheckContext) -> None:
    """A shared claim is unprepared when its last pod goes."""
    scenario = NodeScenario(context).ready()
    claim = scenario.claim()
    pods = [scenario.run(claim), scenario.run(claim)]
    for pod in pods:
        scenario.running(pod)
    found = []
    for pod in pods:
        context.delete("pods", pod).expect(200)
        scenario.gone(pod)
        found.append(len(scenario.plugin.claims("unprepare")))
    same(found, [0, 1], "calls after each pod")


@behaviour("kubelet/unprepare-error-keeps-the-pod", DRA, needs=NEEDS)
def unprepare_error(context: CheckContext) -> None:
    """An error of unprepare is followed by another call; the pod goes after the one that succeeds."""
    scenario = NodeScenario(context).ready()
    claim = scenario.claim()
    pod = scenario.run(claim)
    scenario.running(pod)
    scenario.plugin.unprepare = refusing(1, "stuck")
    context.delete("pods", pod).expect(200)
    scenario.gone(pod)
    same(scenario.plugin.claims("unprepare"), [{claim}] * 2, "claims of the calls")


@behaviour("kubelet/unprepares-what-never-succeeded", DRA, needs=NEEDS)
def unprepares_failed(context: CheckContext) -> None:
    """A claim whose prepare never succeeded is unprepared too."""
    scenario = NodeScenario(context).ready()
    scenario.plugin.prepare = refusing(10_000, "never")
    claim = scenario.claim()
    pod = scenario.run(claim)
    scenario.failure(pod, "never")
    context.delete("pods", pod).expect(200)
    scenario.gone(pod)
    same(scenario.plugin.claims("unprepare")[-1:], [{claim}], "claims of the last call")


@behaviour("kubelet/two-drivers-of-a-pod", DRA, needs=NEEDS)
def two_drivers(context: CheckContext) -> None:
    """A pod with claims of two drivers has each prepare its own; where one fails both are called again."""
    first, second = NodeScenario(context).ready(), NodeScenario(context).ready()
    second.plugin.prepare = refusing(1, "not yet")
    claims = [first.claim(), second.claim()]
    first.running(first.run(*claims))
    same(second.plugin.claims("prepare"), [{claims[1]}] * 2, "claims of the second driver's calls")
    holds(first.plugin.claims("prepare"), "a call of the first driver")
    same(set().union(*first.plugin.claims("prepare")), {claims[0]}, "claims of the first driver's calls")


@behaviour(
    "kubelet/container-gets-its-request", UPSTREAM + "pkg/kubelet/cm/dra/manager.go GetResources", needs=NEEDS
)
def container_request(context: CheckContext) -> None:
    """A container that names a request gets the devices of that request, one that names none gets all."""
    scenario = NodeScenario(context).ready()
    scenario.plugin.devices = [("a", "d0"), ("b", "d1")]
    exactly = {"deviceClassName": scenario.device_class}
    claim = scenario.claim({"name": "a", "exactly": exactly}, {"name": "b", "exactly": exactly})
    uses: dict[str, Any] = {"one": [{"name": "c0", "request": "b"}], "all": [{"name": "c0"}]}
    containers = [
        {"name": name, "image": "x", "imagePullPolicy": "IfNotPresent", "resources": {"claims": each}}
        for name, each in uses.items()
    ]
    pod = scenario.run(claim, containers=containers)
    scenario.running(pod)
    same(scenario.environment(pod, "one"), {"DEVICE_D1": "d1"}, "environment of the one")
    same(scenario.environment(pod, "all"), {"DEVICE_D0": "d0", "DEVICE_D1": "d1"}, "environment of the other")


@behaviour(
    "kubelet/container-without-claim-gets-nothing",
    UPSTREAM + "pkg/kubelet/cm/dra/manager.go GetResources",
    needs=NEEDS,
)
def container_without(context: CheckContext) -> None:
    """A container that uses no claim gets no device, though the pod's claims are prepared."""
    scenario = NodeScenario(context).ready()
    claim = scenario.claim()
    pod = scenario.run(claim, containers=[{"name": "c", "image": "x", "imagePullPolicy": "IfNotPresent"}])
    scenario.running(pod)
    same(
        (scenario.plugin.claims("prepare"), scenario.environment(pod)),
        ([{claim}], {}),
        "calls and environment",
    )


@behaviour("kubelet/claim-must-be-reserved", DRA, needs=NEEDS)
def must_be_reserved(context: CheckContext) -> None:
    """A pod that was given its node by hand does not run with a claim that is not reserved for it: it is not allowed to use it."""
    scenario = NodeScenario(context).ready()
    pod = scenario.run(scenario.claim(), nodeName=scenario.place.name)
    scenario.failure(pod, "is not allowed to use ResourceClaim")
    same(scenario.plugin.claims("prepare"), [], "calls")


@behaviour(
    "kubelet/unresolvable-device-keeps-the-pod",
    "CDI specification: unresolvable devices are an error",
    needs=NEEDS,
)
def unresolvable(context: CheckContext) -> None:
    """A CDI id that no file defines keeps the container from starting."""
    scenario = NodeScenario(context).ready()

    def answer(request: Any, response: Any, context: Any) -> Any:
        for claim in request.claims:
            response.claims[claim.uid].devices[0].cdi_device_ids[:] = ["nobody.example.com/device=none"]
        return response

    scenario.plugin.prepare = answer
    pod = scenario.run(scenario.claim())
    eventually(lambda: scenario.plugin.claims("prepare"), "a call")

    def said() -> Any:
        return [
            e for e in context.get("events").body["items"] if "nobody.example.com/device=none" in e["message"]
        ]

    eventually(said, "an event that names the device")
    same(scenario.read("pods", pod)["status"]["phase"], "Pending", "phase")


@behaviour("kubelet/pod-without-claims-runs", UPSTREAM + "pkg/kubelet", needs=NEEDS)
def without_claims(context: CheckContext) -> None:
    """A pod without claims runs: it has the node's address, ready conditions and container statuses."""
    scenario = NodeScenario(context)
    pod = scenario.run()
    scenario.running(pod)
    status = scenario.read("pods", pod)["status"]
    conditions = {c["type"]: c["status"] for c in status["conditions"]}
    same((conditions.get("Ready"), conditions.get("ContainersReady")), ("True", "True"), "conditions")
    same(
        [c["name"] for c in status["containerStatuses"] if "running" in c["state"]],
        ["c"],
        "containers that run",
    )
