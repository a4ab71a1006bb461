"""Rules on lists and maps: size, duplicates, and a rule for each item (resource ``validation.go`` validateSet/Slice/Map, 1.36).

The items of a list that is too long are not validated, as upstream has it. Maps are validated in
the order of their keys, for stable messages; the real server's order is random.
"""

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from typing import Any

from kube_emulator.apiserver.validation.causes import Cause, duplicate, too_many

Rule = Callable[[Any, str], Iterator[Cause]]
"""Causes of a value at a path."""

KEY_SHOWN_MIN = 16


def sized(items: Sequence[Any] | Mapping[str, Any], limit: int | None, path: str) -> Iterator[Cause]:
    """At most LIMIT items."""
    if limit is not None and len(items) > limit:
        yield too_many(path, len(items), limit)


def each_of(items: Sequence[Any] | None, limit: int | None, rule: Rule, path: str) -> Iterator[Cause]:
    """A list of at most LIMIT items, each validated by RULE."""
    if not items:
        return
    found = list(items)
    if limit is not None and len(found) > limit:
        yield from sized(found, limit, path)
        return
    for index, item in enumerate(found):
        yield from rule(item, f"{path}[{index}]")


def unique(
    items: Sequence[Any] | None,
    limit: int | None,
    rule: Rule,
    path: str,
    key: Callable[[Any], Hashable],
    shown: Callable[[Any], Any] | None = None,
) -> Iterator[Cause]:
    """A list as in ``each_of`` whose items differ in KEY; SHOWN is what the cause prints of a duplicate."""
    if not items:
        return
    found = list(items)
    yield from each_of(found, limit, rule, path)
    if limit is not None and len(found) > limit:
        return
    seen = set()
    for index, item in enumerate(found):
        if key(item) in seen:
            yield duplicate(f"{path}[{index}]", (shown or key)(item))
        seen.add(key(item))


def mapped(
    items: Mapping[str, Any] | None,
    limit: int | None,
    key_rule: Rule,
    rule: Rule,
    path: str,
    *,
    key_shown: int,
    keyed: bool = False,
) -> Iterator[Cause]:
    """A map of at most LIMIT items; paths show at most KEY_SHOWN characters of a key, without its middle.

    A malformed key is reported at the map, or at the key's own path if KEYED.
    """
    found = items or {}
    if limit is not None and len(found) > limit:
        yield from sized(found, limit, path)
        return
    for name in sorted(found):
        place = f"{path}[{shortened(name, key_shown)}]"
        yield from key_rule(name, place if keyed else path)
        yield from rule(found[name], place)


def shortened(text: str, limit: int) -> str:
    """TEXT without its middle if it has more than LIMIT characters (validation.go truncateIfTooLong)."""
    limit = max(limit, KEY_SHOWN_MIN)
    if len(text) <= limit:
        return text
    remaining = limit - len("...")
    return f"{text[: (remaining + 1) // 2]}...{text[len(text) - remaining // 2 :]}"
