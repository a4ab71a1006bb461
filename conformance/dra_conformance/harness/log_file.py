"""The log of a process under test: read by its ends, and cut while a flood would fill the disk.

The process writes to the file itself, in append mode, so that what it has written is there at once. Cut to nothing, the file
goes on with what comes next.
"""

import os
from pathlib import Path

TEXT_MAX = 1 << 20
SIZE_MAX = 64 << 20
"""More than any driver logs in a run; a flood is cut each time that it has written so much."""


class LogFile:
    """A log; positions in it count what was cut too."""

    def __init__(self, path: Path, size_max: int = SIZE_MAX) -> None:
        self.path = path
        self._size_max = size_max
        self._cut = 0

    def size(self) -> int:
        """How many bytes were ever written."""
        try:
            return self._cut + self.path.stat().st_size
        except OSError:  # not written yet, or the process has removed it
            return self._cut

    def text(self, since: int = 0) -> str:
        """What was written after the position SINCE; of much, the end."""
        return self._read(max(since - self._cut, self.size() - self._cut - TEXT_MAX, 0))

    def beginning(self) -> str:
        """The first lines, if they were not cut."""
        return self._read(0)

    def _read(self, offset: int) -> str:
        try:
            with self.path.open("rb") as stream:
                stream.seek(offset)
                return stream.read(TEXT_MAX).decode(errors="replace")
        except OSError:
            return ""

    def trim(self) -> None:
        """Cut it if it is a flood."""
        try:
            size = self.path.stat().st_size
            if size > self._size_max:
                os.truncate(self.path, 0)
                self._cut += size
        except OSError:
            return
