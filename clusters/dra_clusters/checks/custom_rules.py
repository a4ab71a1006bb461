"""CEL rules in the schemas of custom resources (``x-kubernetes-validations``): types, costs, and what they see at run time."""

from dra_api.objects import JsonObject
from dra_clusters.checks.behaviour import behaviour
from dra_clusters.checks.client import same
from dra_clusters.checks.context import CheckContext
from dra_clusters.checks.custom_schemas import APIEXTENSIONS, RULES, refused, schema
from dra_clusters.checks.customs import CRD, define, widget

SCHEMA_AT = "spec.validation.openAPIV3Schema"
"""Where the schema of the only version is refused: it is validated as that of all versions."""


@behaviour("custom-rules/rules-have-types", APIEXTENSIONS + "pkg/apiserver/schema/cel/compilation.go")
def rules_have_types(context: CheckContext) -> None:
    """A rule is type-checked with the definition: a field that the schema does not have, and a result that is no bool, are 422."""
    where = f"{SCHEMA_AT}.properties[spec].{RULES}[0].rule"
    size = {"size": {"type": "integer"}}

    def ruled(rule: str) -> JsonObject:
        return schema(size, **{RULES: [{"rule": rule}]})

    refused(context, where, "undefined field 'nope'", schema=ruled("self.nope == 1"))
    refused(context, where, "no matching overload", schema=ruled("self.size == 'x'"))
    refused(context, where, "must evaluate to a bool", schema=ruled("self.size"))


@behaviour(
    "custom-rules/rules-have-a-budget",
    APIEXTENSIONS + "pkg/apis/apiextensions/validation/validation.go StaticEstimatedCostLimit",
)
def rules_have_a_budget(context: CheckContext) -> None:
    """A rule over unbounded lists in lists costs too much at worst, and the definition is refused."""
    inner = {"type": "array", "items": {"type": "string"}}
    lists = {"a": {"type": "array", "items": inner}, "b": {"type": "array", "items": inner}}
    rule = "self.a.all(x, x.all(y, self.b.all(z, z.all(w, w != y))))"
    status_of(
        context, schema(lists, **{RULES: [{"rule": rule}]}), "estimated rule cost exceeds budget by factor of"
    )


def status_of(context: CheckContext, new: JsonObject, text: str) -> None:
    """Demand that a definition with the schema NEW is refused with TEXT."""
    group = f"{context.name()}.example.com"
    version = {"name": "v1", "served": True, "storage": True, "schema": new}
    names = {"plural": "widgets", "singular": "widget", "kind": "Widget", "listKind": "WidgetList"}
    spec = {"group": group, "scope": "Namespaced", "names": names, "versions": [version]}
    context.post(CRD, {"metadata": {"name": f"widgets.{group}"}, "spec": spec}).refuse(422, "Invalid", text)


@behaviour(
    "custom-rules/rules-have-a-cost",
    APIEXTENSIONS + "pkg/apiserver/schema/cel/validation.go, apiserver pkg/apis/cel/config.go PerCallLimit",
)
def rules_have_a_cost(context: CheckContext) -> None:
    """A rule that costs too much on a value is 422 at the value."""
    rule = "self.all(x, self.all(y, y == x || x != y))"
    items = {"type": "array", "maxItems": 1000, "items": {"type": "integer"}, RULES: [{"rule": rule}]}
    api = define(context, schema=schema({"a": items}))
    body = widget(context, api)
    body["spec"] = {"a": list(range(1000))}
    context.post("widgets", body, api=api).refuse(422, "Invalid", "call cost exceeds limit")


@behaviour("custom-rules/see-typed-values", APIEXTENSIONS + "pkg/apiserver/schema/cel/values.go")
def typed_values(context: CheckContext) -> None:
    """A rule sees times as times, numbers as doubles, and names that CEL cannot have escaped."""
    members = {
        "at": {"type": "string", "format": "date-time"},
        "for": {"type": "string", "format": "duration"},
        "share": {"type": "number"},
        "a-b": {"type": "string"},
    }
    rules = (
        "self.at > timestamp('2020-01-01T00:00:00Z')",
        "self.__for__ < duration('2h')",
        "self.share / 2.0 == 1.5",
        "self.a__dash__b == 'x'",
    )
    api = define(context, schema=schema(members, **{RULES: [{"rule": rule} for rule in rules]}))
    good = {"at": "2024-01-01T00:00:00Z", "for": "90m", "share": 3, "a-b": "x"}
    body = widget(context, api)
    body["spec"] = good
    context.post("widgets", body, api=api).expect(201)
    body["metadata"] = {"name": "other"}
    body["spec"] = good | {"at": "2019-01-01T00:00:00Z", "for": "3h", "share": 4, "a-b": "y"}
    status = context.post("widgets", body, api=api).refuse(422, "Invalid")
    same(len(status["details"]["causes"]), len(rules), "causes")


@behaviour(
    "custom-rules/optional-old-value", "KEP 4008, " + APIEXTENSIONS + "pkg/apiserver/schema/cel/validation.go"
)
def optional_old(context: CheckContext) -> None:
    """A rule with optionalOldSelf is evaluated at creation too: its old value is an optional."""
    rule = {
        "rule": "oldSelf.hasValue() || self.size == 1",
        "optionalOldSelf": True,
        "message": "begin with one",
    }
    api = define(context, schema=schema({"size": {"type": "integer"}}, **{RULES: [rule]}))
    context.post("widgets", widget(context, api), api=api).refuse(422, "Invalid", "begin with one")
    context.post("widgets", widget(context, api, size=1), api=api).expect(201)
    context.patch("merge", "widgets", "w", {"spec": {"size": 2}}, api=api).expect(200)


@behaviour("custom-rules/failures-are-refusals", APIEXTENSIONS + "pkg/apiserver/schema/cel/validation.go")
def failures(context: CheckContext) -> None:
    """A rule that fails on a value refuses it, and the message says why."""
    members = {"size": {"type": "integer"}, "list": {"type": "array", "items": {"type": "integer"}}}
    api = define(context, schema=schema(members, **{RULES: [{"rule": "self.list[5] == 1"}]}))
    body = widget(context, api)
    body["spec"]["list"] = [1]
    context.post("widgets", body, api=api).refuse(
        422, "Invalid", "index out of bounds: 5 evaluating rule: self.list[5] == 1"
    )
    body["spec"] = {"size": 1}
    context.post("widgets", body, api=api).refuse(422, "Invalid", "no such key: list evaluating rule")
