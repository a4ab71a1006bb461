"""What a domain does when daemons, nodes, plugins and controllers go and come back."""

from dra_api.objects import JsonObject
from dra_conformance.catalogue.marks import requirement
from dra_conformance.expectations import expect
from dra_conformance.harness.domains import API, DOMAIN_LABEL, DOMAINS, TEMPLATES, Stage
from dra_conformance.harness.racks import PLACES, Place

FIRST, SECOND = PLACES[0], PLACES[1]
LOOKS = 100
"""How often a pod that must wait is looked at; each look is a request."""


@requirement("MNL-020", why="the job's first import of memory fails, and it ends")
def test_a_container_waits_for_its_daemon(stage: Stage) -> None:
    """While there is nobody to start a daemon a pod of the domain does not run; it does when there is."""
    made = stage.domain()
    stage.soon(lambda: bool(stage.daemon_sets(made)), "a DaemonSet", lambda: "none", "the domain's daemons")
    stage.racks.kill_controller()
    try:
        for item in stage.daemon_sets(made):
            stage.delete_daemon_set(item)
        pod = stage.worker(made["metadata"]["name"], FIRST)
        stage.soon(
            lambda: DOMAIN_LABEL in stage.labels(FIRST) or stage.phase(pod) == "Running",
            "the node is labelled for the domain, so that a daemon comes",
            lambda: stage.labels(FIRST),
            FIRST.name,
        )
        seen = {stage.phase(pod) for _ in range(LOOKS)}
        expect(
            "Running" not in seen,
            wanted="Pending",
            found=sorted(seen),
            where="a pod without a daemon on its node",
        )
    finally:
        stage.racks.start_controller()
    stage.wait_running(pod)


def renewed(stage: Stage, made: JsonObject, before: str, place: Place) -> None:
    """Wait until another daemon than BEFORE is on a node, and the domain is Ready."""
    stage.soon(
        lambda: stage.daemons(made).get(place.name, before) != before,
        "another daemon",
        lambda: stage.daemons(made),
        f"daemons of the domain on {place.name}",
    )
    stage.soon(
        lambda: (
            stage.nodes(made).get(place.name, {}).get("ipAddress") == (stage.address(made, place) or "none")
        ),
        "the address of the new daemon",
        lambda: stage.nodes(made),
        f"status.nodes of {place.name}",
    )
    stage.wait_status(made, "Ready")


@requirement("MNL-040", why="the names by which daemons know each other mean other nodes from then on")
def test_a_killed_daemon_comes_back_under_its_number(stage: Stage) -> None:
    """A daemon whose pod was deleted by force is replaced, and its node has the number that it had."""
    made, _ = stage.job(FIRST, SECOND)
    before = {name: entry["index"] for name, entry in stage.nodes(made).items()}
    renewed(stage, made, stage.end_daemon(made, FIRST), FIRST)
    after = {name: entry["index"] for name, entry in stage.nodes(made).items()}
    expect(after == before, wanted=before, found=after, where="index of status.nodes")


@requirement("MNL-041", why="a job that waits for Ready starts with a peer that is not there")
def test_a_domain_whose_daemon_is_away_is_not_ready(stage: Stage) -> None:
    """When a node loses the domain's label, and so its daemon, the domain is NotReady; it is Ready again with the label."""
    made, _ = stage.job(FIRST, SECOND)
    uid = made["metadata"]["uid"]
    before = stage.context.get(DOMAINS, made["metadata"]["name"], api=API).expect(200)
    stage.set_label(FIRST, None)
    seen = stage.versions(
        made, before, until=lambda item: (item.get("status") or {}).get("status") == "NotReady"
    )
    expect(seen, wanted="NotReady", found="Ready all the time", where="a domain one of whose daemons is away")
    stage.set_label(FIRST, uid)
    stage.wait_status(made, "Ready")


@requirement("MNL-042", why="the daemon of a node without power cannot take its word back")
def test_a_domain_with_a_lost_node_is_not_ready(stage: Stage) -> None:
    """While a node is not ready the domain is NotReady."""
    made, _ = stage.job(FIRST, SECOND)
    kubelet = stage.racks.cluster.kubelet(SECOND.name)
    kubelet.stop()
    try:
        set_ready(stage, SECOND, "Unknown")
        stage.wait_status(made, "NotReady")
    finally:
        kubelet.start()
        set_ready(stage, SECOND, "True")
    stage.wait_status(made, "Ready")


def set_ready(stage: Stage, place: Place, value: str) -> None:
    """Say in a Node whether it is ready, as the node controller would after 40 s."""
    node = stage.context.get("nodes", place.name).expect(200)
    for condition in node["status"]["conditions"]:
        if condition["type"] == "Ready":
            condition["status"] = value
    stage.context.put("nodes", node, "status").expect(200)


@requirement("MNL-043", why="the next pods of the job wait for a template that nobody makes")
def test_what_was_deleted_is_made_again(stage: Stage) -> None:
    """The template and the DaemonSet of a domain come back when they are deleted."""
    made = stage.domain()
    name = made["metadata"]["name"]
    stage.soon(lambda: bool(stage.daemon_sets(made)), "a DaemonSet", lambda: "none", "the domain's daemons")
    uid = stage.context.get(TEMPLATES, name).expect(200)["metadata"]["uid"]
    [daemons] = stage.daemon_sets(made)
    stage.context.delete(TEMPLATES, name)
    stage.delete_daemon_set(daemons)

    def again() -> bool:
        answer = stage.context.get(TEMPLATES, name)
        others = [one["metadata"]["uid"] for one in stage.daemon_sets(made)]
        renewed_template = answer.code == 200 and answer.body["metadata"]["uid"] != uid
        return renewed_template and bool(set(others) - {daemons["metadata"]["uid"]})

    stage.soon(again, "others", lambda: stage.daemon_sets(made), "template and DaemonSet that were deleted")


@requirement("MNL-044", why="domains that are created during an update of the controller are never served")
def test_a_domain_from_before_the_controller_is_served(stage: Stage) -> None:
    """A domain that was created while there was no controller gets its template when there is one."""
    stage.racks.kill_controller()
    try:
        made = stage.domain(served=False)
    finally:
        stage.racks.start_controller()
    stage.wait_template(made["metadata"]["name"])


@requirement("MNL-051", why="the node keeps the label of the domain, and serves no other one")
def test_a_plugin_that_was_restarted_knows_its_claims(stage: Stage) -> None:
    """After the plugin was killed and started, the end of the last pod takes the label from the node."""
    _, pods = stage.job(FIRST)
    stage.racks.kill_plugin(FIRST)
    stage.racks.start_plugin(FIRST)
    stage.racks.wait_registered(FIRST)
    stage.end_pod(pods[FIRST])
    stage.soon(
        lambda: DOMAIN_LABEL not in stage.labels(FIRST),
        "no label of a domain",
        lambda: stage.labels(FIRST),
        "the node after its last pod",
    )
