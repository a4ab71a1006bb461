"""Calls at the same time: what a busy node does to a driver."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import grpc

from dra_api import names
from dra_conformance.catalogue.marks import requirement
from dra_conformance.expectations import each, expect, expect_soon
from dra_conformance.harness.harness import Claim, Harness
from dra_conformance.harness.watching import IN_CREATE, IN_MODIFY, IN_MOVED_TO, Watch

PATIENCE_S, SLOW_S = 0.2, 0.6
"""The deadline of calls that shall miss it, and how long their claim takes to be read."""
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


@requirement(
    "CONC-008", why="a kubelet gives up and asks again while the driver still works on the first call"
)
def test_calls_that_wait_past_their_deadline_do_no_harm(isolated: Harness) -> None:
    """Of 24 calls behind a slow one, all past their deadlines, none spoils what is prepared and unprepared afterwards."""
    isolated.start_registered()
    devices = isolated.require_devices(3)
    claims = [isolated.claim(device) for device in devices]
    endpoint, version = isolated.kubelet.endpoint, isolated.kubelet.version()

    def call(claim: Claim) -> None:
        try:
            isolated.kubelet.prepare(claim, version=version, endpoint=endpoint, timeout_s=PATIENCE_S)
        except grpc.RpcError:
            return

    isolated.api.delay_next(SLOW_S, times=3, verbs=("get",), plural="resourceclaims")
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(call, claims * 8))
    for claim in claims:
        lost = [name for name in ids_of(isolated, claim) if len(isolated.cdi.definitions(name)) != 1]
        each(lost, wanted="every CDI id resolves", where="prepared after calls that missed their deadline")
        isolated.kubelet.unprepared(claim)
    left = [f.path.name for f in isolated.cdi.files() if any(claim.uid in f.text for claim in claims)]
    each(left, wanted="nothing left", where="CDI folder")


@requirement(
    "CONC-006",
    why="after a crash under load the node would have devices without owner, or pods without device",
)
def test_kill_under_parallel_load(isolated: Harness) -> None:
    """Killed after the first, third and fifth change of a file by parallel calls, the driver knows all that it answered."""
    isolated.start_registered()
    devices = isolated.require_devices(4)
    endpoint, version = isolated.kubelet.endpoint, isolated.kubelet.version()
    for count in (1, 3, 5):
        kept, going, *coming = (isolated.claim(device) for device in devices)
        ids = {claim.uid: ids_of(isolated, claim) for claim in (kept, going)}
        with ThreadPoolExecutor(3) as pool, killed_after(isolated, count):
            prepares = [
                pool.submit(attempt_prepare, isolated, claim, endpoint=endpoint, version=version)
                for claim in coming
            ]
            pool.submit(isolated.kubelet.attempt_unprepare, going)
        ids |= {claim.uid: call.result() for claim, call in zip(coming, prepares, strict=True)}
        isolated.restart(kill=True)
        for claim in (kept, *coming):
            lost = [name for name in ids[claim.uid] if len(isolated.cdi.definitions(name)) != 1]
            each(lost, wanted="every id of a finished prepare", where=f"killed after change {count}")
            lost = [name for name in ids_of(isolated, claim) if len(isolated.cdi.definitions(name)) != 1]
            each(lost, wanted="every CDI id resolves", where=f"repeated after a kill at change {count}")
        claims = (kept, going, *coming)
        for claim in claims:
            isolated.kubelet.unprepared(claim)
        left = [f.path.name for f in isolated.cdi.files() if any(claim.uid in f.text for claim in claims)]
        isolated.release(*claims)
        each(left, wanted="nothing left", where=f"CDI folder, killed after change {count}")


def attempt_prepare(harness: Harness, claim: Claim, *, endpoint: str, version: str) -> list[str]:
    """The CDI ids of a prepare that may be interrupted; none if it was."""
    try:
        answer = harness.kubelet.prepare(claim, endpoint=endpoint, version=version)
    except grpc.RpcError:
        return []
    return [name for device in answer[claim.uid].devices for name in device.cdi_ids]


@contextmanager
def killed_after(harness: Harness, count: int) -> Iterator[None]:
    """Kill the driver once COUNT changes of files in its folders were seen; after a second without any, at once."""
    watch = Watch(harness.cdi.folder, harness.data_dir, kinds=IN_CREATE | IN_MODIFY | IN_MOVED_TO)
    try:
        yield
        seen, deadline = 0, time.monotonic() + 1
        while seen < count and (left := deadline - time.monotonic()) > 0:
            seen += len(watch.changes(left))
        harness.driver.kill()
    finally:
        watch.close()
