"""The plugin watcher and the handler of DRA drivers, met by real gRPC servers."""

import asyncio
import socket
from pathlib import Path

import grpc
import pytest
from emulated_node import EmulatedNode
from recording_driver import DRIVER, RecordingDriver, Registration

from dra_api import names
from dra_api.identifiers import DriverName
from dra_api.kubelet._generated import registration_pb2_grpc
from kube_emulator.kubelet.registration import Registered, decide, find_sockets
from kube_emulator.releases.release import V1_35, V1_36, Release


async def test_a_plugin_is_registered_and_notified_within_a_second(node_env: EmulatedNode) -> None:
    async with RecordingDriver(node_env.node) as driver:
        await node_env.rest()
        assert not node_env.running.drivers.instances
        await node_env.registered()
        await node_env.until(lambda: driver.statuses == [(True, "")])


async def test_sockets_are_found_in_folders_within_and_dot_files_are_passed_over(
    node_env: EmulatedNode,
) -> None:
    inside, dotted = node_env.node.registry_dir / "in", node_env.node.registry_dir / ".dot"
    inside.mkdir()
    (node_env.node.registry_dir / "file").touch()
    sockets = []
    for path in (inside / "s", dotted, inside / ".t"):
        sockets.append(socket.socket(socket.AF_UNIX))
        sockets[-1].bind(str(path))
    assert list(find_sockets(str(node_env.node.registry_dir))) == [str(inside / "s")]
    for one in sockets:
        one.close()


async def test_a_plugin_without_a_known_service_gets_the_known_ones(node_env: EmulatedNode) -> None:
    async with RecordingDriver(node_env.node, services=("v1alpha4.Node",)) as driver:
        await node_env.turn(1)
        await node_env.until(lambda: driver.statuses)
        registered, why = driver.statuses[0]
        assert not registered
        assert 'none of services supported by the plugin (["v1alpha4.Node"])' in why
        assert 'by the kubelet (["v1.DRAPlugin" "v1beta1.DRAPlugin"])' in why


@pytest.mark.parametrize(
    ("kind", "services", "why"),
    [
        ("CSIPlugin", (names.DRA_V1,), "no handler registered for plugin type: CSIPlugin"),
        (names.PLUGIN_TYPE, (), "empty list of supported gRPC services"),
    ],
)
async def test_a_plugin_that_is_none_of_ours_is_refused_and_tried_again_later_and_later(
    node_env: EmulatedNode, kind: str, services: tuple[str, ...], why: str
) -> None:
    async with RecordingDriver(node_env.node, kind=kind, services=services) as driver:
        for count, pause in enumerate((1, 0.6, 1.1, 2.1, 4.1), start=1):
            await node_env.turn(pause)
            await node_env.turn(1)
            await node_env.until(lambda count=count: len(driver.statuses) >= count)  # type: ignore[misc] # a default
        assert why in driver.statuses[-1][1]
        path = str(driver.socket)
        await node_env.until(lambda: node_env.running.watcher.back_offs[path].pause_s >= 8)


@pytest.mark.parametrize(("order", "chosen"), [((names.DRA_V1, names.DRA_V1BETA1), names.DRA_V1)])
async def test_the_order_of_the_plugin_decides_which_service_is_used(
    node_env: EmulatedNode, order: tuple[str, ...], chosen: str
) -> None:
    async with (
        RecordingDriver(node_env.node, services=order),
        RecordingDriver(node_env.node, "other", services=order[::-1]),
    ):
        await node_env.registered()
        await node_env.registered("other")
        assert node_env.running.drivers.get(DRIVER).service == chosen
        assert node_env.running.drivers.get("other").service == order[1]


async def test_the_last_connected_instance_is_asked(node_env: EmulatedNode) -> None:
    async with RecordingDriver(node_env.node) as old:
        await node_env.registered()
        async with RecordingDriver(node_env.node, instance="b") as new:
            await node_env.registered(count=2)
            assert node_env.running.drivers.get(DRIVER).endpoint == str(new.endpoint)
            await new._servers[0].stop(None)
            await node_env.until(lambda: node_env.running.drivers.get(DRIVER).endpoint == str(old.endpoint))


async def test_an_endpoint_belongs_to_one_instance(node_env: EmulatedNode) -> None:
    async with RecordingDriver(node_env.node):
        await node_env.registered()
        second = RecordingDriver(node_env.node)
        await offer_elsewhere(second, node_env.node.registry_dir / "second.sock")
        await node_env.turn(1)
        await node_env.until(lambda: second.statuses)
        assert "already registered for DRA driver plugin gpu.example.com" in second.statuses[0][1]
        assert len(node_env.running.drivers.instances[DRIVER]) == 1
        for server in second._servers:
            await server.stop(None)


async def offer_elsewhere(driver: RecordingDriver, path: Path) -> None:
    """Register DRIVER's endpoint over another socket."""
    server = grpc.aio.server()
    registration_pb2_grpc.add_RegistrationServicer_to_server(Registration(driver), server)
    server.add_insecure_port(f"unix:{path}")
    await server.start()
    driver._servers.append(server)


async def test_a_socket_that_vanishes_deregisters(node_env: EmulatedNode) -> None:
    async with RecordingDriver(node_env.node) as driver:
        await node_env.registered()
        driver.socket.unlink()
        await node_env.turn(1)
        await node_env.until(lambda: not node_env.running.drivers.instances)


async def test_a_killed_plugin_stays_registered_and_is_reached_again(node_env: EmulatedNode) -> None:
    async with RecordingDriver(node_env.node) as driver:
        await node_env.registered()
        plugin = node_env.running.drivers.get(DRIVER)
        await driver._servers.pop(0).stop(None)
        await node_env.until(lambda: not plugin.connected)
        await node_env.turn(1)
        assert node_env.running.drivers.get(DRIVER) is plugin
        await driver.serve()
        await node_env.until(lambda: plugin.connected)


async def test_a_socket_made_anew_registers_anew(node_env: EmulatedNode) -> None:
    driver = RecordingDriver(node_env.node)
    async with driver:
        await node_env.registered()
        before = node_env.running.drivers.get(DRIVER)
    async with driver:
        await node_env.turn(1)
        await node_env.registered()
        assert node_env.running.drivers.get(DRIVER) is not before


@pytest.mark.parametrize(("release", "stays"), [(V1_35, True), (V1_36, False)])
async def test_a_plugin_that_does_not_take_its_status(
    short_path: Path, release: Release, stays: bool
) -> None:
    async with (
        EmulatedNode(short_path, release=release) as node_env,
        RecordingDriver(node_env.node, refuses_status=1) as driver,
    ):
        await node_env.turn(1)
        await node_env.until(lambda: driver.statuses)
        await node_env.rest()
        assert bool(node_env.running.drivers.instances) is stays
        await node_env.turn(1)
        await node_env.registered()
        await node_env.until(lambda: len(driver.statuses) == (1 if stays else 2))


async def test_slices_are_deleted_30_seconds_after_the_driver_went(node_env: EmulatedNode) -> None:
    async with RecordingDriver(node_env.node):
        await node_env.registered()
        node_env.slice()
    await node_env.until(lambda: not node_env.running.drivers.usable(DRIVER))
    await node_env.turn(29)
    assert node_env.api.find("resourceslices", "s")
    await node_env.turn(2)
    assert not node_env.api.find("resourceslices", "s")


async def test_a_driver_that_returns_in_time_keeps_its_slices(node_env: EmulatedNode) -> None:
    driver = RecordingDriver(node_env.node)
    async with driver:
        await node_env.registered()
        node_env.slice()
    await node_env.until(lambda: not node_env.running.drivers.usable(DRIVER))
    await node_env.turn(20)
    async with driver:
        await node_env.registered()
        await node_env.turn(40)
        assert node_env.api.find("resourceslices", "s")


async def test_a_starting_kubelet_deletes_the_slices_of_its_node(node_env: EmulatedNode) -> None:
    node_env.slice()
    node_env.slice("other", "other.example.com")
    await node_env.kubelet.restart()
    await node_env.rest()
    assert not node_env.api.values("resourceslices")


async def test_wiping_waits_for_the_node_object(node_env: EmulatedNode) -> None:
    node = node_env.api.get("nodes", "node-0")
    node_env.api.delete("nodes", "node-0")
    node_env.slice()
    await node_env.kubelet.restart()
    await node_env.turn(1.3)
    assert node_env.api.find("resourceslices", "s")
    node_env.api.create("nodes", {"metadata": {"name": node["metadata"]["name"]}})
    await node_env.turn(3)
    assert not node_env.api.find("resourceslices", "s")


def test_what_is_stale_is_unregistered_before_it_is_registered_anew() -> None:
    name = DriverName("d")
    actual = {"/a": Registered((1, 1), name, "/a"), "/gone": Registered((2, 2), name, "/gone")}
    steps = decide({"/a": (1, 2), "/new": (3, 3)}, actual, blocked=())
    assert steps.unregister == ("/a", "/gone")
    assert steps.register == ("/new",)
    assert decide({"/new": (3, 3)}, {}, blocked={"/new"}).register == ()


async def test_a_dead_socket_is_dialled_for_ten_seconds(node_env: EmulatedNode) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        path = str(node_env.node.registry_dir / "dead.sock")
        dead.bind(path)
        await node_env.turn(1)
        assert path not in node_env.running.watcher.back_offs
        await node_env.turn(10)
        await node_env.until(lambda: path in node_env.running.watcher.back_offs)
        await asyncio.sleep(0)


def test_a_link_to_nowhere_hides_no_other_plugin(tmp_path: Path) -> None:
    for name in ("a", "z"):
        (tmp_path / name).symlink_to("nowhere")
    with socket.socket(socket.AF_UNIX) as plugin:
        plugin.bind(str(tmp_path / "m.sock"))
        assert list(find_sockets(str(tmp_path))) == [str(tmp_path / "m.sock")]
