"""What can go wrong, by whose doing.

DriverError
├── ConfigError    you: wrong flag or environment; exit code 2
├── ClaimError     you: a claim that cannot be prepared as it is; goes into that claim's entry of the reply
├── ApiError       the peer: the API server refused or did not answer; the kubelet or a loop tries again
└── EnvironmentFault     the world: NVML, disk, sockets; exit code 1 at start, else the claim's entry
"""


class DriverError(Exception):
    """Base of the tree; the text says what was wanted, what was found, which object and what to do."""


class ConfigError(DriverError):
    """A flag or its environment twin is wrong."""


class ClaimError(DriverError):
    """The claim cannot be prepared as it is."""


class ApiError(DriverError):
    """The API server refused.

    Attributes:
        code: the HTTP status; 0 if there was no answer.
        retry_after_s: how long the server wants to be left alone; 0 if it did not say.
    """

    def __init__(self, message: str, code: int = 0, retry_after_s: float = 0) -> None:
        super().__init__(message)
        self.code = code
        self.retry_after_s = retry_after_s


class EnvironmentFault(DriverError):
    """Hardware, disk or sockets do not allow what was asked."""
