"""Pure: JSON patch (RFC 6902) with the refusals of apiserver ``endpoints/handlers/patch.go`` (1.36)."""

from collections.abc import Callable
from typing import Any

from kube_emulator.apiserver.status import ApiError, bad_request
from kube_emulator.jsonvalue import copied

OPERATIONS_MAX = 10_000
"""apiserver ``maxJSONPatchOperations``."""


def json_patch(target: Any, operations: Any) -> Any:
    """TARGET after OPERATIONS.

    Raises:
        ApiError: 400, it is no patch; 413, it is too long; 422, an operation cannot be applied.
    """
    if not isinstance(operations, list):
        kind = "object" if isinstance(operations, dict) else type(operations).__name__
        raise bad_request(
            f"error decoding patch: json: cannot unmarshal {kind} into Go value of type []handlers.jsonPatchOp"
        )
    if len(operations) > OPERATIONS_MAX:
        raise ApiError(
            413,
            "Request entity too large: The allowed maximum operations in a JSON patch is "
            f"{OPERATIONS_MAX}, got {len(operations)}",
        )
    document = copied(target)
    for operation in operations:
        try:
            document = OPERATIONS[operation["op"]](document, operation)
        except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
            message = "the server rejected our request due to an error in our request"
            raise ApiError(422, message, details={}) from error
    return document


def steps(pointer: str) -> list[str]:
    """A JSON pointer's parts.

    Raises:
        ValueError: it is none.
    """
    if pointer and not pointer.startswith("/"):
        message = f"no JSON pointer: {pointer!r}"
        raise ValueError(message)
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]


def index_of(step: str, length: int) -> int:
    """The index that STEP names in a list of LENGTH items.

    Raises:
        IndexError: it names none.
    """
    if not step.isdecimal() or int(step) >= length:
        message = f"no item {step!r}"
        raise IndexError(message)
    return int(step)


def at(document: Any, path: list[str]) -> Any:
    """The value at PATH."""
    for step in path:
        document = document[index_of(step, len(document))] if isinstance(document, list) else document[step]
    return document


def add_value(document: Any, path: list[str], value: Any) -> Any:
    """Set or insert VALUE."""
    if not path:
        return value
    parent, last = at(document, path[:-1]), path[-1]
    if isinstance(parent, list):
        parent.insert(len(parent) if last == "-" else index_of(last, len(parent) + 1), value)
    else:
        parent[last] = value
    return document


def add(document: Any, operation: dict[str, Any]) -> Any:
    """Set or insert."""
    return add_value(document, steps(operation["path"]), copied(operation["value"]))


def remove(document: Any, operation: dict[str, Any]) -> Any:
    """Remove a value."""
    return remove_at(document, steps(operation["path"]))


def remove_at(document: Any, path: list[str]) -> Any:
    """Remove what is at PATH."""
    parent = at(document, path[:-1])
    if isinstance(parent, list):
        parent.pop(index_of(path[-1], len(parent)))
    else:
        del parent[path[-1]]
    return document


def replace(document: Any, operation: dict[str, Any]) -> Any:
    """Replace a value."""
    path = steps(operation["path"])
    if not path:
        return operation["value"]
    at(document, path)
    parent = at(document, path[:-1])
    key = index_of(path[-1], len(parent)) if isinstance(parent, list) else path[-1]
    parent[key] = copied(operation["value"])
    return document


def check(document: Any, operation: dict[str, Any]) -> Any:
    """Fail unless the value is the one in the operation."""
    path = steps(operation["path"])
    wanted = operation.get("value")
    # A test for null holds for an absent member too (evanphx/json-patch).
    found = at(document, path[:-1]).get(path[-1]) if wanted is None else at(document, path)
    if found != wanted:
        message = f"testing value {operation['path']} failed"
        raise ValueError(message)
    return document


def copy_value(document: Any, operation: dict[str, Any]) -> Any:
    """Set a copy of another value."""
    value = copied(at(document, steps(operation["from"])))
    return add_value(document, steps(operation["path"]), value)


def move(document: Any, operation: dict[str, Any]) -> Any:
    """Move a value."""
    value = at(document, steps(operation["from"]))
    return add_value(remove_at(document, steps(operation["from"])), steps(operation["path"]), value)


OPERATIONS: dict[str, Callable[[Any, dict[str, Any]], Any]] = {
    "add": add,
    "remove": remove,
    "replace": replace,
    "test": check,
    "copy": copy_value,
    "move": move,
}
