"""One version of the driver after another on a node: what was prepared, named and promised before (kubeletplugin, 1.37)."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import grpc

from dra_conformance.catalogue.marks import requirement
from dra_conformance.drivers.parts import Variant
from dra_conformance.expectations import each, expect, not_applicable
from dra_conformance.harness.harness import Harness
from dra_conformance.suite.prepare.claims import prepared_ids
from dra_conformance.suite.slices.phases import watched_start
from dra_conformance.suite.slices.published import names_of, wait_published

SAMPLE_S = 0.002
CALL_S, QUICK_S = 3.0, 2.0
Pair = tuple[Harness, Harness]


def previous(harness: Harness) -> Variant:
    """How the version before is started."""
    found = harness.descriptor.start.previous
    if found is None:
        not_applicable("the descriptor has no start.previous")
    return found


@requirement("UPG-010", why="pods that were started before an update could not end after it")
def test_claims_of_the_version_before_are_known(isolated: Harness) -> None:
    """A claim that the version before prepared is prepared alike and unprepared by this one."""
    isolated.start_registered(variant=previous(isolated))
    claim = isolated.claim()
    before = isolated.kubelet.prepared(claim)
    isolated.restart()
    lost = [name for device in before for name in device.cdi_ids if not isolated.cdi.definitions(name)]
    each(lost, wanted="every CDI id resolves", where="after the update")
    after = isolated.kubelet.prepared(claim)
    expect(after == before, wanted=before, found=after, where="prepare after the update")
    isolated.kubelet.unprepared(claim)
    left = isolated.still_defined([name for device in before for name in device.cdi_ids])
    each(left, wanted="no CDI device left", where="unprepare after the update")


@requirement("UPG-011", why="an update that goes wrong could not be taken back on a node with pods")
def test_a_downgrade_loses_no_claim(isolated: Harness) -> None:
    """After a downgrade a claim of the newer version is unprepared, or refused and still known to the newer one."""
    older = previous(isolated)
    isolated.start_registered()
    claim = isolated.claim()
    ids = prepared_ids(isolated, claim)
    isolated.restart(variant=older)
    lost = [name for name in ids if not isolated.cdi.definitions(name)]
    each(lost, wanted="every CDI id resolves", where="after the downgrade, before unprepare")
    if isolated.kubelet.attempt_unprepare(claim)[claim.uid].error:
        isolated.restart()
        isolated.kubelet.unprepared(claim)
    each(isolated.still_defined(ids), wanted="no CDI device left", where="after the downgrade and unprepare")


@requirement("UPG-012", why="containers of running pods that restart during an update would not start")
def test_cdi_ids_resolve_all_through_an_update(isolated: Harness) -> None:
    """While the driver is replaced, by this version or from the one before, the CDI ids of a prepared claim always resolve."""
    isolated.start_registered(variant=isolated.descriptor.start.previous)
    ids = prepared_ids(isolated, isolated.claim(*isolated.require_devices(2)))
    with watched_ids(isolated, ids) as lost:
        isolated.restart()
    each(sorted(lost), wanted="defined at every moment", where="CDI ids during the update")


@contextmanager
def watched_ids(harness: Harness, ids: list[str]) -> Iterator[set[str]]:
    """The ids that are undefined at some moment meanwhile."""
    lost: set[str] = set()
    done = threading.Event()

    def look() -> None:
        while not done.wait(SAMPLE_S):
            defined = harness.cdi.names()
            lost.update(name for name in ids if name not in defined)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield lost
    finally:
        done.set()
        thread.join()


@requirement("UPG-013", why="claims that are allocated name devices that are gone after the update")
def test_names_stay_over_an_update(isolated: Harness) -> None:
    """The version before and this one publish the same pools and devices on the same hardware."""
    isolated.start_registered(variant=previous(isolated))
    names = names_of(isolated.api.own_slices())
    phase = watched_start(isolated, None)
    wait_published(isolated, names, "after the update")
    seen = {name for state in phase.states for name in names_of(list(state.values()))}
    each(sorted(seen - set(names))[:5], wanted="no other devices", where="slices after the update")


@requirement("UPG-017", why="a pod that starts during an update would wait for a driver that is leaving")
def test_calls_to_a_leaving_instance_do_not_hang(two_instances: Pair) -> None:
    """From SIGTERM to the end of its registration socket, calls to the first instance succeed, or fail within two seconds."""
    old, new = two_instances
    sockets, endpoint, version = old.kubelet.sockets(), old.kubelet.endpoint, old.kubelet.version()
    claim, slow = old.claim(), []
    stopped = threading.Thread(target=old.driver.terminate)
    stopped.start()
    try:
        while stopped.is_alive() and any(path.exists() for path in sockets) and Path(endpoint).exists():
            start = time.monotonic()
            try:
                old.kubelet.prepare(claim, endpoint=endpoint, version=version, timeout_s=CALL_S)
            except grpc.RpcError as error:
                if time.monotonic() - start > QUICK_S and any(path.exists() for path in sockets):
                    slow.append(f"{error.code().name} after {time.monotonic() - start:.1f} s")
                    break
    finally:
        stopped.join()
    new.kubelet.prepared(claim)
    each(
        slow, wanted=f"an answer or an error within {QUICK_S:g} s", where="calls to the instance that leaves"
    )


@requirement("SHUT-007", why="pods that outlive the driver could never end, also after it is installed again")
def test_a_driver_that_is_installed_again_unprepares(isolated: Harness) -> None:
    """Uninstalled while a claim is prepared, with its sockets gone, the driver unprepares the claim when it is back."""
    isolated.start_registered()
    device = isolated.require_devices(1)[0]
    claim, other = isolated.claim(device), isolated.claim(device)
    ids = prepared_ids(isolated, claim)
    isolated.driver.terminate()
    isolated.kubelet.disconnect()
    for path in (*isolated.kubelet.sockets(), *isolated.data_dir.glob("*.sock")):
        path.unlink()
    isolated.restart_killed()
    isolated.kubelet.unprepared(claim)
    each(isolated.still_defined(ids), wanted="no CDI device left", where="after the driver came back")
    isolated.kubelet.prepared(other)
