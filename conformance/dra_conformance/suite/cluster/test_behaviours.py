"""Requirements on the cluster that are behaviours of ``dra_clusters.checks``; which are which is in ``rules.clusters``."""

from collections.abc import Iterator
from typing import Any

import pytest

from dra_clusters.checks.behaviour import REGISTERED, Behaviour
from dra_clusters.checks.catalogue import behaviours
from dra_conformance.catalogue.marks import requirement
from dra_conformance.harness.clusters import Clusters
from dra_conformance.harness.evidence import Evidence
from dra_conformance.rules.clusters import PROOFS, behaviours_of

IDS = [item.id for item in behaviours()]


def checks() -> Iterator[Any]:
    """Each behaviour with the mark of the requirement that it proves."""
    for proof in PROOFS:
        for name in behaviours_of(proof, IDS):
            mark = requirement(proof.requirement, why=proof.why)
            yield pytest.param(REGISTERED[name], marks=mark, id=name)


@pytest.mark.parametrize("item", checks())
def test_the_cluster_does_so(item: Behaviour, clusters: Clusters, evidence: Evidence) -> None:
    """The cluster behaves as Kubernetes does."""
    clusters.run(item, evidence)
