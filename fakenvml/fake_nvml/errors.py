"""Errors of the fake itself. What a modelled call answers is ``NvmlError`` in ``model``.

FakeNvmlError
├── UsageError      the caller asked for something that does not exist; exit code 2
└── EnvironmentFault      the machine does not allow it (no compiler, folder not writable, socket in use); exit code 3
"""


class FakeNvmlError(Exception):
    """Base of the tree; the text says what was wanted, what was found and what to do."""

    exit_code = 3


class UsageError(FakeNvmlError):
    """The caller asked for something that does not exist or is malformed."""

    exit_code = 2


class EnvironmentFault(FakeNvmlError):
    """This computer does not allow what was asked."""
