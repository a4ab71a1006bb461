"""Which driver processes live: each holds a lock on a file of its own, which ends with the process.

During a rolling update two processes share the checkpoint. A record that one has begun must not be undone by the other
as if it had been interrupted, and must be undone if that process is dead. A process id would be used again; a lock is not.
"""

import contextlib
import fcntl
import os
import re
import secrets
from pathlib import Path

from dra_driver.errors import EnvironmentFault

NAME = re.compile(r"instance-([0-9a-f]{16})\.lock")


class Instances:
    """The lock of this process, and a look at those of others.

    Raises:
        EnvironmentFault: the folder cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        try:
            self.token, self._lock = self._enter()
            self._remove_dead()
        except OSError as error:
            message = f"cannot write {error.filename or folder}: {error.strerror}; make the folder writable or choose another one"
            raise EnvironmentFault(message) from error

    def _enter(self) -> tuple[str, int]:
        while True:
            token = secrets.token_hex(8)
            lock = open_private(self._path(token))
            fcntl.flock(lock, fcntl.LOCK_EX)
            if self._path(
                token
            ).exists():  # else another process found it before it was locked, and removed it
                return token, lock
            os.close(lock)

    def _path(self, token: str) -> Path:
        return self._folder / f"instance-{token}.lock"

    def lives(self, token: str) -> bool:
        """Whether the process with TOKEN lives."""
        return token == self.token or is_locked(self._path(token))

    def _remove_dead(self) -> None:
        """Remove the files of processes that were killed."""
        for path in self._folder.iterdir():
            match = NAME.fullmatch(path.name)
            if match and not self.lives(match[1]):
                with contextlib.suppress(OSError):
                    path.unlink()

    def close(self) -> None:
        """Give up the lock; idempotent."""
        with contextlib.suppress(OSError):
            self._path(self.token).unlink(missing_ok=True)
            os.close(self._lock)


def is_locked(path: Path) -> bool:
    """Whether another process holds the lock of a file."""
    try:
        probe = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(probe, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(probe)
    return False


def open_private(path: Path) -> int:
    """A descriptor of a file that only this user can read; created if it does not exist."""
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
