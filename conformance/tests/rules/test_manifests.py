"""Rules on the Kubernetes objects that a vendor ships."""

import pytest

from dra_conformance.controls.defect import Defect
from dra_conformance.controls.manifest_defects import MANIFESTS
from dra_conformance.controls.manifests import DRIVER, objects
from dra_conformance.rules.manifests import RULES, Shipped

STATIC = [defect for defect in MANIFESTS if set(defect.violates) <= RULES.keys()]


def problems(rule_id: str, defect: str, *, oldest: str = "") -> list[str]:
    return list(RULES[rule_id][0](Shipped(tuple(objects(defect)), DRIVER, oldest)))


@pytest.mark.parametrize("rule_id", RULES)
def test_good_objects_break_no_rule(rule_id: str) -> None:
    assert problems(rule_id, "") == []


@pytest.mark.parametrize("defect", STATIC, ids=lambda defect: defect.name)
def test_each_defect_breaks_its_rule_and_no_other(defect: Defect) -> None:
    assert [rule_id for rule_id in RULES if problems(rule_id, defect.name)] == list(defect.violates)


def test_a_rolling_update_is_fine_from_the_first_release_that_can_do_it() -> None:
    assert problems("UPG-015", "surges-on-old-kubelets", oldest="1.32") != []
    assert problems("UPG-015", "surges-on-old-kubelets", oldest="1.33") == []
