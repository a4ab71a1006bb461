"""More than one driver: the instances of a rolling update on one node, the drivers of two nodes, and one with few rights."""

import time
from concurrent.futures import ThreadPoolExecutor

from dra_conformance.catalogue.marks import requirement
from dra_conformance.expectations import each, expect, not_applicable
from dra_conformance.harness import health
from dra_conformance.harness.harness import Harness
from dra_conformance.harness.rights import USER
from dra_conformance.rules.health import DEFAULT_TIMEOUT_S, UNKNOWN

IDLE_S = 1.0
ROUNDS = 5
Pair = tuple[Harness, Harness]


def uids(harness: Harness) -> list[str]:
    """The UIDs of the node's slices."""
    return sorted(item["metadata"]["uid"] for item in harness.api.own_slices())


@requirement("UPG-001", "UPG-002", why="the old instance must serve until the new one has registered")
def test_instances_have_sockets_of_their_own(two_instances: Pair) -> None:
    """The second instance leaves the first one's sockets alone; each answers GetInfo and an empty prepare on its own."""
    gone = [harness.driver.pid for harness in two_instances if not harness.kubelet.sockets()]
    each(gone, wanted="the registration socket of each", where="processes of two instances")
    paths = [
        path
        for harness in two_instances
        for path in (str(harness.kubelet.socket()), harness.kubelet.endpoint)
    ]
    expect(len(set(paths)) == 4, wanted="four socket paths", found=paths, where="two instances")
    for harness in two_instances:
        harness.kubelet.disconnect()
        harness.kubelet.prepare()


@requirement("UPG-003", "UPG-006", why="an update must not take a node's devices out of the cluster")
def test_the_end_of_one_instance_leaves_the_other(two_instances: Pair) -> None:
    """When the first instance stops, only its sockets go: the second serves on, and the slices stay as they are."""
    old, new = two_instances
    before, gone, claim = uids(new), old.kubelet.sockets(), new.claim()
    old.driver.terminate()
    each([path.name for path in gone if path.exists()], wanted="its sockets gone", where="the first instance")
    expect(uids(new) == before, wanted=before, found=uids(new), where="slices after the first instance's end")
    new.kubelet.disconnect()
    new.kubelet.register()
    new.kubelet.prepared(claim)


@requirement("UPG-007", "UPG-016", why="what a crash leaves behind must not need an administrator")
def test_a_crash_of_one_instance_leaves_the_other(two_instances: Pair) -> None:
    """After either instance was killed, and left its sockets, the other registers and prepares; the slices stay."""
    old, new = two_instances
    before, claim = uids(new), old.claim()
    new.driver.kill()
    old.kubelet.disconnect()
    old.kubelet.register()
    old.kubelet.prepared(claim)
    new.kubelet.disconnect()
    new.start()
    old.driver.kill()
    new.kubelet.register()
    new.kubelet.prepared(claim)
    expect(uids(new) == before, wanted=before, found=uids(new), where="slices after crashes")


@requirement("UPG-004", why="a pod may start with one instance and end with the other")
def test_claims_cross_instances(two_instances: Pair) -> None:
    """A claim that one instance prepared is prepared alike and unprepared by the other, both ways."""
    for first, second in (two_instances, two_instances[::-1]):
        claim = first.claim()
        before = first.kubelet.prepared(claim)
        after = second.kubelet.prepared(claim)
        expect(after == before, wanted=before, found=after, where="the other instance's answer")
        ids = [name for device in before for name in device.cdi_ids]
        second.kubelet.unprepared(claim)
        each(first.still_defined(ids), wanted="no CDI device left", where="unprepared by the other instance")


@requirement("UPG-005", why="two writers that disagree keep the scheduler from allocating")
def test_instances_agree_on_slices(two_instances: Pair) -> None:
    """While both run, the pool is complete, and neither writes."""
    _, new = two_instances
    slices = new.api.wait_slices(new.descriptor.budgets.publish_seconds)
    expect(bool(slices), wanted="a complete pool", found="none", where="slices of two instances")
    start = time.time()
    time.sleep(IDLE_S)
    writes = [f"{r.verb} {r.name}" for r in new.api.driver_writes(after=start)]
    each(writes, wanted=f"no writes in {IDLE_S:g} s", where="two idle instances")


@requirement(
    "UPG-014", "CONC-007", why="what one instance prepared would be forgotten, and its device given away"
)
def test_instances_prepare_at_the_same_time(two_instances: Pair) -> None:
    """Claims that both instances prepare at once are known to both afterwards, and each can be unprepared by the other."""
    devices = two_instances[0].require_devices(2)
    for _ in range(ROUNDS):
        claims = [harness.claim(device) for harness, device in zip(two_instances, devices, strict=True)]
        with ThreadPoolExecutor(2) as pool:
            answers = list(
                pool.map(lambda harness, claim: harness.kubelet.prepared(claim), two_instances, claims)
            )
        for harness, claim, answer in zip(two_instances[::-1], claims, answers, strict=True):
            again = harness.kubelet.prepared(claim)
            expect(again == answer, wanted=answer, found=again, where="the other instance's answer")
            harness.kubelet.unprepared(claim)
            left = [file.path.name for file in harness.cdi.files() if claim.uid in file.text]
            each(left, wanted="nothing left", where="unprepared by the other instance")


@requirement("UPG-018", why="pods show Unknown for healthy devices after each update of the driver")
def test_health_moves_to_the_new_instance(two_instances: Pair) -> None:
    """The new instance's stream soon has devices that are not Unknown, and outlives the first instance."""
    old, new = two_instances
    listed = new.kubelet.info().supported_versions
    version = next((name for name in listed if name in health.VERSIONS), "")
    if not version:
        not_applicable("the driver has no health service")
    before = old.kubelet.watch_health(version)
    began = before.began(new.descriptor.budgets.detect_seconds)
    expect(began, wanted="a message", found="none", where="the first instance's health stream")
    timeouts = [item.timeout_s for item in before.reports[-1].devices if item.timeout_s > 0]
    after, limit_s = new.kubelet.watch_health(version), min([*timeouts, DEFAULT_TIMEOUT_S])
    wanted = known(before)
    after.wait(lambda: bool(wanted & known(after)) or not wanted, limit_s)
    lost = sorted(wanted - known(after)) if not wanted & known(after) else []
    each(lost, wanted=f"a health other than Unknown within {limit_s:g} s", where="the new instance's stream")
    before.close()
    old.driver.terminate()
    claim = new.claim()
    new.kubelet.prepared(claim)
    new.release(claim)
    expect(not after.ended, wanted="open", found=after.ended, where="the new instance's stream afterwards")
    after.close()


def known(stream: health.HealthStream) -> set[tuple[str, str]]:
    """The devices whose health the last message knows."""
    return {
        item.device for report in stream.reports[-1:] for item in report.devices if item.health != UNKNOWN
    }


@requirement("RSL-006", why="the devices of one node would be offered as those of another")
def test_nodes_have_pools_of_their_own(two_nodes: Pair) -> None:
    """The drivers of two nodes publish into different pools."""
    for harness in two_nodes:
        harness.start_registered()
    pools = [{item["spec"]["pool"]["name"] for item in harness.api.own_slices()} for harness in two_nodes]
    expect(not pools[0] & pools[1], wanted="different pools", found=pools, where="two nodes")


@requirement("RSL-024", why="the second node's devices would never be published")
def test_slice_names_do_not_collide(two_nodes: Pair) -> None:
    """The drivers of two nodes both publish, under different names."""
    for harness in two_nodes:
        harness.start()
        harness.kubelet.register()
    budget_s = two_nodes[0].descriptor.budgets.publish_seconds
    names = [
        {item["metadata"]["name"] for item in harness.api.wait_slices(budget_s)} for harness in two_nodes
    ]
    expect(all(names) and not names[0] & names[1], wanted="slices of both", found=names, where="two nodes")


def shared_slices(harness: Harness) -> list[str]:
    """The UIDs of the driver's slices that belong to no single node."""
    return sorted(
        item["metadata"]["uid"] for item in harness.api.slices() if not item["spec"].get("nodeName")
    )


@requirement(
    "RSL-039", "RSL-040", why="the devices of all nodes would go with one of them, or change with each writer"
)
def test_pools_of_no_node_have_one_writer(two_nodes: Pair) -> None:
    """Slices without nodeName stay as they are while two instances run, and when the one that published them stops."""
    for harness in two_nodes:
        harness.start()
        harness.kubelet.register()
        harness.api.wait_slices(harness.descriptor.budgets.publish_seconds)
    before = shared_slices(two_nodes[0])
    if not before:
        not_applicable("the driver publishes slices of its own node only")
    names = {
        item["metadata"]["name"] for item in two_nodes[0].api.slices() if not item["spec"].get("nodeName")
    }
    start = time.time()
    time.sleep(IDLE_S)
    writes = [f"{r.verb} {r.name}" for r in two_nodes[0].api.driver_writes(after=start) if r.name in names]
    each(writes, wanted=f"no writes in {IDLE_S:g} s", where="slices of no node, with two instances")
    for harness in two_nodes:
        harness.driver.terminate()
        found = shared_slices(two_nodes[0])
        expect(
            found == before, wanted=before, found=found, where=f"after the instance of {harness.node} stopped"
        )


@requirement("SEC-001", why="every right beyond need is one that an intruder gets")
def test_few_rights_are_enough(restricted: Harness) -> None:
    """With the rights to read its node and claims and to keep slices, the driver works, and it asks for no others."""
    restricted.start()
    restricted.kubelet.register()
    slices = restricted.api.wait_slices(restricted.descriptor.budgets.publish_seconds)
    expect(
        bool(slices), wanted="slices", found=restricted.api.denied(USER), where="publishing with few rights"
    )
    claim = restricted.claim()
    restricted.kubelet.prepared(claim)
    restricted.kubelet.unprepared(claim)
    each(restricted.api.denied(USER), wanted="nothing else asked for", where="requests that were denied")
