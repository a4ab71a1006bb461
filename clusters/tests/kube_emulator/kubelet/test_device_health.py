"""Health of devices: what plugins stream, what the pod's status says."""

import json
from pathlib import Path
from typing import Any

import pytest
from emulated_node import EmulatedNode
from recording_driver import RecordingDriver, sick

from dra_api import names
from dra_api.identifiers import DeviceName, DriverName, PoolName
from kube_emulator.kubelet.drivers import health_service
from kube_emulator.kubelet.health import HealthCache, loaded, reported
from kube_emulator.releases.release import V1_36, V1_37, Release

DRIVER_NAME, POOL, DEVICE = DriverName("d"), PoolName("node-0"), DeviceName("c-0")
BOTH = (names.DRA_V1, names.HEALTH_V1, names.HEALTH_V1ALPHA1)


def resources(node_env: EmulatedNode) -> list[dict[str, Any]]:
    """What the status of the pod's container says of its devices."""
    status = node_env.api.get("pods", "p", "default")["status"]["containerStatuses"][0]
    return [one for entry in status.get("allocatedResourcesStatus", []) for one in entry["resources"]]


async def running(node_env: EmulatedNode) -> None:
    """A pod with a claim runs."""
    device = {"name": "c", "containerEdits": {}}
    spec = {"cdiVersion": "0.6.0", "kind": "example.com/gpu", "devices": [device]}
    (node_env.node.cdi_dir / "gpu.json").write_text(json.dumps(spec))
    await node_env.registered()
    node_env.claim()
    node_env.pod(claims=["c"])
    await node_env.until(lambda: node_env.phase() == "Running")


async def test_a_sick_device_shows_in_the_pod(node_env: EmulatedNode) -> None:
    async with RecordingDriver(node_env.node, services=BOTH, health=[sick(1), sick(2, "too hot")]) as driver:
        await running(node_env)
        wanted = {"resourceID": "example.com/gpu=c", "health": "Unhealthy", "message": "too hot"}
        await node_env.until(lambda: resources(node_env) == [wanted])
        entry = node_env.api.get("pods", "p", "default")["status"]["containerStatuses"][0]
        assert entry["allocatedResourcesStatus"][0]["name"] == "claim:c"
        assert driver.streams == 1


async def test_a_stream_that_ends_makes_health_unknown_and_is_opened_again(node_env: EmulatedNode) -> None:
    async with RecordingDriver(node_env.node, services=BOTH, health=[sick(1)]) as driver:
        await running(node_env)
        await node_env.until(lambda: [one["health"] for one in resources(node_env)] == ["Healthy"])
        driver.health.clear()
        driver.hang_up.set()
        await node_env.until(lambda: [one["health"] for one in resources(node_env)] == ["Unknown"])
        await node_env.turn(4)
        assert driver.streams == 1
        await node_env.turn(2)
        await node_env.until(lambda: driver.streams == 2)


async def test_a_plugin_without_the_service_is_asked_again_and_again_up_to_1_36(short_path: Path) -> None:
    async with EmulatedNode(short_path, release=V1_36) as node_env, RecordingDriver(node_env.node):
        await node_env.registered()
        for _ in range(3):
            await node_env.turn(5.1)
        await node_env.registered()


async def test_a_plugin_that_lacks_the_service_it_offers_is_asked_once_from_1_37(
    node_env: EmulatedNode,
) -> None:
    offers = (names.DRA_V1, names.HEALTH_V1)
    async with RecordingDriver(node_env.node, services=offers, lacks_health=True) as driver:
        await node_env.registered()
        await node_env.until(lambda: driver.streams == 1)
        await node_env.turn(5.1)
        await node_env.registered()
        assert driver.streams == 1


async def test_health_that_is_not_reported_any_more_grows_old(node_env: EmulatedNode) -> None:
    async with RecordingDriver(node_env.node, services=BOTH, health=[sick(1, timeout_s=20)]):
        await running(node_env)
        await node_env.until(lambda: [one["health"] for one in resources(node_env)] == ["Healthy"])
        await node_env.turn(60)
        await node_env.until(lambda: [one["health"] for one in resources(node_env)] == ["Unknown"])


async def test_with_the_gate_off_no_stream_is_opened(short_path: Path) -> None:
    gates = {"ResourceHealthStatus": False}
    async with (
        EmulatedNode(short_path, gates=gates) as node_env,
        RecordingDriver(node_env.node, services=BOTH) as driver,
    ):
        await running(node_env)
        assert driver.streams == 0
        assert resources(node_env) == []


@pytest.mark.parametrize(
    ("release", "offered", "asked"),
    [
        (V1_36, BOTH, names.HEALTH_V1ALPHA1),
        (V1_36, (names.DRA_V1,), names.HEALTH_V1ALPHA1),
        (V1_37, BOTH, names.HEALTH_V1),
        (V1_37, (names.DRA_V1, names.HEALTH_V1ALPHA1), names.HEALTH_V1ALPHA1),
        (V1_37, (names.DRA_V1,), ""),
    ],
)
def test_the_release_decides_which_health_service_is_asked(
    release: Release, offered: tuple[str, ...], asked: str
) -> None:
    assert health_service(offered, release) == asked


def test_a_device_that_a_report_leaves_out_keeps_its_health_until_it_is_too_old() -> None:
    cache, key = HealthCache(), (DRIVER_NAME, POOL, DEVICE)
    assert cache.update(DRIVER_NAME, {key[1:]: reported(sick(1).devices[0], 0)}, 0) == {key}
    assert cache.update(DRIVER_NAME, {}, 30) == set()
    assert cache.get(*key, 30).health == "Healthy"
    assert cache.update(DRIVER_NAME, {}, 31) == {key}
    assert cache.get(*key, 31).health == "Unknown"


def test_the_same_again_is_no_change_and_long_messages_are_cut() -> None:
    cache, key = HealthCache(), (DRIVER_NAME, POOL, DEVICE)
    cache.update(DRIVER_NAME, {key[1:]: reported(sick(2, "m" * 2000).devices[0], 0)}, 0)
    assert cache.update(DRIVER_NAME, {key[1:]: reported(sick(2, "m" * 2000).devices[0], 9)}, 9) == set()
    assert cache.get(*key, 9).message == "m" * 1021 + "..."


def test_the_state_file_gives_back_what_was_known() -> None:
    cache = HealthCache()
    cache.update(DRIVER_NAME, {(POOL, DEVICE): reported(sick(2, "hot").devices[0], 5)}, 5)
    assert loaded(cache.dump()).devices == cache.devices
    assert loaded("{").devices == {}
