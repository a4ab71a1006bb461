"""The halves of the control driver's bench: a file for each that exists, as hardware would have partitions."""

import time
from collections.abc import Collection
from pathlib import Path

from dra_conformance.controls.widgets import Widgets

HALF = "bench-half-"


class Partitions:
    """What exists of the bench's halves, on a machine that outlives the driver."""

    def __init__(self, folder: Path, widgets: Widgets, defect: str) -> None:
        self._folder = folder
        self._widgets = widgets
        self._defect = defect

    def make(self, uid: str, devices: Collection[str]) -> None:
        """Make the halves among DEVICES for a claim.

        Raises:
            OSError: the bench cannot be divided.
        """
        divided = [path.name for path in self._made() if path.read_text() != uid]
        if "bench" in devices and divided:
            message = f"the bench is divided: {', '.join(divided)}"
            raise OSError(message)
        halves = [name for name in devices if name.startswith(HALF)]
        if not halves:
            return
        if self._widgets.state("bench") == "broken" and self._defect != "hides-failed-division":
            if self._defect == "failure-clears":
                self._clear()
            message = "the bench cannot be divided"
            raise OSError(message)
        for name in halves:
            if self._defect != "never-divides":
                path = self._folder / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(uid)
                self._list()
        if self._defect == "orphans":
            time.sleep(0.5)

    def remove(self, uid: str) -> None:
        """Remove a claim's halves."""
        for path in self._made():
            if path.read_text() == uid and self._defect != "keeps-halves":
                path.unlink()
        self._list()

    def sweep(self, known: Collection[str]) -> None:
        """Remove the halves of claims that are not KNOWN: a process died between making one and recording it."""
        for path in self._made():
            if path.read_text() not in known and self._defect != "orphans":
                path.unlink()
        self._list()

    def _made(self) -> list[Path]:
        return sorted(self._folder.glob(f"{HALF}*"))

    def _clear(self) -> None:
        for path in self._made():
            path.unlink()
        self._list()

    def _list(self) -> None:
        """The list of them, in one file that can be looked at."""
        if self._folder.is_dir():
            lines = [f"{path.name} {path.read_text()}\n" for path in self._made()]
            (self._folder / "list").write_text("".join(lines))
