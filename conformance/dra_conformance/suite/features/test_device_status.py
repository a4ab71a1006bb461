"""What drivers say of devices in the status of claims (KEP-4817; resource/v1, 1.37)."""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from dra_api.objects import JsonObject
from dra_clusters.provider import VERSIONS, ApiRequest
from dra_conformance.catalogue.marks import requirement
from dra_conformance.expectations import each, expect, not_applicable
from dra_conformance.harness.factory import HarnessFactory
from dra_conformance.harness.harness import Claim, Harness
from dra_conformance.outcome import EVIDENCE
from dra_conformance.rules import device_status as rules
from dra_conformance.suite.features.illness import wait_for
from dra_conformance.suite.features.offered import require

FEATURE = "DRAResourceClaimDeviceStatus"
REPORT_S = 2.0
"""How long an entry may take after prepare was answered."""
QUIET_S = 0.4
REPEATS = 10
STRANGER = "stranger.example.com"
CODES = (403, 404, 409, 422, 500)


@dataclass(frozen=True, slots=True)
class Reported:
    """A claim before and after its driver prepared it, and the driver's writes of its status."""

    before: JsonObject
    after: JsonObject
    writes: list[ApiRequest]
    late: list[ApiRequest]

    @property
    def results(self) -> list[JsonObject]:
        """The results of the claim's allocation."""
        found: list[JsonObject] = self.before["status"]["allocation"]["devices"]["results"]
        return found

    @property
    def sent(self) -> list[JsonObject]:
        """The entries that the driver sent."""
        bodies = [request.body for request in self.writes if isinstance(request.body, dict)]
        return [entry for body in bodies for entry in (body.get("status") or {}).get("devices") or []]


def entries_of(harness: Harness, claim: Claim, driver: str = "") -> list[JsonObject]:
    """The entries of a driver in a claim's status, of the driver under test by default."""
    path = f"/apis/resource.k8s.io/v1/namespaces/{claim.namespace}/resourceclaims/{claim.name}"
    status = harness.api.write("GET", path).get("status") or {}
    wanted = driver or harness.descriptor.driver
    return [entry for entry in status.get("devices") or [] if entry["driver"] == wanted]


def status_writes(harness: Harness, claim: Claim, after: float = 0) -> list[ApiRequest]:
    """The driver's writes of a claim's status."""
    found = harness.api.driver_requests(verbs=("update", "patch"), plural="resourceclaims", after=after)
    return [request for request in found if request.name == claim.name and request.subresource == "status"]


@pytest.fixture
def reported(harness: Harness) -> Reported:
    """A claim of this driver and another one, which already has an entry, was prepared and unprepared."""
    foreign = {"driver": STRANGER, "pool": "p", "device": "d"}
    device = harness.require_devices(1)[0]
    claim = harness.claim(device, extra_results=[{"request": "other", **foreign}])
    path = f"/apis/resource.k8s.io/v1/namespaces/{claim.namespace}/resourceclaims/{claim.name}"
    stored = harness.api.write("GET", path)
    status = {**stored["status"], "devices": [{**foreign, "data": {"kept": True}}]}
    before = harness.api.write_status(path, stored, status)
    harness.kubelet.prepared(claim)
    wait_for(
        lambda: bool(entries_of(harness, claim)), REPORT_S if FEATURE in harness.descriptor.features else 0
    )
    after = harness.api.write("GET", path)
    start = time.time()
    harness.kubelet.unprepared(claim)
    harness.api.set_claim_status(claim.namespace, claim.name, {})
    seen = Reported(before, after, status_writes(harness, claim), status_writes(harness, claim, after=start))
    harness.release(claim)
    found = "no status of a prepared claim was written"
    require(harness, FEATURE, bool(seen.writes), "STAT-002", found)
    return seen


@requirement("STAT-001", why="users do not see what their claim was given")
def test_an_entry_appears(reported: Reported, harness: Harness) -> None:
    """A prepared claim has an entry of the driver for its device."""
    found = list(map(rules.key_of, reported.after["status"].get("devices") or []))
    wanted = [rules.key_of(r) for r in reported.results if r["driver"] == harness.descriptor.driver]
    expect(set(wanted) <= set(found), wanted=wanted, found=found, where="status.devices")


@requirement("STAT-002", why="the API server refuses the write, and the other entries with it")
def test_entries_are_about_allocated_devices(reported: Reported) -> None:
    """What the driver sends is about devices of the allocation, with their share."""
    problems = list(rules.unallocated(reported.sent, reported.results))
    each(problems, wanted=rules.unallocated.__doc__, where="status.devices as sent")


@requirement("STAT-003", why="the address that a network driver wrote is gone")
def test_entries_of_other_drivers_are_kept(reported: Reported) -> None:
    """An entry of another driver is as it was after the driver wrote its own."""
    before, after = (
        [e for e in item["status"].get("devices") or [] if e["driver"] == STRANGER]
        for item in (reported.before, reported.after)
    )
    expect(after == before, wanted=before, found=after, where=f"entry of {STRANGER}")


@requirement("STAT-004", why="of two drivers that write at the same time, one loses")
def test_writes_are_guarded(reported: Reported) -> None:
    """Each write is a server-side apply, or names the UID or the resourceVersion that it changes."""
    bare = [f"{request.verb} {request.query}" for request in reported.writes if not is_guarded(request)]
    each(bare, wanted="an apply, a UID or a resourceVersion", where="writes of the claim's status")


def is_guarded(request: ApiRequest) -> bool:
    """Whether a write of a status cannot overwrite what its writer did not see."""
    body = request.body if isinstance(request.body, dict) else {}
    metadata = body.get("metadata") or {}
    applied = request.verb == "patch" and "fieldManager" in request.query and "apiVersion" in body
    return applied or "resourceVersion" in metadata or (request.verb == "patch" and "uid" in metadata)


@requirement("STAT-005", why="the scheduler's decision is undone")
def test_the_allocation_is_left_alone(reported: Reported) -> None:
    """Allocation and reservations are as they were after the driver wrote its entries."""
    before, after = (
        {name: item["status"].get(name) for name in ("allocation", "reservedFor")}
        for item in (reported.before, reported.after)
    )
    expect(after == before, wanted=before, found=after, where="status of the claim")


@requirement("STAT-006", why="the API server refuses the write")
def test_data_is_small(reported: Reported) -> None:
    """Data is an object of at most 10 KiB."""
    each(list(rules.odd_data(reported.sent)), wanted=rules.odd_data.__doc__, where="data as sent")


@requirement("STAT-007", why="the API server refuses the write")
def test_conditions_are_complete(reported: Reported) -> None:
    """Conditions have different types and all standard fields; there are at most 8."""
    problems = list(rules.odd_conditions(reported.sent))
    each(problems, wanted=rules.odd_conditions.__doc__, where="conditions as sent")


@requirement("STAT-008", why="the API server refuses the write")
def test_network_data_is_within_its_limits(reported: Reported) -> None:
    """Names and addresses of network data are within their limits, addresses in canonical CIDR notation."""
    if not any(entry.get("networkData") for entry in reported.sent):
        not_applicable("the driver reports no network data")
    problems = list(rules.odd_network(reported.sent))
    each(problems, wanted=rules.odd_network.__doc__, where="networkData as sent")


@requirement(
    "STAT-012",
    why="the API server refuses writes about devices that are no longer allocated, again and again",
)
def test_nothing_is_written_after_unprepare(reported: Reported) -> None:
    """From the call to unprepare on, the driver does not write the claim's status."""
    each([f"{r.verb} {r.code}" for r in reported.late], wanted="no writes", where="after unprepare")


def require_entry(harness: Harness, claim: Claim) -> None:
    """Prepare a claim, which must get an entry if the driver reports at all."""
    harness.kubelet.prepared(claim)
    wait_for(
        lambda: bool(entries_of(harness, claim)), REPORT_S if FEATURE in harness.descriptor.features else 0
    )
    found = bool(entries_of(harness, claim))
    require(harness, FEATURE, found, "STAT-002", "no status of a prepared claim was written")


@requirement("STAT-009", why="a pod starts without its device, or its status says for good what is not so")
def test_a_status_that_cannot_be_written_does_no_harm(harness: Harness) -> None:
    """A refused write of the status fails prepare or leaves it as good as ever, and is repeated or logged."""
    first = harness.claim()
    require_entry(harness, first)
    harness.release(first)
    problems = []
    for code in CODES:
        claim, logged = harness.claim(), harness.driver.log_size()
        harness.api.fail_next(code, times=1, verbs=("update", "patch"), plural="resourceclaims")
        entry = harness.kubelet.attempt(claim)[claim.uid]
        harness.api.heal()
        ids = [name for device in entry.devices for name in device.cdi_ids]
        if not entry.error and (not ids or any(len(harness.cdi.definitions(name)) != 1 for name in ids)):
            problems.append(f"{code}: success without CDI devices")

        def shown(claim: Claim = claim, logged: int = logged) -> bool:
            return names_claim(harness.driver.log_text(logged), claim) or bool(entries_of(harness, claim))

        if not entry.error and wait_for(shown, REPORT_S) is None:
            problems.append(f"{code}: neither repeated nor logged")
        harness.release(claim)
    each(problems, wanted="an error or a working device, and a retry or a log line", where="refused writes")


def names_claim(text: str, claim: Claim) -> bool:
    """Whether a log complains of a claim: it names it in a line about its status."""
    lines = [line for line in text.splitlines() if claim.name in line or claim.uid in line]
    return any("status" in line for line in lines)


@pytest.fixture
def without_field(
    shared: object, factory: HarnessFactory, request: pytest.FixtureRequest
) -> Iterator[Harness]:
    """As ``isolated``, with an API server that drops status.devices."""
    with ExitStack() as stack:
        harness = factory.make(stack, kubernetes=VERSIONS[0], gates={FEATURE: False})
        request.node.stash[EVIDENCE] = harness.evidence
        yield harness


@requirement("STAT-010", why="on an older cluster the driver does not work, or floods the API server")
def test_a_server_that_drops_the_field_is_accepted(without_field: Harness) -> None:
    """Where the API server drops status.devices, claims are prepared, and the write is not repeated all the time."""
    if FEATURE not in without_field.descriptor.features:
        not_applicable(f"the driver does not claim {FEATURE}")
    without_field.start_registered()
    claim = without_field.claim()
    without_field.kubelet.prepared(claim)
    wait_for(lambda: len(status_writes(without_field, claim)) > REPEATS, QUIET_S)
    count = len(status_writes(without_field, claim))
    expect(count <= REPEATS, wanted=f"at most {REPEATS} writes", found=count, where="status of one claim")


@requirement(
    "STAT-011", why="the status says what an older version of the driver knew, or grows until it is refused"
)
def test_entries_stay_after_a_restart(isolated: Harness) -> None:
    """After a restart and three more prepares the claim has the same entries as before, once each."""
    isolated.start_registered()
    claim = isolated.claim()
    require_entry(isolated, claim)
    before = [rules.key_of(entry) for entry in entries_of(isolated, claim)]
    isolated.restart()
    for _ in range(3):
        isolated.kubelet.prepared(claim)
    wait_for(lambda: bool(entries_of(isolated, claim)), REPORT_S)
    after = [rules.key_of(entry) for entry in entries_of(isolated, claim)]
    expect(after == before, wanted=before, found=after, where="status.devices after a restart")
