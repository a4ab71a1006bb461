"""Devices that are parts of others (KEP-4815, partitionable devices; resource/v1, 1.37)."""

import contextlib
import threading
from dataclasses import dataclass
from fractions import Fraction

from dra_api.objects import JsonObject
from dra_conformance.catalogue.marks import requirement
from dra_conformance.expectations import Violation, each, expect, expect_soon, not_applicable
from dra_conformance.harness.harness import Claim, Harness
from dra_conformance.rules.partitions import amounts, consumptions, pools_of, totals
from dra_conformance.suite.features.illness import wait_for
from dra_conformance.suite.features.offered import require_in_slices

FEATURE = "DRAPartitionableDevices"
KILL_AFTER_S, LIMIT_S = 0.03, 2.0
QUIET_S = 0.4
Amounts = dict[str, Fraction]


@dataclass(frozen=True, slots=True)
class Whole:
    """What is divided: a counter set, and its users, the smallest first."""

    pool: str
    name: str
    total: Amounts
    users: dict[str, Amounts]

    def fitting(self, order: list[str]) -> list[str]:
        """Users that can be allocated at the same time by their counters, taken in ORDER."""
        left, chosen = dict(self.total), []
        for name in order:
            taken = self.users[name]
            if all(left.get(counter, Fraction(0)) >= amount for counter, amount in taken.items()):
                left = {counter: left[counter] - taken.get(counter, Fraction(0)) for counter in left}
                chosen.append(name)
        return chosen

    @property
    def parts(self) -> list[str]:
        """Users beside which there is room for another one."""
        return [name for name in self.users if len(self.fitting([name, *self.users])) > 1]


def wholes(slices: list[JsonObject]) -> list[Whole]:
    """The counter sets of all pools that have users."""
    found = []
    for pool, items in pools_of(slices).items():
        used: dict[str, dict[str, Amounts]] = {name: {} for name in totals(items)}
        for device, entry in consumptions(items):
            used.setdefault(entry["counterSet"], {})[device] = amounts(entry)
        for name, total in totals(items).items():
            ascending = sorted(used[name].items(), key=lambda user: sum(user[1].values()))
            found.append(Whole(pool, name, total, dict(ascending)))
    return found


def divisible(harness: Harness) -> Whole:
    """A counter set with at least two parts that fit beside each other.

    Raises:
        NotApplicable: there is none.
    """
    for whole in wholes(require_in_slices(harness, FEATURE)):
        if len(whole.parts) > 1:
            return whole
    return not_applicable("no two devices of a counter set fit beside each other")


def overlapping(whole: Whole, part: str) -> str:
    """A user that does not fit beside PART."""
    for name in reversed(whole.users):
        if name != part and len(whole.fitting([part, name])) == 1:
            return name
    return not_applicable(f"every device fits beside {part}")


@requirement("PART-001", why="two pods are given the same silicon")
def test_what_fits_by_counters_fits_in_hardware(harness: Harness) -> None:
    """As many devices as counters allow, taken from the smallest, the largest and at random, are prepared together."""
    whole = divisible(harness)
    ascending = list(whole.users)
    shuffled = harness.random.sample(ascending, len(ascending))
    problems = []
    for order in (ascending, ascending[::-1], shuffled):
        chosen = whole.fitting(order)
        claim = harness.claim(*((whole.pool, name) for name in chosen))
        error = harness.kubelet.attempt(claim)[claim.uid].error
        if error:
            problems.append(f"{', '.join(chosen)}: {error}")
        harness.release(claim)
    each(problems, wanted="prepared together", where=f"devices that fit into {whole.name}")


@requirement("PART-009", why="silicon is divided for nobody, or stays divided for good")
def test_partitions_come_and_go_with_claims(harness: Harness) -> None:
    """A partition exists from prepare to unprepare; the hook ``partitions`` shows what exists."""
    harness.levers.require("partitions")
    whole = divisible(harness)
    before = harness.levers.look("partitions")
    claim = harness.claim((whole.pool, whole.parts[0]))
    harness.kubelet.prepared(claim)
    during = harness.levers.look("partitions")
    harness.kubelet.unprepared(claim)
    after = harness.levers.look("partitions")
    harness.release(claim)
    where = f"partitions, {whole.parts[0]} being prepared"
    expect(during != before, wanted="a new partition", found=during or "none", where=where)
    expect(after == before, wanted=before or "none", found=after, where="partitions after unprepare")


@requirement("PART-010", why="a pod starts without its device, or another one loses its own")
def test_a_partition_that_cannot_be_made_is_an_error(harness: Harness) -> None:
    """While the hardware refuses new partitions, prepare of one fails, and one that is prepared stays."""
    harness.levers.require("block", "unblock")
    whole = divisible(harness)
    old = whole.parts[0]
    new = next(name for name in whole.parts if name != old and len(whole.fitting([old, name])) == 2)
    kept, failing = (harness.claim((whole.pool, name)) for name in (old, new))
    ids = [name for device in harness.kubelet.prepared(kept) for name in device.cdi_ids]
    shown = harness.levers.look("partitions") if harness.levers.has("partitions") else ""
    harness.levers.pull("block", (whole.pool, new))
    try:
        error = harness.kubelet.attempt(failing)[failing.uid].error
        still = harness.levers.look("partitions") if harness.levers.has("partitions") else ""
    finally:
        harness.levers.pull("unblock", (whole.pool, new))
    unresolved = [name for name in ids if len(harness.cdi.definitions(name)) != 1]
    harness.release(kept, failing)
    expect(bool(error), wanted="an error", found="success", where=f"prepare of {new}, which cannot be made")
    each(unresolved, wanted=f"the CDI devices of {old}", where="after the failure")
    expect(still == shown, wanted=shown, found=still, where="partitions after the failure")


@requirement("PART-011", why="silicon that nobody uses is lost until somebody cleans up")
def test_partitions_of_a_crash_do_not_block(isolated: Harness) -> None:
    """After a kill while a partition is made, and the end of its claim, a device that overlaps it is prepared."""
    isolated.start_registered()
    whole = divisible(isolated)
    part = whole.parts[0]
    other = overlapping(whole, part)
    claim = isolated.claim((whole.pool, part))
    call = threading.Thread(target=attempt, args=(isolated, claim), daemon=True)
    call.start()
    kill_moment(isolated, call)
    isolated.driver.kill()
    call.join()
    isolated.api.delete_claim(claim.namespace, claim.name)
    isolated.restart_killed()
    new = isolated.claim((whole.pool, other))
    expect_soon(
        lambda: not isolated.kubelet.attempt(new)[new.uid].error,
        within_s=isolated.descriptor.budgets.collect_seconds,
        wanted="success",
        found=lambda: isolated.kubelet.attempt(new)[new.uid].error,
        where=f"prepare of {other} after a crash while {part} was made",
    )
    isolated.release(new)


def kill_moment(harness: Harness, call: threading.Thread) -> None:
    """Wait until a partition exists, if a file shows it; else a moment."""
    path = harness.levers.file("partitions")
    if path is None:
        call.join(KILL_AFTER_S)
        return
    wait_for(lambda: not call.is_alive() or (path.is_file() and path.read_text()), LIMIT_S)


def attempt(harness: Harness, claim: Claim) -> None:
    """Prepare a claim while the driver may be killed."""
    with contextlib.suppress(Violation):  # the socket is gone
        harness.kubelet.attempt(claim)


@requirement("PREP-015", why="a fault of the scheduler gives two pods the same silicon")
def test_overlapping_partitions_are_refused(harness: Harness) -> None:
    """While a partition is prepared for one claim, a device that overlaps it is refused to another."""
    whole = divisible(harness)
    part = whole.parts[0]
    other = overlapping(whole, part)
    first, second = (harness.claim((whole.pool, name)) for name in (part, other))
    harness.kubelet.prepared(first)
    error = harness.kubelet.attempt(second)[second.uid].error
    harness.release(first, second)
    expect(bool(error), wanted="an error", found="success", where=f"prepare of {other} beside {part}")


@requirement("PART-012", why="the scheduler subtracts what is allocated twice")
def test_counters_are_totals(harness: Harness) -> None:
    """While a partition is prepared, counter sets and consumptions are as before."""
    whole = divisible(harness)
    before = counters_now(harness)
    claim = harness.claim((whole.pool, whole.parts[0]))
    harness.kubelet.prepared(claim)
    wait_for(lambda: counters_now(harness) != before, QUIET_S)
    after = counters_now(harness)
    harness.release(claim)
    expect(after == before, wanted=before, found=after, where="counters while a partition is prepared")


def counters_now(harness: Harness) -> list[tuple[str, Amounts, dict[str, Amounts]]]:
    """What slices say of counters."""
    return [(whole.name, whole.total, whole.users) for whole in wholes(harness.api.own_slices())]
