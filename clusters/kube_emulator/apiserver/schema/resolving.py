"""Pure: a schema of OpenAPI v3 with all that it refers to in place of the references.

After apiserver ``pkg/cel/openapi/resolver`` refs.go, 1.37.
"""

from collections.abc import Mapping

from kube_emulator.apiserver.schema.json_schema import JsonSchema
from kube_emulator.apiserver.schema.schemas import V3_PREFIX


def resolved(name: str, schemas: Mapping[str, JsonSchema]) -> JsonSchema:
    """The schema NAME of SCHEMAS without references; one to a schema that it is itself in is an object of which nothing is known."""
    return _resolved(schemas[name], schemas, frozenset([name]))


def _resolved(schema: JsonSchema, schemas: Mapping[str, JsonSchema], around: frozenset[str]) -> JsonSchema:
    if name := _referred(schema):
        if name in around:
            return {"type": "object"}
        schema, around = schemas[name], around | {name}
    found = schema.copy()
    if "properties" in schema:
        found["properties"] = {
            member: _resolved(inner, schemas, around) for member, inner in schema["properties"].items()
        }
    if isinstance(extra := schema.get("additionalProperties"), dict):
        found["additionalProperties"] = _resolved(extra, schemas, around)
    if "items" in schema:
        found["items"] = _resolved(schema["items"], schemas, around)
    if schema.get("format") == "int-or-string":  # built-in kinds say it so, custom ones by the extension
        found["x-kubernetes-int-or-string"] = True
    return found


def _referred(schema: JsonSchema) -> str:
    """The name that SCHEMA refers to, also within ``allOf``, which kube-openapi uses for that only; empty if there is none."""
    if "$ref" in schema:
        return schema["$ref"].removeprefix(V3_PREFIX)
    return next((name for one in schema.get("allOf") or () if (name := _referred(one))), "")
