"""Health of devices: what plugins stream, what the pod's status says."""

import json
from pathlib import Path
from typing import Any

import pytest
from emulated_node import ADriver, ANode, sick

from dra_api import names
from kube_emulator.kubelet.drivers import health_service
from kube_emulator.kubelet.health import HealthCache, loaded, reported
from kube_emulator.releases.release import V1_36, V1_37, Release

BOTH = (names.DRA_V1, names.HEALTH_V1, names.HEALTH_V1ALPHA1)


def resources(world: ANode) -> list[dict[str, Any]]:
    """What the status of the pod's container says of its devices."""
    status = world.api.get("pods", "p", "default")["status"]["containerStatuses"][0]
    return [one for entry in status.get("allocatedResourcesStatus", []) for one in entry["resources"]]


async def running(world: ANode) -> None:
    """A pod with a claim runs."""
    device = {"name": "c", "containerEdits": {}}
    spec = {"cdiVersion": "0.6.0", "kind": "example.com/gpu", "devices": [device]}
    (world.node.cdi_dir / "gpu.json").write_text(json.dumps(spec))
    await world.registered()
    world.claim()
    world.pod(claims=["c"])
    await world.until(lambda: world.phase() == "Running")


async def test_a_sick_device_shows_in_the_pod(world: ANode) -> None:
    async with ADriver(world.node, services=BOTH, health=[sick(1), sick(2, "too hot")]) as driver:
        await running(world)
        wanted = {"resourceID": "example.com/gpu=c", "health": "Unhealthy", "message": "too hot"}
        await world.until(lambda: resources(world) == [wanted])
        entry = world.api.get("pods", "p", "default")["status"]["containerStatuses"][0]
        assert entry["allocatedResourcesStatus"][0]["name"] == "claim:c"
        assert driver.streams == 1


async def test_a_stream_that_ends_makes_health_unknown_and_is_opened_again(world: ANode) -> None:
    async with ADriver(world.node, services=BOTH, health=[sick(1)]) as driver:
        await running(world)
        await world.until(lambda: [one["health"] for one in resources(world)] == ["Healthy"])
        driver.health.clear()
        driver.hang_up.set()
        await world.until(lambda: [one["health"] for one in resources(world)] == ["Unknown"])
        await world.turn(4)
        assert driver.streams == 1
        await world.turn(2)
        await world.until(lambda: driver.streams == 2)


async def test_a_plugin_without_the_service_is_asked_again_and_again_up_to_1_36(short_path: Path) -> None:
    async with ANode(short_path, release=V1_36) as world, ADriver(world.node):
        await world.registered()
        for _ in range(3):
            await world.turn(5.1)
        await world.registered()


async def test_a_plugin_that_lacks_the_service_it_offers_is_asked_once_from_1_37(world: ANode) -> None:
    offers = (names.DRA_V1, names.HEALTH_V1)
    async with ADriver(world.node, services=offers, lacks_health=True) as driver:
        await world.registered()
        await world.until(lambda: driver.streams == 1)
        await world.turn(5.1)
        await world.registered()
        assert driver.streams == 1


async def test_health_that_is_not_reported_any_more_grows_old(world: ANode) -> None:
    async with ADriver(world.node, services=BOTH, health=[sick(1, timeout_s=20)]):
        await running(world)
        await world.until(lambda: [one["health"] for one in resources(world)] == ["Healthy"])
        await world.turn(60)
        await world.until(lambda: [one["health"] for one in resources(world)] == ["Unknown"])


async def test_with_the_gate_off_no_stream_is_opened(short_path: Path) -> None:
    gates = {"ResourceHealthStatus": False}
    async with ANode(short_path, gates=gates) as world, ADriver(world.node, services=BOTH) as driver:
        await running(world)
        assert driver.streams == 0
        assert resources(world) == []


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
    cache, key = HealthCache(), ("d", "node-0", "c-0")
    assert cache.update("d", {key[1:]: reported(sick(1).devices[0], 0)}, 0) == {key}
    assert cache.update("d", {}, 30) == set()
    assert cache.get(*key, 30).health == "Healthy"
    assert cache.update("d", {}, 31) == {key}
    assert cache.get(*key, 31).health == "Unknown"


def test_the_same_again_is_no_change_and_long_messages_are_cut() -> None:
    cache, key = HealthCache(), ("d", "node-0", "c-0")
    cache.update("d", {key[1:]: reported(sick(2, "m" * 2000).devices[0], 0)}, 0)
    assert cache.update("d", {key[1:]: reported(sick(2, "m" * 2000).devices[0], 9)}, 9) == set()
    assert cache.get(*key, 9).message == "m" * 1021 + "..."


def test_the_state_file_gives_back_what_was_known() -> None:
    cache = HealthCache()
    cache.update("d", {("p", "x"): reported(sick(2, "hot").devices[0], 5)}, 5)
    assert loaded(cache.dump()).devices == cache.devices
    assert loaded("{").devices == {}
