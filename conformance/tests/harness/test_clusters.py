"""Whole clusters in the harness: what a behaviour that does not hold becomes, and what is kept as evidence."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dra_clusters.checks.behaviour import REGISTERED, Behaviour
from dra_clusters.checks.catalogue import behaviours
from dra_clusters.checks.client import same
from dra_clusters.checks.context import CheckContext
from dra_conformance.expectations import NotApplicable, Violation
from dra_conformance.harness.clusters import Clusters, Flavour
from dra_conformance.harness.evidence import Evidence
from kube_emulator.releases.release import Release

assert behaviours()


def behaviour_of(run: Any, *needs: str) -> Behaviour:
    return Behaviour(
        id="test/one",
        sentence="It holds.",
        source="nowhere",
        needs=frozenset({"api", *needs}),
        since=Release.parse("1.34"),
        until=None,
        run=run,
    )


@pytest.fixture(scope="module")
def clusters() -> Iterator[Clusters]:
    with tempfile.TemporaryDirectory(prefix="c-") as folder:  # sockets have short names
        found = Clusters(Path(folder), provider_name="embedded", kubernetes="1.37", seed=0)
        yield found
        found.close()


def test_a_difference_is_a_violation_with_the_sentence_that_does_not_hold(clusters: Clusters) -> None:
    def differs(context: CheckContext) -> None:
        same(context.get("nodes", "node-0").code, 404, "code")

    evidence = Evidence()
    with pytest.raises(Violation, match=r"It holds.*wanted 404, found 200") as raised:
        clusters.run(behaviour_of(differs), evidence)
    assert (raised.value.wanted, raised.value.where) == ("It holds.", "test/one (nowhere)")
    assert [step["what"] for step in evidence.take()] == ["GET /api/v1/nodes/node-0"]


def test_an_object_that_lacks_a_member_is_a_violation(clusters: Clusters) -> None:
    def reads(context: CheckContext) -> None:
        assert context.get("nodes", "node-0").expect(200)["spec"]["unheard-of"]

    with pytest.raises(Violation, match="found an object without 'unheard-of'"):
        clusters.run(behaviour_of(reads), Evidence())


def test_what_the_cluster_cannot_show_is_not_applicable(clusters: Clusters) -> None:
    with pytest.raises(NotApplicable, match="test/one: needs hardware, and this cluster is embedded 1.37"):
        clusters.run(behaviour_of(lambda context: None, "hardware"), Evidence())


def test_a_broken_check_says_nothing_of_the_cluster(clusters: Clusters) -> None:
    def broken(context: CheckContext) -> None:
        raise ValueError("mistake")

    with pytest.raises(ValueError, match="mistake"):
        clusters.run(behaviour_of(broken), Evidence())


def test_the_same_answer_to_the_same_request_is_evidence_once(clusters: Clusters) -> None:
    def polls(context: CheckContext) -> None:
        for _ in range(5):
            context.get("deviceclasses", "none")

    evidence = Evidence()
    clusters.run(behaviour_of(polls), evidence)
    assert len(evidence.take()) == 1


def test_clusters_of_one_flavour_are_the_same_one(clusters: Clusters) -> None:
    bare = Flavour(betas=False)
    assert clusters.cluster(bare) is clusters.cluster(bare)
    assert clusters.cluster(bare) is not clusters.cluster()


def test_pauses_of_the_kubelet_are_not_waited_for(clusters: Clusters) -> None:
    clusters.run(REGISTERED["kubelet/error-of-a-claim-is-an-event"], Evidence())
