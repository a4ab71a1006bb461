"""SIGTERM: what a driver removes when it stops, and what it leaves in place."""

import signal
import time
from pathlib import Path

import grpc

from dra_api import names
from dra_conformance.catalogue.marks import requirement
from dra_conformance.expectations import each, expect
from dra_conformance.harness.answers import Answers
from dra_conformance.harness.harness import Harness


@requirement(
    "SHUT-001",
    "SHUT-008",
    why="a pod that does not end in its grace period is killed in the middle of its work",
)
def test_sigterm_ends_the_driver_with_zero(isolated: Harness) -> None:
    """SIGTERM ends the driver within its budget, with exit code 0."""
    isolated.start_registered()
    start = time.monotonic()
    code = isolated.driver.terminate()
    found = f"exit {code} after {time.monotonic() - start:.1f} s"
    expect(
        code == 0,
        wanted=f"exit 0 within {isolated.descriptor.budgets.stop_seconds:g} s",
        found=found,
        where="SIGTERM",
    )


@requirement("SHUT-002", why="the kubelet would go on dialling a dead socket")
def test_both_sockets_go_at_sigterm(isolated: Harness) -> None:
    """SIGTERM removes the registration and the DRA socket."""
    isolated.start_registered()
    endpoint = Path(isolated.kubelet.endpoint)
    isolated.driver.terminate()
    left = [str(path.name) for path in (*isolated.kubelet.sockets(), endpoint) if path.exists()]
    each(left, wanted="no sockets", where="after SIGTERM")


@requirement("SHUT-003", why="every update of the driver would otherwise make running claims look lost")
def test_slices_stay_at_sigterm(isolated: Harness) -> None:
    """SIGTERM deletes no slice."""
    isolated.start_registered()
    before = [item["metadata"]["uid"] for item in isolated.api.own_slices()]
    isolated.driver.terminate()
    after = [item["metadata"]["uid"] for item in isolated.api.own_slices()]
    expect(after == before, wanted="the same slices", found=after, where="slices after SIGTERM")


@requirement("SHUT-004", why="running pods use the devices while the driver is updated")
def test_prepared_claims_stay_at_sigterm(isolated: Harness) -> None:
    """SIGTERM leaves the CDI files of prepared claims in place."""
    isolated.start_registered()
    devices = isolated.kubelet.prepared(isolated.claim())
    isolated.driver.terminate()
    lost = [name for device in devices for name in device.cdi_ids if len(isolated.cdi.definitions(name)) != 1]
    each(lost, wanted="every CDI id resolves", where="after SIGTERM")


@requirement(
    "SHUT-006", "SHUT-005", why="a prepare that is accepted and lost leaves a pod without its device"
)
def test_prepare_during_stop_is_refused_or_kept(isolated: Harness) -> None:
    """A prepare right after SIGTERM fails, or has succeeded durably; repeated after a restart it gives a right answer."""
    isolated.start_registered()
    claim = isolated.claim()
    endpoint = isolated.kubelet.endpoint
    isolated.driver.signal(signal.SIGTERM)
    try:
        first = isolated.kubelet.prepare(claim, version=names.DRA_V1, timeout_s=2, endpoint=endpoint)
    except grpc.RpcError:
        first = Answers()
    isolated.driver.wait(isolated.descriptor.budgets.stop_seconds)
    isolated.kubelet.disconnect()
    isolated.start()
    again = isolated.kubelet.prepared(claim)
    if claim.uid in first and not first[claim.uid].error:
        expect(again == first[claim.uid].devices, wanted=first, found=again, where="prepare after restart")
