"""What is broken in the racks: the record of ``fake-nvml rack break``, read again when one of its files has changed."""

import json
from collections.abc import Collection, Sequence
from pathlib import Path

from dra_clusters.racks.layout import View, ask

RECORDS = "rack-*/faults.json"


class FaultRecord:
    """The views of the racks in FOLDER; ``fake-nvml`` is asked only after a change."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._seen: tuple[tuple[str, int], ...] = ()
        self._views: list[View] = []

    def views(self) -> list[View]:
        """Of all GPUs that see a fault.

        Raises:
            ClusterError: ``fake-nvml`` cannot say.
        """
        files = tuple(sorted((str(path), path.stat().st_mtime_ns) for path in self._folder.glob(RECORDS)))
        if files != self._seen:
            self._views = json.loads(ask("rack", "views", "--dir", str(self._folder)))
            self._seen = files
        return self._views


def changed_nodes(before: Sequence[View], after: Sequence[View]) -> list[tuple[int, int]]:
    """Pure: (rack, node) of the nodes on which a GPU sees something else AFTER than BEFORE."""

    def by_node(views: Collection[View]) -> dict[tuple[int, int], list[View]]:
        found: dict[tuple[int, int], list[View]] = {}
        for view in views:
            found.setdefault((view["rack"], view["node"]), []).append(view)
        return found

    old, new = by_node(before), by_node(after)
    return sorted(key for key in old.keys() | new.keys() if old.get(key) != new.get(key))
