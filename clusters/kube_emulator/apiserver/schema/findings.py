"""Pure: the JSON of a body, and what is wrong with it: where, and with Go's messages.

Facts: sigs.k8s.io/json at the revision of apimachinery v0.36.3 (paths of strict errors, at most 100) and Go's
encoding/json (UnmarshalTypeError). Of two members with one name the last one counts; the first is not decoded.
"""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

MOST_WARNINGS = 100
RANGES = {"int32": 31, "int64": 63}
"""{Go type: bits of its magnitude}."""


class DecodingError(Exception):
    """A document cannot be decoded into its type; the message is that of the server's decoder."""


REPEATED = object()
"""In place of a member's value: the name occurred before."""


class DuplicateMembers(dict[str, Any]):
    """An object in which a name occurs more than once; the last value counts."""

    __slots__ = ("order",)

    order: tuple[str, ...]

    def in_order(self) -> Iterator[tuple[str, Any]]:
        """Its members in the order of the document: None for an overridden value, REPEATED before each later value of a name."""
        left, seen = Counter(self.order), set[str]()
        for name in self.order:
            left[name] -= 1
            if name in seen:
                yield name, REPEATED
            seen.add(name)
            yield name, None if left[name] else self[name]


class Place(NamedTuple):
    """The place of a value in a document.

    Attributes:
        text: its last step in strict messages: a member's name, a map's key or ``[3]``.
        struct: the Go struct whose member it is; empty for a key and an index, which type messages leave out.
        member: the member in type messages, with the struct that is inlined (``VolumeSource.configMap``).
    """

    holder: "Place | None"
    text: str
    struct: str = ""
    member: str = ""


@dataclass(slots=True)
class Findings:
    """What decoding found.

    Attributes:
        warnings: unknown and duplicate fields, in the order of the document.
        problem: the first wrong type. Decoding continues after it, as encoding/json does: a later error that is not of
            this kind (a malformed quantity) is reported instead.
    """

    warnings: dict[str, None] = field(default_factory=dict)
    problem: str = ""


def parse(text: bytes) -> Any:
    """The JSON of a body; objects with duplicate members record their order.

    Raises:
        DecodingError: it is not JSON.
    """
    try:
        return json.loads(text, object_pairs_hook=_object, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        problem = _syntax(error)
    except RecursionError:
        problem = "exceeded max depth"
    except ValueError as error:
        problem = str(error)
    raise DecodingError(f"couldn't get version/kind; json parse error: {problem}")


SYNTAX = {
    "Expecting value": "looking for beginning of value",
    "Expecting property name enclosed in double quotes": "looking for beginning of object key string",
    "Expecting ':' delimiter": "after object key",
    "Expecting ',' delimiter": "after object key:value pair",
    "Extra data": "after top-level value",
}
"""{Python's message: Go's message}."""


def _syntax(error: json.JSONDecodeError) -> str:
    if error.pos >= len(error.doc.rstrip()) or error.msg not in SYNTAX:
        return "unexpected end of JSON input"
    return f"invalid character {error.doc[error.pos]!r} {SYNTAX[error.msg]}"


def duplicates(value: Any, path: str = "") -> list[str]:
    """``duplicate field "<path>"`` for each name that occurs twice in an object of VALUE, which ``parse`` read."""
    found: list[str] = []
    if isinstance(value, dict):
        counts = Counter(value.order) if isinstance(value, DuplicateMembers) else {}
        for name, member in value.items():
            where = f"{path}.{name}" if path else name
            found += [f'duplicate field "{where}"'] if counts.get(name, 1) > 1 else []
            found += duplicates(member, where)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            found += duplicates(item, f"{path}[{index}]")
    return found


def refusal(api_version: str, kind: str, problem: str) -> str:
    """The text of the 400 for a document whose kind is known (apiserver v0.36.3 endpoints/handlers, transformDecodeError)."""
    version = api_version.rpartition("/")[2]
    return f'{kind} in version "{version}" cannot be handled as a {kind}: {problem}'


def unrecognized(wanted: str, problem: str, body: bytes) -> str:
    """The text of the 400 for a document whose kind is not known; WANTED is the kind of the resource."""
    start = body[:SHOWN].decode(errors="replace") if body.startswith(b"{") else body[:SHOWN].hex()
    rest = " ..." if len(body) > SHOWN else ""
    return f"the object provided is unrecognized (must be of type {wanted}): {problem} ({start}{rest})"


SHOWN = 30
"""Bytes of a body that a refusal shows (apiserver, summarizeData)."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) == len(pairs):
        return result
    for name, value in pairs:  # Go decodes a second map into the first one, so their entries are merged
        if isinstance(value, dict) and isinstance(result[name], dict):
            result[name] = {**value, **result[name]}
    repeated = DuplicateMembers(result)
    repeated.order = tuple(name for name, _ in pairs)
    return repeated


def _no_constant(name: str) -> Any:
    raise ValueError(f"invalid character {name[0]!r} looking for beginning of value")


def warn(findings: Findings, what: str, holder: Place | None, name: str) -> None:
    """Record that NAME in HOLDER is an ``unknown`` or ``duplicate`` field."""
    if len(findings.warnings) == MOST_WARNINGS:
        return
    path = name
    while holder:
        if holder.text:
            path = holder.text + ("" if path.startswith("[") else ".") + path
        holder = holder.holder
    findings.warnings[f'{what} field "{path}"'] = None


def mismatch(value: Any, go: str, place: Place | None) -> str:
    """Go's message for a VALUE that does not fit its type."""
    found = _json_type(value, go)
    members = []
    struct = ""
    while place:
        if place.struct:
            struct = struct or place.struct
            members.append(place.member)
        place = place.holder
    if not struct:
        return f"json: cannot unmarshal {found} into Go value of type {go}"
    path = ".".join(reversed(members))
    return f"json: cannot unmarshal {found} into Go struct field {struct}.{path} of type {go}"


def _json_type(value: Any, go: str) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int | float):
        return f"number {json.dumps(value)}" if go in RANGES else "number"
    return "string" if isinstance(value, str) else "array" if isinstance(value, list) else "object"


def wrong(value: Any, go: str, place: Place, findings: Findings) -> None:
    """Record that VALUE is of a wrong type; the first one counts."""
    findings.problem = findings.problem or mismatch(value, go, place)
