"""Kubelets that misbehave on request, and clusters with many nodes."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from emulated_node import EmulatedNode
from recording_driver import DRIVER, RecordingDriver

from kube_emulator import Cluster, Options
from kube_emulator.errors import EnvironmentFault, UsageError
from kube_emulator.kubelet.faults import OLD_UID
from kube_emulator.kubelet.node_object import LEASES

PREPARE, UNPREPARE = "NodePrepareResources", "NodeUnprepareResources"


async def prepared(node_env: EmulatedNode, *names: str) -> None:
    """Let a pod with claims NAMES be prepared; it does not matter whether its container is made."""
    await node_env.registered()
    for name in names:
        node_env.claim(name)
    node_env.pod(claims=names)
    await node_env.until(lambda: any(claim.prepared for claim in node_env.running.cache.claims.values()))


async def test_calls_are_sent_twice(node_env: EmulatedNode) -> None:
    async with RecordingDriver(node_env.node) as driver:
        node_env.running.caller.faults.duplicate = 1
        await prepared(node_env, "c")
        await node_env.until(lambda: driver.calls == [(PREPARE, ["c"])] * 2)


async def test_claims_come_in_another_order(node_env: EmulatedNode) -> None:
    async with RecordingDriver(node_env.node) as driver:
        node_env.running.caller.faults.reverse = 1
        await prepared(node_env, "a", "b")
        assert driver.calls == [(PREPARE, ["b", "a"])]


async def test_claims_are_unprepared_before_they_are_prepared(node_env: EmulatedNode) -> None:
    async with RecordingDriver(node_env.node) as driver:
        node_env.running.caller.faults.unprepare_first = 1
        await prepared(node_env, "c")
        assert driver.calls == [(UNPREPARE, ["c"]), (PREPARE, ["c"])]


async def test_an_old_uid_comes_first(node_env: EmulatedNode) -> None:
    async with RecordingDriver(node_env.node) as driver:
        node_env.running.caller.faults.old_uid = 1
        await prepared(node_env, "c")
        assert driver.uids[0] == [OLD_UID]
        assert driver.uids[1] != [OLD_UID]


async def test_a_call_is_broken_off_and_comes_again(node_env: EmulatedNode) -> None:
    async with RecordingDriver(node_env.node) as driver:
        node_env.running.caller.faults.cancel_after_s = 0
        await node_env.registered()
        node_env.claim()
        node_env.pod(claims=["c"])
        await node_env.until(lambda: node_env.events("FailedPrepareDynamicResources"))
        assert (
            "code = Canceled desc = context canceled" in node_env.events("FailedPrepareDynamicResources")[0]
        )
        await node_env.turn(16)
        await node_env.until(lambda: driver.calls and node_env.running.cache.in_use()["<any>"] == 1)


async def test_a_stopped_kubelet_makes_no_heartbeat(node_env: EmulatedNode) -> None:
    before = node_env.api.get("leases", "node-0", LEASES)["spec"]["renewTime"]
    await node_env.turn(11)
    later = node_env.api.get("leases", "node-0", LEASES)["spec"]["renewTime"]
    assert later > before
    await node_env.kubelet.stop()
    await node_env.turn(60)
    assert node_env.api.get("leases", "node-0", LEASES)["spec"]["renewTime"] == later


async def test_a_hollow_node_wakes_when_a_driver_makes_its_folder(short_path: Path) -> None:
    async with EmulatedNode(short_path, hollow=3) as node_env:
        assert not node_env.hollow[1].directory.exists()
        node_env.hollow[1].registry_dir.mkdir(parents=True)
        async with RecordingDriver(node_env.hollow[1]) as driver:
            await node_env.turn(1)
            await node_env.turn(1)
            await node_env.until(lambda: driver.statuses == [(True, "")])
        assert [node_env.fleet.kubelets[node.name].hollow for node in node_env.hollow] == [True, False, True]


async def test_a_hollow_node_wakes_when_a_pod_lands(short_path: Path) -> None:
    async with EmulatedNode(short_path, hollow=2) as node_env:
        node_env.pod(nodeName="hollow-0")
        await node_env.until(lambda: node_env.phase() == "Running")
        assert node_env.hollow[0].cdi_dir.is_dir()
        assert not node_env.hollow[1].directory.exists()


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


def test_a_damaged_checkpoint_is_raised_when_the_kubelet_starts(cluster: Cluster) -> None:
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
