"""Custom resources (apiextensions.k8s.io/v1; API docs: custom resource definitions)."""

from typing import Any

from dra_api.objects import JsonObject
from dra_clusters.checks.behaviour import UPSTREAM, behaviour
from dra_clusters.checks.client import eventually, holds, same, take
from dra_clusters.checks.context import CheckContext

CRD = "customresourcedefinitions"
APIEXTENSIONS = UPSTREAM + "staging/src/k8s.io/apiextensions-apiserver"
SCHEMA: JsonObject = {
    "type": "object",
    "required": ["spec"],
    "properties": {
        "spec": {
            "type": "object",
            "required": ["size"],
            "properties": {
                "size": {"type": "integer", "minimum": 1, "maximum": 9},
                "color": {"type": "string", "enum": ["red", "blue"], "default": "red"},
                "tags": {"type": "array", "items": {"type": "string"}},
                "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
            },
        },
        "status": {"type": "object", "properties": {"phase": {"type": "string"}}},
    },
}


def define(context: CheckContext, **change: Any) -> str:
    """Define Widgets in a group of their own, wait until they are served; the path of the group version."""
    group = f"{context.name()}.example.com"
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": SCHEMA},
        "subresources": {"status": {}},
        "additionalPrinterColumns": [{"name": "Size", "type": "integer", "jsonPath": ".spec.size"}],
    } | change
    names = {
        "plural": "widgets",
        "singular": "widget",
        "kind": "Widget",
        "listKind": "WidgetList",
        "shortNames": ["wi"],
    }
    spec = {"group": group, "scope": "Namespaced", "names": names, "versions": [version]}
    context.create(CRD, {"metadata": {"name": f"widgets.{group}"}, "spec": spec})
    api = f"/apis/{group}/v1"
    path = context.path("widgets", api=api)
    eventually(lambda: context.client.send("GET", path).code == 200, "widgets are served")
    return api


def widget(context: CheckContext, api: str, name: str = "w", **change: Any) -> JsonObject:
    """A widget for the API."""
    version = api.removeprefix("/apis/")
    return {
        "apiVersion": version,
        "kind": "Widget",
        "metadata": {"name": name},
        "spec": {"size": 2, **change},
    }


@behaviour("customs/become-established", APIEXTENSIONS)
def established(context: CheckContext) -> None:
    """A definition gets the conditions NamesAccepted and Established."""
    api = define(context)
    name = f"widgets.{api.split('/')[2]}"

    def look() -> bool:
        conditions = context.get(CRD, name).expect(200)["status"].get("conditions", [])
        return {"NamesAccepted", "Established"} <= {c["type"] for c in conditions if c["status"] == "True"}

    eventually(look, "both conditions")


@behaviour("customs/create-and-get", APIEXTENSIONS)
def create_and_get(context: CheckContext) -> None:
    """An object of a custom kind is stored with uid, version and generation 1."""
    api = define(context)
    body = context.create("widgets", widget(context, api), api=api)
    same(
        (body["kind"], body["metadata"]["generation"], context.get("widgets", "w", api=api).expect(200)),
        ("Widget", 1, body),
        "widget",
    )


@behaviour("customs/defaults", APIEXTENSIONS)
def defaults(context: CheckContext) -> None:
    """Defaults of the schema are filled in."""
    api = define(context)
    same(context.create("widgets", widget(context, api), api=api)["spec"]["color"], "red", "color")


@behaviour("customs/pruning", APIEXTENSIONS)
def pruning(context: CheckContext) -> None:
    """Unknown members are pruned, except where the schema preserves them."""
    api = define(context)
    spec = context.create("widgets", widget(context, api, nope=1, free={"x": 1}), api=api)["spec"]
    same(spec, {"size": 2, "color": "red", "free": {"x": 1}}, "spec")


@behaviour("customs/schema-refuses", APIEXTENSIONS)
def schema_refuses(context: CheckContext) -> None:
    """The schema refuses with 422 and the path of each member."""
    api = define(context)
    context.post("widgets", widget(context, api, size=0, color="green"), api=api).invalid(
        ("FieldValueInvalid", "spec.size"), ("FieldValueNotSupported", "spec.color")
    )


@behaviour("customs/schema-types", APIEXTENSIONS)
def schema_types(context: CheckContext) -> None:
    """A member of another type is 422 FieldValueTypeInvalid."""
    api = define(context)
    context.post("widgets", widget(context, api, size="big"), api=api).invalid(
        ("FieldValueTypeInvalid", "spec.size")
    )


@behaviour("customs/required", APIEXTENSIONS)
def required(context: CheckContext) -> None:
    """A required member that is missing is 422 FieldValueRequired."""
    api = define(context)
    item = widget(context, api)
    del item["spec"]["size"]
    context.post("widgets", item, api=api).invalid(("FieldValueRequired", "spec.size"))


@behaviour("customs/status-subresource", APIEXTENSIONS)
def status_subresource(context: CheckContext) -> None:
    """With the status subresource object and status are written apart; generation follows the spec only."""
    api = define(context)
    body = context.create("widgets", widget(context, api) | {"status": {"phase": "x"}}, api=api)
    same("status" in body, False, "status after create")
    body = context.put(
        "widgets", {**body, "status": {"phase": "y"}, "spec": {"size": 3}}, "status", api=api
    ).expect(200)
    same(
        (body["status"], body["spec"]["size"], body["metadata"]["generation"]),
        ({"phase": "y"}, 2, 1),
        "after status",
    )
    body = context.patch("merge", "widgets", "w", {"spec": {"size": 3}}, api=api).expect(200)
    same((body["status"], body["metadata"]["generation"]), ({"phase": "y"}, 2), "after a change of spec")


@behaviour("customs/no-strategic-patch", APIEXTENSIONS)
def no_strategic(context: CheckContext) -> None:
    """A strategic patch of a custom resource is 415."""
    api = define(context)
    context.create("widgets", widget(context, api), api=api)
    answer = context.patch("strategic", "widgets", "w", {"spec": {"size": 3}}, api=api)
    answer.refuse(415, "UnsupportedMediaType")


@behaviour("customs/kind-is-required", APIEXTENSIONS)
def kind_is_required(context: CheckContext) -> None:
    """A custom resource needs kind and apiVersion in its body: 400."""
    api = define(context)
    context.post("widgets", {"metadata": {"name": "w"}, "spec": {"size": 1}}, api=api).refuse(
        400, "BadRequest", "Object 'Kind' is missing"
    )


@behaviour("customs/update-needs-a-version", APIEXTENSIONS)
def update_needs_a_version(context: CheckContext) -> None:
    """A replace without resourceVersion is 422."""
    api = define(context)
    context.create("widgets", widget(context, api), api=api)
    context.put("widgets", widget(context, api), api=api).invalid(
        ("FieldValueInvalid", "metadata.resourceVersion")
    )


@behaviour("customs/apply", APIEXTENSIONS)
def apply(context: CheckContext) -> None:
    """Server-side apply works on custom resources, with conflicts."""
    api = define(context)
    context.patch("apply", "widgets", "w", widget(context, api), api=api, fieldManager="me").expect(201)
    answer = context.patch("apply", "widgets", "w", widget(context, api, size=3), api=api, fieldManager="you")
    answer.refuse(409, "Conflict", ".spec.size")


@behaviour("customs/watch", APIEXTENSIONS)
def watch(context: CheckContext) -> None:
    """Custom resources can be watched."""
    api = define(context)
    context.create("widgets", widget(context, api), api=api)
    with context.client.watch(context.path("widgets", api=api)) as events:
        same(take(events, 1)[0]["object"]["kind"], "Widget", "kind")


@behaviour("customs/table", APIEXTENSIONS)
def table(context: CheckContext) -> None:
    """additionalPrinterColumns are the columns of the table after the name."""
    api = define(context)
    context.create("widgets", widget(context, api), api=api)
    headers = {"Accept": "application/json;as=Table;v=v1;g=meta.k8s.io"}
    body = context.client.send("GET", context.path("widgets", api=api), headers=headers).expect(200)
    same([column["name"] for column in body["columnDefinitions"]], ["Name", "Size"], "columns")
    same(body["rows"][0]["cells"], ["w", 2], "cells")


@behaviour("customs/discovery", APIEXTENSIONS)
def discovery(context: CheckContext) -> None:
    """The kind is in discovery, with short name and status, and in /apis."""
    api = define(context)
    found = eventually(
        lambda: context.client.send("GET", api).body.get("resources"), "resources in discovery"
    )
    same(sorted(item["name"] for item in found), ["widgets", "widgets/status"], "resources")
    group = api.split("/")[2]

    def listed() -> Any:
        return group in {g["name"] for g in context.client.send("GET", "/apis").body["groups"]}

    eventually(listed, f"{group} in /apis")


@behaviour("customs/gone-with-the-definition", APIEXTENSIONS)
def gone(context: CheckContext) -> None:
    """Deleting the definition ends the API and removes the objects."""
    api = define(context)
    context.create("widgets", widget(context, api), api=api)
    context.delete(CRD, f"widgets.{api.split('/')[2]}").expect(200)
    path = context.path("widgets", "w", api=api)
    eventually(lambda: context.client.send("GET", path).code == 404, "widgets are gone")


@behaviour("customs/name-must-fit", APIEXTENSIONS)
def name_must_fit(context: CheckContext) -> None:
    """A definition is named PLURAL.GROUP."""
    names = {"plural": "widgets", "kind": "Widget"}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": SCHEMA}}
    spec = {"group": "example.com", "scope": "Namespaced", "names": names, "versions": [version]}
    status = context.post(CRD, {"metadata": {"name": "wrong.example.com"}, "spec": spec}).refuse(
        422, "Invalid"
    )
    holds(
        "metadata.name" in {cause["field"] for cause in status["details"]["causes"]}, "metadata.name", status
    )


@behaviour("customs/schema-is-required", APIEXTENSIONS)
def schema_is_required(context: CheckContext) -> None:
    """A version of a definition has a schema."""
    names = {"plural": "widgets", "kind": "Widget"}
    version = {"name": "v1", "served": True, "storage": True}
    spec = {"group": "example.com", "scope": "Namespaced", "names": names, "versions": [version]}
    status = context.post(CRD, {"metadata": {"name": "widgets.example.com"}, "spec": spec}).refuse(
        422, "Invalid"
    )
    found = {cause["field"] for cause in status["details"]["causes"]}
    holds("spec.versions[0].schema.openAPIV3Schema" in found, "the schema", found)


@behaviour("customs/cel-rules", "KEP 2876")
def cel_rules(context: CheckContext) -> None:
    """x-kubernetes-validations refuse with their message."""
    rule = {"rule": "self.size != 7", "message": "seven is not a size"}
    schema = {
        **SCHEMA,
        "properties": {
            **SCHEMA["properties"],
            "spec": {**SCHEMA["properties"]["spec"], "x-kubernetes-validations": [rule]},
        },
    }
    api = define(context, schema={"openAPIV3Schema": schema})
    context.post("widgets", widget(context, api, size=7), api=api).refuse(
        422, "Invalid", "seven is not a size"
    )
