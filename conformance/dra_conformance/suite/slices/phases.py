"""A driver that is started with many devices, then with the usual ones, then with many: what could be seen of its slices."""

from dataclasses import dataclass, field

from dra_conformance.drivers.parts import Variant
from dra_conformance.expectations import expect_soon
from dra_conformance.harness.harness import Harness
from dra_conformance.rules.pools import Phase, is_complete, pools_of, states_of


@dataclass(slots=True)
class Phases:
    """What was seen.

    Attributes:
        many: whether the descriptor says how the driver is started with many devices.
    """

    many: bool
    all: list[Phase] = field(default_factory=list)


def watched_start(harness: Harness, variant: Variant | None, *, devices: int | None = None) -> Phase:
    """Start the driver and wait until the pools are complete, with more or fewer devices than DEVICES."""
    version, before = harness.api.slice_state()
    earlier = len(harness.api.driver_writes())
    harness.restart(variant=variant) if harness.driver.running else harness.start(variant=variant)
    harness.kubelet.register()

    def settled() -> bool:
        """Whether the slices are as they will stay."""
        _, state = harness.api.slice_state()
        pools = pools_of(state)
        stored = sum(len(items) for items in pools.values())
        number = sum(len(item["spec"].get("devices") or []) for item in state.values())
        return bool(
            pools
            and all(map(is_complete, pools.values()))
            and stored == len(state)
            and len(pools) >= harness.descriptor.pools
            and number != devices
        )

    expect_soon(
        settled,
        within_s=harness.descriptor.budgets.repair_seconds,
        wanted="complete pools without old slices",
        found=lambda: sorted(harness.api.slice_state()[1]),
        where="slices after a start",
    )
    states = list(states_of(before, harness.api.slice_events(version)))
    writes = [r.time for r in harness.api.driver_writes()[earlier:] if 200 <= r.code < 300]
    return Phase(before, states, writes)


def watch_phases(harness: Harness) -> Phases:
    """Three starts of a driver on one node; two, as usual, if many devices are not to be had."""
    many = harness.descriptor.start.many
    phases = Phases(many=many is not None)
    variants = (many, None, many) if many else (None, None)
    for variant in variants:
        count = None
        if phases.many and phases.all:
            count = sum(len(s["spec"].get("devices") or []) for s in phases.all[-1].final.values())
        phases.all.append(watched_start(harness, variant, devices=count))
    return phases
