"""Sets of field paths and their public form, ``fieldsV1``.

A path is a tuple of elements as ``fieldsV1`` spells them: ``f:<field>``, ``k:<keys of an item as JSON>``,
``v:<value of a set's item as JSON>``. A set of paths is a set of tuples; that an inner node is a member itself shows as
``.`` in the public form (structured-merge-diff ``fieldpath``, 6.3).
"""

import json
from collections.abc import Iterable
from typing import Any

Path = tuple[str, ...]
Paths = frozenset[Path]


def field_step(name: str) -> str:
    """The element of a member."""
    return f"f:{name}"


def key_step(keys: dict[str, Any]) -> str:
    """The element of an item of a list that is a map."""
    return "k:" + json.dumps(keys, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def value_step(value: Any) -> str:
    """The element of an item of a set."""
    return "v:" + json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def fields_v1(paths: Iterable[Path]) -> dict[str, Any]:
    """Paths in the public form."""
    tree: dict[str, Any] = {}
    inner: dict[Path, dict[str, Any]] = {}
    for path in sorted(paths):
        node = tree
        for step in path:
            node = node.setdefault(step, {})
        inner[path] = node
    for node in inner.values():
        if node:
            node["."] = {}
    return ordered(tree)


def ordered(tree: dict[str, Any]) -> dict[str, Any]:
    """TREE with its members in order."""
    return {name: ordered(tree[name]) for name in sorted(tree)}


def paths_of(tree: Any) -> Paths:
    """The reverse of ``fields_v1``.

    Raises:
        ValueError: TREE is none.
    """
    found: set[Path] = set()
    _collect(tree, (), found)
    return frozenset(found)


def _collect(tree: Any, path: Path, found: set[Path]) -> None:
    if not isinstance(tree, dict):
        message = f"wanted an object at {path}, found {tree!r}"
        raise ValueError(message)
    for step, inner in tree.items():
        if step == ".":
            found.add(path)
            continue
        if step[:2] not in ("f:", "k:", "v:", "i:"):
            message = f"unknown path element {step!r}"
            raise ValueError(message)
        if inner:
            _collect(inner, (*path, step), found)
        else:
            found.add((*path, step))


def shown(path: Path) -> str:
    """A path as conflicts show it: ``.spec.containers[name="a"].image``."""
    parts = []
    for step in path:
        mark, text = step[:2], step[2:]
        if mark == "f:":
            parts.append(f".{text}")
        elif mark == "k:":
            keys = json.loads(text)
            text_of_keys = ",".join(
                f"{name}={json.dumps(keys[name], ensure_ascii=False)}" for name in sorted(keys)
            )
            parts.append(f"[{text_of_keys}]")
        else:
            parts.append(f"[={text}]" if mark == "v:" else f"[{text}]")
    return "".join(parts)


def with_parents(paths: Iterable[Path]) -> set[Path]:
    """PATHS and the members above them."""
    found: set[Path] = set()
    for path in paths:
        found.add(path)
        for length in range(len(path) - 1, 0, -1):
            parent = path[:length]
            if parent[-1].startswith("f:"):
                if parent in found:
                    break
                found.add(parent)
    return found
