"""Requests over TLS through the authentication middleware: their user and their answer.

The answers are those of a real kube-apiserver 1.36.3: over 113 requests to it and to an embedded cluster only those differed
that need its controllers or validate a status that is also forbidden.
"""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from auth_server import AuthServer, serve

from dra_api.objects import JsonObject
from kube_emulator.apiserver.auth.ledger import Permission
from kube_emulator.releases.gates import gates_of
from kube_emulator.releases.release import V1_36

GATES = gates_of(V1_36)


@pytest.fixture
async def secured(tmp_path: Path) -> AsyncIterator[AuthServer]:
    found, server = await serve(tmp_path, enforced=True)
    yield found
    await server.close()


@pytest.fixture
async def easy(tmp_path: Path) -> AsyncIterator[AuthServer]:
    found, server = await serve(tmp_path, enforced=False)
    yield found
    await server.close()


PODS = "/api/v1/namespaces/default/pods"


async def test_without_rbac_authenticated_users_are_allowed_and_others_refused(easy: AuthServer) -> None:
    assert await easy.ask(PODS, "driver") == (200, {"name": "driver"})
    assert await easy.message(PODS) == "401 Unauthorized"
    assert (await easy.ask("/readyz"))[0] == 200


async def test_with_rbac_unauthenticated_requests_are_anonymous(secured: AuthServer) -> None:
    assert await secured.message("/apis") == '403 forbidden: User "system:anonymous" cannot get path "/apis"'
    assert (await secured.ask("/version"))[0] == 200
    assert await secured.message("/version", Authorization="Bearer wrong") == "401 Unauthorized"


async def test_with_rbac_the_driver_has_no_permissions_until_they_are_granted(secured: AuthServer) -> None:
    denied = '403 pods is forbidden: User "driver" cannot list resource "pods" in API group "" in the namespace "default"'
    assert await secured.message(PODS, "driver") == denied
    secured.roles.grant("driver", {"verbs": ["list"], "apiGroups": [""], "resources": ["pods"]})
    assert (await secured.ask(PODS, "driver"))[0] == 200
    assert "cannot watch resource" in await secured.message(f"{PODS}?watch=1", "driver")
    assert (await secured.ask(PODS, "admin"))[0] == 200


async def test_the_ledger_keeps_what_was_used_and_denied(secured: AuthServer) -> None:
    secured.roles.grant("driver", {"verbs": ["get"], "apiGroups": [""], "resources": ["nodes"]})
    await secured.ask("/api/v1/nodes/node-0", "driver")
    await secured.ask(f"{PODS}?watch=1", "driver")
    ledger = secured.security.authority.ledger
    assert ledger.used("driver") == [Permission("", "nodes", "", "get", "", "node-0")]
    assert ledger.denied("driver") == [Permission("", "pods", "", "watch", "default", "")]


async def test_a_client_certificate_is_a_user(secured: AuthServer, tmp_path: Path) -> None:
    path = tmp_path / "jane.pem"
    path.write_bytes(b"".join(secured.security.clients.issue("jane", ["system:masters"])))
    assert await secured.ask(PODS, certificate=path) == (200, {"name": "jane"})


async def test_the_administrator_impersonates(secured: AuthServer) -> None:
    assert 'User "joe" cannot list' in await secured.message(PODS, "admin", Impersonate_User="joe")
    who = "authentication.k8s.io/v1/selfsubjectreviews"
    status, body = await secured.ask(
        f"/apis/{who}",
        "admin",
        method="POST",
        json={},
        Impersonate_User="joe",
        Impersonate_Uid="1",
        Impersonate_Group="a",
        Impersonate_Extra_Scopes="x",
    )
    assert (status, body["status"]["userInfo"]) == (
        201,
        {"username": "joe", "uid": "1", "groups": ["a", "system:authenticated"], "extra": {"scopes": ["x"]}},
    )


async def test_impersonation_needs_permission(secured: AuthServer) -> None:
    assert await secured.message("/api/v1/namespaces/default", "driver", Impersonate_User="joe") == (
        '403 namespaces "default" is forbidden: User "driver" cannot impersonate-on:user-info:get resource'
        ' "namespaces" in API group "" in the namespace "default"'
    )
    secured.roles.grant("driver", {"verbs": ["impersonate"], "apiGroups": [""], "resources": ["users"]})
    assert 'User "joe" cannot' in await secured.message(PODS, "driver", Impersonate_User="joe")
    assert await secured.message(PODS, "driver", Impersonate_Group="a") == (
        '400 requested &user.DefaultInfo{Name:"", UID:"", Groups:[]string{"a"}, Extra:map[string][]string(nil)}'
        " without impersonating a user name"
    )


async def test_impersonation_can_be_constrained_to_verbs(secured: AuthServer) -> None:
    verbs = ["impersonate:user-info", "impersonate-on:user-info:list"]
    secured.roles.grant(
        "driver", {"verbs": verbs, "apiGroups": ["", "authentication.k8s.io"], "resources": ["users", "pods"]}
    )
    assert 'User "joe" cannot list' in await secured.message(PODS, "driver", Impersonate_User="joe")
    assert await secured.message(
        PODS, "driver", Impersonate_User="joe", Impersonate_Group="system:masters"
    ) == (
        '403 groups.authentication.k8s.io "system:masters" is forbidden: User "driver" cannot impersonate:user-info'
        ' resource "groups" in API group "authentication.k8s.io" at the cluster scope: impersonating the'
        " system:masters group is not allowed"
    )
    assert "impersonate-on:user-info:watch" in await secured.message(
        f"{PODS}?watch=1", "driver", Impersonate_User="joe"
    )


async def test_reviews_answer_what_is_allowed(secured: AuthServer) -> None:
    path = "authorization.k8s.io/v1/selfsubjectaccessreviews"
    pods = {"resourceAttributes": {"verb": "get", "resource": "pods"}}
    assert await secured.review(path, "driver", pods) == {"allowed": False}
    assert await secured.review(path, "admin", pods) == {"allowed": True}
    asked = {"nonResourceAttributes": {"path": "/version", "verb": "get"}}
    assert await secured.review(path, "driver", asked) == {
        "allowed": True,
        "reason": (
            'RBAC: allowed by ClusterRoleBinding "system:discovery" of ClusterRole "system:discovery" to Group'
            ' "system:authenticated"'
        ),
    }


async def test_a_review_of_a_kubelet_says_why_not(secured: AuthServer) -> None:
    asked = {
        "user": "system:node:node-0",
        "groups": ["system:nodes"],
        "resourceAttributes": {"namespace": "default", "verb": "get", "resource": "pods", "name": "a"},
    }
    assert await secured.review("authorization.k8s.io/v1/subjectaccessreviews", "admin", asked) == {
        "allowed": False,
        "reason": "no relationship found between node 'node-0' and this object",
    }


@pytest.mark.parametrize(
    ("path", "spec", "message"),
    [
        (
            "subjectaccessreviews",
            {"resourceAttributes": {"verb": "get"}},
            'spec.user: Invalid value: "": at least one of user or group must be specified',
        ),
        (
            "subjectaccessreviews",
            {"user": "x"},
            (
                "spec.resourceAttributes: Invalid value: null: exactly one of nonResourceAttributes or resourceAttributes"
                " must be specified"
            ),
        ),
        (
            "subjectaccessreviews",
            {
                "user": "x",
                "resourceAttributes": {"verb": "get"},
                "nonResourceAttributes": {"path": "/", "verb": "get"},
            },
            (
                'spec.nonResourceAttributes: Invalid value: {"Path":"/","Verb":"get"}: cannot be specified in'
                " combination with resourceAttributes"
            ),
        ),
        (
            "namespaces/default/localsubjectaccessreviews",
            {"user": "x", "nonResourceAttributes": {"path": "/", "verb": "get"}},
            (
                'spec.nonResourceAttributes: Invalid value: {"Path":"/","Verb":"get"}: disallowed on this kind of'
                " request"
            ),
        ),
        (
            "namespaces/default/localsubjectaccessreviews",
            {"user": "x", "resourceAttributes": {"namespace": "other"}},
            'spec.resourceAttributes.namespace: Invalid value: "other": must match metadata.namespace',
        ),
    ],
)
async def test_a_wrong_review_is_refused(
    secured: AuthServer, path: str, spec: JsonObject, message: str
) -> None:
    found = await secured.message(
        f"/apis/authorization.k8s.io/v1/{path}", "admin", method="POST", json={"spec": spec}
    )
    assert found == f'422 .authorization.k8s.io "" is invalid: {message}'


async def test_rules_are_listed_and_a_kubelets_are_incomplete(secured: AuthServer) -> None:
    path, spec = "authorization.k8s.io/v1/selfsubjectrulesreviews", {"namespace": "default"}
    mine = await secured.review(path, "driver", spec)
    assert (mine["incomplete"], len(mine["resourceRules"]), len(mine["nonResourceRules"])) == (False, 2, 2)
    kubelets = await secured.review(path, "system:node:node-0", spec)
    assert (kubelets["incomplete"], kubelets["evaluationError"]) == (
        True,
        "node authorizer does not support user rule resolution",
    )


async def test_a_token_review_names_the_user(secured: AuthServer) -> None:
    path = "authentication.k8s.io/v1/tokenreviews"
    assert await secured.review(path, "admin", {"token": secured.security.token("driver")}) == {
        "authenticated": True,
        "user": {"username": "driver", "groups": ["system:authenticated"]},
        "audiences": ["https://kubernetes.default.svc.cluster.local"],
    }
    assert await secured.review(path, "admin", {"token": "nope"}) == {
        "user": {},
        "error": "invalid bearer token",
    }


async def test_a_token_is_issued_to_a_user_who_is_allowed_to_create_it(secured: AuthServer) -> None:
    account = {"metadata": {"name": "sa", "namespace": "default", "uid": "u"}}
    secured.roles.kinds["serviceaccounts"] = [account]
    path = "/api/v1/namespaces/default/serviceaccounts/sa/token"
    assert 'cannot create resource "serviceaccounts/token"' in await secured.message(
        path, "driver", method="POST", json={}
    )
    status, body = await secured.ask(path, "admin", method="POST", json={})
    assert (status, body["status"]["expirationTimestamp"]) == (201, "2026-11-25T01:17:35Z")
    bearer = f"Bearer {body['status']['token']}"
    assert 'User "system:serviceaccount:default:sa"' in await secured.message(PODS, Authorization=bearer)
    assert await secured.message(path, "admin") == (
        "405 the server does not allow this method on the requested resource"
    )
