"""Sequences of calls, restarts and deletions, as a kubelet and its users can make them: what must hold after each step."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from dra_conformance.catalogue.marks import requirement
from dra_conformance.expectations import Violation
from dra_conformance.harness.evidence import Evidence
from dra_conformance.harness.factory import HarnessFactory
from dra_conformance.outcome import EVIDENCE
from dra_conformance.rules.sequences import REASONS
from dra_conformance.suite.conftest import Shared

if TYPE_CHECKING:  # Hypothesis is imported by runs that play sequences, not by all that collect checks
    from dra_conformance.suite.sequences.explore import Exploration

pytestmark = pytest.mark.xdist_group("sequences")


@pytest.fixture(scope="session")
def explored(shared: Shared, factory: HarnessFactory) -> Iterator["Exploration"]:
    """All sequences, played once in a session."""
    from dra_conformance.suite.sequences.explore import Exploration

    with ExitStack() as stack:
        harness = factory.make(stack)
        harness.start_registered()
        exploration = Exploration(harness)
        exploration.run(factory.seed)
        yield exploration


@pytest.mark.parametrize(
    "rule", [pytest.param(name, marks=requirement(name, why=why), id=name) for name, why in REASONS.items()]
)
def test_no_sequence_breaks_the_rule(
    explored: "Exploration", request: pytest.FixtureRequest, rule: str
) -> None:
    """Whatever the order of prepare, unprepare, repeated and late calls, deletions and restarts, the rule holds after each step."""
    found = explored.found.get(rule)
    evidence = request.node.stash[EVIDENCE] = Evidence()
    if found is None:
        return
    evidence.replay(found.steps)
    for number, call in enumerate(found.calls, 1):
        evidence.add("call", f"{number}. {call}")
    violation = found.violation
    where = f"{violation.where}, after {'; '.join(found.calls)}"
    raise Violation(violation.wanted, violation.found, where)
