"""What was asked of the server, and ways to make it misbehave: the evidence and the levers of fault checks."""

import threading
from collections import deque
from dataclasses import dataclass, field
from typing import Any

KEPT = 50_000


@dataclass(frozen=True, slots=True)
class ApiRequest:
    """One request.

    Attributes:
        time: seconds since 1970 when it came in.
        user: who asked, by token.
        verb: get, list, watch, create, update, patch, delete or deletecollection.
        body: what was sent, as JSON; None if nothing was.
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
    body: Any = None


@dataclass(slots=True)
class Fault:
    """A wrong answer to give: CODE for the next ``times`` requests of a user that match; empty fields match all.

    Code 0 breaks the connection.
    """

    code: int
    times: int
    verbs: frozenset[str] = frozenset()
    plural: str = ""
    retry_after_s: int = 0


@dataclass(slots=True)
class Audit:
    """Shared between the server's loop and whoever looks; every method may be called from any thread."""

    requests: deque[ApiRequest] = field(default_factory=lambda: deque(maxlen=KEPT))
    faults: list[Fault] = field(default_factory=list)
    down: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    def record(self, request: ApiRequest) -> None:
        """Remember a request."""
        with self.lock:
            self.requests.append(request)

    def seen(self) -> list[ApiRequest]:
        """All requests so far, oldest first."""
        with self.lock:
            return list(self.requests)

    def inject(self, fault: Fault) -> None:
        """Give a wrong answer from now on."""
        with self.lock:
            self.faults.append(fault)

    def heal(self) -> None:
        """No more wrong answers."""
        with self.lock:
            self.faults.clear()

    def take_fault(self, user: str, verb: str, plural: str) -> Fault | None:
        """The fault for this request; the suite's own requests (user admin) have none."""
        if user == "admin":
            return None
        with self.lock:
            for fault in self.faults:
                if (not fault.verbs or verb in fault.verbs) and fault.plural in ("", plural):
                    fault.times -= 1
                    if fault.times <= 0:
                        self.faults.remove(fault)
                    return fault
        return None
