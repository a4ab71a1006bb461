"""Pure: prunes, defaults and validates a custom resource by its structural schema.

The order and messages of causes are those of apiextensions-apiserver ``pkg/apiserver/validation`` and kube-openapi
``pkg/validation`` (1.36).
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from dra_api.objects import JsonObject
from kube_emulator.apiserver.crds.patterns import matches
from kube_emulator.apiserver.schema.json_schema import JsonSchema
from kube_emulator.apiserver.validation.causes import (
    ABSENT,
    Cause,
    duplicate,
    invalid,
    not_supported,
    required,
    too_long,
    too_many,
    type_invalid,
)
from kube_emulator.jsonvalue import copied

INT_OR_STRING: Final = "x-kubernetes-int-or-string"
PRESERVE: Final = "x-kubernetes-preserve-unknown-fields"
EMBEDDED: Final = "x-kubernetes-embedded-resource"
HEADER = ("apiVersion", "kind", "metadata")
TYPES: Mapping[str, Callable[[Any], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: is_number(value) and float(value).is_integer(),
    "number": lambda value: is_number(value),
}


def is_number(value: Any) -> bool:
    """Whether a value is a JSON number."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def type_name(value: Any) -> str:
    """The JSON type of a value, as causes name it."""
    if value is None:
        return "null"
    if is_number(value):
        return "integer" if isinstance(value, int) else "number"
    return next(name for name, test in TYPES.items() if test(value))


def pruned(value: Any, schema: JsonSchema, path: str, unknown: list[str], *, root: bool = False) -> Any:
    """VALUE without members that SCHEMA does not have; their paths are added to UNKNOWN."""
    if isinstance(value, list):
        items = schema.get("items") or {}
        return [pruned(item, items, f"{path}[{index}]", unknown) for index, item in enumerate(value)]
    if not isinstance(value, dict):
        return value
    properties, extra = schema.get("properties") or {}, schema.get("additionalProperties")
    # an object keeps apiVersion, kind and metadata whatever its schema says
    whole = root or schema.get(EMBEDDED)
    result = {}
    for name, member in value.items():
        where = f"{path}.{name}" if path else name
        if whole and name in HEADER:
            result[name] = member
        elif name in properties:
            result[name] = pruned(member, properties[name], where, unknown)
        elif isinstance(extra, dict):
            result[name] = pruned(member, extra, where, unknown)
        elif extra or schema.get(PRESERVE):
            result[name] = member
        else:
            unknown.append(where)
    return result


def default(value: Any, schema: JsonSchema) -> None:
    """Set defaults and remove nulls of members that are not nullable, in place.

    Such a null is dropped before defaulting, so that a member with a default gets it (``pkg/apiserver/schema/defaulting``).
    """
    if isinstance(value, list):
        for item in value:
            default(item, schema.get("items") or {})
    if not isinstance(value, dict):
        return
    properties, extra = schema.get("properties") or {}, schema.get("additionalProperties")
    for name, inner in properties.items():
        empty = name in value and value[name] is None and not inner.get("nullable")
        if "default" in inner and (empty or name not in value):
            value[name] = copied(inner["default"])
        elif empty:
            del value[name]
        if name in value:
            default(value[name], inner)
    if isinstance(extra, dict):
        for name in value.keys() - properties.keys():
            default(value[name], extra)


def causes_of(value: Any, schema: JsonSchema, path: str, old: Any = ABSENT) -> Iterator[Cause]:
    """Why VALUE at PATH does not fit SCHEMA; one that is as OLD, the value before, is not judged again (KEP 4008)."""
    if old is not ABSENT and same(old, value):
        return
    if value is None:
        if not schema.get("nullable") and schema.get("type"):
            yield type_invalid(path, "null", f'{path} in body must be of type {schema["type"]}: "null"')
        return
    kind = schema.get("type")
    if schema.get(INT_OR_STRING):
        if not isinstance(value, str) and not TYPES["integer"](value):
            found = type_name(value)
            yield type_invalid(path, found, f'{path} in body must be of type integer,string: "{found}"')
    elif kind and not TYPES[kind](value):
        found = type_name(value)
        yield type_invalid(path, found, f'{path} in body must be of type {kind}: "{found}"')
        return
    yield from simple_causes(value, schema, path)
    if isinstance(value, dict):
        yield from object_causes(value, schema, path, old)
    elif isinstance(value, list):
        yield from array_causes(value, schema, path, old)
    yield from combined_causes(value, schema, path)


def same(old: Any, new: Any) -> bool:
    """Whether two JSON values are equal; Python takes 1 and True for equal."""
    return bool(old == new) and type_name(old) == type_name(new)


def member_before(old: Any, name: str, schema: JsonSchema) -> Any:
    """The member NAME of the value before; ABSENT if there is none, or the object is replaced as a whole."""
    if not isinstance(old, dict) or schema.get("x-kubernetes-map-type") == "atomic":
        return ABSENT
    return old.get(name, ABSENT)


def item_before(item: Any, old: Any, schema: JsonSchema) -> Any:
    """The item before that has the same keys in a list of type map; ABSENT if there is none."""
    keys = schema.get("x-kubernetes-list-map-keys") or []
    if not keys or not isinstance(old, list) or not isinstance(item, dict):
        return ABSENT
    wanted = [item.get(key) for key in keys]
    return next((before for before in old if [before.get(key) for key in keys] == wanted), ABSENT)


def simple_causes(value: Any, schema: JsonSchema, path: str) -> Iterator[Cause]:
    """Rules of texts, numbers and enumerations."""
    if isinstance(value, str):
        if len(value) > schema.get("maxLength", len(value)):
            yield too_long(path, schema["maxLength"])
        if len(value) < schema.get("minLength", 0):
            yield invalid(path, value, f"{path} in body should be at least {schema['minLength']} chars long")
        if "pattern" in schema and not matches(schema["pattern"], value):
            yield invalid(path, value, f"{path} in body should match '{schema['pattern']}'")
    elif is_number(value):
        yield from number_causes(value, schema, path)
    if "enum" in schema and value not in schema["enum"]:
        yield not_supported(path, value, [str(allowed) for allowed in schema["enum"]])


def number_causes(value: float, schema: JsonSchema, path: str) -> Iterator[Cause]:
    """Rules of numbers."""
    low, high, step = schema.get("minimum"), schema.get("maximum"), schema.get("multipleOf")
    if low is not None and (value < low or (schema.get("exclusiveMinimum") and value == low)):
        relation = "greater than" if schema.get("exclusiveMinimum") else "greater than or equal to"
        yield invalid(path, value, f"{path} in body should be {relation} {low}")
    if high is not None and (value > high or (schema.get("exclusiveMaximum") and value == high)):
        relation = "less than" if schema.get("exclusiveMaximum") else "less than or equal to"
        yield invalid(path, value, f"{path} in body should be {relation} {high}")
    if step and (value / step) != int(value / step):
        yield invalid(path, value, f"{path} in body should be a multiple of {step}")


def object_causes(value: JsonObject, schema: JsonSchema, path: str, old: Any) -> Iterator[Cause]:
    """Rules of objects."""
    properties, extra = schema.get("properties") or {}, schema.get("additionalProperties")
    for name in schema.get("required") or []:
        if name not in value:
            yield required(joined(path, name))
    if len(value) > schema.get("maxProperties", len(value)):
        yield too_many(path, len(value), schema["maxProperties"])
    if len(value) < schema.get("minProperties", 0):
        yield invalid(
            path, value, f"{path} in body should have at least {schema['minProperties']} properties"
        )
    for name, member in value.items():
        before = member_before(old, name, schema)
        if name in properties:
            yield from causes_of(member, properties[name], joined(path, name), before)
        elif isinstance(extra, dict):
            yield from causes_of(member, extra, joined(path, name), before)


def array_causes(value: list[Any], schema: JsonSchema, path: str, old: Any) -> Iterator[Cause]:
    """Rules of lists."""
    if len(value) > schema.get("maxItems", len(value)):
        yield too_many(path, len(value), schema["maxItems"])
    if len(value) < schema.get("minItems", 0):
        yield invalid(path, len(value), f"{path} in body should have at least {schema['minItems']} items")
    for index, item in enumerate(value):
        before = item_before(item, old, schema)
        yield from causes_of(item, schema.get("items") or {}, f"{path}[{index}]", before)
    list_type = schema.get("x-kubernetes-list-type")
    seen: list[Any] = []
    for index, item in enumerate(value):
        if list_type == "map" and isinstance(item, dict):
            item = {name: item.get(name) for name in schema.get("x-kubernetes-list-map-keys") or []}
        if list_type in ("set", "map") and item in seen:
            yield duplicate(f"{path}[{index}]", item)
        seen.append(item)


def combined_causes(value: Any, schema: JsonSchema, path: str) -> Iterator[Cause]:
    """Rules of allOf, anyOf, oneOf and not."""
    for inner in schema.get("allOf") or []:
        yield from causes_of(value, inner, path)
    fits = [not list(causes_of(value, inner, path)) for inner in schema.get("anyOf") or []]
    if fits and not any(fits):
        yield invalid(path, value, f"{path} in body must validate at least one schema (anyOf)")
    fits = [not list(causes_of(value, inner, path)) for inner in schema.get("oneOf") or []]
    if fits and fits.count(True) != 1:
        yield invalid(path, value, f"{path} in body must validate one and only one schema (oneOf)")
    if "not" in schema and not list(causes_of(value, schema["not"], path)):
        yield invalid(path, value, f"{path} in body must not validate the schema (not)")


def joined(path: str, name: str) -> str:
    """The path of a member."""
    return f"{path}.{name}" if path else name
