"""ResourceSlices, pools and discovery: what stands in the API, and what the driver does when it changes (1.37)."""

import contextlib
import time
from typing import Any

import pytest

from dra_conformance.expect import Violation, each, expect, expect_soon, not_applicable
from dra_conformance.harness.world import World
from dra_conformance.requirement import requirement
from dra_conformance.slice_rules import RULES, explicit_false

IDLE_S = 1.0
Object = dict[str, Any]


def names_of(slices: list[Object]) -> list[str]:
    """(slice, device) pairs in published order, as texts."""
    return [
        f"{item['spec']['pool']['name']}/{device['name']}"
        for item in sorted(slices, key=lambda item: str(item["metadata"]["name"]))
        for device in item["spec"].get("devices") or []
    ]


def wait_published(world: World, names: list[str], where: str) -> list[Object]:
    """Wait until the driver's slices list NAMES again; they are complete then."""
    expect_soon(
        lambda: names_of(world.api.own_slices()) == names,
        within_s=world.descriptor.budgets.repair_seconds,
        wanted=f"devices {names}",
        found=lambda: names_of(world.api.own_slices()),
        where=where,
    )
    return world.api.wait_slices(world.descriptor.budgets.repair_seconds)


@pytest.mark.parametrize(
    "rule",
    [pytest.param(rule, marks=requirement(name, why=why), id=name) for name, (rule, why) in RULES.items()],
)
def test_slices_follow_the_rule(world: World, rule: Any) -> None:
    """Every published slice follows a rule that can be seen in the object."""
    slices = world.api.own_slices()
    world.evidence.add("api", "slices as stored", slices=slices)
    each(list(rule(slices, world.descriptor.driver, world.node)), wanted=rule.__doc__, where="ResourceSlices")


@requirement("RSL-001", why="devices that the server refuses do not exist for the scheduler")
def test_no_write_is_refused(untried: World) -> None:
    """No slice that the driver writes is refused as invalid, and nothing of it is dropped."""
    untried.start()
    untried.kubelet.register()
    slices = untried.api.wait_slices(untried.descriptor.budgets.publish_seconds)
    refused = [f"{r.verb} {r.code}" for r in untried.api.driver_writes() if r.code in (400, 413, 422)]
    each(refused, wanted="no 400, 413 or 422", where="the driver's writes of slices")
    sent = [spec.get("devices") for spec in untried.api.sent_specs()]
    stored = [item["spec"].get("devices") for item in slices]
    expect(
        not sent or all(devices in sent for devices in stored),
        wanted="stored as sent",
        found="fields were dropped",
        where="devices",
    )


@requirement("RSL-019", why="the API server refuses the slice")
def test_placement_booleans_are_true_or_absent(untried: World) -> None:
    """What the driver sends has no allNodes and no perDeviceNodeSelection that is false."""
    untried.start()
    untried.kubelet.register()
    untried.api.wait_slices(untried.descriptor.budgets.publish_seconds)
    found = [problem for spec in untried.api.sent_specs() for problem in explicit_false(spec)]
    each(found, wanted="true or absent", where="slices as sent")


@requirement("RSL-004", why="the server refuses the update, and the pool stays outdated")
def test_immutable_fields_are_not_changed(fresh: World) -> None:
    """Updates keep spec.driver, spec.pool.name and spec.nodeName."""
    fresh.start_registered()
    name = fresh.api.own_slices()[0]["metadata"]["name"]
    names = names_of(fresh.api.own_slices())
    fresh.api.patch_slice(name, {"spec": {"devices": []}})
    with contextlib.suppress(Violation):  # whether it is repaired is RSL-027's question
        wait_published(fresh, names, "after the devices were edited away")
    changed = []
    for request in fresh.api.driver_requests(verbs=("update", "patch"), plural="resourceslices"):
        spec = (request.body or {}).get("spec", {}) if isinstance(request.body, dict) else {}
        found = (spec.get("driver"), spec.get("nodeName"), spec.get("pool", {}).get("name"))
        if request.code == 422:
            changed.append(f"{request.name}: {found}")
    each(changed, wanted="the same values", where="the driver's updates")


@requirement("RSL-020", why="the API server refuses the slice")
def test_node_selector_has_one_term(world: World) -> None:
    """A spec.nodeSelector has exactly one term."""
    found = [s["spec"]["nodeSelector"] for s in world.api.slices() if "nodeSelector" in s["spec"]]
    if not found:
        not_applicable("the driver publishes no slice with a nodeSelector")
    each(
        [s for s in found if len(s.get("nodeSelectorTerms", [])) != 1],
        wanted="one term",
        where="spec.nodeSelector",
    )


@requirement("RSL-025", why="the devices of the node would be gone until somebody restarts the driver")
def test_deleted_slice_comes_back(fresh: World) -> None:
    """A slice that somebody else deleted is published again."""
    fresh.start_registered()
    slices = fresh.api.own_slices()
    names = names_of(slices)
    fresh.api.delete_slice(slices[0]["metadata"]["name"])
    wait_published(fresh, names, "after one slice was deleted")


@requirement("RSL-026", why="every start of a kubelet deletes the slices of its node")
def test_slices_come_back_after_the_kubelets_wipe(fresh: World) -> None:
    """After all slices of the node were deleted at once, the driver publishes them again."""
    fresh.start_registered()
    names = names_of(fresh.api.own_slices())
    query = f"fieldSelector=spec.nodeName%3D{fresh.node}"
    fresh.api.write("DELETE", f"/apis/resource.k8s.io/v1/resourceslices?{query}")
    wait_published(fresh, names, "after all slices of the node were deleted")


@requirement("RSL-027", why="the scheduler would allocate by what somebody else wrote")
def test_edited_slice_is_repaired(fresh: World) -> None:
    """A slice that somebody else edited gets the driver's content again."""
    fresh.start_registered()
    slices = fresh.api.own_slices()
    names = names_of(slices)
    fresh.api.patch_slice(slices[0]["metadata"]["name"], {"spec": {"devices": []}})
    wait_published(fresh, names, "after the devices were edited away")


@requirement("RSL-028", "RSL-043", why="a thousand nodes that write without need are an outage")
def test_idle_driver_writes_nothing(fresh: World) -> None:
    """While nothing changes the driver writes no slice, although the server stores amounts in its own form."""
    fresh.start_registered()
    time.sleep(0.2)
    start = time.time()
    time.sleep(IDLE_S)
    writes = [f"{r.verb} {r.name}" for r in fresh.api.driver_writes(after=start)]
    each(writes, wanted=f"no writes in {IDLE_S:g} s", where="idle driver")


@requirement(
    "RSL-029",
    "RSL-038",
    "DIS-002",
    "DIS-004",
    why="names and order that move make claims point at other hardware",
)
def test_restart_keeps_slices(fresh: World) -> None:
    """A restart on the same hardware keeps the slices' UIDs, the devices, their order and their attributes."""
    fresh.start_registered()
    before = fresh.api.own_slices()
    fresh.restart()
    time.sleep(IDLE_S)
    after = fresh.api.wait_slices(fresh.descriptor.budgets.publish_seconds)
    uids = [[item["metadata"]["uid"] for item in slices] for slices in (before, after)]
    expect(uids[0] == uids[1], wanted=uids[0], found=uids[1], where="UIDs of the slices after a restart")
    devices = [[item["spec"].get("devices") for item in slices] for slices in (before, after)]
    expect(devices[0] == devices[1], wanted=devices[0], found=devices[1], where="devices after a restart")


def stray(world: World, name: str, **spec: Any) -> Object:
    """A slice as somebody else could have left it."""
    content = {
        "driver": world.descriptor.driver,
        "nodeName": world.node,
        "pool": {"name": name, "generation": 1, "resourceSliceCount": 1},
        "devices": [{"name": "stray-0"}],
    }
    return {"metadata": {"name": f"{name}-stray"}, "spec": content | spec}


@requirement("RSL-030", why="the scheduler would allocate devices that do not exist")
def test_stray_slice_is_deleted(fresh: World) -> None:
    """A slice of this driver and node in a pool that it does not have is deleted."""
    fresh.api.create_slice(stray(fresh, "stray-pool"))
    fresh.start_registered()
    expect_soon(
        lambda: all(item["spec"]["pool"]["name"] != "stray-pool" for item in fresh.api.own_slices()),
        within_s=fresh.descriptor.budgets.repair_seconds,
        wanted="the stray slice gone",
        found=lambda: [item["metadata"]["name"] for item in fresh.api.own_slices()],
        where="slices of this node",
    )


@requirement("RSL-031", why="one driver could take another's devices out of the cluster")
def test_foreign_slices_are_untouched(fresh: World) -> None:
    """Slices of other drivers and of other nodes are never written."""
    foreign = [
        stray(fresh, "other-node", nodeName="other-node"),
        stray(fresh, "other-driver", driver="other.example.com"),
    ]
    stored = [fresh.api.create_slice(item) for item in foreign]
    fresh.start_registered()
    fresh.restart()
    time.sleep(0.5)
    versions = []
    for item in stored:
        code, found = fresh.api.request(
            "GET", f"/apis/resource.k8s.io/v1/resourceslices/{item['metadata']['name']}"
        )
        versions.append(found["metadata"]["resourceVersion"] if code == 200 else "deleted")
    wanted = [item["metadata"]["resourceVersion"] for item in stored]
    expect(versions == wanted, wanted=wanted, found=versions, where="resourceVersion of foreign slices")


@requirement("RSL-032", why="every node would be sent the slices of every other")
def test_reads_are_restricted(fresh: World) -> None:
    """Lists and watches of slices select the driver and the node."""
    fresh.start_registered()
    reads = fresh.api.driver_requests(verbs=("list", "watch"), plural="resourceslices")
    wide = [
        f"{r.verb} {r.query.get('fieldSelector', 'without selector')}"
        for r in reads
        if f"spec.nodeName={fresh.node}" not in r.query.get("fieldSelector", "")
    ]
    each(wide, wanted=f"fieldSelector spec.driver and spec.nodeName={fresh.node}", where="reads of slices")


@requirement("RSL-033", why="a lost update leaves the scheduler with old devices")
def test_conflict_is_retried(fresh: World) -> None:
    """After a 409 the driver reads again and its content wins."""
    fresh.start_registered()
    slices = fresh.api.own_slices()
    names = names_of(slices)
    fresh.api.fail_next(409, times=1, verbs=("create", "update", "patch"))
    fresh.api.patch_slice(slices[0]["metadata"]["name"], {"spec": {"devices": []}})
    wait_published(fresh, names, "after a conflict")


@requirement("RSL-034", why="API servers restart, and shed load")
@pytest.mark.parametrize("code", [429, 500, 503, 0], ids=["429", "500", "503", "reset"])
def test_transient_errors_are_retried(fresh: World, code: int) -> None:
    """429, 500, 503 and broken connections while publishing are tried again, not in a storm."""
    fresh.api.fail_next(
        code, times=2, verbs=("create", "update", "patch"), retry_after_s=1 if code == 429 else 0
    )
    fresh.start()
    found = fresh.api.wait_slices(fresh.descriptor.budgets.repair_seconds)
    expect(bool(found), wanted="slices", found="none", where=f"after two answers {code or 'reset'}")
    writes = len(fresh.api.driver_writes())
    expect(writes <= 20, wanted="at most 20 writes", found=writes, where="retries")


@requirement("RSL-035", why="a driver that stops listening does not see its slices vanish")
def test_expired_watch_is_renewed(fresh: World) -> None:
    """After 410 Gone the driver lists and watches again: a slice deleted then still comes back."""
    fresh.start_registered()
    slices = fresh.api.own_slices()
    names = names_of(slices)
    fresh.api.expire_watches()
    time.sleep(0.2)
    fresh.api.delete_slice(slices[0]["metadata"]["name"])
    wait_published(fresh, names, "deleted after 410 Gone")


@requirement("RSL-036", "REC-017", why="running pods must be able to end although publishing is broken")
def test_refused_slices_do_not_stop_the_driver(fresh: World) -> None:
    """While slice writes are answered 422, the driver says so and still serves prepare and unprepare."""
    fresh.start_registered()
    claim = fresh.claim()
    name = fresh.api.own_slices()[0]["metadata"]["name"]
    before = len(fresh.driver.log_text())
    fresh.api.fail_next(422, times=1000, verbs=("create", "update", "patch"))
    fresh.api.delete_slice(name)
    expect_soon(
        lambda: len(fresh.driver.log_text()) > before,
        within_s=fresh.descriptor.budgets.repair_seconds,
        wanted="a message in the log",
        found=lambda: "nothing",
        where="driver log after 422",
    )
    expect(
        fresh.driver.running,
        wanted="running",
        found=f"exit {fresh.driver.exit_code}",
        where="driver after 422",
    )
    fresh.kubelet.prepared(claim)
    fresh.kubelet.unprepared(claim)


@requirement("RSL-042", why="other actors may strip labels and annotations")
def test_labels_are_not_needed(fresh: World) -> None:
    """After labels and annotations were stripped, the driver still knows its slices: no duplicates, no strays."""
    fresh.start_registered()
    names = names_of(fresh.api.own_slices())
    for item in fresh.api.own_slices():
        fresh.api.patch_slice(item["metadata"]["name"], {"metadata": {"labels": None, "annotations": None}})
    fresh.restart()
    time.sleep(0.5)
    wait_published(fresh, names, "after labels were stripped and a restart")


@requirement("POOL-006", "POOL-008", why="the scheduler believes the highest generation")
def test_generation_never_falls(fresh: World) -> None:
    """With an own slice of generation 1000 left over, the pool goes on above it, and the old slice goes."""
    fresh.start_registered()
    names = names_of(fresh.api.own_slices())
    pool = fresh.api.own_slices()[0]["spec"]["pool"]["name"]
    fresh.driver.terminate()
    left = {"name": pool, "generation": 1000, "resourceSliceCount": 1}
    fresh.api.create_slice(stray(fresh, "old", pool=left))
    fresh.kubelet.hang_up()
    fresh.start()
    slices = wait_published(fresh, names, "beside a slice of generation 1000")
    found = [item["spec"]["pool"]["generation"] for item in slices]
    seen = [
        r.body["spec"]["pool"]["generation"]
        for r in fresh.api.driver_writes()
        if r.body and "spec" in r.body and r.verb in ("create", "update")
    ]
    good = bool(found) and (min(found) >= 1000 or seen == sorted(seen))
    expect(
        good,
        wanted="generations of at least 1000, or the old slice deleted first",
        found=found,
        where=f"pool {pool}",
    )


@requirement("POOL-013", why="duplicates make the pool invalid")
def test_no_duplicate_slices_are_made(fresh: World) -> None:
    """Publishing, and publishing again after a deletion, creates each slice once."""
    fresh.start_registered()
    slices = fresh.api.own_slices()
    fresh.api.delete_slice(slices[0]["metadata"]["name"])
    wait_published(fresh, names_of(slices), "after a deletion")
    time.sleep(0.3)
    created = [r for r in fresh.api.driver_writes() if r.verb == "create" and r.code == 201]
    expect(
        len(created) <= len(slices) + 1,
        wanted=f"{len(slices) + 1} creations",
        found=len(created),
        where="slices",
    )


@requirement("REC-009", why="nodes boot faster than control planes")
def test_driver_starts_without_api_server(fresh: World) -> None:
    """Without an API server the driver registers and answers unprepare, and publishes once the server is there."""
    fresh.api.outage(on=True)
    try:
        fresh.start()
        fresh.kubelet.register()
        fresh.kubelet.unprepared(fresh.ghost())
    finally:
        fresh.api.outage(on=False)
    found = fresh.api.wait_slices(fresh.descriptor.budgets.repair_seconds)
    expect(bool(found), wanted="slices", found="none", where="after the API server came up")


@requirement("REC-010", why="an outage of the control plane must not need hands on every node")
def test_outage_is_survived(fresh: World) -> None:
    """After an outage slices are kept up again and claims are looked up, without a restart."""
    fresh.start_registered()
    slices = fresh.api.own_slices()
    fresh.api.outage(on=True)
    time.sleep(0.5)
    fresh.api.outage(on=False)
    fresh.api.delete_slice(slices[0]["metadata"]["name"])
    wait_published(fresh, names_of(slices), "after an outage")
    fresh.kubelet.prepared(fresh.claim())
