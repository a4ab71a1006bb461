"""What is refused when a domain is written, and a template that is not the domain's own."""

from dra_api.objects import JsonObject
from dra_conformance.catalogue.marks import requirement
from dra_conformance.expectations import expect
from dra_conformance.harness.domains import API, DOMAINS, TEMPLATES, Stage

REFUSED = (400, 403, 422)


def expect_refused(stage: Stage, spec: JsonObject) -> None:
    """See that a domain of SPEC is not stored."""
    answer = stage.post_domain(spec)
    found = f"{answer.code} {answer.text[:200]}"
    expect(
        answer.code in REFUSED, wanted=f"one of {REFUSED}", found=found, where="creation of a wrong domain"
    )


@requirement("MNL-030", why="nobody can use the domain, and nobody sees why")
def test_a_domain_without_a_template_name_is_refused(stage: Stage) -> None:
    """A domain whose channel names no template is not stored."""
    expect_refused(stage, {"numNodes": 1, "channel": {}})


@requirement("MNL-031", why="the domain is Ready without a node")
def test_a_negative_number_of_nodes_is_refused(stage: Stage) -> None:
    """A domain of minus one nodes is not stored."""
    expect_refused(stage, {"numNodes": -1, "channel": {"resourceClaimTemplate": {"name": "x"}}})


@requirement("MNL-032", why="the claims that are there name what the domain was before")
def test_a_domain_cannot_be_changed(stage: Stage) -> None:
    """Another number of nodes is refused."""
    made = stage.domain()
    answer = stage.context.patch(
        "merge", DOMAINS, made["metadata"]["name"], {"spec": {"numNodes": 3}}, api=API
    )
    found = f"{answer.code} {answer.text[:200]}"
    expect(answer.code in REFUSED, wanted=f"one of {REFUSED}", found=found, where="a change of spec.numNodes")


@requirement(
    "MNL-033", why="pods get another device than they were promised, or lose it with a domain of others"
)
def test_a_template_of_others_is_left_alone(stage: Stage) -> None:
    """A domain that names an existing template is NotReady, and neither its life nor its end changes that template."""
    name = stage.context.name()
    before = stage.context.create(TEMPLATES, {"metadata": {"name": name}, "spec": {"spec": {"devices": {}}}})
    made = stage.post_domain({"numNodes": 0, "channel": {"resourceClaimTemplate": {"name": name}}}).expect(
        201
    )
    stage.wait_status(made, "NotReady")
    stage.delete(made)
    stage.wait_gone(made)
    after = stage.context.get(TEMPLATES, name)
    same = after.code == 200 and after.body == before
    expect(same, wanted=before, found=after.text[:400], where="a template that was there before")
