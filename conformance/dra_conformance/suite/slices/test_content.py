"""ResourceSlices: what a driver publishes and how it writes it (resource/v1, 1.37)."""

from typing import Any

import pytest

from dra_conformance.catalogue.marks import requirement
from dra_conformance.expectations import Blocked, each, expect, not_applicable
from dra_conformance.harness.harness import Harness
from dra_conformance.rules.slices import RULES, by_value, explicit_false


@pytest.mark.parametrize(
    "rule",
    [pytest.param(rule, marks=requirement(name, why=why), id=name) for name, (rule, why) in RULES.items()],
)
def test_slices_follow_the_rule(writing: Harness, rule: Any) -> None:
    """Every slice that the driver wrote, stored or refused, follows a rule that can be seen in the object."""
    stored, refused = writing.api.slices(), writing.api.refused_slices()
    writing.evidence.add("api", "slices as stored and as refused", stored=stored, refused=refused)
    if not stored and not refused:
        raise Blocked(("RSL-001",), "the driver wrote no slice")
    driver, node = writing.descriptor.driver, writing.node
    problems = list(rule(stored, driver, node))
    try:
        problems += [f"{problem} (refused by the API server)" for problem in rule(refused, driver, node)]
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        problems.append(f"a slice that the API server refused cannot be read: {error!r}")
    each(problems, wanted=rule.__doc__, where="ResourceSlices")


@requirement("RSL-001", why="devices that the server refuses do not exist for the scheduler")
def test_no_write_is_refused(unproven: Harness) -> None:
    """No slice that the driver writes is refused as invalid, and nothing of it is dropped."""
    unproven.start()
    unproven.kubelet.register()
    slices = unproven.api.wait_slices(unproven.descriptor.budgets.publish_seconds)
    refused = [f"{r.verb} {r.code}" for r in unproven.api.driver_writes() if r.code in (400, 413, 422)]
    each(refused, wanted="no 400, 413 or 422", where="the driver's writes of slices")
    sent = [by_value(spec.get("devices")) for spec in unproven.api.sent_specs()]
    stored = [by_value(item["spec"].get("devices")) for item in slices]
    expect(
        not sent or all(devices in sent for devices in stored),
        wanted="stored as sent",
        found="fields were dropped",
        where="devices",
    )


@requirement("RSL-019", why="the API server refuses the slice")
def test_placement_booleans_are_true_or_absent(unproven: Harness) -> None:
    """What the driver sends has no allNodes and no perDeviceNodeSelection that is false."""
    unproven.start()
    unproven.kubelet.register()
    unproven.api.wait_slices(unproven.descriptor.budgets.publish_seconds)
    found = [problem for spec in unproven.api.sent_specs() for problem in explicit_false(spec)]
    each(found, wanted="true or absent", where="slices as sent")


@requirement("RSL-020", why="the API server refuses the slice")
def test_node_selector_has_one_term(harness: Harness) -> None:
    """A spec.nodeSelector has exactly one term."""
    found = [s["spec"]["nodeSelector"] for s in harness.api.slices() if "nodeSelector" in s["spec"]]
    if not found:
        not_applicable("the driver publishes no slice with a nodeSelector")
    each(
        [s for s in found if len(s.get("nodeSelectorTerms", [])) != 1],
        wanted="one term",
        where="spec.nodeSelector",
    )
