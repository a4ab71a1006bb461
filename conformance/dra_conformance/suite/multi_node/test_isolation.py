"""Which claims are refused: those of other tenants and those whose parameters can never be right, and how soon."""

from collections.abc import Callable

from dra_api.objects import JsonObject
from dra_conformance.catalogue.marks import requirement
from dra_conformance.expectations import expect
from dra_conformance.harness.domains import DOMAIN_LABEL, TEMPLATES, Stage
from dra_conformance.harness.racks import PLACES

NODE = PLACES[0]
SOON_S = 20.0
"""What is refused at once is refused within this, and what waits for a daemon is not: a call has 45 s."""
NOBODY = "00000000-0000-4000-8000-000000000000"


def nothing(_: JsonObject) -> None:
    """Copy parameters as they are."""


def setting(key: str, value: object) -> Callable[[JsonObject], None]:
    """A change of one parameter."""

    def change(parameters: JsonObject) -> None:
        parameters[key] = value

    return change


def refused(stage: Stage, template: str, namespace: str = "", *, within_s: float = 0) -> list[str]:
    """Create a pod of TEMPLATE and wait until its claim is refused; what the events say."""
    pod = stage.worker(template, NODE, namespace)

    def phase_or_refusal() -> bool:
        return bool(stage.refusals(pod, namespace)) or stage.phase(pod, namespace) == "Running"

    stage.soon(
        phase_or_refusal,
        "a refusal",
        lambda: f"{stage.phase(pod, namespace)}; {stage.events(pod, namespace)[-2:]}",
        "events of the pod",
        within_s=within_s,
    )
    phase = stage.phase(pod, namespace)
    expect(
        phase != "Running",
        wanted="a pod that does not run",
        found=phase,
        where="a claim that has to be refused",
    )
    return stage.refusals(pod, namespace)


def stranger(stage: Stage) -> tuple[JsonObject, list[str]]:
    """A domain, and the refusals of a pod of another namespace with a copy of its template."""
    made, other = stage.domain(), stage.other_namespace()
    template = stage.copy_of(made["metadata"]["name"], nothing, other)
    return made, refused(stage, template, other)


@requirement("MNL-021", why="a tenant reads the GPU memory of another one")
def test_a_claim_of_another_namespace_is_refused(stage: Stage) -> None:
    """A pod of another namespace with the domain's UID in its claim does not run."""
    stranger(stage)


@requirement("MNL-022", why="a pod that never runs takes a node from the domain of its own namespace")
def test_a_refused_claim_brings_no_daemon(stage: Stage) -> None:
    """After such a refusal the node has no label of the domain, and no daemon of it is there."""
    made, _ = stranger(stage)
    label, daemons = stage.labels(NODE).get(DOMAIN_LABEL), stage.daemons(made)
    found = f"label {label}, daemons on {sorted(daemons)}"
    expect(label != made["metadata"]["uid"] and not daemons, wanted="neither", found=found, where=NODE.name)


@requirement("MNL-023", why="the user has no other way to learn what was wrong")
def test_a_refusal_says_what_was_wrong(stage: Stage) -> None:
    """The event names the domain's UID or the namespace."""
    made, said = stranger(stage)
    named = any(made["metadata"]["uid"] in text or "namespace" in text for text in said)
    expect(named, wanted="the domain or the namespace", found=said, where="events of the refused pod")


def expect_early(stage: Stage, change: Callable[[JsonObject], None]) -> None:
    """See that parameters after CHANGE are refused at once."""
    made = stage.domain()
    template = stage.copy_of(made["metadata"]["name"], change)
    assert stage.context.get(TEMPLATES, template).code == 200
    refused(stage, template, within_s=SOON_S)


@requirement("MNL-024", why="each try takes most of a minute, and none can succeed")
def test_an_empty_domain_id_is_refused_at_once(stage: Stage) -> None:
    """A claim without a domain's UID is refused before a daemon could have started."""
    expect_early(stage, setting("domainID", ""))


@requirement("MNL-025", why="a misspelt setting is lost without an error")
def test_parameters_of_an_unknown_kind_are_refused(stage: Stage) -> None:
    """A claim with parameters of a kind that there is not is refused."""
    expect_early(stage, setting("kind", "NoSuchConfig"))


@requirement("MNL-026", why="each try takes most of a minute, and none can succeed")
def test_an_unknown_domain_is_refused_at_once(stage: Stage) -> None:
    """A claim with the UID of no domain is refused before a daemon could have started."""
    expect_early(stage, setting("domainID", NOBODY))
