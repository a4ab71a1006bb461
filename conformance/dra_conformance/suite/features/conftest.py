"""Fixtures of features: what is recorded once and judged by several checks."""

from collections.abc import Iterator

import pytest

from dra_conformance.harness.evidence import Evidence
from dra_conformance.outcome import EVIDENCE
from dra_conformance.suite.conftest import Shared
from dra_conformance.suite.features.illness import Illness, watch_illness


@pytest.fixture(scope="session")
def recorded_illness(shared: Shared) -> Iterator[Illness]:
    """A device of the shared driver becomes sick and is healed, once in a session."""
    harness = shared.get()
    harness.evidence.take()
    seen = watch_illness(harness)
    yield seen
    for stream in seen.streams:
        stream.close()


@pytest.fixture
def illness(recorded_illness: Illness, shared: Shared, request: pytest.FixtureRequest) -> Illness:
    """The recorded illness, with its steps as the evidence of the check."""
    evidence = Evidence(shared.get().evidence.driver_log)
    evidence.replay(recorded_illness.steps)
    request.node.stash[EVIDENCE] = evidence
    return recorded_illness
