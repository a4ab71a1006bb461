"""How the API server is reached, from a kubeconfig or a service account: for the reader of claims.

lightkube reads the configuration, so that both clients are the same user. A proxy is left to lightkube: then there is no
connection of our own.
"""

import ssl
import urllib.request
from typing import NamedTuple
from urllib.parse import urlsplit

import httpx2
from lightkube import KubeConfig
from lightkube.config.client_adapter import user_auth, verify_cluster


class LightkubeAuthorization:
    """The header that lightkube would send: a token, one of a file or of a command, or name and password."""

    def __init__(self, server: str, auth: httpx2.Auth | None) -> None:
        self._server = server
        self._auth = auth
        self._known: str | None = None

    async def header(self, *, refused: bool) -> str | None:
        """The header's value; read or made again if the server refused it."""
        if self._auth is None or (self._known is not None and not refused):
            return self._known
        flow = self._auth.async_auth_flow(httpx2.Request("GET", self._server))
        request = await anext(flow)
        if refused:
            try:
                request = await flow.asend(httpx2.Response(401, request=request))
            except StopAsyncIteration:
                return self._known
        await flow.aclose()
        self._known = request.headers.get("Authorization")
        return self._known


class Route(NamedTuple):
    """What an HTTP client needs to reach the API server."""

    server: str
    tls: ssl.SSLContext | None
    authorization: LightkubeAuthorization


def route_of(config: KubeConfig) -> Route | None:
    """The way to the API server of the current context; None if it leads through a proxy."""
    single = config.get()
    assert single is not None
    user, server = single.user, single.cluster.server
    parts = urlsplit(server)
    proxied = parts.scheme in urllib.request.getproxies() and not urllib.request.proxy_bypass(
        parts.hostname or ""
    )
    if proxied or user is None:
        return None
    tls = verify_cluster(single.cluster, user, single.abs_file) if parts.scheme == "https" else None
    return Route(server, tls, LightkubeAuthorization(server, user_auth(user)))
