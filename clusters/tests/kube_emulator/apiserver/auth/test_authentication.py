"""Requests over TLS through the authentication middleware: their user and their answer.

The answers are those of a real kube-apiserver 1.36.3: over 113 requests to it and to an embedded cluster only those differed
that need its controllers or validate a status that is also forbidden.
"""

import ssl
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from kube_emulator.apiserver.auth import bootstrap
from kube_emulator.apiserver.auth.ledger import Permission
from kube_emulator.apiserver.auth.middleware import USER, Handler
from kube_emulator.apiserver.auth.rbac import GROUP
from kube_emulator.apiserver.auth.security import Security
from kube_emulator.apiserver.certificate import make_certificate
from kube_emulator.apiserver.status import ApiError
from kube_emulator.releases.gates import gates_of
from kube_emulator.releases.release import V1_36

Object = dict[str, Any]
GATES = gates_of(V1_36)


class Roles:
    """The objects of a new cluster, and what is put beside."""

    def __init__(self) -> None:
        self.kinds: dict[str, list[Object]] = {
            "clusterroles": bootstrap.cluster_roles(GATES),
            "clusterrolebindings": bootstrap.cluster_bindings(),
        }
        self.moved = False

    def changed(self) -> bool:
        moved, self.moved = self.moved, False
        return moved

    def grant(self, user: str, rule: Object) -> None:
        self.kinds["clusterroles"].append({"metadata": {"name": user}, "rules": [rule]})
        reference = {"apiGroup": GROUP, "kind": "ClusterRole", "name": user}
        subjects = [{"kind": "User", "name": user}]
        self.kinds["clusterrolebindings"].append(
            {"metadata": {"name": user}, "roleRef": reference, "subjects": subjects}
        )
        self.moved = True

    def values(self, plural: str, namespace: str = "") -> list[Object]:
        return self.kinds.get(plural, [])

    def find(self, plural: str, name: str, namespace: str = "") -> Mapping[str, Any] | None:
        return next((item for item in self.values(plural) if item["metadata"]["name"] == name), None)


def application(security: Security) -> web.Application:
    """A server that answers with the user's name."""

    async def read(request: web.Request) -> Any:
        return await request.json()

    def answer(_: web.Request, document: Mapping[str, Any], code: int) -> web.Response:
        return web.json_response(document, status=code)

    middleware = security.middleware(read, answer)

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await middleware.serve(request, handler)
        except ApiError as error:
            return web.json_response(error.body(), status=error.code)

    async def who(request: web.Request) -> web.Response:
        return web.json_response({"name": request[USER].name})

    app = web.Application(middlewares=[guard])
    app.router.add_route("*", "/{tail:.*}", who)
    return app


class World:
    """A server and the ways to ask it."""

    def __init__(self, security: Security, roles: Roles, server: TestServer, trusted: bytes) -> None:
        self.security = security
        self.roles = roles
        self._server = server
        self._trusted = trusted

    async def ask(
        self,
        path: str,
        user: str = "",
        *,
        method: str = "GET",
        certificate: Path | None = None,
        json: Any = None,
        **headers: str,
    ) -> tuple[int, Object]:
        context = ssl.create_default_context(cadata=self._trusted.decode())
        if certificate is not None:
            context.load_cert_chain(certificate)
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if user:
            sent["Authorization"] = f"Bearer {self.security.token(user)}"
        async with (
            ClientSession() as session,
            session.request(
                method, self._server.make_url(path), ssl=context, headers=sent, json=json
            ) as response,
        ):
            return response.status, await response.json()

    async def message(self, path: str, user: str = "", **more: Any) -> str:
        status, body = await self.ask(path, user, **more)
        assert status >= 400, body
        return f"{status} {body['message']}"

    async def review(self, path: str, user: str, spec: Object) -> Object:
        status, body = await self.ask(f"/apis/{path}", user, method="POST", json={"spec": spec})
        assert status == 201, body
        result: Object = body["status"]
        return result


async def serve(tmp_path: Path, *, enforced: bool) -> tuple[World, TestServer]:
    roles = Roles()
    security = Security(
        roles, roles.changed, gates=GATES, enforced=enforced, now=lambda: 1_795_565_855, nodes=["node-0"]
    )
    trusted, context = make_certificate(tmp_path, security.clients)
    server = TestServer(application(security), scheme="https")
    await server.start_server(ssl=context)
    return World(security, roles, server, trusted), server


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    found, server = await serve(tmp_path, enforced=True)
    yield found
    await server.close()


@pytest.fixture
async def easy(tmp_path: Path) -> AsyncIterator[World]:
    found, server = await serve(tmp_path, enforced=False)
    yield found
    await server.close()


PODS = "/api/v1/namespaces/default/pods"


async def test_without_rbac_authenticated_users_are_allowed_and_others_refused(easy: World) -> None:
    assert await easy.ask(PODS, "driver") == (200, {"name": "driver"})
    assert await easy.message(PODS) == "401 Unauthorized"
    assert (await easy.ask("/readyz"))[0] == 200


async def test_with_rbac_unauthenticated_requests_are_anonymous(world: World) -> None:
    assert await world.message("/apis") == '403 forbidden: User "system:anonymous" cannot get path "/apis"'
    assert (await world.ask("/version"))[0] == 200
    assert await world.message("/version", Authorization="Bearer wrong") == "401 Unauthorized"


async def test_with_rbac_the_driver_has_no_permissions_until_they_are_granted(world: World) -> None:
    denied = '403 pods is forbidden: User "driver" cannot list resource "pods" in API group "" in the namespace "default"'
    assert await world.message(PODS, "driver") == denied
    world.roles.grant("driver", {"verbs": ["list"], "apiGroups": [""], "resources": ["pods"]})
    assert (await world.ask(PODS, "driver"))[0] == 200
    assert "cannot watch resource" in await world.message(f"{PODS}?watch=1", "driver")
    assert (await world.ask(PODS, "admin"))[0] == 200


async def test_the_ledger_keeps_what_was_used_and_denied(world: World) -> None:
    world.roles.grant("driver", {"verbs": ["get"], "apiGroups": [""], "resources": ["nodes"]})
    await world.ask("/api/v1/nodes/node-0", "driver")
    await world.ask(f"{PODS}?watch=1", "driver")
    ledger = world.security.authority.ledger
    assert ledger.used("driver") == [Permission("", "nodes", "", "get", "", "node-0")]
    assert ledger.denied("driver") == [Permission("", "pods", "", "watch", "default", "")]


async def test_a_client_certificate_is_a_user(world: World, tmp_path: Path) -> None:
    path = tmp_path / "jane.pem"
    path.write_bytes(b"".join(world.security.clients.issue("jane", ["system:masters"])))
    assert await world.ask(PODS, certificate=path) == (200, {"name": "jane"})


async def test_the_administrator_impersonates(world: World) -> None:
    assert 'User "joe" cannot list' in await world.message(PODS, "admin", Impersonate_User="joe")
    who = "authentication.k8s.io/v1/selfsubjectreviews"
    status, body = await world.ask(
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


async def test_impersonation_needs_permission(world: World) -> None:
    assert await world.message("/api/v1/namespaces/default", "driver", Impersonate_User="joe") == (
        '403 namespaces "default" is forbidden: User "driver" cannot impersonate-on:user-info:get resource'
        ' "namespaces" in API group "" in the namespace "default"'
    )
    world.roles.grant("driver", {"verbs": ["impersonate"], "apiGroups": [""], "resources": ["users"]})
    assert 'User "joe" cannot' in await world.message(PODS, "driver", Impersonate_User="joe")
    assert await world.message(PODS, "driver", Impersonate_Group="a") == (
        '400 requested &user.DefaultInfo{Name:"", UID:"", Groups:[]string{"a"}, Extra:map[string][]string(nil)}'
        " without impersonating a user name"
    )


async def test_impersonation_can_be_constrained_to_verbs(world: World) -> None:
    verbs = ["impersonate:user-info", "impersonate-on:user-info:list"]
    world.roles.grant(
        "driver", {"verbs": verbs, "apiGroups": ["", "authentication.k8s.io"], "resources": ["users", "pods"]}
    )
    assert 'User "joe" cannot list' in await world.message(PODS, "driver", Impersonate_User="joe")
    assert await world.message(
        PODS, "driver", Impersonate_User="joe", Impersonate_Group="system:masters"
    ) == (
        '403 groups.authentication.k8s.io "system:masters" is forbidden: User "driver" cannot impersonate:user-info'
        ' resource "groups" in API group "authentication.k8s.io" at the cluster scope: impersonating the'
        " system:masters group is not allowed"
    )
    assert "impersonate-on:user-info:watch" in await world.message(
        f"{PODS}?watch=1", "driver", Impersonate_User="joe"
    )


async def test_reviews_answer_what_is_allowed(world: World) -> None:
    path = "authorization.k8s.io/v1/selfsubjectaccessreviews"
    pods = {"resourceAttributes": {"verb": "get", "resource": "pods"}}
    assert await world.review(path, "driver", pods) == {"allowed": False}
    assert await world.review(path, "admin", pods) == {"allowed": True}
    asked = {"nonResourceAttributes": {"path": "/version", "verb": "get"}}
    assert await world.review(path, "driver", asked) == {
        "allowed": True,
        "reason": (
            'RBAC: allowed by ClusterRoleBinding "system:discovery" of ClusterRole "system:discovery" to Group'
            ' "system:authenticated"'
        ),
    }


async def test_a_review_of_a_kubelet_says_why_not(world: World) -> None:
    asked = {
        "user": "system:node:node-0",
        "groups": ["system:nodes"],
        "resourceAttributes": {"namespace": "default", "verb": "get", "resource": "pods", "name": "a"},
    }
    assert await world.review("authorization.k8s.io/v1/subjectaccessreviews", "admin", asked) == {
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
async def test_a_wrong_review_is_refused(world: World, path: str, spec: Object, message: str) -> None:
    found = await world.message(
        f"/apis/authorization.k8s.io/v1/{path}", "admin", method="POST", json={"spec": spec}
    )
    assert found == f'422 .authorization.k8s.io "" is invalid: {message}'


async def test_rules_are_listed_and_a_kubelets_are_incomplete(world: World) -> None:
    path, spec = "authorization.k8s.io/v1/selfsubjectrulesreviews", {"namespace": "default"}
    mine = await world.review(path, "driver", spec)
    assert (mine["incomplete"], len(mine["resourceRules"]), len(mine["nonResourceRules"])) == (False, 2, 2)
    kubelets = await world.review(path, "system:node:node-0", spec)
    assert (kubelets["incomplete"], kubelets["evaluationError"]) == (
        True,
        "node authorizer does not support user rule resolution",
    )


async def test_a_token_review_names_the_user(world: World) -> None:
    path = "authentication.k8s.io/v1/tokenreviews"
    assert await world.review(path, "admin", {"token": world.security.token("driver")}) == {
        "authenticated": True,
        "user": {"username": "driver", "groups": ["system:authenticated"]},
        "audiences": ["https://kubernetes.default.svc.cluster.local"],
    }
    assert await world.review(path, "admin", {"token": "nope"}) == {
        "user": {},
        "error": "invalid bearer token",
    }


async def test_a_token_is_issued_to_a_user_who_is_allowed_to_create_it(world: World) -> None:
    account = {"metadata": {"name": "sa", "namespace": "default", "uid": "u"}}
    world.roles.kinds["serviceaccounts"] = [account]
    path = "/api/v1/namespaces/default/serviceaccounts/sa/token"
    assert 'cannot create resource "serviceaccounts/token"' in await world.message(
        path, "driver", method="POST", json={}
    )
    status, body = await world.ask(path, "admin", method="POST", json={})
    assert (status, body["status"]["expirationTimestamp"]) == (201, "2026-11-25T01:17:35Z")
    bearer = f"Bearer {body['status']['token']}"
    assert 'User "system:serviceaccount:default:sa"' in await world.message(PODS, Authorization=bearer)
    assert await world.message(path, "admin") == (
        "405 the server does not allow this method on the requested resource"
    )
