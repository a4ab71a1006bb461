"""RBAC as a real kube-apiserver 1.36.3 decides it.

Texts were taken from its answers. Over 14 random roles and 10 random bindings it and ``Rbac`` agreed on 1500
SubjectAccessReviews; only the order of several missing roles in a reason differs, which upstream leaves to chance.
"""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dra_api.objects import JsonObject
from kube_emulator.apiserver.auth import bootstrap
from kube_emulator.apiserver.auth.attributes import AUTHENTICATED, Attributes, User, forbidden
from kube_emulator.apiserver.auth.escalation import check_escalation
from kube_emulator.apiserver.auth.policy import Rule, allows, covers, uncovered
from kube_emulator.apiserver.auth.rbac import GROUP, Rbac
from kube_emulator.apiserver.auth.write import Write
from kube_emulator.apiserver.status import ApiError
from kube_emulator.releases.gates import gates_of
from kube_emulator.releases.release import V1_35, V1_36, Release

GATES = gates_of(V1_36)
JANE = User(name="jane", groups=("team", AUTHENTICATED))


def role(name: str, *rules: JsonObject, namespace: str = "", **more: Any) -> JsonObject:
    metadata = {"name": name} | ({"namespace": namespace} if namespace else {}) | more.pop("metadata", {})
    return {"metadata": metadata, "rules": list(rules), **more}


def rule(verbs: str, resources: str, group: str = "", **more: Any) -> JsonObject:
    return {"verbs": verbs.split(), "apiGroups": [group], "resources": resources.split(), **more}


def binding(
    name: str, role_name: str, subject: JsonObject, *, kind: str = "ClusterRole", namespace: str = ""
) -> JsonObject:
    metadata = {"name": name} | ({"namespace": namespace} if namespace else {})
    return {
        "metadata": metadata,
        "roleRef": {"apiGroup": GROUP, "kind": kind, "name": role_name},
        "subjects": [subject],
    }


def user(name: str = "jane") -> JsonObject:
    return {"kind": "User", "apiGroup": GROUP, "name": name}


def ask(verb: str, resource: str, who: User = JANE, **more: str) -> Attributes:
    plural, _, subresource = resource.partition("/")
    return Attributes(user=who, verb=verb, resource=plural, subresource=subresource, **more)  # type: ignore[arg-type]


def bound(*rules: JsonObject) -> Rbac:
    return Rbac([], [role("r", *rules)], [], [binding("b", "r", user())])


@pytest.mark.parametrize(
    ("resources", "asked", "allowed"),
    [
        ("pods", "pods", True),
        ("pods", "pods/status", False),
        ("pods/status", "pods/status", True),
        ("*", "pods/status", True),
        ("*/status", "pods/status", True),
        ("*/status", "pods", False),
        ("pods/*", "pods/status", False),  # no wildcard: the resource is compared as a whole
    ],
)
def test_a_rule_names_resources_and_subresources(resources: str, asked: str, allowed: bool) -> None:
    assert bound(rule("get", resources)).decide(ask("get", asked)).allowed is allowed


def test_a_rule_with_names_allows_those_objects_only() -> None:
    rbac = bound(rule("get list", "pods", resourceNames=["a"]))
    assert rbac.decide(ask("get", "pods", name="a")).allowed
    assert not rbac.decide(ask("get", "pods", name="b")).allowed
    assert not rbac.decide(ask("list", "pods")).allowed


def test_a_url_may_end_in_a_star() -> None:
    rbac = bound({"verbs": ["get"], "nonResourceURLs": ["/healthz/*"]})
    assert rbac.decide(Attributes(user=JANE, verb="get", path="/healthz/etcd")).allowed
    assert not rbac.decide(Attributes(user=JANE, verb="get", path="/healthz")).allowed


def test_a_role_binding_reaches_its_namespace_only() -> None:
    rbac = Rbac([], [role("r", rule("get", "pods"))], [binding("b", "r", user(), namespace="one")], [])
    decision = rbac.decide(ask("get", "pods", namespace="one"))
    assert decision.reason == 'RBAC: allowed by RoleBinding "b/one" of ClusterRole "r" to User "jane"'
    assert not rbac.decide(ask("get", "pods", namespace="two")).allowed
    assert not rbac.decide(ask("get", "pods")).allowed


def test_a_service_account_is_a_subject_and_so_are_its_groups() -> None:
    account = User(name="system:serviceaccount:one:sa", groups=("system:serviceaccounts:one",))
    subject = {"kind": "ServiceAccount", "name": "sa"}
    rbac = Rbac([], [role("r", rule("get", "pods"))], [binding("b", "r", subject, namespace="one")], [])
    decision = rbac.decide(ask("get", "pods", account, namespace="one"))
    assert (
        decision.reason
        == 'RBAC: allowed by RoleBinding "b/one" of ClusterRole "r" to ServiceAccount "sa/one"'
    )


def test_a_denial_names_a_binding_to_a_missing_role() -> None:
    rbac = Rbac([], [], [], [binding("b", "nowhere", user())])
    wanted = ask("list", "nodes")
    assert forbidden(wanted, rbac.decide(wanted).reason).message == (
        'nodes is forbidden: User "jane" cannot list resource "nodes" in API group "" at the cluster scope:'
        ' RBAC: clusterrole.rbac.authorization.k8s.io "nowhere" not found'
    )


def test_aggregated_roles_gather_rules_over_two_steps() -> None:
    roles = bootstrap.cluster_roles(GATES)
    extra = role(
        "more",
        rule("get", "widgets", "example.com"),
        metadata={"labels": {"rbac.authorization.k8s.io/aggregate-to-view": "true"}},
    )
    rbac = Rbac([], [*roles, extra], [binding("b", "admin", user(), namespace="one")], [])
    assert rbac.decide(ask("get", "widgets", group="example.com", namespace="one")).allowed
    assert rbac.decide(ask("create", "rolebindings", group=GROUP, namespace="one")).allowed
    assert not rbac.decide(
        ask("update", "resourceclaims/status", group="resource.k8s.io", namespace="one")
    ).allowed


def test_a_selector_of_expressions_does_not_select_everything() -> None:
    wants = [{"matchExpressions": [{"key": "a", "operator": "In", "values": ["b"]}]}]
    gatherer = role("g", aggregationRule={"clusterRoleSelectors": wants})
    rbac = Rbac([], [gatherer, role("other", rule("*", "*"))], [], [binding("b", "g", user())])
    assert not rbac.decide(ask("get", "pods")).allowed


def test_discovery_is_for_authenticated_users_only() -> None:
    rbac = Rbac([], bootstrap.cluster_roles(GATES), [], bootstrap.cluster_bindings())
    anonymous = User(name="system:anonymous", groups=("system:unauthenticated",))
    assert rbac.decide(Attributes(user=JANE, verb="get", path="/apis/apps")).reason == (
        'RBAC: allowed by ClusterRoleBinding "system:discovery" of ClusterRole "system:discovery" to Group'
        ' "system:authenticated"'
    )
    assert not rbac.decide(Attributes(user=anonymous, verb="get", path="/apis")).allowed
    assert rbac.decide(Attributes(user=anonymous, verb="get", path="/version")).allowed


@pytest.mark.parametrize(("release", "allowed"), [(V1_35, False), (V1_36, True)])
def test_the_scheduler_may_bind_claims_where_that_is_a_permission(release: Release, allowed: bool) -> None:
    rbac = Rbac([], bootstrap.cluster_roles(gates_of(release)), [], bootstrap.cluster_bindings())
    wanted = ask(
        "update", "resourceclaims/binding", User(name="system:kube-scheduler"), group="resource.k8s.io"
    )
    assert rbac.decide(wanted).allowed is allowed


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (
            ask("list", "pods", namespace="default"),
            'pods is forbidden: User "jane" cannot list resource "pods" in API group "" in the namespace "default"',
        ),
        (
            ask("update", "resourceclaims/status", group="resource.k8s.io", namespace="default", name="abc"),
            (
                'resourceclaims.resource.k8s.io "abc" is forbidden: User "jane" cannot update resource'
                ' "resourceclaims/status" in API group "resource.k8s.io" in the namespace "default"'
            ),
        ),
        (
            Attributes(user=JANE, verb="get", path="/metrics"),
            'forbidden: User "jane" cannot get path "/metrics"',
        ),
    ],
)
def test_a_denial_has_the_message_of_the_real_server(asked: Attributes, message: str) -> None:
    assert forbidden(asked, "").message == message


def test_a_denial_names_object_and_kind() -> None:
    wanted = ask("get", "resourceslices", group="resource.k8s.io", name="s")
    assert forbidden(wanted, "").body()["details"] == {
        "name": "s",
        "group": "resource.k8s.io",
        "kind": "resourceslices",
    }


WRITER = (rule("create update get", "*", GROUP), rule("get", "pods"))


def write(plural: str, new: JsonObject, namespace: str = "") -> Write:
    return Write(
        operation="CREATE",
        group=GROUP,
        plural=plural,
        namespace=namespace,
        name=new["metadata"]["name"],
        new=new,
    )


@pytest.fixture
def attempt() -> Callable[[Rbac, str, JsonObject], None]:
    def run(rbac: Rbac, plural: str, new: JsonObject) -> None:
        asked = ask("create", plural, group=GROUP)
        check_escalation(write(plural, new), asked, rbac, rbac.decide)

    return run


def test_nobody_writes_a_role_with_permissions_that_the_writer_lacks(attempt: Callable[..., None]) -> None:
    wanted = role(
        "esc",
        rule("get list", "pods secrets"),
        {"nonResourceURLs": ["/x"], "verbs": ["get"]},
        rule("get", "resourceclaims", "resource.k8s.io", resourceNames=["a", "b"]),
    )
    with pytest.raises(ApiError, match="attempting to grant RBAC permissions not currently held") as caught:
        attempt(bound(*WRITER), "clusterroles", wanted)
    assert caught.value.message == (
        'clusterroles.rbac.authorization.k8s.io "esc" is forbidden: user "jane" (groups=["team"'
        ' "system:authenticated"]) is attempting to grant RBAC permissions not currently held:\n'
        '{APIGroups:[""], Resources:["pods"], Verbs:["list"]}\n'
        '{APIGroups:[""], Resources:["secrets"], Verbs:["get" "list"]}\n'
        '{APIGroups:["resource.k8s.io"], Resources:["resourceclaims"], ResourceNames:["a"], Verbs:["get"]}\n'
        '{APIGroups:["resource.k8s.io"], Resources:["resourceclaims"], ResourceNames:["b"], Verbs:["get"]}\n'
        '{NonResourceURLs:["/x"], Verbs:["get"]}'
    )


def test_aggregation_needs_every_permission(attempt: Callable[..., None]) -> None:
    wanted = role("esc", aggregationRule={"clusterRoleSelectors": [{"matchLabels": {"a": "b"}}]})
    with pytest.raises(ApiError, match="must have cluster-admin privileges to use the aggregationRule"):
        attempt(bound(*WRITER), "clusterroles", wanted)


def test_nobody_binds_a_role_with_permissions_that_the_writer_lacks(attempt: Callable[..., None]) -> None:
    rbac = Rbac([], [role("r", *WRITER), role("all", rule("*", "*", "*"))], [], [binding("b", "r", user())])
    lacking = r'not currently held:\n{APIGroups:\["\*"\], Resources:\["\*"\], Verbs:\["\*"\]}'
    with pytest.raises(ApiError, match=lacking):
        attempt(rbac, "clusterrolebindings", binding("esc", "all", user()))
    with pytest.raises(ApiError, match='"nowhere" not found') as caught:
        attempt(rbac, "clusterrolebindings", binding("esc", "nowhere", user()))
    assert caught.value.code == 404


@pytest.mark.parametrize(("verb", "plural"), [("escalate", "clusterroles"), ("bind", "clusterrolebindings")])
def test_the_verbs_escalate_and_bind_lift_the_rule(
    attempt: Callable[..., None], verb: str, plural: str
) -> None:
    rbac = bound(rule(f"create {verb}", "*", GROUP))
    wanted = role("r2", rule("*", "*")) if verb == "escalate" else binding("b2", "r2", user())
    attempt(rbac, plural, wanted)  # refuses by raising
    with pytest.raises(ApiError, match='is forbidden|"r2" not found'):
        attempt(bound(rule("create", "*", GROUP)), plural, wanted)


names = st.sampled_from(["get", "list", "pods", "pods/status", "*/status", "*", ""])
some = st.lists(names, min_size=1, max_size=3).map(tuple)
rules = st.builds(Rule, some, some, some, st.lists(names, max_size=2).map(tuple))


@given(rules, rules)
def test_a_covering_rule_allows_all_that_the_covered_one_allows(owned: Rule, wanted: Rule) -> None:
    if uncovered([owned], [wanted]):
        return
    for verb in {*owned.verbs, *wanted.verbs, "get"}:
        for resource in ("pods", "pods/status"):
            for name in ("get", "other"):
                asked = ask(verb, resource, group=wanted.groups[0], name=name)
                assert not allows(wanted, asked) or allows(owned, asked)


@given(rules)
def test_each_rule_covers_itself(one: Rule) -> None:
    assert uncovered([one], [one]) == []
    assert not covers(Rule(), Rule(("get",), ("",), ("pods",)))


@given(st.lists(rules, max_size=4), names, names, names)
def test_the_index_changes_no_answer(held: list[Rule], verb: str, resource: str, name: str) -> None:
    rbac = bound(*(one.document() for one in held))
    for asked_name in (name, "other", name):
        asked = ask(verb, resource, name=asked_name)
        assert rbac.decide(asked).allowed is any(allows(one, asked) for one in held)
