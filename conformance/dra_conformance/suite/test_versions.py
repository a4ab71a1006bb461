"""An API server that is older than the driver: it drops what it does not know of slices, and says nothing."""

import time

from dra_conformance.expect import each, expect, not_applicable
from dra_conformance.harness.world import World
from dra_conformance.requirement import requirement

IDLE_S = 1.0
WRITES_MAX = 3
"""In IDLE_S: one more try is no storm."""


def publish(world: World) -> None:
    """Start the driver and wait for its slices."""
    world.start()
    world.kubelet.register()
    found = world.api.wait_slices(world.descriptor.budgets.publish_seconds)
    expect(bool(found), wanted="slices", found="none", where="the oldest API server")


def dropped(world: World) -> list[str]:
    """The members of devices that the driver set and the API server did not store."""
    stored = {
        device["name"]: device
        for item in world.api.own_slices()
        for device in item["spec"].get("devices") or []
    }
    return sorted(
        {
            name
            for spec in world.api.sent_specs()
            for device in spec.get("devices") or []
            for name, value in device.items()
            if value and name not in stored.get(device["name"], device)
        }
    )


@requirement("MV-010", why="a fleet of drivers that fight with the API server is an outage")
def test_dropped_fields_cause_no_storm(oldest: World) -> None:
    """On the oldest Kubernetes, whose gates are off, the driver publishes, writes no more afterwards, and serves."""
    publish(oldest)
    oldest.evidence.add("api", "dropped members of devices", names=dropped(oldest))
    time.sleep(0.2)
    start = time.time()
    time.sleep(IDLE_S)
    writes = len(oldest.api.driver_writes(after=start))
    expect(
        writes <= WRITES_MAX,
        wanted=f"at most {WRITES_MAX} writes in {IDLE_S:g} s",
        found=writes,
        where="slices",
    )
    oldest.kubelet.prepared(oldest.claim())


@requirement("MV-011", why="users look for a feature that the cluster silently took away")
def test_dropped_fields_are_told(oldest: World) -> None:
    """What the oldest Kubernetes drops of the slices stands in the driver's log."""
    publish(oldest)
    names = dropped(oldest)
    if not names:
        not_applicable("the oldest API server stores all that the driver sends")
    log = oldest.driver.log_text()
    silent = [name for name in names if name not in log and "dropped" not in log]
    each(silent, wanted="a message about dropped fields", where="driver log")
