"""The checks of a write before it is stored: one value that the API gets by constructor."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dra_api.objects import JsonObject
from kube_emulator.apiserver.auth.write import Write
from kube_emulator.apiserver.validation.causes import Cause
from kube_emulator.apiserver.validation.context import CheckStatus, no_causes, no_problems, no_status_causes


def _unchanged(_: Write) -> None:
    """Change nothing."""


@dataclass(frozen=True, slots=True)
class Admission:
    """The checks of writes.

    Attributes:
        mutate: the new object as mutating webhooks make it; None if they leave it as it is.
        admit: refuses an object before it is stored (raises ``ApiError`` 403).
        check_status: lists what the user of the request is not allowed to change in the status of a claim.
        check_expression: lists what is wrong with a CEL selector, with upstream's messages.
        check_configuration: lists what is wrong with the expressions of webhooks and policies.
    """

    admit: Callable[[Write], None]
    check_status: CheckStatus
    check_expression: Callable[[str], list[str]]
    check_configuration: Callable[[Mapping[str, Any]], list[Cause]] = no_causes
    mutate: Callable[[Write], JsonObject | None] = _unchanged


def admit_all(checks: Sequence[Callable[[Write], None]], write: Write) -> None:
    """Run CHECKS in their order; the first refusal is the answer.

    Raises:
        ApiError: a check refuses WRITE.
    """
    for check in checks:
        check(write)


def _refuse_nothing(_: Write) -> None:
    """Refuse nothing."""


PERMISSIVE = Admission(_refuse_nothing, no_status_causes, no_problems)
"""Refuses nothing: for a control plane without users, and for tests of the verbs alone."""
