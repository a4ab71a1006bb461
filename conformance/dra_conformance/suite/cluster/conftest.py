"""Fixtures of checks on a whole cluster: the clusters of the session, and the evidence of one check."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from dra_conformance.harness.clusters import Clusters
from dra_conformance.harness.evidence import Evidence
from dra_conformance.outcome import EVIDENCE
from dra_conformance.pytest_options import environment_of


@pytest.fixture(scope="session")
def clusters(pytestconfig: pytest.Config) -> Iterator[Clusters]:
    """The clusters that checks share."""
    environment = environment_of(pytestconfig)
    with tempfile.TemporaryDirectory(
        prefix="dra-"
    ) as folder:  # a short name, because sockets have short names
        found = Clusters(
            Path(folder),
            provider_name=environment.provider,
            kubernetes=environment.kubernetes,
            seed=environment.seed,
            target=environment.target if "cluster" in environment.tiers else None,
        )
        yield found
        found.close()


@pytest.fixture
def evidence(request: pytest.FixtureRequest) -> Evidence:
    """What the check does, for the report."""
    found = Evidence()
    request.node.stash[EVIDENCE] = found
    return found
