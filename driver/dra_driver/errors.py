"""The errors of the driver, by who can remove their cause.

DriverError
├── ConfigError        the administrator: a flag or an environment variable is wrong; exit code 2
├── ClaimError         the user: the claim cannot be prepared as it is; returned in the claim's entry of the reply
├── ApiError           the API server refused or did not answer; the kubelet or a loop tries again
└── EnvironmentFault   the node: NVML, disk, sockets; exit code 1 at start, afterwards in the claim's entry
"""


class DriverError(Exception):
    """Base of the tree; the text says what was wanted, what was found, which object and what to do."""


class ConfigError(DriverError):
    """A flag or its environment variable is wrong."""


class ClaimError(DriverError):
    """The claim cannot be prepared as it is."""


class ApiError(DriverError):
    """The API server refused.

    Attributes:
        code: the HTTP status; 0 if there was no answer.
        retry_after_s: the seconds of its ``Retry-After`` header; 0 if there was none.
    """

    def __init__(self, message: str, code: int = 0, retry_after_s: float = 0) -> None:
        super().__init__(message)
        self.code = code
        self.retry_after_s = retry_after_s


class EnvironmentFault(DriverError):
    """Hardware, disk or sockets do not allow what was asked."""
