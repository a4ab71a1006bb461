"""What the control driver offers over HTTP: ``/livez`` for a probe and ``/metrics`` for Prometheus."""

import socket
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

SHORT = 8


class Operations:
    """How long calls took, and how many failed."""

    def __init__(self, defect: str) -> None:
        self._defect = defect
        self._lock = threading.Lock()
        self._seconds: dict[str, float] = defaultdict(float)
        self._count: dict[str, int] = defaultdict(int)
        self._errors: dict[str, int] = defaultdict(int)

    @contextmanager
    def timed(self, operation: str) -> Iterator[None]:
        """Count a claim."""
        start, failed = time.monotonic(), True
        try:
            yield
            failed = False
        finally:
            with self._lock:
                self._seconds[operation] += time.monotonic() - start
                self._count[operation] += 1
                self._errors[operation] += failed

    def text(self) -> str:
        """In Prometheus' text format."""
        lines = ["# TYPE widget_claim_seconds summary", "# TYPE widget_claim_errors_total counter"]
        for name in ("prepare", "unprepare") if self._defect != "no-durations" else ():
            label = f'{{operation="{name}"}}'
            lines += [
                f"widget_claim_seconds_sum{label} {self._seconds[name]}",
                f"widget_claim_seconds_count{label} {self._count[name]}",
            ]
            lines.append(f"widget_claim_errors_total{label} {self._errors[name]}")
        return "\n".join([*lines, ""])


class Endpoints:
    """The server; an empty address serves nothing."""

    def __init__(self, address: str, sockets: tuple[Path, Path], operations: Operations, defect: str) -> None:
        self._endpoint, self._registry = sockets
        self._operations = operations
        self._defect = defect
        if address:
            host, _, port = address.rpartition(":")
            server = ThreadingHTTPServer((host, int(port)), self._handler())
            threading.Thread(target=server.serve_forever, daemon=True).start()

    def dead(self) -> str:
        """Which socket cannot be connected to; empty if both can."""
        probed = [self._endpoint, self._registry]
        if self._defect == "blind-probe":
            probed.pop()
        if self._defect == "guesses-sockets":
            head, _, uid = self._registry.name.removesuffix("-reg.sock").partition("-")
            probed[1] = self._registry.with_name("-".join(filter(None, [head, uid[:SHORT]])) + "-reg.sock")
        for path in probed:
            with socket.socket(socket.AF_UNIX) as client:
                try:
                    client.connect(str(path))
                except OSError as error:
                    return f"{path}: {error}"
        return ""

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        endpoints = self

        class Handler(BaseHTTPRequestHandler):
            """One request."""

            def do_GET(self) -> None:
                """Answer."""
                problem = endpoints.dead() if self.path == "/livez" else ""
                text = endpoints._operations.text() if self.path == "/metrics" else problem or "ok"
                self.send_response(503 if problem else 200)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 # the name in the standard library
                """Nothing."""

        return Handler
