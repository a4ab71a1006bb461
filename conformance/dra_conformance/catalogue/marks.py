"""How a check says which requirements it proves."""

from typing import Any

import pytest

MARK = "requirement"


def requirement(*ids: str, why: str) -> pytest.MarkDecorator:
    """A mark for a check, or for one parameter of a check.

    Args:
        ids: the requirements that the check proves; it fails for all of them or none.
        why: what happens to users if the rule is broken; stands in the report.
    """
    return pytest.mark.requirement(*ids, why=why)


def marks_of(item: pytest.Item) -> tuple[tuple[str, ...], str]:
    """The ids and the reason of a collected check; no ids if it has no mark."""
    mark: Any = item.get_closest_marker(MARK)
    return (tuple(mark.args), mark.kwargs["why"]) if mark else ((), "")
