"""One broken rule, with the message that clients of a real API server see.

A rule is a function that yields ``Cause``s. The constructors here know the forms of messages, so a rule only says what is
wrong with its value (apimachinery ``pkg/util/validation/field/errors.go``, 1.36). How causes become a ``Status`` is in
``status``.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

HIDDEN = "<value omitted>"
ABSENT = object()
"""Marks a cause whose message shows no value."""


@dataclass(frozen=True, slots=True)
class Cause:
    """One broken rule.

    Attributes:
        type: the reason in ``details.causes``, e.g. ``FieldValueInvalid``.
        field: path of the field, e.g. ``spec.devices[0].name``.
        message: what is wrong, without the path.
    """

    type: str
    field: str
    message: str

    @property
    def text(self) -> str:
        """The cause as the message of a ``Status`` has it."""
        return f"{self.field}: {self.message}"

    def under(self, prefix: str) -> "Cause":
        """The same cause for an object that is embedded at PREFIX."""
        return Cause(self.type, f"{prefix}.{self.field}", self.message)


def go_json(value: Any) -> str:
    """VALUE as Go's ``encoding/json`` writes it."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def quoted(text: str) -> str:
    """TEXT as Go's ``strconv.Quote`` writes it; exact for printable text."""
    return json.dumps(text, ensure_ascii=False)


def _shown(value: Any) -> str:
    return quoted(value) if isinstance(value, str) else go_json(value)


def _with_value(kind: str, title: str, field: str, value: Any, detail: str) -> Cause:
    parts = [title, *([] if value is ABSENT else [_shown(value)]), *([detail] if detail else [])]
    return Cause(kind, field, ": ".join(parts))


def required(field: str, detail: str = "") -> Cause:
    """A value is missing."""
    return _with_value("FieldValueRequired", "Required value", field, ABSENT, detail)


def invalid(field: str, value: Any, detail: str) -> Cause:
    """A value is malformed."""
    return _with_value("FieldValueInvalid", "Invalid value", field, value, detail)


def type_invalid(field: str, value: Any, detail: str) -> Cause:
    """A value has the wrong type."""
    return _with_value("FieldValueTypeInvalid", "Invalid value", field, value, detail)


def duplicate(field: str, value: Any) -> Cause:
    """A value occurs twice."""
    return _with_value("FieldValueDuplicate", "Duplicate value", field, value, "")


def not_found(field: str, value: Any) -> Cause:
    """A value names something that does not exist."""
    return _with_value("FieldValueNotFound", "Not found", field, value, "")


def not_supported(field: str, value: Any, allowed: Iterable[str]) -> Cause:
    """A value is not among ALLOWED; the message lists them in the given order."""
    detail = "supported values: " + ", ".join(quoted(one) for one in allowed)
    return _with_value("FieldValueNotSupported", "Unsupported value", field, value, detail)


def forbidden(field: str, detail: str) -> Cause:
    """A value is well-formed, but not allowed here."""
    return _with_value("FieldValueForbidden", "Forbidden", field, ABSENT, detail)


def too_long(field: str, limit: int, unit: str = "byte") -> Cause:
    """A text has more than LIMIT bytes (or another UNIT)."""
    plural = "" if limit == 1 else "s"
    return _with_value(
        "FieldValueTooLong", "Too long", field, ABSENT, f"may not be more than {limit} {unit}{plural}"
    )


def too_many(field: str, found: int, limit: int) -> Cause:
    """A list has more than LIMIT items."""
    detail = f"must have at most {limit} item{'' if limit == 1 else 's'}"
    return _with_value("FieldValueTooMany", "Too many", field, found, detail)


def internal(field: str, detail: str) -> Cause:
    """A rule could not be checked."""
    return _with_value("InternalError", "Internal error", field, ABSENT, detail)
