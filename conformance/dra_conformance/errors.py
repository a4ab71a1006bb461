"""Errors of the suite, by who can correct them; a fault of the driver is a ``Violation`` (see ``expectations``).

SuiteError
├── UsageError      the caller: unknown id, malformed descriptor, unusable output folder; exit code 2
└── HarnessError    the environment: the machine, the cluster or the driver cannot be started; exit code 3
"""


class SuiteError(Exception):
    """Base of the tree; the text says what was wanted, what was found, which object and what to do."""


class UsageError(SuiteError):
    """An argument, descriptor or option that cannot be used."""


class HarnessError(SuiteError):
    """The suite cannot judge: the cluster, the machine or the driver does not start."""
