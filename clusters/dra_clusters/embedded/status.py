"""Answers that are not the object asked for: one exception and its ``Status`` body (meta/v1, 1.37)."""

from collections.abc import Sequence
from typing import Any

from dra_clusters.embedded.rules.causes import Cause

REASONS = {
    400: "BadRequest",
    401: "Unauthorized",
    404: "NotFound",
    405: "MethodNotAllowed",
    406: "NotAcceptable",
    409: "Conflict",
    410: "Expired",
    413: "RequestEntityTooLarge",
    415: "UnsupportedMediaType",
    422: "Invalid",
    429: "TooManyRequests",
    500: "InternalError",
    503: "ServiceUnavailable",
}


class ApiError(Exception):
    """A refusal.

    Attributes:
        code: HTTP status.
        reason: machine word, by default the one of the code.
        details: the ``details`` member, e.g. the causes of a 422.
    """

    def __init__(
        self, code: int, message: str, *, reason: str = "", details: dict[str, Any] | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.reason = reason or REASONS.get(code, "Unknown")
        self.details = details or {}

    def body(self) -> dict[str, Any]:
        """As the server sends it."""
        return {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
            "reason": self.reason,
            "details": self.details,
            "code": self.code,
        }


def not_found(plural: str, group: str, name: str) -> ApiError:
    """There is no such object."""
    return ApiError(
        404, f'{qualified(plural, group)} "{name}" not found', details={"name": name, "kind": plural}
    )


def conflict(plural: str, group: str, name: str, why: str) -> ApiError:
    """The object is not what the writer thinks."""
    message = f'Operation cannot be fulfilled on {qualified(plural, group)} "{name}": {why}'
    return ApiError(409, message, details={"name": name, "kind": plural})


def invalid(kind: str, group: str, name: str, causes: Sequence[Cause]) -> ApiError:
    """The object breaks rules; the message tells equal causes once (apimachinery api/errors ``NewInvalid``, 1.36)."""
    told = list(dict.fromkeys(cause.text for cause in causes))
    shown = told[0] if len(told) == 1 else f"[{', '.join(told)}]"
    details = {
        "name": name,
        "group": group,
        "kind": kind,
        "causes": [
            {"reason": cause.type, "message": cause.message, "field": cause.field} for cause in causes
        ],
    }
    details = {word: value for word, value in details.items() if value}
    return ApiError(422, f'{qualified(kind, group)} "{name}" is invalid: {shown}', details=details)


def qualified(word: str, group: str) -> str:
    """``resourceslices.resource.k8s.io``, or just the word in the core group."""
    return f"{word}.{group}" if group else word
