"""Prioritized lists: results of subrequests, ``main/sub`` in an allocation (KEP-4816; resource/v1, 1.37)."""

from dra_conformance.catalogue.marks import requirement
from dra_conformance.expectations import expect
from dra_conformance.harness.harness import Harness
from dra_conformance.suite.prepare.claims import entry_of, views


@requirement("PRIO-001", why="no pod whose claim has alternatives can start")
def test_a_result_of_a_subrequest_is_prepared(harness: Harness) -> None:
    """A claim whose only request has alternatives, and whose result is of "gpu/large", is prepared."""
    device = harness.require_devices(1)[0]
    claim = harness.claim(device, requests=["gpu/large"])
    found = entry_of(harness.kubelet.attempt(claim), claim)
    harness.release(claim)
    names = [given.device for given in found.devices]
    expect(not found.error and names == [device[1]], wanted=device[1], found=found, where="gpu/large")


@requirement("PRIO-002", why="a driver that reads the request crashes on one that has no member exactly")
def test_requests_with_and_without_alternatives_go_together(harness: Harness) -> None:
    """Of a claim with a request that has alternatives and one that has none, each device is returned for its main request."""
    devices = harness.require_devices(2)
    claim = harness.claim(*devices, requests=["a/large", "b"])
    found = entry_of(harness.kubelet.attempt(claim), claim)
    harness.release(claim)
    named = {given.device: given.requests for given in found.devices}
    wanted = {devices[0][1]: ("a",), devices[1][1]: ("b",)}
    expect(not found.error and named == wanted, wanted=wanted, found=found, where="requests a/large and b")


@requirement("PRIO-003", why="a device is taken, and maybe reset, that the claim did not get")
def test_an_alternative_of_another_driver_leaves_the_devices_alone(harness: Harness) -> None:
    """A result of another driver for "gpu/other" takes nothing here, though pool and device have the names of own ones."""
    pool, name = harness.require_devices(1)[0]
    other = {"request": "gpu/other", "driver": "other.example.com", "pool": pool, "device": name}
    foreign, own = harness.claim(extra_results=[other]), harness.claim((pool, name))
    found = entry_of(harness.kubelet.attempt(foreign), foreign)
    after = entry_of(harness.kubelet.attempt(own), own)
    harness.release(foreign, own)
    expect(not found.devices, wanted="no devices", found=found, where="result of other.example.com")
    expect(not after.error, wanted="prepared", found=after, where=f"{name} for a claim that got it")


@requirement("PRIO-004", why="a workload would have to know which alternative it got")
def test_containers_see_no_subrequest(harness: Harness) -> None:
    """A container gets the same with a device of "gpu/large" as with that device of "gpu/small"."""
    device = harness.require_devices(1)[0]
    seen = []
    for request in ("gpu/large", "gpu/small"):
        claim = harness.claim(device, requests=[request])
        seen.append(views(harness, claim))
        harness.release(claim)
    expect(seen[0] == seen[1], wanted=seen[0], found=seen[1], where="gpu/small instead of gpu/large")


@requirement("PRIO-005", why="a container gets the device of another one")
def test_equal_subrequests_of_two_requests_are_kept_apart(harness: Harness) -> None:
    """Of results for "a/x" and "b/x", each device is returned for its own request, and each is there."""
    devices = harness.require_devices(2)
    claim = harness.claim(*devices, requests=["a/x", "b/x"])
    found = entry_of(harness.kubelet.attempt(claim), claim)
    harness.release(claim)
    named = {given.device: given.requests for given in found.devices}
    wanted = {devices[0][1]: ("a",), devices[1][1]: ("b",)}
    expect(not found.error and named == wanted, wanted=wanted, found=found, where="requests a/x and b/x")
