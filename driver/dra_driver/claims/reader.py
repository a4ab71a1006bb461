"""Reads claims over kept-alive connections, with no more than one GET needs: h11 for HTTP, msgspec for JSON.

Two thirds of a prepare were this GET by way of the general client (2.2 of 3.3 ms). That one stays for everything else,
and for reading claims where a proxy is between the driver and the API server.
"""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from typing import Protocol, cast
from urllib.parse import urlsplit

import h11
import msgspec

from dra_api.objects import ResourceClaim
from dra_driver.connection.route import Route
from dra_driver.errors import ApiError

PATH = "/apis/resource.k8s.io/v1/namespaces/{}/resourceclaims/{}"
TIMEOUT_S = 10.0
BYTES_MAX = 4 << 20
IDLE_MAX = 8
CHUNK = 1 << 16
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


class Connection:
    """One connection to the API server."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._http = h11.Connection(h11.CLIENT)

    async def get(self, target: str, headers: list[tuple[str, str]]) -> tuple[int, bytes]:
        """The status and the body of an answer.

        Raises:
            OSError, h11.RemoteProtocolError, ValueError: there is no usable one.
        """
        request = h11.Request(method="GET", target=target, headers=headers)
        self._writer.write((self._http.send(request) or b"") + (self._http.send(h11.EndOfMessage()) or b""))
        status, body = 0, bytearray()
        while True:
            event = self._http.next_event()
            if event is h11.NEED_DATA:
                self._http.receive_data(await self._reader.read(CHUNK))
            elif isinstance(event, h11.Response):
                status = event.status_code
            elif isinstance(event, h11.Data):
                body += event.data
                if len(body) > BYTES_MAX:
                    message = f"more than {BYTES_MAX} bytes"
                    raise ValueError(message)
            elif isinstance(event, h11.EndOfMessage):
                return status, bytes(body)
            elif isinstance(event, h11.ConnectionClosed):
                raise ConnectionResetError("the server closed the connection")

    def next(self) -> bool:
        """Whether another request can be sent over it."""
        if self._http.our_state is not h11.DONE or self._http.their_state is not h11.DONE:
            return False
        self._http.start_next_cycle()
        return not self._reader.at_eof()

    def close(self) -> None:
        """Close it at once."""
        self._writer.transport.abort()


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
        except h11.LocalProtocolError:
            message = f"{what}: the token or the name cannot be sent; wanted a token without line breaks"
            raise ApiError(message) from None  # the text of its cause has the token
        except (OSError, h11.RemoteProtocolError, ValueError) as error:
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
            with contextlib.suppress(OSError, h11.RemoteProtocolError):
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
            with contextlib.suppress(OSError, h11.RemoteProtocolError):
                async with self._kept(self._idle.pop()) as connection:
                    return await connection.get(target, headers)
        async with self._kept(await self._connect()) as connection:
            return await connection.get(target, headers)

    async def _connect(self) -> Connection:
        return Connection(
            *await asyncio.open_connection(
                self._host, self._port, ssl=self._tls, server_hostname=self._server_name
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
        if len(self._idle) < IDLE_MAX and connection.next():
            self._idle.append(connection)
        else:
            connection.close()
