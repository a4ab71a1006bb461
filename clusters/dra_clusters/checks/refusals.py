"""Refusals as data: one line of a table is one behaviour, "this change to a good object is 422 with these causes".

The good objects are those of ``SAMPLES``; a change is {path: value} with dots between members and numbers for elements,
and ``GONE`` removes a member.
"""

import copy
from collections.abc import Callable, Mapping
from typing import Any

from dra_api.objects import JsonObject
from dra_clusters.checks.behaviour import UPSTREAM, register
from dra_clusters.checks.context import CheckContext

VALIDATION = UPSTREAM + "pkg/apis/resource/validation/validation.go"
GONE = object()
INVALID, REQUIRED, TOO_MANY = "FieldValueInvalid", "FieldValueRequired", "FieldValueTooMany"
TOO_LONG, DUPLICATE, FORBIDDEN = "FieldValueTooLong", "FieldValueDuplicate", "FieldValueForbidden"
UNSUPPORTED = "FieldValueNotSupported"
"""Reasons of causes (apimachinery api/errors, CauseType)."""

Cause = tuple[str, str]

POOL: JsonObject = {"name": "pool", "generation": 1, "resourceSliceCount": 1}
DEVICE: JsonObject = {
    "name": "d0",
    "attributes": {"model": {"string": "x"}},
    "capacity": {"memory": {"value": "1Gi"}},
}
REQUEST: JsonObject = {"name": "r", "exactly": {"deviceClassName": "class"}}
SAMPLES: dict[str, JsonObject] = {
    "resourceslices": {
        "spec": {"driver": "d.example.com", "pool": POOL, "nodeName": "node", "devices": [DEVICE]}
    },
    "resourceclaims": {"spec": {"devices": {"requests": [REQUEST]}}},
    "resourceclaimtemplates": {"spec": {"spec": {"devices": {"requests": [REQUEST]}}}},
    "deviceclasses": {"spec": {"selectors": [{"cel": {"expression": "true"}}]}},
    "priorityclasses": {"value": 7},
    "resourcequotas": {"spec": {}},
    "pods": {"spec": {"containers": [{"name": "c", "image": "x"}], "schedulerName": "nobody"}},
}


def sample(context: CheckContext, plural: str, changes: Mapping[str, Any] | None = None) -> JsonObject:
    """A good object with a new name, changed."""
    item: JsonObject = {"metadata": {"name": context.name()}, **copy.deepcopy(SAMPLES[plural])}
    for path, value in (changes or {}).items():
        change(item, path, value)
    return item


def change(item: Any, path: str, value: Any) -> None:
    """Set the member at PATH, or take it away; maps on the way are made, the element after the last is added."""
    *way, last = path.split(".")
    for index, step in enumerate(way):
        if isinstance(item, list):
            if int(step) == len(item):
                item.append({})
            item = item[int(step)]
        else:
            following = way[index + 1] if index + 1 < len(way) else last
            item = item.setdefault(step, [] if following.isdigit() else {})
    if value is GONE:
        item.pop(last)
    elif isinstance(item, list):
        item[int(last) :] = [value, *item[int(last) + 1 :]]
    else:
        item[last] = value


def refusing(
    plural: str, changes: Mapping[str, Any], causes: tuple[Cause, ...]
) -> Callable[[CheckContext], None]:
    """A behaviour: a create with CHANGES is 422 with CAUSES."""

    def run(context: CheckContext) -> None:
        context.post(plural, sample(context, plural, changes)).invalid(*causes)

    return run


def taking(plural: str, changes: Mapping[str, Any]) -> Callable[[CheckContext], None]:
    """A behaviour: a create with CHANGES succeeds."""

    def run(context: CheckContext) -> None:
        context.post(plural, sample(context, plural, changes)).expect(201)

    return run


def refused(
    identity: str, sentence: str, plural: str, changes: Mapping[str, Any], *causes: Cause, **rest: Any
) -> None:
    """Register one line."""
    register(identity, sentence, refusing(plural, changes, causes), **{"source": VALIDATION} | rest)


def taken(identity: str, sentence: str, plural: str, changes: Mapping[str, Any], **rest: Any) -> None:
    """Register one line of what is allowed: the limit itself, where ``refused`` has one more."""
    register(identity, sentence, taking(plural, changes), **{"source": VALIDATION} | rest)
