"""Converts a value in JSON form to a protobuf message and back, by steps that are planned once per type.

Presence follows Go. Written: a field that is no pointer is always there, with its zero if it is not set. Read: the zero of
such a field is hidden where JSON has ``omitempty``, a struct is shown even when it is empty, and a pointer's zero is kept.
Where Go writes ``null`` (a list, map or pointer without ``omitempty``) nothing is shown here, which means the same to every
reader.
"""

import base64
from collections.abc import Callable
from functools import cache
from typing import Any

from dra_api.objects import JsonObject
from kube_emulator.apiserver.schema import kinds
from kube_emulator.apiserver.schema.descriptors import message_class
from kube_emulator.apiserver.schema.kinds import FieldInfo
from kube_emulator.apiserver.schema.special import SPECIAL, Put, Take, put_schema_or, take_schema_or


def put(type_name: str, message: Any, value: Any) -> None:
    """Fill MESSAGE with VALUE."""
    putter(type_name)(message, value)


def take(type_name: str, message: Any) -> Any:
    """What MESSAGE holds."""
    return taker(type_name)(message)


@cache
def putter(type_name: str) -> Put:
    """The function that fills a message of this type."""
    if type_name in SPECIAL:
        return SPECIAL[type_name][0]
    if type_name in kinds.SPECIAL:
        return put_schema_or(kinds.info(type_name).short, _later(putter, "apiextensions_v1.JSONSchemaProps"))

    def fill(message: Any, value: Any) -> None:
        for name, step in _put_plan(type_name):
            step(message, value.get(name) if name else value)

    return fill


@cache
def _put_plan(type_name: str) -> tuple[tuple[str, Put], ...]:
    """(JSON name, step) of each member; without a name, the step takes the whole value, as an inline member does.

    Built at the first use of a type, because types refer to each other.
    """
    wire = kinds.info(type_name).wire
    return tuple(("" if each.inline else each.name, _put_field(each)) for each in wire)


def _later(make: Callable[[str], Any], type_name: str) -> Callable[..., Any]:
    return lambda *values: make(type_name)(*values)


def _put_field(field: FieldInfo) -> Put:
    attribute = f"f{field.number}"
    scalar = field.type in kinds.SCALARS
    convert = base64.b64decode if field.type == "[]byte" else None
    if field.map:
        return _put_map(field, attribute, scalar)
    if field.repeated:
        return _put_list(field, attribute, scalar)
    if scalar:
        return _put_scalar(field, attribute, convert)
    fill = putter(field.type)

    def put_message(message: Any, value: Any) -> None:
        if value is not None or not field.pointer:
            inner = getattr(message, attribute)
            inner.SetInParent()
            fill(inner, value if value is not None or field.type in kinds.SPECIAL else {})

    return put_message


def _put_scalar(field: FieldInfo, attribute: str, convert: Callable[[Any], Any] | None) -> Put:
    optional = field.pointer or field.type == "[]byte"
    zero = field.zero

    def put_scalar(message: Any, value: Any) -> None:
        if value is not None:
            setattr(message, attribute, convert(value) if convert else value)
        elif not optional:
            setattr(message, attribute, zero)

    return put_scalar


def _put_list(field: FieldInfo, attribute: str, scalar: bool) -> Put:
    fill = None if scalar else putter(field.type)

    def put_list(message: Any, value: Any) -> None:
        if value is None:
            return
        target = getattr(message, attribute)
        if field.wrapped:
            target.SetInParent()
            target = target.items
        if fill is None:
            target.extend(value)
            return
        for item in value:
            fill(target.add(), item)

    return put_list


def _put_map(field: FieldInfo, attribute: str, scalar: bool) -> Put:
    fill = None if scalar else putter(field.type)

    def put_map(message: Any, value: Any) -> None:
        if not value:
            return
        target = getattr(message, attribute)
        if field.wrapped:
            for key, items in value.items():
                target[key].items.extend(items or ())
        elif fill is not None:
            for key, item in value.items():
                fill(target[key], item)
        elif field.type == "[]byte":
            for key, item in value.items():
                target[key] = base64.b64decode(item)
        else:
            target.update(value)

    return put_map


@cache
def taker(type_name: str) -> Take:
    """The function that reads a message of this type."""
    if type_name in SPECIAL:
        return SPECIAL[type_name][1]
    if type_name in kinds.SPECIAL:
        return take_schema_or(kinds.info(type_name).short, _later(taker, "apiextensions_v1.JSONSchemaProps"))

    def read(message: Any) -> JsonObject:
        steps, shown = _take_plan(type_name)
        result: JsonObject = {}
        for descriptor, held in message.ListFields():
            name, step = steps[descriptor.number]
            value = step(held)
            if not name:
                result.update(value)
            elif value is not None:
                result[name] = value
        for each in shown:
            if each.name not in result:
                scalar = each.type in kinds.SCALARS
                result[each.name] = each.zero if scalar else take(each.type, message_class(each.type)())
        return result

    return read


@cache
def _take_plan(type_name: str) -> tuple[dict[int, tuple[str, Take]], tuple[FieldInfo, ...]]:
    """{number: (JSON name, step)}, without a name for an inline member; and the fields that are shown though they are not set."""
    wire = kinds.info(type_name).wire
    steps = {each.number: ("" if each.inline else each.name, _take_field(each)) for each in wire}
    return steps, tuple(each for each in wire if each.shown)


def _take_field(field: FieldInfo) -> Take:
    scalar = field.type in kinds.SCALARS
    of_item: Take | None = _take_scalar(field.type) if scalar else _later(taker, field.type)
    if field.map:
        return _take_map(field, of_item)
    if field.repeated and field.wrapped:
        return lambda held: list(held.items)
    if field.repeated:
        return lambda held: [of_item(item) for item in held] if of_item else list(held)
    if not scalar:
        return taker(field.type)
    if field.pointer or field.always:
        return of_item or (lambda held: held)
    return lambda held: (of_item(held) if of_item else held) if held else None


def _take_map(field: FieldInfo, of_item: Take | None) -> Take:
    if field.wrapped:
        return lambda held: {key: list(held[key].items) for key in sorted(held)}
    if of_item is None:
        return lambda held: dict(sorted(held.items()))
    return lambda held: {key: of_item(held[key]) for key in sorted(held)}


def _take_scalar(type_name: str) -> Take | None:
    """The conversion of a scalar of this type to JSON; None if there is none."""
    if type_name == "[]byte":
        return lambda held: base64.b64encode(held).decode()
    if type_name == "float64":
        return lambda held: int(held) if held.is_integer() else held
    return None
