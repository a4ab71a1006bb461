"""The control driver's state: one file with all claims, and one lock for the instances of a rolling update."""

import contextlib
import fcntl
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

STALE_S = 3600


class StateFile:
    """The state.

    Attributes:
        claims: {UID: what is known of a claim}, as it was read last.
        trapped: whether the driver cannot go on after it has read a damaged file; only with a defect.
    """

    def __init__(self, data_dir: Path, *, old: bool, defect: str) -> None:
        self._state = data_dir / "state.json"
        self._lock_file = data_dir / "state.lock"
        self._mutex = threading.RLock()
        self._old = old
        self._defect = defect
        self.claims: dict[str, Any] = {}
        self.trapped = False

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Alone with the state, among threads and among the instances of a rolling update."""
        with self._mutex, self._lock_file.open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            if self._state.exists() and self._defect != "forgets" and not self.is_stale():
                try:
                    self.claims = self.read_state(json.loads(self._state.read_text()))
                except ValueError:
                    self.trapped = self._defect == "state-trap"
            yield

    def read_state(self, stored: Any) -> dict[str, Any]:
        """The claims of a state file: the version before wrote a list, this one writes an object; each reads both."""
        if isinstance(stored, list):
            return {} if self._defect == "forgets-old-state" else {item["uid"]: item for item in stored}
        return {} if self._old and self._defect == "loses-new-state" else dict(stored)

    def written_state(self) -> str:
        """The text of the state file."""
        old = [{**known, "uid": uid} for uid, known in self.claims.items()]
        return json.dumps(old if self._old else self.claims)

    def is_stale(self) -> bool:
        """Whether state is thrown away for its age; only with a defect."""
        if self._defect != "expires-state":
            return False
        return abs(time.time() - self._state.stat().st_mtime) > STALE_S

    def save(self) -> None:
        """Write the state in one step."""
        if self._defect == "torn-state":
            text = json.dumps(self.claims)
            with self._state.open("w") as stream:
                stream.write(text[: len(text) // 2])
                stream.flush()
                time.sleep(0.05)
                stream.write(text[len(text) // 2 :])
        elif self._defect != "forgets":
            scratch = self._state.with_suffix(".new")
            scratch.write_text(self.written_state())
            scratch.replace(self._state)
