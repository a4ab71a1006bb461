"""Pure: values as text for people, and where two of them differ.

A violation carries whole objects; what is read first is the place where they differ.
"""

import dataclasses
import difflib
import json
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Any

FULL = 20_000
"""Characters of a value that are kept."""
BRIEF = 300
"""Characters of a value in a sentence."""
MISSING = "nothing"


def plain(value: object) -> Any:
    """VALUE as JSON has it: sets are sorted, floats rounded to thousandths, and what JSON does not know is text."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, AbstractSet):
        return sorted((plain(item) for item in value), key=str)
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {item.name: plain(getattr(value, item.name)) for item in dataclasses.fields(value)}
    if isinstance(value, float):
        return round(value, 3)
    if isinstance(value, bytes):
        return value.hex()
    return value if value is None or isinstance(value, str | int) else str(value)


def text_of(value: object, limit: int = FULL) -> str:
    """VALUE as text of bounded length: JSON for what has members."""
    found = plain(value)
    if found is None:
        return MISSING
    text = found if isinstance(found, str) else json.dumps(found, ensure_ascii=False)
    return text if len(text) <= limit else f"{text[:limit]}... ({len(text)} characters)"


def difference(wanted: object, found: object) -> tuple[str, object, object]:
    """(path, wanted, found) of the first place where two values differ; the path of the whole is empty."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        for key in dict.fromkeys([*wanted, *found]):
            if wanted.get(key, MISSING) != found.get(key, MISSING):
                path, *rest = difference(wanted.get(key, MISSING), found.get(key, MISSING))
                return (f".{key}{path}", rest[0], rest[1])
    if isinstance(wanted, list) and isinstance(found, list):
        for index, (one, other) in enumerate(zip(wanted, found, strict=False)):
            if one != other:
                path, *rest = difference(one, other)
                return (f"[{index}]{path}", rest[0], rest[1])
        if len(wanted) != len(found):
            return ("", f"{len(wanted)} items", f"{len(found)} items")
    return ("", wanted, found)


def sentence(where: str, wanted: object, found: object) -> str:
    """What was wanted and found WHERE, at the first difference if both have members."""
    one, other = plain(wanted), plain(found)
    path = ""
    if one != other and type(one) is type(other) and isinstance(one, dict | list):
        path, one, other = difference(one, other)
    return f"{where}{path}: wanted {text_of(one, BRIEF)}; found {text_of(other, BRIEF)}"


def lines(wanted: str, found: str) -> list[tuple[str, str]]:
    """(sign, line) of a unified diff of two texts with JSON; empty if one has no members, or they are equal."""
    values = []
    for text in (wanted, found):
        try:
            values.append(json.loads(text))
        except ValueError:
            return []
    if not all(isinstance(value, dict | list) for value in values):
        return []
    one, other = (json.dumps(value, indent=1, ensure_ascii=False).splitlines() for value in values)
    changes = list(difflib.unified_diff(one, other, lineterm="", n=2))[2:]
    return [("", "...") if line.startswith("@@") else (line[:1], line[1:]) for line in changes]
