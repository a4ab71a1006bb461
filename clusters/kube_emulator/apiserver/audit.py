"""The requests that the server got, and the faults that it injects: what checks of fault tolerance need."""

import threading
from collections import deque
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

KEPT = 50_000
"""Requests that are kept."""

KEPT_BYTES = 64 << 20
"""Bytes of bodies that are kept; the oldest requests are dropped first."""


@dataclass(frozen=True, slots=True)
class ApiRequest:
    """One request.

    Attributes:
        time: seconds since 1970 when it came in.
        user: the caller; empty if it was not authenticated (401).
        verb: get, list, watch, create, update, patch, delete or deletecollection.
        sent: what was sent, as JSON text; empty if nothing was.
    """

    time: float
    user: str
    user_agent: str
    verb: str
    plural: str
    namespace: str
    name: str
    subresource: str
    query: dict[str, str]
    code: int
    group: str = ""
    version: str = ""
    sent: bytes = b""

    @property
    def body(self) -> Any:
        """What was sent, as a value; None if nothing was, and the text if it is no JSON."""
        if not self.sent:
            return None
        try:
            return msgspec.json.decode(self.sent)
        except msgspec.DecodeError:
            return self.sent.decode("utf-8", "replace")


@dataclass(slots=True)
class Fault:
    """A wrong answer to the next ``times`` requests that match; empty fields match all.

    Attributes:
        code: HTTP status; 0 breaks the connection; 200 answers correctly, for use with ``delay_s``.
        verbs: which requests; not used for faults of watch events.
        users: whose requests; empty means all but ``admin``'s, which observes.
        delay_s: how long to wait first, on the cluster's clock.
        events: what happens to watch events instead: each is dropped, delayed, duplicated, or ends its connection.
    """

    code: int
    times: int
    verbs: frozenset[str] = frozenset()
    plural: str = ""
    retry_after_s: int = 0
    users: frozenset[str] = frozenset()
    delay_s: float = 0
    events: Literal["", "drop", "delay", "duplicate", "cut"] = ""

    def concerns(self, user: str, plural: str) -> bool:
        """Whether it is for that user and kind."""
        concerned = user in self.users if self.users else user != "admin"
        return concerned and self.plural in ("", plural)


@dataclass(slots=True)
class Audit:
    """Shared between the server's loop and its readers; every method is safe to call from any thread."""

    requests: deque[ApiRequest] = field(default_factory=deque)
    faults: list[Fault] = field(default_factory=list)
    down: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)
    kept_bytes: int = 0

    def record(self, request: ApiRequest) -> None:
        """Keep a request."""
        with self.lock:
            self.requests.append(request)
            self.kept_bytes += len(request.sent)
            while len(self.requests) > KEPT or self.kept_bytes > KEPT_BYTES:
                self.kept_bytes -= len(self.requests.popleft().sent)

    def seen(self) -> list[ApiRequest]:
        """All requests so far, oldest first."""
        with self.lock:
            return list(self.requests)

    def inject(self, fault: Fault) -> None:
        """Inject a fault from now on."""
        with self.lock:
            self.faults.append(fault)

    def heal(self) -> None:
        """Remove all faults."""
        with self.lock:
            self.faults.clear()

    def take_fault(self, user: str, verb: str, plural: str) -> Fault | None:
        """The fault for this request."""
        if not self.faults:
            return None
        return self._take(
            lambda fault: not fault.events and (not fault.verbs or verb in fault.verbs), user, plural
        )

    def take_event_fault(self, user: str, plural: str) -> Fault | None:
        """The fault for this watch event."""
        if not self.faults:
            return None
        return self._take(lambda fault: bool(fault.events), user, plural)

    def _take(self, fits: Any, user: str, plural: str) -> Fault | None:
        with self.lock:
            for fault in self.faults:
                if fits(fault) and fault.concerns(user, plural):
                    fault.times -= 1
                    if fault.times <= 0:
                        self.faults.remove(fault)
                    return fault
        return None
