"""Whose a cluster is: the process that makes one holds a lock on a file in the cluster's folder.

The kernel lets go of the lock when the process ends, however it ends. Normally a guard process removes the cluster then; what
is left where the guard was killed too, as with a whole container of CI, is found by this and removed by the next command.
"""

import fcntl
import os
from collections.abc import Iterable
from pathlib import Path

LOCK = "owner.lock"


class Ownership:
    """The lock on FOLDER, from ``take`` until ``give_up`` or the end of the process."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / LOCK
        self._descriptor: int | None = None

    def take(self) -> None:
        """Hold the lock; nobody ever sees the file without it."""
        draft = self._file.with_name(f".{LOCK}")
        self._descriptor = os.open(draft, os.O_CREAT | os.O_RDWR, 0o600)
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        draft.rename(self._file)

    def give_up(self) -> None:
        """Let the cluster go on without an owner; harmless if it has none."""
        if self._descriptor is not None:
            self._file.unlink(missing_ok=True)
            os.close(self._descriptor)
            self._descriptor = None


def abandoned(folders: Iterable[Path]) -> list[Path]:
    """Those of FOLDERS that are this user's and whose owner ended without giving up."""
    return [folder for folder in folders if is_own(folder) and is_unlocked(folder / LOCK)]


def is_own(folder: Path) -> bool:
    """Whether this user made the folder: what others put into a shared one must not have our clusters removed."""
    try:
        found = folder.lstat()
    except FileNotFoundError:
        return False
    return found.st_uid == os.geteuid()


def is_unlocked(file: Path) -> bool:
    """Whether there is the file of a lock that nobody holds."""
    try:
        descriptor = os.open(file, os.O_RDWR | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True
