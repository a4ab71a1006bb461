"""Pure: server-side apply (structured-merge-diff's rules, as the API documents them for 1.37).

What a manager applied before and leaves out now is removed; what another one applied with another value is a conflict
unless forced.

Ownership is kept in ``metadata.managedFields`` in the public ``fieldsV1`` form. Maps are owned member by member, lists
of named things (see ``MERGE_KEYS``) item by item, other lists as a whole. Only appliers are tracked: a plain update
takes no ownership here.
"""

from typing import Any

from dra_clusters.embedded.patches import merge
from dra_clusters.embedded.resources import MERGE_KEYS
from dra_clusters.embedded.status import ApiError

Path = tuple[str, ...]
IDENTITY = {
    ("apiVersion",),
    ("kind",),
    ("metadata", "name"),
    ("metadata", "namespace"),
    ("metadata", "resourceVersion"),
}


def leaves(value: Any, path: Path = ()) -> dict[Path, Any]:
    """{path: value} of everything that can be owned."""
    if isinstance(value, dict) and value:
        return {
            key: leaf for name, member in value.items() for key, leaf in leaves(member, (*path, name)).items()
        }
    return {path: value}


def keyed(value: Any, name: str = "") -> Any:
    """VALUE with lists of named things as maps {"[key]": item}, so that they merge item by item."""
    if isinstance(value, dict):
        return {member: keyed(inner, member) for member, inner in value.items()}
    key = MERGE_KEYS.get(name)
    if isinstance(value, list) and key and all(isinstance(item, dict) and key in item for item in value):
        return {f"[{item[key]}]": keyed(item) for item in value}
    return value


def listed(value: Any) -> Any:
    """The reverse of ``keyed``."""
    if not isinstance(value, dict):
        return value
    if value and all(name.startswith("[") for name in value):
        return [listed(item) for item in value.values()]
    return {name: listed(member) for name, member in value.items()}


def fields_v1(paths: set[Path]) -> dict[str, Any]:
    """Paths as ``fieldsV1``."""
    tree: dict[str, Any] = {}
    for path in sorted(paths):
        node = tree
        for step in path:
            node = node.setdefault(f"k:{step}" if step.startswith("[") else f"f:{step}", {})
    return tree


def paths_of(tree: dict[str, Any], path: Path = ()) -> set[Path]:
    """The reverse of ``fields_v1``."""
    if not tree:
        return {path}
    return {found for name, member in tree.items() for found in paths_of(member, (*path, name[2:]))}


def without(document: Any, path: Path) -> Any:
    """DOCUMENT without the member at PATH, and without maps that this empties."""
    if not isinstance(document, dict) or path[0] not in document:
        return document
    rest = {name: member for name, member in document.items() if name != path[0]}
    if len(path) == 1:
        return rest
    inner = without(document[path[0]], path[1:])
    return {**document, path[0]: inner} if inner not in ({}, None) else rest


def apply(
    current: dict[str, Any] | None, applied: dict[str, Any], *, manager: str, force: bool
) -> dict[str, Any]:
    """CURRENT (None for a new object) after MANAGER applied APPLIED.

    Raises:
        ApiError: 409, another manager applied other values.
    """
    before = dict(current or {})
    entries = list((before.get("metadata") or {}).get("managedFields") or [])
    owned = {
        entry["manager"]: paths_of(entry["fieldsV1"])
        for entry in entries
        if entry.get("operation") == "Apply"
    }
    document, wanted = keyed(before), keyed(applied)
    new = {path: value for path, value in leaves(wanted).items() if path not in IDENTITY}
    old = leaves(document)
    disputed = {
        (other, path)
        for other, paths in owned.items()
        if other != manager
        for path in paths & new.keys()
        if old.get(path) != new[path]
    }
    if disputed and not force:
        told = ", ".join(f'conflict with "{other}": .{".".join(path)}' for other, path in sorted(disputed))
        raise ApiError(409, f"Apply failed with {len(disputed)} conflict(s): {told}")
    for other, path in disputed:
        owned[other].discard(path)
    for path in owned.get(manager, set()) - new.keys():
        if not any(path in paths for other, paths in owned.items() if other != manager):
            document = without(document, path)
    owned[manager] = set(new)
    result: dict[str, Any] = listed(merge(document, wanted))
    result["metadata"]["managedFields"] = [
        {
            "manager": name,
            "operation": "Apply",
            "apiVersion": applied["apiVersion"],
            "fieldsType": "FieldsV1",
            "fieldsV1": fields_v1(paths),
        }
        for name, paths in sorted(owned.items())
        if paths
    ]
    return result
