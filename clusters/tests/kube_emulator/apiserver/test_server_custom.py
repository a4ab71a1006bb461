"""Custom kinds over HTTP. Expected texts are those of kube-apiserver 1.36.3."""

from collections.abc import Iterator
from typing import Any

import pytest
from http_client import APPLY, MERGE, STRATEGIC, Caller

pytestmark = pytest.mark.slow
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
FOOS = "/apis/ex.com/v1/namespaces/default/foos"
ITEMS = {
    "type": "object",
    "required": ["n"],
    "properties": {"n": {"type": "string"}, "v": {"type": "string"}},
}
SPEC = {
    "type": "object",
    "required": ["x"],
    "properties": {
        "x": {"type": "integer", "minimum": 1, "default": 3},
        "y": {"type": "string", "enum": ["a", "b"], "maxLength": 3},
        "l": {"type": "array", "maxItems": 2, "items": {"type": "string"}},
        "m": {
            "type": "array",
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["n"],
            "items": ITEMS,
        },
        "ios": {"x-kubernetes-int-or-string": True},
    },
}
STATUS = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
SCHEMA = {"openAPIV3Schema": {"type": "object", "properties": {"spec": SPEC, "status": STATUS}}}
SCALE = {"specReplicasPath": ".spec.x", "statusReplicasPath": ".status.x"}
VERSION = {
    "served": True,
    "schema": SCHEMA,
    "subresources": {"status": {}, "scale": SCALE},
    "additionalPrinterColumns": [{"name": "X", "type": "integer", "jsonPath": ".spec.x"}],
    "selectableFields": [{"jsonPath": ".spec.y"}],
}
DEFINITION = {
    "metadata": {"name": "foos.ex.com"},
    "spec": {
        "group": "ex.com",
        "names": {"kind": "Foo", "plural": "foos", "shortNames": ["fo"]},
        "scope": "Namespaced",
        "versions": [
            {"name": "v1", "storage": True, **VERSION},
            {"name": "v1beta1", "storage": False, **VERSION},
        ],
    },
}


@pytest.fixture(autouse=True)
def foos(call: Caller) -> Iterator[None]:
    assert call("POST", DEFINITIONS, DEFINITION).code == 201
    yield
    call("DELETE", f"{DEFINITIONS}/foos.ex.com")
    assert call("GET", FOOS).code == 404


def foo(name: str, **spec: Any) -> dict[str, Any]:
    return {"apiVersion": "ex.com/v1", "kind": "Foo", "metadata": {"name": name}, "spec": spec}


def test_a_definition_is_established_and_served_at_once(call: Caller) -> None:
    conditions = call("GET", f"{DEFINITIONS}/foos.ex.com").body["status"]["conditions"]
    assert {c["type"]: c["status"] for c in conditions} == {"NamesAccepted": "True", "Established": "True"}
    rows = call("GET", "/apis/ex.com/v1").body["resources"]
    assert {row["name"] for row in rows} == {"foos", "foos/status", "foos/scale"}
    schemas = call("GET", "/openapi/v3/apis/ex.com/v1").body["components"]["schemas"]
    assert any(name.endswith("Foo") for name in schemas)


def test_unknown_members_are_pruned_and_defaults_set(call: Caller) -> None:
    made = call("POST", FOOS, foo("a", zz=1) | {"status": {"q": 1}})
    assert made.body["spec"] == {"x": 3}
    assert "status" not in made.body
    assert made.headers["warning"] == '299 - "unknown field \\"spec.zz\\""'
    assert call("POST", f"{FOOS}?fieldValidation=Strict", foo("b", zz=1)).code == 400


@pytest.mark.parametrize(
    ("spec", "causes"),
    [
        (
            {"x": 0, "y": "c", "l": ["1", "2", "3"]},
            [
                ("FieldValueInvalid", "spec.x"),
                ("FieldValueNotSupported", "spec.y"),
                ("FieldValueTooMany", "spec.l"),
            ],
        ),
        ({"x": "no"}, [("FieldValueTypeInvalid", "spec.x")]),
        ({"y": "abcd"}, [("FieldValueTooLong", "spec.y"), ("FieldValueNotSupported", "spec.y")]),
        ({"m": [{"v": "1"}]}, [("FieldValueRequired", "spec.m[0].n")]),
        ({"m": [{"n": "1"}, {"n": "1"}]}, [("FieldValueDuplicate", "spec.m[1]")]),
        ({"ios": True}, [("FieldValueTypeInvalid", "spec.ios")]),
    ],
)
def test_what_does_not_fit_the_schema_is_refused(
    call: Caller, spec: Any, causes: list[tuple[str, str]]
) -> None:
    answer = call("POST", FOOS, foo("bad", **spec))
    assert answer.code == 422
    assert answer.causes == causes


def test_status_and_generation_are_kept_apart(call: Caller) -> None:
    call("POST", FOOS, foo("s", x=1))
    status = call("PATCH", f"{FOOS}/s/status", {"status": {"z": 1}, "spec": {"x": 9}}, kind=MERGE).body
    assert (status["status"], status["spec"], status["metadata"]["generation"]) == ({"z": 1}, {"x": 1}, 1)
    changed = call("PATCH", f"{FOOS}/s", {"spec": {"x": 2}}, kind=MERGE).body
    assert (changed["status"], changed["metadata"]["generation"]) == ({"z": 1}, 2)


def test_the_scale_reads_and_writes_its_paths(call: Caller) -> None:
    call("POST", FOOS, foo("sc", x=2))
    assert call("GET", f"{FOOS}/sc/scale").body["spec"] == {"replicas": 2}
    call("PATCH", f"{FOOS}/sc/scale", {"spec": {"replicas": 5}}, kind=MERGE)
    assert call("GET", f"{FOOS}/sc").body["spec"] == {"x": 5}


def test_appliers_share_lists_by_the_keys_of_the_schema(call: Caller) -> None:
    call("PATCH", f"{FOOS}/l?fieldManager=m1", foo("l", x=1, m=[{"n": "a", "v": "1"}]), kind=APPLY)
    call("PATCH", f"{FOOS}/l?fieldManager=m2", foo("l", m=[{"n": "b", "v": "1"}]), kind=APPLY)
    left = call("PATCH", f"{FOOS}/l?fieldManager=m1", foo("l", x=1), kind=APPLY).body
    assert left["spec"]["m"] == [{"n": "b", "v": "1"}]


def test_custom_kinds_have_no_strategic_patch_and_no_protobuf(call: Caller) -> None:
    call("POST", FOOS, foo("p", x=1))
    assert call("PATCH", f"{FOOS}/p", {"spec": {"x": 5}}, kind=STRATEGIC).code == 415
    assert call("GET", FOOS, Accept="application/vnd.kubernetes.protobuf").code == 406


def test_versions_columns_and_selectable_fields(call: Caller) -> None:
    call("POST", FOOS, foo("v", x=4, y="a"))
    other = FOOS.replace("/v1/", "/v1beta1/")
    assert call("GET", f"{other}/v").body["apiVersion"] == "ex.com/v1beta1"
    assert [i["metadata"]["name"] for i in call("GET", f"{FOOS}?fieldSelector=spec.y%3Da").body["items"]] == [
        "v"
    ]
    assert (
        call("GET", f"{FOOS}?fieldSelector=spec.x%3D4").body["message"] == "field label not supported: spec.x"
    )
    table = call("GET", FOOS, Accept="application/json;as=Table;v=v1;g=meta.k8s.io").body
    assert table["rows"][0]["cells"] == ["v", 4]


def test_a_definition_waits_for_instances_with_finalizers(call: Caller) -> None:
    call("POST", FOOS, foo("held", x=1) | {"metadata": {"name": "held", "finalizers": ["ex.com/hold"]}})
    marked = call("DELETE", f"{DEFINITIONS}/foos.ex.com").body
    assert marked["metadata"]["finalizers"] == ["customresourcecleanup.apiextensions.k8s.io"]
    call("PATCH", f"{FOOS}/held", {"metadata": {"finalizers": None}}, kind=MERGE)
    assert call("GET", f"{DEFINITIONS}/foos.ex.com").code == 404


def test_a_definition_that_cannot_be_served_is_refused(call: Caller) -> None:
    bad = {"metadata": {"name": "bad"}, "spec": {**DEFINITION["spec"], "versions": []}}  # type: ignore[dict-item] # a dict of dicts
    assert ("FieldValueInvalid", "metadata.name") in call("POST", DEFINITIONS, bad).causes


BARS = "/apis/ex.com/v1/bars"
RULES = [
    {"rule": "self.a <= self.b", "message": "a above b"},
    {"rule": "self.a == oldSelf.a"},
    {
        "rule": "self.n.startsWith('x')",
        "fieldPath": ".n",
        "reason": "FieldValueForbidden",
        "messageExpression": "'bad ' + self.n",
    },
]
B = {"type": "integer", "x-kubernetes-validations": [{"rule": "self < 100"}]}
BAR_SPEC = {
    "type": "object",
    "required": ["a", "b"],
    "x-kubernetes-validations": RULES,
    "properties": {"a": {"type": "integer"}, "b": B, "n": {"type": "string", "default": "x"}},
}


@pytest.fixture
def bars(call: Caller) -> Iterator[None]:
    schema = {"openAPIV3Schema": {"type": "object", "properties": {"spec": BAR_SPEC}}}
    names = {"kind": "Bar", "plural": "bars"}
    versions = [{"name": "v1", "served": True, "storage": True, "schema": schema}]
    spec = {"group": "ex.com", "names": names, "scope": "Cluster", "versions": versions}
    assert call("POST", DEFINITIONS, {"metadata": {"name": "bars.ex.com"}, "spec": spec}).code == 201
    yield
    call("DELETE", f"{DEFINITIONS}/bars.ex.com")


@pytest.mark.usefixtures("bars")
@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"a": 3, "b": 2}, "spec: Invalid value: a above b"),
        ({"a": 3, "b": 200}, "spec.b: Invalid value: 200: failed rule: self < 100"),
        ({"a": 3, "b": 4, "n": "q"}, "spec.n: Forbidden: bad q"),
    ],
)
def test_rules_of_the_schema_are_checked(call: Caller, spec: dict[str, Any], message: str) -> None:
    item = {"apiVersion": "ex.com/v1", "kind": "Bar", "metadata": {"name": "a"}, "spec": spec}
    assert call("POST", BARS, item).body["message"] == f'Bar.ex.com "a" is invalid: {message}'


@pytest.mark.usefixtures("bars")
def test_transition_rules_see_the_old_object(call: Caller) -> None:
    item = {"apiVersion": "ex.com/v1", "kind": "Bar", "metadata": {"name": "t"}, "spec": {"a": 3, "b": 9}}
    assert call("POST", BARS, item).code == 201
    answer = call("PATCH", f"{BARS}/t", {"spec": {"a": 4}}, kind=MERGE)
    assert "spec: Invalid value: failed rule: self.a == oldSelf.a" in answer.body["message"]
    assert call("PATCH", f"{BARS}/t", {"spec": {"b": 8}}, kind=MERGE).code == 200
