"""Taints of sick devices (KEP-5055; resource/v1, 1.37)."""

from collections import Counter

import pytest

from dra_conformance.catalogue.marks import requirement
from dra_conformance.expectations import Blocked, each, expect, not_applicable
from dra_conformance.harness.harness import Harness
from dra_conformance.rules.features import crowded, taint_domains, taints_of, valid_taints
from dra_conformance.suite.features.illness import (
    CHANGES,
    IDLE_WRITES,
    Illness,
    hard_taints,
    published_devices,
    taints_on,
)

pytestmark = pytest.mark.xdist_group("illness")
CROWD = 64


def require_taint(illness: Illness) -> None:
    """Go on only if the sick device had a taint.

    Raises:
        Blocked: it had none.
    """
    if illness.tainted_at is None:
        raise Blocked(("TNT-001",), f"device {illness.device[1]} was made sick, and no taint appeared")


@requirement("TNT-001", why="pods are sent to a device that does not work, and fail")
def test_a_sick_device_is_tainted(illness: Illness, harness: Harness) -> None:
    """A device that a hook made sick gets a taint with the effect NoSchedule or NoExecute."""
    expect(
        illness.tainted_at is not None,
        wanted=f"NoSchedule or NoExecute within {harness.descriptor.budgets.detect_seconds:g} s",
        found=taints_on(illness.sick, illness.device) or "no taint",
        where=f"device {illness.device[1]}",
    )


@requirement("TNT-002", why="the API server refuses the slice, and nobody learns of the fault")
def test_taints_are_valid(illness: Illness) -> None:
    """Every taint that was published or refused has a key, a value and an effect that the API knows."""
    if not list(taints_of(illness.all_slices)):
        not_applicable("no taint was published")
    each(list(valid_taints(illness.all_slices, "", "")), wanted=valid_taints.__doc__, where="taints")


@requirement("TNT-003", why="a healthy device is never used again")
def test_the_taint_goes_when_the_device_is_healed(illness: Illness) -> None:
    """After the hook that heals, no taint keeps pods away from the device."""
    require_taint(illness)
    found = hard_taints(illness.healed, illness.device)
    expect(illness.untainted, wanted="no taint", found=found, where=f"healed device {illness.device[1]}")


@requirement("TNT-004", why="tolerations of users match taints of another driver")
def test_taint_keys_have_a_domain(illness: Illness) -> None:
    """Keys of taints have a domain, and a second sickness of the same kind has the same key as the first."""
    require_taint(illness)
    each(list(taint_domains(illness.all_slices, "", "")), wanted=taint_domains.__doc__, where="taints")
    first = {taint["key"] for taint in hard_taints(illness.sick, illness.device)}
    sent = [{"spec": r.body["spec"]} for r in illness.writes if isinstance(r.body, dict) and "spec" in r.body]
    later = {taint["key"] for taint in hard_taints(sent, illness.device)}
    expect(later <= first, wanted=sorted(first), found=sorted(later), where="keys of the same fault")


@requirement("TNT-005", why="tolerationSeconds begin anew with each write, and pods are never evicted")
def test_the_time_of_a_taint_is_not_changed(illness: Illness) -> None:
    """While a device is sick, the driver sends no time for its taint, or one and the same."""
    require_taint(illness)
    changed, times = [], set[str]()
    for request in illness.writes:
        spec = request.body.get("spec") if isinstance(request.body, dict) else None
        if not spec or illness.device not in published_devices([{"spec": spec}]):
            continue
        taints = hard_taints([{"spec": spec}], illness.device)
        times = times | {taint["timeAdded"] for taint in taints if "timeAdded" in taint} if taints else set()
        if len(times) > 1:
            changed.append(f"{request.name}: {sorted(times)}")
    each(changed, wanted="no timeAdded, or always the same", where="the driver's writes of slices")


@requirement("TNT-006", why="the API server refuses the slice, and nobody learns of the fault")
def test_a_slice_with_a_taint_is_not_crowded(illness: Illness) -> None:
    """In a pool with more than 64 devices, slices with a tainted device have at most 64."""
    largest = max(len(item["spec"].get("devices") or []) for item in illness.all_slices)
    if len(illness.published) <= CROWD and largest <= CROWD:
        not_applicable(f"the driver publishes {len(illness.published)} devices, which fit into one slice")
    each(list(crowded(illness.all_slices, "", "")), wanted=crowded.__doc__, where="slices with taints")


@requirement("TNT-007", why="flapping hardware on a thousand nodes overloads the API server")
def test_sickness_does_not_cause_a_storm_of_writes(illness: Illness) -> None:
    """While a device is sick nothing is written without a change, and each change writes a slice about once."""
    require_taint(illness)
    found = f"{illness.idle_writes} writes"
    where = f"half a second in which device {illness.device[1]} was sick"
    expect(illness.idle_writes <= IDLE_WRITES, wanted="no writes without a change", found=found, where=where)
    counts = Counter(request.name for request in illness.writes)
    allowed = CHANGES + 4  # also the warning and its end, the repair, and what the repair was of
    expect(
        max(counts.values(), default=0) <= allowed,
        wanted=f"at most {allowed} writes of a slice",
        found=dict(counts),
        where=f"{CHANGES} changes of health",
    )


@requirement("TNT-008", why="every pod that uses the device is deleted for nothing")
def test_a_harmless_condition_evicts_nobody(illness: Illness, harness: Harness) -> None:
    """A condition that a running pod does not notice has no taint with the effect NoExecute."""
    harness.levers.require("warn")
    found = [
        taint for taint in taints_on(illness.warned, illness.device) if taint.get("effect") == "NoExecute"
    ]
    each(found, wanted="None or NoSchedule", where=f"device {illness.device[1]} after the hook warn")


@requirement("TNT-009", why="the pod stays in Terminating, and its other devices with it")
def test_a_claim_of_a_sick_device_is_unprepared(illness: Illness) -> None:
    """A claim that was prepared before its device became sick is unprepared without error, and nothing is left."""
    found = illness.unprepare_error
    expect(not found, wanted="success", found=found, where=f"unprepare of sick device {illness.device[1]}")
    each(illness.left, wanted="no CDI device left", where="after unprepare")


@requirement("TNT-010", why="users who repair the device cannot reach it")
def test_a_claim_that_tolerates_the_taint_is_prepared(illness: Illness) -> None:
    """A claim whose result tolerates all taints is prepared on the sick device."""
    found = illness.prepare_error
    expect(not found, wanted="success", found=found, where=f"prepare of sick device {illness.device[1]}")
