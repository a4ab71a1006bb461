"""How a verb, which is synchronous, waits for webhooks: it stops with a question and is run again when there is an answer.

A verb is a transaction: nothing is stored before the last answer is known. What it made up before (uid, time, generated
name) is the same in every run, so that the question is recognized. If the stored object changed meanwhile, the question is
another one and is asked too, as upstream's retries of an update do.
"""

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, TypeVar

from dra_api.objects import JsonObject

Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class Question:
    """One call of a webhook.

    Attributes:
        key: what is asked, without what is new in every call.
        hook: the webhook of its configuration.
        request: the AdmissionRequest without ``uid``.
    """

    key: bytes
    hook: JsonObject
    request: JsonObject
    mutating: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a webhook answered.

    Attributes:
        patch: the operations of its JSON patch.
        status: the Status of a refusal.
        failure: why it could not be asked; empty if it was.
    """

    allowed: bool = False
    patch: list[Any] = field(default_factory=list)
    status: JsonObject = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    failure: str = ""


class UnansweredError(Exception):
    """A verb stopped: these questions have no answer yet."""

    def __init__(self, questions: list[Question]) -> None:
        super().__init__(f"{len(questions)} webhooks are to be asked")
        self.questions = questions


@dataclass(slots=True)
class Attempt:
    """The runs of one verb: what was answered, and what was made up."""

    answers: dict[bytes, Verdict] = field(default_factory=dict)
    made: dict[str, Any] = field(default_factory=dict)


ATTEMPT: ContextVar[Attempt | None] = ContextVar("attempt", default=None)
"""Of the request that is served; None for verbs of this process, which ask nobody."""


def once(name: str, make: Callable[[], Made]) -> Made:
    """What MAKE made when NAME was asked for first in the runs of this verb."""
    attempt = ATTEMPT.get()
    if attempt is None:
        return make()
    if name not in attempt.made:
        attempt.made[name] = make()
    made: Made = attempt.made[name]
    return made
