"""Devices that need no work on the node (KEP-5945), and attributes that are lists (KEP-5491; resource/v1, 1.37)."""

from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial

import pytest

from dra_conformance.catalogue.marks import requirement
from dra_conformance.expectations import each, expect, expect_soon, not_applicable
from dra_conformance.harness.factory import HarnessFactory
from dra_conformance.harness.harness import Harness
from dra_conformance.outcome import EVIDENCE
from dra_conformance.rules.slices import attributes, devices
from dra_conformance.suite.features.illness import has_attributes, wait_for
from dra_conformance.suite.features.offered import require_in_slices

FEATURE = "DRAOptionalNodeOperations"
LISTS = ("bools", "ints", "strings", "versions")


def skipping_device(harness: Harness, *, only: str = "") -> tuple[str, str]:
    """A device whose operations are skipped, or of which ONLY one is.

    Raises:
        NotApplicable: there is none.
    """
    for item in require_in_slices(harness, FEATURE):
        listed = item["spec"].get("skipNodeOperations") or []
        for device in (item["spec"].get("devices") or []) if listed else []:
            if not only or listed == [only]:
                return item["spec"]["pool"]["name"], device["name"]
    return not_applicable(f"no slice skips {only} alone")


@requirement("ONO-003", why="an older kubelet calls, and the pod does not start")
def test_skipped_operations_are_served(harness: Harness) -> None:
    """Prepare and unprepare of a device that needs neither succeed."""
    pool, name = skipping_device(harness)
    claim = harness.claim((pool, name))
    error = harness.kubelet.attempt(claim)[claim.uid].error
    expect(not error, wanted="success", found=error, where=f"prepare of {name}")
    error = harness.kubelet.attempt_unprepare(claim)[claim.uid].error
    harness.release(claim)
    expect(not error, wanted="success", found=error, where=f"unprepare of {name}")


@requirement("ONO-004", why="each pod leaves something on the node for good")
def test_a_device_that_is_never_unprepared_can_be_used_again(harness: Harness) -> None:
    """Where only unprepare is skipped, the device of a deleted claim is prepared for another one."""
    device = skipping_device(harness, only="NodeUnprepareResources")
    gone = harness.claim(device)
    harness.kubelet.prepared(gone)
    harness.api.delete_claim(gone.namespace, gone.name)
    new = harness.claim(device)
    expect_soon(
        lambda: not harness.kubelet.attempt(new)[new.uid].error,
        within_s=harness.descriptor.budgets.collect_seconds,
        wanted="success",
        found=lambda: harness.kubelet.attempt(new)[new.uid].error,
        where=f"prepare of {device[1]} after a claim that was never unprepared",
    )
    harness.release(new, gone)


@pytest.fixture
def without_lists(
    shared: object, factory: HarnessFactory, request: pytest.FixtureRequest
) -> Iterator[Harness]:
    """As ``isolated``, with an API server that drops list attributes."""
    with ExitStack() as stack:
        harness = factory.make(stack, gates={})
        request.node.stash[EVIDENCE] = harness.evidence
        yield harness


@requirement("RSL-018", why="where the gate is off, the API server refuses the slice, and no device is there")
def test_a_server_without_lists_gets_valid_slices(without_lists: Harness, harness: Harness) -> None:
    """Where the API server drops list attributes, the driver publishes the same devices."""
    slices = require_in_slices(harness, "DRAListTypeAttributes")
    without_lists.start_registered()
    wanted = sorted(device["name"] for device in devices(slices))
    expect_soon(
        lambda: sorted(device["name"] for device in devices(without_lists.api.own_slices())) == wanted,
        within_s=without_lists.descriptor.budgets.publish_seconds,
        wanted=wanted,
        found=lambda: sorted(device["name"] for device in devices(without_lists.api.own_slices())),
        where="devices where list attributes are dropped",
    )


@requirement("LST-002", why="constraints of users no longer match, and their expressions fail")
def test_attributes_do_not_become_lists(harness: Harness) -> None:
    """An attribute of a device is single or a list in everything that the driver writes, also when it writes again."""
    for item in require_in_slices(harness, "DRAListTypeAttributes"):
        held = item["spec"].get("devices") or []
        if any(kind in LISTS for _, _, value in attributes([item]) for kind in value):
            name = item["metadata"]["name"]
            bare = [{key: value for key, value in device.items() if key != "attributes"} for device in held]
            harness.api.patch_slice(name, {"spec": {"devices": bare}})
            budget_s = harness.descriptor.budgets.repair_seconds
            wait_for(partial(has_attributes, harness, held[0]["name"]), budget_s)
            break
    seen: dict[tuple[str, str], set[bool]] = {}
    for spec in harness.api.sent_specs():
        for device, name, value in attributes([{"spec": spec}]):
            seen.setdefault((device, name), set()).add(any(kind in LISTS for kind in value))
    changed = [f"{device}: {name}" for (device, name), kinds in seen.items() if len(kinds) > 1]
    each(changed, wanted="always single or always a list", where="attributes in the driver's writes")
