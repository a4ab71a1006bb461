"""NodeUnprepareResources and repeated calls: the end of a pod, and everything that comes twice (kubelet cm/dra, 1.37)."""

from pathlib import Path

from dra_conformance.catalogue.marks import requirement
from dra_conformance.expectations import each, expect, expect_soon
from dra_conformance.harness.answers import Device, pairs
from dra_conformance.harness.harness import Claim, Harness


def ids_of(devices: tuple[Device, ...]) -> list[str]:
    """All CDI ids."""
    return [name for device in devices for name in device.cdi_ids]


def expect_resolved(harness: Harness, ids: list[str], where: str) -> None:
    """Every id is defined exactly once."""
    each(
        [name for name in ids if len(harness.cdi.definitions(name)) != 1],
        wanted="every CDI id resolves",
        where=where,
    )


@requirement("UNPR-001", why="the kubelet counts a missing entry as a failure and retries forever")
def test_every_claim_has_an_entry(harness: Harness) -> None:
    """The answer has an entry for each claim, for one and for several."""
    claims = [harness.claim(device) for device in harness.require_devices(2)]
    harness.kubelet.prepare(*claims)
    answer = harness.kubelet.unprepare(*claims, harness.missing_claim())
    harness.release(*claims)
    missing = [claim.uid for claim in claims if claim.uid not in answer]
    each(missing, wanted="an entry for each", where="unprepare of three")
    expect(len(answer) == 3, wanted="three entries", found=answer, where="unprepare of three")


@requirement("UNPR-002", why="the kubelet unprepares what it is not sure of")
def test_unknown_claim_is_no_error(harness: Harness) -> None:
    """Unpreparing a claim that was never prepared succeeds."""
    harness.kubelet.unprepared(harness.missing_claim())


@requirement("UNPR-003", why="the claim is often gone before its pod has ended")
def test_claim_object_is_not_needed(harness: Harness) -> None:
    """Unprepare works after the claim was deleted, and removes its devices from CDI."""
    claim = harness.claim()
    ids = ids_of(harness.kubelet.prepared(claim))
    harness.api.delete_claim(claim.namespace, claim.name)
    harness.kubelet.unprepared(claim)
    each(
        harness.still_defined(ids),
        wanted="no CDI device left",
        where="after unprepare",
    )


@requirement("UNPR-005", "CDI-017", why="what is left over fills disks and confuses later claims")
def test_unprepare_undoes_everything(harness: Harness) -> None:
    """After unprepare the CDI folder is as it was before prepare."""
    claim = harness.claim()
    before = harness.cdi.listing()
    harness.kubelet.prepared(claim)
    harness.kubelet.unprepared(claim)
    after = harness.cdi.listing()
    harness.release(claim)
    expect(after == before, wanted=before, found=after, where="CDI folder")


@requirement("UNPR-006", "CDI-018", why="the end of one pod must not take devices from another")
def test_other_claims_are_untouched(harness: Harness) -> None:
    """After one claim was unprepared, another one's CDI ids resolve and its prepare answers alike."""
    gone, stays = (harness.claim(device) for device in harness.require_devices(2))
    harness.kubelet.prepared(gone)
    before = harness.kubelet.prepared(stays)
    harness.kubelet.unprepared(gone)
    expect_resolved(harness, ids_of(before), "after the other claim was unprepared")
    after = harness.kubelet.prepared(stays)
    harness.release(gone, stays)
    expect(after == before, wanted=before, found=after, where="the other claim")


@requirement("UNPR-010", "REC-001", why="the driver may have been updated while the pod ran")
def test_another_process_can_unprepare(isolated: Harness) -> None:
    """A claim prepared before a restart is unprepared after it, although its object is gone."""
    isolated.start_registered()
    claim = isolated.claim()
    ids = ids_of(isolated.kubelet.prepared(claim))
    isolated.restart()
    isolated.api.delete_claim(claim.namespace, claim.name)
    isolated.kubelet.unprepared(claim)
    each(
        isolated.still_defined(ids),
        wanted="no CDI device left",
        where="after unprepare",
    )


@requirement("UNPR-011", why="a pod may be restarted on the node")
def test_claim_can_be_prepared_again(harness: Harness) -> None:
    """After unprepare the same claim is prepared again, with working CDI ids."""
    claim = harness.claim()
    harness.kubelet.prepared(claim)
    harness.kubelet.unprepared(claim)
    expect_resolved(harness, ids_of(harness.kubelet.prepared(claim)), "prepared a second time")
    harness.release(claim)


@requirement("UNPR-012", why="the scheduler gives a free device away at once")
def test_device_is_free_at_once(harness: Harness) -> None:
    """After unprepare the device is prepared for another claim without delay."""
    device = harness.require_devices(1)[0]
    first, second = harness.claim(device), harness.claim(device)
    harness.kubelet.prepared(first)
    harness.kubelet.unprepared(first)
    found = pairs(harness.kubelet.prepared(second))
    harness.release(first, second)
    expect(found == [device], wanted=[device], found=found, where="second claim")


@requirement("UNPR-013", why="the kubelet's checkpoint may hold an older name")
def test_claim_is_found_by_uid(harness: Harness) -> None:
    """A request with the right UID and another name unprepares the claim."""
    claim = harness.claim()
    ids = ids_of(harness.kubelet.prepared(claim))
    harness.kubelet.unprepared(Claim("other", "other-name", claim.uid, ()))
    left = harness.still_defined(ids)
    harness.release(claim)
    each(left, wanted="unprepared by UID", where="CDI folder")


@requirement("UNPR-014", why="a claim of the same name may be the successor of the old one")
def test_claim_is_not_found_by_name(harness: Harness) -> None:
    """A request with another UID and a prepared claim's name does not unprepare that claim."""
    claim = harness.claim()
    ids = ids_of(harness.kubelet.prepared(claim))
    harness.kubelet.unprepared(Claim(claim.namespace, claim.name, harness.missing_claim().uid, ()))
    expect_resolved(harness, ids, "after unprepare of another UID")
    harness.release(claim)


@requirement("UNPR-015", why="probes send it")
def test_empty_request_is_answered(harness: Harness) -> None:
    """An empty list of claims is answered with an empty map."""
    answer = harness.kubelet.unprepare()
    expect(not answer, wanted="no entries", found=answer, where="empty request")


@requirement("UNPR-017", why="after a forced removal unprepare never comes")
def test_leftovers_of_a_deleted_claim_do_not_block(harness: Harness) -> None:
    """A device whose claim was deleted without unprepare can be prepared for another claim, once the driver noticed.

    A driver may notice in its background sweep only: ``budgets.collectSeconds`` says how often that comes.
    """
    device = harness.require_devices(1)[0]
    gone = harness.claim(device)
    harness.kubelet.prepared(gone)
    harness.api.delete_claim(gone.namespace, gone.name)
    new = harness.claim(device)
    expect_soon(
        lambda: not harness.kubelet.attempt(new)[new.uid].error,
        within_s=harness.descriptor.budgets.collect_seconds,
        wanted="no error",
        found=lambda: harness.kubelet.attempt(new)[new.uid].error,
        where="prepare of another claim",
    )
    expect_resolved(harness, ids_of(harness.kubelet.prepared(new)), "the new claim")
    harness.release(new, gone)


@requirement("UNPR-018", why="devices would stay taken until somebody notices")
def test_stale_claims_are_collected(harness: Harness) -> None:
    """A prepared claim that is gone from the API server is cleaned up in the background."""
    claim = harness.claim()
    ids = ids_of(harness.kubelet.prepared(claim))
    harness.api.delete_claim(claim.namespace, claim.name)
    try:
        expect_soon(
            lambda: not harness.still_defined(ids),
            within_s=harness.descriptor.budgets.collect_seconds,
            wanted="its CDI devices gone",
            found=harness.cdi.listing,
            where="CDI folder",
        )
    finally:
        harness.release(claim)


@requirement("IDEM-001", why="the kubelet repeats prepare whenever it is not sure")
def test_prepare_is_repeatable(harness: Harness) -> None:
    """Three prepares of one claim answer alike."""
    claim = harness.claim(*harness.require_devices(2))
    answers = [harness.kubelet.prepared(claim) for _ in range(3)]
    harness.release(claim)
    expect(
        answers[0] == answers[1] == answers[2], wanted=answers[0], found=answers[1:], where="repeated prepare"
    )


@requirement("IDEM-002", why="a container that runs keeps what the first answer gave it")
def test_repeated_prepare_changes_no_device(harness: Harness) -> None:
    """After a second prepare the claim's CDI devices have the same edits."""
    claim = harness.claim()
    ids = ids_of(harness.kubelet.prepared(claim))
    before = [harness.cdi.edits(name) for name in ids]
    harness.kubelet.prepared(claim)
    after = [harness.cdi.edits(name) for name in ids]
    harness.release(claim)
    expect(after == before, wanted=before, found=after, where="CDI devices after the second prepare")


@requirement("IDEM-003", why="CDI files live in a folder that a reboot empties")
def test_lost_cdi_files_are_written_again(harness: Harness) -> None:
    """After the CDI files were deleted, a repeated prepare makes every id resolve again."""
    claim = harness.claim()
    harness.kubelet.prepared(claim)
    for file in harness.cdi.files():
        if claim.uid in file.text:
            file.path.unlink()
    ids = ids_of(harness.kubelet.prepared(claim))
    expect_resolved(harness, ids, "after the CDI files were deleted")
    harness.release(claim)


@requirement("IDEM-004", why="the kubelet repeats unprepare until it succeeds")
def test_unprepare_is_repeatable(harness: Harness) -> None:
    """Three unprepares of one claim succeed."""
    claim = harness.claim()
    harness.kubelet.prepared(claim)
    for _ in range(3):
        harness.kubelet.unprepared(claim)
    harness.release(claim)


def open_files(pid: int) -> int:
    """How many descriptors a process has open."""
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


@requirement("IDEM-005", why="nodes run for months")
def test_cycles_leave_nothing(harness: Harness) -> None:
    """After 30 rounds of prepare and unprepare there are no more files and descriptors than after five."""
    claim, seen = harness.claim(), []
    for rounds in (5, 25):
        for _ in range(rounds):
            harness.kubelet.prepared(claim)
            harness.kubelet.unprepared(claim)
        files = sorted(path.name for path in harness.data_dir.rglob("*")) if harness.data_dir.exists() else []
        seen.append((harness.cdi.listing(), files, open_files(harness.driver.pid)))
    harness.release(claim)
    grown = seen[1][0] != seen[0][0] or len(seen[1][1]) > len(seen[0][1]) + 1 or seen[1][2] > seen[0][2] + 4
    expect(not grown, wanted=f"as after five rounds: {seen[0]}", found=seen[1], where="files and descriptors")


@requirement("IDEM-006", "REC-007", why="the kubelet prepares running pods' claims again after every restart")
def test_prepare_survives_restarts(isolated: Harness) -> None:
    """After a polite and after a hard restart CDI ids still resolve, and prepare answers as before."""
    isolated.start_registered()
    claim = isolated.claim(*isolated.require_devices(2))
    before = isolated.kubelet.prepared(claim)
    for kill in (False, True):
        isolated.restart(kill=kill)
        expect_resolved(isolated, ids_of(before), "after a restart, without another prepare")
        after = isolated.kubelet.prepared(claim)
        expect(
            after == before,
            wanted=before,
            found=after,
            where="prepare after kill" if kill else "after SIGTERM",
        )


@requirement("IDEM-008", why="the kubelet makes other batches after a restart")
def test_batches_can_be_mixed(harness: Harness) -> None:
    """Claims prepared in one batch answer alike alone and in another batch."""
    a, b, c = (harness.claim(device) for device in harness.require_devices(3))
    first = harness.kubelet.prepare(a, b)
    alone = harness.kubelet.prepare(a)
    other = harness.kubelet.prepare(b, c)
    harness.release(a, b, c)
    expect(
        alone.get(a.uid) == first.get(a.uid), wanted=first.get(a.uid), found=alone.get(a.uid), where="alone"
    )
    expect(
        other.get(b.uid) == first.get(b.uid),
        wanted=first.get(b.uid),
        found=other.get(b.uid),
        where="other batch",
    )
    expect(bool(other[c.uid].devices), wanted="devices", found=other[c.uid], where="new claim of the batch")


@requirement("IDEM-009", why="a claim can be allocated again without a call to the driver")
def test_changed_allocation_is_followed(harness: Harness) -> None:
    """When the allocation changed under the same UID, a new prepare follows it."""
    first, second = harness.require_devices(2)
    claim = harness.claim(first)
    harness.kubelet.prepared(claim)
    result = {"request": "gpu", "driver": harness.descriptor.driver, "pool": second[0], "device": second[1]}
    harness.api.set_claim_status(
        claim.namespace, claim.name, {"allocation": {"devices": {"results": [result]}}}
    )
    found = pairs(harness.kubelet.prepared(claim))
    harness.release(claim)
    expect(found == [second], wanted=[second], found=found, where="prepare after a new allocation")


@requirement("IDEM-010", why="the kubelet's order is that of a map")
def test_order_of_claims_does_not_matter(harness: Harness) -> None:
    """A batch and its reverse answer alike."""
    claims = [harness.claim(device) for device in harness.require_devices(3)]
    forth, back = harness.kubelet.prepare(*claims), harness.kubelet.prepare(*reversed(claims))
    harness.release(*claims)
    expect(forth == back, wanted=forth, found=back, where="reversed batch")


@requirement("IDEM-011", why="runtimes drop devices that are defined twice")
def test_repeats_do_not_multiply_cdi(harness: Harness) -> None:
    """After five prepares every CDI id is still defined exactly once."""
    claim = harness.claim(*harness.require_devices(2))
    ids = [name for _ in range(5) for name in ids_of(harness.kubelet.prepared(claim))]
    expect_resolved(harness, sorted(set(ids)), "after five prepares")
    harness.release(claim)
