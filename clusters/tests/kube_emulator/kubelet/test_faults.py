"""Kubelets that misbehave on request, and clusters with many nodes."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from emulated_node import DRIVER, ADriver, ANode

from kube_emulator import Cluster, Options
from kube_emulator.errors import EnvironmentFault, UsageError
from kube_emulator.kubelet.faults import OLD_UID
from kube_emulator.kubelet.node_object import LEASES

PREPARE, UNPREPARE = "NodePrepareResources", "NodeUnprepareResources"


async def prepared(world: ANode, *names: str) -> None:
    """Let a pod with claims NAMES be prepared; it does not matter whether its container is made."""
    await world.registered()
    for name in names:
        world.claim(name)
    world.pod(claims=names)
    await world.until(lambda: any(claim.prepared for claim in world.life.cache.claims.values()))


async def test_calls_are_sent_twice(world: ANode) -> None:
    async with ADriver(world.node) as driver:
        world.life.caller.bad_day.duplicate = 1
        await prepared(world, "c")
        await world.until(lambda: driver.calls == [(PREPARE, ["c"])] * 2)


async def test_claims_come_in_another_order(world: ANode) -> None:
    async with ADriver(world.node) as driver:
        world.life.caller.bad_day.reverse = 1
        await prepared(world, "a", "b")
        assert driver.calls == [(PREPARE, ["b", "a"])]


async def test_claims_are_unprepared_before_they_are_prepared(world: ANode) -> None:
    async with ADriver(world.node) as driver:
        world.life.caller.bad_day.unprepare_first = 1
        await prepared(world, "c")
        assert driver.calls == [(UNPREPARE, ["c"]), (PREPARE, ["c"])]


async def test_an_old_uid_comes_first(world: ANode) -> None:
    async with ADriver(world.node) as driver:
        world.life.caller.bad_day.old_uid = 1
        await prepared(world, "c")
        assert driver.uids[0] == [OLD_UID]
        assert driver.uids[1] != [OLD_UID]


async def test_a_call_is_broken_off_and_comes_again(world: ANode) -> None:
    async with ADriver(world.node) as driver:
        world.life.caller.bad_day.cancel_after_s = 0
        await world.registered()
        world.claim()
        world.pod(claims=["c"])
        await world.until(lambda: world.events("FailedPrepareDynamicResources"))
        assert "code = Canceled desc = context canceled" in world.events("FailedPrepareDynamicResources")[0]
        await world.turn(16)
        await world.until(lambda: driver.calls and world.life.cache.in_use()["<any>"] == 1)


async def test_a_stopped_kubelet_makes_no_heartbeat(world: ANode) -> None:
    before = world.api.get("leases", "node-0", LEASES)["spec"]["renewTime"]
    await world.turn(11)
    later = world.api.get("leases", "node-0", LEASES)["spec"]["renewTime"]
    assert later > before
    await world.kubelet.stop()
    await world.turn(60)
    assert world.api.get("leases", "node-0", LEASES)["spec"]["renewTime"] == later


async def test_a_hollow_node_wakes_when_a_driver_makes_its_folder(short_path: Path) -> None:
    async with ANode(short_path, hollow=3) as world:
        assert not world.hollow[1].directory.exists()
        world.hollow[1].registry_dir.mkdir(parents=True)
        async with ADriver(world.hollow[1]) as driver:
            await world.turn(1)
            await world.turn(1)
            await world.until(lambda: driver.statuses == [(True, "")])
        assert [world.fleet.kubelets[node.name].hollow for node in world.hollow] == [True, False, True]


async def test_a_hollow_node_wakes_when_a_pod_lands(short_path: Path) -> None:
    async with ANode(short_path, hollow=2) as world:
        world.pod(nodeName="hollow-0")
        await world.until(lambda: world.phase() == "Running")
        assert world.hollow[0].cdi_dir.is_dir()
        assert not world.hollow[1].directory.exists()


@pytest.fixture
def cluster(short_path: Path) -> Iterator[Cluster]:
    with Cluster(Options(directory=short_path / "c")) as cluster:
        yield cluster


def test_kubelets_are_reached_from_another_thread(cluster: Cluster) -> None:
    kubelet = cluster.kubelet("node-0")
    assert kubelet.drivers() == {}
    assert kubelet.claims() == {}
    assert kubelet.claims_in_use() == {"<any>": 0}
    kubelet.restart()
    kubelet.reboot()
    kubelet.duplicate_calls(2)
    kubelet.stop()
    with pytest.raises(EnvironmentFault, match="the kubelet of node-0 does not run"):
        kubelet.drivers()
    kubelet.start()
    with pytest.raises(EnvironmentFault, match=f"DRA driver {DRIVER} is not registered"):
        kubelet.call(DRIVER, PREPARE, [])
    cluster.advance(3600)


def test_a_damaged_checkpoint_is_told_to_whoever_starts_the_kubelet(cluster: Cluster) -> None:
    kubelet = cluster.kubelet("node-0")
    kubelet.stop()
    (kubelet.node.directory / "dra_manager_state").write_text("{}")
    with pytest.raises(EnvironmentFault, match="checkpoint is corrupted"):
        kubelet.start()


def test_there_is_no_kubelet_for_a_node_that_is_not_there(cluster: Cluster) -> None:
    with pytest.raises(UsageError, match="no kubelet runs for node 'node-9'"):
        cluster.kubelet("node-9")


@pytest.mark.slow
def test_a_thousand_hollow_nodes_are_ready_in_a_moment(short_path: Path) -> None:
    begin = time.monotonic()
    with Cluster(Options(directory=short_path / "c", hollow=1000)) as cluster:
        assert time.monotonic() - begin < 10
        assert cluster.kubelet("hollow-999").node.name == "hollow-999"
        assert not (short_path / "c" / "nodes" / "hollow-999").exists()
