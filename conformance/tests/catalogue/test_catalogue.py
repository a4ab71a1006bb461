"""The catalogue of requirements, and what a selection chooses of it."""

import pytest

from dra_conformance.catalogue import OWN, load_catalogue, one, select
from dra_conformance.covered import covered_ids
from dra_conformance.errors import UsageError


def test_the_catalogue_is_complete_and_every_entry_has_a_source() -> None:
    catalogue = load_catalogue()
    assert sum(not item.namespace for item in catalogue.values()) == 505
    assert sum(item.area == "multi-node" for item in catalogue.values()) == 38
    assert all(item.source and item.how and item.statement for item in catalogue.values())


def test_no_check_gets_lost() -> None:
    everything, catalogue = covered_ids(), load_catalogue()
    covered = {name for name in everything if not catalogue[name].namespace}
    assert len(covered) >= 488
    assert {name for name, item in catalogue.items() if item.namespace in OWN} <= everything
    assert sum(catalogue[name].section == "cluster" for name in covered) >= 64


@pytest.mark.parametrize(
    ("expression", "inside", "outside"),
    [
        ("REG-*", "REG-001", "CDI-001"),
        ("cdi, prepare", "PREP-001", "REG-001"),
        ("!MUST", "REG-005", "REG-001"),
        ("REG-*,!REG-003", "REG-001", "REG-003"),
    ],
)
def test_selections(expression: str, inside: str, outside: str) -> None:
    chosen = select(expression)
    assert inside in chosen
    assert outside not in chosen


def test_unknown_ids_are_reported_with_the_nearest() -> None:
    with pytest.raises(UsageError, match="did you mean"):
        one("REG-00")
    with pytest.raises(UsageError, match="matches no requirement"):
        select("REG-*,nope")


def test_what_has_a_check_does_not_say_why_it_has_none() -> None:
    assert [item.id for item in load_catalogue().values() if item.no_check and item.id in covered_ids()] == []
