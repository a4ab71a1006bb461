"""What can go wrong, by whose doing.

    ClusterError
    ├── UsageError    you: unknown provider, wrong option; exit code 2
    └── WorldError    the world: no port, no disk; exit code 1

What an API server answers is no error of this package: see ``embedded.status``.
"""


class ClusterError(Exception):
    """Base of the tree; the text says what was wanted, what was found and what to do."""


class UsageError(ClusterError):
    """A name or an option is wrong."""


class WorldError(ClusterError):
    """The machine does not allow what was asked."""
