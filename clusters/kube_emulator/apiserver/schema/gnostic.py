"""Encodes an OpenAPI 2 document as the protobuf that client-go requests (gnostic's ``openapi.v2.Document``).

Field numbers are those of github.com/google/gnostic-models v0.7.1 openapiv2/OpenAPIv2.proto, as far as the documents of
``openapi`` use them (``tables/openapi_v2.txt``). Extensions and defaults are YAML texts there; JSON is YAML.
"""

import json
from collections.abc import Mapping
from typing import Any

from dra_api.objects import JsonObject
from kube_emulator.apiserver.schema.descriptors import message_class
from kube_emulator.apiserver.schema.wire import put

MEDIA_TYPE = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
"""The content type of answers; Go's mime.ParseMediaType refuses one with an ``@``."""
ACCEPTED = (MEDIA_TYPE, "application/com.github.proto-openapi.spec.v2@v1.0+protobuf")
"""What clients accept: client-go sends it with an ``@`` (kube-openapi pkg/handler knows both)."""
KEPT = ("$ref", "format", "description", "required")
METHODS = ("get", "put", "post", "delete", "patch")


def encode(document: Mapping[str, Any]) -> bytes:
    """The bytes of an OpenAPI 2 DOCUMENT."""
    shaped = {
        "swagger": document["swagger"],
        "info": document["info"],
        "paths": {
            "path": [{"name": name, "value": _path_item(item)} for name, item in document["paths"].items()]
        },
        "definitions": _named(document["definitions"]),
    }
    message = message_class("openapi_v2.Document")()
    put("openapi_v2.Document", message, shaped)
    return bytes(message.SerializeToString(deterministic=True))


def _named(members: Mapping[str, Any]) -> JsonObject:
    return {
        "additional_properties": [{"name": name, "value": _schema(each)} for name, each in members.items()]
    }


def _any(value: Any) -> dict[str, str]:
    return {"yaml": json.dumps(value)}


def _extensions(value: Mapping[str, Any]) -> list[JsonObject]:
    return [{"name": name, "value": _any(each)} for name, each in value.items() if name.startswith("x-")]


def _schema(schema: Mapping[str, Any]) -> JsonObject:
    """A schema; keywords that OpenAPI 2 lacks (``oneOf``, ``nullable``) are left out, as kube-openapi does."""
    shaped: JsonObject = {name: schema[name] for name in KEPT if name in schema}
    shaped["vendor_extension"] = _extensions(schema)
    if "type" in schema:
        shaped["type"] = {"value": [schema["type"]]}
    if "default" in schema:
        shaped["default"] = _any(schema["default"])
    if "enum" in schema:
        shaped["enum"] = [_any(each) for each in schema["enum"]]
    if "items" in schema:
        shaped["items"] = {"schema": [_schema(schema["items"])]}
    if "properties" in schema:
        shaped["properties"] = _named(schema["properties"])
    if "additionalProperties" in schema:
        more = schema["additionalProperties"]
        shaped["additional_properties"] = (
            {"boolean": more} if isinstance(more, bool) else {"schema": _schema(more)}
        )
    return shaped


def _path_item(item: Mapping[str, Any]) -> JsonObject:
    shaped: JsonObject = {method: _operation(item[method]) for method in METHODS if method in item}
    return shaped | {"parameters": [_parameter(each) for each in item["parameters"]]}


def _operation(operation: Mapping[str, Any]) -> JsonObject:
    return {
        **{name: operation[name] for name in ("tags", "description", "produces", "consumes")},
        "operation_id": operation["operationId"],
        "parameters": [_parameter(each) for each in operation.get("parameters") or []],
        "responses": {"response_code": [_response(*each) for each in operation["responses"].items()]},
        "vendor_extension": _extensions(operation),
    }


def _response(code: str, response: Mapping[str, Any]) -> JsonObject:
    shaped: JsonObject = {"description": response["description"]}
    if "schema" in response:
        shaped["schema"] = {"schema": _schema(response["schema"])}
    return {"name": code, "value": {"response": shaped}}


def _parameter(parameter: Mapping[str, Any]) -> JsonObject:
    shaped = {
        name: parameter[name] for name in ("name", "in", "description", "required") if name in parameter
    }
    if parameter["in"] == "body":
        return {"parameter": {"body_parameter": shaped | {"schema": _schema(parameter["schema"])}}}
    shaped |= {"type": parameter["type"], "unique_items": parameter["uniqueItems"]}
    return {"parameter": {"non_body_parameter": {f"{parameter['in']}_parameter_sub_schema": shaped}}}
