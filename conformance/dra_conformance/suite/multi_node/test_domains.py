"""The life of a ComputeDomain: its template, its nodes and their numbers, and when it is Ready (resource.nvidia.com/v1beta1)."""

from dra_api.objects import JsonObject
from dra_conformance.catalogue.marks import requirement
from dra_conformance.expectations import expect
from dra_conformance.harness.domains import CLIQUE, TEMPLATES, Stage
from dra_conformance.harness.racks import PLACES

FIRST, SECOND, OTHER = PLACES[0], PLACES[1], PLACES[2]


def domain_ids(template: JsonObject) -> list[object]:
    """``domainID`` of each entry of opaque parameters."""
    configs = template["spec"]["spec"]["devices"].get("config") or []
    return [config["opaque"]["parameters"].get("domainID") for config in configs if "opaque" in config]


@requirement("MNL-010", why="the pods of the job wait for a template that nobody makes")
def test_the_template_is_made(stage: Stage) -> None:
    """The template that a domain names is made in its namespace."""
    made = stage.domain(served=False)
    stage.wait_template(made["metadata"]["name"])


@requirement("MNL-011", why="the job's pods join another domain, or none")
def test_the_template_names_the_domain(stage: Stage) -> None:
    """The parameters of the template have the domain's UID."""
    made = stage.domain()
    found = domain_ids(stage.context.get(TEMPLATES, made["metadata"]["name"]).expect(200))
    wanted = [made["metadata"]["uid"]]
    expect(found == wanted, wanted=wanted, found=found, where="domainID in the template")


@requirement("MNL-012", why="a user sees NotReady, and not what to do")
def test_a_condition_says_why(stage: Stage) -> None:
    """A domain that waits for nodes has a condition Ready with reason, message and observedGeneration."""
    made = stage.domain(2)

    def complete() -> bool:
        ready = stage.conditions(made).get("Ready")
        if ready is None or ready["status"] != "False":
            return False
        seen = ready.get("observedGeneration")
        return bool(ready["reason"] and ready["message"]) and seen == made["metadata"].get("generation", 1)

    stage.soon(
        complete,
        "Ready False with reason, message and observedGeneration",
        lambda: stage.status(made),
        "conditions of a domain that waits for nodes",
    )


@requirement("MNL-013", why="the job starts without some of its peers")
def test_a_domain_with_too_few_nodes_is_not_ready(stage: Stage) -> None:
    """A domain of two nodes with a pod that runs on one is NotReady."""
    made = stage.domain(2)
    stage.wait_running(stage.worker(made["metadata"]["name"], FIRST))
    stage.soon(
        lambda: FIRST.name in stage.nodes(made), FIRST.name, lambda: stage.nodes(made), "nodes of the domain"
    )
    found = stage.status(made)
    expect(
        found.get("status") == "NotReady",
        wanted="NotReady",
        found=found,
        where="a domain with one of two nodes",
    )


@requirement("MNL-014", why="a job that waits for Ready never starts")
def test_a_domain_with_its_nodes_is_ready(stage: Stage) -> None:
    """A domain of two nodes with a pod on each gets Ready."""
    stage.job(FIRST, SECOND)


@requirement("MNL-015", why="somebody drains a node that the job needs, or waits for one that it does not")
def test_the_nodes_are_those_of_the_pods(stage: Stage) -> None:
    """status.nodes has the nodes where pods of the domain are, and no others."""
    made, _ = stage.job(FIRST, SECOND)
    found, wanted = sorted(stage.nodes(made)), sorted((FIRST.name, SECOND.name))
    expect(found == wanted, wanted=wanted, found=found, where="status.nodes")


@requirement("MNL-016", why="two daemons have one name, and IMEX connects one of them")
def test_numbers_are_different(stage: Stage) -> None:
    """The nodes of one clique have the numbers from zero on."""
    made, _ = stage.job(FIRST, SECOND)
    found = sorted(entry["index"] for entry in stage.nodes(made).values())
    expect(found == [0, 1], wanted=[0, 1], found=found, where="index of status.nodes")


@requirement("MNL-017", why="nodes that cannot reach each other try to share memory")
def test_cliques_are_those_of_the_racks(stage: Stage) -> None:
    """Of three nodes the two of one rack have one cliqueID, and the third has another; each is its node's own."""
    made, _ = stage.job(FIRST, SECOND, OTHER)
    found = {name: entry["cliqueID"] for name, entry in stage.nodes(made).items()}
    alike = found[FIRST.name] == found[SECOND.name] != found[OTHER.name]
    expect(alike, wanted="one for each rack", found=found, where="cliqueID of status.nodes")
    own = {place.name: stage.labels(place).get(CLIQUE, found[place.name]) for place in (FIRST, SECOND, OTHER)}
    expect(
        found == own,
        wanted=own,
        found=found,
        where="cliqueID, and the cliques that the nodes are labelled with",
    )


@requirement("MNL-018", why="daemons of all domains run on all nodes, and a node can serve one domain only")
def test_daemons_are_where_pods_are(stage: Stage) -> None:
    """The domain's daemons are on the node of its pod alone."""
    made, _ = stage.job(FIRST)
    found = sorted(stage.daemons(made))
    expect(found == [FIRST.name], wanted=[FIRST.name], found=found, where="nodes of the domain's daemons")


@requirement("MNL-019", why="CUDA cannot import memory without the device node of a channel")
def test_a_container_gets_a_channel(stage: Stage) -> None:
    """A container with a claim of the domain is given a device node."""
    _, pods = stage.job(FIRST)
    given = stage.racks.cluster.container(FIRST.name, stage.context.namespace, pods[FIRST], "main").devices
    expect(
        any("channel" in path for path in given),
        wanted="a channel",
        found=sorted(given),
        where="devices of the container",
    )


@requirement("MNL-050", why="each write goes to every watcher, and each domain writes all the time")
def test_nothing_is_written_without_a_change(stage: Stage) -> None:
    """A domain that is Ready keeps its resourceVersion while another domain comes, is served and goes."""
    made, _ = stage.job(FIRST)
    stable = stage.read(made) or {}

    def settled() -> bool:
        nonlocal stable
        before, stable = stable, stage.read(made) or {}
        other = stage.domain()
        stage.delete(other)
        stage.wait_gone(other)
        return before == (stage.read(made) or {})

    stage.soon(settled, "the same object", lambda: stable, "a domain in which nothing changes", within_s=15)
