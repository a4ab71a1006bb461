"""Claims and devices that come again: after unprepare, under the same name, in another namespace, from one template."""

from contextlib import ExitStack

from dra_conformance.catalogue.marks import requirement, tier
from dra_conformance.expectations import expect, expect_soon
from dra_conformance.harness.installed import Installed
from dra_conformance.harness.probe import Inside
from dra_conformance.suite.installed.conftest import Site

pytestmark = tier("cluster")
LONGEST = ".".join(["n" * 49] * 5) + "-abc"
"""A name as long as names of claims can be: 253 characters."""


def remove_claim(installed: Installed, claim: str) -> None:
    """Delete a claim and wait until it is gone."""
    installed.context.delete("resourceclaims", claim)
    path = installed.context.path("resourceclaims", claim)
    expect_soon(
        lambda: installed.context.client.send("GET", path).code == 404,
        within_s=installed.limit_s,
        wanted="gone after it was deleted",
        found=lambda: installed.context.client.send("GET", path).text[:600],
        where=f"claim {claim}",
    )


@requirement("UNPR-012", why="a device stays occupied by a pod that is gone")
def test_a_device_is_free_for_the_next_claim(installed: Installed, plain: Inside) -> None:
    """The next claim that chooses the device of a pod that is gone has it: its container gets the same device nodes."""
    device = installed.require_devices(1)[0]
    chosen = installed.request("gpu", installed.chooser(device))
    nodes = []
    for _ in range(2):
        claim = installed.claim(chosen)
        pod = installed.pod_with(claim, node=device.node)
        nodes.append(installed.seen_by(pod)["main"].nodes_beyond(plain))
        installed.end(pod)
        remove_claim(installed, claim)
    expect(nodes[0] == nodes[1], wanted=sorted(nodes[0]), found=sorted(nodes[1]), where="the second claim")


@requirement("UNPR-011", why="a Deployment whose pod was deleted does not come back")
def test_a_claim_is_used_again_after_its_pod(installed: Installed) -> None:
    """A claim whose only pod is gone can be used by another pod."""
    claim = installed.claim()
    for _ in range(2):
        pod = installed.pod_with(claim)
        installed.running(pod)
        installed.end(pod)


@requirement("PREP-026", why="the new claim gets what was prepared for the old one")
def test_a_claim_that_was_made_again_is_another_one(installed: Installed) -> None:
    """A claim that was deleted and made again under its name is prepared: its pod runs."""
    seen = set()
    for _ in range(2):
        claim = installed.claim(name="again")
        pod = installed.pod_with(claim)
        installed.running(pod)
        seen.add(installed.read("resourceclaims", claim)["metadata"]["uid"])
        installed.end(pod)
        remove_claim(installed, claim)
    expect(len(seen) == 2, wanted="two claims", found=seen, where="UIDs of claims with one name")


@requirement("PREP-025", why="users of two namespaces get each other's devices, or none")
def test_claims_of_two_namespaces_with_one_name_are_two(
    installed: Installed, site: Site, plain: Inside
) -> None:
    """Claims with one name, as long as names can be, in two namespaces have a device each; the end of one pod leaves the other's."""
    installed.require_devices(2)
    with ExitStack() as stack:
        both = (installed, site.installed(stack, installed.evidence))
        pods = [each.pod_with(each.claim(name=LONGEST)) for each in both]
        given = [each.seen_by(pod)["main"].beyond(plain) for each, pod in zip(both, pods, strict=True)]
        places = {(one["pool"], one["device"]) for each in both for one in each.results(LONGEST)}
        expect(len(places) == 2, wanted="two devices", found=sorted(places), where="allocations")
        both[1].end(pods[1])
        again = installed.seen_by(installed.pod_with(LONGEST))["main"].beyond(plain)
    expect(
        again == given[0],
        wanted=sorted(given[0]),
        found=sorted(again),
        where="a second pod of the claim that is left",
    )


@requirement("PREP-023", why="the pod never starts")
def test_a_claim_that_no_container_uses_is_prepared(installed: Installed) -> None:
    """A pod whose claim is used by none of its containers runs, and is gone when it is deleted."""
    pod = installed.pod({"main": []}, claims={"it": installed.claim()})
    installed.running(pod)
    installed.end(pod)


@requirement("PREP-024", why="pods that share a template get each other's devices")
def test_pods_of_one_template_have_a_device_each(installed: Installed) -> None:
    """Two pods with one claim template run with claims of their own and different devices."""
    installed.require_devices(2)
    template = installed.template()
    pods = [installed.pod({"main": ["it"]}, templates={"it": template}) for _ in range(2)]
    for pod in pods:
        installed.running(pod)
    claims = [installed.generated_claim(pod, "it") for pod in pods]
    places = {(one["pool"], one["device"]) for claim in claims for one in installed.results(claim)}
    expect(len(places) == 2, wanted="two devices", found=sorted(places), where=f"claims {claims}")


@requirement("PREP-027", why="the scheduler gives the device to somebody else")
def test_prepare_leaves_allocation_and_reservation_alone(installed: Installed) -> None:
    """While a pod runs, its claim is reserved for it, and who writes the driver's slices wrote neither allocation nor reservation."""
    claim = installed.claim()
    pod = installed.pod_with(claim)
    installed.running(pod)
    item = installed.read("resourceclaims", claim)
    reserved = [one["uid"] for one in item["status"].get("reservedFor") or []]
    expect(reserved == [pod.uid], wanted=[pod.uid], found=reserved, where="status.reservedFor")
    writers = {
        field["manager"] for one in installed.slices() for field in one["metadata"].get("managedFields", [])
    }
    owners = {
        field["manager"]
        for field in item["metadata"].get("managedFields", [])
        if {"f:allocation", "f:reservedFor"} & set(field.get("fieldsV1", {}).get("f:status", {}))
    }
    mine = sorted(owners & writers)
    expect(not mine, wanted="others than the driver", found=mine, where="managedFields of the claim's status")
