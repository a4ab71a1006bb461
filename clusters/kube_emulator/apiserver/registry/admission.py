"""The checks of a write before it is stored: one value that the API gets by constructor."""

from collections.abc import Callable
from dataclasses import dataclass

from kube_emulator.apiserver.auth.write import Write
from kube_emulator.apiserver.validation.context import CheckStatus, no_problems, no_status_causes


@dataclass(frozen=True, slots=True)
class Admission:
    """The checks of writes.

    Attributes:
        admit: refuses an object before it is stored (raises ``ApiError`` 403).
        check_status: lists what the user of the request is not allowed to change in the status of a claim.
        check_expression: lists what is wrong with a CEL selector, with upstream's messages.
    """

    admit: Callable[[Write], None]
    check_status: CheckStatus
    check_expression: Callable[[str], list[str]]


def _admit_all(_: Write) -> None:
    """Refuse nothing."""


PERMISSIVE = Admission(_admit_all, no_status_causes, no_problems)
"""Refuses nothing: for a control plane without users, and for tests of the verbs alone."""
