"""Pure: decodes a JSON document into a type as the server does: what it keeps, what it warns of, what it refuses.

It keeps what Go would write again: unknown members and nulls are gone, and so are zeros that JSON hides
(``hostNetwork: false``); structs that are not set are there (``status: {}``); quantities are canonical. With
``fieldValidation=Strict`` a warning refuses the document, with ``Warn`` it is sent as a warning, with ``Ignore`` it is dropped.
A wrong type always refuses it, with Go's message, so that a driver's log reads as it would against a real server.

Facts: sigs.k8s.io/json (case sensitive, at most 100 warnings) and the unmarshalers of apimachinery v0.36.3. The
meaning of values is validated by the rules of the kind. Custom resources have schemas of their own; only their
``metadata`` is a type of the table (``kinds.info("meta_v1.ObjectMeta")``).
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from dra_api.objects import JsonObject
from kube_emulator.apiserver.schema import kinds, times
from kube_emulator.apiserver.schema.findings import (
    RANGES,
    REPEATED,
    DecodingError,
    DuplicateMembers,
    Findings,
    Place,
    mismatch,
    warn,
    wrong,
)
from kube_emulator.apiserver.schema.kinds import FieldInfo, TypeInfo
from kube_emulator.apiserver.schema.quantity import canonical
from kube_emulator.releases.release import LATEST, Release


@dataclass(frozen=True, slots=True)
class Reading:
    """A decoded document.

    Attributes:
        value: what the server keeps of it.
        warnings: ``unknown field "spec.foo"`` and ``duplicate field "spec.bar"``, in the order of the document.
    """

    value: JsonObject
    warnings: tuple[str, ...]

    @property
    def strict_error(self) -> str:
        """The message with which ``fieldValidation=Strict`` refuses it; empty if it is accepted."""
        return f"strict decoding error: {', '.join(self.warnings)}" if self.warnings else ""


Reader = Callable[[Any, Place, Findings], Any]


@dataclass(frozen=True, slots=True)
class Member:
    """A member of a struct.

    Attributes:
        reported: its name in type messages, with the struct that is inlined (``VolumeSource.configMap``).
        plain: a value of exactly this class that is not zero is kept without a call of the reader, which saves most of
            the time.
    """

    field: FieldInfo
    reader: Reader
    reported: str
    plain: type | None


def read(info: TypeInfo, value: Any, release: Release = LATEST) -> Reading:
    """VALUE decoded into INFO as by RELEASE, which does not know the fields of later releases.

    Raises:
        DecodingError: a member has a wrong type.
    """
    findings = Findings()
    try:
        result = _message_reader(info.name, release)(value, Place(None, ""), findings)
    except RecursionError as error:
        raise DecodingError("exceeded max depth") from error
    if findings.problem:
        raise DecodingError(findings.problem)
    return Reading(result, tuple(findings.warnings))


@cache
def _message_reader(type_name: str, release: Release) -> Reader:
    """The reader of a struct."""
    package, short = type_name.split(".")
    go = f"{package.rpartition('_')[2]}.{short}"

    def read_message(value: Any, place: Place, findings: Findings) -> Any:
        members, shown = _plan(type_name, release)
        # names are compared exactly: sigs.k8s.io/json is case sensitive, unlike encoding/json
        if not isinstance(value, dict):
            wrong(value, go, place, findings)
            return {}
        result: JsonObject = {}
        for name, inner in value.in_order() if isinstance(value, DuplicateMembers) else value.items():
            member = members.get(name)
            if member is None:
                warn(findings, "unknown", place, name)
            elif inner is REPEATED:
                warn(findings, "duplicate", place, name)
            elif inner and inner.__class__ is member.plain:  # exactly: a bool must not pass as an int
                result[name] = inner
            elif inner is not None:
                kept = member.reader(inner, Place(place, name, short, member.reported), findings)
                if kept is not None:
                    result[name] = kept
        for field in shown:
            if field.name not in result:
                result[field.name] = _zero(field, release)
        return result

    return read_message


@cache
def _plan(type_name: str, release: Release) -> tuple[dict[str, Member], tuple[FieldInfo, ...]]:
    """The members of a struct, and which of them are shown though they are not set.

    Built at the first use of a type, because types refer to each other.
    """
    members = _members(type_name, release)
    return members, tuple(each.field for each in members.values() if each.field.shown)


def _members(type_name: str, release: Release) -> dict[str, Member]:
    """{name: member} of a struct, with those of the structs that are inlined in it."""
    info = kinds.info(type_name)
    known = info.known(release)
    result = {name: Member(each, _reader(each, release), name, _plain(each)) for name, each in known.items()}
    for holder in info.wire:
        if holder.inline and holder.info:
            for name, member in _members(holder.type, release).items():
                result[name] = replace(member, reported=f"{holder.info.short}.{member.reported}")
    return result


def _plain(field: FieldInfo) -> type | None:
    single = not field.repeated and not field.map
    return {"string": str, "bool": bool}.get(field.type) if single else None


def _zero(each: FieldInfo, release: Release) -> Any:
    if each.type in kinds.SCALARS:
        return each.zero
    if each.type in kinds.SPECIAL:
        return "0" if each.type == "Quantity" else 0
    return _message_reader(each.type, release)({}, Place(None, ""), Findings())


def _reader(each: FieldInfo, release: Release) -> Reader:
    """The reader of a member; it returns None for what JSON hides (``omitempty``)."""
    item = _value_reader(each, release)

    def empty() -> Any:
        return _empty(each, release)

    if each.map and each.wrapped:
        return _map_reader(each, _list_reader(item, each.always, each.go.rpartition("]")[2], empty), list)
    if each.map:
        return _map_reader(each, item, empty)
    if each.repeated:
        return _list_reader(item, each.always, each.go, empty)
    if each.type not in kinds.SCALARS or each.pointer or each.always or each.number == 0:
        return item

    def read_hidden(value: Any, place: Place, findings: Findings) -> Any:
        return item(value, place, findings) or None

    return read_hidden


def _list_reader(item: Reader, always: bool, go: str, empty: Callable[[], Any]) -> Reader:
    def read_list(value: Any, place: Place, findings: Findings) -> Any:
        if not isinstance(value, list):
            wrong(value, go, place, findings)
            return None
        if not value and not always:
            return None
        return [
            empty() if inner is None else item(inner, Place(place, f"[{index}]"), findings)
            for index, inner in enumerate(value)
        ]

    return read_list


def _map_reader(each: FieldInfo, item: Reader, empty: Callable[[], Any]) -> Reader:
    def read_map(value: Any, place: Place, findings: Findings) -> Any:
        if not isinstance(value, dict):
            wrong(value, each.go, place, findings)
            return None
        for name, inner in value.in_order() if isinstance(value, DuplicateMembers) else ():
            if inner is REPEATED:
                warn(findings, "duplicate", place, name)
        if not value and not each.always:
            return None
        return {
            name: empty() if inner is None else item(inner, Place(place, name), findings)
            for name, inner in value.items()
        }

    return read_map


def _empty(each: FieldInfo, release: Release) -> Any:
    """The value of a null in a list or map: Go leaves the zero of the item's type there, and only drops null members."""
    return (
        None
        if each.type in kinds.SPECIAL and each.type not in ("Quantity", "IntOrString")
        else _zero(each, release)
    )


def _value_reader(each: FieldInfo, release: Release) -> Reader:
    if each.type in kinds.SPECIAL:
        return SPECIAL_READERS.get(each.type, _read_any)
    if each.info:
        return _message_reader(each.type, release)
    # the type of an item is what follows the brackets of its list or map
    go = each.type if each.wrapped else each.go.rpartition("]")[2]
    if each.type == "[]byte":
        return _read_bytes
    kinds_of_value: dict[str, type | tuple[type, ...]] = {
        "string": str,
        "bool": bool,
        "float64": (int, float),
    }
    wanted = kinds_of_value.get(each.type, int)
    bits = RANGES.get(each.type, 0)

    def read_scalar(value: Any, place: Place, findings: Findings) -> Any:
        # in Python a bool is an int, in Go it is not
        fits = isinstance(value, wanted) and (wanted is bool or not isinstance(value, bool))
        if fits and (not bits or -(1 << bits) <= value < 1 << bits):
            return value
        wrong(value, go, place, findings)
        return None

    return read_scalar


def _read_any(value: Any, _place: Place, _findings: Findings) -> Any:
    return value


def _read_bytes(value: Any, place: Place, findings: Findings) -> Any:
    """Base64; line breaks are accepted and dropped, as Go's decoder does."""
    if not isinstance(value, str):
        wrong(value, "[]uint8", place, findings)
        return None
    text = value.replace("\n", "").replace("\r", "")
    if len(text) % 4 or not BASE64.fullmatch(text):
        bad = next((match.start() for match in NOT_BASE64.finditer(value)), len(text) // 4 * 4)
        findings.problem = findings.problem or f"illegal base64 data at input byte {bad}"
    return text


BASE64 = re.compile(r"[A-Za-z0-9+/]*={0,2}")
NOT_BASE64 = re.compile(r"[^A-Za-z0-9+/\r\n]")


def _time_reader(type_name: str) -> Reader:
    def read_time(value: Any, place: Place, _findings: Findings) -> Any:
        if not isinstance(value, str):
            # an error of an UnmarshalJSON method ends decoding, while other wrong types are only recorded
            raise DecodingError(mismatch(value, "string", place))
        try:
            return times.normal(type_name, value)
        except ValueError as error:
            raise DecodingError(str(error)) from error

    return read_time


def _read_quantity(value: Any, _place: Place, _findings: Findings) -> Any:
    try:
        return canonical(value if isinstance(value, str) else json.dumps(value))
    except ValueError as error:
        raise DecodingError(str(error)) from error


def _read_int_or_string(value: Any, place: Place, _findings: Findings) -> Any:
    if isinstance(value, str):
        return value
    if not isinstance(value, int) or isinstance(value, bool) or not -(1 << 31) <= value < 1 << 31:
        raise DecodingError(mismatch(value, "int32", place))
    return value


SPECIAL_READERS: dict[str, Reader] = {
    "Time": _time_reader("Time"),
    "MicroTime": _time_reader("MicroTime"),
    "Quantity": _read_quantity,
    "IntOrString": _read_int_or_string,
}
