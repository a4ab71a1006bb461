"""Label selectors of list and watch: the whole grammar, and the messages of the real server for what it refuses.

Read as apimachinery ``pkg/labels/selector.go`` (1.36) does: a lexer, then a parser of one token ahead, then the rules of
label keys and values.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NoReturn

from kube_emulator.apiserver.status import bad_request
from kube_emulator.apiserver.validation.causes import invalid
from kube_emulator.apiserver.validation.names import label_value, qualified

Predicate = Callable[[Mapping[str, Any]], bool]
Requirement = Callable[[Mapping[str, str]], bool]
TOKEN = re.compile(r"\s*(==|!=|[=!<>(),]|[^=!<>(),\s]+)")
SYMBOLS = frozenset({"==", "!=", "=", "!", "<", ">", "(", ")", ","})
OPERATORS = ("=", "==", "!=", "in", "notin", "<", ">")


def everything(_: Any) -> bool:
    """The predicate of no selector."""
    return True


def both(first: Predicate, second: Predicate) -> Predicate:
    """Both hold."""
    return lambda item: first(item) and second(item)


def label_selector(text: str) -> Predicate:
    """Predicate of ``labelSelector``.

    Raises:
        ApiError: 400, the selector cannot be read.
    """
    tests = list(Parser(text).requirements())
    if not tests:
        return everything
    return lambda item: holds(tests, item["metadata"].get("labels") or {})


def selects(selector: Mapping[str, Any] | None, labels: Mapping[str, str]) -> bool:
    """Whether a ``LabelSelector`` selects what has LABELS: an empty one everything, none nothing."""
    if selector is None:
        return False
    # LabelSelectorAsSelector: nil selects nothing, an empty selector everything.
    wanted = (selector.get("matchLabels") or {}).items()
    return wanted <= labels.items() and all(
        meets(labels, one) for one in selector.get("matchExpressions") or ()
    )


def meets(labels: Mapping[str, str], wanted: Mapping[str, Any]) -> bool:
    """Whether LABELS meet one of ``matchExpressions``; an unknown operator is not met."""
    value, values = labels.get(wanted["key"]), wanted.get("values") or ()
    answers = {
        "In": value in values,
        "NotIn": value not in values,
        "Exists": value is not None,
        "DoesNotExist": value is None,
    }
    return answers.get(wanted["operator"], False)


def holds(tests: list[Requirement], labels: Mapping[str, str]) -> bool:
    """Whether all TESTS hold."""
    return all(test(labels) for test in tests)


class Parser:
    """Reads one selector."""

    def __init__(self, text: str) -> None:
        self._tokens = TOKEN.findall(text)
        self._at = 0

    def requirements(self) -> Iterator[Requirement]:
        """The requirements, all of which must hold."""
        if (first := self._look()) in SYMBOLS - {"!"}:
            raise bad_request(f"found '{first}', expected: !, identifier, or 'end of string'")
        while self._look() != "":
            yield self._requirement()
            token = self._next()
            if token == "":  # a token of a grammar
                return
            if token != ",":  # noqa: S105 # as above
                raise bad_request(f"found '{token}', expected: ',' or 'end of string'")
            following = self._look()
            if following in SYMBOLS - {"!"} or following == "":
                raise bad_request(f"found '{following}', expected: identifier after ','")

    def _look(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _next(self) -> str:
        token = self._look()
        self._at += 1
        return token

    def _requirement(self) -> Requirement:
        absent = self._look() == "!"
        if absent:
            self._next()
        key = self._next()
        if key in SYMBOLS or key == "":
            refuse(f"found '{key}', expected: identifier")
        check_key(key)
        if absent:
            return lambda labels: key not in labels
        if self._look() in ("", ","):
            return lambda labels: key in labels
        operator = self._next()
        if operator not in OPERATORS:
            refuse(f"found '{operator}', expected: in, notin, =, ==, !=, gt, lt")
        if operator in ("in", "notin"):
            values = self._values()
            for index, value in enumerate(sorted(values)):
                check_value(key, value, index)
            return lambda labels: (labels.get(key) in values) == (operator == "in")
        return compared(key, operator, self._exact_value())

    def _exact_value(self) -> str:
        if self._look() in ("", ","):
            return ""
        value = self._next()
        if value in SYMBOLS:
            refuse(f"found '{value}', expected: identifier")
        return value

    def _values(self) -> frozenset[str]:
        if (token := self._next()) != "(":
            refuse(f"found '{token}' expected: '('")
        values: set[str] = set()
        while True:
            token = self._next()
            if token == ")":  # noqa: S105 # a token of a grammar
                return frozenset(values | {""} if not values or self._tokens[self._at - 2] == "," else values)
            if token == ",":  # noqa: S105 # as above
                values.add("")
                continue
            if token in SYMBOLS or token == "":
                refuse(f"found '{token}', expected: ',' or ')'")
            values.add(token)
            if self._look() == ",":
                self._next()
            elif self._look() != ")":
                refuse(f"found '{self._look()}', expected: ',' or ')'")


def compared(key: str, operator: str, value: str) -> Requirement:
    """``key = value`` and the like."""
    if operator in ("<", ">"):
        if re.fullmatch(r"[+-]?\d+", value) is None:
            refuse(invalid("values[0]", value, "for 'Gt', 'Lt' operators, the value must be an integer").text)
        bound = int(value)
        return lambda labels: is_beyond(labels.get(key), operator, bound)
    check_value(key, value, 0)
    if operator == "!=":
        return lambda labels: labels.get(key) != value
    return lambda labels: labels.get(key) == value


def is_beyond(found: str | None, operator: str, bound: int) -> bool:
    """Whether a label is a number on that side of BOUND."""
    if found is None or re.fullmatch(r"[+-]?\d+", found) is None:
        return False
    return int(found) > bound if operator == ">" else int(found) < bound


def check_key(key: str) -> None:
    """Refuse what cannot be a label's key."""
    problems = qualified(key)
    if problems:
        refuse(invalid("<nil>", key, "; ".join(problems)).text)


def check_value(key: str, value: str, index: int) -> None:
    """Refuse what cannot be a label's value."""
    problems = label_value(value)
    if problems:
        refuse(invalid(f"values[{index}][{key}]", value, "; ".join(problems)).text)


def refuse(why: str) -> NoReturn:
    """Refuse a selector that cannot be read."""
    raise bad_request(f"unable to parse requirement: {why}")
