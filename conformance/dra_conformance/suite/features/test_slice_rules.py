"""What features bring to slices: counters, request policies, lists, skipped operations (resource/v1, 1.37)."""

from typing import Any

import pytest

from dra_conformance.catalogue import one
from dra_conformance.catalogue.marks import requirement
from dra_conformance.expectations import each
from dra_conformance.harness.harness import Harness
from dra_conformance.rules.features import RULES
from dra_conformance.suite.features.offered import require_in_slices


@pytest.mark.parametrize(
    ("rule", "name"),
    [
        pytest.param(rule, name, marks=requirement(name, why=why), id=name)
        for name, (rule, why) in RULES.items()
    ],
)
def test_slices_follow_the_rule(writing: Harness, rule: Any, name: str) -> None:
    """What the driver wrote, stored or refused, follows a rule of a feature that can be seen in the object."""
    stored, refused = writing.api.slices(), writing.api.refused_slices()
    writing.evidence.add("api", "slices as stored and as refused", stored=stored, refused=refused)
    require_in_slices(writing, one(name).feature, [*stored, *refused])
    driver, node = writing.descriptor.driver, writing.node
    problems = list(rule(stored, driver, node))
    try:
        problems += [f"{problem} (refused by the API server)" for problem in rule(refused, driver, node)]
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        problems.append(f"a slice that the API server refused cannot be read: {error!r}")
    each(problems, wanted=rule.__doc__, where="ResourceSlices")
