"""The node around a driver: reboots, replaced Node objects, sequential updates, logs and rights."""

import json
import re
import socket
import time
from pathlib import Path

from dra_conformance.catalogue.marks import requirement
from dra_conformance.expectations import each, expect, expect_soon, not_applicable
from dra_conformance.harness.answers import pairs
from dra_conformance.harness.boot import rebooted
from dra_conformance.harness.commands import run_command
from dra_conformance.harness.harness import Claim, Harness
from dra_conformance.suite.features.test_partitions import divisible

NODES = "/api/v1/nodes"
REFUSED_WRITES = 4
LOG_BYTES_MAX = 16 << 10


def owner_uids(harness: Harness) -> set[str]:
    """The UIDs of the Node owners of the driver's slices."""
    return {
        owner["uid"]
        for item in harness.api.own_slices()
        for owner in item["metadata"].get("ownerReferences") or []
        if owner["kind"] == "Node"
    }


def node_uid(harness: Harness) -> str:
    """The UID of the Node object."""
    return str(harness.api.write("GET", f"{NODES}/{harness.node}")["metadata"]["uid"])


def reboot(harness: Harness) -> bool:
    """Kill the driver, empty the folders that a reboot empties, start it; whether it sees a new boot id."""
    harness.driver.kill()
    harness.end_containers()
    harness.kubelet.disconnect()
    for name in harness.cdi.listing():
        (harness.cdi.folder / name).unlink()
    for path in harness.kubelet.sockets():
        path.unlink()
    if harness.levers.has("reboot"):
        harness.levers.pull("reboot")
    new_boot = rebooted(harness.folder)
    harness.start(prefix=new_boot or ())
    return new_boot is not None


@requirement("NODE-002", why="the container gets a device that the reboot took away")
def test_partitions_are_made_again_after_a_reboot(isolated: Harness) -> None:
    """A partition that was prepared before a reboot, which removed it, exists again after the next prepare."""
    isolated.levers.require("reboot", "partitions")
    isolated.start_registered()
    whole = divisible(isolated)
    claim = isolated.claim((whole.pool, whole.parts[0]))
    isolated.kubelet.prepared(claim)
    before = isolated.levers.look("partitions")
    new_boot = reboot(isolated)
    during = isolated.levers.look("partitions")
    if during == before:
        not_applicable("the hook reboot removes no partitions")
    error = isolated.kubelet.attempt(claim)[claim.uid].error
    after = isolated.levers.look("partitions")
    if not new_boot and (error or after == during):
        not_applicable(
            "the boot id cannot be changed here (it needs root and unshare), and the driver may rely on it"
        )
    isolated.release(claim)
    expect(not error, wanted="no error", found=error, where="prepare after a reboot")
    where = f"partitions after {whole.parts[0]} was prepared again"
    expect(after != during, wanted="a partition", found=after or "none", where=where)


@requirement("NODE-001", why="after a reboot the kubelet prepares every bound pod's claims again")
def test_claims_are_prepared_after_a_reboot(isolated: Harness) -> None:
    """With a new boot id, empty socket and CDI folders and the old state, the driver prepares the same claim again.

    A driver may tell a reboot by the boot id only. Where this machine cannot give it a new one, a failure proves nothing.
    """
    isolated.start_registered()
    claim = isolated.claim()
    isolated.kubelet.prepared(claim)
    new_boot = reboot(isolated)
    entry = isolated.kubelet.attempt(claim)[claim.uid]
    ids = [name for device in entry.devices for name in device.cdi_ids]
    lost = [name for name in ids if len(isolated.cdi.definitions(name)) != 1]
    if not new_boot and (entry.error or lost):
        not_applicable(
            "the boot id cannot be changed here (it needs root and unshare), and the driver may rely on it"
        )
    expect(not entry.error, wanted="no error", found=entry.error, where="prepare after a reboot")
    each(lost, wanted="every CDI id resolves", where="after a reboot")


@requirement("NODE-003", why="a pod that was removed while the node was down is never unprepared")
def test_claims_deleted_while_down_do_not_block(isolated: Harness) -> None:
    """A device whose claim was deleted while the driver was down can be prepared for another claim, once the driver noticed.

    A driver may notice in its background sweep only: ``budgets.collectSeconds`` says how often that comes.
    """
    isolated.start_registered()
    device = isolated.require_devices(1)[0]
    gone = isolated.claim(device)
    isolated.kubelet.prepared(gone)
    isolated.driver.terminate()
    isolated.end_containers()
    isolated.api.delete_claim(gone.namespace, gone.name)
    isolated.kubelet.disconnect()
    isolated.start()
    new = isolated.claim(device)
    expect_soon(
        lambda: not isolated.kubelet.attempt(new)[new.uid].error,
        within_s=isolated.descriptor.budgets.collect_seconds,
        wanted="no error",
        found=lambda: isolated.kubelet.attempt(new)[new.uid].error,
        where="prepare of another claim",
    )
    found = pairs(isolated.kubelet.prepared(new))
    expect(found == [device], wanted=[device], found=found, where="another claim")


@requirement("NODE-004", why="slices of the old Node object would be collected as garbage again and again")
def test_a_replaced_node_owns_the_new_slices(isolated: Harness) -> None:
    """After the Node object was replaced and its slices went, new slices are owned by the new one."""
    isolated.start_registered()
    isolated.api.write("DELETE", f"{NODES}/{isolated.node}")
    isolated.api.write("POST", NODES, {"metadata": {"name": isolated.node}, "spec": {}})
    for item in isolated.api.own_slices():
        isolated.api.delete_slice(item["metadata"]["name"])
    wanted = {node_uid(isolated)}
    expect_soon(
        lambda: owner_uids(isolated) == wanted,
        within_s=isolated.descriptor.budgets.repair_seconds,
        wanted=wanted,
        found=lambda: owner_uids(isolated),
        where="ownerReferences",
    )


@requirement("NODE-005", why="drivers may start before the kubelet has registered its node")
def test_a_missing_node_object_is_waited_for(isolated: Harness) -> None:
    """Started without its Node object, the driver lives on and publishes once the object is there."""
    isolated.api.write("DELETE", f"{NODES}/{isolated.node}")
    isolated.start()
    time.sleep(0.5)
    expect(
        isolated.driver.running,
        wanted="running",
        found=f"exit {isolated.driver.exit_code}",
        where="driver without Node",
    )
    isolated.api.write("POST", NODES, {"metadata": {"name": isolated.node}, "spec": {}})
    isolated.kubelet.register()
    found = isolated.api.wait_slices(isolated.descriptor.budgets.repair_seconds)
    expect(bool(found), wanted="slices", found="none", where="after the Node object came")


@requirement("NODE-008", why="host names and node names differ on many clouds")
def test_the_node_name_is_what_was_configured(harness: Harness) -> None:
    """Slices name the node that the driver was given, not the host."""
    found = {item["spec"].get("nodeName") for item in harness.api.own_slices()}
    wanted = {harness.node}
    expect(
        found == wanted and harness.node != socket.gethostname(),
        wanted=wanted,
        found=found,
        where="spec.nodeName",
    )


@requirement("NODE-009", why="a node that was removed would keep offering devices")
def test_slices_are_owned_by_their_node(harness: Harness) -> None:
    """Slices are owned by the Node object by its UID, so that garbage collection removes them."""
    wanted, found = {node_uid(harness)}, owner_uids(harness)
    expect(found == wanted, wanted=wanted, found=found, where="ownerReferences")


@requirement("UPG-008", why="the kubelet removes the slices of a driver that is not registered for 30 s")
def test_a_sequential_update_is_quick(isolated: Harness) -> None:
    """From the old registration socket's end to the new registration it takes less than 30 seconds."""
    isolated.start_registered()
    start = time.monotonic()
    isolated.restart()
    seconds = time.monotonic() - start
    isolated.evidence.add("measure", "stop, start, register", seconds=f"{seconds:.2f}")
    expect(seconds < 30, wanted="below 30 s", found=f"{seconds:.1f} s", where="restart")


@requirement("UPG-009", why="an update may take longer than the kubelet waits")
def test_slices_wiped_during_an_update_come_back(isolated: Harness) -> None:
    """Slices that were deleted while the driver was away are published by the next one."""
    isolated.start_registered()
    isolated.driver.terminate()
    for item in isolated.api.own_slices():
        isolated.api.delete_slice(item["metadata"]["name"])
    isolated.kubelet.disconnect()
    isolated.start()
    isolated.kubelet.register()
    found = isolated.api.wait_slices(isolated.descriptor.budgets.repair_seconds)
    expect(bool(found), wanted="slices", found="none", where="after the update")


@requirement("OBS-003", why="the claim is all that an administrator has to find a pod's device")
def test_prepare_and_unprepare_are_logged(harness: Harness) -> None:
    """Prepare and unprepare leave a line with the claim's UID in the log."""
    claim = harness.claim()
    counts = [harness.driver.log_text().count(claim.uid)]
    for call in (harness.kubelet.prepared, harness.kubelet.unprepared):
        call(claim)
        counts.append(harness.driver.log_text().count(claim.uid))
    harness.release(claim)
    expect(
        counts[0] < counts[1] < counts[2],
        wanted="a line for each",
        found=counts,
        where="log lines with the UID",
    )


@requirement("OBS-004", why="logs are read by more people than secrets")
def test_the_token_is_not_logged(harness: Harness) -> None:
    """The log does not contain the token that the driver uses."""
    config = json.loads((harness.folder.parent.parent / "driver.kubeconfig").read_text())
    token = config["users"][0]["user"]["token"]
    expect(token not in harness.driver.log_text(), wanted="no token", found="the token", where="driver log")


@requirement("OBS-006", why="devices that nobody can see are missed only when a pod waits")
def test_failing_publication_is_told(isolated: Harness) -> None:
    """When slice writes are answered 403, the log says so."""
    isolated.api.fail_next(403, times=1000, verbs=("create", "update", "patch"))
    isolated.start()
    isolated.kubelet.register()
    expect_soon(
        lambda: "403" in isolated.driver.log_text() or "forbidden" in isolated.driver.log_text().lower(),
        within_s=10,
        wanted="403 in the log",
        found=lambda: isolated.driver.log_text()[-300:],
        where="driver log",
    )


@requirement("OBS-007", why="an outage of the control plane would fill the disks of all nodes with logs")
def test_lasting_errors_are_logged_briefly(isolated: Harness) -> None:
    """While slice writes are answered 503, the driver logs at most 16 KiB for each of them."""
    isolated.api.fail_next(503, times=1000, verbs=("create", "update", "patch"))
    isolated.start()
    isolated.kubelet.register()
    before = isolated.driver.log_size()
    writes = len(isolated.api.driver_writes())
    expect_soon(
        lambda: len(isolated.api.driver_writes()) >= writes + REFUSED_WRITES,
        within_s=isolated.descriptor.budgets.repair_seconds,
        wanted=f"{REFUSED_WRITES} more writes of slices",
        found=lambda: len(isolated.api.driver_writes()) - writes,
        where="while writes are refused",
    )
    count = len(isolated.api.driver_writes()) - writes
    grown = isolated.driver.log_size() - before
    expect(
        grown <= LOG_BYTES_MAX * (count + 1),
        wanted=f"at most {LOG_BYTES_MAX} bytes for each refused write",
        found=f"{grown} bytes for {count} refused writes",
        where="driver log",
    )


@requirement(
    "OBS-008", why="a report about a driver of unknown version proves nothing about the one that is installed"
)
def test_the_version_is_told(harness: Harness) -> None:
    """The command ``version`` of the descriptor, or the driver's log, names the version of the driver."""
    command = harness.descriptor.version
    text = harness.driver.log_beginning()
    if command is not None:
        done = run_command("version", command, timeout_s=30)
        text = (done.stdout + done.stderr).decode(errors="replace")
    pattern = r"(?i)v(ersion)?\W{0,4}\d+\.\d+" if command is None else r"\d+\.\d+"
    found = text.strip()[:300]
    expect(
        bool(re.search(pattern, text)), wanted="a version", found=found, where="version or log of the driver"
    )


@requirement("SEC-011", why="the events of a user's pod would show what other users run")
def test_errors_tell_nothing_of_other_namespaces(harness: Harness) -> None:
    """A claim cannot be prepared by naming it in another namespace, and an error about its device does not name it."""
    harness.api.ensure_namespace("team-a")
    token = f"secret-{harness.random.getrandbits(64):x}"
    device = harness.require_devices(1)[0]
    theirs = harness.claim(device, namespace="team-a", name=token)
    harness.kubelet.prepared(theirs)
    stolen = harness.kubelet.attempt(Claim("default", theirs.name, theirs.uid, ()))[theirs.uid]
    mine = harness.claim(device)
    refused = harness.kubelet.attempt(mine)[mine.uid]
    harness.release(mine, theirs)
    expect(
        not stolen.devices, wanted="no devices", found=stolen, where="the claim, named in another namespace"
    )
    leaked = token in refused.error or "team-a" in refused.error
    expect(
        not leaked,
        wanted="no word of the other claim",
        found=refused.error,
        where="error of the second claim",
    )


@requirement("SEC-008", why="a driver that may write claims may give itself any device")
def test_claims_are_not_written(harness: Harness) -> None:
    """Prepare and unprepare write neither spec nor metadata of claims."""
    claim = harness.claim()
    harness.kubelet.prepared(claim)
    harness.kubelet.unprepared(claim)
    harness.release(claim)
    verbs = ("create", "update", "patch", "delete", "deletecollection")
    writes = [
        f"{r.verb} {r.name}"
        for r in harness.api.driver_requests(verbs=verbs, plural="resourceclaims")
        if not r.subresource
    ]
    each(writes, wanted="no writes", where="resourceclaims")


@requirement("SEC-009", why="every user who can connect can unprepare any claim")
def test_sockets_are_closed_to_other_users(harness: Harness) -> None:
    """Other users cannot connect to the sockets: the socket's own mode, or its folder's, says no."""
    open_ones = []
    for path in (*harness.kubelet.sockets(), Path(harness.kubelet.endpoint)):
        connectable = path.stat().st_mode & 0o002 or path.stat().st_mode & 0o001
        if connectable and path.parent.stat().st_mode & 0o001:
            open_ones.append(f"{path.name} {path.stat().st_mode & 0o777:o}")
    each(open_ones, wanted="no access for others", where="sockets and their folders")
