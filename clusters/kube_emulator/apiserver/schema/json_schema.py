"""The shape of a JSON schema: of a custom resource (``openAPIV3Schema``) and in OpenAPI documents.

After apiextensions/v1 JSONSchemaProps and kube-openapi ``pkg/validation/spec``; only the keywords that the emulator reads or
writes. A schema is of this shape once its CustomResourceDefinition was decoded, because decoding checks types.
"""

from typing import Any, TypedDict


class ValidationRule(TypedDict, total=False):
    """An item of ``x-kubernetes-validations``."""

    rule: str
    message: str
    messageExpression: str
    reason: str
    fieldPath: str
    optionalOldSelf: bool


JsonSchema = TypedDict(
    "JsonSchema",
    {
        "$ref": str,
        "description": str,
        "type": str,
        "format": str,
        "default": Any,
        "nullable": bool,
        "enum": list[Any],
        "pattern": str,
        "minLength": int,
        "maxLength": int,
        "minimum": float,
        "maximum": float,
        "exclusiveMinimum": bool,
        "exclusiveMaximum": bool,
        "multipleOf": float,
        "required": list[str],
        "properties": dict[str, "JsonSchema"],
        "additionalProperties": "JsonSchema | bool",
        "minProperties": int,
        "maxProperties": int,
        "items": "JsonSchema",
        "minItems": int,
        "maxItems": int,
        "allOf": list["JsonSchema"],
        "anyOf": list["JsonSchema"],
        "oneOf": list["JsonSchema"],
        "not": "JsonSchema",
        "x-kubernetes-embedded-resource": bool,
        "x-kubernetes-group-version-kind": list[dict[str, str]],
        "x-kubernetes-int-or-string": bool,
        "x-kubernetes-list-map-keys": list[str],
        "x-kubernetes-list-type": str,
        "x-kubernetes-map-type": str,
        "x-kubernetes-patch-merge-key": str,
        "x-kubernetes-patch-strategy": str,
        "x-kubernetes-preserve-unknown-fields": bool,
        "x-kubernetes-validations": list[ValidationRule],
    },
    total=False,
)
"""A schema; every keyword can be absent, ``{}`` accepts everything."""
