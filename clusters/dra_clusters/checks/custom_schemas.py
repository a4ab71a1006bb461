"""The schemas of custom resources at work: old objects under new schemas, rules in CEL, fields for selectors."""

from typing import Any

from dra_api.objects import JsonObject
from dra_clusters.checks.behaviour import UPSTREAM, behaviour
from dra_clusters.checks.client import eventually, holds, same, take
from dra_clusters.checks.context import CheckContext
from dra_clusters.checks.customs import CRD, define, widget

APIEXTENSIONS = UPSTREAM + "staging/src/k8s.io/apiextensions-apiserver "
RULES = "x-kubernetes-validations"


def schema(spec: JsonObject, **rest: Any) -> JsonObject:
    """The schema of an object whose spec has these members."""
    return {
        "openAPIV3Schema": {
            "type": "object",
            "properties": {"spec": {"type": "object", "properties": spec, **rest}},
        }
    }


def definition_of(api: str) -> str:
    """The name of the definition of widgets at API."""
    return f"widgets.{api.split('/')[2]}"


def redefine(context: CheckContext, api: str, new: JsonObject, **change: Any) -> None:
    """Give the widgets at API a new schema, and wait until it is used: a marker field gets its default."""
    definition = context.get(CRD, definition_of(api)).expect(200)
    marker = {
        "properties": {**new["openAPIV3Schema"]["properties"], "marker": {"type": "string", "default": "new"}}
    }
    version = definition["spec"]["versions"][0] | change
    version["schema"] = {"openAPIV3Schema": {**new["openAPIV3Schema"], **marker}}
    definition["spec"]["versions"] = [version]
    context.put(CRD, definition).expect(200)

    def used() -> bool:
        body = {
            "apiVersion": api.removeprefix("/apis/"),
            "kind": "Widget",
            "metadata": {"name": context.name()},
            "spec": {},
        }
        answer = context.post("widgets", body, api=api, query={"dryRun": "All"})
        return answer.code != 201 or "marker" in answer.body

    eventually(used, "the new schema is used")


@behaviour(
    "custom-schemas/defaults-on-read",
    APIEXTENSIONS + "pkg/registry/customresource/etcd.go, pkg/apiserver/schema/defaulting",
)
def defaults_on_read(context: CheckContext) -> None:
    """An object that was stored before its schema had a default is read, listed and watched with it; nothing is written."""
    size = {"size": {"type": "integer"}}
    api = define(context, schema=schema(size))
    made = context.create("widgets", widget(context, api), api=api)
    redefine(context, api, schema({**size, "color": {"type": "string", "default": "red"}}))
    found = context.get("widgets", "w", api=api).expect(200)
    same(
        (found["spec"], found["metadata"]["resourceVersion"]),
        ({"size": 2, "color": "red"}, made["metadata"]["resourceVersion"]),
        "the object",
    )
    listed = context.get("widgets", api=api).expect(200)["items"][0]["spec"]
    same(listed, {"size": 2, "color": "red"}, "spec in the list")
    with context.client.watch(context.path("widgets", api=api)) as events:
        same(take(events, 1)[0]["object"]["spec"], {"size": 2, "color": "red"}, "spec in the watch")


@behaviour(
    "custom-schemas/unchanged-values-are-not-judged-again",
    "KEP 4008, " + APIEXTENSIONS + "pkg/apiserver/validation/ratcheting.go",
)
def ratcheting(context: CheckContext) -> None:
    """A value that a new schema forbids may stay as it is in an update; changed, it is judged."""
    text = {"type": "string"}
    api = define(context, schema=schema({"name": text, "other": text}))
    body = widget(context, api)
    body["spec"] = {"name": "much too long", "other": "x"}
    context.create("widgets", body, api=api)
    redefine(context, api, schema({"name": {**text, "maxLength": 3}, "other": text}))
    context.patch("merge", "widgets", "w", {"spec": {"other": "y"}}, api=api).expect(200)
    answer = context.patch("merge", "widgets", "w", {"spec": {"name": "also too long"}}, api=api)
    answer.invalid(("FieldValueTooLong", "spec.name"))
    context.patch("merge", "widgets", "w", {"spec": {"name": "abc"}}, api=api).expect(200)
    answer = context.patch("merge", "widgets", "w", {"spec": {"name": "much too long"}}, api=api)
    answer.invalid(("FieldValueTooLong", "spec.name"))


@behaviour(
    "custom-schemas/unchanged-rules-are-not-judged-again",
    "KEP 4008, " + APIEXTENSIONS + "pkg/apiserver/schema/cel/validation.go",
)
def ratcheting_of_rules(context: CheckContext) -> None:
    """A CEL rule of a value that did not change does not refuse an update, a transition rule does."""
    part = {"type": "object", "properties": {"n": {"type": "integer"}}}
    api = define(context, schema=schema({"a": part, "b": part}))
    body = widget(context, api)
    body["spec"] = {"a": {"n": 5}, "b": {"n": 1}}
    context.create("widgets", body, api=api)
    ruled = {**part, RULES: [{"rule": "self.n < 3", "message": "a is too big"}]}
    redefine(context, api, schema({"a": ruled, "b": part}))
    context.patch("merge", "widgets", "w", {"spec": {"b": {"n": 2}}}, api=api).expect(200)
    context.patch("merge", "widgets", "w", {"spec": {"a": {"n": 4}}}, api=api).refuse(
        422, "Invalid", "a is too big"
    )
    still = {**part, RULES: [{"rule": "self.n > oldSelf.n", "message": "a must grow"}]}
    redefine(context, api, schema({"a": still, "b": part}))
    context.patch("merge", "widgets", "w", {"spec": {"b": {"n": 3}}}, api=api).refuse(
        422, "Invalid", "a must grow"
    )


@behaviour(
    "custom-schemas/strict-writes",
    APIEXTENSIONS + "pkg/apiserver/customresource_handler.go schemaCoercingDecoder",
)
def strict_writes(context: CheckContext) -> None:
    """fieldValidation=Strict refuses unknown and duplicate members of a custom resource with 400; Warn warns of each."""
    api = define(context)
    strict = {"fieldValidation": "Strict"}
    context.post("widgets", widget(context, api, nope=1), api=api, query=strict).refuse(
        400, "BadRequest", 'strict decoding error: unknown field "spec.nope"'
    )
    version = api.removeprefix("/apis/")
    raw = f'{{"apiVersion":"{version}","kind":"Widget","metadata":{{"name":"w"}},"spec":{{"size":1,"size":2}}}}'.encode()
    path = context.path("widgets", api=api)
    context.client.send("POST", path, raw, query=strict).refuse(
        400, "BadRequest", 'duplicate field "spec.size"'
    )
    answer = context.client.send("POST", path, raw, query={"fieldValidation": "Warn"})
    answer.expect(201)
    holds(
        'duplicate field \\"spec.size\\"' in answer.headers.get("warning", ""),
        "a warning of the duplicate",
        answer.headers,
    )


@behaviour(
    "custom-schemas/strict-apply",
    APIEXTENSIONS
    + "test/integration/fieldvalidation (k/k test/integration/apiserver/field_validation_test.go)",
)
def strict_apply(context: CheckContext) -> None:
    """A strict apply of an unknown member of a custom resource is refused: it is not declared in the schema; duplicates of the YAML too."""
    api = define(context)
    query = {"fieldManager": "me", "fieldValidation": "Strict"}
    answer = context.patch("apply", "widgets", "w", widget(context, api, nope=1), api=api, **query)
    answer.refuse(500, None, ".spec.nope: field not declared in schema")
    version = api.removeprefix("/apis/")
    raw = (
        f"apiVersion: {version}\nkind: Widget\nmetadata: {{name: w}}\nspec:\n  size: 1\n  size: 2\n".encode()
    )
    headers = {"Content-Type": "application/apply-patch+yaml"}
    answer = context.client.send(
        "PATCH", context.path("widgets", "w", api=api), raw, query=query, headers=headers
    )
    answer.refuse(400, "BadRequest", 'key "size" already set in map')


@behaviour(
    "custom-schemas/paths-in-maps",
    APIEXTENSIONS + "pkg/apiserver/validation/validation.go, schema/cel/validation.go",
)
def paths_in_maps(context: CheckContext) -> None:
    """A refused value in a map is named by its key: .key by the schema, [key] by a rule."""
    entry = {
        "type": "object",
        "properties": {"n": {"type": "integer", "maximum": 5}},
        RULES: [{"rule": "self.n != 3"}],
    }
    api = define(
        context,
        schema=schema({"map": {"type": "object", "additionalProperties": entry, "maxProperties": 10}}),
    )
    body = widget(context, api)
    body["spec"] = {"map": {"foo": {"n": 9}}}
    context.post("widgets", body, api=api).invalid(("FieldValueInvalid", "spec.map.foo.n"))
    body["spec"] = {"map": {"foo": {"n": 3}}}
    context.post("widgets", body, api=api).invalid(("FieldValueInvalid", "spec.map[foo]"))


@behaviour("custom-schemas/selectable-fields", "KEP 4358")
def selectable(context: CheckContext) -> None:
    """Lists and watches select by the definition's selectableFields, by no other field."""
    api = define(context, selectableFields=[{"jsonPath": ".spec.color"}])
    context.create("widgets", widget(context, api, "r"), api=api)
    context.create("widgets", widget(context, api, "b", color="blue"), api=api)
    found = context.get("widgets", api=api, fieldSelector="spec.color=blue").expect(200)["items"]
    same([item["metadata"]["name"] for item in found], ["b"], "names")
    with context.client.watch(context.path("widgets", api=api), fieldSelector="spec.color!=blue") as events:
        same(take(events, 1)[0]["object"]["metadata"]["name"], "r", "the first event")
    context.get("widgets", api=api, fieldSelector="spec.size=2").refuse(
        400, "BadRequest", "field label not supported: spec.size"
    )


@behaviour(
    "custom-schemas/selectable-fields-are-simple",
    "KEP 4358, "
    + APIEXTENSIONS
    + "pkg/apis/apiextensions/validation/validation.go ValidateCustomResourceSelectableFields",
)
def selectable_validation(context: CheckContext) -> None:
    """A selectable field is a simple value that the schema has."""
    refused(context, "spec.selectableFields[0].jsonPath", selectableFields=[{"jsonPath": ".spec.tags"}])
    refused(context, "spec.selectableFields[0].jsonPath", selectableFields=[{"jsonPath": ".spec.none"}])


def refused(context: CheckContext, field: str, text: str = "", **change: Any) -> None:
    """Demand that a definition with CHANGE is refused at FIELD, and only there."""
    group = f"{context.name()}.example.com"
    version = {"name": "v1", "served": True, "storage": True, "schema": WIDGETS} | change
    names = {"plural": "widgets", "singular": "widget", "kind": "Widget", "listKind": "WidgetList"}
    spec = {"group": group, "scope": "Namespaced", "names": names, "versions": [version]}
    status = context.post(CRD, {"metadata": {"name": f"widgets.{group}"}, "spec": spec}).refuse(
        422, "Invalid", text
    )
    same({cause["field"] for cause in status["details"]["causes"]}, {field}, "fields")


WIDGETS = schema({"size": {"type": "integer"}, "tags": {"type": "array", "items": {"type": "string"}}})
SCHEMA_AT = "spec.validation.openAPIV3Schema"
"""Where one version's schema is refused: it is validated as that of all versions."""


@behaviour(
    "custom-schemas/published-with-its-header", APIEXTENSIONS + "pkg/controller/openapi/builder/builder.go"
)
def published(context: CheckContext) -> None:
    """The published schema describes apiVersion, kind and metadata, whatever the definition says of them."""
    api = define(context)
    properties = eventually(lambda: published_schema(context, api), "the schema is published")["properties"]
    for name in ("apiVersion", "kind"):
        same(properties[name]["type"], "string", name)
        holds(properties[name].get("description"), f"a description of {name}", properties)
    same(properties["metadata"]["allOf"], [{"$ref": OBJECT_META}], "metadata")


@behaviour(
    "custom-schemas/open-root-is-published", APIEXTENSIONS + "pkg/controller/openapi/builder/builder.go"
)
def open_root(context: CheckContext) -> None:
    """A root that preserves unknown members is published as an object that says so."""
    root = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    api = define(context, schema={"openAPIV3Schema": root})
    found = eventually(lambda: published_schema(context, api), "the schema is published")
    same((found["type"], found.get("x-kubernetes-preserve-unknown-fields")), ("object", True), "root")
    same(sorted(found["properties"]), ["apiVersion", "kind", "metadata"], "properties")


OBJECT_META = "#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"


def published_schema(context: CheckContext, api: str) -> Any:
    """The component of the widgets in the OpenAPI document of their version; None until it is there."""
    answer = context.client.send("GET", f"/openapi/v3{api}")
    schemas = answer.body["components"]["schemas"] if answer.code == 200 else {}
    return next((value for name, value in schemas.items() if name.endswith(".Widget")), None)
