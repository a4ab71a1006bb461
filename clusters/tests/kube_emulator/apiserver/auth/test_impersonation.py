"""Becoming another user: which rights are enough (apiserver ``filters/impersonation``, 1.36.3)."""

import pytest

from kube_emulator.apiserver.auth.attributes import NODE_NAME, Attributes, Decision, User
from kube_emulator.apiserver.auth.impersonation import impersonated, wanted_user
from kube_emulator.apiserver.status import ApiError

AGENT = User(name="system:serviceaccount:default:agent", extra=((NODE_NAME, ("node-0",)),))
KUBELET = User(name="system:node:node-0")


def become(wanted: User, *rights: str, caller: User = AGENT, constrained: bool = True) -> User:
    """RIGHTS are ``VERB RESOURCE NAME``; the caller lists pods."""

    def decide(asked: Attributes) -> Decision:
        return Decision(f"{asked.verb} {asked.combined} {asked.name or '-'}" in rights)

    asked = Attributes(user=caller, verb="list", resource="pods", namespace="default")
    return impersonated(wanted, asked, decide, constrained=constrained)


def test_an_agent_becomes_the_kubelet_of_its_node_and_of_no_other() -> None:
    rights = ("impersonate-on:associated-node:list pods -", "impersonate:associated-node nodes *")
    assert become(KUBELET, *rights).groups == ("system:nodes", "system:authenticated")
    with pytest.raises(ApiError, match="cannot impersonate-on:arbitrary-node:list resource"):
        become(User(name="system:node:node-1"), *rights)


def test_any_kubelet_may_be_allowed_by_name() -> None:
    rights = ("impersonate-on:arbitrary-node:list pods -", "impersonate:arbitrary-node nodes node-1")
    assert become(User(name="system:node:node-1"), *rights).groups[0] == "system:nodes"


def test_a_service_account_has_its_groups() -> None:
    wanted = User(name="system:serviceaccount:other:sa")
    rights = ("impersonate-on:serviceaccount:list pods -", "impersonate:serviceaccount serviceaccounts sa")
    assert become(wanted, *rights).groups == (
        "system:serviceaccounts",
        "system:serviceaccounts:other",
        "system:authenticated",
    )


def test_the_old_verb_allows_all_verbs_and_the_group_of_masters() -> None:
    wanted = User(name="root", groups=("system:masters",))
    rights = ("impersonate users root", "impersonate groups system:masters")
    assert become(wanted, *rights).groups == ("system:masters", "system:authenticated")
    assert become(wanted, *rights, constrained=False).name == "root"


def test_a_release_without_constrained_impersonation_knows_the_old_verb_only() -> None:
    with pytest.raises(
        ApiError, match='users "joe" is forbidden: User ".*" cannot impersonate resource "users"'
    ):
        become(User(name="joe"), constrained=False)


def test_each_value_of_an_extra_member_is_checked() -> None:
    wanted = User(name="joe", extra=(("scopes", ("a", "b")),))
    rights = ("impersonate users joe", "impersonate userextras/scopes a")
    with pytest.raises(ApiError, match='"b" is forbidden: .*cannot impersonate resource "userextras/scopes"'):
        become(wanted, *rights, constrained=False)
    assert become(wanted, *rights, "impersonate userextras/scopes b", constrained=False).extra == wanted.extra


def test_anonymous_stays_unauthenticated() -> None:
    found = become(User(name="system:anonymous"), "impersonate users system:anonymous", constrained=False)
    assert found.groups == ("system:unauthenticated",)


def test_headers_name_a_user_with_encoded_members() -> None:
    headers = [("Impersonate-User", "joe"), ("Impersonate-Extra-Acme.com%2fproject", "p"), ("Accept", "x")]
    assert wanted_user(headers) == User(name="joe", extra=(("acme.com/project", ("p",)),))
    assert wanted_user([("Accept", "x")]) is None
