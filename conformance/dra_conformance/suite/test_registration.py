"""Registration: how the kubelet finds a driver and what it demands of it (kubelet pluginmanager, 1.37)."""

import os
import re
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import pytest

from dra_api import names
from dra_conformance.expect import each, expect, expect_soon
from dra_conformance.harness.kubelet import FULL_NAMES, VERSIONS
from dra_conformance.harness.world import World
from dra_conformance.requirement import requirement

SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
KNOWN = tuple(FULL_NAMES)


@requirement("REG-001", why="the kubelet learns of a driver only through this socket")
def test_socket_serves_registration(untried: World) -> None:
    """Within its budget after the start, the driver serves Registration on a UNIX socket in the plugin registry."""
    untried.driver.start()
    budget_s = untried.descriptor.budgets.start_seconds
    expect_soon(
        lambda: bool(untried.kubelet.sockets()) or not untried.driver.running,
        within_s=budget_s,
        wanted="a registration socket",
        found=lambda: f"none; the driver's log ends: {untried.driver.log_text().strip()[-400:]}",
        where="plugin registry",
    )
    state = (
        f"it exited with {untried.driver.exit_code}; its log ends: {untried.driver.log_text().strip()[-400:]}"
    )
    expect(bool(untried.kubelet.sockets()), wanted="a registration socket", found=state, where="driver")
    info = untried.kubelet.info()
    expect(bool(info.name), wanted="PluginInfo with a name", found=info, where="GetInfo")


@requirement("REG-002", why="the kubelet ignores dot files and everything that is no socket")
def test_registry_has_plain_sockets_only(world: World) -> None:
    """What the driver leaves in the registry are sockets whose names do not begin with a dot."""
    entries = sorted(path for path in (world.folder / "plugins_registry").rglob("*") if not path.is_dir())
    bad = [path.name for path in entries if path.name.startswith(".") or not path.is_socket()]
    each(bad, wanted="sockets without a leading dot", where="plugin registry")


@requirement("REG-003", why="the kubelet has no handler for any other type and refuses the plugin")
def test_type_is_draplugin(world: World) -> None:
    """GetInfo returns the type "DRAPlugin", byte for byte."""
    found = world.kubelet.info().type
    expect(found == names.PLUGIN_TYPE, wanted=names.PLUGIN_TYPE, found=found, where="PluginInfo.type")


@requirement("REG-004", why="the API server refuses slices of a driver with another form of name")
def test_name_is_a_driver_name(world: World) -> None:
    """GetInfo returns a DNS subdomain of at most 63 characters as name."""
    name = world.kubelet.info().name
    good = 0 < len(name) <= names.DRIVER_NAME_MAX and SUBDOMAIN.fullmatch(name.lower()) is not None
    expect(good, wanted="a DNS subdomain, at most 63 characters", found=name, where="PluginInfo.name")


@requirement("REG-005", why="two vendors without a domain of their own will choose the same name")
def test_name_is_lower_case_with_domain(world: World) -> None:
    """The driver name is lower case and ends with a domain."""
    name = world.kubelet.info().name
    expect(
        name == name.lower() and "." in name,
        wanted="lower case with a domain",
        found=name,
        where="PluginInfo.name",
    )


@requirement("REG-006", why="the kubelet looks drivers up by the name in allocation results, exactly")
def test_name_equals_slices_driver(world: World) -> None:
    """The name in GetInfo is spec.driver of every slice, and results of a near-miss are not prepared."""
    name = world.kubelet.info().name
    found = {item["spec"]["driver"] for item in world.api.own_slices()}
    expect(found == {name}, wanted={name}, found=found, where="spec.driver of the driver's slices")
    pool, device = world.need(1)[0]
    near = {"request": "gpu", "driver": f"x{name}"[:63], "pool": pool, "device": device}
    claim = world.claim(extra_results=[near])
    answer = world.kubelet.attempt(claim)
    devices = answer[claim.uid].devices if claim.uid in answer else ()
    world.drop(claim)
    expect(
        not devices, wanted="no device for another driver's result", found=devices, where=f"driver x{name}"
    )


@requirement("REG-007", why="the kubelet refuses a plugin without a DRA service that it knows")
def test_supported_versions_has_a_dra_service(world: World) -> None:
    """supported_versions has v1.DRAPlugin or v1beta1.DRAPlugin."""
    listed = list(world.kubelet.info().supported_versions)
    expect(
        any(name in VERSIONS for name in listed),
        wanted=list(VERSIONS),
        found=listed,
        where="supported_versions",
    )


@requirement(
    "REG-008", why="the kubelet takes the first entry that it knows, so an old one first wins for ever"
)
def test_newest_service_comes_first(world: World) -> None:
    """v1.DRAPlugin stands ahead of v1beta1.DRAPlugin."""
    listed = [name for name in world.kubelet.info().supported_versions if name in VERSIONS]
    expect(
        listed[:1] == [names.DRA_V1], wanted=f"{names.DRA_V1} first", found=listed, where="supported_versions"
    )


def probe(world: World, name: str) -> bool:
    """Whether the endpoint serves a service."""
    method = "NodePrepareResources" if name.endswith("DRAPlugin") else "NodeWatchResources"
    return world.kubelet.serves(FULL_NAMES[name], method)


@requirement("REG-009", why="pods hang if the kubelet calls a service that was promised and is not there")
def test_listed_services_are_served(world: World) -> None:
    """Every service in supported_versions answers on the DRA endpoint."""
    listed = [name for name in world.kubelet.info().supported_versions if name in FULL_NAMES]
    each(
        [name for name in listed if not probe(world, name)],
        wanted="every listed service served",
        where="DRA endpoint",
    )


@requirement("REG-010", why="the kubelet never calls a service that is not listed")
def test_served_services_are_listed(world: World) -> None:
    """A DRA or health service that the endpoint serves is listed."""
    listed = set(world.kubelet.info().supported_versions)
    unlisted = [name for name in KNOWN if name not in listed and probe(world, name)]
    each(unlisted, wanted="every served service listed", where="supported_versions")


@requirement("REG-011", why="the kubelet compares these texts with its own constants")
def test_versions_use_the_registration_form(world: World) -> None:
    """Entries of supported_versions have the form v1.DRAPlugin, no package name and no bare version."""
    form = re.compile(r"v\d+((alpha|beta)\d+)?\.(DRAPlugin|DRAResourceHealth)")
    bad = [name for name in world.kubelet.info().supported_versions if not form.fullmatch(name)]
    each(bad, wanted="entries like v1.DRAPlugin", where="supported_versions")


@requirement("REG-012", why="the kubelet connects to exactly this path")
def test_endpoint_is_a_connectable_socket(world: World) -> None:
    """PluginInfo.endpoint is empty or the absolute path of a socket that accepts calls."""
    endpoint = world.kubelet.info().endpoint
    expect(
        not endpoint or Path(endpoint).is_absolute(),
        wanted="absolute or empty",
        found=endpoint,
        where="PluginInfo.endpoint",
    )
    world.kubelet.prepare()


@requirement("REG-013", why="the kubelet's plugins folder is what is mounted and cleaned for drivers")
def test_dra_socket_is_in_the_plugins_folder(world: World) -> None:
    """The DRA socket is below the driver's own folder in the kubelet's plugins folder."""
    endpoint = world.kubelet.endpoint
    inside = Path(endpoint).is_relative_to(world.data_dir)
    expect(inside, wanted=f"below {world.data_dir}", found=endpoint, where="PluginInfo.endpoint")


@requirement("REG-014", why="the kubelet may call as soon as it sees the socket")
def test_dra_services_answer_when_the_socket_appears(fresh: World) -> None:
    """An empty prepare succeeds as soon as the registration socket can be seen."""
    fresh.start()
    info = fresh.kubelet.info()
    path = Path(info.endpoint or fresh.kubelet.sockets()[0])
    expect(path.exists(), wanted="the DRA socket exists", found="it does not", where=str(path))
    fresh.kubelet.prepare(timeout_s=2)


@requirement("REG-015", why="the kubelet gives GetInfo one second and then backs off for up to two minutes")
def test_getinfo_answers_within_a_second(world: World) -> None:
    """GetInfo answers within one second, ten times on new connections."""
    slowest = 0.0
    for _ in range(10):
        start = time.monotonic()
        world.kubelet.info(fresh=True)
        slowest = max(slowest, time.monotonic() - start)
    expect(slowest < names.GET_INFO_TIMEOUT_S, wanted="below 1 s", found=f"{slowest:.3f} s", where="GetInfo")


@requirement("REG-016", why="the kubelet dials for ten seconds only")
def test_socket_accepts_connections_at_once(fresh: World) -> None:
    """The registration socket accepts a connection within ten seconds of appearing."""
    fresh.start()
    channel = fresh.kubelet.channel(fresh.kubelet.sockets()[0], fresh=True)
    try:
        grpc.channel_ready_future(channel).result(timeout=names.DIAL_TIMEOUT_S)
    except grpc.FutureTimeoutError:
        expect(False, wanted="a connection", found="none within 10 s", where="registration socket")
    finally:
        channel.close()


@requirement(
    "REG-017", why="a failing notification is a failing registration in the kubelet's log and metrics"
)
def test_notify_is_answered(world: World) -> None:
    """NotifyRegistrationStatus with plugin_registered=true is answered within five seconds."""
    world.kubelet.notify(registered=True)


@requirement("REG-018", why="a refused driver that then hangs needs an administrator")
def test_refused_driver_can_register_later(fresh: World) -> None:
    """After a refusal the driver registers again, by itself or after its supervisor restarted it."""
    fresh.start()
    fresh.kubelet.info()
    fresh.kubelet.notify(registered=False, error="refused by the suite")
    code = fresh.driver.wait(0.3)
    if code is not None:
        expect(code != 0, wanted="a non-zero exit, or to go on", found=f"exit {code}", where="driver")
        fresh.kubelet.hang_up()
        fresh.start()
    fresh.kubelet.register()
    fresh.kubelet.prepare()


@requirement("REG-019", why="the text is the only hint to why pods do not start")
def test_refusal_is_told(fresh: World) -> None:
    """The error text of a refused registration stands in the driver's log."""
    fresh.start()
    token = f"token-{fresh.random.getrandbits(64):x}"
    fresh.kubelet.info()
    fresh.kubelet.notify(registered=False, error=token)
    expect_soon(
        lambda: token in fresh.driver.log_text(),
        within_s=2,
        wanted=f"{token} in the log",
        found=lambda: fresh.driver.log_text()[-300:],
        where="driver log",
    )


@requirement("REG-020", why="the kubelet registers by what the first answer said")
def test_getinfo_is_repeatable(world: World) -> None:
    """GetInfo gives the same answer 20 times on separate connections."""
    answers = {world.kubelet.info(fresh=True).SerializeToString(deterministic=True) for _ in range(20)}
    expect(len(answers) == 1, wanted="one answer", found=f"{len(answers)} different ones", where="GetInfo")


@requirement("REG-021", "REC-013", why="a kubelet restart must not need a driver restart")
def test_kubelet_restart_is_transparent(world: World) -> None:
    """After the kubelet hung up, a second handshake succeeds and a prepared claim is prepared again, alike."""
    claim = world.claim()
    before = world.kubelet.prepared(claim)
    world.kubelet.hang_up()
    world.kubelet.register()
    after = world.kubelet.prepared(claim)
    world.drop(claim)
    expect(after == before, wanted=before, found=after, where="prepare after the kubelet's restart")


@requirement(
    "REG-022", why="the kubelet stores a plugin before it notifies, and tolerates a failed notification"
)
def test_calls_work_without_notification(fresh: World) -> None:
    """Prepare works when NotifyRegistrationStatus never came."""
    fresh.start()
    fresh.api.wait_slices(fresh.descriptor.budgets.publish_seconds)
    fresh.kubelet.prepared(fresh.claim())


@requirement("REG-023", why="the disappearing socket is the kubelet's only deregistration signal")
def test_registration_socket_goes_with_the_driver(fresh: World) -> None:
    """SIGTERM removes the registration socket."""
    fresh.start()
    fresh.driver.terminate()
    each(
        [path.name for path in fresh.kubelet.sockets()],
        wanted="no registration socket",
        where="after SIGTERM",
    )


@requirement("REG-024", "REC-012", "CONC-010", why="a crashed driver's files must not need an administrator")
def test_stale_sockets_are_replaced(fresh: World) -> None:
    """Three times in a row, a driver that was killed starts again over its old sockets and serves."""
    fresh.start()
    for _ in range(3):
        fresh.driver.kill()
        fresh.kubelet.hang_up()
        fresh.driver.start()
        expect_soon(
            lambda: connects(fresh),
            within_s=fresh.descriptor.budgets.start_seconds,
            wanted="GetInfo and an empty prepare answered",
            found=lambda: fresh.driver.log_text()[-500:],
            where="after SIGKILL and start",
        )


def connects(world: World) -> bool:
    """Whether both sockets answer."""
    world.kubelet.hang_up()
    try:
        world.kubelet.info(fresh=True, timeout_s=0.5, dial_s=0.5)
        world.kubelet.prepare(timeout_s=0.5)
    except (AssertionError, grpc.RpcError):
        return False
    return True


@requirement("REG-025", why="a longer path cannot be bound or dialled")
def test_socket_paths_fit(world: World) -> None:
    """The socket paths, in the kubelet's default folders, have at most 107 bytes."""
    root = os.fsencode(world.folder)
    paths = [os.fsencode(path) for path in (*world.kubelet.sockets(), Path(world.kubelet.endpoint))]
    long = [path.decode() for path in paths if len(path.replace(root, b"/var/lib/kubelet")) > 107]
    each(long, wanted="at most 107 bytes", where="socket paths")


@requirement("REG-026", why="two drivers on a node would take each other's socket away")
def test_socket_name_has_the_driver_name(world: World) -> None:
    """The registration socket's name begins with the driver name, or is the hashed form."""
    name = world.kubelet.sockets()[0].name
    good = (
        name.startswith(f"{world.descriptor.driver}-") or re.fullmatch(r"dra-.*-reg\.sock", name) is not None
    )
    good = good or name == f"{world.descriptor.driver}.sock"
    expect(good, wanted=f"{world.descriptor.driver}-...", found=name, where="registration socket")


@requirement("REG-027", why="the kubelet refuses the second and does not retry")
def test_one_endpoint_one_registration(world: World) -> None:
    """No two registration sockets offer the same name and endpoint."""
    count = len(world.kubelet.sockets())
    expect(count == 1, wanted="one registration socket", found=count, where="plugin registry")


@requirement("REG-028", why="kubelet restarts and probes come at the same time")
def test_registration_takes_parallel_calls(world: World) -> None:
    """Fifty GetInfo calls at once succeed, with notifications between them."""
    with ThreadPoolExecutor(10) as pool:
        infos = [pool.submit(world.kubelet.info, fresh=True) for _ in range(50)]
        notes = [pool.submit(world.kubelet.notify, registered=True) for _ in range(5)]
        found = {future.result().name for future in infos}
        for note in notes:
            note.result()
    expect(len(found) == 1, wanted="one name", found=found, where="50 parallel GetInfo")


@requirement("REG-029", why="clusters move the kubelet's folders")
def test_driver_stays_in_its_folders(fresh: World) -> None:
    """Nothing is written to the default folders when others were given."""
    defaults = [
        Path(names.KUBELET_REGISTRY_DIR),
        Path(names.KUBELET_PLUGINS_DIR),
        Path(names.CDI_DYNAMIC_DIR),
    ]
    before = {str(path) for root in defaults if root.exists() for path in root.rglob("*")}
    fresh.start_registered()
    claim = fresh.claim()
    fresh.kubelet.prepared(claim)
    after = {str(path) for root in defaults if root.exists() for path in root.rglob("*")}
    fresh.drop(claim)
    mine = sorted(path for path in after - before if fresh.descriptor.driver in path)
    each(mine, wanted="nothing in the default folders", where="default kubelet and CDI folders")


@requirement("REG-031", why="on a new node the folder does not exist yet")
def test_missing_data_folder_is_made_or_told(fresh: World) -> None:
    """The driver makes its folder below plugins, or ends with a message and a non-zero code."""
    expect(
        not fresh.data_dir.exists(),
        wanted="no data folder yet",
        found="there is one",
        where=str(fresh.data_dir),
    )
    fresh.driver.start()
    expect_soon(
        lambda: bool(fresh.kubelet.sockets()) or not fresh.driver.running,
        within_s=fresh.descriptor.budgets.start_seconds,
        wanted="a socket or an exit",
        found=lambda: "neither",
        where="start without data folder",
    )
    clear = fresh.driver.running or (fresh.driver.exit_code != 0 and bool(fresh.driver.log_text().strip()))
    expect(
        clear, wanted="to serve, or to say why not", found=f"exit {fresh.driver.exit_code}", where="driver"
    )


@requirement("REG-032", why="the kubelet uses neither TLS nor a particular authority")
@pytest.mark.parametrize("authority", ["localhost", "%2Fvar%2Flib%2Fkubelet%2Fdra.sock"])
def test_endpoint_takes_any_authority(world: World, authority: str) -> None:
    """The DRA endpoint takes plaintext gRPC with any authority."""
    stub, messages = VERSIONS[world.kubelet.version()]
    channel = world.kubelet.channel(world.kubelet.endpoint, fresh=True, authority=authority)
    try:
        stub(channel).NodePrepareResources(messages.NodePrepareResourcesRequest(), timeout=5)
    finally:
        channel.close()


@requirement("REG-033", why="the kubelet keeps one connection to a driver for all calls")
def test_one_connection_carries_calls_in_parallel(world: World) -> None:
    """Prepares and unprepares run side by side over one connection."""
    claims = [world.claim(device) for device in world.need(2)]
    with ThreadPoolExecutor(4) as pool:
        prepared = list(pool.map(world.kubelet.prepared, claims))
        gone = list(pool.map(world.kubelet.attempt_unprepare, claims))
    world.drop(*claims)
    good = all(prepared) and all(not entry.error for answer in gone for entry in answer.values())
    expect(good, wanted="all succeed", found=(prepared, gone), where="one channel")


@requirement(
    "SHUT-001",
    "SHUT-008",
    why="a pod that does not end in its grace period is killed in the middle of its work",
)
def test_sigterm_ends_the_driver_with_zero(fresh: World) -> None:
    """SIGTERM ends the driver within its budget, with exit code 0."""
    fresh.start_registered()
    start = time.monotonic()
    code = fresh.driver.terminate()
    found = f"exit {code} after {time.monotonic() - start:.1f} s"
    expect(
        code == 0,
        wanted=f"exit 0 within {fresh.descriptor.budgets.stop_seconds:g} s",
        found=found,
        where="SIGTERM",
    )


@requirement("SHUT-002", why="the kubelet would go on dialling a dead socket")
def test_both_sockets_go_at_sigterm(fresh: World) -> None:
    """SIGTERM removes the registration and the DRA socket."""
    fresh.start_registered()
    endpoint = Path(fresh.kubelet.endpoint)
    fresh.driver.terminate()
    left = [str(path.name) for path in (*fresh.kubelet.sockets(), endpoint) if path.exists()]
    each(left, wanted="no sockets", where="after SIGTERM")


@requirement("SHUT-003", why="every update of the driver would otherwise make running claims look lost")
def test_slices_stay_at_sigterm(fresh: World) -> None:
    """SIGTERM deletes no slice."""
    fresh.start_registered()
    before = [item["metadata"]["uid"] for item in fresh.api.own_slices()]
    fresh.driver.terminate()
    after = [item["metadata"]["uid"] for item in fresh.api.own_slices()]
    expect(after == before, wanted="the same slices", found=after, where="slices after SIGTERM")


@requirement("SHUT-004", why="running pods use the devices while the driver is updated")
def test_prepared_claims_stay_at_sigterm(fresh: World) -> None:
    """SIGTERM leaves the CDI files of prepared claims in place."""
    fresh.start_registered()
    devices = fresh.kubelet.prepared(fresh.claim())
    fresh.driver.terminate()
    lost = [name for device in devices for name in device.cdi_ids if len(fresh.cdi.definitions(name)) != 1]
    each(lost, wanted="every CDI id resolves", where="after SIGTERM")


@requirement(
    "SHUT-006", "SHUT-005", why="a prepare that is accepted and lost leaves a pod without its device"
)
def test_prepare_during_stop_is_refused_or_kept(fresh: World) -> None:
    """A prepare right after SIGTERM fails, or has succeeded for good; repeated after a restart it gives a right answer."""
    fresh.start_registered()
    claim = fresh.claim()
    endpoint = fresh.kubelet.endpoint
    fresh.driver.signal(signal.SIGTERM)
    try:
        first = fresh.kubelet.prepare(claim, version=names.DRA_V1, timeout_s=2, endpoint=endpoint)
    except grpc.RpcError:
        first = {}
    fresh.driver.wait(fresh.descriptor.budgets.stop_seconds)
    fresh.kubelet.hang_up()
    fresh.start()
    again = fresh.kubelet.prepared(claim)
    if claim.uid in first and not first[claim.uid].error:
        expect(again == first[claim.uid].devices, wanted=first, found=again, where="prepare after restart")
