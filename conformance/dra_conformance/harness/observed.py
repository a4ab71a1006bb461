"""Sources of evidence beside the harness: the driver's log, its API requests, its CDI files."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dra_clusters.provider import ObservableCluster
from dra_conformance.harness.evidence import Seen

LOG_MAX = 2_000
READ_MAX = 64 << 10
CDI_MAX = 1_000
"""Files that are looked at; more are a flood, and the check that cares about it reads the folder itself."""


class LogTail:
    """New lines of the driver's log; of a flood the end."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._read = 0

    def __call__(self) -> Iterator[Seen]:
        """What was written since the last call."""
        try:
            with self._log.open("rb") as stream:
                size = stream.seek(0, 2)
                if size < self._read:  # a flood that was cut
                    self._read = 0
                if size <= self._read:
                    return
                stream.seek(max(self._read, size - READ_MAX))
                text = stream.read(READ_MAX).decode(errors="replace").strip()
                self._read = stream.tell()
        except OSError:  # not started yet, or its folder is gone
            return
        if text:
            shown = text if len(text) <= LOG_MAX else f"... {text[-LOG_MAX:]}"
            yield Seen(time.monotonic(), "log", "the driver logged", {"lines": shown})


class DriverRequests:
    """The driver's requests to the API server, by their own time."""

    def __init__(self, cluster: ObservableCluster) -> None:
        self._cluster = cluster
        self._until = 0.0

    def __call__(self) -> Iterator[Seen]:
        """What came since the last call."""
        new = [request for request in self._cluster.requests() if request.time > self._until]
        self._until = max((request.time for request in new), default=self._until)
        to_monotonic = time.monotonic() - time.time()
        for request in new:
            if request.user == "admin":  # the suite's own, which it records itself
                continue
            subject = "/".join(part for part in (request.plural, request.namespace, request.name) if part)
            sub = f"/{request.subresource}" if request.subresource else ""
            details: dict[str, Any] = {"code": request.code, "sent": request.body}
            yield Seen(request.time + to_monotonic, "driver api", f"{request.verb} {subject}{sub}", details)


class CdiChanges:
    """Files of the CDI folder that appeared, changed or vanished."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[Path, tuple[int, int]] = {}

    def __call__(self) -> Iterator[Seen]:
        """What changed since the last call."""
        found: dict[Path, tuple[int, int]] = {}
        try:
            for path in sorted(self._folder.iterdir())[:CDI_MAX]:
                status = path.lstat()
                found[path] = (status.st_mtime_ns, status.st_size)
        except OSError:  # a file that was removed meanwhile, or no folder yet: seen next time
            return
        now = time.monotonic()
        for path in sorted(self._known.keys() - found.keys()):
            yield Seen(now, "cdi", f"{path.name} is gone", {})
        for path, state in found.items():
            if self._known.get(path) != state and path.is_file():
                yield Seen(now, "cdi", f"{path.name} was written", {"content": text(path)})
        self._known = found


def text(path: Path) -> str:
    """The beginning of a file."""
    try:
        with path.open("rb") as stream:
            return stream.read(READ_MAX).decode(errors="replace")
    except OSError:
        return ""
