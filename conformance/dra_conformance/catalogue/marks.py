"""The mark of a check that names the requirements it proves."""

import pytest

TIER = "tier"
"""The name of the mark that says at which tiers a check can run; without it at the tier node."""


def requirement(*ids: str, why: str) -> pytest.MarkDecorator:
    """A mark for a check, or for one parameter of a check.

    Args:
        ids: the requirements that the check proves; it fails for all of them or none.
        why: what happens to users if the rule is broken; is shown in the report.
    """
    return pytest.mark.requirement(*ids, why=why)


def tier(*names: str) -> pytest.MarkDecorator:
    """A mark for a check, or for all of a module: the tiers at which it can run, see ``verdict.TIERS``."""
    return pytest.mark.tier(*names)
