"""Pools that grow and shrink: what readers see between two writes, and after a crash between them (resource/v1, 1.37)."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from dra_conformance.catalogue.marks import requirement
from dra_conformance.expectations import each, expect, expect_soon, not_applicable
from dra_conformance.harness.factory import HarnessFactory
from dra_conformance.harness.harness import Harness
from dra_conformance.rules.pools import (
    dependent_pools,
    device_names,
    is_complete,
    kept_generations,
    pools_of,
    repeated_devices,
    torn_pools,
)
from dra_conformance.suite.conftest import Shared
from dra_conformance.suite.slices.phases import Phases, watch_phases

PER_SLICE = 128
"""The most devices in a slice (resource/v1 ResourceSliceMaxDevices)."""
INCOMPLETE_S = 5
LATE = 3
"""Times the budget, where time is not the question."""


@pytest.fixture(scope="session")
def phases(shared: Shared, factory: HarnessFactory) -> Iterator[Phases]:
    """A driver that is started with many devices, then as usual, then with many; seen once for all checks."""
    with ExitStack() as stack:
        yield watch_phases(factory.make(stack))


def many(phases: Phases) -> Phases:
    """The phases, if they had many devices."""
    if not phases.many:
        not_applicable("the descriptor has no start.many, so there is never more than one slice to change")
    return phases


@requirement("POOL-002", why="readers would mix devices of before and after into one pool")
def test_large_changes_have_a_new_generation(phases: Phases) -> None:
    """Where devices changed in several slices, or the number of slices did, all slices of the pool have a newer generation."""
    problems = [text for phase in many(phases).all[1:] for text in kept_generations(phase)]
    each(problems, wanted="one newer generation", where="pools after a change of many devices")


@requirement("POOL-004", why="a pool with one device twice is invalid, and nothing of it is allocated")
def test_no_device_is_seen_twice(phases: Phases) -> None:
    """After each single write of a start, no device is twice in the newest generation of a pool."""
    problems = [text for phase in phases.all for text in repeated_devices(phase)]
    each(problems, wanted="each device once", where="slices between two writes")


@requirement(
    "POOL-005", why="the scheduler would allocate from half a pool, and say that the rest does not exist"
)
def test_a_half_written_pool_is_recognised(phases: Phases) -> None:
    """After each single write of a change, a pool that looks complete has all devices of before, or all of after."""
    problems = [text for phase in many(phases).all[1:] for text in torn_pools(phase)]
    each(problems, wanted="complete pools with all of their devices", where="slices between two writes")


@requirement("RSL-037", why="the scheduler would take the first device found for all that there are")
def test_nothing_is_published_before_all_devices_are_found(phases: Phases) -> None:
    """After each single write of the first start, a pool that looks complete has all devices."""
    problems = list(torn_pools(phases.all[0]))
    each(problems, wanted="complete pools with all of their devices", where="slices at the first start")


@requirement("POOL-009", why="while a pool is incomplete no pod gets a device of it")
def test_pools_are_incomplete_briefly(phases: Phases) -> None:
    """From the first to the last write of a start it takes at most five seconds."""
    spans = [phase.write_times[-1] - phase.write_times[0] for phase in phases.all if phase.write_times]
    slow = [f"{span:.1f} s" for span in spans if span > INCOMPLETE_S]
    each(slow, wanted=f"at most {INCOMPLETE_S} s", where="from the first to the last write of slices")


@requirement("POOL-012", why="a change of one pool would take all others out of the cluster for a moment")
def test_pools_are_independent(phases: Phases) -> None:
    """A pool whose devices did not change keeps its generation, and counts its own slices only."""
    if len(pools_of(phases.all[0].final)) < 2:
        not_applicable("the driver publishes one pool")
    problems = [text for phase in phases.all[1:] for text in dependent_pools(phase)]
    each(problems, wanted="generation and count as before", where="pools that did not change")


@requirement("RSL-010", why="devices beyond the limit of a slice would not exist for the scheduler")
def test_many_devices_are_split_over_slices(phases: Phases) -> None:
    """More devices than a slice can have are in several slices of one pool, with one generation and the right count."""
    final = many(phases).all[0].final
    count = len(device_names(final.values()))
    expect(count > PER_SLICE, wanted=f"more than {PER_SLICE}", found=count, where="devices of start.many")
    large = [
        f"{name}: {len(device_names([item]))}"
        for name, item in final.items()
        if len(device_names([item])) > PER_SLICE
    ]
    each(large, wanted=f"at most {PER_SLICE}", where="devices of a slice")
    pools = [len(items) for items in pools_of(final).values()]
    expect(max(pools) > 1, wanted="several slices in a pool", found=pools, where="slices of the pools")


@requirement(
    "POOL-007", why="after a crash at the wrong moment the node would have no devices until somebody helps"
)
@pytest.mark.parametrize("writes", [1, 2])
def test_an_interrupted_update_is_completed(isolated: Harness, writes: int) -> None:
    """Killed after its first or second write of a slice, the driver completes the pools when it is started again."""
    variant = isolated.descriptor.start.many
    isolated.start(variant=variant)
    isolated.kubelet.register()

    def written() -> int:
        """How many writes succeeded; a driver that writes one slice has no second."""
        return sum(200 <= request.code < 300 for request in isolated.api.driver_writes())

    expect_soon(
        lambda: written() >= (writes if variant else 1),
        within_s=isolated.descriptor.budgets.repair_seconds,
        wanted=f"{writes} writes of slices",
        found=written,
        where="first start",
    )
    isolated.driver.kill()
    isolated.evidence.add("api", "killed", slices=sorted(isolated.api.slice_state()[1]))
    isolated.restart(kill=True, variant=variant)

    def unfinished() -> list[str]:
        """Pools that are missing or incomplete."""
        pools = pools_of(isolated.api.slice_state()[1])
        missing = isolated.descriptor.pools - len(pools)
        return [*(["a missing pool"] * missing), *(name for name, i in pools.items() if not is_complete(i))]

    expect_soon(
        lambda: not unfinished(),
        within_s=LATE * isolated.descriptor.budgets.publish_seconds,
        wanted="complete pools",
        found=unfinished,
        where=f"pools after a kill after write {writes}",
    )
