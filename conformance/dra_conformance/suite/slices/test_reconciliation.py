"""ResourceSlices: what a driver does when they are deleted, edited, refused or not readable (resource/v1, 1.37)."""

import contextlib
import time

import pytest

from dra_api.objects import JsonObject
from dra_conformance.catalogue.marks import requirement
from dra_conformance.expectations import Violation, each, expect, expect_soon
from dra_conformance.harness.harness import Harness
from dra_conformance.suite.slices.published import names_of, stray, wait_published

IDLE_S = 1.0
QUICK_S = 0.5
RETRIES_MAX = 10
"""In IDLE_S: the helper of upstream doubles its pause from 5 ms on, so it is past 300 ms by then."""


@requirement("RSL-004", why="the server refuses the update, and the pool stays outdated")
def test_immutable_fields_are_not_changed(isolated: Harness) -> None:
    """Updates keep spec.driver, spec.pool.name and spec.nodeName."""
    isolated.start_registered()
    name = isolated.api.first_slice()["metadata"]["name"]
    names = names_of(isolated.api.own_slices())
    isolated.api.patch_slice(name, {"spec": {"devices": []}})
    with contextlib.suppress(Violation):  # whether it is repaired is RSL-027's question
        wait_published(isolated, names, "after the devices were edited away")
    changed = []
    for request in isolated.api.driver_requests(verbs=("update", "patch"), plural="resourceslices"):
        spec = (request.body or {}).get("spec", {}) if isinstance(request.body, dict) else {}
        found = (spec.get("driver"), spec.get("nodeName"), spec.get("pool", {}).get("name"))
        if request.code == 422:
            changed.append(f"{request.name}: {found}")
    each(changed, wanted="the same values", where="the driver's updates")


@requirement("RSL-025", why="the devices of the node would be gone until somebody restarts the driver")
def test_deleted_slice_comes_back(isolated: Harness) -> None:
    """A slice that somebody else deleted is published again."""
    isolated.start_registered()
    slices = isolated.api.own_slices()
    names = names_of(slices)
    isolated.api.delete_slice(slices[0]["metadata"]["name"])
    wait_published(isolated, names, "after one slice was deleted")


@requirement("RSL-026", why="every start of a kubelet deletes the slices of its node")
def test_slices_come_back_after_the_kubelet_deleted_them(isolated: Harness) -> None:
    """After all slices of the node were deleted at once, the driver publishes them again."""
    isolated.start_registered()
    names = names_of(isolated.api.own_slices())
    query = f"fieldSelector=spec.nodeName%3D{isolated.node}"
    isolated.api.write("DELETE", f"/apis/resource.k8s.io/v1/resourceslices?{query}")
    wait_published(isolated, names, "after all slices of the node were deleted")


@requirement("RSL-027", why="the scheduler would allocate by what somebody else wrote")
def test_edited_slice_is_repaired(isolated: Harness) -> None:
    """A slice that somebody else edited gets the driver's content again."""
    isolated.start_registered()
    slices = isolated.api.own_slices()
    names = names_of(slices)
    isolated.api.patch_slice(slices[0]["metadata"]["name"], {"spec": {"devices": []}})
    wait_published(isolated, names, "after the devices were edited away")


@requirement("RSL-028", "RSL-043", why="a thousand nodes that write without need are an outage")
def test_idle_driver_writes_nothing(isolated: Harness) -> None:
    """While nothing changes the driver writes no slice, although the server stores amounts in its own form."""
    isolated.start_registered()
    time.sleep(0.2)
    start = time.time()
    time.sleep(IDLE_S)
    writes = [f"{r.verb} {r.name}" for r in isolated.api.driver_writes(after=start)]
    each(writes, wanted=f"no writes in {IDLE_S:g} s", where="idle driver")


@requirement("RSL-029", "DIS-002", "DIS-004", why="names that move make claims point at other hardware")
def test_restart_keeps_slices(isolated: Harness) -> None:
    """A restart on the same hardware keeps the slices' UIDs, the devices and their attributes, in any order."""
    isolated.start_registered()
    before = isolated.api.own_slices()
    isolated.restart()
    time.sleep(IDLE_S)
    after = isolated.api.wait_slices(isolated.descriptor.budgets.publish_seconds)
    uids = [[item["metadata"]["uid"] for item in slices] for slices in (before, after)]
    expect(uids[0] == uids[1], wanted=uids[0], found=uids[1], where="UIDs of the slices after a restart")
    devices = [
        sorted(devices_of(slices), key=lambda device: str(device["name"])) for slices in (before, after)
    ]
    expect(devices[0] == devices[1], wanted=devices[0], found=devices[1], where="devices after a restart")


@requirement(
    "RSL-038",
    why="the allocator takes the first device that fits, so users get another one after each restart",
)
def test_restart_keeps_the_order_of_devices(isolated: Harness) -> None:
    """A restart on the same hardware keeps the order of the devices, also where the slices were deleted meanwhile."""
    isolated.start_registered()
    before = [device["name"] for device in devices_of(isolated.api.own_slices())]
    isolated.driver.terminate()
    for item in isolated.api.own_slices():
        isolated.api.delete_slice(item["metadata"]["name"])
    isolated.kubelet.disconnect()
    isolated.start()
    isolated.kubelet.register()
    slices = isolated.api.wait_slices(isolated.descriptor.budgets.publish_seconds)
    after = [device["name"] for device in devices_of(slices)]
    expect(after == before, wanted=before, found=after, where="order of devices after a restart")


def devices_of(slices: list[JsonObject]) -> list[JsonObject]:
    """The devices of slices, in the order of the slices' names, as the allocator sees them."""
    ordered = sorted(slices, key=lambda item: str(item["metadata"]["name"]))
    return [device for item in ordered for device in item["spec"].get("devices") or []]


@requirement("RSL-030", why="the scheduler would allocate devices that do not exist")
def test_stray_slice_is_deleted(isolated: Harness) -> None:
    """A slice of this driver and node in a pool that it does not have is deleted."""
    isolated.api.create_slice(stray(isolated, "stray-pool"))
    isolated.start_registered()
    expect_soon(
        lambda: all(item["spec"]["pool"]["name"] != "stray-pool" for item in isolated.api.own_slices()),
        within_s=isolated.descriptor.budgets.repair_seconds,
        wanted="the stray slice gone",
        found=lambda: [item["metadata"]["name"] for item in isolated.api.own_slices()],
        where="slices of this node",
    )


@requirement("RSL-031", why="one driver could take another's devices out of the cluster")
def test_foreign_slices_are_untouched(isolated: Harness) -> None:
    """Slices of other drivers and of other nodes are never written."""
    foreign = [
        stray(isolated, "other-node", nodeName="other-node"),
        stray(isolated, "other-driver", driver="other.example.com"),
    ]
    stored = [isolated.api.create_slice(item) for item in foreign]
    isolated.start_registered()
    isolated.restart()
    time.sleep(0.5)
    versions = []
    for item in stored:
        code, found = isolated.api.request(
            "GET", f"/apis/resource.k8s.io/v1/resourceslices/{item['metadata']['name']}"
        )
        versions.append(found["metadata"]["resourceVersion"] if code == 200 else "deleted")
    wanted = [item["metadata"]["resourceVersion"] for item in stored]
    expect(versions == wanted, wanted=wanted, found=versions, where="resourceVersion of foreign slices")


@requirement("RSL-032", why="every node would be sent the slices of every other")
def test_reads_are_restricted(isolated: Harness) -> None:
    """Lists and watches of slices select the driver and the node."""
    isolated.start_registered()
    reads = isolated.api.driver_requests(verbs=("list", "watch"), plural="resourceslices")
    wide = [
        f"{r.verb} {r.query.get('fieldSelector', 'without selector')}"
        for r in reads
        if f"spec.nodeName={isolated.node}" not in r.query.get("fieldSelector", "")
    ]
    each(wide, wanted=f"fieldSelector spec.driver and spec.nodeName={isolated.node}", where="reads of slices")


@requirement("RSL-033", why="a lost update leaves the scheduler with old devices")
def test_conflict_is_retried(isolated: Harness) -> None:
    """After a 409 the driver reads again and its content wins."""
    isolated.start_registered()
    slices = isolated.api.own_slices()
    names = names_of(slices)
    isolated.api.fail_next(409, times=1, verbs=("create", "update", "patch"))
    isolated.api.patch_slice(slices[0]["metadata"]["name"], {"spec": {"devices": []}})
    wait_published(isolated, names, "after a conflict")


@requirement("RSL-034", why="API servers restart, and shed load")
@pytest.mark.parametrize("code", [429, 500, 0], ids=["429", "500", "reset"])
def test_transient_errors_are_retried(isolated: Harness, code: int) -> None:
    """429, 500, 503 and broken connections while publishing are tried again."""
    isolated.api.fail_next(
        code, times=2, verbs=("create", "update", "patch"), retry_after_s=1 if code == 429 else 0
    )
    isolated.start()
    isolated.kubelet.register()
    found = isolated.api.wait_slices(isolated.descriptor.budgets.repair_seconds)
    expect(bool(found), wanted="slices", found="none", where=f"after two answers {code or 'reset'}")


def expect_no_storm(harness: Harness) -> None:
    """Within a second, while its writes are refused, the driver makes no more of them than RETRIES_MAX.

    The second begins after the first refusal and a pause: retries may be quick at first.
    """
    expect_soon(
        lambda: bool(harness.api.driver_writes()),
        within_s=harness.descriptor.budgets.repair_seconds,
        wanted="a write of a slice",
        found=lambda: "none",
        where="while writes are refused",
    )
    time.sleep(QUICK_S)
    start = time.time()
    time.sleep(IDLE_S)
    writes = len(harness.api.driver_writes(after=start))
    expect(
        writes <= RETRIES_MAX,
        wanted=f"at most {RETRIES_MAX} retries in {IDLE_S:g} s",
        found=writes,
        where="writes of slices while the API server refuses them",
    )


@requirement("RSL-034", why="a fleet of drivers that retry without pause keeps a weak API server down")
def test_retries_have_pauses(isolated: Harness) -> None:
    """While every write of a slice is answered 503, the driver retries with pauses; when that ends, it publishes."""
    isolated.api.fail_next(503, times=100_000, verbs=("create", "update", "patch"))
    isolated.start()
    isolated.kubelet.register()
    expect_no_storm(isolated)
    isolated.api.heal()
    found = isolated.api.wait_slices(isolated.descriptor.budgets.repair_seconds)
    expect(bool(found), wanted="slices", found="none", where="after the answers 503 ended")


@requirement("RSL-035", why="a driver that stops listening does not see its slices vanish")
def test_expired_watch_is_renewed(isolated: Harness) -> None:
    """After 410 Gone the driver lists and watches again: a slice deleted then still comes back."""
    isolated.start_registered()
    slices = isolated.api.own_slices()
    names = names_of(slices)
    isolated.api.expire_watches()
    time.sleep(0.2)
    isolated.api.delete_slice(slices[0]["metadata"]["name"])
    wait_published(isolated, names, "deleted after 410 Gone")


@requirement("RSL-036", "REC-017", why="running pods must be able to end although publishing is broken")
def test_refused_slices_do_not_stop_the_driver(isolated: Harness) -> None:
    """While slice writes are answered 422, the driver says so and still serves prepare and unprepare."""
    isolated.start_registered()
    claim = isolated.claim()
    name = isolated.api.first_slice()["metadata"]["name"]
    before = isolated.driver.log_size()
    isolated.api.fail_next(422, times=1000, verbs=("create", "update", "patch"))
    isolated.api.delete_slice(name)
    expect_soon(
        lambda: isolated.driver.log_size() > before,
        within_s=isolated.descriptor.budgets.repair_seconds,
        wanted="a message in the log",
        found=lambda: "nothing",
        where="driver log after 422",
    )
    expect(
        isolated.driver.running,
        wanted="running",
        found=f"exit {isolated.driver.exit_code}",
        where="driver after 422",
    )
    isolated.kubelet.prepared(claim)
    isolated.kubelet.unprepared(claim)


@requirement("RSL-042", why="other actors may strip labels and annotations")
def test_labels_are_not_needed(isolated: Harness) -> None:
    """After labels and annotations were stripped, the driver still knows its slices: no duplicates, no strays."""
    isolated.start_registered()
    names = names_of(isolated.api.own_slices())
    for item in isolated.api.own_slices():
        isolated.api.patch_slice(
            item["metadata"]["name"], {"metadata": {"labels": None, "annotations": None}}
        )
    isolated.restart()
    time.sleep(0.5)
    wait_published(isolated, names, "after labels were stripped and a restart")
