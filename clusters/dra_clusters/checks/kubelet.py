"""What a kubelet does with drivers and claims (pkg/kubelet/pluginmanager, pkg/kubelet/cm/dra).

They need the node's folders on this machine, so they run on clusters whose kubelet shares them. Rules of half a minute
and more (slice wiping, orphans) are left to tests that turn a clock.
"""

import json
from pathlib import Path
from typing import Any

import grpc

from dra_api import names
from dra_clusters.checks.behaviour import UPSTREAM, behaviour
from dra_clusters.checks.client import eventually, holds, same
from dra_clusters.checks.plugin import Plugin
from dra_clusters.checks.stage import Stage
from dra_clusters.checks.world import World

MANAGER = UPSTREAM + "pkg/kubelet/pluginmanager"
DRA = UPSTREAM + "pkg/kubelet/cm/dra/manager.go"
NEEDS = ("api", "scheduler", "controllers", "kubelet")


class NodeStage(Stage):
    """A stage on the first node of the cluster, with a plugin and a slice of four devices."""

    def __init__(self, world: World, **options: Any) -> None:
        super().__init__(world)
        self.place = world.nodes[0]
        self._instances: list[Plugin] = []
        world.defer(self._stop)  # before pods are made, so that it comes after they are gone
        self.plugin = self.start(**options)

    def start(self, **options: Any) -> Plugin:
        """Another instance."""
        plugin = Plugin(self.place, self.driver, **options)
        self._instances.append(plugin)
        return plugin

    def _stop(self) -> None:
        for plugin in self._instances:
            plugin.stop()

    def ready(self) -> "NodeStage":
        """Registered and published."""
        self.plugin.registered()
        self.publish(self.place.name, [f"d{number}" for number in range(4)])
        return self

    def run(self, *claims: str, **spec: Any) -> str:
        """A pod on the cluster's node; its name. It is deleted politely at the end, so that claims are unprepared."""
        pod = self.pod(*claims, nodeSelector=None, **spec)
        self.world.defer(lambda: eventually(lambda: self.world.get("pods", pod).code == 404, f"pod {pod} is gone"))
        self.world.defer(self.world.delete, "pods", pod)
        return pod

    def running(self, pod: str) -> None:
        """Wait until the pod runs; repeated calls come with the kubelet's growing pauses."""
        eventually(lambda: self.read("pods", pod)["status"]["phase"] == "Running", f"pod {pod} runs", 60)

    def failure(self, pod: str, *words: str) -> None:
        """Wait for the event that says that the claims cannot be prepared, with each of WORDS."""

        def look() -> bool:
            messages = [e["message"] for e in self.events(pod, "FailedPrepareDynamicResources")]
            return any(all(word in message for word in words) for message in messages)

        eventually(look, f"an event FailedPrepareDynamicResources with {words}")

    def environment(self, pod: str, container: str = "c") -> dict[str, str]:
        """The variables that a container got from CDI."""
        path: Path = self.place.directory / "containers" / f"{self.world.namespace}_{pod}" / f"{container}.json"
        found = json.loads(path.read_text())["environment"]
        return {name: value for name, value in found.items() if name.startswith("DEVICE_")}


def refusing(times: int, text: str) -> Any:
    """An answer with an error for each claim, TIMES times, then a good one."""
    left = [times]

    def answer(request: Any, response: Any, context: Any) -> Any:
        if left[0] > 0:
            left[0] -= 1
            for claim in request.claims:
                response.claims[claim.uid].Clear()
                response.claims[claim.uid].error = text
        return response

    return answer


@behaviour("kubelet/registers", MANAGER, needs=NEEDS)
def registers(world: World) -> None:
    """A socket in the registry folder is asked for its info and told that it is registered."""
    stage = NodeStage(world)
    stage.plugin.registered()
    same(stage.plugin.registrations, [(True, "")], "notifications")


@behaviour("kubelet/refuses-unknown-types", MANAGER, needs=NEEDS)
def unknown_types(world: World) -> None:
    """A plugin of a type without handler is told so."""
    stage = NodeStage(world, kind="NoSuchType")
    eventually(lambda: stage.plugin.registrations, "a notification")
    registered, error = stage.plugin.registrations[0]
    same(registered, False, "registered")
    holds("NoSuchType" in error, "the type in the error", error)


@behaviour("kubelet/refuses-no-versions", UPSTREAM + "pkg/kubelet/cm/dra/plugin/dra_plugin_manager.go", needs=NEEDS)
def no_versions(world: World) -> None:
    """A plugin without versions is refused."""
    stage = NodeStage(world, versions=())
    eventually(lambda: stage.plugin.registrations, "a notification")
    same(stage.plugin.registrations[0][0], False, "registered")


@behaviour("kubelet/refuses-unknown-versions", UPSTREAM + "pkg/kubelet/cm/dra/plugin/dra_plugin_manager.go", needs=NEEDS)
def unknown_versions(world: World) -> None:
    """A plugin with unknown services only is refused, and the error names what is supported."""
    stage = NodeStage(world, versions=["v9.DRAPlugin"])
    eventually(lambda: stage.plugin.registrations, "a notification")
    registered, error = stage.plugin.registrations[0]
    same(registered, False, "registered")
    holds(names.DRA_V1 in error, f"{names.DRA_V1} in the error", error)


@behaviour("kubelet/takes-the-first-known-version", UPSTREAM + "pkg/kubelet/cm/dra/plugin/dra_plugin_manager.go", needs=NEEDS)
def first_version(world: World) -> None:
    """The first service of the plugin's list that the kubelet knows is called."""
    stage = NodeStage(world, versions=["v9.DRAPlugin", names.DRA_V1BETA1, names.DRA_V1]).ready()
    stage.running(stage.run(stage.claim()))
    same({version for _, version, _ in stage.plugin.calls}, {"v1beta1"}, "versions called")


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


@behaviour("kubelet/waits-for-the-driver", DRA, needs=NEEDS)
def waits_for_the_driver(world: World) -> None:
    """A pod whose driver is not registered says so and runs when the driver comes."""
    stage = NodeStage(world).ready()
    stage.plugin.stop()
    pod = stage.run(stage.claim())
    stage.failure(pod, stage.driver, "not registered")
    stage.start()
    stage.running(pod)


@behaviour("kubelet/restarted-driver-is-registered-again", MANAGER, needs=NEEDS)
def restarted_driver(world: World) -> None:
    """A driver that stops and comes back is registered again and serves the next pod."""
    stage = NodeStage(world).ready()
    stage.running(stage.run(stage.claim()))
    stage.plugin.stop()
    second = stage.start()
    second.registered()
    claim = stage.claim()
    stage.running(stage.run(claim))
    same(second.claims("prepare"), [{claim}], "claims of the calls")


@behaviour("kubelet/newest-instance-serves", UPSTREAM + "pkg/kubelet/cm/dra/plugin/dra_plugin_manager.go", needs=NEEDS)
def newest_instance(world: World) -> None:
    """Of two instances of a driver the one that registered last is called."""
    stage = NodeStage(world).ready()
    second = stage.start(instance="-new")
    second.registered()
    stage.running(stage.run(stage.claim()))
    same((len(stage.plugin.claims("prepare")), len(second.claims("prepare"))), (0, 1), "calls")


@behaviour("kubelet/older-instance-takes-over", UPSTREAM + "pkg/kubelet/cm/dra/plugin/dra_plugin_manager.go", needs=NEEDS)
def older_instance(world: World) -> None:
    """When the newer instance goes the older one is called again."""
    stage = NodeStage(world).ready()
    second = stage.start(instance="-new")
    second.registered()
    second.stop()
    stage.running(stage.run(stage.claim()))
    same(len(stage.plugin.claims("prepare")), 1, "calls of the older instance")


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


@behaviour("kubelet/container-gets-its-request", UPSTREAM + "pkg/kubelet/cm/dra/manager.go GetResources", needs=NEEDS)
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


@behaviour("kubelet/container-without-claim-gets-nothing", UPSTREAM + "pkg/kubelet/cm/dra/manager.go GetResources", needs=NEEDS)
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


@behaviour("kubelet/unresolvable-device-keeps-the-pod", "CDI specification: unresolvable devices are an error", needs=NEEDS)
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
    said = lambda: [e for e in world.get("events").body["items"] if "nobody.example.com/device=none" in e["message"]]  # noqa: E731
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
    same([c["name"] for c in status["containerStatuses"] if "running" in c["state"]], ["c"], "containers that run")
