"""What can go wrong in the harness, by whose doing; what a driver does wrong is a ``Violation`` (see ``expect``).

SuiteError
├── UsageError      you: unknown id, malformed descriptor, unusable output folder; exit code 2
└── HarnessError    the environment: the machine, the cluster or the driver cannot be started; exit code 3
"""


class SuiteError(Exception):
    """Base of the tree; the text says what was wanted, what was found, which object and what to do."""


class UsageError(SuiteError):
    """What was asked for cannot be."""


class HarnessError(SuiteError):
    """The suite cannot judge: something that it needs does not work."""
