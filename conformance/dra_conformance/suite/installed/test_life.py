"""The life of a claim, from the pod that wants it to the device that is free again."""

from collections.abc import Sequence

from dra_api.objects import JsonObject
from dra_conformance.catalogue.marks import requirement, tier
from dra_conformance.expectations import expect, not_applicable
from dra_conformance.harness.installed import Installed, Use
from dra_conformance.harness.probe import Inside

pytestmark = tier("cluster")
UNSEEN = "what a pod gets of the driver is not seen in its environment, device nodes or mounts"


def allocated(results: list[JsonObject]) -> set[tuple[str, str]]:
    """(pool, device) of allocation results."""
    return {(result["pool"], result["device"]) for result in results}


@requirement(
    "REG-001",
    "REG-003",
    "REG-006",
    "REG-007",
    "REG-012",
    "PREP-001",
    "PREP-002",
    "PREP-003",
    why="the pod never starts",
)
def test_a_pod_with_a_claim_runs(installed: Installed) -> None:
    """A pod with a claim is allocated a published device and runs: the kubelet found the driver, and its answer was for the claim."""
    claim = installed.claim()
    pod = installed.pod_with(claim)
    installed.running(pod)
    published = {(one.pool, one.name) for one in installed.devices()}
    found = allocated(installed.results(claim))
    expect(
        len(found) == 1 and found <= published,
        wanted="one published device",
        found=found,
        where=f"claim {claim}",
    )


@requirement("CDI-001", "CDI-002", why="the runtime cannot resolve the ids, or gives nothing for them")
def test_a_container_sees_its_device(installed: Installed, plain: Inside) -> None:
    """A container with a claim has variables, device nodes or mounts that one without a claim has not."""
    given = installed.seen_by(installed.pod_with(installed.claim()))["main"].beyond(plain)
    if not given:
        not_applicable(UNSEEN)


USES: dict[str, Sequence[Use]] = {
    "a": [("it", "first")],
    "b": [("it", "second")],
    "both": ["it"],
    "none": [],
}
"""{container: its requests of a claim with two}."""


@requirement("PREP-009", "PREP-018", why="a container uses the device of another one")
def test_a_container_gets_the_requests_that_it_names(installed: Installed, plain: Inside) -> None:
    """Of a claim with two requests, each container gets what is for its own; one that names the claim gets both, one without gets none."""
    installed.require_devices(2)
    claim = installed.claim(installed.request("first"), installed.request("second"))
    seen = installed.seen_by(installed.pod(USES, claims={"it": claim}))
    given = {name: inside.beyond(plain) for name, inside in seen.items()}
    if not given["both"]:
        not_applicable(UNSEEN)
    shown = {name: sorted(found) for name, found in given.items()}
    own = bool(given["a"] - given["b"]) and bool(given["b"] - given["a"])
    expect(own, wanted="something of its own in each", found=shown, where="containers with a request each")
    whole = given["a"] | given["b"] <= given["both"]
    expect(whole, wanted="what both requests give", found=shown, where="the container with the whole claim")
    expect(not given["none"], wanted="nothing", found=shown["none"], where="the container without a claim")


@requirement("CDI-020", why="a container can open the device of another one")
def test_a_container_has_no_node_of_another_request(installed: Installed, plain: Inside) -> None:
    """A container has the device nodes for its request that it has in a claim of that request alone."""
    first, second = installed.require_devices(2)
    chosen = [installed.chooser(device) for device in (first, second)]
    pod = installed.pod_with(installed.claim(installed.request("first", chosen[0])), node=first.node)
    alone = installed.seen_by(pod)["main"].nodes_beyond(plain)
    installed.end(pod)
    requests = [installed.request(name, one) for name, one in zip(("first", "second"), chosen, strict=True)]
    pod = installed.pod(USES, claims={"it": installed.claim(*requests)}, node=first.node)
    found = installed.seen_by(pod)["a"].nodes_beyond(plain)
    if not alone and not found:
        not_applicable("containers get no device nodes of the driver")
    expect(
        found == alone, wanted=sorted(alone), found=sorted(found), where="device nodes of the first request"
    )


@requirement("PREP-034", "CDI-021", why="the second pod breaks the first one")
def test_two_pods_share_a_claim(installed: Installed, plain: Inside) -> None:
    """Pods with one claim have the same device, and one that comes after another has gone has it too."""
    claim = installed.claim()
    first, second = installed.pod_with(claim), installed.pod_with(claim)
    given = [installed.seen_by(pod)["main"].beyond(plain) for pod in (first, second)]
    before = installed.allocation(claim)
    installed.end(first)
    given.append(installed.seen_by(installed.pod_with(claim))["main"].beyond(plain))
    shown = [sorted(found) for found in given]
    expect(
        given[0] == given[1] == given[2],
        wanted="the same in all three",
        found=shown,
        where="pods of one claim",
    )
    after = installed.allocation(claim)
    expect(after == before, wanted=before, found=after, where=f"allocation of claim {claim}")
    installed.running(second)


@requirement("UNPR-001", "UNPR-016", why="pods hang while they terminate")
def test_a_pod_that_is_deleted_goes(installed: Installed) -> None:
    """A pod with a claim is gone after it was deleted, which needs an answer to unprepare; then the claim has no reservation."""
    claim = installed.claim()
    pod = installed.pod_with(claim)
    installed.running(pod)
    installed.end(pod)
    left = installed.read("resourceclaims", claim).get("status", {}).get("reservedFor") or []
    expect(
        all(one["uid"] != pod.uid for one in left),
        wanted="no reservation for it",
        found=left,
        where=f"claim {claim}",
    )
