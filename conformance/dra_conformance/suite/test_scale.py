"""Many claims, and what a driver costs the API server."""

import os
import statistics
import time
from pathlib import Path

from dra_conformance.catalogue.marks import requirement
from dra_conformance.expectations import each, expect, not_applicable
from dra_conformance.harness.answers import pairs
from dra_conformance.harness.harness import Harness

RESULTS_MAX = 32
"""The most results of an allocation (resource/v1 AllocationResultsMaxSize)."""
CYCLES, BATCH = 1000, 8
SOAK_S = 8
WARM_UP = 5
"""Rounds before the first measurement: pools and caches have grown by then."""
GROWTH_KIB, GROWTH_MIN_MIB = 16, 6
"""How much memory a cycle may leave behind, and what is allowed in any case."""
RESTORED_MAX = 24
SLOWER = 3
"""Times the first start, on a machine so busy that the first one took long too."""


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


@requirement("SCL-002", why="large jobs ask for all devices of a node in one claim")
def test_a_claim_with_32_results_is_prepared(isolated: Harness) -> None:
    """A claim with the most results that an allocation can have is answered with each device, for its request."""
    isolated.start_registered(variant=isolated.descriptor.start.many)
    devices = isolated.require_devices(1) and [(pool, name) for pool, name, _ in isolated.devices()]
    admin = len(devices) < RESULTS_MAX
    if admin and "DRAAdminAccess" not in isolated.descriptor.features:
        not_applicable(f"the driver has {len(devices)} plain devices, and none can be given twice")
    chosen = [devices[index % len(devices)] for index in range(RESULTS_MAX)]
    requests = [f"r{index // len(devices)}" for index in range(RESULTS_MAX)]
    claim = isolated.claim(*chosen, requests=requests, admin=admin)
    found = {(d.device, request) for d in isolated.kubelet.prepared(claim) for request in d.requests}
    wanted = {(name, request) for (_, name), request in zip(chosen, requests, strict=True)}
    missing = sorted(f"{name} for {request}" for name, request in wanted - found)
    each(missing, wanted="every device for its request", where=f"claim with {RESULTS_MAX} results")


@requirement(
    "SCL-004", "SCL-008", why="a node that runs for months would run out of memory, or start pods ever slower"
)
def test_many_cycles_leave_no_trace(isolated: Harness) -> None:
    """Over 1000 prepares and unprepares, or as many as eight seconds take, memory, descriptors and time per call do not grow."""
    isolated.start_registered()
    claims = [
        isolated.claim(device) for device in isolated.require_devices(min(len(isolated.devices()), BATCH))
    ]
    endpoint, version = isolated.kubelet.endpoint, isolated.kubelet.version()
    pid, seconds = isolated.driver.pid, list[float]()

    def cycle() -> None:
        start = time.monotonic()
        isolated.kubelet.prepare(*claims, endpoint=endpoint, version=version)
        isolated.kubelet.unprepare(*claims, endpoint=endpoint, version=version)
        seconds.append(time.monotonic() - start)

    for _ in range(WARM_UP):
        cycle()
    before = memory_mib(pid), descriptors(pid)
    end = time.monotonic() + SOAK_S
    while len(seconds) * len(claims) < CYCLES and (time.monotonic() < end or len(seconds) < 4 * WARM_UP):
        cycle()
    after = memory_mib(pid), descriptors(pid)
    quarter = len(seconds) // 4
    early, late = statistics.median(seconds[:quarter]), statistics.median(seconds[-quarter:])
    count = (len(seconds) - WARM_UP) * len(claims)
    isolated.evidence.add(
        "measure", f"{count} cycles", before=before, after=after, early_s=early, late_s=late
    )
    limit = max(GROWTH_MIN_MIB, count * GROWTH_KIB / 1024)
    grown = f"{after[0] - before[0]:.1f} MiB"
    expect(
        after[0] - before[0] < limit, wanted=f"below {limit:.0f} MiB", found=grown, where=f"{count} cycles"
    )
    expect(
        after[1] <= before[1] + 8, wanted=before[1], found=after[1], where=f"descriptors after {count} cycles"
    )
    expect(
        late < 3 * early + 0.05,
        wanted=f"about {early * 1000:.0f} ms, as at first",
        found=f"{late * 1000:.0f} ms",
        where=f"prepare and unprepare of {len(claims)} claims, in the last quarter",
    )


def memory_mib(pid: int) -> float:
    """The memory of a process and its children that is its own, in MiB."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / (1 << 20)


def descriptors(pid: int) -> int:
    """How many descriptors a process has open."""
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


@requirement(
    "SCL-005", why="after a reboot of the driver the kubelet would take a large node's driver for dead"
)
def test_a_full_node_starts_in_time(isolated: Harness) -> None:
    """With many devices, and a claim prepared on each of up to 24, a driver that was killed registers within its budget."""
    variant = isolated.descriptor.start.many
    begin = time.monotonic()
    isolated.start(variant=variant)
    first = time.monotonic() - begin
    isolated.register()
    devices = [(pool, name) for pool, name, _ in isolated.devices()][:RESTORED_MAX]
    claims = [isolated.claim(device) for device in devices]
    for number in range(0, len(claims), BATCH):
        isolated.kubelet.prepare(*claims[number : number + BATCH])
    isolated.driver.kill()
    begin = time.monotonic()
    isolated.restart_killed(variant=variant)
    seconds = time.monotonic() - begin
    limit_s = max(isolated.descriptor.budgets.start_seconds, SLOWER * first)
    found = f"{seconds:.1f} s, and {first:.1f} s without claims"
    expect(seconds <= limit_s, wanted=f"at most {limit_s:.0f} s", found=found, where="start of a full node")
