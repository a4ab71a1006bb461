"""JSON values in memory."""

from typing import Any


def copied(value: Any) -> Any:
    """A deep copy; several times faster than ``copy.deepcopy``, which every write would pay for."""
    kind = type(value)
    if kind is dict:
        return {
            name: copied(member) if type(member) in (dict, list) else member for name, member in value.items()
        }
    if kind is list:
        return [copied(item) if type(item) in (dict, list) else item for item in value]
    return value
