"""A webhook that a behaviour runs itself: HTTPS on the loopback, with an answer per path, and the reviews that it got."""

import base64
import json
import tempfile
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from dra_api.objects import JsonObject
from kube_emulator.apiserver.certificate import make_certificate

Answer = Callable[[JsonObject], JsonObject]
"""From the request of a review to members of its response."""


def allow(_request: JsonObject) -> JsonObject:
    """Allow everything."""
    return {"allowed": True}


def patch(*operations: JsonObject) -> JsonObject:
    """Allow, and change the object by a JSON patch."""
    content = base64.b64encode(json.dumps(operations).encode()).decode()
    return {"allowed": True, "patchType": "JSONPatch", "patch": content}


class WebhookServer:
    """A context manager.

    Attributes:
        url: of the webhook.
        bundle: the ``caBundle`` of its configuration.
        requests: the requests of the reviews that it got, oldest first.
    """

    def __init__(self, answer: Answer = allow) -> None:
        self.requests: list[JsonObject] = []
        webhook = self

        class Handler(BaseHTTPRequestHandler):
            """One call."""

            def do_POST(self) -> None:  # the name that http.server wants
                """Answer a review."""
                review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                webhook.requests.append(review["request"])
                response = {"uid": review["request"]["uid"], **answer(review["request"])}
                head = {"apiVersion": review["apiVersion"], "kind": "AdmissionReview"}
                content = json.dumps({**head, "response": response}).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 # as the base class has it
                """Write nothing."""

        with tempfile.TemporaryDirectory() as folder:
            certificate, context = make_certificate(Path(folder))
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self.port = self._server.server_address[1]
        self.url = f"https://127.0.0.1:{self.port}/review"
        self.bundle = base64.b64encode(certificate).decode()

    def __enter__(self) -> Self:
        """Serve."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Serve no more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
