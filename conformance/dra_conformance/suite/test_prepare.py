"""NodePrepareResources: what the kubelet asks for and what it does with the answer (kubelet cm/dra, 1.37)."""

import statistics
import time
from typing import Any

import grpc

from dra_api import names
from dra_conformance.expect import each, expect, not_applicable
from dra_conformance.harness.kubelet import VERSIONS, Entry, pairs
from dra_conformance.harness.world import Claim, World
from dra_conformance.requirement import requirement


def entry_of(answer: dict[str, Entry], claim: Claim) -> Entry:
    """A claim's entry; one that is missing is told as an error of its own."""
    return answer.get(claim.uid, Entry((), "(no entry for this claim)"))


def expect_refused(world: World, claim: Claim, why: str) -> str:
    """The claim must be refused, by its entry or by the call, without devices; returns the error text."""
    entry = entry_of(world.kubelet.attempt(claim), claim)
    leftovers = [name for name in world.cdi.listing() if claim.uid in name]
    world.drop(claim)
    expect(
        bool(entry.error) and not entry.devices,
        wanted=f"an error: {why}",
        found=entry,
        where=f"claim {claim.name}",
    )
    each(leftovers, wanted="no CDI file for a refused claim", where=str(world.cdi.folder))
    return entry.error


def prepared_ids(world: World, claim: Claim) -> list[str]:
    """The CDI ids of a claim that must be preparable."""
    return [name for device in world.kubelet.prepared(claim) for name in device.cdi_ids]


@requirement("PREP-001", why="the kubelet counts a missing entry as a failed preparation")
def test_every_claim_has_an_entry(world: World) -> None:
    """The answer has an entry for every claim of the request, for one and for several."""
    claims = [world.claim(device) for device in world.need(3)]
    for batch in (claims[:1], claims):
        answer = world.kubelet.prepare(*batch)
        missing = [claim.uid for claim in batch if claim.uid not in answer]
        each(missing, wanted="an entry for each", where=f"batch of {len(batch)}")
    world.drop(*claims)


@requirement("PREP-002", "PREP-003", why="the kubelet takes an unknown UID as an error of the whole batch")
def test_entries_are_keyed_by_uid(world: World) -> None:
    """The keys of the answer are the UIDs that were sent, and no others."""
    claim = world.claim()
    answer = world.kubelet.prepare(claim)
    world.drop(claim)
    strangers = sorted(answer.keys() - {claim.uid})
    each(strangers, wanted=f"only {claim.uid}", where="keys of the answer")


@requirement("PREP-004", "PREP-005", "IDEM-007", why="one user's mistake would stop everybody's pods")
def test_one_bad_claim_does_not_hurt_the_others(world: World) -> None:
    """In a batch with an impossible claim in the middle, the others are prepared; repeated, they are alike."""
    first, last = world.need(2)
    bad = world.claim((first[0], "does-not-exist"))
    claims = [world.claim(first), bad, world.claim(last)]
    answers = [world.kubelet.prepare(*claims), world.kubelet.prepare(*claims)]
    world.drop(*claims)
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
def test_devices_are_those_of_the_allocation(world: World) -> None:
    """Pool and device names are those of the allocation."""
    devices = world.need(2)
    claim = world.claim(*devices)
    found = pairs(world.kubelet.prepared(claim))
    world.drop(claim)
    expect(found == sorted(devices), wanted=sorted(devices), found=found, where="devices of the answer")


@requirement("PREP-007", why="another driver prepares its own devices")
def test_results_of_other_drivers_are_left_out(world: World) -> None:
    """Of a claim with two drivers, all own results are returned and no other."""
    devices = world.need(2)
    other = {"request": "nic", "driver": "other.example.com", "pool": "other", "device": "nic-0"}
    claim = world.claim(*devices, extra_results=[other])
    found = pairs(world.kubelet.prepared(claim))
    world.drop(claim)
    expect(found == sorted(devices), wanted=sorted(devices), found=found, where="claim of two drivers")


@requirement("PREP-008", why="a container's request never matches a name with a slash")
def test_subrequests_are_told_by_their_main_request(world: World) -> None:
    """A result of request "gpu/large" is returned for request "gpu"."""
    claim = world.claim(world.need(1)[0], requests=["gpu/large"])
    found = [device.requests for device in world.kubelet.prepared(claim)]
    world.drop(claim)
    expect(found in ([("gpu",)], [()]), wanted="request gpu", found=found, where="request_names")


@requirement("PREP-009", why="a container would see the devices of another one")
def test_devices_name_only_their_requests(world: World) -> None:
    """Of a claim with two requests, each device names its own request and no other."""
    devices = world.need(2)
    claim = world.claim(*devices, requests=["a", "b"])
    found = {device.device: device.requests for device in world.kubelet.prepared(claim)}
    world.drop(claim)
    wanted = {devices[0][1]: ("a",), devices[1][1]: ("b",)}
    expect(found == wanted, wanted=wanted, found=found, where="request_names")


@requirement("PREP-010", why="a claim of the same name may be another user's")
def test_uid_is_verified(world: World) -> None:
    """A request with another UID than the claim of that name has is refused."""
    claim = world.claim()
    imposter = Claim(claim.namespace, claim.name, world.ghost().uid, claim.devices)
    entry = entry_of(world.kubelet.attempt(imposter), imposter)
    world.drop(imposter, claim)
    expect(bool(entry.error), wanted="an error: another UID", found=entry, where=f"claim {claim.name}")


@requirement("PREP-011", why="there is nothing to prepare before the scheduler decided")
def test_unallocated_claim_is_refused(world: World) -> None:
    """A claim without status.allocation is refused."""
    expect_refused(world, world.claim(allocated=False), "not allocated")


@requirement("PREP-012", why="the claim may have been deleted in between")
def test_missing_claim_is_refused(world: World) -> None:
    """A claim that does not exist is refused."""
    expect_refused(world, world.ghost(), "no such claim")


@requirement("PREP-013", why="a pod would run without the device that it asked for")
def test_unknown_device_is_refused_by_name(world: World) -> None:
    """An unknown device is refused with an error that names it; so is an unknown pool."""
    pool, device = world.need(1)[0]
    error = expect_refused(world, world.claim((pool, "does-not-exist")), "no such device")
    expect("does-not-exist" in error, wanted="the device's name", found=error, where="error text")
    expect_refused(world, world.claim(("no-such-pool", device)), "no such pool")


@requirement("PREP-014", why="the driver is the last line of defence of one user's data against another's")
def test_device_in_use_is_refused(world: World) -> None:
    """A device that is prepared for one claim is refused to another."""
    device = world.need(1)[0]
    holder, intruder = world.claim(device), world.claim(device)
    before = world.kubelet.prepared(holder)
    entry = entry_of(world.kubelet.attempt(intruder), intruder)
    after = world.kubelet.prepared(holder)
    world.drop(intruder, holder)
    expect(
        bool(entry.error),
        wanted="an error: in use",
        found=entry,
        where=f"device {device[1]} for a second claim",
    )
    expect(after == before, wanted=before, found=after, where="the first claim")


@requirement("PREP-016", why="liveness probes send it")
def test_empty_request_is_answered(world: World) -> None:
    """An empty list of claims is answered with an empty map."""
    answer = world.kubelet.prepare()
    expect(not answer, wanted="no entries", found=answer, where="empty request")


@requirement("PREP-017", why="a claim may be another driver's alone")
def test_claim_without_own_results_does_no_harm(world: World) -> None:
    """A claim whose results are all another driver's succeeds without devices or is refused; the driver lives."""
    other = {"request": "nic", "driver": "other.example.com", "pool": "other", "device": "nic-0"}
    claim = world.claim(extra_results=[other])
    entry = entry_of(world.kubelet.attempt(claim), claim)
    world.drop(claim)
    expect(not entry.devices, wanted="no devices", found=entry, where="claim of another driver")
    world.kubelet.prepare()


@requirement("PREP-018", why="containers would miss devices, or get them twice")
def test_many_devices_are_returned_once_each(world: World) -> None:
    """All plain devices over two requests are returned, each once."""
    count = min(len(world.devices()), 32)
    devices = world.need(count)
    words = ["a" if index % 2 else "b" for index in range(count)]
    claim = world.claim(*devices, requests=words)
    found = world.kubelet.prepared(claim)
    world.drop(claim)
    expect(
        pairs(found) == sorted(devices), wanted=sorted(devices), found=pairs(found), where=f"claim of {count}"
    )


@requirement("PREP-019", "PREP-020", "UNPR-016", why="pods start as slowly as their claims")
def test_prepare_and_unprepare_are_fast(world: World) -> None:
    """Of 20 prepares and unprepares in a row, 19 take less than a second each, and none takes 45."""
    seconds: list[float] = []
    for _ in range(20):
        claim = world.claim()
        start = time.monotonic()
        world.kubelet.prepared(claim)
        world.kubelet.unprepared(claim)
        seconds.append(time.monotonic() - start)
        world.api.delete_claim(claim.namespace, claim.name)
    p95 = statistics.quantiles(seconds, n=20)[-1]
    world.evidence.add("measure", "prepare and unprepare", p95_s=p95, median_s=statistics.median(seconds))
    expect(
        p95 < 1 and max(seconds) < names.CALL_TIMEOUT_S,
        wanted="p95 below 1 s",
        found=f"{p95:.3f} s",
        where="prepare",
    )


@requirement("PREP-021", "UNPR-009", why="the kubelet gives up calls and repeats them")
def test_cancelled_prepare_can_be_repeated_or_undone(world: World) -> None:
    """A prepare that the kubelet gave up can be repeated; another one that it gave up can be unprepared."""
    stub, messages = VERSIONS[world.kubelet.version()]
    channel = world.kubelet.channel(world.kubelet.endpoint)
    for repeat in (True, False):
        claim = world.claim()
        told = messages.Claim(namespace=claim.namespace, name=claim.name, uid=claim.uid)
        call = stub(channel).NodePrepareResources.future(messages.NodePrepareResourcesRequest(claims=[told]))
        call.cancel()
        world.evidence.add("grpc", "cancelled NodePrepareResources", claim=claim)
        if repeat:
            world.kubelet.prepared(claim)
        world.kubelet.unprepared(claim)
        left = [name for name in world.cdi.listing() if claim.uid in name]
        world.drop(claim)
        each(left, wanted="nothing left", where=str(world.cdi.folder))


@requirement("PREP-022", "PREP-023", why="the kubelet prepares before it makes the pod's sandbox")
def test_prepare_needs_no_pod(world: World) -> None:
    """A claim is prepared although no pod object, sandbox or container exists."""
    code, pods = world.api.request("GET", "/api/v1/pods")
    expect(code == 200 and not pods["items"], wanted="no pods", found=pods, where="API server")
    claim = world.claim()
    world.kubelet.prepared(claim)
    world.drop(claim)


@requirement("PREP-024", why="several pods may share a claim")
def test_reservations_do_not_matter(world: World) -> None:
    """A claim is prepared with no, two and 256 entries in reservedFor."""
    for count in (0, 2, 256):
        claim = world.claim(reserved=count)
        world.kubelet.prepared(claim)
        world.drop(claim)


@requirement("PREP-025", "SEC-012", why="names are unique in a namespace only")
def test_equal_names_in_two_namespaces_are_kept_apart(world: World) -> None:
    """Two claims of one, very long, name in two namespaces get their own devices and CDI ids."""
    world.api.ensure_namespace("team-b")
    long = "c" * 63 + "." + "d" * 63
    first, second = world.need(2)
    claims = [world.claim(first, name=long), world.claim(second, name=long, namespace="team-b")]
    ids = [set(world.own(prepared_ids(world, claim))) for claim in claims]
    world.kubelet.unprepared(claims[0])
    lost = [name for name in ids[1] if len(world.cdi.definitions(name)) != 1]
    world.drop(*claims)
    expect(not ids[0] & ids[1], wanted="different CDI ids", found=ids, where="claims of one name")
    each(lost, wanted="the other claim's ids resolve", where="after one was unprepared")


@requirement("PREP-026", why="users delete and create claims of the same name")
def test_recreated_claim_is_another_claim(world: World) -> None:
    """A claim that was deleted and created again under its name, with another device, gets that device."""
    first, second = world.need(2)
    old = world.claim(first, name="again")
    world.kubelet.prepared(old)
    world.api.delete_claim(old.namespace, old.name)
    new = world.claim(second, name="again")
    world.kubelet.unprepared(old)
    found = pairs(world.kubelet.prepared(new))
    world.drop(new)
    expect(found == [second], wanted=[second], found=found, where="the new claim")


@requirement("PREP-027", "UNPR-019", why="the scheduler and the controllers own these fields")
def test_claim_status_is_left_alone(world: World) -> None:
    """Prepare and unprepare write neither status.allocation nor status.reservedFor."""
    claim = world.claim()
    before = world.api.claim(claim.namespace, claim.name)["status"]
    world.kubelet.prepared(claim)
    world.kubelet.unprepared(claim)
    after = world.api.claim(claim.namespace, claim.name)["status"]
    world.drop(claim)
    parts = [{name: status.get(name) for name in ("allocation", "reservedFor")} for status in (before, after)]
    expect(parts[0] == parts[1], wanted=parts[0], found=parts[1], where="claim status")


@requirement("PREP-028", why="the kubelet copies the text into the pod's events")
def test_errors_name_the_claim_or_the_device(world: World) -> None:
    """Error texts name the claim, its UID or the device."""
    pool, _ = world.need(1)[0]
    silent = []
    for claim in (world.claim((pool, "does-not-exist")), world.claim(allocated=False), world.ghost()):
        error = entry_of(world.kubelet.attempt(claim), claim).error
        world.drop(claim)
        if not any(word in error for word in (claim.name, claim.uid, "does-not-exist")):
            silent.append(error)
    each(silent, wanted="claim or device in the text", where="error texts")


@requirement("PREP-029", why="a device that is half prepared is lost or shared")
def test_failed_claim_leaves_nothing(world: World) -> None:
    """A claim whose second device is impossible leaves no CDI file, and its first device is free."""
    pool, device = world.need(1)[0]
    claim = world.claim((pool, device), (pool, "does-not-exist"))
    before = world.cdi.listing()
    expect(
        bool(entry_of(world.kubelet.attempt(claim), claim).error),
        wanted="an error",
        found="none",
        where=claim.name,
    )
    after = world.cdi.listing()
    other = world.claim((pool, device))
    entry = entry_of(world.kubelet.attempt(other), other)
    world.drop(claim, other)
    expect(after == before, wanted=before, found=after, where="CDI folder")
    expect(not entry.error, wanted="the first device free", found=entry.error, where=f"device {device}")


@requirement("PREP-030", why="a repaired fault must not need a driver restart")
def test_prepare_succeeds_after_the_fault_is_gone(world: World) -> None:
    """A claim that was refused because it was not allocated is prepared once it is."""
    device = world.need(1)[0]
    claim = world.claim(allocated=False)
    entry = entry_of(world.kubelet.attempt(claim), claim)
    expect(bool(entry.error), wanted="an error", found=entry, where="unallocated claim")
    world.api.set_claim_status(claim.namespace, claim.name, allocation_status(world, device))
    found = pairs(world.kubelet.prepared(claim))
    world.drop(claim)
    expect(found == [device], wanted=[device], found=found, where="claim after it was allocated")


def allocation_status(world: World, device: tuple[str, str]) -> dict[str, Any]:
    """A status that allocates one device."""
    result = {"request": "gpu", "driver": world.descriptor.driver, "pool": device[0], "device": device[1]}
    return {"allocation": {"devices": {"results": [result]}}}


@requirement("PREP-031", why="one strange object must not stop a node")
def test_extreme_claims_do_not_kill_the_driver(world: World) -> None:
    """Empty and huge names and huge opaque parameters are refused or prepared; the driver serves on."""
    pool, device = world.need(1)[0]
    claims = [
        world.claim(("", device), odd=True),
        world.claim((pool, "x" * 5000), odd=True),
        world.claim(config={"x": "y" * 9000}, odd=True),
    ]
    for claim in claims:
        world.kubelet.attempt(claim)
        world.drop(claim)
    expect(world.driver.running, wanted="running", found=f"exit {world.driver.exit_code}", where="driver")
    world.kubelet.prepare()


@requirement("PREP-033", "UNPR-004", why="pods must be able to end while the control plane is away")
def test_api_outage_ends_in_errors_and_unprepare_works(fresh: World) -> None:
    """Without an API server a new claim gets an error in time, and a prepared one can be unprepared."""
    fresh.start_registered()
    first, second = fresh.need(2)
    old, new = fresh.claim(first), fresh.claim(second)
    ids = prepared_ids(fresh, old)
    fresh.api.outage(on=True)
    try:
        entry = entry_of(fresh.kubelet.attempt(new), new)
        fresh.kubelet.unprepared(old)
    finally:
        fresh.api.outage(on=False)
    expect(bool(entry.error), wanted="an error", found=entry, where="new claim without API server")
    left = fresh.left(ids)
    each(left, wanted="unprepared", where="CDI folder")


@requirement("PREP-034", "CDI-021", why="the second pod of a claim causes no call")
def test_prepared_claim_serves_several_pods(world: World) -> None:
    """The CDI ids of a claim resolve again and again until it is unprepared."""
    claim = world.claim(reserved=2)
    ids = prepared_ids(world, claim)
    views = [[world.cdi.edits(name) for name in ids] for _ in range(3)]
    world.drop(claim)
    expect(
        views[0] == views[1] == views[2] and all(views[0]),
        wanted="the same edits",
        found=views,
        where="CDI ids",
    )


@requirement("PREP-035", why="a kubelet restart may come while the claim is being deleted")
def test_claim_being_deleted_is_prepared(world: World) -> None:
    """A claim with a deletionTimestamp that is allocated and reserved is prepared."""
    claim = world.claim(finalizers=["example.com/hold"])
    world.api.delete_claim(claim.namespace, claim.name)
    stored = world.api.claim(claim.namespace, claim.name)
    expect(
        "deletionTimestamp" in stored["metadata"],
        wanted="deletionTimestamp",
        found=stored,
        where="API server",
    )
    world.kubelet.prepared(claim)
    world.kubelet.unprepared(claim)
    path = f"/apis/resource.k8s.io/v1/namespaces/{claim.namespace}/resourceclaims/{claim.name}"
    world.api.write(
        "PATCH", path, {"metadata": {"finalizers": None}}, content_type="application/merge-patch+json"
    )


@requirement("PREP-036", why="a repeated entry must not corrupt the answer")
def test_duplicate_claim_in_a_request(world: World) -> None:
    """A claim that stands twice in a request has one entry and the usual answer."""
    claim = world.claim()
    answer = world.kubelet.prepare(claim, claim)
    again = world.kubelet.prepared(claim)
    world.drop(claim)
    found = entry_of(answer, claim)
    expect(len(answer) == 1 and found.devices == again, wanted=again, found=answer, where="duplicated entry")


@requirement("PREP-037", why="the claim may be allocated for another node")
def test_devices_of_other_nodes_are_refused(world: World) -> None:
    """An allocation from another node's pool is refused."""
    _, device = world.need(1)[0]
    expect_refused(world, world.claim(("some-other-node", device)), "another node's pool")


@requirement("CFG-007", why="a configuration that is ignored is a surprise in production")
def test_unknown_config_is_refused(world: World) -> None:
    """Opaque parameters that the driver does not know are refused."""
    bad = world.descriptor.bad_config
    if bad is None:
        not_applicable("the descriptor names no badConfig")
    expect_refused(world, world.claim(config=dict(bad)), "unknown parameters")


@requirement("MV-001", why="kubelets before 1.34 know v1beta1 only")
def test_both_dra_versions_are_served(world: World) -> None:
    """v1 and v1beta1 of DRAPlugin answer an empty prepare."""
    missing = []
    for version in VERSIONS:
        try:
            world.kubelet.prepare(version=version)
        except grpc.RpcError as error:
            missing.append(f"{version}: {error.code().name}")
    each(missing, wanted="v1 and v1beta1", where="DRA endpoint")


def both_versions(world: World) -> None:
    """End the check if the driver serves one version only."""
    listed = world.kubelet.info().supported_versions
    if not set(VERSIONS) <= set(listed):
        not_applicable(f"the driver serves {list(listed)} only")


@requirement("MV-002", why="a kubelet upgrade changes the version under running pods")
def test_versions_answer_alike(world: World) -> None:
    """A claim prepared through v1beta1 and repeated through v1 has the same devices, requests and ids."""
    both_versions(world)
    claim = world.claim(*world.need(2), requests=["a", "b"])
    first = world.kubelet.prepared(claim, version=names.DRA_V1BETA1)
    second = world.kubelet.prepared(claim, version=names.DRA_V1)
    world.drop(claim)
    expect(first == second, wanted=first, found=second, where="v1beta1 against v1")


@requirement("MV-003", why="pods end after the kubelet was upgraded or downgraded")
def test_claims_cross_versions(world: World) -> None:
    """A claim prepared through one version is unprepared through the other."""
    both_versions(world)
    for there, back in ((names.DRA_V1, names.DRA_V1BETA1), (names.DRA_V1BETA1, names.DRA_V1)):
        claim = world.claim()
        ids = [name for device in world.kubelet.prepared(claim, version=there) for name in device.cdi_ids]
        world.kubelet.unprepared(claim, version=back)
        left = world.left(ids)
        world.drop(claim)
        each(left, wanted="no CDI device left", where=f"prepared by {there}, unprepared by {back}")


@requirement("MV-007", why="API servers are newer than drivers")
def test_unknown_json_fields_are_ignored(world: World) -> None:
    """A claim with members that no version knows is prepared."""
    claim = world.claim(unknown=True)
    world.kubelet.prepared(claim)
    world.drop(claim)


@requirement("MV-008", why="kubelets are newer than drivers")
def test_unknown_protobuf_fields_are_ignored(world: World) -> None:
    """A prepare request with unknown fields on the wire is answered."""
    _, messages = VERSIONS[names.DRA_V1]
    claim = world.claim()
    told = messages.Claim(namespace=claim.namespace, name=claim.name, uid=claim.uid)
    body = messages.NodePrepareResourcesRequest(claims=[told]).SerializeToString()
    path = "/k8s.io.kubelet.pkg.apis.dra.v1.DRAPlugin/NodePrepareResources"
    answer = world.kubelet.raw_call(path, body + b"\xfa\x3e\x03abc")  # field 1007, length-delimited
    world.drop(claim)
    good = isinstance(answer, bytes) and claim.uid.encode() in answer
    expect(good, wanted="an answer with the claim", found=answer, where="request with field 1007")
