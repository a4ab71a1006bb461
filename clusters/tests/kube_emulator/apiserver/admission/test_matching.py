"""Which writes a rule is for (apiserver plugin/webhook/predicates/rules)."""

from typing import Any

import pytest

from kube_emulator.apiserver.admission.matching import constrained, holds
from kube_emulator.apiserver.auth.write import Write

RULE: dict[str, Any] = {
    "operations": ["CREATE"],
    "apiGroups": ["apps"],
    "apiVersions": ["v1"],
    "resources": ["deployments"],
}


def write(**change: Any) -> Write:
    item = {"metadata": {"name": "a", "labels": {"color": "red"}}}
    given = {
        "operation": "CREATE",
        "group": "apps",
        "plural": "deployments",
        "kind": "Deployment",
        "version": "v1",
    }
    return Write(**{**given, "namespace": "ns", "name": "a", "new": item, **change})


@pytest.mark.parametrize(
    ("rule", "change", "wanted"),
    [
        ({}, {}, True),
        ({"operations": ["*"], "apiGroups": ["*"], "apiVersions": ["*"], "resources": ["*"]}, {}, True),
        ({"operations": ["UPDATE"]}, {}, False),
        ({"apiGroups": [""]}, {}, False),
        ({"resources": ["deployments"]}, {"subresource": "status"}, False),
        ({"resources": ["deployments/*"]}, {"subresource": "status"}, True),
        ({"resources": ["*/status"]}, {"subresource": "status"}, True),
        ({"scope": "Cluster"}, {}, False),
        ({"scope": "Namespaced"}, {}, True),
        ({"scope": "Cluster"}, {"namespace": ""}, True),
        ({"resourceNames": ["b"]}, {}, False),
        ({"resourceNames": ["a"]}, {}, True),
    ],
)
def test_a_rule_is_for_what_all_its_parts_name(
    rule: dict[str, Any], change: dict[str, Any], wanted: bool
) -> None:
    assert holds({**RULE, **rule}, write(**change), "v1") is wanted


def test_a_namespace_is_cluster_scoped_though_it_is_in_itself() -> None:
    rule = {**RULE, "apiGroups": [""], "resources": ["namespaces"], "scope": "Cluster"}
    assert holds(rule, write(group="", plural="namespaces", kind="Namespace"), "v1")


def test_another_version_matches_unless_the_policy_is_exact() -> None:
    old, versions = write(version="v1beta1"), lambda _write: ["v1", "v1beta1"]
    found = constrained({"resourceRules": [RULE]}, old, {}, versions)
    assert found is not None
    assert found.version == "v1"
    assert constrained({"resourceRules": [RULE], "matchPolicy": "Exact"}, old, {}, versions) is None


def test_selectors_and_excluded_rules_narrow_it() -> None:
    def found(**constraints: Any) -> bool:
        given = {"resourceRules": [RULE], **constraints}
        return constrained(given, write(), {"team": "a"}, lambda _write: ["v1"]) is not None

    assert found(
        namespaceSelector={"matchLabels": {"team": "a"}}, objectSelector={"matchLabels": {"color": "red"}}
    )
    assert not found(namespaceSelector={"matchLabels": {"team": "b"}})
    assert not found(objectSelector={"matchLabels": {"color": "blue"}})
    assert not found(excludeResourceRules=[RULE])
