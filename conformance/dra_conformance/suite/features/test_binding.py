"""Binding conditions: devices that are attached to a node before the pod is bound there (KEP-5007; resource/v1, 1.37).

The kubelet is not involved: nothing is prepared here, except where the gate is off and nobody waits for conditions.
"""

from collections.abc import Callable, Iterator

import pytest

from dra_api.objects import JsonObject
from dra_conformance.catalogue.marks import requirement
from dra_conformance.expectations import expect, expect_soon
from dra_conformance.harness.harness import Claim, Harness
from dra_conformance.suite.features.offered import require_in_slices
from dra_conformance.suite.prepare.claims import entry_of

FEATURE = "DRADeviceBindingConditions"
Found = list[tuple[str, JsonObject]]


def conditional(harness: Harness) -> Found:
    """(pool, device) of the devices with binding conditions.

    Raises:
        Blocked: the descriptor claims the feature, and there is none.
        NotApplicable: neither.
    """
    slices = require_in_slices(harness, FEATURE, harness.api.slices())
    return [
        (item["spec"]["pool"]["name"], device)
        for item in slices
        for device in item["spec"].get("devices") or []
        if device.get("bindingConditions")
    ]


def result_of(harness: Harness, pool: str, device: JsonObject) -> JsonObject:
    """The result of an allocation of DEVICE, as the scheduler writes it."""
    copied = {name: device[name] for name in ("bindingConditions", "bindingFailureConditions")}
    place = {"driver": harness.descriptor.driver, "pool": pool, "device": device["name"]}
    return {"request": "gpu", **place, **copied}


def reported(harness: Harness, claim: Claim) -> set[str]:
    """The conditions that are true, of all devices in the claim's status."""
    status: JsonObject = dict(harness.api.claim(claim.namespace, claim.name).get("status") or {})
    return {
        condition["type"]
        for entry in status.get("devices") or []
        for condition in entry.get("conditions") or []
        if condition["status"] == "True"
    }


def expect_told(harness: Harness, claim: Claim, met: Callable[[set[str]], bool], wanted: str) -> None:
    """Wait until MET is true of the conditions of CLAIM."""
    expect_soon(
        lambda: met(reported(harness, claim)),
        within_s=harness.descriptor.budgets.attach_seconds,
        wanted=wanted,
        found=lambda: (
            f"{sorted(reported(harness, claim))}; the controller's log ends: {harness.controller.log_text().strip()[-400:]}"
        ),
        where=f"true conditions in status.devices of claim {claim.name}",
    )


@pytest.fixture
def attaching(harness: Harness) -> Iterator[Harness]:
    """A driver that runs and whose controller runs."""
    harness.controller.start()
    yield harness
    harness.controller.kill()


@requirement(
    "BIND-002", "BIND-003", why="the scheduler waits ten minutes, and then takes the device away again"
)
def test_every_condition_comes_true_before_anything_is_prepared(attaching: Harness) -> None:
    """For an allocated device all binding conditions become true, or a failure condition, though no kubelet calls."""
    pool, device = conditional(attaching)[0]
    claim = attaching.claim(extra_results=[result_of(attaching, pool, device)])
    wanted, failed = set(device["bindingConditions"]), set(device["bindingFailureConditions"])
    expect_told(
        attaching,
        claim,
        lambda found: wanted <= found or bool(failed & found),
        f"{sorted(wanted)}, or one of {sorted(failed)}",
    )
    attaching.release(claim)


@requirement("BIND-004", why="a pod waits ten minutes for what is known to have failed")
def test_a_failure_is_said(attaching: Harness) -> None:
    """For a device that cannot be attached a failure condition becomes true."""
    attaching.levers.require("detach", "attach")
    pool, device = conditional(attaching)[0]
    failed = set(device["bindingFailureConditions"])
    attaching.levers.pull("detach", (pool, device["name"]))
    claim = attaching.claim(extra_results=[result_of(attaching, pool, device)])
    try:
        expect_told(attaching, claim, lambda found: bool(failed & found), f"one of {sorted(failed)}")
    finally:
        attaching.levers.pull("attach", (pool, device["name"]))
        attaching.release(claim)


@requirement("BIND-005", why="the pod starts on the word that was given for another allocation, or never")
def test_a_new_allocation_is_attached_anew(attaching: Harness) -> None:
    """A claim that was deallocated and allocated again gets its conditions again, and none of before."""
    pool, device = conditional(attaching)[0]
    result, wanted = result_of(attaching, pool, device), set(device["bindingConditions"])
    claim = attaching.claim(extra_results=[result])
    expect_told(attaching, claim, wanted.issubset, f"{sorted(wanted)}")
    status = {"allocation": {"devices": {"results": [result]}}}
    attaching.api.set_claim_status(claim.namespace, claim.name, status)
    expect_told(attaching, claim, wanted.issubset, f"{sorted(wanted)} for the second allocation")
    attaching.release(claim)


@requirement(
    "BIND-008", why="pods wait forever for devices that were allocated while the controller was updated"
)
def test_work_goes_on_after_a_restart(harness: Harness) -> None:
    """A claim that was allocated while the controller did not run is attached when it does."""
    pool, device = conditional(harness)[0]
    wanted = set(device["bindingConditions"])
    claim = harness.claim(extra_results=[result_of(harness, pool, device)])
    harness.controller.start()
    try:
        expect_told(harness, claim, wanted.issubset, f"{sorted(wanted)}")
    finally:
        harness.controller.kill()
        harness.release(claim)


@requirement("BIND-007", why="without the gate nobody waits, and the container starts without its device")
def test_prepare_does_not_trust_a_cluster_without_the_gate(harness: Harness) -> None:
    """Where the result has no conditions, as from a cluster without the gate, a device that cannot be attached is refused."""
    harness.levers.require("detach", "attach")
    pool, device = conditional(harness)[0]
    harness.levers.pull("detach", (pool, device["name"]))
    claim = harness.claim((pool, device["name"]))
    try:
        found = entry_of(harness.kubelet.attempt(claim), claim)
    finally:
        harness.levers.pull("attach", (pool, device["name"]))
        harness.release(claim)
    expect(
        bool(found.error), wanted="an error", found=found, where=f"{device['name']}, which is not attached"
    )
