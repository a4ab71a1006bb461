"""The plugin watcher and the handler of DRA drivers, met by real gRPC servers."""

import asyncio
import socket
from pathlib import Path

import grpc
import pytest
from emulated_node import DRIVER, ADriver, ANode, Registration

from dra_api import names
from dra_api.kubelet._generated import registration_pb2_grpc
from kube_emulator.kubelet.registration import Registered, decide, find_sockets
from kube_emulator.releases.release import V1_35, V1_36, Release


async def test_a_plugin_is_registered_within_a_second_and_told_so(world: ANode) -> None:
    async with ADriver(world.node) as driver:
        await world.rest()
        assert not world.life.drivers.instances
        await world.registered()
        await world.until(lambda: driver.statuses == [(True, "")])


async def test_sockets_are_found_in_folders_within_and_dot_files_are_passed_over(world: ANode) -> None:
    inside, dotted = world.node.registry_dir / "in", world.node.registry_dir / ".dot"
    inside.mkdir()
    (world.node.registry_dir / "file").touch()
    sockets = []
    for path in (inside / "s", dotted, inside / ".t"):
        sockets.append(socket.socket(socket.AF_UNIX))
        sockets[-1].bind(str(path))
    assert list(find_sockets(str(world.node.registry_dir))) == [str(inside / "s")]
    for one in sockets:
        one.close()


async def test_a_plugin_without_a_known_service_is_told_which_there_are(world: ANode) -> None:
    async with ADriver(world.node, services=("v1alpha4.Node",)) as driver:
        await world.turn(1)
        await world.until(lambda: driver.statuses)
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
    world: ANode, kind: str, services: tuple[str, ...], why: str
) -> None:
    async with ADriver(world.node, kind=kind, services=services) as driver:
        for count, pause in enumerate((1, 0.6, 1.1, 2.1, 4.1), start=1):
            await world.turn(pause)
            await world.turn(1)
            await world.until(lambda count=count: len(driver.statuses) >= count)  # type: ignore[misc] # a default
        assert why in driver.statuses[-1][1]
        path = str(driver.socket)
        await world.until(lambda: world.life.watcher.back_offs[path].pause_s >= 8)


@pytest.mark.parametrize(("order", "chosen"), [((names.DRA_V1, names.DRA_V1BETA1), names.DRA_V1)])
async def test_the_order_of_the_plugin_decides_which_service_is_used(
    world: ANode, order: tuple[str, ...], chosen: str
) -> None:
    async with ADriver(world.node, services=order), ADriver(world.node, "other", services=order[::-1]):
        await world.registered()
        await world.registered("other")
        assert world.life.drivers.get(DRIVER).service == chosen
        assert world.life.drivers.get("other").service == order[1]


async def test_the_last_connected_instance_is_asked(world: ANode) -> None:
    async with ADriver(world.node) as old:
        await world.registered()
        async with ADriver(world.node, instance="b") as new:
            await world.registered(count=2)
            assert world.life.drivers.get(DRIVER).endpoint == str(new.endpoint)
            await new._servers[0].stop(None)
            await world.until(lambda: world.life.drivers.get(DRIVER).endpoint == str(old.endpoint))


async def test_an_endpoint_belongs_to_one_instance(world: ANode) -> None:
    async with ADriver(world.node):
        await world.registered()
        second = ADriver(world.node)
        await offer_elsewhere(second, world.node.registry_dir / "second.sock")
        await world.turn(1)
        await world.until(lambda: second.statuses)
        assert "already registered for DRA driver plugin gpu.example.com" in second.statuses[0][1]
        assert len(world.life.drivers.instances[DRIVER]) == 1
        for server in second._servers:
            await server.stop(None)


async def offer_elsewhere(driver: ADriver, path: Path) -> None:
    """Register DRIVER's endpoint over another socket."""
    server = grpc.aio.server()
    registration_pb2_grpc.add_RegistrationServicer_to_server(Registration(driver), server)
    server.add_insecure_port(f"unix:{path}")
    await server.start()
    driver._servers.append(server)


async def test_a_socket_that_vanishes_deregisters(world: ANode) -> None:
    async with ADriver(world.node) as driver:
        await world.registered()
        driver.socket.unlink()
        await world.turn(1)
        await world.until(lambda: not world.life.drivers.instances)


async def test_a_killed_plugin_stays_registered_and_is_reached_again(world: ANode) -> None:
    async with ADriver(world.node) as driver:
        await world.registered()
        plugin = world.life.drivers.get(DRIVER)
        await driver._servers.pop(0).stop(None)
        await world.until(lambda: not plugin.connected)
        await world.turn(1)
        assert world.life.drivers.get(DRIVER) is plugin
        await driver.serve()
        await world.until(lambda: plugin.connected)


async def test_a_socket_made_anew_registers_anew(world: ANode) -> None:
    driver = ADriver(world.node)
    async with driver:
        await world.registered()
        before = world.life.drivers.get(DRIVER)
    async with driver:
        await world.turn(1)
        await world.registered()
        assert world.life.drivers.get(DRIVER) is not before


@pytest.mark.parametrize(("release", "stays"), [(V1_35, True), (V1_36, False)])
async def test_a_plugin_that_does_not_take_its_status(
    short_path: Path, release: Release, stays: bool
) -> None:
    async with ANode(short_path, release=release) as world, ADriver(world.node, refuses_status=1) as driver:
        await world.turn(1)
        await world.until(lambda: driver.statuses)
        await world.rest()
        assert bool(world.life.drivers.instances) is stays
        await world.turn(1)
        await world.registered()
        await world.until(lambda: len(driver.statuses) == (1 if stays else 2))


async def test_slices_are_wiped_half_a_minute_after_the_driver_went(world: ANode) -> None:
    async with ADriver(world.node):
        await world.registered()
        world.slice()
    await world.until(lambda: not world.life.drivers.usable(DRIVER))
    await world.turn(29)
    assert world.api.find("resourceslices", "s")
    await world.turn(2)
    assert not world.api.find("resourceslices", "s")


async def test_a_driver_that_comes_back_in_time_keeps_its_slices(world: ANode) -> None:
    driver = ADriver(world.node)
    async with driver:
        await world.registered()
        world.slice()
    await world.until(lambda: not world.life.drivers.usable(DRIVER))
    await world.turn(20)
    async with driver:
        await world.registered()
        await world.turn(40)
        assert world.api.find("resourceslices", "s")


async def test_a_starting_kubelet_wipes_the_slices_of_its_node(world: ANode) -> None:
    world.slice()
    world.slice("other", "other.example.com")
    await world.kubelet.restart()
    await world.rest()
    assert not world.api.values("resourceslices")


async def test_wiping_waits_for_the_node_object(world: ANode) -> None:
    node = world.api.get("nodes", "node-0")
    world.api.delete("nodes", "node-0")
    world.slice()
    await world.kubelet.restart()
    await world.turn(1.3)
    assert world.api.find("resourceslices", "s")
    world.api.create("nodes", {"metadata": {"name": node["metadata"]["name"]}})
    await world.turn(3)
    assert not world.api.find("resourceslices", "s")


def test_what_is_stale_is_unregistered_before_it_is_registered_anew() -> None:
    actual = {"/a": Registered((1, 1), "d", "/a"), "/gone": Registered((2, 2), "d", "/gone")}
    steps = decide({"/a": (1, 2), "/new": (3, 3)}, actual, blocked=())
    assert steps.unregister == ("/a", "/gone")
    assert steps.register == ("/new",)
    assert decide({"/new": (3, 3)}, {}, blocked={"/new"}).register == ()


async def test_a_dead_socket_is_dialled_for_ten_seconds(world: ANode) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        path = str(world.node.registry_dir / "dead.sock")
        dead.bind(path)
        await world.turn(1)
        assert path not in world.life.watcher.back_offs
        await world.turn(10)
        await world.until(lambda: path in world.life.watcher.back_offs)
        await asyncio.sleep(0)


def test_a_link_to_nowhere_hides_no_other_plugin(tmp_path: Path) -> None:
    for name in ("a", "z"):
        (tmp_path / name).symlink_to("nowhere")
    with socket.socket(socket.AF_UNIX) as plugin:
        plugin.bind(str(tmp_path / "m.sock"))
        assert list(find_sockets(str(tmp_path))) == [str(tmp_path / "m.sock")]
