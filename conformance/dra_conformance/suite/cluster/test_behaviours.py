"""Requirements on the cluster that are behaviours of ``dra_clusters.checks``; which are which is in ``rules.clusters``."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from dra_clusters.checks.behaviour import REGISTERED, Behaviour
from dra_clusters.checks.catalogue import behaviours
from dra_conformance.catalogue.marks import requirement, tier
from dra_conformance.harness.clusters import Clusters
from dra_conformance.harness.evidence import Evidence
from dra_conformance.rules.clusters import PROOFS, behaviours_of

pytestmark = tier("node", "cluster")
IDS = [item.id for item in behaviours()]
Rule = Callable[[Clusters, Evidence], None]


def rule_of(item: Behaviour) -> Rule:
    """The check of a behaviour; its docstring, which reports show, is the behaviour's sentence."""

    def run(clusters: Clusters, evidence: Evidence) -> None:
        clusters.run(item, evidence)

    run.__doc__ = item.sentence
    return run


def checks() -> Iterator[Any]:
    """Each behaviour with the mark of the requirement that it proves."""
    for proof in PROOFS:
        for name in behaviours_of(proof, IDS):
            mark = requirement(proof.requirement, why=proof.why)
            # without a slash: the name of a check in reports is what follows the last one
            yield pytest.param(rule_of(REGISTERED[name]), marks=mark, id=name.replace("/", ":"))


@pytest.mark.parametrize("rule", list(checks()))
def test_the_cluster_does_so(rule: Rule, clusters: Clusters, evidence: Evidence) -> None:
    """The cluster behaves as Kubernetes does."""
    rule(clusters, evidence)
