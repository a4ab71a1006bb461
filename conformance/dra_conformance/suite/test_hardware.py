"""Devices that go, come back and change while the driver runs, and a node without any."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from dra_api.objects import JsonObject
from dra_conformance.catalogue.marks import requirement
from dra_conformance.expectations import each, expect, expect_soon, not_applicable
from dra_conformance.harness.factory import HarnessFactory
from dra_conformance.harness.harness import Harness
from dra_conformance.rules.pools import is_complete, pools_of
from dra_conformance.suite.conftest import Shared
from dra_conformance.suite.unplugged import Unplugged, unplug


@pytest.fixture(scope="session")
def unplugged(shared: Shared, factory: HarnessFactory) -> Iterator[Unplugged]:
    """A device is unplugged and plugged in again, once for all checks."""
    with ExitStack() as stack:
        harness = factory.make(stack)
        harness.levers.require("remove", "add")
        harness.start_registered()
        yield unplug(harness)


@requirement("DIS-014", why="the scheduler would go on giving away a device that is not there")
def test_a_vanished_device_is_not_offered(unplugged: Unplugged) -> None:
    """After a device was unplugged, it leaves the slices, or has a taint that keeps pods off."""
    expect(not unplugged.kept, wanted="not offered", found=unplugged.kept, where=unplugged.device[1])


@requirement(
    "CDI-024", why="containers would be refused, or get the node of another device that took its place"
)
def test_no_cdi_file_lists_a_vanished_device(unplugged: Unplugged) -> None:
    """After a device was unplugged and its claim unprepared, no CDI file lists the nodes that were its own."""
    if not unplugged.nodes:
        not_applicable("the device has no device node of its own")
    each(unplugged.listed, wanted=f"none of {sorted(unplugged.nodes)}", where="CDI files")


@requirement("NODE-006", "POOL-003", "POOL-010", why="users would choose by what the device was at the start")
def test_a_change_is_published_alone(harness: Harness) -> None:
    """A change of a device is published, in slices of its pool only, which have one generation afterwards."""
    harness.levers.require("change", "restore")
    pool, name, before = harness.devices()[0]
    writes = len(harness.api.driver_writes())
    harness.levers.pull("change", (pool, name))
    try:
        expect_soon(
            lambda: device(harness, pool, name) not in (before, {}),
            within_s=harness.descriptor.budgets.detect_seconds,
            wanted="other attributes, capacities or taints",
            found=lambda: device(harness, pool, name),
            where=f"device {name} after the hook change",
        )
    finally:
        harness.levers.pull("restore", (pool, name))
    expect_soon(
        lambda: device(harness, pool, name) == before,
        within_s=harness.descriptor.budgets.detect_seconds,
        wanted=before,
        found=lambda: device(harness, pool, name),
        where=f"device {name} after the hook restore",
    )
    made = [r.body for r in harness.api.driver_writes()[writes:] if 200 <= r.code < 300]
    others = {b["spec"]["pool"]["name"] for b in made if isinstance(b, dict) and "spec" in b} - {pool}
    each(sorted(others), wanted=f"writes of pool {pool} only", where="after a change of one device and back")
    generations = {
        item["spec"]["pool"]["generation"]
        for item in harness.api.own_slices()
        if item["spec"]["pool"]["name"] == pool
    }
    expect(len(generations) == 1, wanted="one generation", found=generations, where=f"pool {pool}")


@requirement(
    "DIS-003", why="a pod that was scheduled before the repair runs with other hardware than it was given"
)
def test_other_hardware_is_not_given_to_older_claims(isolated: Harness) -> None:
    """A claim that was allocated a device before other hardware took its place is not prepared with that."""
    isolated.levers.require("swap", "unswap")
    isolated.start_registered()
    (device,) = isolated.require_devices(1)
    claim, before = isolated.claim(device), isolated.api.slice_state()[1]
    isolated.levers.pull("swap", device)
    try:
        expect_soon(
            lambda: isolated.api.slice_state()[1] != before,
            within_s=isolated.descriptor.budgets.detect_seconds,
            wanted="other slices",
            found=lambda: "the same",
            where=f"after other hardware took the place of {device[1]}",
        )
        entry = isolated.kubelet.attempt(claim)[claim.uid]
    finally:
        isolated.levers.pull("unswap", device)
    expect(
        bool(entry.error),
        wanted="an error",
        found=entry.devices,
        where=f"prepare of a claim that was allocated {device[1]} before its hardware was replaced",
    )


def device(harness: Harness, pool: str, name: str) -> JsonObject:
    """A device as published; empty if it is not."""
    return next((d for p, n, d in harness.devices() if (p, n) == (pool, name)), {})


@dataclass(frozen=True, slots=True)
class Emptied:
    """A node on which the driver was started again without any device; ``exit_code`` is None while it runs."""

    exit_code: int | None
    slices: dict[str, JsonObject]
    log: str


@pytest.fixture(scope="session")
def emptied(shared: Shared, factory: HarnessFactory) -> Iterator[Emptied]:
    """A driver that has published devices starts again and finds none, once for all checks."""
    variant = factory.descriptor.start.empty
    if variant is None:
        not_applicable("the descriptor has no start.empty")
    with ExitStack() as stack:
        harness = factory.make(stack)
        harness.start_registered()
        harness.driver.terminate()
        harness.kubelet.disconnect()
        earlier = harness.driver.log_size()
        harness.driver.start(variant=variant)
        try:
            expect_soon(
                lambda: not harness.driver.running or not listed(harness.api.slice_state()[1]),
                within_s=harness.descriptor.budgets.repair_seconds,
                wanted="no devices, or the end of the process",
                found=lambda: "neither",
                where="started without devices",
            )
        except AssertionError:
            harness.evidence.add("process", "it runs, and its devices are still published")
        code, state = harness.driver.exit_code, harness.api.slice_state()[1]
        yield Emptied(code, state, harness.driver.log_text().encode()[earlier:].decode(errors="replace"))


def listed(state: dict[str, JsonObject]) -> list[str]:
    """The devices in slices."""
    return [found["name"] for item in state.values() for found in item["spec"].get("devices") or []]


@requirement("POOL-011", why="the scheduler would go on giving away devices that are all gone")
def test_an_emptied_pool_lists_no_device(emptied: Emptied) -> None:
    """Started again without devices, a driver that lives leaves no slice that lists one."""
    if emptied.exit_code is not None:
        not_applicable(f"without devices the driver exits with {emptied.exit_code}")
    each(listed(emptied.slices)[:5], wanted="no device", where="slices of a node without devices")


@requirement(
    "DIS-001", why="nobody could tell a node without devices from one whose driver has not reported yet"
)
def test_a_node_without_devices_has_an_empty_slice(emptied: Emptied) -> None:
    """Started without devices, a driver that lives publishes complete pools with empty slices."""
    if emptied.exit_code is not None:
        not_applicable(f"without devices the driver exits with {emptied.exit_code}")
    pools = pools_of(emptied.slices)
    good = bool(pools) and all(map(is_complete, pools.values())) and not listed(emptied.slices)
    expect(
        good, wanted="an empty slice", found=sorted(emptied.slices), where="slices of a node without devices"
    )


@requirement("NODE-007", why="a pod that restarts for ever without a word says nothing to the administrator")
def test_missing_devices_are_told(emptied: Emptied) -> None:
    """Started without devices, the driver publishes an empty pool, or logs why it has none; if it ends, then not with 0."""
    explained = bool(emptied.log.strip()) and emptied.exit_code != 0
    published = emptied.exit_code is None and bool(emptied.slices) and not listed(emptied.slices)
    found = f"exit {emptied.exit_code}, {len(emptied.slices)} slices, log {emptied.log[-300:]!r}"
    expect(
        published or explained,
        wanted="an empty pool, or a message",
        found=found,
        where="start without devices",
    )
