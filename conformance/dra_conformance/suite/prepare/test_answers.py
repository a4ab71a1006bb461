"""NodePrepareResources: entries, devices and requests of the answer (kubelet cm/dra, 1.37)."""

from dra_conformance.catalogue.marks import requirement
from dra_conformance.expectations import each, expect
from dra_conformance.harness.answers import pairs
from dra_conformance.harness.harness import Harness
from dra_conformance.suite.prepare.claims import entry_of


@requirement("PREP-001", why="the kubelet counts a missing entry as a failed preparation")
def test_every_claim_has_an_entry(harness: Harness) -> None:
    """The answer has an entry for every claim of the request, for one and for several."""
    claims = [harness.claim(device) for device in harness.require_devices(3)]
    for batch in (claims[:1], claims):
        answer = harness.kubelet.prepare(*batch)
        missing = [claim.uid for claim in batch if claim.uid not in answer]
        each(missing, wanted="an entry for each", where=f"batch of {len(batch)}")
    harness.release(*claims)


@requirement("PREP-002", "PREP-003", why="the kubelet takes an unknown UID as an error of the whole batch")
def test_entries_are_keyed_by_uid(harness: Harness) -> None:
    """The keys of the answer are the UIDs that were sent, and no others."""
    claim = harness.claim()
    answer = harness.kubelet.prepare(claim)
    harness.release(claim)
    strangers = sorted(answer.keys() - {claim.uid})
    each(strangers, wanted=f"only {claim.uid}", where="keys of the answer")


@requirement("PREP-004", "PREP-005", "IDEM-007", why="one user's mistake would stop everybody's pods")
def test_one_bad_claim_does_not_hurt_the_others(harness: Harness) -> None:
    """In a batch with an impossible claim in the middle, the others are prepared; repeated, they are alike."""
    first, last = harness.require_devices(2)
    bad = harness.claim((first[0], "does-not-exist"))
    claims = [harness.claim(first), bad, harness.claim(last)]
    answers = [harness.kubelet.prepare(*claims), harness.kubelet.prepare(*claims)]
    harness.release(*claims)
    for answer in answers:
        expect(
            bool(entry_of(answer, bad).error),
            wanted="an error",
            found=entry_of(answer, bad),
            where="impossible claim",
        )
        good = [entry_of(answer, claim) for claim in (claims[0], claims[2])]
        fine = all(entry.devices and not entry.error for entry in good)
        expect(fine, wanted="the other two prepared", found=good, where="batch with an impossible claim")
    expect(answers[0] == answers[1], wanted=answers[0], found=answers[1], where="repeated batch")


@requirement("PREP-006", "CFG-011", why="the kubelet reports these names to the pod's status and to health")
def test_devices_are_those_of_the_allocation(harness: Harness) -> None:
    """Pool and device names are those of the allocation."""
    devices = harness.require_devices(2)
    claim = harness.claim(*devices)
    found = pairs(harness.kubelet.prepared(claim))
    harness.release(claim)
    expect(found == sorted(devices), wanted=sorted(devices), found=found, where="devices of the answer")


@requirement("PREP-007", why="another driver prepares its own devices")
def test_results_of_other_drivers_are_left_out(harness: Harness) -> None:
    """Of a claim with two drivers, all own results are returned and no other."""
    devices = harness.require_devices(2)
    other = {"request": "nic", "driver": "other.example.com", "pool": "other", "device": "nic-0"}
    claim = harness.claim(*devices, extra_results=[other])
    found = pairs(harness.kubelet.prepared(claim))
    harness.release(claim)
    expect(found == sorted(devices), wanted=sorted(devices), found=found, where="claim of two drivers")


@requirement("PREP-008", why="a container's request never matches a name with a slash")
def test_subrequests_are_returned_as_their_main_request(harness: Harness) -> None:
    """A result of request "gpu/large" is returned for request "gpu"."""
    claim = harness.claim(harness.require_devices(1)[0], requests=["gpu/large"])
    found = [device.requests for device in harness.kubelet.prepared(claim)]
    harness.release(claim)
    expect(found in ([("gpu",)], [()]), wanted="request gpu", found=found, where="request_names")


@requirement("PREP-009", why="a container would see the devices of another one")
def test_devices_name_only_their_requests(harness: Harness) -> None:
    """Of a claim with two requests, each device names its own request and no other."""
    devices = harness.require_devices(2)
    claim = harness.claim(*devices, requests=["a", "b"])
    found = {device.device: device.requests for device in harness.kubelet.prepared(claim)}
    harness.release(claim)
    wanted = {devices[0][1]: ("a",), devices[1][1]: ("b",)}
    expect(found == wanted, wanted=wanted, found=found, where="request_names")


@requirement("PREP-016", why="liveness probes send it")
def test_empty_request_is_answered(harness: Harness) -> None:
    """An empty list of claims is answered with an empty map."""
    answer = harness.kubelet.prepare()
    expect(not answer, wanted="no entries", found=answer, where="empty request")


@requirement("PREP-017", why="a claim may be another driver's alone")
def test_claim_without_own_results_does_no_harm(harness: Harness) -> None:
    """A claim whose results are all another driver's succeeds without devices or is refused; the driver lives."""
    other = {"request": "nic", "driver": "other.example.com", "pool": "other", "device": "nic-0"}
    claim = harness.claim(extra_results=[other])
    entry = entry_of(harness.kubelet.attempt(claim), claim)
    harness.release(claim)
    expect(not entry.devices, wanted="no devices", found=entry, where="claim of another driver")
    harness.kubelet.prepare()


@requirement("PREP-018", why="containers would miss devices, or get them twice")
def test_many_devices_are_returned_once_each(harness: Harness) -> None:
    """All plain devices over two requests are returned, each once."""
    count = min(len(harness.devices()), 32)
    devices = harness.require_devices(count)
    requests = ["a" if index % 2 else "b" for index in range(count)]
    claim = harness.claim(*devices, requests=requests)
    found = harness.kubelet.prepared(claim)
    harness.release(claim)
    expect(
        pairs(found) == sorted(devices), wanted=sorted(devices), found=pairs(found), where=f"claim of {count}"
    )


@requirement("PREP-036", why="a repeated entry must not corrupt the answer")
def test_duplicate_claim_in_a_request(harness: Harness) -> None:
    """A claim that is listed twice in a request has one entry and the usual answer."""
    claim = harness.claim()
    answer = harness.kubelet.prepare(claim, claim)
    again = harness.kubelet.prepared(claim)
    harness.release(claim)
    found = entry_of(answer, claim)
    expect(len(answer) == 1 and found.devices == again, wanted=again, found=answer, where="duplicated entry")
