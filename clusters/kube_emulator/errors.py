"""The exceptions of this package, by cause.

    ClusterError
    ├── UsageError            the caller: an unknown name, a wrong option; commands exit with 2
    └── EnvironmentFault      the machine: no port, no disk, a program that ends; commands exit with 1

Answers of the API server are not in this tree: see ``apiserver.status``.
"""


class ClusterError(Exception):
    """Base of the tree; the text says what was wanted, what was found and what to do."""


class UsageError(ClusterError):
    """A name or an option is wrong."""


class EnvironmentFault(ClusterError):
    """The machine does not allow what was asked."""
