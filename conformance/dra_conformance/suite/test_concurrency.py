"""Calls at the same time: what a busy node does to a driver."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

from dra_api import names
from dra_conformance.catalogue.marks import requirement
from dra_conformance.expectations import each, expect, expect_soon
from dra_conformance.harness.harness import Claim, Harness

CHURN_S = 0.02
"""Between two rounds of prepare and unprepare while something else is waited for, which may take long."""


def ids_of(harness: Harness, claim: Claim) -> list[str]:
    """The CDI ids of a claim that must be preparable."""
    return [name for device in harness.kubelet.prepared(claim) for name in device.cdi_ids]


@requirement("CONC-002", why="a kubelet that restarts asks again while the first call still runs")
def test_one_claim_prepared_at_the_same_time(harness: Harness) -> None:
    """Eight prepares of one claim at once answer alike, or with an error that goes away."""
    claim = harness.claim()
    endpoint, version = harness.kubelet.endpoint, harness.kubelet.version()
    with ThreadPoolExecutor(8) as pool:
        calls = [
            pool.submit(harness.kubelet.prepare, claim, endpoint=endpoint, version=version) for _ in range(8)
        ]
        answers = {call.result()[claim.uid].devices for call in calls if not call.result()[claim.uid].error}
    again = harness.kubelet.prepared(claim)
    harness.release(claim)
    expect(answers <= {again}, wanted=again, found=answers, where="eight prepares at once")


@requirement("CONC-003", why="a pod may be deleted while it is being set up")
def test_prepare_and_unprepare_of_one_claim_at_the_same_time(harness: Harness) -> None:
    """After prepare and unprepare of one claim at once, either all of its ids resolve or none, and unprepare cleans up."""
    endpoint, version = harness.kubelet.endpoint, harness.kubelet.version()
    for _ in range(5):
        claim = harness.claim(*harness.require_devices(2))
        with ThreadPoolExecutor(2) as pool:
            first = pool.submit(harness.kubelet.prepare, claim, endpoint=endpoint, version=version)
            second = pool.submit(harness.kubelet.unprepare, claim, version=version)
            devices = first.result()[claim.uid].devices
            second.result()
        ids = [name for device in devices for name in harness.without_permanent(device.cdi_ids)]
        counts = {len(harness.cdi.definitions(name)) for name in ids}
        harness.kubelet.unprepared(claim)
        left = [file.path.name for file in harness.cdi.files() if claim.uid in file.text]
        harness.release(claim)
        expect(len(counts) <= 1, wanted="all or nothing", found=counts, where="CDI definitions")
        each(left, wanted="nothing left", where="CDI folder")


@requirement("CONC-004", why="pods come and go at the same time")
def test_prepare_and_unprepare_of_two_claims_at_the_same_time(harness: Harness) -> None:
    """While one claim is prepared and unprepared again and again, another one's ids stay valid."""
    first, second = harness.require_devices(2)
    stays, moves = harness.claim(first), harness.claim(second)
    ids, done, lost = ids_of(harness, stays), threading.Event(), []

    def churn() -> None:
        while not done.is_set():
            harness.kubelet.attempt(moves)
            harness.kubelet.attempt_unprepare(moves)

    thread = threading.Thread(target=churn)
    thread.start()
    try:
        for _ in range(30):
            lost += [name for name in ids if len(harness.cdi.definitions(name)) != 1]
            if ids_of(harness, stays) != ids:
                lost.append("prepare answered otherwise")
    finally:
        done.set()
        thread.join()
    harness.release(stays, moves)
    each(lost[:5], wanted="the other claim untouched", where="beside a claim that comes and goes")


@requirement("CONC-005", why="the kubelet takes a driver that does not answer GetInfo for broken")
def test_registration_answers_while_claims_are_prepared(harness: Harness) -> None:
    """While claims are prepared, GetInfo answers within its second."""
    claims, done = [harness.claim(device) for device in harness.require_devices(3)], threading.Event()
    endpoint, version = harness.kubelet.endpoint, harness.kubelet.version()

    def churn(claim: Claim) -> None:
        while not done.is_set():
            harness.kubelet.prepare(claim, endpoint=endpoint, version=version)
            harness.kubelet.unprepare(claim, version=version)

    threads = [threading.Thread(target=churn, args=(claim,)) for claim in claims]
    for thread in threads:
        thread.start()
    try:
        slowest = 0.0
        for _ in range(10):
            start = time.monotonic()
            harness.kubelet.info()
            slowest = max(slowest, time.monotonic() - start)
    finally:
        done.set()
        for thread in threads:
            thread.join()
    harness.release(*claims)
    expect(
        slowest < names.GET_INFO_TIMEOUT_S,
        wanted="below 1 s",
        found=f"{slowest:.3f} s",
        where="GetInfo under load",
    )


@requirement("CONC-009", why="the scheduler waits for slices while pods start")
def test_slices_are_published_while_claims_are_prepared(isolated: Harness) -> None:
    """A slice that is deleted while claims are prepared comes back."""
    isolated.start_registered()
    claim, done = isolated.claim(), threading.Event()

    def churn() -> None:
        while not done.is_set():
            isolated.kubelet.attempt(claim)
            isolated.kubelet.attempt_unprepare(claim)
            done.wait(CHURN_S)

    thread = threading.Thread(target=churn)
    thread.start()
    try:
        isolated.api.delete_slice(isolated.api.first_slice()["metadata"]["name"])
        expect_soon(
            lambda: bool(isolated.api.own_slices()),
            within_s=isolated.descriptor.budgets.repair_seconds,
            wanted="the slice again",
            found=lambda: "none",
            where="slices while claims are prepared",
        )
    finally:
        done.set()
        thread.join()
