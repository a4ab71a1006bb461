"""Calls at the same time, many claims, admin access and configurations: what a busy node does to a driver."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

from dra_api import names
from dra_conformance.expect import each, expect, expect_soon
from dra_conformance.harness.kubelet import Entry, pairs
from dra_conformance.harness.world import Claim, World
from dra_conformance.requirement import requirement

CHURN_S = 0.02
"""Between two rounds of prepare and unprepare while something else is waited for, which may take long."""


def ids_of(world: World, claim: Claim) -> list[str]:
    """The CDI ids of a claim that must be preparable."""
    return [name for device in world.kubelet.prepared(claim) for name in device.cdi_ids]


@requirement("CONC-002", why="a kubelet that restarts asks again while the first call still runs")
def test_one_claim_prepared_at_the_same_time(world: World) -> None:
    """Eight prepares of one claim at once answer alike, or with an error that goes away."""
    claim = world.claim()
    endpoint, version = world.kubelet.endpoint, world.kubelet.version()
    with ThreadPoolExecutor(8) as pool:
        calls = [
            pool.submit(world.kubelet.prepare, claim, endpoint=endpoint, version=version) for _ in range(8)
        ]
        answers = {call.result()[claim.uid].devices for call in calls if not call.result()[claim.uid].error}
    again = world.kubelet.prepared(claim)
    world.drop(claim)
    expect(answers <= {again}, wanted=again, found=answers, where="eight prepares at once")


@requirement("CONC-003", why="a pod may be deleted while it is being set up")
def test_prepare_and_unprepare_of_one_claim_at_the_same_time(world: World) -> None:
    """After prepare and unprepare of one claim at once, either all of its ids resolve or none, and unprepare cleans up."""
    endpoint, version = world.kubelet.endpoint, world.kubelet.version()
    for _ in range(5):
        claim = world.claim(*world.need(2))
        with ThreadPoolExecutor(2) as pool:
            first = pool.submit(world.kubelet.prepare, claim, endpoint=endpoint, version=version)
            second = pool.submit(world.kubelet.unprepare, claim, version=version)
            devices = first.result()[claim.uid].devices
            second.result()
        ids = [name for device in devices for name in world.own(device.cdi_ids)]
        counts = {len(world.cdi.definitions(name)) for name in ids}
        world.kubelet.unprepared(claim)
        left = [file.path.name for file in world.cdi.files() if claim.uid in file.text]
        world.drop(claim)
        expect(len(counts) <= 1, wanted="all or nothing", found=counts, where="CDI definitions")
        each(left, wanted="nothing left", where="CDI folder")


@requirement("CONC-004", why="pods come and go at the same time")
def test_prepare_and_unprepare_of_two_claims_at_the_same_time(world: World) -> None:
    """While one claim is prepared and unprepared again and again, another one's ids stay valid."""
    first, second = world.need(2)
    stays, moves = world.claim(first), world.claim(second)
    ids, done, lost = ids_of(world, stays), threading.Event(), []

    def churn() -> None:
        while not done.is_set():
            world.kubelet.attempt(moves)
            world.kubelet.attempt_unprepare(moves)

    thread = threading.Thread(target=churn)
    thread.start()
    try:
        for _ in range(30):
            lost += [name for name in ids if len(world.cdi.definitions(name)) != 1]
            if ids_of(world, stays) != ids:
                lost.append("prepare answered otherwise")
    finally:
        done.set()
        thread.join()
    world.drop(stays, moves)
    each(lost[:5], wanted="the other claim untouched", where="beside a claim that comes and goes")


@requirement("CONC-005", why="the kubelet takes a driver that does not answer GetInfo for broken")
def test_registration_answers_while_claims_are_prepared(world: World) -> None:
    """While claims are prepared, GetInfo answers within its second."""
    claims, done = [world.claim(device) for device in world.need(3)], threading.Event()
    endpoint, version = world.kubelet.endpoint, world.kubelet.version()

    def churn(claim: Claim) -> None:
        while not done.is_set():
            world.kubelet.prepare(claim, endpoint=endpoint, version=version)
            world.kubelet.unprepare(claim, version=version)

    threads = [threading.Thread(target=churn, args=(claim,)) for claim in claims]
    for thread in threads:
        thread.start()
    try:
        slowest = 0.0
        for _ in range(10):
            start = time.monotonic()
            world.kubelet.info()
            slowest = max(slowest, time.monotonic() - start)
    finally:
        done.set()
        for thread in threads:
            thread.join()
    world.drop(*claims)
    expect(
        slowest < names.GET_INFO_TIMEOUT_S,
        wanted="below 1 s",
        found=f"{slowest:.3f} s",
        where="GetInfo under load",
    )


@requirement("CONC-009", why="the scheduler waits for slices while pods start")
def test_slices_are_published_while_claims_are_prepared(fresh: World) -> None:
    """A slice that is deleted while claims are prepared comes back."""
    fresh.start_registered()
    claim, done = fresh.claim(), threading.Event()

    def churn() -> None:
        while not done.is_set():
            fresh.kubelet.attempt(claim)
            fresh.kubelet.attempt_unprepare(claim)
            done.wait(CHURN_S)

    thread = threading.Thread(target=churn)
    thread.start()
    try:
        fresh.api.delete_slice(fresh.api.own_slices()[0]["metadata"]["name"])
        expect_soon(
            lambda: bool(fresh.api.own_slices()),
            within_s=fresh.descriptor.budgets.repair_seconds,
            wanted="the slice again",
            found=lambda: "none",
            where="slices while claims are prepared",
        )
    finally:
        done.set()
        thread.join()


@requirement("SCL-001", "SCL-003", why="a node that restarts prepares all of its pods at once")
def test_a_batch_of_64_claims_is_answered(world: World) -> None:
    """A request with 64 claims has 64 entries, each with the claim's device or an error, and every device is given."""
    devices = world.need(len(world.devices()))
    claims = [world.claim(devices[index % len(devices)]) for index in range(64)]
    answer = world.kubelet.prepare(*claims)
    world.drop(*claims)
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
def test_nothing_is_watched_without_need(fresh: World) -> None:
    """The driver lists and watches neither pods nor claims, nor slices of other nodes."""
    fresh.start_registered()
    fresh.kubelet.prepared(fresh.claim())
    wide = [
        f"{r.verb} {r.plural}"
        for r in fresh.api.driver_requests(verbs=("list", "watch"))
        if fresh.node not in r.query.get("fieldSelector", "")
    ]
    each(wide, wanted="field selectors", where="lists and watches of the driver")


@requirement("SCL-007", why="every pod start would load the API server")
def test_a_prepare_costs_few_requests(fresh: World) -> None:
    """One prepare causes at most three requests to the API server."""
    fresh.start_registered()
    claim = fresh.claim()
    time.sleep(0.2)
    before = len(fresh.api.driver_requests(plural="resourceclaims"))
    fresh.kubelet.prepared(claim)
    count = len(fresh.api.driver_requests(plural="resourceclaims")) - before
    expect(count <= 3, wanted="at most 3", found=count, where="requests for one prepare")


@requirement("ADM-001", "ADM-002", "ADM-007", why="administrators look at devices that users work with")
def test_admin_access_to_a_device_in_use(world: World) -> None:
    """Admin access is given beside the user's claim, changes nothing of it, and each can be unprepared by itself."""
    device = world.need(1)[0]
    user, admin = world.claim(device), world.claim(device, admin=True)
    ids = ids_of(world, user)
    edits = [world.cdi.edits(name) for name in ids]
    entry = world.kubelet.attempt(admin).get(admin.uid, Entry((), "no entry"))
    after = [world.cdi.edits(name) for name in ids]
    world.kubelet.unprepared(user)
    left = world.left(ids)
    world.drop(admin, user)
    expect(not entry.error and bool(entry.devices), wanted="prepared", found=entry, where="admin access")
    expect(after == edits, wanted=edits, found=after, where="the user's CDI edits")
    each(left, wanted="the user's claim unprepared", where="beside admin access")


@requirement("CFG-001", why="claims of several drivers carry the parameters of each")
def test_foreign_parameters_are_ignored(world: World) -> None:
    """Parameters of another driver, whatever is in them, do not hinder prepare."""
    garbage = {
        "source": "FromClaim",
        "opaque": {"driver": "other.example.com", "parameters": {"kind": [{"x": None}]}},
    }
    claim = world.claim(raw_configs=[garbage])
    world.kubelet.prepared(claim)
    world.drop(claim)


@requirement("CFG-014", why="Kubernetes may add other kinds of configuration")
def test_unknown_kinds_of_configuration_do_no_harm(world: World) -> None:
    """A configuration entry without the member opaque is ignored or refused; the driver lives."""
    claim = world.claim(raw_configs=[{"source": "FromClass", "requests": ["gpu"]}])
    world.kubelet.attempt(claim)
    world.drop(claim)
    expect(world.driver.running, wanted="running", found=f"exit {world.driver.exit_code}", where="driver")
    world.kubelet.prepare()
