"""The NRI socket of a node: a thread takes plugins, and one for each speaks with it until it ends."""

import contextlib
import socket
import threading
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dra_conformance.harness.evidence import KEPT, Seen
from dra_conformance.harness.nri.containers import Containers
from dra_conformance.harness.nri.conversation import Conversation
from dra_conformance.harness.nri.frames import ProtocolError
from dra_conformance.harness.patience import Patience

PLUGINS_MAX = 16
"""Connections at a time; a driver has one."""
READ_MAX = 64 << 10
MODE = 0o600
WAIT = "NRI plugin"


class NriEndpoint:
    """A runtime's socket; made, it takes plugins until it is closed.

    Attributes:
        containers: what it says that runs.
    """

    def __init__(self, path: Path, containers: Containers, patience: Patience) -> None:
        self.path = path
        self.containers = containers
        self._patience = patience
        self._seen: deque[Seen] = deque(maxlen=KEPT)
        self._change = threading.Condition()
        self._connections: dict[socket.socket, Conversation] = {}
        self._closed = False
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        path.chmod(MODE)
        self._listener.listen(PLUGINS_MAX)
        self._threads = [threading.Thread(target=self._accept, name=f"nri {path.name}", daemon=True)]
        self._threads[0].start()

    def seen(self) -> Iterator[Seen]:
        """What was said since the last call."""
        while self._seen:
            yield self._seen.popleft()

    def wait_synchronized(self, timeout_s: float) -> bool:
        """Whether a plugin that is connected knows which containers run, after TIMEOUT_S at most."""
        limit_s = self._patience.limit_s(WAIT, timeout_s)
        with self._change:
            found = self._change.wait_for(
                lambda: any(one.synchronized for one in self._connections.values()), limit_s
            )
        if not found:
            self._patience.was_in_vain(WAIT)
        return found

    def close(self) -> None:
        """End all connections and the socket."""
        with self._change:
            self._closed = True
            sockets = [self._listener, *self._connections]
        for one in sockets:
            with contextlib.suppress(OSError):  # a plugin that is gone
                one.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        self._listener.close()
        self.path.unlink(missing_ok=True)

    def _record(self, what: str, **details: Any) -> None:
        self._seen.append(Seen(time.monotonic(), "nri", what, details))

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:  # closed
                return
            with self._change:
                if self._closed or len(self._connections) >= PLUGINS_MAX:
                    connection.close()
                    continue
                conversation = Conversation(self.containers.running, self._record)
                self._connections[connection] = conversation
                self._threads = [thread for thread in self._threads if thread.is_alive()]
                self._threads.append(
                    threading.Thread(target=self._speak, args=(connection, conversation), daemon=True)
                )
                self._threads[-1].start()

    def _speak(self, connection: socket.socket, conversation: Conversation) -> None:
        with connection:
            try:
                while data := connection.recv(READ_MAX):
                    connection.sendall(conversation.received(data))
                    with self._change:
                        self._change.notify_all()
            except ProtocolError as error:
                self._record("closed the connection of a plugin", reason=str(error))
            except OSError as error:  # it ended in the middle of something
                self._record("lost the connection of a plugin", reason=str(error))
            finally:
                with self._change:
                    del self._connections[connection]
                    self._change.notify_all()
        self._record(f"plugin {conversation.plugin or '(not registered)'} is gone")
