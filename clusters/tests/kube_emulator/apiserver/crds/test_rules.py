"""CEL rules of custom resources: the answers are those of kube-apiserver 1.37.2 to the same definitions."""

from typing import Any

import pytest

from kube_emulator.apiserver.crds.checks import expression_causes
from kube_emulator.apiserver.crds.declared import declared, escape

RULES = "x-kubernetes-validations"
TEXT: dict[str, Any] = {"type": "string"}
MEMBERS: dict[str, Any] = {
    "size": {"type": "integer"},
    "name": TEXT,
    "f-b": TEXT,
    "map": {"type": "object", "additionalProperties": TEXT},
    "o": {"type": "object", "properties": {"x": {"type": "string", "format": "date-time"}}},
    "list": {"type": "array", "items": {"type": "object", "properties": {"q": {"type": "number"}}}},
    "either": {"x-kubernetes-int-or-string": True},
    "open": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
    "lists": {"type": "array", "items": {"type": "array", "items": TEXT}},
}


def causes(members: dict[str, Any], *rules: dict[str, Any]) -> list[str]:
    """What is wrong with a definition whose spec has MEMBERS and RULES: field and message."""
    spec = {"type": "object", "properties": members, RULES: list(rules)}
    root = {"type": "object", "properties": {"spec": spec}}
    item = {"spec": {"versions": [{"name": "v1", "schema": {"openAPIV3Schema": root}}]}}
    return [cause.text for cause in expression_causes(item)]


@pytest.mark.parametrize(
    "rule",
    [
        "self.o.x > timestamp('2020-01-01T00:00:00Z')",
        "self.f__dash__b == 'x'",
        "self.map.all(k, self.map[k] == 'x')",
        "self.list.all(e, e.q > 1)",
        "self.list.all(e, e.q > 1.0)",
        "self.either == 1",
        "oldSelf.size < self.size",
        "self.map.foo == 'x'",
        "self.o == oldSelf.o",
        "self.name.matches('x*')",
        "self.lists.size() < 10",
        "self.lists.exists(x, x.size() == 3)",
        "self.name + self.name == 'x'",
        "self.lists == oldSelf.lists",
        "self.map.all(k, self.map[k].startsWith('abc'))",
    ],
)
def test_a_rule_that_a_real_server_takes_is_taken(rule: str) -> None:
    assert causes(MEMBERS, {"rule": rule}) == []


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("self.nope == 1", "undefined field 'nope'"),
        ("self.size == 'x'", "found no matching overload for '_==_' applied to '(int, string)'"),
        ("self.size", "cel expression must evaluate to a bool"),
        ("self.open.x == 1", "undefined field 'x'"),
        ("self.o.x == 1", "found no matching overload for '_==_' applied to '(timestamp, int)'"),
        ("", "Required value: rule is not specified"),
        ("self.metadata.name == 'x'", "undefined field 'metadata'"),
        ("size(self.o) == 1", "found no matching overload for 'size' applied to"),
        (
            "self.lists.all(x, x.all(y, y == 'a'))",
            "estimated rule cost exceeds budget by factor of more than 100x",
        ),
        ("self.name.contains(self.name)", "estimated rule cost exceeds budget by factor of more than 100x"),
    ],
)
def test_a_rule_that_a_real_server_refuses_is_refused(rule: str, message: str) -> None:
    found = causes(MEMBERS, {"rule": rule})
    assert message in found[0]
    assert found[0].startswith(f"spec.validation.openAPIV3Schema.properties[spec].{RULES}[0].rule: ")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"messageExpression": "self.size"}, "messageExpression must evaluate to a string"),
        ({"messageExpression": "self.nope"}, "messageExpression compilation failed: "),
        ({"fieldPath": ".nope"}, "must be a valid path"),
        ({"reason": "Nope"}, 'supported values: "FieldValueDuplicate"'),
        ({"message": "a\nb"}, "must not contain line breaks"),
        ({"optionalOldSelf": True}, "may not be set if oldSelf is not used in rule"),
    ],
)
def test_what_is_beside_a_rule_is_checked(change: dict[str, Any], message: str) -> None:
    (found,) = causes(MEMBERS, {"rule": "self.size == 1", **change})
    assert message in found


def test_a_rule_counts_as_often_as_its_value_can_occur() -> None:
    text = {**TEXT, RULES: [{"rule": "self.contains('abc')"}]}
    items = {"type": "array", "items": {"type": "object", "properties": {"s": text}}}
    assert "more than 100x" in causes({"a": items})[0]
    assert causes({"a": {**items, "maxItems": 10}}) == []


def test_all_rules_together_have_a_limit() -> None:
    text = {**TEXT, RULES: [{"rule": "self.contains('abc')"}] * 400}
    found = causes({"s": text})
    assert (
        "x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema exceeds" in found[-1]
    )


@pytest.mark.parametrize(
    ("name", "escaped"),
    [("a", "a"), ("a-b", "a__dash__b"), ("a.b/c", "a__dot__b__slash__c"), ("a__b", "a__underscores__b"), ("for", "__for__"),
     ("1a", None), ("", None), ("ä", None)],
)  # fmt: skip
def test_names_are_escaped_as_in_cel_of_kubernetes(name: str, escaped: str | None) -> None:
    assert escape(name) == escaped


def test_a_whole_object_has_its_header() -> None:
    found = declared({"type": "object"}, root=True)
    assert found is not None
    assert sorted(found.fields) == ["apiVersion", "kind", "metadata"]
