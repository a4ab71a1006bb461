"""NodePrepareResources: claims that must be refused, and what an error must say (kubelet cm/dra, 1.37)."""

from dra_conformance.catalogue.marks import requirement
from dra_conformance.expectations import each, expect
from dra_conformance.harness.answers import pairs
from dra_conformance.harness.harness import Claim, Harness
from dra_conformance.suite.prepare.claims import allocation_status, entry_of, expect_refused


@requirement("PREP-010", why="a claim of the same name may be another user's")
def test_uid_is_verified(harness: Harness) -> None:
    """A request with another UID than the claim of that name has is refused."""
    claim = harness.claim()
    imposter = Claim(claim.namespace, claim.name, harness.missing_claim().uid, claim.devices)
    entry = entry_of(harness.kubelet.attempt(imposter), imposter)
    harness.release(imposter, claim)
    expect(bool(entry.error), wanted="an error: another UID", found=entry, where=f"claim {claim.name}")


@requirement("PREP-011", why="there is nothing to prepare before the scheduler decided")
def test_unallocated_claim_is_refused(harness: Harness) -> None:
    """A claim without status.allocation is refused."""
    expect_refused(harness, harness.claim(allocated=False), "not allocated")


@requirement("PREP-012", why="the claim may have been deleted in between")
def test_missing_claim_is_refused(harness: Harness) -> None:
    """A claim that does not exist is refused."""
    expect_refused(harness, harness.missing_claim(), "no such claim")


@requirement("PREP-013", why="a pod would run without the device that it asked for")
def test_unknown_device_is_refused_by_name(harness: Harness) -> None:
    """An unknown device is refused with an error that names it; so is an unknown pool."""
    pool, device = harness.require_devices(1)[0]
    error = expect_refused(harness, harness.claim((pool, "does-not-exist")), "no such device")
    expect("does-not-exist" in error, wanted="the device's name", found=error, where="error text")
    expect_refused(harness, harness.claim(("no-such-pool", device)), "no such pool")


@requirement("PREP-014", why="the driver is the last line of defence of one user's data against another's")
def test_device_in_use_is_refused(harness: Harness) -> None:
    """A device that is prepared for one claim is refused to another."""
    device = harness.require_devices(1)[0]
    holder, intruder = harness.claim(device), harness.claim(device)
    before = harness.kubelet.prepared(holder)
    entry = entry_of(harness.kubelet.attempt(intruder), intruder)
    after = harness.kubelet.prepared(holder)
    harness.release(intruder, holder)
    expect(
        bool(entry.error),
        wanted="an error: in use",
        found=entry,
        where=f"device {device[1]} for a second claim",
    )
    expect(after == before, wanted=before, found=after, where="the first claim")


@requirement("PREP-028", why="the kubelet copies the text into the pod's events")
def test_errors_name_the_claim_or_the_device(harness: Harness) -> None:
    """Error texts name the claim, its UID or the device."""
    pool, _ = harness.require_devices(1)[0]
    silent = []
    for claim in (
        harness.claim((pool, "does-not-exist")),
        harness.claim(allocated=False),
        harness.missing_claim(),
    ):
        error = entry_of(harness.kubelet.attempt(claim), claim).error
        harness.release(claim)
        if not any(name in error for name in (claim.name, claim.uid, "does-not-exist")):
            silent.append(error)
    each(silent, wanted="claim or device in the text", where="error texts")


@requirement("PREP-029", why="a device that is half prepared is lost or shared")
def test_failed_claim_leaves_nothing(harness: Harness) -> None:
    """A claim whose second device is impossible leaves no CDI file, and its first device is free."""
    pool, device = harness.require_devices(1)[0]
    claim = harness.claim((pool, device), (pool, "does-not-exist"))
    before = harness.cdi.listing()
    expect(
        bool(entry_of(harness.kubelet.attempt(claim), claim).error),
        wanted="an error",
        found="none",
        where=claim.name,
    )
    after = harness.cdi.listing()
    other = harness.claim((pool, device))
    entry = entry_of(harness.kubelet.attempt(other), other)
    harness.release(claim, other)
    expect(after == before, wanted=before, found=after, where="CDI folder")
    expect(not entry.error, wanted="the first device free", found=entry.error, where=f"device {device}")


@requirement("PREP-030", why="a repaired fault must not need a driver restart")
def test_prepare_succeeds_after_the_fault_is_gone(harness: Harness) -> None:
    """A claim that was refused because it was not allocated is prepared once it is."""
    device = harness.require_devices(1)[0]
    claim = harness.claim(allocated=False)
    entry = entry_of(harness.kubelet.attempt(claim), claim)
    expect(bool(entry.error), wanted="an error", found=entry, where="unallocated claim")
    harness.api.set_claim_status(claim.namespace, claim.name, allocation_status(harness, device))
    found = pairs(harness.kubelet.prepared(claim))
    harness.release(claim)
    expect(found == [device], wanted=[device], found=found, where="claim after it was allocated")


@requirement("PREP-037", why="the claim may be allocated for another node")
def test_devices_of_other_nodes_are_refused(harness: Harness) -> None:
    """An allocation from another node's pool is refused."""
    _, device = harness.require_devices(1)[0]
    expect_refused(harness, harness.claim(("some-other-node", device)), "another node's pool")
