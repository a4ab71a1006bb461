"""docs/DRIVER-CONTRACT.md has every rule on drivers once, in the order of a claim's life."""

import re

import msgspec
import pytest

from dra_conformance.catalogue import load_catalogue
from dra_conformance.catalogue.contract import STAGES, anchor, plain, render
from dra_conformance.errors import HarnessError

RULES = [rule for rule in load_catalogue().values() if not rule.namespace]


def test_each_rule_on_drivers_is_listed_once_and_has_one_section() -> None:
    document = render(RULES)
    rules = sorted(rule.id for rule in RULES if rule.section == "driver")
    assert sorted(re.findall(r"^\* \*\*\w+\*\* \[([A-Z]+-\d+)\]", document, re.MULTILINE)) == rules
    assert sorted(re.findall(r"^#### (\S+)$", document, re.MULTILINE)) == rules


def test_each_link_leads_to_a_section() -> None:
    document = render(RULES)
    sections = {anchor(found) for found in re.findall(r"^#### (\S+)$", document, re.MULTILINE)}
    assert set(re.findall(r"\]\(#([^)]+)\)", document)) == sections


def test_rules_on_clusters_are_left_out() -> None:
    document = render(RULES)
    assert "API-001" not in document


def test_stages_follow_the_life_of_a_claim() -> None:
    headings = re.findall(r"^## (.+)$", render(RULES), re.MULTILINE)
    assert headings == [*(stage.title for stage in STAGES), "Each rule"]


def test_no_area_belongs_to_two_stages() -> None:
    areas = [area for stage in STAGES for area in stage.areas]
    assert len(areas) == len(set(areas))


def test_an_area_without_a_stage_is_an_error_that_names_it() -> None:
    rule = msgspec.structs.replace(load_catalogue()["REG-003"], area="novelty")
    with pytest.raises(HarnessError, match="areas without a stage: novelty"):
        render([rule])


def test_markdown_in_a_statement_is_shown_as_text() -> None:
    assert plain("*.json <uid> a_b [x]") == r"\*.json &lt;uid> a\_b \[x\]"
