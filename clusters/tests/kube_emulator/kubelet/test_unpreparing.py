"""Claims of pods that go: what is unprepared when, and what waits for it."""

import asyncio
from pathlib import Path

import pytest
from emulated_node import SYNC_S, EmulatedNode, with_cdi
from recording_driver import RecordingDriver

from kube_emulator.releases.release import V1_36, V1_37, Release

PREPARE, UNPREPARE = "NodePrepareResources", "NodeUnprepareResources"


async def test_a_shared_claim_is_prepared_once_and_unprepared_with_its_last_pod(
    node_env: EmulatedNode,
) -> None:
    with_cdi(node_env, "c")
    async with RecordingDriver(node_env.node) as driver:
        await node_env.registered()
        node_env.claim()
        for name in ("p", "q"):
            node_env.pod(name, claims=["c"])
            await node_env.until(lambda name=name: node_env.phase(name) == "Running")  # type: ignore[misc] # a default
        assert driver.calls == [(PREPARE, ["c"])]
        for name, count in (("p", 1), ("q", 2)):
            node_env.api.delete("pods", name, "default")
            await node_env.until(lambda name=name: not node_env.phase(name))  # type: ignore[misc] # a default
            assert len(driver.calls) == count


async def test_a_pod_that_was_never_prepared_is_unprepared_when_the_driver_was_asked(
    node_env: EmulatedNode,
) -> None:
    async with RecordingDriver(node_env.node, failures=["x"] * 9) as driver:
        await node_env.registered()
        node_env.claim()
        node_env.pod(claims=["c"])
        await node_env.until(lambda: driver.calls)
        driver.failures.clear()
        node_env.api.delete("pods", "p", "default")
        await node_env.until(lambda: not node_env.phase())
        assert driver.calls[-1] == (UNPREPARE, ["c"])


@pytest.mark.parametrize(("release", "waits"), [(V1_36, False), (V1_37, True)])
async def test_a_new_pod_waits_while_its_claim_is_unprepared(
    short_path: Path, release: Release, waits: bool
) -> None:
    async with (
        EmulatedNode(short_path, release=release) as node_env,
        RecordingDriver(node_env.node) as driver,
    ):
        with_cdi(node_env, "c")
        await node_env.registered()
        node_env.claim()
        node_env.pod(claims=["c"])
        await node_env.until(lambda: node_env.phase() == "Running")
        driver.stuck = asyncio.Event()
        node_env.api.delete("pods", "p", "default")
        await node_env.until(lambda: driver.calls[-1][0] == UNPREPARE)
        node_env.pod("q", claims=["c"])
        await node_env.rest()
        seen = "".join(node_env.events("FailedPrepareDynamicResources"))
        assert ("ResourceClaim c is being unprepared" in seen) == waits
        driver.stuck.set()
        await node_env.until(lambda: not node_env.phase("p"))
        await node_env.turn(SYNC_S)
        await node_env.until(lambda: node_env.phase("q") == "Running")
        # Up to 1.36 it ran with a claim that was no longer prepared.
        assert [method for method, _ in driver.calls].count(PREPARE) == (2 if waits else 1)


async def test_a_failed_unprepare_keeps_the_pod(node_env: EmulatedNode) -> None:
    with_cdi(node_env, "c")
    async with RecordingDriver(node_env.node) as driver:
        await node_env.registered()
        node_env.claim()
        node_env.pod(claims=["c"])
        await node_env.until(lambda: node_env.phase() == "Running")
        driver.failures.append("busy")
        node_env.api.delete("pods", "p", "default")
        await node_env.until(lambda: len(driver.calls) == 2)
        await node_env.rest()
        assert node_env.phase() == "Running"
        await node_env.turn(SYNC_S)
        await node_env.until(lambda: not node_env.phase())
        assert driver.calls[1:] == [(UNPREPARE, ["c"])] * 2


async def test_a_pod_deleted_by_force_while_the_kubelet_was_down_is_cleaned_up(
    node_env: EmulatedNode,
) -> None:
    with_cdi(node_env, "c")
    async with RecordingDriver(node_env.node) as driver:
        await node_env.registered()
        node_env.claim()
        node_env.pod(claims=["c"])
        await node_env.until(lambda: node_env.phase() == "Running")
        await node_env.kubelet.stop()
        node_env.api.delete("pods", "p", "default", grace_s=0)
        node_env.kubelet.start()
        await node_env.rest()
        await node_env.registered()
        assert driver.calls == [(PREPARE, ["c"])]
        await node_env.turn(60)
        await node_env.until(lambda: driver.calls[1:] == [(UNPREPARE, ["c"])])


async def test_a_claim_of_the_same_name_waits_for_the_old_one(node_env: EmulatedNode) -> None:
    with_cdi(node_env, "c")
    async with RecordingDriver(node_env.node) as driver:
        await node_env.registered()
        node_env.claim()
        node_env.pod("old", claims=["c"])
        await node_env.until(lambda: node_env.phase("old") == "Running")
        driver.failures = ["busy"]
        node_env.api.delete("pods", "old", "default", grace_s=0)
        node_env.api.delete("resourceclaims", "c", "default")
        await node_env.until(lambda: len(driver.calls) == 2)
        new = node_env.claim()["metadata"]["uid"]
        node_env.pod("new", claims=["c"])
        await node_env.until(lambda: node_env.events("FailedPrepareDynamicResources"))
        assert "old ResourceClaim with same name c and different UID" in str(
            node_env.events("FailedPrepareDynamicResources")
        )
        await node_env.turn(SYNC_S)
        await node_env.until(lambda: all(one.uid == new for one in node_env.running.cache.claims.values()))
        await node_env.turn(SYNC_S)
        await node_env.until(lambda: node_env.phase("new") == "Running")
