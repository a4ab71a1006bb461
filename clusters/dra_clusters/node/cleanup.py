"""Removes what a node leaves in the kernel: its cgroups and its bridge. Also a command, for the guard process."""

import contextlib
import os
import re
import subprocess
import sys
import time
from pathlib import Path

CGROUPS = Path("/sys/fs/cgroup")
STEM = re.compile(r"dra[0-9a-f]{6}")
TRIES, PAUSE_S = 50, 0.02


def cgroup_hierarchies(root: Path = CGROUPS) -> list[Path]:
    """Where cgroups are made: each controller's hierarchy of cgroup v1, or the one of v2."""
    if (root / "cgroup.controllers").is_file():
        return [root]
    return sorted({path.resolve() for path in root.iterdir() if (path / "cgroup.procs").is_file()})


def make_cgroups(stem: str, root: Path = CGROUPS) -> None:
    """The cgroup STEM with all controllers; the kubelet demands that its root exists."""
    for hierarchy in cgroup_hierarchies(root):
        folder = hierarchy / stem
        folder.mkdir(exist_ok=True)
        if (hierarchy / "cgroup.controllers").is_file():
            controllers = (hierarchy / "cgroup.controllers").read_text().split()
            for place in (hierarchy, folder):
                (place / "cgroup.subtree_control").write_text(" ".join(f"+{each}" for each in controllers))
        elif (folder / "cpuset.cpus").is_file():  # v1: empty ones let no process in
            for name in ("cpuset.cpus", "cpuset.mems"):
                (folder / name).write_text((hierarchy / name).read_text())


def remove_cgroups(stem: str, root: Path = CGROUPS) -> None:
    """Remove the cgroup STEM; the kernel takes a moment to let processes go that were killed."""
    for hierarchy in cgroup_hierarchies(root):
        for _ in range(TRIES):
            for folder, _, _ in os.walk(hierarchy / stem, topdown=False):
                with contextlib.suppress(OSError):
                    Path(folder).rmdir()
            if not (hierarchy / stem).exists():
                break
            time.sleep(PAUSE_S)


def remove_bridge(stem: str) -> None:
    """Remove the bridge of the node."""
    if Path(f"/sys/class/net/{stem}").exists():
        subprocess.run(["ip", "link", "delete", stem], check=False, capture_output=True)


def clean(stem: str) -> None:
    """Remove everything of the node STEM.

    Raises:
        ValueError: that is no node's stem.
    """
    if not STEM.fullmatch(stem):
        message = f"wanted the stem of a node such as dra0a1b2c, found {stem!r}"
        raise ValueError(message)
    remove_bridge(stem)
    remove_cgroups(stem)


if __name__ == "__main__":
    clean(sys.argv[1])
