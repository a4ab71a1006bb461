"""What a check says about the driver: it holds, it is violated, or the question does not arise."""

import time
from collections.abc import Callable
from typing import Any, NoReturn

from dra_conformance.differences import sentence, text_of

POLL_S = 0.01


class Violation(AssertionError):
    """The driver breaks a rule.

    Attributes:
        wanted: what the rule demands.
        found: what was observed.
        where: the object, field or call.
        at: when it was seen, by the monotonic clock; what the check did later was cleanup.
    """

    def __init__(self, wanted: str, found: str, where: str, message: str = "") -> None:
        super().__init__(message or f"{where}: wanted {wanted}; found {found}")
        self.wanted = wanted
        self.found = found
        self.where = where
        self.at = time.monotonic()


class Blocked(Exception):
    """The driver broke requirements before the check could begin: they fail, and the check says nothing.

    Attributes:
        requirements: what the driver broke.
    """

    def __init__(self, requirements: tuple[str, ...], message: str) -> None:
        super().__init__(f"{', '.join(requirements)}: {message}")
        self.requirements = requirements


class NotApplicable(Exception):
    """The rule does not concern this driver; the text says why."""


def expect(condition: bool, *, wanted: object, found: object, where: str) -> None:
    """Go on only if CONDITION holds.

    Raises:
        Violation: it does not.
    """
    if not condition:
        raise Violation(text_of(wanted), text_of(found), where, sentence(where, wanted, found))


def expect_soon(
    condition: Callable[[], bool], *, within_s: float, wanted: object, found: Callable[[], object], where: str
) -> float:
    """Wait until CONDITION holds; returns the seconds that it took.

    Raises:
        Violation: it does not within WITHIN_S.
    """
    start = time.monotonic()
    while not condition():
        if time.monotonic() - start > within_s:
            seen = found()
            limit = f"within {within_s:g} s"
            message = f"{sentence(where, wanted, seen)} {limit}"
            raise Violation(f"{text_of(wanted)} {limit}", text_of(seen), where, message)
        time.sleep(POLL_S)
    return time.monotonic() - start


def not_applicable(why: str) -> NoReturn:
    """End the check: the rule does not concern this driver.

    Raises:
        NotApplicable: always.
    """
    raise NotApplicable(why)


def each(problems: list[Any], *, wanted: object, where: str) -> None:
    """Go on only if PROBLEMS is empty.

    Raises:
        Violation: it is not.
    """
    expect(not problems, wanted=wanted, found="; ".join(str(problem) for problem in problems), where=where)
