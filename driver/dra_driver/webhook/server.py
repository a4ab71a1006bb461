"""HTTPS for the webhook: ``POST /validate-resource-claim-parameters`` and ``GET /readyz``.

The certificate is read again when one of its files changes, because whoever issues it renews it while this process runs.
A connection has a deadline and a body a limit, so that a slow or large request harms nobody.
"""

import contextlib
import json
import logging
import signal
import socket
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

from dra_api.identifiers import DriverName
from dra_driver.errors import ConfigError
from dra_driver.webhook.review import answer

log = logging.getLogger(__name__)
VALIDATE, READY = "/validate-resource-claim-parameters", "/readyz"
BYTES_MAX = 8 << 20
"""An object has at most 1.5 MiB, and a review has the old one, too."""
DEADLINE_S = 10.0


class Certificate:
    """A certificate and its key in files.

    Raises:
        ConfigError: they cannot be used.
    """

    def __init__(self, certificate: Path, key: Path) -> None:
        self._files = (certificate, key)
        self._seen: tuple[float, ...] = ()
        self._context: ssl.SSLContext
        try:
            self._load()
        except (OSError, ssl.SSLError) as error:
            message = f"cannot use {certificate} and {key}: {error}; wanted a certificate and its key as PEM"
            raise ConfigError(message) from error

    def _load(self) -> None:
        seen = tuple(path.stat().st_mtime for path in self._files)
        if seen == self._seen:
            return
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self._files)
        self._seen, self._context = seen, context

    def context(self) -> ssl.SSLContext:
        """The newest that can be used; while files are being replaced, the last one."""
        try:
            self._load()
        except (OSError, ssl.SSLError) as error:
            log.warning("cannot read the new certificate; the last one stays", extra={"error": error})
        return self._context


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    timeout: ClassVar[float | None] = DEADLINE_S
    server: Any

    def do_GET(self) -> None:
        """Ready as soon as it answers."""
        self._send(200 if self.path == READY else 404, b"ok\n" if self.path == READY else b"")

    def do_POST(self) -> None:
        """Answer a review."""
        length = self.headers.get("Content-Length", "")
        if self.path.partition("?")[0] != VALIDATE:
            self._send(404, b"")
        elif not length.isdigit() or int(length) > BYTES_MAX:
            self.close_connection = True
            self._send(413, b"wanted a body of at most 8 MiB\n")
        else:
            try:
                reply = answer(json.loads(self.rfile.read(int(length))), self.server.driver_name)
            except (ValueError, RecursionError) as error:
                self._send(400, f"{error}\n".encode())
            else:
                self._send(200, json.dumps(reply).encode(), "application/json")

    def _send(self, status: int, body: bytes, content_type: str = "text/plain") -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 # the name in the standard library
        """Requests are the API server's to log."""
        log.debug(format, *args)


class WebhookServer(ThreadingHTTPServer):
    """Serves until ``shutdown``.

    Raises:
        ConfigError: the address is not one, or is in use.
    """

    daemon_threads = True

    def __init__(self, host: str, port: int, certificate: Certificate, driver_name: DriverName) -> None:
        self.driver_name = driver_name
        self._certificate = certificate
        if ":" in host:
            self.address_family = socket.AF_INET6
        try:
            super().__init__((host, port), Handler)
        except (OSError, OverflowError) as error:
            message = f"cannot listen on {host}:{port}: {getattr(error, 'strerror', None) or error}; choose a free port"
            raise ConfigError(message) from error

    def finish_request(self, request: Any, client_address: Any) -> None:
        """TLS in the connection's own thread: a client that says nothing must not stop the others."""
        request.settimeout(DEADLINE_S)
        with (
            contextlib.suppress(OSError),
            self._certificate.context().wrap_socket(request, server_side=True) as secured,
        ):
            super().finish_request(secured, client_address)


def serve(server: WebhookServer) -> None:
    """Serve until SIGTERM or SIGINT."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: threading.Thread(target=server.shutdown).start())
    log.info("checking configurations on port %d", server.server_address[1])
    with server:
        server.serve_forever()
    log.info("stopped")
