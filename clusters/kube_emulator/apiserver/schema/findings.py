"""Pure: JSON as it came, and how what is wrong with it is told: where it stands and in Go's words.

Facts: sigs.k8s.io/json at the revision of apimachinery v0.36.3 (paths of strict errors, at most 100) and Go's
encoding/json (UnmarshalTypeError). Of two members with one name the last counts; what stood in the first is not looked at.
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
    """A document cannot be read into its type; the text is the server's decoder's."""


AGAIN = object()
"""Stands for the value of a member that was told before."""


class Doubled(dict[str, Any]):
    """An object of whose members some were told twice; the last one counts."""

    __slots__ = ("order",)

    order: tuple[str, ...]

    def told(self) -> Iterator[tuple[str, Any]]:
        """Its members in the order in which they were told: AGAIN when one comes back, None in place of what is overruled."""
        left, seen = Counter(self.order), set[str]()
        for name in self.order:
            left[name] -= 1
            if name in seen:
                yield name, AGAIN
            seen.add(name)
            yield name, None if left[name] else self[name]


class Place(NamedTuple):
    """Where a value stands.

    Attributes:
        text: what strict messages say: a member's name, a map's key or ``[3]``.
        struct: the Go struct whose member it is; empty for a key and an index, which type messages leave out.
        member: the member as type messages say it, with the struct that is inlined (``VolumeSource.configMap``).
    """

    holder: "Place | None"
    text: str
    struct: str = ""
    member: str = ""


@dataclass(slots=True)
class Findings:
    """What was noticed on the way.

    Attributes:
        problem: the first wrong type; decoding goes on after it, as a later one of another sort may count more.
    """

    warnings: dict[str, None] = field(default_factory=dict)
    problem: str = ""


def parse(text: bytes) -> Any:
    """The JSON of a body; objects with doubled members remember them.

    Raises:
        DecodingError: it is no JSON.
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
"""{what Python says: what Go says}."""


def _syntax(error: json.JSONDecodeError) -> str:
    if error.pos >= len(error.doc.rstrip()) or error.msg not in SYNTAX:
        return "unexpected end of JSON input"
    return f"invalid character {error.doc[error.pos]!r} {SYNTAX[error.msg]}"


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
    for name, value in pairs:  # a map that is told twice is filled twice, as Go does it
        if isinstance(value, dict) and isinstance(result[name], dict):
            result[name] = {**value, **result[name]}
    doubled = Doubled(result)
    doubled.order = tuple(name for name, _ in pairs)
    return doubled


def _no_constant(word: str) -> Any:
    raise ValueError(f"invalid character {word[0]!r} looking for beginning of value")


def warn(findings: Findings, what: str, holder: Place | None, name: str) -> None:
    """Note that NAME in HOLDER is an ``unknown`` or ``duplicate`` field."""
    if len(findings.warnings) == MOST_WARNINGS:
        return
    path = name
    while holder:
        if holder.text:
            path = holder.text + ("" if path.startswith("[") else ".") + path
        holder = holder.holder
    findings.warnings[f'{what} field "{path}"'] = None


def mismatch(value: Any, go: str, place: Place | None) -> str:
    """What Go says when VALUE does not fit into its type."""
    told = _json_type(value, go)
    members = []
    struct = ""
    while place:
        if place.struct:
            struct = struct or place.struct
            members.append(place.member)
        place = place.holder
    if not struct:
        return f"json: cannot unmarshal {told} into Go value of type {go}"
    path = ".".join(reversed(members))
    return f"json: cannot unmarshal {told} into Go struct field {struct}.{path} of type {go}"


def _json_type(value: Any, go: str) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int | float):
        return f"number {json.dumps(value)}" if go in RANGES else "number"
    return "string" if isinstance(value, str) else "array" if isinstance(value, list) else "object"


def wrong(value: Any, go: str, place: Place, findings: Findings) -> None:
    """Note that VALUE is of a wrong type; the first such note counts."""
    findings.problem = findings.problem or mismatch(value, go, place)
