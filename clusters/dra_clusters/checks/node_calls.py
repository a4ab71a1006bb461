"""Calls of a kubelet to drivers: whose claims, with which deadline, and after what (pkg/kubelet/cm/dra, pluginmanager)."""

from typing import Any

import grpc

from dra_clusters.checks.behaviour import UPSTREAM, behaviour
from dra_clusters.checks.client import eventually, holds, same
from dra_clusters.checks.context import GRACELESS, CheckContext
from dra_clusters.checks.node_scenario import NodeScenario, refusing

DRA = UPSTREAM + "pkg/kubelet/cm/dra/manager.go"
NEEDS = ("api", "scheduler", "controllers", "kubelet")
DEADLINE_S, SLACK_S = 45, 5
"""pkg/kubelet/cm/dra/plugin/dra_plugin.go defaultClientCallTimeout."""


@behaviour("kubelet/failing-info-is-asked-again", UPSTREAM + "pkg/kubelet/pluginmanager", needs=NEEDS)
def info_again(context: CheckContext) -> None:
    """A plugin whose GetInfo fails is asked again, and registered when it answers."""
    left = [2]

    def fail(call: Any) -> None:
        if left[0] > 0:
            left[0] -= 1
            call.abort(grpc.StatusCode.UNAVAILABLE, "not yet")

    scenario = NodeScenario(context, before_info=fail)
    eventually(lambda: scenario.plugin.registrations, "the kubelet registers the plugin", 60)
    same((left[0], scenario.plugin.registrations[-1][0]), (0, True), "failures left, registered")


@behaviour("kubelet/calls-have-a-deadline", UPSTREAM + "pkg/kubelet/cm/dra/plugin/dra_plugin.go", needs=NEEDS)
def deadline(context: CheckContext) -> None:
    """A call of NodePrepareResources has a deadline of 45 seconds."""
    scenario = NodeScenario(context).ready()
    left: list[float] = []

    def answer(request: Any, response: Any, call: Any) -> Any:
        left.append(call.time_remaining())
        return response

    scenario.plugin.prepare = answer
    scenario.running(scenario.run(scenario.claim()))
    # To both sides: gRPC sends what is left, and the receiver counts from its own clock, which may be set meanwhile.
    holds(abs(left[0] - DEADLINE_S) < SLACK_S, f"{DEADLINE_S} s", left)


@behaviour("kubelet/same-name-waits-for-unprepare", DRA, needs=NEEDS)
def same_name_waits(context: CheckContext) -> None:
    """A new claim with the name of one that is not yet unprepared is prepared after that one, with its own UID."""
    scenario = NodeScenario(context).ready()
    scenario.plugin.unprepare = refusing(1, "still busy")
    claim = scenario.claim()
    pod = scenario.run(claim)
    scenario.running(pod)
    old = scenario.read("resourceclaims", claim)["metadata"]["uid"]
    context.delete("pods", pod, GRACELESS).expect(200)
    eventually(lambda: "allocation" not in scenario.read("resourceclaims", claim)["status"], "deallocated")
    context.delete("resourceclaims", claim).expect(200)
    eventually(lambda: context.get("resourceclaims", claim).code == 404, "the claim is gone")
    context.create("resourceclaims", {"metadata": {"name": claim}, "spec": scenario.spec()})
    new = scenario.read("resourceclaims", claim)["metadata"]["uid"]
    scenario.running(scenario.run(claim))
    calls = [(method, uid) for method, _, claims in scenario.plugin.calls for uid in claims]
    same(calls[0], ("prepare", old), "the first call")
    wanted = [("unprepare", old), ("unprepare", old), ("prepare", new)]
    same(calls[1:4], wanted, "calls after the first pod went")
