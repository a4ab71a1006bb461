"""A driver's memory and resources: state files, descriptors, clocks (kubeletplugin docs; what restarts and crashes do to files)."""

import os
import resource
import time
from pathlib import Path

import grpc

from dra_conformance.catalogue.marks import requirement
from dra_conformance.expectations import Violation, each, expect, expect_soon, not_applicable
from dra_conformance.harness.harness import Harness
from dra_conformance.harness.watching import IN_CREATE, IN_MODIFY, IN_MOVED_TO, changes_in
from dra_conformance.suite.prepare.claims import prepared_ids

DATABASES = (b"SQLite format 3\0", b"\xed\xda\x0c\xed")
"""What files of databases begin with, or bbolt's at byte 16: they are written in place and have checksums of their own."""
DAY_S = 86400
OTHERS_MAX = 8


def is_database(path: Path) -> bool:
    """Whether a database library keeps the file, or its journal."""
    main = path.with_name(path.name.removesuffix("-wal").removesuffix("-shm").removesuffix("-journal"))
    head = main.read_bytes()[:20] if main.is_file() else b""
    return head.startswith(DATABASES[0]) or head[16:] == DATABASES[1]


@requirement(
    "REC-005", why="a crash in the middle of a write leaves half a state, and running pods without owner"
)
def test_state_is_replaced_in_one_step(isolated: Harness) -> None:
    """While claims are prepared and unprepared, no state file is overwritten in place, but for those of a database."""
    isolated.start_registered()
    isolated.data_dir.mkdir(exist_ok=True)
    first, second = (isolated.claim(device) for device in isolated.require_devices(2))
    isolated.kubelet.prepared(first)  # the file may come into being with the first claim
    with changes_in(isolated.data_dir, kinds=IN_CREATE | IN_MODIFY | IN_MOVED_TO) as changes:
        isolated.kubelet.prepared(second)
        isolated.kubelet.unprepared(first)
    written = {change.path for change in changes if change.path.is_file()}
    if not written:
        not_applicable("the driver keeps no state files in its folder")
    kinds = {path: {change.kind for change in changes if change.path == path} for path in written}
    in_place = [
        path.name
        for path in sorted(written)
        if IN_MODIFY in kinds[path] and not kinds[path] & {IN_MOVED_TO, IN_CREATE}
        if path.stat().st_size and not is_database(path)
    ]
    each(in_place, wanted="a new file renamed over the old one, or a database", where="state files")


@requirement("REC-018", why="nodes without a clock of their own begin in 1970 until they reach a time server")
def test_old_and_future_files_are_still_state(isolated: Harness) -> None:
    """With state and CDI files a day in the future, then ten years old, as after jumps of the clock, claims stay prepared."""
    isolated.start_registered()
    claim = isolated.claim(*isolated.require_devices(2))
    before = isolated.kubelet.prepared(claim)
    for shift_s in (DAY_S, -3650 * DAY_S):
        isolated.driver.kill()
        moment = time.time() + shift_s
        for folder in (isolated.data_dir, isolated.cdi.folder):
            for path in folder.rglob("*"):
                os.utime(path, (moment, moment))
        isolated.evidence.add("files", f"moved their times by {shift_s} s")
        isolated.restart(kill=True)
        lost = [name for device in before for name in device.cdi_ids if not isolated.cdi.definitions(name)]
        each(lost, wanted="every CDI id resolves", where=f"files moved by {shift_s} s")
        after = isolated.kubelet.prepared(claim)
        expect(after == before, wanted=before, found=after, where="prepare after a jump of the clock")


@requirement("REC-016", why="a driver that lives and does not serve is not restarted, and no pod starts")
def test_exhausted_descriptors_do_not_leave_a_deaf_driver(isolated: Harness) -> None:
    """After a time without file descriptors the driver serves on both sockets again, or its process has ended."""
    isolated.start_registered()
    pid = isolated.driver.pid
    try:
        before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (0, before[1]))
    except PermissionError:
        not_applicable("the limits of the driver's process cannot be changed here")
    isolated.evidence.add("process", "took all free file descriptors")
    answered = serves(isolated)
    isolated.evidence.add("process", "gave them back", answered=answered)
    if isolated.driver.running:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, before)
    expect_soon(
        lambda: not isolated.driver.running or serves(isolated),
        within_s=isolated.descriptor.budgets.start_seconds,
        wanted="answers on both sockets, or the end of the process",
        found=lambda: f"neither; its log ends: {isolated.driver.log_text().strip()[-400:]}",
        where="after a time without file descriptors",
    )


def serves(harness: Harness) -> bool:
    """Whether new connections to both sockets are answered."""
    harness.kubelet.disconnect()
    try:
        endpoint = harness.kubelet.info(timeout_s=0.5, dial_s=0.5).endpoint
        harness.kubelet.prepare(version="v1.DRAPlugin", timeout_s=0.5, endpoint=endpoint or None)
    except (Violation, grpc.RpcError):
        return False
    return True


@requirement("CDI-028", why="each pod start would cost as much as all pods of the node together")
def test_prepare_leaves_the_files_of_other_claims_alone(harness: Harness) -> None:
    """While one claim is prepared and unprepared, the CDI files of other claims are neither written nor replaced."""
    devices = harness.require_devices(min(len(harness.devices()), OTHERS_MAX))
    moving, *others = (harness.claim(device) for device in devices)
    for claim in others:
        prepared_ids(harness, claim)
    uids = [claim.uid for claim in others]
    with changes_in(harness.cdi.folder, kinds=IN_CREATE | IN_MODIFY | IN_MOVED_TO) as changes:
        prepared_ids(harness, moving)
        harness.kubelet.unprepared(moving)
    harness.release(moving, *others)
    touched = sorted({c.path.name for c in changes if any(uid in c.path.name for uid in uids)})
    each(touched, wanted="only files of the claim that came and went", where="CDI folder")
