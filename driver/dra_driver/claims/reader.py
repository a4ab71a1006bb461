"""Reads claims over kept-alive connections, with no more than one GET needs.

Two thirds of a prepare were this GET by way of the general client (2.2 of 3.3 ms). That one stays for everything else,
and for reading claims where a proxy is between the driver and the API server.

Every prepare asks the API server. What a watch has seen of a claim may be older than what the kubelet acts on: a claim that
was deallocated and allocated again keeps its name and UID, and only an answer of the server shows that a resourceVersion is
the latest. A watch would also need the right to list the claims of all nodes, because no field selector is for a node's.
"""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from typing import Protocol, cast
from urllib.parse import urlsplit

import msgspec

from dra_api.objects import ResourceClaim
from dra_driver.connection.http_get import HEAD_MAX, Connection, UnsendableError
from dra_driver.connection.route import Route
from dra_driver.errors import ApiError

PATH = "/apis/resource.k8s.io/v1/namespaces/{}/resourceclaims/{}"
TIMEOUT_S = 10.0
IDLE_MAX = 8
UNAUTHORIZED, NOT_FOUND = 401, 404
PAUSES_S = (0.05, 0.2)
"""Before another attempt; longer ones are the kubelet's, which calls again."""
WORTH_ANOTHER = (429, 500, 502, 503, 504)
DECODER = msgspec.json.Decoder()


class ClaimReader(Protocol):
    """Where claims are read."""

    async def get_claim(self, namespace: str, name: str) -> ResourceClaim:
        """The claim as resource.k8s.io/v1.

        Raises:
            ApiError: it does not exist (code 404), or the server does not answer.
        """


class HttpClaimReader:
    """Reads claims from the API server at the end of ROUTE, which has no proxy; implements ``ClaimReader``."""

    def __init__(self, route: Route) -> None:
        parts = urlsplit(route.server)
        self._host, self._prefix = parts.hostname or "", parts.path.rstrip("/")
        self._port = parts.port or (443 if route.tls else 80)
        self._host_header = parts.netloc
        self._server_name = (route.server_name or self._host) if route.tls else None
        self._tls = route.tls
        self._authorization = route.authorization
        self._idle: list[Connection] = []

    async def get_claim(self, namespace: str, name: str) -> ResourceClaim:
        """The claim as resource.k8s.io/v1.

        Raises:
            ApiError: it does not exist (code 404), or the server does not answer.
        """
        what = f"claim {namespace}/{name}"
        try:
            async with asyncio.timeout(TIMEOUT_S):
                status, body = await self._get(self._prefix + PATH.format(namespace, name))
            answer = DECODER.decode(body)
        except UnsendableError:
            message = f"{what}: the token or the name cannot be sent; wanted a token without line breaks"
            raise ApiError(message) from None
        except (OSError, ValueError) as error:
            message = f"{what}: no usable answer from the API server: {str(error) or type(error).__name__}"
            raise ApiError(message) from error
        if status != 200:
            text = answer.get("message", "") if isinstance(answer, dict) else ""
            message = f"{what}: the API server answered {status}: {text}"
            raise ApiError(message, status)
        return cast("ResourceClaim", answer)

    async def close(self) -> None:
        """Close the connections."""
        while self._idle:
            self._idle.pop().close()

    async def _get(self, target: str) -> tuple[int, bytes]:
        """The last answer of a few attempts: an API server that restarts costs the pod no wait for the kubelet's next call."""
        for pause in PAUSES_S:
            with contextlib.suppress(OSError, ValueError):
                status, body = await self._authorized(target)
                if status not in WORTH_ANOTHER:
                    return status, body
            # jitter, so that the nodes of a cluster do not all come back at the same moment
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 # no secret
        return await self._authorized(target)

    async def _authorized(self, target: str) -> tuple[int, bytes]:
        authorization = await self._authorization.header()
        status, body = await self._attempt(target, authorization)
        if status == UNAUTHORIZED:
            await self.close()  # a certificate that was replaced is shown on new connections only
            another = await self._authorization.header(refused=authorization)
            if another != authorization:
                status, body = await self._attempt(target, another)
        return status, body

    async def _attempt(self, target: str, authorization: str | None) -> tuple[int, bytes]:
        headers = [("Host", self._host_header), ("Accept", "application/json"), ("User-Agent", "dra-driver")]
        if authorization is not None:
            headers.append(("Authorization", authorization))
        while self._idle:  # one that the server closed meanwhile; the request can be repeated, it only reads
            with contextlib.suppress(OSError, ValueError):
                async with self._kept(self._idle.pop()) as connection:
                    return await connection.get(target, headers)
        async with self._kept(await self._connect()) as connection:
            return await connection.get(target, headers)

    async def _connect(self) -> Connection:
        return Connection(
            *await asyncio.open_connection(
                self._host, self._port, ssl=self._tls, server_hostname=self._server_name, limit=HEAD_MAX
            )
        )

    @contextlib.asynccontextmanager
    async def _kept(self, connection: Connection) -> AsyncIterator[Connection]:
        """Keep the connection for the next call if it can be used again."""
        try:
            yield connection
        except BaseException:
            connection.close()
            raise
        if len(self._idle) < IDLE_MAX and connection.reusable():
            self._idle.append(connection)
        else:
            connection.close()
