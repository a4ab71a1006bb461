"""Recovery: kill -9, lost and broken state, dropped connections (driver state is the driver's own; the effects are not)."""

import time

import grpc

from dra_conformance.catalogue.marks import requirement
from dra_conformance.expectations import each, expect, expect_soon, not_applicable
from dra_conformance.harness.answers import Entry, pairs
from dra_conformance.harness.harness import Claim, Harness
from dra_conformance.harness.kubelet import VERSIONS
from dra_conformance.harness.watching import made_in
from dra_conformance.suite.slices.published import names_of, wait_published


def ids_of(harness: Harness, claim: Claim) -> list[str]:
    """The CDI ids of a claim that must be preparable."""
    return [name for device in harness.kubelet.prepared(claim) for name in device.cdi_ids]


def send(harness: Harness, method: str, claim: Claim) -> None:
    """Start a call and do not wait for it."""
    stub, messages = VERSIONS[harness.kubelet.version()]
    message = messages.Claim(namespace=claim.namespace, name=claim.name, uid=claim.uid)
    request = getattr(messages, f"{method}Request")(claims=[message])
    getattr(stub(harness.kubelet.channel(harness.kubelet.endpoint)), method).future(request)
    harness.evidence.add("grpc", f"sent {method} without waiting", claim=claim)


def kill_within(harness: Harness, longest_s: float) -> None:
    """SIGKILL after a random part of LONGEST_S, then start again."""
    delay = harness.random.random() * longest_s
    deadline = time.monotonic() + delay
    while time.monotonic() < deadline:
        time.sleep(0.0002)
    harness.evidence.add("process", f"kill after {delay * 1000:.2f} ms")
    harness.restart(kill=True)


def leftovers(harness: Harness, claim: Claim) -> list[str]:
    """CDI files that mention a claim."""
    return [file.path.name for file in harness.cdi.files() if claim.uid in file.text]


@requirement("REC-002", why="kernels kill what uses too much memory, at any moment")
def test_kill_during_prepare(isolated: Harness) -> None:
    """Killed at random moments of prepare, the driver then prepares the claim, or unprepares it, without leftovers."""
    isolated.start_registered()
    device = isolated.require_devices(1)[0]
    for attempt in range(4):
        claim = isolated.claim(device)
        send(isolated, "NodePrepareResources", claim)
        kill_within(isolated, 0.008)
        if attempt % 2:
            ids = ids_of(isolated, claim)
            lost = [name for name in ids if len(isolated.cdi.definitions(name)) != 1]
            each(lost, wanted="every CDI id resolves", where="prepare after kill")
        isolated.kubelet.unprepared(claim)
        each(leftovers(isolated, claim), wanted="no leftovers", where="unprepare after kill")
        isolated.release(claim)


@requirement("REC-003", why="kernels kill what uses too much memory, at any moment")
def test_kill_during_unprepare(isolated: Harness) -> None:
    """Killed at random moments of unprepare, the driver then unprepares the claim without leftovers."""
    isolated.start_registered()
    device = isolated.require_devices(1)[0]
    for _ in range(3):
        claim = isolated.claim(device)
        isolated.kubelet.prepared(claim)
        send(isolated, "NodeUnprepareResources", claim)
        kill_within(isolated, 0.006)
        isolated.kubelet.unprepared(claim)
        each(leftovers(isolated, claim), wanted="no leftovers", where="unprepare after kill")
        other = isolated.claim(device)
        found = pairs(isolated.kubelet.prepared(other))
        isolated.release(other, claim)
        expect(found == [device], wanted=[device], found=found, where="the device for another claim")


@requirement("REC-004", why="a disk that was full leaves such files")
def test_broken_state_is_survived(isolated: Harness) -> None:
    """With its state overwritten by rubbish, the driver prepares again or says which file it cannot read, and lives on."""
    isolated.start_registered()
    claim = isolated.claim()
    isolated.kubelet.prepared(claim)
    isolated.driver.kill()
    broken = [path for path in isolated.data_dir.rglob("*") if path.is_file()]
    for path in broken:
        path.write_bytes(b"rubbish " * 64)
    isolated.kubelet.disconnect()
    for path in isolated.kubelet.sockets():
        path.unlink()
    isolated.driver.start()
    expect_soon(
        lambda: bool(isolated.kubelet.sockets()) or not isolated.driver.running,
        within_s=isolated.descriptor.budgets.start_seconds,
        wanted="to start or to end",
        found=lambda: "neither",
        where="start with broken state",
    )
    if isolated.driver.running:
        isolated.kubelet.register()
        entry = isolated.kubelet.attempt(claim).get(claim.uid, Entry((), "(no entry)"))
        reported = not entry.error or any(path.name in entry.error for path in broken)
        expect(
            reported, wanted="devices, or an error that names the file", found=entry.error, where="prepare"
        )
        before = isolated.driver.log_size()
        isolated.kubelet.attempt_unprepare(claim)
        state = f"exit {isolated.driver.wait(0.2)}; it logged: {isolated.driver.log_text(before)[:300]}"
        expect(isolated.driver.running, wanted="the driver to live on", found=state, where="unprepare")
    else:
        reported = isolated.driver.exit_code != 0 and bool(isolated.driver.log_text().strip())
        expect(
            reported, wanted="a message and a non-zero exit", found=isolated.driver.exit_code, where="driver"
        )


@requirement("REC-006", why="half-written files pile up until the disk is full")
def test_temporary_files_are_removed(isolated: Harness) -> None:
    """A temporary file that the driver left when it was killed is gone after a restart and ten more prepares."""
    isolated.start_registered()
    isolated.data_dir.mkdir(exist_ok=True)
    with made_in(isolated.cdi.folder, isolated.data_dir) as made:
        isolated.kubelet.prepared(isolated.claim())
    temporary = [path for path in made if not path.exists()]
    if not temporary:
        not_applicable("the driver makes no temporary files while it prepares")
    for path in temporary:
        path.write_text("{")
    isolated.evidence.add("files", "left behind, as after a crash", paths=temporary)
    isolated.restart(kill=True)
    for _ in range(10):
        claim = isolated.claim(isolated.require_devices(2)[1])
        isolated.kubelet.prepared(claim)
        isolated.release(claim)
    each(
        [path.name for path in temporary if path.exists()], wanted="no temporary files", where="after a crash"
    )


@requirement("REC-008", why="orphaned files clash with new ones")
def test_orphans_do_no_harm(isolated: Harness) -> None:
    """CDI files of claims that the driver does not know do not stay in conflict."""
    isolated.start_registered()
    claim = isolated.claim()
    isolated.kubelet.prepared(claim)
    files = [file for file in isolated.cdi.files() if claim.uid in file.text and claim.uid in file.path.name]
    if not files:
        not_applicable("the driver writes no CDI file that is named after its claim")
    orphan_uid = isolated.missing_claim().uid
    for file in files:
        orphan = file.path.with_name(file.path.name.replace(claim.uid, orphan_uid))
        orphan.write_text(file.text.replace(claim.uid, orphan_uid))
    isolated.restart(kill=True)
    ids = ids_of(isolated, claim)
    problems = [
        f"{name}: {len(isolated.cdi.definitions(name))}"
        for name in ids
        if len(isolated.cdi.definitions(name)) != 1
    ]
    each(problems, wanted="every id defined once", where="beside an orphan")
    isolated.kubelet.unprepared(claim)
    each(leftovers(isolated, claim), wanted="no leftovers", where="unprepare beside an orphan")


@requirement("REC-014", why="connections drop when kubelets restart")
def test_connection_lost_during_prepare(harness: Harness) -> None:
    """A prepare whose connection dropped is repeated over a new one with a right answer."""
    claim = harness.claim()
    send(harness, "NodePrepareResources", claim)
    harness.kubelet.disconnect()
    ids = ids_of(harness, claim)
    lost = [name for name in ids if len(harness.cdi.definitions(name)) != 1]
    harness.release(claim)
    each(lost, wanted="every CDI id resolves", where="prepare over a new connection")


@requirement("REC-015", why="connections drop when kubelets restart")
def test_connection_lost_during_unprepare(harness: Harness) -> None:
    """An unprepare whose connection dropped is repeated over a new one."""
    claim = harness.claim()
    harness.kubelet.prepared(claim)
    send(harness, "NodeUnprepareResources", claim)
    harness.kubelet.disconnect()
    harness.kubelet.unprepared(claim)
    left = leftovers(harness, claim)
    harness.release(claim)
    each(left, wanted="no leftovers", where="unprepare over a new connection")


@requirement("CONC-001", why="kubelets prepare many pods at once")
def test_claims_prepare_side_by_side(harness: Harness) -> None:
    """Claims of different devices that are prepared at the same time all succeed, each with its own device."""
    claims = [harness.claim(device) for device in harness.require_devices(min(len(harness.devices()), 8))]
    stub, messages = VERSIONS[harness.kubelet.version()]
    method = stub(harness.kubelet.channel(harness.kubelet.endpoint)).NodePrepareResources
    calls = []
    for claim in claims:
        message = messages.Claim(namespace=claim.namespace, name=claim.name, uid=claim.uid)
        calls.append(method.future(messages.NodePrepareResourcesRequest(claims=[message]), timeout=10))
    wrong = []
    for claim, call in zip(claims, calls, strict=True):
        try:
            devices = call.result().claims[claim.uid].devices
        except grpc.RpcError as error:
            wrong.append(f"{claim.name}: {error}")
            continue
        if [(d.pool_name, d.device_name) for d in devices] != list(claim.devices):
            wrong.append(f"{claim.name}: {devices}")
    harness.release(*claims)
    each(wrong, wanted="each claim its device", where=f"{len(claims)} prepares at once")


@requirement("PREP-014", why="two pods would share a device without knowing")
def test_two_claims_race_for_a_device(harness: Harness) -> None:
    """Of two claims that want one device at the same time, exactly one gets it."""
    device = harness.require_devices(1)[0]
    claims = [harness.claim(device), harness.claim(device)]
    answer = harness.kubelet.prepare(*claims)
    winners = [claim for claim in claims if not answer.get(claim.uid, Entry((), "none")).error]
    harness.release(*claims)
    expect(len(winners) == 1, wanted="one winner", found=answer, where=f"two claims for {device[1]}")


@requirement("REC-009", why="nodes boot faster than control planes")
def test_driver_starts_without_api_server(isolated: Harness) -> None:
    """Without an API server the driver registers and answers unprepare, and publishes once the server is there."""
    isolated.api.outage(on=True)
    try:
        isolated.start()
        isolated.kubelet.register()
        isolated.kubelet.unprepared(isolated.missing_claim())
    finally:
        isolated.api.outage(on=False)
    found = isolated.api.wait_slices(isolated.descriptor.budgets.repair_seconds)
    expect(bool(found), wanted="slices", found="none", where="after the API server came up")


@requirement("REC-010", why="an outage of the control plane must not need hands on every node")
def test_outage_is_survived(isolated: Harness) -> None:
    """After an outage slices are kept up again and claims are looked up, without a restart."""
    isolated.start_registered()
    slices = isolated.api.own_slices()
    isolated.api.outage(on=True)
    time.sleep(0.5)
    isolated.api.outage(on=False)
    isolated.api.delete_slice(slices[0]["metadata"]["name"])
    wait_published(isolated, names_of(slices), "after an outage")
    isolated.kubelet.prepared(isolated.claim())
