"""Answers that are not the object asked for: one exception and its ``Status`` body (apimachinery ``api/errors``, 1.36).

Texts and details are the ones that client-go's predicates and kubectl's messages are made for.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from kube_emulator.apiserver.validation.causes import Cause

REASONS = {
    400: "BadRequest",
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    405: "MethodNotAllowed",
    406: "NotAcceptable",
    408: "Timeout",
    409: "Conflict",
    410: "Expired",
    413: "RequestEntityTooLarge",
    415: "UnsupportedMediaType",
    422: "Invalid",
    429: "TooManyRequests",
    503: "ServiceUnavailable",
    504: "Timeout",
}


class ApiError(Exception):
    """A refusal.

    Attributes:
        code: HTTP status.
        reason: ``reason`` of the Status, by default the one of the code; empty where the real server gives none.
        details: the ``details`` member, e.g. the causes of a 422; None leaves it out.
        metadata: the ``metadata`` member; a 410 of a list carries its fresh token here.
        headers: HTTP headers of the answer.
    """

    def __init__(
        self,
        code: int,
        message: str,
        *,
        reason: str | None = None,
        details: dict[str, Any] | None = None,
        metadata: dict[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.reason = REASONS.get(code, "") if reason is None else reason
        self.details = details
        self.metadata = metadata or {}
        self.headers = dict(headers or {})

    def body(self) -> dict[str, Any]:
        """As the server sends it."""
        body: dict[str, Any] = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": self.metadata,
            "status": "Failure",
            "message": self.message,
        }
        if self.reason:
            body["reason"] = self.reason
        if self.details is not None:
            body["details"] = self.details
        return body | {"code": self.code}


def success(plural: str, group: str, name: str, uid: str) -> dict[str, Any]:
    """The Status of a completed deletion."""
    details = _details(name, group, plural) | {"uid": uid}
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}


def bad_request(message: str) -> ApiError:
    """The request cannot be understood."""
    return ApiError(400, message)


def internal(message: str) -> ApiError:
    """A refusal that the real server gives without a reason."""
    return ApiError(500, message, reason="")


def no_route() -> ApiError:
    """There is no such kind here."""
    return ApiError(404, "the server could not find the requested resource", details={})


def not_found(plural: str, group: str, name: str) -> ApiError:
    """There is no such object."""
    message = f'{qualified(plural, group)} "{name}" not found'
    return ApiError(404, message, details=_details(name, group, plural))


def already_exists(plural: str, group: str, name: str) -> ApiError:
    """There is an object of that name."""
    message = f'{qualified(plural, group)} "{name}" already exists'
    return ApiError(409, message, reason="AlreadyExists", details=_details(name, group, plural))


def conflict(plural: str, group: str, name: str, why: str) -> ApiError:
    """The object is not the one that the writer expects."""
    message = f'Operation cannot be fulfilled on {qualified(plural, group)} "{name}": {why}'
    return ApiError(409, message, details=_details(name, group, plural))


def forbidden(plural: str, group: str, name: str, why: str, causes: Iterable[Cause] = ()) -> ApiError:
    """The request is understood and refused."""
    named = f' "{name}"' if name else ""
    details = _details(name, group, plural)
    if listed := cause_list(causes):
        details["causes"] = listed
    return ApiError(403, f"{qualified(plural, group)}{named} is forbidden: {why}", details=details)


def invalid(kind: str, group: str, name: str, causes: Iterable[Cause]) -> ApiError:
    """The object breaks rules."""
    found = list(causes)
    texts = list(dict.fromkeys(cause.text for cause in found))
    shown = texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
    details = _details(name, group, kind) | {"causes": cause_list(found)}
    return ApiError(422, f'{qualified(kind, group)} "{name}" is invalid: {shown}', details=details)


def invalid_options(kind: str, causes: Iterable[Cause]) -> ApiError:
    """Query parameters or the like break rules; KIND is e.g. ``ListOptions``."""
    return invalid(kind, "meta.k8s.io", "", causes)


def too_new(asked: int, current: int) -> ApiError:
    """A version that the server has not seen yet."""
    cause = {"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}
    message = f"Timeout: Too large resource version: {asked}, current: {current}"
    details = {"causes": [cause], "retryAfterSeconds": 1}
    return ApiError(504, message, details=details, headers={"Retry-After": "1"})


def cause_list(causes: Iterable[Cause]) -> list[dict[str, str]]:
    """Causes as ``details.causes``."""
    return [
        {"reason": c.type, "message": c.message} | ({"field": c.field} if c.field else {}) for c in causes
    ]


def _details(name: str, group: str, kind: str) -> dict[str, Any]:
    members = {"name": name, "group": group, "kind": kind}
    return {member: value for member, value in members.items() if value}


def qualified(name: str, group: str) -> str:
    """``resourceslices.resource.k8s.io``, or just the name in the core group."""
    return f"{name}.{group}" if group else name
