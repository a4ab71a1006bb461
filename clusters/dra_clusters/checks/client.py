"""The raw client and its answers as behaviours use them: what is not as wanted is a ``Difference``."""

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from dra_api.objects import JsonObject
from dra_clusters import raw_client
from dra_clusters.raw_client import RawClient, UnexpectedAnswer


class Difference(Exception):
    """What was found is not what was wanted."""


class Answer(raw_client.Answer):
    """An answer with the expectations of behaviours."""

    @property
    def body(self) -> Any:
        """The body as JSON.

        Raises:
            Difference: it is no JSON.
        """
        try:
            return super().body
        except UnexpectedAnswer as error:
            raise Difference(str(error)) from error

    def expect(self, *codes: int) -> Any:
        """The JSON of an answer with one of CODES.

        Raises:
            Difference: it has another code, or it is no JSON.
        """
        try:
            return super().expect(*codes)
        except UnexpectedAnswer as error:
            raise Difference(str(error)) from error

    def refuse(self, code: int, reason: str | None, *texts: str) -> JsonObject:
        """The Status of a refusal with CODE and REASON (None: it has none) whose message has each of TEXTS.

        Raises:
            Difference: it is another, or none.
        """
        status: JsonObject = self.expect(code)
        envelope = {"kind": status.get("kind"), "apiVersion": status.get("apiVersion")}
        wanted = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": reason}
        found = envelope | {name: status.get(name) for name in ("status", "code", "reason")}
        if found != wanted:
            message = f"{self.request}: wanted {wanted}, found {found}: {status.get('message')}"
            raise Difference(message)
        for text in texts:
            if text not in status.get("message", ""):
                message = f"{self.request}: wanted {text!r} in the message {status.get('message')!r}"
                raise Difference(message)
        return status

    def invalid(self, *causes: tuple[str, str]) -> JsonObject:
        """The Status of 422 Invalid whose causes are exactly these (reason, field), in any order.

        Raises:
            Difference: others.
        """
        status = self.refuse(422, "Invalid")
        found = {(c.get("reason"), c.get("field")) for c in status.get("details", {}).get("causes", [])}
        if found != set(causes):
            message = f"{self.request}: wanted causes {sorted(causes)}, found {sorted(map(str, found))}: {status['message']}"
            raise Difference(message)
        return status


Observer = Callable[[Answer, Any], None]
"""Sees each answer, with the body that was sent."""


class Client(RawClient):
    """The raw client, with answers that have expectations; OBSERVE sees each of them."""

    def __init__(self, kubeconfig: Path, *, observe: Observer | None = None) -> None:
        super().__init__(kubeconfig)
        self._observe = observe

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send one request; see ``RawClient.send``."""
        found = super().send(method, path, body, query=query, headers=headers)
        answer = Answer(found.request, found.code, found.headers, found.content)
        if self._observe is not None:
            self._observe(answer, body)
        return answer

    def patch(
        self, kind: str, path: str, body: Any, *, query: Mapping[str, Any] | None = None, **headers: str
    ) -> Answer:
        """Send a patch; see ``RawClient.patch``."""
        given = {"Content-Type": raw_client.PATCH_TYPES[kind], **headers}
        return self.send("PATCH", path, body, query=query, headers=given)

    @contextlib.contextmanager
    def watch(
        self, path: str, *, headers: Mapping[str, str] | None = None, **query: Any
    ) -> Iterator[Iterator[JsonObject]]:
        """The events of a watch, as an iterator that ends with the watch.

        Raises:
            Difference: the watch is refused.
        """
        try:
            with super().watch(path, headers=headers, **query) as events:
                yield events
        except UnexpectedAnswer as error:
            raise Difference(str(error)) from error


def same(found: Any, wanted: Any, what: str) -> None:
    """Compare.

    Raises:
        Difference: they differ.
    """
    if found != wanted:
        message = f"{what}: wanted {wanted!r}, found {found!r}"
        raise Difference(message)


def holds(condition: Any, what: str, seen: Any = "") -> None:
    """Demand that CONDITION is true.

    Raises:
        Difference: it is not.
    """
    if not condition:
        message = f"wanted: {what}; found {seen!r}"
        raise Difference(message)


def take(events: Iterator[JsonObject], count: int) -> Sequence[JsonObject]:
    """The next COUNT events that are no bookmarks.

    Raises:
        Difference: the watch ended before.
    """
    taken: list[JsonObject] = []
    for event in events:
        if event["type"] != "BOOKMARK":
            taken.append(event)
        if len(taken) == count:
            return taken
    message = f"wanted {count} events, found {[event['type'] for event in taken]} before the watch ended"
    raise Difference(message)


PATIENCE_S = 15.0
"""How long a cluster may take for one step, unless a behaviour allows another time."""


def eventually(look: Any, what: str, timeout_s: float | None = None) -> Any:
    """The first true value of ``look()``, which is asked 25 times a second.

    Raises:
        Difference: there was none in TIMEOUT_S seconds, by default PATIENCE_S.
    """
    if timeout_s is None:
        timeout_s = PATIENCE_S
    deadline = time.monotonic() + timeout_s
    while True:
        seen = look()
        if seen:
            return seen
        if time.monotonic() > deadline:
            message = f"waited {timeout_s:.0f} s for: {what}"
            raise Difference(message)
        time.sleep(0.04)
