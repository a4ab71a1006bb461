"""The sockets of a driver: where they are, when they appear, and what they accept (kubelet pluginmanager, 1.37)."""

import os
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import pytest

from dra_api import names
from dra_conformance.catalogue.marks import requirement
from dra_conformance.expectations import each, expect, expect_soon
from dra_conformance.harness.harness import Harness
from dra_conformance.harness.kubelet import VERSIONS


@requirement("REG-001", why="the kubelet learns of a driver only through this socket")
def test_socket_serves_registration(unproven: Harness) -> None:
    """Within its budget after the start, the driver serves Registration on a UNIX socket in the plugin registry."""
    unproven.driver.start()
    budget_s = unproven.descriptor.budgets.start_seconds
    expect_soon(
        lambda: bool(unproven.kubelet.sockets()) or not unproven.driver.running,
        within_s=budget_s,
        wanted="a registration socket",
        found=lambda: f"none; the driver's log ends: {unproven.driver.log_text().strip()[-400:]}",
        where="plugin registry",
    )
    state = f"it exited with {unproven.driver.exit_code}; its log ends: {unproven.driver.log_text().strip()[-400:]}"
    expect(bool(unproven.kubelet.sockets()), wanted="a registration socket", found=state, where="driver")
    info = unproven.kubelet.info()
    expect(bool(info.name), wanted="PluginInfo with a name", found=info, where="GetInfo")


@requirement("REG-002", why="the kubelet ignores dot files and everything that is no socket")
def test_registry_has_plain_sockets_only(harness: Harness) -> None:
    """What the driver leaves in the registry are sockets whose names do not begin with a dot."""
    entries = sorted(path for path in (harness.folder / "plugins_registry").rglob("*") if not path.is_dir())
    bad = [path.name for path in entries if path.name.startswith(".") or not path.is_socket()]
    each(bad, wanted="sockets without a leading dot", where="plugin registry")


@requirement("REG-013", why="the kubelet's plugins folder is what is mounted and cleaned for drivers")
def test_dra_socket_is_in_the_plugins_folder(harness: Harness) -> None:
    """The DRA socket is below the driver's own folder in the kubelet's plugins folder."""
    endpoint = harness.kubelet.endpoint
    inside = Path(endpoint).is_relative_to(harness.data_dir)
    expect(inside, wanted=f"below {harness.data_dir}", found=endpoint, where="PluginInfo.endpoint")


@requirement("REG-014", why="the kubelet may call as soon as it sees the socket")
def test_dra_services_answer_when_the_socket_appears(isolated: Harness) -> None:
    """An empty prepare succeeds as soon as the registration socket can be seen."""
    isolated.start()
    info = isolated.kubelet.info()
    path = Path(info.endpoint or isolated.kubelet.socket())
    expect(path.exists(), wanted="the DRA socket exists", found="it does not", where=str(path))
    isolated.kubelet.prepare(timeout_s=2)


@requirement("REG-016", why="the kubelet dials for ten seconds only")
def test_socket_accepts_connections_at_once(isolated: Harness) -> None:
    """The registration socket accepts a connection within ten seconds of appearing."""
    isolated.start()
    channel = isolated.kubelet.channel(isolated.kubelet.socket(), new_connection=True)
    try:
        grpc.channel_ready_future(channel).result(timeout=names.DIAL_TIMEOUT_S)
    except grpc.FutureTimeoutError:
        expect(False, wanted="a connection", found="none within 10 s", where="registration socket")
    finally:
        channel.close()


@requirement("REG-023", why="the disappearing socket is the kubelet's only deregistration signal")
def test_registration_socket_is_removed_at_sigterm(isolated: Harness) -> None:
    """SIGTERM removes the registration socket of a driver that has come up."""
    isolated.start_registered()
    isolated.driver.terminate()
    each(
        [path.name for path in isolated.kubelet.sockets()],
        wanted="no registration socket",
        where="after SIGTERM",
    )


@requirement("REG-024", "REC-012", "CONC-010", why="a crashed driver's files must not need an administrator")
def test_stale_sockets_are_replaced(isolated: Harness) -> None:
    """Three times in a row, a driver that was killed starts again over its old sockets and serves."""
    isolated.start()
    for _ in range(3):
        isolated.driver.kill()
        isolated.kubelet.disconnect()
        isolated.driver.start()
        expect_soon(
            lambda: connects(isolated),
            within_s=isolated.descriptor.budgets.start_seconds,
            wanted="GetInfo and an empty prepare answered",
            found=lambda: isolated.driver.log_text()[-500:],
            where="after SIGKILL and start",
        )


def connects(harness: Harness) -> bool:
    """Whether both sockets answer."""
    harness.kubelet.disconnect()
    try:
        harness.kubelet.info(new_connection=True, timeout_s=0.5, dial_s=0.5)
        harness.kubelet.prepare(timeout_s=0.5)
    except (AssertionError, grpc.RpcError):
        return False
    return True


@requirement("REG-025", why="a longer path cannot be bound or dialled")
def test_socket_paths_fit(harness: Harness) -> None:
    """The socket paths, in the kubelet's default folders, have at most 107 bytes."""
    root = os.fsencode(harness.folder)
    paths = [os.fsencode(path) for path in (*harness.kubelet.sockets(), Path(harness.kubelet.endpoint))]
    long = [path.decode() for path in paths if len(path.replace(root, b"/var/lib/kubelet")) > 107]
    each(long, wanted="at most 107 bytes", where="socket paths")


@requirement("REG-026", why="two drivers on a node would take each other's socket away")
def test_socket_name_has_the_driver_name(harness: Harness) -> None:
    """The registration socket's name begins with the driver name, or is the hashed form."""
    name = harness.kubelet.socket().name
    good = (
        name.startswith(f"{harness.descriptor.driver}-")
        or re.fullmatch(r"dra-.*-reg\.sock", name) is not None
    )
    good = good or name == f"{harness.descriptor.driver}.sock"
    expect(good, wanted=f"{harness.descriptor.driver}-...", found=name, where="registration socket")


@requirement("REG-027", why="the kubelet refuses the second and does not retry")
def test_one_endpoint_one_registration(harness: Harness) -> None:
    """No two registration sockets offer the same name and endpoint."""
    count = len(harness.kubelet.sockets())
    expect(count == 1, wanted="one registration socket", found=count, where="plugin registry")


@requirement("REG-029", why="clusters move the kubelet's folders")
def test_driver_stays_in_its_folders(isolated: Harness) -> None:
    """Nothing is written to the default folders when others were given."""
    defaults = [
        Path(names.KUBELET_REGISTRY_DIR),
        Path(names.KUBELET_PLUGINS_DIR),
        Path(names.CDI_DYNAMIC_DIR),
    ]
    before = {str(path) for root in defaults if root.exists() for path in root.rglob("*")}
    isolated.start_registered()
    claim = isolated.claim()
    isolated.kubelet.prepared(claim)
    after = {str(path) for root in defaults if root.exists() for path in root.rglob("*")}
    isolated.release(claim)
    mine = sorted(path for path in after - before if isolated.descriptor.driver in path)
    each(mine, wanted="nothing in the default folders", where="default kubelet and CDI folders")


@requirement("REG-031", why="on a new node the folder does not exist yet")
def test_missing_data_folder_is_created_or_reported(isolated: Harness) -> None:
    """The driver creates its folder below plugins, or exits with a message and a non-zero code."""
    expect(
        not isolated.data_dir.exists(),
        wanted="no data folder yet",
        found="there is one",
        where=str(isolated.data_dir),
    )
    isolated.driver.start()
    expect_soon(
        lambda: bool(isolated.kubelet.sockets()) or not isolated.driver.running,
        within_s=isolated.descriptor.budgets.start_seconds,
        wanted="a socket or an exit",
        found=lambda: "neither",
        where="start without data folder",
    )
    clear = isolated.driver.running or (
        isolated.driver.exit_code != 0 and bool(isolated.driver.log_text().strip())
    )
    expect(
        clear, wanted="to serve, or to say why not", found=f"exit {isolated.driver.exit_code}", where="driver"
    )


@requirement("REG-032", why="the kubelet uses neither TLS nor a particular authority")
@pytest.mark.parametrize("authority", ["localhost", "%2Fvar%2Flib%2Fkubelet%2Fdra.sock"])
def test_endpoint_takes_any_authority(harness: Harness, authority: str) -> None:
    """The DRA endpoint takes plaintext gRPC with any authority."""
    stub, messages = VERSIONS[harness.kubelet.version()]
    channel = harness.kubelet.channel(harness.kubelet.endpoint, new_connection=True, authority=authority)
    try:
        stub(channel).NodePrepareResources(messages.NodePrepareResourcesRequest(), timeout=5)
    finally:
        channel.close()


@requirement("REG-033", why="the kubelet keeps one connection to a driver for all calls")
def test_one_connection_carries_calls_in_parallel(harness: Harness) -> None:
    """Prepares and unprepares run side by side over one connection."""
    claims = [harness.claim(device) for device in harness.require_devices(2)]
    with ThreadPoolExecutor(4) as pool:
        prepared = list(pool.map(harness.kubelet.prepared, claims))
        gone = list(pool.map(harness.kubelet.attempt_unprepare, claims))
    harness.release(*claims)
    good = all(prepared) and all(not entry.error for answer in gone for entry in answer.values())
    expect(good, wanted="all succeed", found=(prepared, gone), where="one channel")


@requirement("REG-030", why="a kubelet that restarts would not find the driver, and nobody would restart it")
def test_a_deleted_registration_socket_is_noticed(isolated: Harness) -> None:
    """A registration socket that somebody else deleted is there again within two seconds, or the driver has ended."""
    isolated.start()
    for path in isolated.kubelet.sockets():
        path.unlink()
    expect_soon(
        lambda: bool(isolated.kubelet.sockets()) or not isolated.driver.running,
        within_s=2,
        wanted="a new socket, or the end of the process",
        found=lambda: "neither",
        where="after the registration socket was deleted",
    )
