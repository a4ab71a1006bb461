"""The defects of the control driver."""

from dra_conformance.catalogue import one
from dra_conformance.controls.defects import DEFECTS


def test_every_defect_breaks_requirements_that_exist() -> None:
    for defect in DEFECTS.values():
        assert defect.violates
        assert all(one(requirement_id).section == "driver" for requirement_id in defect.violates)
