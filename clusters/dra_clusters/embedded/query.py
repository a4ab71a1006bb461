"""Label and field selectors of list and watch, as predicates (apimachinery labels and fields packages, 1.37)."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from dra_clusters.embedded.status import ApiError

Predicate = Callable[[Mapping[str, Any]], bool]
SET_BASED = re.compile(r"^(\S+)\s+(in|notin)\s+\(([^)]*)\)$")
EQUAL = re.compile(r"^([^=!]+?)\s*(==|!=|=)\s*([^=]*)$")
SPLIT = re.compile(r",(?![^(]*\))")


def label_selector(text: str) -> Predicate:
    """Predicate of ``labelSelector``.

    Raises:
        ApiError: 400, the selector cannot be read.
    """
    tests = [label_requirement(part.strip()) for part in SPLIT.split(text) if part.strip()]
    return lambda item: all(test(item["metadata"].get("labels") or {}) for test in tests)


def label_requirement(text: str) -> Predicate:
    """One requirement over an object's labels."""
    if match := SET_BASED.match(text):
        key, operator, listed = match.groups()
        values = {value.strip() for value in listed.split(",")}
        return lambda labels: (labels.get(key) in values) == (operator == "in")
    if match := EQUAL.match(text):
        key, operator, value = (part.strip() for part in match.groups())
        return lambda labels: (labels.get(key) == value) == (operator != "!=")
    if re.fullmatch(r"!?[\w./-]+", text):
        key = text.removeprefix("!")
        return lambda labels: (key in labels) != text.startswith("!")
    raise ApiError(400, f"unable to parse requirement: {text!r}")


def field_selector(text: str) -> Predicate:
    """Predicate of ``fieldSelector``: dotted paths compared with = or !=.

    Raises:
        ApiError: 400, the selector cannot be read.
    """
    tests = []
    for part in filter(None, text.split(",")):
        match = EQUAL.match(part.strip())
        if match is None:
            raise ApiError(400, f"invalid field selector: {part!r}")
        tests.append(match.groups())
    return lambda item: all((field(item, path) == value) == (sign != "!=") for path, sign, value in tests)


def field(item: Mapping[str, Any], path: str) -> str:
    """The value at a dotted PATH as text; empty if there is none."""
    value: Any = item
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return "" if value is None else str(value)


def both(first: Predicate, second: Predicate) -> Predicate:
    """Both hold."""
    return lambda item: first(item) and second(item)
