"""Many claims, and what a driver costs the API server."""

import time

from dra_conformance.catalogue.marks import requirement
from dra_conformance.expectations import each, expect
from dra_conformance.harness.answers import pairs
from dra_conformance.harness.harness import Harness


@requirement("SCL-001", "SCL-003", why="a node that restarts prepares all of its pods at once")
def test_a_batch_of_64_claims_is_answered(harness: Harness) -> None:
    """A request with 64 claims has 64 entries, each with the claim's device or an error, and every device is given."""
    devices = harness.require_devices(len(harness.devices()))
    claims = [harness.claim(devices[index % len(devices)]) for index in range(64)]
    answer = harness.kubelet.prepare(*claims)
    harness.release(*claims)
    missing = [claim.name for claim in claims if claim.uid not in answer]
    each(missing, wanted="an entry for each", where="batch of 64")
    given = {claim: pairs(answer[claim.uid].devices) for claim in claims}
    wrong = [
        f"{claim.name}: {given[claim]}" for claim in claims if given[claim] not in ([], [*claim.devices])
    ]
    each(wrong, wanted="each claim its own device, or an error", where="batch of 64")
    served = {found[0] for found in given.values() if found}
    expect(served == set(devices), wanted="every device", found=sorted(served), where="batch of 64")


@requirement("SCL-006", why="a thousand drivers that watch everything are an outage")
def test_nothing_is_watched_without_need(isolated: Harness) -> None:
    """The driver lists and watches neither pods nor claims, nor slices of other nodes."""
    isolated.start_registered()
    isolated.kubelet.prepared(isolated.claim())
    wide = [
        f"{r.verb} {r.plural}"
        for r in isolated.api.driver_requests(verbs=("list", "watch"))
        if isolated.node not in r.query.get("fieldSelector", "")
    ]
    each(wide, wanted="field selectors", where="lists and watches of the driver")


@requirement("SCL-007", why="every pod start would load the API server")
def test_a_prepare_costs_few_requests(isolated: Harness) -> None:
    """One prepare causes at most three requests to the API server."""
    isolated.start_registered()
    claim = isolated.claim()
    time.sleep(0.2)
    before = len(isolated.api.driver_requests(plural="resourceclaims"))
    isolated.kubelet.prepared(claim)
    count = len(isolated.api.driver_requests(plural="resourceclaims")) - before
    expect(count <= 3, wanted="at most 3", found=count, where="requests for one prepare")
