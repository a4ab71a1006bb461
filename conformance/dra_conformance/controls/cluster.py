"""The control driver's client: the standard library's HTTP, so that it shares no fault with the other clients."""

import base64
import json
import ssl
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from dra_conformance.controls.api_version import VERSIONS, incoming, outgoing

TIMEOUT_S = 5
API = "/apis/resource.k8s.io"
GROUP = f"{API}/v1"


class ApiFailure(Exception):
    """The server refused or did not answer; ``code`` is 0 without an answer."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


class ControlApi:
    """JSON requests with a kubeconfig of the embedded provider; in the newest version that the server has."""

    def __init__(self, kubeconfig: Path, defect: str = "") -> None:
        self._defect = defect
        self._version = "v1" if defect == "needs-v1" else ""
        config = json.loads(kubeconfig.read_text())
        cluster = config["clusters"][0]["cluster"]
        self._url = cluster["server"]
        self._token = config["users"][0]["user"]["token"]
        authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
        self._tls = ssl.create_default_context(cadata=authority)

    def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        content: str = "application/json",
        *,
        within_s: float = TIMEOUT_S,
    ) -> Any:
        """The JSON of the answer, which must come within WITHIN_S; CONTENT is the media type of what is sent.

        Raises:
            ApiFailure: the server refused or did not answer.
        """
        if not path.startswith(GROUP):
            return self._send(method, path, body, content, within_s)
        version = self._version = self._version or self._newest(within_s)
        sent = body if self._defect == "new-shape" else outgoing(body, version)
        if isinstance(sent, dict) and "apiVersion" in sent:
            sent = {**sent, "apiVersion": f"resource.k8s.io/{version}"}
        served = path.replace(GROUP, f"{API}/{version}", 1)
        return incoming(self._send(method, served, sent, content, within_s), version)

    def _newest(self, within_s: float) -> str:
        """The newest version that the server has."""
        listed = self._send("GET", API, None, "application/json", within_s)["versions"]
        served = {each["version"] for each in listed}
        return next((version for version in VERSIONS if version in served), "v1")

    def _send(self, method: str, path: str, body: Any, content: str, within_s: float) -> Any:
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": content}
        raw = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(  # noqa: S310 # https, from the kubeconfig
            f"{self._url}{path}", data=raw, headers=headers, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=within_s, context=self._tls) as answer:  # noqa: S310 # the same
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise ApiFailure(error.code, f"{method} {path}: {error.code} {error.read()[:300]!r}") from error
        except (OSError, ValueError) as error:
            raise ApiFailure(0, f"{method} {path}: {error}") from error
