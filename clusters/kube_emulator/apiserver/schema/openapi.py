"""Pure: the OpenAPI documents of what is served, for ``kubectl explain``, ``apply --validate`` and code generators.

Version 3 is a document for each group version, JSON, which is what kubectl reads from 1.27 on (explain, the query
parameters of patch). Version 2 is one document; client-go requests it as protobuf only
(``application/com.github.proto-openapi.spec.v2@v1.0+protobuf``, client-go v0.36.3 discovery_client.go) and cannot read
JSON, so ``gnostic`` encodes it; other clients get JSON.

Schemas of built-in kinds come from the tables. The caller passes those of custom resources, {kind: openAPIV3Schema}.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

from dra_api.objects import JsonObject
from kube_emulator.apiserver.schema import kinds
from kube_emulator.apiserver.schema.json_schema import JsonSchema
from kube_emulator.apiserver.schema.schemas import V2_PREFIX, V3_PREFIX, schema_name, schemas
from kube_emulator.releases.release import Release

META = ("meta_v1.DeleteOptions", "meta_v1.Status", "meta_v1.WatchEvent", "Patch")
PATCH_TYPES = ("apply-patch+yaml", "json-patch+json", "merge-patch+json", "strategic-merge-patch+json")
ANSWER_TYPES = ("application/json", "application/yaml", "application/vnd.kubernetes.protobuf")
LIST_TYPES = (
    *ANSWER_TYPES,
    "application/json;stream=watch",
    "application/vnd.kubernetes.protobuf;stream=watch",
)

STRING, INTEGER, BOOLEAN = "string", "integer", "boolean"
CONVENTIONS = "https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md"
API_VERSION = f"The version of the API that this object is in. More info: {CONVENTIONS}#resources"
KIND = f"The kind of this object, in CamelCase; it cannot be changed. More info: {CONVENTIONS}#types-kinds"
METADATA = f"Standard object's metadata. More info: {CONVENTIONS}#metadata"
LIST_METADATA = f"Standard list metadata. More info: {CONVENTIONS}#types-kinds"
"""What ``kubectl explain`` prints of the header of a custom resource."""

QUERY = {
    "allowWatchBookmarks": (BOOLEAN, "Whether a watch may send bookmarks."),
    "continue": (STRING, "The token of the next page of a list."),
    "dryRun": (STRING, "All: everything is checked and nothing is stored."),
    "fieldManager": (STRING, "The name of the manager of this change; apply requires it."),
    "fieldSelector": (STRING, "Only objects whose fields match."),
    "fieldValidation": (STRING, "What unknown and duplicate fields do: Ignore, Warn or Strict."),
    "force": (BOOLEAN, "Take over fields that another manager applied."),
    "gracePeriodSeconds": (INTEGER, "Seconds until a deletion is forced; 0 deletes at once."),
    "labelSelector": (STRING, "Only objects whose labels match."),
    "limit": (INTEGER, "The most objects of one page."),
    "orphanDependents": (BOOLEAN, "Deprecated: keep the objects that this one owns."),
    "pretty": (STRING, "Indent the answer."),
    "propagationPolicy": (STRING, "What happens to owned objects: Orphan, Background or Foreground."),
    "resourceVersion": (STRING, "The version to read, or the one after which a watch starts."),
    "resourceVersionMatch": (STRING, "How resourceVersion is interpreted: Exact or NotOlderThan."),
    "sendInitialEvents": (BOOLEAN, "Start a watch with the existing objects."),
    "timeoutSeconds": (INTEGER, "Seconds after which a list or watch ends."),
    "watch": (BOOLEAN, "Watch for changes instead of listing."),
}
PATH = {
    "name": (STRING, "The name of the object."),
    "namespace": (STRING, "The namespace of the object."),
}
WRITING = ("dryRun", "fieldManager", "fieldValidation")
DELETING = ("dryRun", "gracePeriodSeconds", "orphanDependents", "propagationPolicy")
SELECTING = ("continue", "fieldSelector", "labelSelector", "limit", "resourceVersion", "resourceVersionMatch")
LISTING = ("allowWatchBookmarks", *SELECTING, "sendInitialEvents", "timeoutSeconds", "watch")


class Served(Protocol):
    """What the documents need of a resource (``resources.Resource`` has it)."""

    @property
    def group(self) -> str:
        """Empty for core."""

    @property
    def version(self) -> str:
        """``v1``."""

    @property
    def plural(self) -> str:
        """Its name in paths."""

    @property
    def kind(self) -> str:
        """Its kind."""

    @property
    def namespaced(self) -> bool:
        """Whether its objects are in namespaces."""

    @property
    def status(self) -> bool:
        """Whether it has a ``/status``."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation at a path.

    Attributes:
        action: ``x-kubernetes-action``.
        prefix: the start of its operationId and description.
        body: the name of the schema of the request body; empty for none.
    """

    method: str
    action: str
    prefix: str
    query: tuple[str, ...]
    body: str
    answer: str


NO_SCHEMAS: Mapping[str, JsonSchema] = MappingProxyType({})


def index(digests: Mapping[str, str]) -> JsonObject:
    """``/openapi/v3``, of {``api/v1`` or ``apis/GROUP/VERSION``: its digest}, by which clients cache documents."""
    addresses = {root: f"/openapi/v3/{root}?hash={digest}" for root, digest in digests.items()}
    return {"paths": {root: {"serverRelativeURL": address} for root, address in addresses.items()}}


def digest(
    resources: Iterable[Served], release: Release, custom: Mapping[str, JsonSchema] = NO_SCHEMAS
) -> str:
    """A digest that changes whenever the document of the same arguments does, without building the document."""
    rows = [
        (each.group, each.version, each.plural, each.kind, each.namespaced, each.status) for each in resources
    ]
    content = json.dumps([str(release), rows, dict(custom)], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest().upper()


def document_v3(
    resources: Iterable[Served], release: Release, custom: Mapping[str, JsonSchema] = NO_SCHEMAS
) -> JsonObject:
    """``/openapi/v3/<root>`` of the resources of one group version; CUSTOM is {kind: its schema}."""
    served = tuple(resources)
    return {
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": f"v{release}.0"},
        "paths": _paths(served, 3),
        "components": {
            "schemas": _schemas(served, custom, 3, release),
            "securitySchemes": {
                "BearerToken": {"type": "apiKey", "name": "authorization", "in": "header"},
            },
        },
    }


def document_v2(
    resources: Iterable[Served], release: Release, custom: Mapping[str, JsonSchema] = NO_SCHEMAS
) -> JsonObject:
    """``/openapi/v2`` of all resources."""
    served = tuple(resources)
    return {
        "swagger": "2.0",
        "info": {"title": "Kubernetes", "version": f"v{release}.0"},
        "paths": _paths(served, 2),
        "definitions": _schemas(served, custom, 2, release),
    }


def schema_of(
    resource: Served, release: Release, custom: Mapping[str, JsonSchema] = NO_SCHEMAS
) -> tuple[str, dict[str, JsonSchema]]:
    """The name of RESOURCE's schema of version 3, and {name: schema} of it and all that it refers to."""
    return _name(resource), _schemas((resource,), custom, 3, release)


def root_of(resource: Served) -> str:
    """``api/v1`` or ``apis/GROUP/VERSION``."""
    return f"apis/{resource.group}/{resource.version}" if resource.group else f"api/{resource.version}"


def _api_version(resource: Served) -> str:
    return f"{resource.group}/{resource.version}" if resource.group else resource.version


def _name(resource: Served, suffix: str = "") -> str:
    info = kinds.type_of(_api_version(resource), resource.kind + suffix)
    if info:
        return schema_name(info.name)
    domain = ".".join(reversed(resource.group.split(".")))
    return f"{domain}.{resource.version}.{resource.kind}{suffix}"


def _gvk(resource: Served, suffix: str = "") -> dict[str, str]:
    return {"group": resource.group, "kind": resource.kind + suffix, "version": resource.version}


def _schemas(
    served: tuple[Served, ...], custom: Mapping[str, JsonSchema], version: int, release: Release
) -> dict[str, JsonSchema]:
    roots = list(META)
    own: dict[str, JsonSchema] = {}
    for resource in served:
        infos = [kinds.type_of(_api_version(resource), resource.kind + suffix) for suffix in ("", "List")]
        roots += [info.name for info in infos if info]
        if not infos[0]:
            own |= _custom(resource, custom.get(resource.kind, {"type": "object"}), version)
            roots += ["meta_v1.ObjectMeta", "meta_v1.ListMeta"]
    return schemas(roots, version, release) | own


def _custom(resource: Served, schema: JsonSchema, version: int) -> dict[str, JsonSchema]:
    """The schemas of a custom resource and its list."""
    prefix = V2_PREFIX if version == 2 else V3_PREFIX
    header: dict[str, JsonSchema] = {
        "apiVersion": {"type": "string", "description": API_VERSION},
        "kind": {"type": "string", "description": KIND},
    }
    meta = reference(prefix + schema_name("meta_v1.ObjectMeta"), METADATA, version)
    list_meta = reference(prefix + schema_name("meta_v1.ListMeta"), LIST_METADATA, version)
    items: JsonSchema = {"type": "array", "items": {"$ref": prefix + _name(resource)}}
    return {
        _name(resource): schema
        | {"properties": {**schema.get("properties", {}), **header, "metadata": meta}}
        | {"x-kubernetes-group-version-kind": [_gvk(resource)]},
        _name(resource, "List"): {
            "type": "object",
            "required": ["items"],
            "properties": {**header, "metadata": list_meta, "items": items},
            "x-kubernetes-group-version-kind": [_gvk(resource, "List")],
        },
    }


def reference(to: str, description: str, version: int) -> JsonSchema:
    """A described reference; in OpenAPI 3.0 nothing may be beside ``$ref``."""
    if version == 2:
        return {"$ref": to, "description": description}
    return {"allOf": [{"$ref": to}], "description": description}


def _paths(served: tuple[Served, ...], version: int) -> JsonObject:
    found: JsonObject = {}
    for resource in served:
        for path, operations in _operations(resource):
            item: JsonObject = {each.method: _rendered(resource, path, each, version) for each in operations}
            names = [name for name in PATH if f"{{{name}}}" in path]
            item["parameters"] = [
                *(_parameter(name, "path", version) for name in names),
                _parameter("pretty", "query", version),
            ]
            found[path] = item
    return found


def _operations(resource: Served) -> Iterator[tuple[str, list[Operation]]]:
    """(path, its operations) of a resource."""
    one, many = _name(resource), _name(resource, "List")
    gone = schema_name("meta_v1.Status")
    options = schema_name("meta_v1.DeleteOptions")
    root = f"/{root_of(resource)}"
    space = "/namespaces/{namespace}" if resource.namespaced else ""
    listing = Operation("get", "list", "list", LISTING, "", many)
    writes = [
        Operation("get", "get", "read", (), "", one),
        Operation("put", "put", "replace", WRITING, one, one),
        Operation("patch", "patch", "patch", (*WRITING, "force"), schema_name("Patch"), one),
    ]
    collection = f"{root}{space}/{resource.plural}"
    yield (
        collection,
        [
            listing,
            Operation("post", "post", "create", WRITING, one, one),
            Operation(
                "delete", "deletecollection", "deleteCollection", (*DELETING, *SELECTING), options, gone
            ),
        ],
    )
    yield f"{collection}/{{name}}", [*writes, Operation("delete", "delete", "delete", DELETING, options, one)]
    if resource.status:
        yield f"{collection}/{{name}}/status", writes
    if resource.namespaced:
        yield f"{root}/{resource.plural}", [listing]


def _rendered(resource: Served, path: str, operation: Operation, version: int) -> JsonObject:
    group = resource.group.partition(".")[0] or "core"
    space = "Namespaced" if "{namespace}" in path else ""
    where = "ForAllNamespaces" if resource.namespaced and not space else ""
    part = "Status" if path.endswith("/status") else ""
    title = f"{group.capitalize()}{resource.version.capitalize()}{space}{resource.kind}{part}{where}"
    rendered: JsonObject = {
        "tags": [f"{group}_{resource.version}"],
        "description": f"{operation.prefix} {resource.kind}",
        "operationId": operation.prefix + title,
        "x-kubernetes-action": operation.action,
        "x-kubernetes-group-version-kind": _gvk(resource),
    }
    if operation.query:  # Go's types leave an empty list out, and clients compare what they read and write
        rendered["parameters"] = [_parameter(name, "query", version) for name in operation.query]
    sent = [f"application/{each}" for each in PATCH_TYPES] if operation.method == "patch" else ["*/*"]
    answers = LIST_TYPES if operation.action == "list" else ANSWER_TYPES
    if version == 2:
        return rendered | _bodies_v2(operation, sent, answers)
    return rendered | _bodies_v3(operation, sent, answers)


def _bodies_v3(operation: Operation, sent: Iterable[str], answers: Iterable[str]) -> JsonObject:
    def content(types: Iterable[str], name: str) -> JsonObject:
        return {each: {"schema": {"$ref": V3_PREFIX + name}} for each in types}

    responses: JsonObject = {"200": {"description": "OK", "content": content(answers, operation.answer)}}
    if operation.method in ("post", "put", "patch"):
        responses["201"] = responses["200"] | {"description": "Created"}
    bodies: JsonObject = {"responses": responses | {"401": {"description": "Unauthorized"}}}
    if operation.body:
        required = {} if operation.method == "delete" else {"required": True}
        bodies["requestBody"] = {"content": content(sent, operation.body)} | required
    return bodies


def _bodies_v2(operation: Operation, sent: list[str], answers: Iterable[str]) -> JsonObject:
    answer = {"description": "OK", "schema": {"$ref": V2_PREFIX + operation.answer}}
    responses: JsonObject = {"200": answer, "401": {"description": "Unauthorized"}}
    bodies: JsonObject = {"consumes": sent, "produces": list(answers), "responses": responses}
    if operation.body:
        body = {"name": "body", "in": "body", "schema": {"$ref": V2_PREFIX + operation.body}}
        required = {} if operation.method == "delete" else {"required": True}
        parameters = [body | required, *(_parameter(name, "query", 2) for name in operation.query)]
        bodies["parameters"] = parameters
    return bodies


def _parameter(name: str, place: str, version: int) -> JsonObject:
    kind, description = (QUERY if place == "query" else PATH)[name]
    typed = {"type": kind, "uniqueItems": True}
    required = {"required": True} if place == "path" else {}
    described = {"name": name, "in": place, "description": description} | required
    return described | (typed if version == 2 else {"schema": typed})
