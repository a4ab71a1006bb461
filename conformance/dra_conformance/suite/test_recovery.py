"""Recovery: kill -9, lost and broken state, dropped connections (driver state is the driver's own; the effects are not)."""

import time

import grpc

from dra_conformance.expect import each, expect, expect_soon, not_applicable
from dra_conformance.harness.kubelet import VERSIONS, Entry, pairs
from dra_conformance.harness.watching import made_in
from dra_conformance.harness.world import Claim, World
from dra_conformance.requirement import requirement


def ids_of(world: World, claim: Claim) -> list[str]:
    """The CDI ids of a claim that must be preparable."""
    return [name for device in world.kubelet.prepared(claim) for name in device.cdi_ids]


def send(world: World, method: str, claim: Claim) -> None:
    """Start a call and do not wait for it."""
    stub, messages = VERSIONS[world.kubelet.version()]
    told = messages.Claim(namespace=claim.namespace, name=claim.name, uid=claim.uid)
    request = getattr(messages, f"{method}Request")(claims=[told])
    getattr(stub(world.kubelet.channel(world.kubelet.endpoint)), method).future(request)
    world.evidence.add("grpc", f"sent {method} without waiting", claim=claim)


def kill_within(world: World, longest_s: float) -> None:
    """SIGKILL after a random part of LONGEST_S, then start again."""
    delay = world.random.random() * longest_s
    deadline = time.monotonic() + delay
    while time.monotonic() < deadline:
        time.sleep(0.0002)
    world.evidence.add("process", f"kill after {delay * 1000:.2f} ms")
    world.restart(kill=True)


def leftovers(world: World, claim: Claim) -> list[str]:
    """CDI files that mention a claim."""
    return [file.path.name for file in world.cdi.files() if claim.uid in file.text]


@requirement("REC-002", why="kernels kill what uses too much memory, at any moment")
def test_kill_during_prepare(fresh: World) -> None:
    """Killed at random moments of prepare, the driver then prepares the claim, or unprepares it, without leftovers."""
    fresh.start_registered()
    device = fresh.need(1)[0]
    for attempt in range(4):
        claim = fresh.claim(device)
        send(fresh, "NodePrepareResources", claim)
        kill_within(fresh, 0.008)
        if attempt % 2:
            ids = ids_of(fresh, claim)
            lost = [name for name in ids if len(fresh.cdi.definitions(name)) != 1]
            each(lost, wanted="every CDI id resolves", where="prepare after kill")
        fresh.kubelet.unprepared(claim)
        each(leftovers(fresh, claim), wanted="no leftovers", where="unprepare after kill")
        fresh.drop(claim)


@requirement("REC-003", why="kernels kill what uses too much memory, at any moment")
def test_kill_during_unprepare(fresh: World) -> None:
    """Killed at random moments of unprepare, the driver then unprepares the claim without leftovers."""
    fresh.start_registered()
    device = fresh.need(1)[0]
    for _ in range(3):
        claim = fresh.claim(device)
        fresh.kubelet.prepared(claim)
        send(fresh, "NodeUnprepareResources", claim)
        kill_within(fresh, 0.006)
        fresh.kubelet.unprepared(claim)
        each(leftovers(fresh, claim), wanted="no leftovers", where="unprepare after kill")
        other = fresh.claim(device)
        found = pairs(fresh.kubelet.prepared(other))
        fresh.drop(other, claim)
        expect(found == [device], wanted=[device], found=found, where="the device for another claim")


@requirement("REC-004", why="a disk that was full leaves such files")
def test_broken_state_is_survived(fresh: World) -> None:
    """With its state overwritten by rubbish, the driver prepares again or says which file it cannot read, and lives on."""
    fresh.start_registered()
    claim = fresh.claim()
    fresh.kubelet.prepared(claim)
    fresh.driver.kill()
    broken = [path for path in fresh.data_dir.rglob("*") if path.is_file()]
    for path in broken:
        path.write_bytes(b"rubbish " * 64)
    fresh.kubelet.hang_up()
    for path in fresh.kubelet.sockets():
        path.unlink()
    fresh.driver.start()
    expect_soon(
        lambda: bool(fresh.kubelet.sockets()) or not fresh.driver.running,
        within_s=fresh.descriptor.budgets.start_seconds,
        wanted="to start or to end",
        found=lambda: "neither",
        where="start with broken state",
    )
    if fresh.driver.running:
        fresh.kubelet.register()
        entry = fresh.kubelet.attempt(claim).get(claim.uid, Entry((), "(no entry)"))
        told = not entry.error or any(path.name in entry.error for path in broken)
        expect(told, wanted="devices, or an error that names the file", found=entry.error, where="prepare")
        before = len(fresh.driver.log_text())
        fresh.kubelet.attempt_unprepare(claim)
        state = f"exit {fresh.driver.wait(0.2)}; it logged: {fresh.driver.log_text()[before:][:300]}"
        expect(fresh.driver.running, wanted="the driver to live on", found=state, where="unprepare")
    else:
        told = fresh.driver.exit_code != 0 and bool(fresh.driver.log_text().strip())
        expect(told, wanted="a message and a non-zero exit", found=fresh.driver.exit_code, where="driver")


@requirement("REC-006", why="half-written files pile up until the disk is full")
def test_temporary_files_are_removed(fresh: World) -> None:
    """A temporary file that the driver left when it was killed is gone after a restart and ten more prepares."""
    fresh.start_registered()
    fresh.data_dir.mkdir(exist_ok=True)
    with made_in(fresh.cdi.folder, fresh.data_dir) as made:
        fresh.kubelet.prepared(fresh.claim())
    temporary = [path for path in made if not path.exists()]
    if not temporary:
        not_applicable("the driver makes no temporary files while it prepares")
    for path in temporary:
        path.write_text("{")
    fresh.evidence.add("files", "left behind, as after a crash", paths=temporary)
    fresh.restart(kill=True)
    for _ in range(10):
        claim = fresh.claim(fresh.need(2)[1])
        fresh.kubelet.prepared(claim)
        fresh.drop(claim)
    each(
        [path.name for path in temporary if path.exists()], wanted="no temporary files", where="after a crash"
    )


@requirement("REC-008", why="orphaned files clash with new ones")
def test_orphans_do_no_harm(fresh: World) -> None:
    """CDI files of claims that the driver does not know do not stay in conflict."""
    fresh.start_registered()
    claim = fresh.claim()
    fresh.kubelet.prepared(claim)
    files = [file for file in fresh.cdi.files() if claim.uid in file.text and claim.uid in file.path.name]
    if not files:
        not_applicable("the driver writes no CDI file that is named after its claim")
    orphan_uid = fresh.ghost().uid
    for file in files:
        orphan = file.path.with_name(file.path.name.replace(claim.uid, orphan_uid))
        orphan.write_text(file.text.replace(claim.uid, orphan_uid))
    fresh.restart(kill=True)
    ids = ids_of(fresh, claim)
    problems = [
        f"{name}: {len(fresh.cdi.definitions(name))}" for name in ids if len(fresh.cdi.definitions(name)) != 1
    ]
    each(problems, wanted="every id defined once", where="beside an orphan")
    fresh.kubelet.unprepared(claim)
    each(leftovers(fresh, claim), wanted="no leftovers", where="unprepare beside an orphan")


@requirement("REC-014", why="connections drop when kubelets restart")
def test_connection_lost_during_prepare(world: World) -> None:
    """A prepare whose connection dropped is repeated over a new one with a right answer."""
    claim = world.claim()
    send(world, "NodePrepareResources", claim)
    world.kubelet.hang_up()
    ids = ids_of(world, claim)
    lost = [name for name in ids if len(world.cdi.definitions(name)) != 1]
    world.drop(claim)
    each(lost, wanted="every CDI id resolves", where="prepare over a new connection")


@requirement("REC-015", why="connections drop when kubelets restart")
def test_connection_lost_during_unprepare(world: World) -> None:
    """An unprepare whose connection dropped is repeated over a new one."""
    claim = world.claim()
    world.kubelet.prepared(claim)
    send(world, "NodeUnprepareResources", claim)
    world.kubelet.hang_up()
    world.kubelet.unprepared(claim)
    left = leftovers(world, claim)
    world.drop(claim)
    each(left, wanted="no leftovers", where="unprepare over a new connection")


@requirement("CONC-001", why="kubelets prepare many pods at once")
def test_claims_prepare_side_by_side(world: World) -> None:
    """Claims of different devices that are prepared at the same time all succeed, each with its own device."""
    claims = [world.claim(device) for device in world.need(min(len(world.devices()), 8))]
    stub, messages = VERSIONS[world.kubelet.version()]
    method = stub(world.kubelet.channel(world.kubelet.endpoint)).NodePrepareResources
    calls = []
    for claim in claims:
        told = messages.Claim(namespace=claim.namespace, name=claim.name, uid=claim.uid)
        calls.append(method.future(messages.NodePrepareResourcesRequest(claims=[told]), timeout=10))
    wrong = []
    for claim, call in zip(claims, calls, strict=True):
        try:
            devices = call.result().claims[claim.uid].devices
        except grpc.RpcError as error:
            wrong.append(f"{claim.name}: {error}")
            continue
        if [(d.pool_name, d.device_name) for d in devices] != list(claim.devices):
            wrong.append(f"{claim.name}: {devices}")
    world.drop(*claims)
    each(wrong, wanted="each claim its device", where=f"{len(claims)} prepares at once")


@requirement("PREP-014", why="two pods would share a device without knowing")
def test_two_claims_race_for_a_device(world: World) -> None:
    """Of two claims that want one device at the same time, exactly one gets it."""
    device = world.need(1)[0]
    claims = [world.claim(device), world.claim(device)]
    answer = world.kubelet.prepare(*claims)
    winners = [claim for claim in claims if not answer.get(claim.uid, Entry((), "none")).error]
    world.drop(*claims)
    expect(len(winners) == 1, wanted="one winner", found=answer, where=f"two claims for {device[1]}")
