"""The control driver's client: the standard library's HTTP, so that it shares no fault with the other clients."""

import base64
import json
import ssl
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

TIMEOUT_S = 5
GROUP = "/apis/resource.k8s.io/v1"


class ApiFailure(Exception):
    """The server refused or did not answer; ``code`` is 0 without an answer."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


class ControlApi:
    """JSON requests with a kubeconfig of the embedded provider."""

    def __init__(self, kubeconfig: Path) -> None:
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
