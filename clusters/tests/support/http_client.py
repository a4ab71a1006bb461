"""What the tests of the server share: requests over its own HTTP."""

import json
from typing import Any

from dra_clusters import raw_client
from dra_clusters.endpoint import Endpoint
from dra_clusters.raw_client import RawClient
from kube_emulator import Cluster

APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
JSON_PATCH = "application/json-patch+json"
CONFIGS = "/api/v1/namespaces/default/configmaps"


class Answer(raw_client.Answer):
    """An answer, with what tests look at."""

    @property
    def lines(self) -> list[Any]:
        """The JSON of each line, as of a watch."""
        return [json.loads(line) for line in self.content.splitlines()]

    @property
    def causes(self) -> list[tuple[str, str]]:
        """(reason, field) of each cause."""
        return [(cause["reason"], cause["field"]) for cause in self.body["details"]["causes"]]


class Caller:
    """Sends requests as one user."""

    def __init__(self, cluster: Cluster, user: str = "admin") -> None:
        self._endpoint = Endpoint.of_url(cluster.url, token=cluster.token(user))

    def __call__(
        self, method: str, path: str, body: Any = None, *, kind: str = "application/json", **extra: str
    ) -> Answer:
        """The answer to one request on a connection of its own."""
        given = {"Content-Type": kind, "User-Agent": "tester/1"}
        given |= {name.replace("_", "-"): value for name, value in extra.items()}
        with RawClient(self._endpoint, timeout_s=20) as client:
            found = client.send(method, path, body, headers=given)
        return Answer(found.request, found.code, found.headers, found.content)
