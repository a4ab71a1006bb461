"""The raw Kubernetes client: HTTP requests with a kubeconfig, and the answers byte for byte, without models in between.

It is the one synchronous client of this project: of the behaviours (``dra_clusters.checks``), of ``explain``, of the
benchmarks, of the provider ``binaries`` and of the conformance suite. Raw, because unknown fields and malformed objects
are what these look for. The reference driver has the other client (lightkube, async). The two share no code on purpose:
a fault in one library cannot hide the same fault in the other. The conformance suite's known-good control driver is
the third user of HTTP, and uses only the standard library for the same reason.

The transport is ``http.client``, because every higher library repairs, retries or drops something that a caller wants to
see. Where the server is, and who asks, is an ``Endpoint``.
"""

import contextlib
import http.client
import json
import select
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote, urlencode

from dra_api.objects import JsonObject
from dra_clusters.endpoint import Endpoint
from dra_clusters.errors import EnvironmentFault

TIMEOUT_S = 30.0
MAX_BYTES = 256 << 20
"""The largest answer that is read; a list of 5000 slices with 128 devices has about 150 MB."""
WATCH_S = 20
"""How long the server keeps a watch, unless the caller wants another ``timeoutSeconds``."""

PATCH_TYPES = {
    "json": "application/json-patch+json",
    "merge": "application/merge-patch+json",
    "strategic": "application/strategic-merge-patch+json",
    "apply": "application/apply-patch+yaml",
}


class NoAnswer(EnvironmentFault):
    """The API server did not answer: connection refused or broken, timeout, or an answer that is too large."""


class UnexpectedAnswer(EnvironmentFault):
    """The API server answered something else than the caller needs."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a request.

    Attributes:
        request: method and path, for messages.
        headers: with names in lower case; a header that came several times is joined by ", ".
        content: the body as it came.
    """

    request: str
    code: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.content.decode(errors="replace")

    @property
    def body(self) -> Any:
        """The body as JSON.

        Raises:
            UnexpectedAnswer: it is no JSON.
        """
        try:
            return json.loads(self.content)
        except ValueError as error:
            message = f"{self.request}: wanted JSON, found {self.code} {self.text[:200]!r}"
            raise UnexpectedAnswer(message) from error

    def require(self, *codes: int) -> Self:
        """This answer, if it has one of CODES.

        Raises:
            UnexpectedAnswer: it has another code.
        """
        if self.code not in codes:
            message = (
                f"{self.request}: wanted {' or '.join(map(str, codes))}, found {self.code} {self.text[:600]}"
            )
            raise UnexpectedAnswer(message)
        return self

    def expect(self, *codes: int) -> Any:
        """The JSON of an answer with one of CODES.

        Raises:
            UnexpectedAnswer: it has another code, or it is no JSON.
        """
        return self.require(*codes).body


class RawClient:
    """One user of one API server; any thread may use it.

    Connections are kept and used again. Nothing is retried: a caller that may repeat a request does so itself.

    Args:
        endpoint: where to send requests, or a kubeconfig.
        timeout_s: how long a request may wait for the next bytes.
        max_bytes: the largest answer that is read.

    Raises:
        UsageError: the kubeconfig cannot be used.
    """

    def __init__(
        self, endpoint: Endpoint | Path, *, timeout_s: float = TIMEOUT_S, max_bytes: int = MAX_BYTES
    ) -> None:
        self._endpoint = endpoint if isinstance(endpoint, Endpoint) else Endpoint.of_kubeconfig(endpoint)
        self._timeout_s = timeout_s
        self._max_bytes = max_bytes
        self._idle: list[http.client.HTTPConnection] = []
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the idle connections."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send one request.

        A BODY of bytes is sent as it is, everything else as JSON. HEADERS are added to the usual ones; an empty value
        leaves a usual header out.

        Raises:
            NoAnswer: there is no answer.
        """
        target = self._target(path, query)
        content = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        usual = {"Content-Type": "application/json"} if content is not None else {}
        with self._no_answer(f"{method} {target}"):
            connection = self._connection()
            try:
                connection.request(method, target, body=content, headers=self._headers(usual, headers))
                response = connection.getresponse()
                received = self._read(response)
            except BaseException:
                connection.close()
                raise
        with self._lock:
            self._idle.append(connection)
        return Answer(f"{method} {target}", response.status, _joined(response), received)

    def patch(
        self, kind: str, path: str, body: Any, *, query: Mapping[str, Any] | None = None, **headers: str
    ) -> Answer:
        """Send a patch; KIND is one of ``PATCH_TYPES``."""
        return self.send(
            "PATCH", path, body, query=query, headers={"Content-Type": PATCH_TYPES[kind], **headers}
        )

    @contextlib.contextmanager
    def lines(
        self, path: str, *, query: Mapping[str, Any] | None = None, headers: Mapping[str, str] | None = None
    ) -> Iterator[Iterator[bytes]]:
        """The lines of a streamed answer, such as a watch or a log; it has a connection of its own.

        Raises:
            UnexpectedAnswer: the server refused.
            NoAnswer: the server did not answer, or the stream broke.
        """
        target = self._target(path, query)
        what = f"GET {target}"
        with self._no_answer(what), contextlib.closing(self._connect()) as connection:
            connection.request("GET", target, headers=self._headers({}, headers))
            response = connection.getresponse()
            if response.status != http.HTTPStatus.OK:
                Answer(what, response.status, _joined(response), self._read(response)).require(200)
            yield iter(lambda: response.readline(self._max_bytes), b"")

    @contextlib.contextmanager
    def watch(
        self, path: str, *, headers: Mapping[str, str] | None = None, **query: Any
    ) -> Iterator[Iterator[JsonObject]]:
        """The events of a watch, as an iterator that ends with the watch. Raises as ``lines``."""
        asked = {"watch": "true", "timeoutSeconds": WATCH_S, **query}
        with self.lines(path, query=asked, headers=headers) as lines:
            yield (json.loads(line) for line in lines if line.strip())

    def _target(self, path: str, query: Mapping[str, Any] | None) -> str:
        return self._endpoint.prefix + path + (f"?{urlencode(query, quote_via=quote)}" if query else "")

    def _headers(self, usual: Mapping[str, str], given: Mapping[str, str] | None) -> dict[str, str]:
        every = {"Accept": "application/json", **self._endpoint.headers, **usual, **(given or {})}
        return {name: value for name, value in every.items() if value}

    @contextlib.contextmanager
    def _no_answer(self, what: str) -> Iterator[None]:
        try:
            yield
        except (OSError, http.client.HTTPException) as error:
            address = f"{self._endpoint.host}:{self._endpoint.port}"
            message = f"{what}: no answer from {address}: {str(error) or type(error).__name__}"
            raise NoAnswer(message) from error

    def _connect(self) -> http.client.HTTPConnection:
        where, timeout = (self._endpoint.host, self._endpoint.port), self._timeout_s
        if self._endpoint.tls is None:
            return http.client.HTTPConnection(*where, timeout=timeout)
        return http.client.HTTPSConnection(*where, timeout=timeout, context=self._endpoint.tls)

    def _connection(self) -> http.client.HTTPConnection:
        """An idle connection, or a new one."""
        while True:
            with self._lock:
                connection = self._idle.pop() if self._idle else None
            if connection is None:
                return self._connect()
            if not _is_dropped(connection):
                return connection
            connection.close()

    def _read(self, response: http.client.HTTPResponse) -> bytes:
        received = response.read(self._max_bytes + 1)
        if len(received) > self._max_bytes:
            message = f"an answer of more than {self._max_bytes} bytes"
            raise http.client.HTTPException(message)
        return received


def _is_dropped(connection: http.client.HTTPConnection) -> bool:
    """Whether the server closed an idle connection: its socket is readable though nothing was asked."""
    if (
        connection.sock is None
    ):  # closed after an answer with "Connection: close"; it connects again by itself
        return False
    poll = select.poll()
    poll.register(connection.sock, select.POLLIN)
    return bool(poll.poll(0))


def _joined(response: http.client.HTTPResponse) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in response.getheaders():
        before = f"{found[name.lower()]}, " if name.lower() in found else ""
        found[name.lower()] = before + value
    return found
