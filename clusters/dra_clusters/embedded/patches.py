"""Pure: the patch types that change a document without knowing who owns what (apply is in ``apply``)."""

import copy
from collections.abc import Callable
from typing import Any

from dra_clusters.embedded.resources import MERGE_KEYS
from dra_clusters.embedded.status import ApiError


def merge(target: Any, patch: Any) -> Any:
    """JSON merge patch (RFC 7386)."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merge(result.get(name), value)
    return result


def strategic(target: Any, patch: Any, name: str = "") -> Any:
    """Strategic merge patch: as merge, but lists with a merge key are merged item by item."""
    if isinstance(patch, list):
        key = MERGE_KEYS.get(name)
        return strategic_list(target or [], patch, key) if key else patch
    if not isinstance(patch, dict):
        return patch
    if patch.get("$patch") == "replace":
        return {member: value for member, value in patch.items() if member != "$patch"}
    result = dict(target) if isinstance(target, dict) else {}
    for member, value in patch.items():
        if member.startswith("$setElementOrder/") or member == "$retainKeys":
            continue
        if member.startswith("$deleteFromPrimitiveList/"):
            field = member.partition("/")[2]
            result[field] = [item for item in result.get(field, []) if item not in value]
        elif value is None:
            result.pop(member, None)
        else:
            result[member] = strategic(result.get(member), value, member)
    return result


def strategic_list(target: list[Any], patch: list[Any], key: str) -> list[Any]:
    """Items of PATCH merged into TARGET by KEY."""
    result = list(target)
    for item in patch:
        place = next((i for i, old in enumerate(result) if old.get(key) == item.get(key)), None)
        if item.get("$patch") == "delete":
            result = [old for old in result if old.get(key) != item.get(key)]
        elif place is None:
            result.append(item)
        else:
            result[place] = strategic(result[place], item)
    return result


def json_patch(target: Any, operations: Any) -> Any:
    """JSON patch (RFC 6902).

    Raises:
        ApiError: 422, an operation cannot be applied; 400, it is none.
    """
    if not isinstance(operations, list):
        raise ApiError(400, "a JSON patch is a list of operations")
    document = copy.deepcopy(target)
    for operation in operations:
        try:
            document = OPERATIONS[operation["op"]](document, operation)
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise ApiError(
                422, f"the server rejected our request: cannot apply {operation}: {error}"
            ) from error
    return document


def steps(pointer: str) -> list[str]:
    """A JSON pointer's parts."""
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]


def at(document: Any, path: list[str]) -> Any:
    """The value at PATH."""
    for step in path:
        document = document[int(step)] if isinstance(document, list) else document[step]
    return document


def add(document: Any, operation: dict[str, Any], value: Any = None) -> Any:
    """Set or insert."""
    path = steps(operation["path"])
    value = operation.get("value") if value is None else value
    if not path:
        return value
    parent, last = at(document, path[:-1]), path[-1]
    if isinstance(parent, list):
        parent.insert(len(parent) if last == "-" else int(last), value)
    else:
        parent[last] = value
    return document


def remove(document: Any, operation: dict[str, Any]) -> Any:
    """Take away."""
    path = steps(operation["path"])
    parent = at(document, path[:-1])
    if isinstance(parent, list):
        parent.pop(int(path[-1]))
    else:
        del parent[path[-1]]
    return document


def replace(document: Any, operation: dict[str, Any]) -> Any:
    """Take away and set."""
    if not steps(operation["path"]):
        return operation["value"]
    at(document, steps(operation["path"]))
    parent = at(document, steps(operation["path"])[:-1])
    if isinstance(parent, list):
        parent[int(steps(operation["path"])[-1])] = operation["value"]
        return document
    return add(document, operation)


def check(document: Any, operation: dict[str, Any]) -> Any:
    """Go on only if the value is as told."""
    if at(document, steps(operation["path"])) != operation.get("value"):
        message = f"testing value {operation['path']} failed"
        raise ValueError(message)
    return document


def copy_value(document: Any, operation: dict[str, Any]) -> Any:
    """Set what stands elsewhere."""
    return add(document, operation, copy.deepcopy(at(document, steps(operation["from"]))))


def move(document: Any, operation: dict[str, Any]) -> Any:
    """Set what stood elsewhere."""
    value = copy.deepcopy(at(document, steps(operation["from"])))
    return add(remove(document, {"path": operation["from"]}), operation, value)


OPERATIONS: dict[str, Callable[[Any, dict[str, Any]], Any]] = {
    "add": add,
    "remove": remove,
    "replace": replace,
    "test": check,
    "copy": copy_value,
    "move": move,
}
