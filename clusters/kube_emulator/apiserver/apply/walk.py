"""Pure: walks over values by their shapes: which fields there are, what differs, merging and removing.

The rules, corner cases included, are those of structured-merge-diff ``typed`` (6.3): an empty object is a leaf, members
of free maps and items of lists are owned beside what they hold.
"""

import json
from dataclasses import dataclass, field
from typing import Any

from kube_emulator.apiserver.apply.paths import Path, Paths, field_step, key_step, value_step
from kube_emulator.apiserver.apply.shapes import LEAF, Shape

ABSENT = object()


class Undeclared(Exception):
    """A value does not fit its shape; the text says where and why, as the real server does."""


def step_of(item: Any, shape: Shape, path: Path) -> str:
    """The element of a list's item.

    Raises:
        Undeclared: it has no key.
    """
    if shape.merge_type == "set":
        return value_step(item)
    if not isinstance(item, dict):
        message = f"{dotted(path)}: associative list with keys may not have non-map elements"
        raise Undeclared(message)
    keys = {}
    for name in shape.keys:
        value = item.get(name, shape.defaults.get(name))
        if value is not None:
            keys[name] = value
    if not keys:
        message = f"{dotted(path)}: associative list with keys has an element that omits key field {shape.keys[0]!r}"
        raise Undeclared(message)
    return key_step(keys)


def dotted(path: Path) -> str:
    """A path for an error."""
    return "".join(f".{step[2:]}" if step.startswith("f:") else f"[{step[2:]}]" for step in path) or "."


def fields_of(value: Any, shape: Shape) -> Paths:
    """The fields that are set in VALUE.

    Raises:
        Undeclared: VALUE does not fit SHAPE.
    """
    found: set[Path] = set()
    _fields(value, shape, (), found)
    return frozenset(found)


def _fields(value: Any, shape: Shape, path: Path, found: set[Path]) -> None:
    shape = shape.for_value(value)
    if shape.merge_type == "members" and isinstance(value, dict):
        for name, member in value.items():
            inner = shape.member(name)
            if inner is None:
                message = f"{dotted((*path, field_step(name)))}: field not declared in schema"
                raise Undeclared(message)
            below = (*path, field_step(name))
            _fields(member, inner, below, found)
            # A struct is owned through its members only; a key of a free map is owned itself, or it could not be removed.
            if member is None or member == {} or not shape.is_declared(name):
                found.add(below)
    elif shape.merge_type in ("items", "set") and isinstance(value, list):
        for item in value:
            below = (*path, step_of(item, shape, path))
            if below in found:
                message = f"{dotted(path)}: duplicate entries for key [{below[-1][2:].strip('{}')}]"
                raise Undeclared(message)
            _fields(item, shape.item() if shape.merge_type == "items" else LEAF, below, found)
            found.add(below)
    elif value is not None or shape.merge_type == "leaf":
        found.add(path)


@dataclass(slots=True)
class Difference:
    """What is in the new value only, in the old one only, and in both with different values."""

    added: set[Path] = field(default_factory=set)
    removed: set[Path] = field(default_factory=set)
    modified: set[Path] = field(default_factory=set)


def difference(old: Any, new: Any, shape: Shape) -> Difference:
    """How NEW differs from OLD."""
    found = Difference()
    _compare(old, new, shape, (), found)
    return found


def _compare(old: Any, new: Any, shape: Shape, path: Path, found: Difference) -> None:
    if old is new:
        return
    shape = shape.for_value(old if new is ABSENT or new is None else new)
    # An absent side is walked as an empty one, so that each field below is added or removed by itself. Two empty
    # ones, or one of another type, are compared as a whole.
    sides = [side for side in (old, new) if side is not ABSENT and side is not None]
    if shape.merge_type == "members" and any(sides) and all(isinstance(side, dict) for side in sides):
        for name in {**(old if isinstance(old, dict) else {}), **(new if isinstance(new, dict) else {})}:
            before, after = member(old, name), member(new, name)
            _compare(before, after, shape.member(name) or LEAF, (*path, field_step(name)), found)
    elif (
        shape.merge_type in ("items", "set") and any(sides) and all(isinstance(side, list) for side in sides)
    ):
        before_items, after_items = by_step(old, shape, path), by_step(new, shape, path)
        for step in {**before_items, **after_items}:
            inner = shape.item() if shape.merge_type == "items" else LEAF
            pair = before_items.get(step, ABSENT), after_items.get(step, ABSENT)
            _compare(*pair, inner, (*path, step), found)
    elif old is not ABSENT and new is not ABSENT:
        # Python takes 1, 1.0 and True for equal; JSON does not.
        if old != new or type(old) is not type(new):
            found.modified.add(path)
        return
    if not path:
        return
    if old is ABSENT:
        found.added.add(path)
    elif new is ABSENT:
        found.removed.add(path)


def member(value: Any, name: str) -> Any:
    """A member, or ABSENT."""
    return value.get(name, ABSENT) if isinstance(value, dict) else ABSENT


def by_step(value: Any, shape: Shape, path: Path) -> dict[str, Any]:
    """{element: item} of a list; empty for what is none."""
    return {step_of(item, shape, path): item for item in value} if isinstance(value, list) else {}


def merged(live: Any, config: Any, shape: Shape) -> Any:
    """LIVE with what CONFIG sets."""
    shape = shape.for_value(config)
    if shape.merge_type == "members" and isinstance(config, dict) and isinstance(live, dict):
        result = dict(live)
        for name, value in config.items():
            inner = shape.member(name) or LEAF
            result[name] = merged(live[name], value, inner) if name in live else value
        return result
    if shape.merge_type in ("items", "set") and isinstance(config, list) and isinstance(live, list):
        return _merged_items(live, config, shape)
    return config


def _merged_items(live: list[Any], config: list[Any], shape: Shape) -> list[Any]:
    """Items of both in the order of CONFIG; what only LIVE has stays before the item that it preceded."""
    old, new = by_step(live, shape, ()), by_step(config, shape, ())
    inner = shape.item() if shape.merge_type == "items" else LEAF
    result: list[Any] = []
    waiting = list(old)
    for step, value in new.items():
        if step in old:
            while waiting and waiting[0] != step:
                first = waiting.pop(0)
                if first not in new:
                    result.append(old[first])
            if waiting:
                waiting.pop(0)
            result.append(merged(old[step], value, inner))
            continue
        while waiting and waiting[0] not in new:
            result.append(old[waiting.pop(0)])
        result.append(value)
    return result + [old[step] for step in waiting if step not in new]


def without(value: Any, paths: set[Path], shape: Shape) -> Any:
    """VALUE without the fields at PATHS; objects and lists among them are removed only if nothing is left in them."""
    return _without(
        value, shape, (), paths, {path[:length] for path in paths for length in range(len(path) + 1)}
    )


def _without(value: Any, shape: Shape, path: Path, paths: set[Path], above: set[Path]) -> Any:
    shape = shape.for_value(value)
    if path not in above:
        return value
    rest: Any
    if shape.merge_type == "members" and isinstance(value, dict) and value:
        rest = {}
        for name, member_value in value.items():
            below = (*path, field_step(name))
            kept_value = _without(member_value, shape.member(name) or LEAF, below, paths, above)
            if kept_value is not ABSENT:
                rest[name] = kept_value
    elif shape.merge_type in ("items", "set") and isinstance(value, list) and value:
        inner_shape = shape.item() if shape.merge_type == "items" else LEAF
        kept = [
            _without(item, inner_shape, (*path, step_of(item, shape, path)), paths, above) for item in value
        ]
        rest = [item for item in kept if item is not ABSENT]
    else:
        return ABSENT if path in paths else value
    # An item whose keys are all that is left goes too: the keys are what the applier left out with it.
    if path and path in paths and (not rest or only_keys(rest, path)):
        return ABSENT
    return rest


def only_keys(rest: Any, path: Path) -> bool:
    """Whether an item of a list has nothing left but what identifies it."""
    return path[-1].startswith("k:") and isinstance(rest, dict) and set(rest) <= set(keys_in(path[-1]))


def keys_in(step: str) -> list[str]:
    """The names of the keys in an element."""
    return list(json.loads(step[2:]))
