"""The API server's authentication and authorization behind TLS, with the roles of a new cluster and no other parts."""

import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from dra_api.objects import JsonObject
from kube_emulator.apiserver.auth import bootstrap
from kube_emulator.apiserver.auth.middleware import USER, Handler
from kube_emulator.apiserver.auth.rbac import GROUP
from kube_emulator.apiserver.auth.security import Security
from kube_emulator.apiserver.certificate import make_certificate
from kube_emulator.apiserver.status import ApiError
from kube_emulator.releases.gates import gates_of
from kube_emulator.releases.release import V1_36

GATES = gates_of(V1_36)


class Roles:
    """The objects of a new cluster, and what is put beside."""

    def __init__(self) -> None:
        self.kinds: dict[str, list[JsonObject]] = {
            "clusterroles": bootstrap.cluster_roles(GATES),
            "clusterrolebindings": bootstrap.cluster_bindings(),
        }
        self.moved = False

    def changed(self) -> bool:
        moved, self.moved = self.moved, False
        return moved

    def grant(self, user: str, rule: JsonObject) -> None:
        self.kinds["clusterroles"].append({"metadata": {"name": user}, "rules": [rule]})
        reference = {"apiGroup": GROUP, "kind": "ClusterRole", "name": user}
        subjects = [{"kind": "User", "name": user}]
        self.kinds["clusterrolebindings"].append(
            {"metadata": {"name": user}, "roleRef": reference, "subjects": subjects}
        )
        self.moved = True

    def values(self, plural: str, namespace: str = "") -> list[JsonObject]:
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


class AuthServer:
    """A server behind the authentication middleware, and requests to it."""

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
    ) -> tuple[int, JsonObject]:
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

    async def review(self, path: str, user: str, spec: JsonObject) -> JsonObject:
        status, body = await self.ask(f"/apis/{path}", user, method="POST", json={"spec": spec})
        assert status == 201, body
        result: JsonObject = body["status"]
        return result


async def serve(tmp_path: Path, *, enforced: bool) -> tuple[AuthServer, TestServer]:
    roles = Roles()
    security = Security(
        roles, roles.changed, gates=GATES, enforced=enforced, now=lambda: 1_795_565_855, nodes=["node-0"]
    )
    trusted, context = make_certificate(tmp_path, security.clients)
    server = TestServer(application(security), scheme="https")
    await server.start_server(ssl=context)
    return AuthServer(security, roles, server, trusted), server
