"""What a kubelet does when it is restarted, and about drivers that are gone: needs an emulated one, which obeys (kubelet, 1.37)."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from dra_clusters.checks.client import Difference, eventually
from dra_clusters.checks.context import GRACELESS
from dra_clusters.checks.node_scenario import NodeScenario
from dra_clusters.provider import EmulatedCluster
from dra_clusters.provider import Kubelet as EmulatedKubelet
from dra_conformance.catalogue.marks import requirement
from dra_conformance.expectations import Violation, expect, not_applicable
from dra_conformance.harness.clusters import Clusters, context_of, hurried
from dra_conformance.harness.evidence import Evidence

OTHER_POOL = {"name": "other", "generation": 1, "resourceSliceCount": 1}


@dataclass(frozen=True, slots=True)
class Stage:
    """A node with a driver of the check's own, and the kubelet in hand."""

    cluster: EmulatedCluster
    kubelet: EmulatedKubelet
    scenario: NodeScenario

    def later(self, seconds: float) -> bool:
        """Turn the clock; true."""
        self.cluster.advance(seconds)
        return True

    def soon(self, wanted: str, met: Callable[[], object]) -> None:
        """Wait until MET() is true."""
        eventually(met, wanted)

    def slice_is_there(self, name: str) -> bool:
        """Whether the slice exists."""
        return self.scenario.context.get("resourceslices", name).code == 200


@contextmanager
def stage(clusters: Clusters, evidence: Evidence, *, hurry: bool = True) -> Iterator[Stage]:
    """The stage of one check; what does not come in time is a violation.

    Raises:
        NotApplicable: the kubelet cannot be stopped from outside.
    """
    cluster = clusters.cluster()
    if not isinstance(cluster, EmulatedCluster):
        not_applicable(
            f"the kubelets of provider {cluster.name} cannot be stopped and restarted by the suite"
        )
    kubelet = cluster.kubelet("node-0")
    try:
        with context_of(clusters.subject(), evidence) as context, hurried(cluster, hurry):
            scenario = NodeScenario(context)
            scenario.plugin.registered()
            try:
                yield Stage(cluster, kubelet, scenario)
            finally:
                kubelet.start()
    except Difference as error:
        raise Violation("see the check", str(error), "node-0") from error


@requirement("KUB-013", why="running pods lose their devices when the kubelet is updated")
def test_running_pods_keep_their_devices_over_a_restart(clusters: Clusters, evidence: Evidence) -> None:
    """After a restart of the kubelet a running pod goes on without another prepare; after a reboot it is prepared again."""
    with stage(clusters, evidence) as on:
        on.scenario.ready()
        pod = on.scenario.run(on.scenario.claim())
        on.scenario.running(pod)
        before = on.scenario.environment(pod)
        on.kubelet.restart()
        later = on.scenario.run(on.scenario.claim())
        on.scenario.publish(on.scenario.place.name, [f"d{number}" for number in range(4)])
        on.scenario.running(later)
        seen = on.scenario.plugin.claims("prepare")
        expect(len(seen) == 2, wanted="one call for each pod", found=seen, where="prepare after a restart")
        after = on.scenario.environment(pod)
        expect(after == before, wanted=before, found=after, where="the running container")
        on.kubelet.reboot()
        again = on.scenario.start()
        on.soon("prepare after a reboot, of which no container is left", lambda: again.claims("prepare"))


@requirement("KUB-017", why="a driver releases what was never given")
def test_a_claim_that_never_reached_the_kubelet_is_not_unprepared(
    clusters: Clusters, evidence: Evidence
) -> None:
    """A pod that comes and goes while the kubelet is stopped causes no call, while a later pod is prepared."""
    with stage(clusters, evidence) as on:
        on.scenario.publish(on.scenario.place.name, ["d0", "d1"])
        on.kubelet.stop()
        missed = on.scenario.claim()
        pod = on.scenario.run(missed)
        on.scenario.scheduled(pod)
        on.scenario.context.delete("pods", pod, GRACELESS)
        on.kubelet.start()
        on.scenario.publish(on.scenario.place.name, ["d0", "d1"])
        on.scenario.running(on.scenario.run(on.scenario.claim()))
        called = [claims for _, _, claims in on.scenario.plugin.calls if missed in claims.values()]
        expect(not called, wanted="no call for it", found=called, where=f"claim {missed}")


@requirement("KUB-019", why="devices stay prepared for pods that nobody remembers")
def test_claims_of_pods_that_vanished_are_unprepared_at_the_start(
    clusters: Clusters, evidence: Evidence
) -> None:
    """A pod that is removed while the kubelet is stopped is unprepared when the kubelet is back."""
    with stage(clusters, evidence) as on:
        on.scenario.ready()
        claim = on.scenario.claim()
        pod = on.scenario.run(claim)
        on.scenario.running(pod)
        on.kubelet.stop()
        on.scenario.context.delete("pods", pod, GRACELESS)
        on.kubelet.start()
        on.soon("the claim is unprepared", lambda: {claim} in on.scenario.plugin.claims("unprepare"))


@requirement("KUB-020", why="pods are sent to devices of a driver that is no longer there")
def test_slices_of_the_node_go_when_the_kubelet_starts(clusters: Clusters, evidence: Evidence) -> None:
    """When a kubelet starts, it deletes all slices of its node, and none of another."""
    with stage(clusters, evidence) as on:
        own = on.scenario.publish(on.scenario.place.name, ["d0"])
        other = on.scenario.publish("node-of-somebody", ["d0"])
        on.kubelet.restart()
        on.soon("the slice of the node is gone", lambda: not on.slice_is_there(own))
        kept = on.slice_is_there(other)
        expect(kept, wanted="kept", found="deleted", where="the slice of another node")


@requirement("KUB-021", why="pods are sent to devices of a driver that was removed")
def test_slices_of_a_driver_that_is_gone_are_deleted(clusters: Clusters, evidence: Evidence) -> None:
    """Slices of a driver that is gone for 30 seconds are deleted; a driver that is back after 20 keeps them."""
    with stage(clusters, evidence, hurry=False) as on:
        name = on.scenario.ready().publish(on.scenario.place.name, ["extra"], pool=OTHER_POOL)
        on.scenario.plugin.stop()
        on.soon("the driver is gone", lambda: on.scenario.driver not in on.kubelet.drivers())
        on.cluster.advance(20)
        back = on.scenario.start()
        on.soon("the driver is back", lambda: on.later(0.5) and back.registrations)
        on.cluster.advance(20)
        kept = on.slice_is_there(name)
        expect(kept, wanted="kept", found="deleted", where="a slice after 20 s without its driver")
        back.stop()
        on.soon("the driver is gone again", lambda: on.scenario.driver not in on.kubelet.drivers())
        on.cluster.advance(40)
        on.soon("the slice is deleted", lambda: not on.slice_is_there(name))
