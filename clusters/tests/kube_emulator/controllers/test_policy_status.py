"""The status of ValidatingAdmissionPolicies. The warnings are those of kube-controller-manager 1.37.2."""

from typing import Any

import pytest

from dra_api.objects import JsonObject
from kube_emulator.apiserver.admission.policies import POLICIES
from kube_emulator.apiserver.registry.admission import PERMISSIVE
from kube_emulator.apiserver.registry.api import Api
from kube_emulator.apiserver.served_versions import builtin_registry
from kube_emulator.clock import Clock
from kube_emulator.controllers.policy_status import sync
from kube_emulator.releases.gates import gates_of
from kube_emulator.releases.release import LATEST
from kube_emulator.store.store import Store

PODS = ("", "v1", "pods")


@pytest.fixture
def api() -> Api:
    registry = builtin_registry(LATEST, {})
    return Api(Store(), registry, Clock(), gates=gates_of(LATEST, {}), admission=PERMISSIVE)


def policy(api: Api, *texts: str, at: tuple[str, str, str] = PODS, **more: Any) -> JsonObject:
    """A policy for the kind AT, with its status."""
    group, version, plural = at
    rule = {"apiGroups": [group], "apiVersions": [version], "operations": ["CREATE"], "resources": [plural]}
    spec = {
        "matchConstraints": {"resourceRules": [rule]},
        "validations": [{"expression": text} for text in texts],
        **more,
    }
    made = api.create(POLICIES, {"metadata": {"name": "p"}, "spec": spec}).value
    sync(api, made)
    found: JsonObject = api.get(POLICIES, "p")
    return found


def warned(found: JsonObject) -> list[str]:
    """The first line of each warning."""
    warnings = found["status"]["typeChecking"].get("expressionWarnings") or []
    return [one["warning"].partition("\n")[0].partition("ERROR: ")[2] for one in warnings]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("object.spec.containers.all(c, c.nam == 'x')", "<input>:1:32: undefined field 'nam'"),
        ("object.spec.containers[0].resources.requests == null", "<input>:1:36: undefined field 'requests'"),
        ("object.spec.containers[0].livenessProbe.httpGet.port == 1.5", ""),
        (
            "object.metadata.creationTimestamp > 1",
            "<input>:1:35: found no matching overload for '_>_' applied to '(timestamp, int)'",
        ),
        ("object.metadata.managedFields[0].fieldsV1.x == 1", "<input>:1:42: undefined field 'x'"),
        ("oldObject.metadata.labels.x == 'y'", ""),
    ],
)
def test_expressions_are_checked_with_the_schema_of_the_kind(api: Api, text: str, why: str) -> None:
    assert warned(policy(api, text)) == ([why] if why else [])


def test_a_kind_that_names_itself_is_known_one_level_deep(api: Api) -> None:
    at = ("apiextensions.k8s.io", "v1", "customresourcedefinitions")
    assert warned(policy(api, "object.spec.versions.all(v, v.nam == 'x')", at=at)) == [
        "<input>:1:30: undefined field 'nam'"
    ]


def test_variables_have_the_types_of_their_expressions(api: Api) -> None:
    variables = [
        {"name": "n", "expression": "object.spec.hostNetwork"},
        {"name": "bad", "expression": "object.zzz"},
    ]
    found = policy(api, "variables.n > 'a'", "variables.bad == 1", variables=variables)
    assert warned(found) == ["<input>:1:13: found no matching overload for '_>_' applied to '(bool, string)'"]


def test_params_have_the_type_of_their_kind(api: Api) -> None:
    kind = {"apiVersion": "v1", "kind": "ConfigMap"}
    found = policy(api, "params.data.x == 1", "params.foo == 1", paramKind=kind)
    assert warned(found) == [
        "<input>:1:15: found no matching overload for '_==_' applied to '(string, int)'",
        "<input>:1:7: undefined field 'foo'",
    ]


@pytest.mark.parametrize("at", [("", "*", "pods"), ("", "v1", "pods/status"), ("zz.io", "v1", "zzs")])
def test_what_names_no_kind_is_not_checked(api: Api, at: tuple[str, str, str]) -> None:
    assert policy(api, "object.foo == 1", at=at)["status"] == {"observedGeneration": 1, "typeChecking": {}}


def test_a_policy_is_checked_again_when_it_changes_and_not_before(api: Api) -> None:
    found = policy(api, "object.foo == 1")
    version = found["metadata"]["resourceVersion"]
    sync(api, found)
    assert api.get(POLICIES, "p")["metadata"]["resourceVersion"] == version
    spec = {**found["spec"], "validations": [{"expression": "object.spec != null"}]}
    sync(api, api.update(POLICIES, {**found, "spec": spec}).value)
    assert api.get(POLICIES, "p")["status"] == {"observedGeneration": 2, "typeChecking": {}}
