"""Errors of the suite, by who can correct them; a fault of the driver is a ``Violation`` (see ``expectations``).

SuiteError
├── UsageError      the caller: unknown id, malformed descriptor, unusable output folder; exit code 2
└── HarnessError    the environment: the machine or the cluster cannot be started, or time is up; exit code 3
"""


class SuiteError(Exception):
    """Base of the tree; the text says what was wanted, what was found, which object and what to do."""


class UsageError(SuiteError):
    """An argument, descriptor or option that cannot be used."""


class HarnessError(SuiteError):
    """The suite cannot judge, and not because of what the driver did."""
