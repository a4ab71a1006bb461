"""The way to the API server, as both clients take it: TLS, names, certificates, proxies, credentials."""

import contextlib
import dataclasses
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from api_server import answer, api_server, issue, private, server_tls
from cryptography.hazmat.primitives import serialization

from dra_api.identifiers import DriverName, NodeName
from dra_driver.claims.reader import HttpClaimReader
from dra_driver.connection.kubeconfig import Access, Command, Header
from dra_driver.connection.route import Route, find_route, proxy_of, route_of
from dra_driver.connection.tls import show_certificate
from dra_driver.errors import ApiError, ConfigError
from dra_driver.publish.client import ApiClient

NAME = "api.example.com"
V1 = "client.authentication.k8s.io/v1"
CLAIM = answer(b'{"metadata": {"name": "c"}}', "200 OK", "Content-Type: application/json")
Get = Callable[[], Awaitable[object]]


@contextlib.asynccontextmanager
async def general(route: Route) -> AsyncIterator[Get]:
    client = ApiClient(route=route, driver_name=DriverName("d.example.com"), node_name=NodeName("n"))
    try:
        yield lambda: client.get_claim("ns", "c")
    finally:
        await client.close()


@contextlib.asynccontextmanager
async def fast(route: Route) -> AsyncIterator[Get]:
    reader = HttpClaimReader(route)
    try:
        yield lambda: reader.get_claim("ns", "c")
    finally:
        await reader.close()


both = pytest.mark.parametrize("client", [general, fast])
Client = Callable[[Route], contextlib.AbstractAsyncContextManager[Get]]


async def claims(client: Client, access: Access, times: int = 1) -> None:
    """Read a claim so many TIMES."""
    async with client(route_of(access)) as get:
        for _ in range(times):
            await get()


@both
async def test_the_server_is_checked_by_the_name_in_the_kubeconfig_and_shown_a_certificate(
    tmp_path: Path, client: Client
) -> None:
    server_pair, own = issue(NAME), issue("driver")
    tls = server_tls(tmp_path, server_pair, own[0])
    async with api_server(lambda _: CLAIM, tls) as server:
        access = Access(
            source="kubeconfig k",
            server=f"https://127.0.0.1:{server.port}",
            server_name=NAME,
            authority=server_pair[0],
            certificate=own,
        )
        await claims(client, access)
        for wrong in ({"server_name": "other.example.com"}, {"authority": own[0]}, {"certificate": None}):
            with pytest.raises(ApiError, match="claim ns/c: no usable answer"):
                await claims(client, dataclasses.replace(access, **wrong))
        await claims(client, dataclasses.replace(access, authority="", server_name="", insecure=True))


@both
async def test_a_command_s_certificate_is_shown(tmp_path: Path, client: Client) -> None:
    server_pair, own = issue(NAME), issue("driver")
    program = tmp_path / "login"
    status = {"clientCertificateData": own[0], "clientKeyData": own[1]}
    credential = {"apiVersion": V1, "kind": "ExecCredential", "status": status}
    (tmp_path / "printed").write_text(json.dumps(credential))
    program.write_text(f"#!/bin/sh\ncat {tmp_path / 'printed'}\n")
    program.chmod(0o700)
    async with api_server(lambda _: CLAIM, server_tls(tmp_path, server_pair, own[0])) as server:
        access = Access(
            source="kubeconfig k",
            server=f"https://127.0.0.1:{server.port}",
            server_name=NAME,
            authority=server_pair[0],
            identity=Command((str(program),), (), V1, with_cluster=False),
        )
        await claims(client, access)
        (tmp_path / "printed").write_text((tmp_path / "printed").read_text().replace("BEGIN", "NO"))
        with pytest.raises(ApiError, match="wanted a certificate and its key as PEM") as failed:
            await claims(client, access)
        assert own[1].splitlines()[1] not in str(failed.value)


@both
async def test_the_token_is_sent_and_a_refused_one_without_another_is_not_sent_twice(client: Client) -> None:
    refused = answer(
        b'{"message": "Unauthorized", "code": 401}', "401 Unauthorized", "Content-Type: application/json"
    )
    async with api_server(lambda _: refused) as server:
        access = Access(source="k", server=f"http://127.0.0.1:{server.port}", identity=Header("Bearer t"))
        with pytest.raises(ApiError, match="answered 401: Unauthorized"):
            await claims(client, access)
    [head] = server.requests
    assert "authorization: bearer t\r\n" in head.lower()


@both
async def test_a_token_file_that_was_replaced_is_used_at_once(tmp_path: Path, client: Client) -> None:
    def said(head: str) -> bytes:
        (tmp_path / "token").write_text("new")
        return CLAIM if "Bearer new" in head else answer(b"{}", "401 Unauthorized")

    (tmp_path / "token").write_text("old")
    async with api_server(said) as server:
        (tmp_path / "config").write_text(
            f"{{current-context: c, clusters: [{{name: c, cluster: {{server: 'http://127.0.0.1:{server.port}'}}}}],"
            " users: [{name: c, user: {tokenFile: token}}], contexts: [{name: c, context: {cluster: c, user: c}}]}"
        )
        async with client(find_route(tmp_path / "config", {})) as get:
            await get()
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"authority": "no PEM"}, "cannot use k: its certificate-authority has no certificate as PEM"),
        (
            {"certificate": ("no", "PEM")},
            "cannot use k: client-certificate and client-key: wanted a certificate",
        ),
        ({"certificate": (issue("a")[0], issue("b")[1])}, "KEY_VALUES_MISMATCH"),
    ],
)
def test_a_certificate_that_cannot_be_used_is_a_usage_error(members: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigError, match=message) as failed:
        route_of(Access(source="k", server="https://h", **members))  # type: ignore[arg-type] # one of the two
    assert "\n" not in str(failed.value)


def test_a_key_with_a_password_is_refused_and_nobody_is_asked() -> None:
    certificate, key = issue("a")
    encrypted = private(
        serialization.load_pem_private_key(key.encode(), None),  # type: ignore[arg-type] # an EC key
        serialization.BestAvailableEncryption(b"p"),
    )
    tls = route_of(Access(source="k", server="https://h")).tls
    assert tls is not None
    with pytest.raises(ValueError, match="the key without a password"):
        show_certificate(tls, certificate, encrypted)


def test_a_proxy_is_that_of_the_kubeconfig_or_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("http_proxy", "HTTP_PROXY", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(variable, raising=False)
    assert proxy_of("http://10.0.0.1:1") == ""
    monkeypatch.setenv("http_proxy", "127.0.0.1:9")
    assert proxy_of("http://10.0.0.1:1") == "http://127.0.0.1:9"
    assert route_of(Access(source="k", server="http://h:1", proxy="http://p:1")).proxy == "http://p:1"
    monkeypatch.setenv("no_proxy", "10.0.0.1")
    assert proxy_of("http://10.0.0.1:1") == ""


async def test_the_general_client_goes_through_the_proxy() -> None:
    async with api_server(lambda _: CLAIM) as proxy:
        access = Access(source="k", server="http://none.invalid:1", proxy=f"http://127.0.0.1:{proxy.port}")
        await claims(general, access)
    assert proxy.requests[0].startswith("GET http://none.invalid:1/apis/resource.k8s.io/v1/namespaces/ns/")
