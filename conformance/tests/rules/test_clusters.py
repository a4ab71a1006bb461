"""Which behaviours of a cluster prove which requirement."""

from collections import Counter

from dra_clusters.checks.catalogue import behaviours
from dra_conformance.catalogue import one
from dra_conformance.rules.clusters import PROOFS, behaviours_of
from dra_conformance.rules.clusters.proof import Proof

LISTED = [item.id for item in behaviours()]


def test_proofs_are_of_requirements_on_the_cluster_and_each_has_one() -> None:
    assert {one(proof.requirement).section for proof in PROOFS} == {"cluster"}
    assert [name for name, count in Counter(proof.requirement for proof in PROOFS).items() if count > 1] == []


def test_every_behaviour_that_is_named_exists_and_proves_one_requirement() -> None:
    proving = Counter(name for proof in PROOFS for name in behaviours_of(proof, LISTED))
    assert set(proving) <= set(LISTED)
    assert [name for name, count in proving.items() if count > 1] == []


def test_a_pattern_is_what_no_other_proof_names() -> None:
    listed = ["slices/128-devices", "slices/taint-gets-a-time", "claims/defaults", "quotas/status"]
    proof = Proof("API-002", "", ("slices/*", "claims/*"))
    assert list(behaviours_of(proof, listed)) == ["slices/128-devices", "claims/defaults"]


def test_every_pattern_means_something() -> None:
    patterns = [Proof("x", "", (name,)) for proof in PROOFS for name in proof.behaviours]
    assert [proof.behaviours for proof in patterns if not list(behaviours_of(proof, LISTED))] == []
