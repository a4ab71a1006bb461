"""The folder of a cluster: readable by its user only, and used by one cluster at a time.

The lock is the kernel's, so it is released when the process ends, however that happens.
"""

import fcntl
import os
from pathlib import Path

from kube_emulator.errors import EnvironmentFault


class Folder:
    """A folder that is ours until ``release``."""

    def __init__(self, path: Path) -> None:
        """Make and claim it.

        Raises:
            EnvironmentFault: it cannot be made or written, or another cluster has it.
        """
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = os.open(path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            message = f"cannot start a cluster in {path}: {error.strerror}"
            raise EnvironmentFault(message) from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(self._lock)
            message = f"another cluster runs in {path}; end it, or give another folder"
            raise EnvironmentFault(message) from error

    def release(self) -> None:
        """Let another cluster have it; idempotent."""
        if self._lock >= 0:
            os.close(self._lock)
        self._lock = -1
