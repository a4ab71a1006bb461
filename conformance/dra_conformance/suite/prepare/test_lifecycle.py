"""NodePrepareResources from first call to deletion: speed, cancellation, shared and recreated claims, outages (1.37)."""

import statistics
import time

import grpc

from dra_api import names
from dra_conformance.catalogue.marks import requirement
from dra_conformance.expectations import each, expect
from dra_conformance.harness.answers import pairs
from dra_conformance.harness.harness import Harness
from dra_conformance.harness.kubelet import VERSIONS
from dra_conformance.suite.prepare.claims import entry_of, prepared_ids

LATER_S = 5
"""For calls that come after a slow one: much shorter than its minute, long for a busy machine."""


@requirement("PREP-019", "PREP-020", "UNPR-016", why="pods start as slowly as their claims")
def test_prepare_and_unprepare_are_fast(harness: Harness) -> None:
    """Of 20 prepares and unprepares in a row, 19 take less than a second each, and none takes 45."""
    seconds: list[float] = []
    for _ in range(20):
        claim = harness.claim()
        start = time.monotonic()
        harness.kubelet.prepared(claim)
        harness.kubelet.unprepared(claim)
        seconds.append(time.monotonic() - start)
        harness.api.delete_claim(claim.namespace, claim.name)
    p95 = statistics.quantiles(seconds, n=20)[-1]
    harness.evidence.add("measure", "prepare and unprepare", p95_s=p95, median_s=statistics.median(seconds))
    expect(
        p95 < 1 and max(seconds) < names.CALL_TIMEOUT_S,
        wanted="p95 below 1 s",
        found=f"{p95:.3f} s",
        where="prepare",
    )


@requirement("PREP-021", "UNPR-009", why="the kubelet cancels calls and repeats them")
def test_cancelled_prepare_can_be_repeated_or_undone(harness: Harness) -> None:
    """A prepare that the kubelet cancelled can be repeated; another cancelled one can be unprepared."""
    stub, messages = VERSIONS[harness.kubelet.version()]
    channel = harness.kubelet.channel(harness.kubelet.endpoint)
    for repeat in (True, False):
        claim = harness.claim()
        message = messages.Claim(namespace=claim.namespace, name=claim.name, uid=claim.uid)
        call = stub(channel).NodePrepareResources.future(
            messages.NodePrepareResourcesRequest(claims=[message])
        )
        call.cancel()
        harness.evidence.add("grpc", "cancelled NodePrepareResources", claim=claim)
        if repeat:
            harness.kubelet.prepared(claim)
        harness.kubelet.unprepared(claim)
        left = [name for name in harness.cdi.listing() if claim.uid in name]
        harness.release(claim)
        each(left, wanted="nothing left", where=str(harness.cdi.folder))


@requirement("PREP-022", "PREP-023", why="the kubelet prepares before it makes the pod's sandbox")
def test_prepare_needs_no_pod(harness: Harness) -> None:
    """A claim is prepared although no pod object, sandbox or container exists."""
    code, pods = harness.api.request("GET", "/api/v1/pods")
    expect(code == 200 and not pods["items"], wanted="no pods", found=pods, where="API server")
    claim = harness.claim()
    harness.kubelet.prepared(claim)
    harness.release(claim)


@requirement("PREP-024", why="several pods may share a claim")
def test_reservations_do_not_matter(harness: Harness) -> None:
    """A claim is prepared with no, two and 256 entries in reservedFor."""
    for count in (0, 2, 256):
        claim = harness.claim(reserved=count)
        harness.kubelet.prepared(claim)
        harness.release(claim)


@requirement("PREP-025", "SEC-012", why="names are unique in a namespace only")
def test_equal_names_in_two_namespaces_are_kept_apart(harness: Harness) -> None:
    """Two claims of one, very long, name in two namespaces get their own devices and CDI ids."""
    harness.api.ensure_namespace("team-b")
    long = "c" * 63 + "." + "d" * 63
    first, second = harness.require_devices(2)
    claims = [harness.claim(first, name=long), harness.claim(second, name=long, namespace="team-b")]
    ids = [set(harness.without_permanent(prepared_ids(harness, claim))) for claim in claims]
    harness.kubelet.unprepared(claims[0])
    lost = [name for name in ids[1] if len(harness.cdi.definitions(name)) != 1]
    harness.release(*claims)
    expect(not ids[0] & ids[1], wanted="different CDI ids", found=ids, where="claims of one name")
    each(lost, wanted="the other claim's ids resolve", where="after one was unprepared")


@requirement("PREP-026", why="users delete and create claims of the same name")
def test_recreated_claim_is_another_claim(harness: Harness) -> None:
    """A claim that was deleted and created again under its name, with another device, gets that device."""
    first, second = harness.require_devices(2)
    old = harness.claim(first, name="again")
    harness.kubelet.prepared(old)
    harness.api.delete_claim(old.namespace, old.name)
    new = harness.claim(second, name="again")
    harness.kubelet.unprepared(old)
    found = pairs(harness.kubelet.prepared(new))
    harness.release(new)
    expect(found == [second], wanted=[second], found=found, where="the new claim")


@requirement("PREP-027", "UNPR-019", why="the scheduler and the controllers own these fields")
def test_claim_status_is_left_alone(harness: Harness) -> None:
    """Prepare and unprepare write neither status.allocation nor status.reservedFor."""
    claim = harness.claim()
    before = harness.api.claim(claim.namespace, claim.name)["status"]
    harness.kubelet.prepared(claim)
    harness.kubelet.unprepared(claim)
    after = harness.api.claim(claim.namespace, claim.name)["status"]
    harness.release(claim)
    parts = [{name: status.get(name) for name in ("allocation", "reservedFor")} for status in (before, after)]
    expect(parts[0] == parts[1], wanted=parts[0], found=parts[1], where="claim status")


@requirement("PREP-031", why="one strange object must not stop a node")
def test_extreme_claims_do_not_kill_the_driver(harness: Harness) -> None:
    """Empty and huge names and huge opaque parameters are refused or prepared; the driver serves on."""
    pool, device = harness.require_devices(1)[0]
    claims = [
        harness.claim(("", device), odd=True),
        harness.claim((pool, "x" * 5000), odd=True),
        harness.claim(config={"x": "y" * 9000}, odd=True),
    ]
    for claim in claims:
        harness.kubelet.attempt(claim)
        harness.release(claim)
    expect(harness.driver.running, wanted="running", found=f"exit {harness.driver.exit_code}", where="driver")
    harness.kubelet.prepare()


@requirement("PREP-033", "UNPR-004", why="pods must be able to end while the control plane is away")
def test_api_outage_ends_in_errors_and_unprepare_works(isolated: Harness) -> None:
    """Without an API server a new claim gets an error in time, and a prepared one can be unprepared."""
    isolated.start_registered()
    first, second = isolated.require_devices(2)
    old, new = isolated.claim(first), isolated.claim(second)
    ids = prepared_ids(isolated, old)
    isolated.api.outage(on=True)
    try:
        entry = entry_of(isolated.kubelet.attempt(new), new)
        isolated.kubelet.unprepared(old)
    finally:
        isolated.api.outage(on=False)
    expect(bool(entry.error), wanted="an error", found=entry, where="new claim without API server")
    left = isolated.still_defined(ids)
    each(left, wanted="unprepared", where="CDI folder")


@requirement("PREP-034", "CDI-021", why="the second pod of a claim causes no call")
def test_prepared_claim_serves_several_pods(harness: Harness) -> None:
    """The CDI ids of a claim resolve again and again until it is unprepared."""
    claim = harness.claim(reserved=2)
    ids = prepared_ids(harness, claim)
    views = [[harness.cdi.edits(name) for name in ids] for _ in range(3)]
    harness.release(claim)
    expect(
        views[0] == views[1] == views[2] and all(views[0]),
        wanted="the same edits",
        found=views,
        where="CDI ids",
    )


@requirement("PREP-035", why="a kubelet restart may come while the claim is being deleted")
def test_claim_being_deleted_is_prepared(harness: Harness) -> None:
    """A claim with a deletionTimestamp that is allocated and reserved is prepared."""
    claim = harness.claim(finalizers=["example.com/hold"])
    harness.api.delete_claim(claim.namespace, claim.name)
    stored = harness.api.claim(claim.namespace, claim.name)
    expect(
        "deletionTimestamp" in stored["metadata"],
        wanted="deletionTimestamp",
        found=stored,
        where="API server",
    )
    harness.kubelet.prepared(claim)
    harness.kubelet.unprepared(claim)
    path = f"/apis/resource.k8s.io/v1/namespaces/{claim.namespace}/resourceclaims/{claim.name}"
    harness.api.write(
        "PATCH", path, {"metadata": {"finalizers": None}}, content_type="application/merge-patch+json"
    )


@requirement(
    "PREP-032", why="one request that the API server does not answer would stop all pods of the node"
)
def test_slow_api_server_holds_up_one_call(isolated: Harness) -> None:
    """While the API server takes a minute to answer for one claim, later calls, for that claim too, are answered at once."""
    isolated.start_registered()
    slow, other = (isolated.claim(device) for device in isolated.require_devices(2))
    endpoint, version = isolated.kubelet.endpoint, isolated.kubelet.version()
    isolated.api.delay_next(60, times=1, verbs=("get",), plural="resourceclaims")
    try:
        isolated.kubelet.prepare(slow, endpoint=endpoint, version=version, timeout_s=0.3)
    except grpc.RpcError as error:
        isolated.evidence.add("grpc", "the slow prepare", status=error.code().name)
    for claim in (other, slow):
        entry = isolated.kubelet.prepare(claim, endpoint=endpoint, version=version, timeout_s=LATER_S)[
            claim.uid
        ]
        where = "the claim that was slow" if claim is slow else "another claim"
        expect(not entry.error, wanted="prepared", found=entry.error, where=where)
