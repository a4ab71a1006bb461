"""Whether the process lives and is ready, and the HTTP server that says so beside the metrics.

It lives while its event loop answers and its sockets are there: whoever removes them (a kubelet whose folder was wiped)
makes the driver unreachable for good, and a restart repairs that. It is ready when the kubelet registered it and its
slices were published once; later trouble with the API server is a metric, because it is no reason to stop an update.
"""

import asyncio
import contextlib
import logging
import socket
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import TimeoutError as NoAnswer
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar, TypeVar

from dra_driver.errors import ConfigError

log = logging.getLogger(__name__)
LOOP_S = 5.0
DEADLINE_S = 10.0
T = TypeVar("T")
EXPOSITION = "text/plain; version=0.0.4; charset=utf-8"


class Probes:
    """The state of one driver process.

    Attributes:
        serving: the sockets are there, or should be.
        registered: the kubelet registered the driver.
        published: the slices were published at least once.
    """

    def __init__(self, sockets: Sequence[Path]) -> None:
        self._sockets = tuple(sockets)
        self.serving = False
        self.registered = False
        self.published = False

    def dead(self) -> str:
        """Why the process must be restarted; empty if it lives."""
        gone = [str(path) for path in self._sockets if self.serving and not path.exists()]
        return f"no socket at {', '.join(gone)}" if gone else ""

    def unready(self) -> str:
        """Why it is not ready; empty if it is."""
        facts = {
            "the sockets are not there yet": self.serving,
            "the kubelet has not registered the driver": self.registered,
            "the slices have not been published": self.published,
        }
        return self.dead() or "; ".join(text for text, holds in facts.items() if not holds)


class Handler(BaseHTTPRequestHandler):
    """``/metrics``, ``/livez`` and ``/readyz``."""

    protocol_version = "HTTP/1.1"
    timeout: ClassVar[float | None] = DEADLINE_S
    server: Any

    def do_GET(self) -> None:
        """Answer one of the paths."""
        path = self.path.partition("?")[0]
        try:
            if path == "/metrics":
                self._send(200, self.server.ask(self.server.exposition), EXPOSITION)
            elif path in self.server.questions:
                reason = self.server.ask(self.server.questions[path])
                self._send(503 if reason else 200, f"{reason or 'ok'}\n".encode())
            else:
                self._send(404, b"wanted /metrics, /livez or /readyz\n")
        except NoAnswer:
            self._send(503, f"the event loop does not answer within {LOOP_S:g} s\n".encode())

    do_HEAD = do_GET

    def _send(self, status: int, body: bytes, content_type: str = "text/plain") -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 # the name in the standard library
        """A probe every few seconds is not worth a line."""
        log.debug(format, *args)


class ProbeServer(ThreadingHTTPServer):
    """Answers in threads of its own, so that it can say that the event loop does not answer."""

    daemon_threads = True

    def __init__(
        self,
        address: tuple[str, int],
        probes: Probes,
        exposition: Callable[[], bytes],
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        if ":" in address[0]:
            self.address_family = socket.AF_INET6
        self.exposition = exposition
        self.questions = {"/livez": probes.dead, "/readyz": probes.unready}
        self._loop = loop
        super().__init__(address, Handler)

    def ask(self, question: Callable[[], T]) -> T:
        """The answer of the event loop's thread, which owns all state.

        Raises:
            TimeoutError: it does not answer.
        """

        async def answer() -> T:
            return question()

        return asyncio.run_coroutine_threadsafe(answer(), self._loop).result(LOOP_S)


@contextlib.contextmanager
def served(address: str, probes: Probes, exposition: Callable[[], bytes]) -> Iterator[None]:
    """Serve on ``host:port`` for as long as the context lasts; an empty ADDRESS serves nothing.

    Raises:
        ConfigError: the address is not one, or is in use.
    """
    if not address:
        yield
        return
    loop = asyncio.get_running_loop()
    try:
        server = ProbeServer(split(address), probes, exposition, loop)
    except (OSError, ValueError, OverflowError) as error:
        message = f"--metrics-address {address}: {getattr(error, 'strerror', None) or error}; wanted host:port that is free"
        raise ConfigError(message) from error
    thread = Thread(target=server.serve_forever, name="probes", daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def split(address: str) -> tuple[str, int]:
    """Host and port of ``host:port``, ``:port`` or ``[address]:port``.

    Raises:
        ValueError: it is something else.
    """
    host, colon, port = address.rpartition(":")
    if not colon or not port.isdecimal() or int(port) > 65535:
        raise ValueError("no address")
    return host.removeprefix("[").removesuffix("]"), int(port)
