"""Raw HTTP to an API server: what was sent and what came back, byte for byte, with no model in between.

The official client reads the kubeconfig (so exec plugins and client certificates work); the transport is
``http.client``, because every higher library repairs, retries or drops something that a behaviour wants to see.
One client has one connection and is for one thread.
"""

import contextlib
import http.client
import json
import ssl
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from kubernetes import client as official
from kubernetes import config as kubeconfigs

Object = dict[str, Any]
TIMEOUT_S = 30.0
PATCHES = {
    "json": "application/json-patch+json",
    "merge": "application/merge-patch+json",
    "strategic": "application/strategic-merge-patch+json",
    "apply": "application/apply-patch+yaml",
}


class Difference(Exception):
    """What was found is not what was wanted."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back.

    Attributes:
        headers: with names in lower case; one that came several times is joined by ", ".
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
            Difference: it is none.
        """
        try:
            return json.loads(self.content)
        except ValueError as error:
            message = f"{self.request}: wanted JSON, found {self.code} {self.text[:200]!r}"
            raise Difference(message) from error

    def expect(self, *codes: int) -> Any:
        """The body of an answer with one of CODES.

        Raises:
            Difference: it is another.
        """
        if self.code not in codes:
            message = (
                f"{self.request}: wanted {' or '.join(map(str, codes))}, found {self.code} {self.text[:600]}"
            )
            raise Difference(message)
        return self.body

    def refuse(self, code: int, reason: str | None, *words: str) -> Object:
        """The Status of a refusal with CODE and REASON (None: it has none) whose message has each of WORDS.

        Raises:
            Difference: it is another, or none.
        """
        status: Object = self.expect(code)
        envelope = {"kind": status.get("kind"), "apiVersion": status.get("apiVersion")}
        wanted = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": reason}
        found = envelope | {name: status.get(name) for name in ("status", "code", "reason")}
        if found != wanted:
            message = f"{self.request}: wanted {wanted}, found {found}: {status.get('message')}"
            raise Difference(message)
        for word in words:
            if word not in status.get("message", ""):
                message = f"{self.request}: wanted {word!r} in the message {status.get('message')!r}"
                raise Difference(message)
        return status

    def invalid(self, *causes: tuple[str, str]) -> Object:
        """The Status of 422 Invalid whose causes are exactly these (reason, field), in any order.

        Raises:
            Difference: others.
        """
        status = self.refuse(422, "Invalid")
        found = {(c.get("reason"), c.get("field")) for c in status.get("details", {}).get("causes", [])}
        if found != set(causes):
            message = f"{self.request}: wanted causes {sorted(causes)}, found {sorted(map(str, found))}: {status['message']}"
            raise Difference(message)
        return status


class Client:
    """One user of one API server."""

    def __init__(self, kubeconfig: Path) -> None:
        settings = official.Configuration()
        kubeconfigs.load_kube_config(str(kubeconfig), client_configuration=settings)
        parts = urlsplit(settings.host)
        self._address = (parts.hostname or "127.0.0.1", parts.port or 443)
        self._prefix = parts.path.rstrip("/")
        self._tls = ssl.create_default_context(cafile=settings.ssl_ca_cert)
        if not settings.verify_ssl:
            self._tls.check_hostname, self._tls.verify_mode = False, ssl.CERT_NONE
        if settings.cert_file:
            self._tls.load_cert_chain(settings.cert_file, settings.key_file)
        token = settings.api_key.get("authorization") or settings.api_key.get("BearerToken")
        self._headers = {"Authorization": token} if token else {}
        self._connection: http.client.HTTPSConnection | None = None

    def close(self) -> None:
        """Let the connection go."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _connect(self) -> http.client.HTTPSConnection:
        return http.client.HTTPSConnection(*self._address, timeout=TIMEOUT_S, context=self._tls)

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Ask; BODY goes out as it is if it is bytes, else as JSON. A header of value "" is left out."""
        target = self._prefix + path + (f"?{urlencode(query, quote_via=quote)}" if query else "")
        content = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
        asked = {"Accept": "application/json", **self._headers}
        asked |= {"Content-Type": "application/json"} if content is not None else {}
        asked = {name: value for name, value in (asked | dict(headers or {})).items() if value}
        if self._connection is None:
            self._connection = self._connect()
        try:
            self._connection.request(method, target, body=content, headers=asked)
            response = self._connection.getresponse()
            got = response.read()
        except (OSError, http.client.HTTPException):
            self.close()
            raise
        named: dict[str, str] = {}
        for name, value in response.getheaders():
            before = f"{named[name.lower()]}, " if name.lower() in named else ""
            named[name.lower()] = before + value
        return Answer(f"{method} {target}", response.status, named, got)

    def patch(
        self, kind: str, path: str, body: Any, *, query: Mapping[str, Any] | None = None, **headers: str
    ) -> Answer:
        """Patch with one of ``PATCHES``."""
        return self.send("PATCH", path, body, query=query, headers={"Content-Type": PATCHES[kind], **headers})

    @contextlib.contextmanager
    def watch(
        self, path: str, *, headers: Mapping[str, str] | None = None, **query: Any
    ) -> Iterator[Iterator[Object]]:
        """The events of a watch, as an iterator that ends with the watch.

        Raises:
            Difference: the watch is refused.
        """
        connection = self._connect()
        target = f"{self._prefix}{path}?{urlencode({'watch': 'true', 'timeoutSeconds': 20} | query)}"
        try:
            asked = {"Accept": "application/json", **self._headers, **(headers or {})}
            connection.request("GET", target, headers=asked)
            response = connection.getresponse()
            if response.status != http.HTTPStatus.OK:
                message = f"GET {target}: wanted a watch, found {response.status} {response.read()[:300]!r}"
                raise Difference(message)
            yield (json.loads(line) for line in iter(response.readline, b"") if line.strip())
        finally:
            connection.close()


def same(found: Any, wanted: Any, what: str) -> None:
    """Compare.

    Raises:
        Difference: they differ.
    """
    if found != wanted:
        message = f"{what}: wanted {wanted!r}, found {found!r}"
        raise Difference(message)


def holds(condition: Any, what: str, seen: Any = "") -> None:
    """Demand that CONDITION is true.

    Raises:
        Difference: it is not.
    """
    if not condition:
        message = f"wanted: {what}; found {seen!r}"
        raise Difference(message)


def take(events: Iterator[Object], count: int) -> Sequence[Object]:
    """The next COUNT events that are no bookmarks.

    Raises:
        Difference: the watch ended before.
    """
    taken: list[Object] = []
    for event in events:
        if event["type"] != "BOOKMARK":
            taken.append(event)
        if len(taken) == count:
            return taken
    message = f"wanted {count} events, found {[event['type'] for event in taken]} before the watch ended"
    raise Difference(message)


def eventually(look: Any, what: str, timeout_s: float = 15.0) -> Any:
    """The first true value of ``look()``, which is asked 25 times a second.

    Raises:
        Difference: there was none in TIMEOUT_S seconds; tells the last value.
    """
    deadline = time.monotonic() + timeout_s
    while True:
        seen = look()
        if seen:
            return seen
        if time.monotonic() > deadline:
            message = f"waited {timeout_s:.0f} s for: {what}"
            raise Difference(message)
        time.sleep(0.04)
