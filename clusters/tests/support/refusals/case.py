"""Malformed objects: a valid object, a verb, and one change that makes it invalid.

A change is {JSON pointer: value}; the value ``GONE`` removes the member. ``before`` changes the stored object of an update or
status update.
"""

import copy
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from dra_api.objects import JsonObject

GONE = "<gone>"
Change = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """One object and the request that sends it."""

    name: str
    base: JsonObject
    change: Change
    verb: str = "create"
    before: Change = field(default_factory=dict)

    @property
    def stored(self) -> JsonObject:
        """The valid object, as it is before an update."""
        return changed(self.base, self.before)

    @property
    def sent(self) -> JsonObject:
        """The object that is refused."""
        return changed(self.stored, self.change)


def changed(base: JsonObject, change: Change) -> JsonObject:
    """BASE with every CHANGE."""
    item = copy.deepcopy(base)
    for path, value in change.items():
        *steps, last = [step.replace("~1", "/") for step in path.lstrip("/").split("/")]
        place: Any = item
        for step in steps:
            place = place[int(step)] if isinstance(place, list) else place.setdefault(step, {})
        if value == GONE:
            del place[int(last) if isinstance(place, list) else last]
        elif isinstance(place, list):
            place[int(last) :] = [copy.deepcopy(value)]
        else:
            place[last] = copy.deepcopy(value)
    return item


def rows(prefix: str, base: JsonObject, table: dict[str, Change], verb: str = "create") -> Iterator[Case]:
    """A case for each row of TABLE, {name: change}."""
    for name, change in table.items():
        yield Case(f"{prefix}: {name}", base, change, verb)
