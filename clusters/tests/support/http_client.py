"""What the tests of the server share: requests over its own HTTP."""

import http.client
import json
import ssl
from dataclasses import dataclass
from typing import Any

from kube_emulator import Cluster

APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
JSON_PATCH = "application/json-patch+json"
CONFIGS = "/api/v1/namespaces/default/configmaps"


@dataclass(frozen=True)
class Answer:
    """An answer."""

    code: int
    headers: dict[str, str]
    raw: bytes

    @property
    def body(self) -> Any:
        """Its JSON."""
        return json.loads(self.raw)

    @property
    def lines(self) -> list[Any]:
        """The JSON of each line, as of a watch."""
        return [json.loads(line) for line in self.raw.splitlines()]

    @property
    def causes(self) -> list[tuple[str, str]]:
        """(reason, field) of each cause."""
        return [(cause["reason"], cause["field"]) for cause in self.body["details"]["causes"]]


class Caller:
    """Sends requests as one user."""

    def __init__(self, cluster: Cluster, user: str = "admin") -> None:
        self._host, _, self._port = cluster.url.removeprefix("https://").partition(":")
        self._tls = ssl.create_default_context()
        self._tls.check_hostname, self._tls.verify_mode = False, ssl.CERT_NONE
        self._token = cluster.token(user)

    def __call__(
        self, method: str, path: str, body: Any = None, *, kind: str = "application/json", **extra: str
    ) -> Answer:
        """The answer to one request on a connection of its own."""
        raw = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        sent = {"Authorization": f"Bearer {self._token}", "Content-Type": kind, "User-Agent": "tester/1"}
        sent |= {name.replace("_", "-"): value for name, value in extra.items()}
        connection = http.client.HTTPSConnection(self._host, int(self._port), context=self._tls, timeout=20)
        try:
            connection.request(method, path, raw, sent)
            answer = connection.getresponse()
            headers: dict[str, str] = {}
            for name, value in answer.getheaders():  # a repeated header becomes one list (RFC 9110, 5.3)
                headers[name.lower()] = ", ".join(filter(None, (headers.get(name.lower()), value)))
            return Answer(answer.status, headers, answer.read())
        finally:
            connection.close()
