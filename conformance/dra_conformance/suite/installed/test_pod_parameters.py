"""Parameters of claims as users see them: a pod that does not start and says why, and containers that get something else."""

from dra_api.objects import JsonObject
from dra_conformance.catalogue.marks import requirement, tier
from dra_conformance.expectations import expect, expect_soon, not_applicable
from dra_conformance.harness import pods
from dra_conformance.harness.installed import Installed, Pod
from dra_conformance.harness.probe import Inside

pytestmark = tier("cluster")
FAILED = "FailedPrepareDynamicResources"
"""The reason of the event by which the kubelet says what the driver answered (pkg/kubelet/cm/dra, 1.37)."""


def refused_pod(installed: Installed) -> Pod:
    """A pod with parameters that the driver must refuse; either it runs, or an event says why not."""
    config = installed.descriptor.bad_config
    if config is None:
        not_applicable("the descriptor names no badConfig")
    claim = installed.claim(installed.request(), config=[pods.opaque(installed.driver, config)])
    pod = installed.pod_with(claim)
    expect_soon(
        lambda: bool(installed.events(pod, FAILED)) or installed.phase(pod) == "Running",
        within_s=installed.limit_s,
        wanted=f"an event {FAILED}",
        found=lambda: installed.why(pod),
        where=f"pod {pod.name}",
    )
    return pod


@requirement("CFG-007", "PREP-028", why="the user's setting has no effect, and nobody says so")
def test_bad_parameters_are_an_event_of_the_pod(installed: Installed) -> None:
    """A pod whose claim has parameters that the driver does not know does not run, and an event says why."""
    pod = refused_pod(installed)
    phase, said = installed.phase(pod), installed.events(pod, FAILED)
    good = phase == "Pending" and bool(said)
    expect(good, wanted="Pending, with an event", found=f"{phase}: {said}", where=f"pod {pod.name}")


@requirement("UNPR-009", "PREP-029", why="the pod hangs while it terminates, and its device is lost")
def test_a_pod_whose_claim_was_refused_goes(installed: Installed) -> None:
    """A pod whose claim was refused is gone when it is deleted, and pods after it run."""
    installed.end(refused_pod(installed))
    installed.running(installed.pod_with(installed.claim()))


@requirement("CFG-001", why="claims with parameters for two drivers never start")
def test_parameters_of_another_driver_are_ignored(installed: Installed) -> None:
    """The pod of a claim with parameters of another driver, which this one cannot read, runs."""
    config = [pods.opaque("other.example.com", {"kind": "NobodyKnows", "value": [1]})]
    installed.running(installed.pod_with(installed.claim(installed.request(), config=config)))


@requirement("CFG-011", why="users must write parameters that they do not need")
def test_a_claim_without_parameters_runs(installed: Installed) -> None:
    """The pod of a claim that has a class and a request and no more runs."""
    installed.running(installed.pod_with(installed.claim()))


def visible(installed: Installed) -> JsonObject:
    """Parameters that change what a container gets."""
    found = installed.descriptor.visible_config
    if found is None:
        not_applicable("the descriptor names no visibleConfig")
    return found


def changed(installed: Installed, plain: Inside, *requests: str) -> list[bool]:
    """Whether parameters for REQUESTS change how much the containers of the requests a and b get."""
    installed.require_devices(2)
    config = pods.opaque(installed.driver, visible(installed), *requests)
    sizes = []
    for configs in ([], [config]):
        claim = installed.claim(installed.request("a"), installed.request("b"), config=configs)
        pod = installed.pod({"a": [("it", "a")], "b": [("it", "b")]}, claims={"it": claim})
        seen = installed.seen_by(pod)
        sizes.append([len(seen[name].beyond(plain)) for name in ("a", "b")])
        installed.end(pod)
    return [one != other for one, other in zip(*sizes, strict=True)]


@requirement("CFG-002", why="users leave out the requests when they mean all")
def test_parameters_without_requests_are_for_all(installed: Installed, plain: Inside) -> None:
    """Parameters without requests change what the containers of every request get."""
    found = changed(installed, plain)
    expect(found == [True, True], wanted="both changed", found=found, where="requests a and b")


@requirement("CFG-003", why="one container's settings would change another's device")
def test_parameters_are_for_their_requests(installed: Installed, plain: Inside) -> None:
    """Parameters for one request change what its container gets, and not what another one does."""
    found = changed(installed, plain, "a")
    expect(found == [True, False], wanted="a changed, b not", found=found, where="parameters for a")
