"""How a domain ends: under its pods, without a controller, with finalizers of others; and what is left."""

from dra_conformance.catalogue.marks import requirement
from dra_conformance.expectations import expect
from dra_conformance.harness.domains import DOMAIN_LABEL, TEMPLATES, Stage
from dra_conformance.harness.racks import PLACES

FIRST, OTHER = PLACES[0], PLACES[2]
LOOKS = 40
"""How often what must stay is looked at; each look is a request."""


@requirement("MNL-045", why="the namespace of the domain can never be deleted")
def test_a_deletion_without_a_controller_is_finished(stage: Stage) -> None:
    """A domain that was deleted while there was no controller is gone when there is one."""
    made = stage.domain()
    stage.soon(
        lambda: bool((stage.read(made) or {}).get("status")), "a status", lambda: stage.read(made), "a domain"
    )
    stage.racks.kill_controller()
    try:
        stage.delete(made)
    finally:
        stage.racks.start_controller()
    stage.wait_gone(made)


@requirement("MNL-046", why="after a change of controllers namespaces cannot be deleted")
def test_a_finalizer_of_others_does_not_hold_a_deletion(stage: Stage) -> None:
    """A template with a finalizer that another controller of the same API left goes with its domain."""
    made = stage.domain()
    name = made["metadata"]["name"]
    patch = {"metadata": {"finalizers": [DOMAIN_LABEL]}}
    stage.context.patch("merge", TEMPLATES, name, patch).expect(200)
    stage.delete(made)
    stage.wait_gone(made)
    found = stage.context.get(TEMPLATES, name)
    expect(found.code == 404, wanted="none", found=found.text[:300], where="the template of the domain")


@requirement("MNL-047", why="the memory that a job has imported goes away under it")
def test_daemons_stay_while_pods_run(stage: Stage) -> None:
    """A domain that is deleted under a pod keeps its daemon until the pod has ended, and then goes."""
    made, pods = stage.job(FIRST)
    before = stage.daemons(made)
    stage.delete(made)
    stage.soon(
        lambda: stage.context.get(TEMPLATES, made["metadata"]["name"]).code == 404 or not stage.daemons(made),
        "no template, so that no pod comes",
        lambda: stage.read(made),
        "a domain that is deleted under its pods",
    )
    for _ in range(LOOKS):
        found = stage.daemons(made)
        expect(
            found == before,
            wanted=before,
            found=found,
            where="daemons of a domain that is deleted under its pods",
        )
    stage.end_pod(pods[FIRST])
    stage.wait_gone(made)


@requirement("MNL-048", why="a node that keeps the label of a domain serves no other one")
def test_nothing_is_left(stage: Stage) -> None:
    """Of a domain that had a job and was deleted no template, DaemonSet, daemon and label is left."""
    made, pods = stage.job(FIRST)
    stage.delete(made)
    stage.end_pod(pods[FIRST])
    stage.wait_gone(made)

    def left() -> list[object]:
        template = stage.context.get(TEMPLATES, made["metadata"]["name"]).code == 200
        label = stage.labels(FIRST).get(DOMAIN_LABEL)
        found = [
            ("template", template),
            ("DaemonSets", stage.daemon_sets(made)),
            ("daemons", stage.daemons(made)),
        ]
        return [item for item in (*found, ("label of the node", label)) if item[1]]

    stage.soon(lambda: not left(), "nothing", left, "what was made for a domain that is gone")


@requirement("MNL-049", why="jobs of other tenants end with one that has nothing to do with them")
def test_other_domains_go_on(stage: Stage) -> None:
    """A domain keeps its template, daemons and status when another one ends."""
    made, _ = stage.job(OTHER)
    before, daemons = stage.status(made), stage.daemons(made)
    second, pods = stage.job(FIRST)
    stage.delete(second)
    stage.end_pod(pods[FIRST])
    stage.wait_gone(second)
    template = stage.context.get(TEMPLATES, made["metadata"]["name"])
    kept = template.code == 200
    expect(kept, wanted="its template", found=template.text[:300], where="the other domain")
    found = (stage.status(made), stage.daemons(made))
    expect(found == (before, daemons), wanted=(before, daemons), found=found, where="the other domain")
