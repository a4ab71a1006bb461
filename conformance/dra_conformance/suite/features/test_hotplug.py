"""Devices that go and come while the driver runs; the descriptor's hooks ``remove`` and ``add`` do it."""

from dataclasses import dataclass
from typing import Any

import pytest

from dra_conformance.catalogue.marks import requirement
from dra_conformance.expectations import each, expect
from dra_conformance.harness.evidence import Evidence
from dra_conformance.harness.harness import Harness
from dra_conformance.outcome import EVIDENCE
from dra_conformance.suite.conftest import Shared
from dra_conformance.suite.features.illness import published_devices, wait_for

pytestmark = pytest.mark.xdist_group("hotplug")


@dataclass(frozen=True, slots=True)
class Unplugged:
    """A device with a prepared claim was unplugged, the claim unprepared, and the device plugged in again.

    Attributes:
        went, came: whether slices showed it.
        error: of unprepare; empty for success.
        left: CDI devices that were left after it.
    """

    device: tuple[str, str]
    went: bool
    came: bool
    error: str
    left: tuple[str, ...]
    steps: tuple[dict[str, Any], ...]


def unplug(harness: Harness) -> Unplugged:
    """Unplug the last plain device and plug it in again.

    Raises:
        NotApplicable: the descriptor has no hooks for it.
    """
    harness.levers.require("remove", "add")
    budget_s = harness.descriptor.budgets.detect_seconds
    pool, name, _ = harness.devices()[-1]
    device = (pool, name)
    claim = harness.claim(device)
    ids = [cdi for prepared in harness.kubelet.prepared(claim) for cdi in prepared.cdi_ids]
    try:
        harness.levers.pull("remove", device)
        went = wait_for(lambda: device not in published_devices(harness.api.own_slices()), budget_s)
        error = harness.kubelet.attempt_unprepare(claim)[claim.uid].error
        left = tuple(harness.still_defined(ids))
    finally:
        harness.levers.pull("add", device)
    came = wait_for(lambda: device in published_devices(harness.api.own_slices()), budget_s)
    harness.release(claim)
    return Unplugged(device, went is not None, came is not None, error, left, harness.evidence.take())


@pytest.fixture(scope="session")
def recorded_unplugging(shared: Shared) -> Unplugged:
    """A device of the shared driver is unplugged and plugged in again, once in a session."""
    harness = shared.get()
    harness.evidence.take()
    return unplug(harness)


@pytest.fixture
def unplugged(recorded_unplugging: Unplugged, shared: Shared, request: pytest.FixtureRequest) -> Unplugged:
    """What was recorded, with its steps as the evidence of the check."""
    evidence = Evidence(shared.get().evidence.driver_log)
    evidence.replay(recorded_unplugging.steps)
    request.node.stash[EVIDENCE] = evidence
    return recorded_unplugging


@requirement("UNPR-020", why="the pod stays in Terminating for a device that is not there")
def test_a_claim_of_a_device_that_is_gone_is_unprepared(unplugged: Unplugged) -> None:
    """A claim whose device was unplugged is unprepared without error, and nothing is left."""
    where = f"unprepare after {unplugged.device[1]} was unplugged"
    expect(not unplugged.error, wanted="success", found=unplugged.error, where=where)
    each(list(unplugged.left), wanted="no CDI device left", where=where)


@requirement("DIS-013", why="hardware that was replaced is not used until somebody restarts the driver")
def test_a_device_that_appears_is_published(unplugged: Unplugged) -> None:
    """A device that was plugged in is published while the driver runs."""
    name = unplugged.device[1]
    expect(
        unplugged.went, wanted="no longer published", found="published", where=f"{name}, which was unplugged"
    )
    expect(unplugged.came, wanted="published", found="not published", where=f"{name}, which was plugged in")
