"""Selectable fields of a CustomResourceDefinition: simple values that its schema has (KEP 4358).

After apiextensions-apiserver ``pkg/apis/apiextensions/validation`` (ValidateCustomResourceSelectableFields) and
``pkg/apiserver/schema/cel`` (ValidFieldPath), 1.37.
"""

import re
from collections.abc import Iterator

from dra_api.objects import JsonObject
from kube_emulator.apiserver.validation.causes import Cause, duplicate, invalid, required, too_many

FIELDS_MAX = 8
STEP = re.compile(r"[.\[\]]")
SIMPLE = ("string", "boolean", "integer")
NOT_SIMPLE = "must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed."


def causes(versions: list[JsonObject]) -> Iterator[Cause]:
    """What is wrong with the fields of each version; fields that all versions share are reported once, at ``spec``."""
    fields = [version.get("selectableFields") or [] for version in versions]
    shared = bool(fields) and all(one == fields[0] for one in fields)
    for index, (version, found) in enumerate(zip(versions, fields, strict=True)):
        if shared and index:
            return
        path = "spec.selectableFields" if shared else f"spec.versions[{index}].selectableFields"
        schema = (version.get("schema") or {}).get("openAPIV3Schema") or {}
        yield from _fields(found, schema, path)


def _fields(fields: list[JsonObject], schema: JsonObject, path: str) -> Iterator[Cause]:
    seen: set[str] = set()
    for index, entry in enumerate(fields):
        where, text = f"{path}[{index}].jsonPath", entry.get("jsonPath") or ""
        if not text:
            yield required(where)
            continue
        steps, why = steps_of(text, schema)
        if why:
            yield invalid(where, text, f"is an invalid path: {why}")
            continue
        if steps[0] == "metadata":
            yield invalid(where, text, "must not point to fields in metadata")
        if _found(schema, steps).get("type") not in SIMPLE:
            yield invalid(where, text, NOT_SIMPLE)
        if ".".join(steps) in seen:
            yield duplicate(where, text)
        seen.add(".".join(steps))
    if len(seen) > FIELDS_MAX:
        yield too_many(path, len(seen), FIELDS_MAX)


def steps_of(text: str, schema: JsonObject) -> tuple[list[str], str]:
    """The members that a path names, and why it leads nowhere."""
    steps: list[str] = []
    rest = text
    while rest:
        if rest[0] == "[":
            return steps, "array notation is not allowed"
        if rest[0] != ".":
            return steps, f"expected [ or . but got: {STEP.split(rest, maxsplit=1)[0]}"
        name = STEP.split(rest[1:], maxsplit=1)[0]
        if not rest[1:]:
            return steps, "unexpected end of JSON path"
        if name not in (_found(schema, steps).get("properties") or {}):
            return steps, "does not refer to a valid field"
        steps.append(name)
        rest = rest[1 + len(name) :]
    return steps, ""


def _found(schema: JsonObject, steps: list[str]) -> JsonObject:
    for name in steps:
        schema = schema["properties"][name]
    return schema
