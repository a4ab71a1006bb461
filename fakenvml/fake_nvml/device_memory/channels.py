"""Which IMEX channels a process has: those whose device nodes it sees and may open.

On a real node the kernel module looks at the file that the process opened, so the mount namespace and the mode of the file
decide. Here /proc/PID/root/dev/nvidia-caps-imex-channels of the process is read, also on a node that does not isolate:
without a channel nobody shares memory over the fabric.
"""

import os
import stat
from pathlib import Path

from fake_nvml.driver_root.devices import CHANNELS, MAJORS

FOLDER = "dev/nvidia-caps-imex-channels"
MAJOR = MAJORS["nvidia-caps-imex-channels"]


def channels_of(pid: int, uid: int, root: Path | None, processes: Path = Path("/proc")) -> frozenset[int]:
    """The channels of process PID of user UID; ROOT is the node's driver root."""
    folder = processes / str(pid) / "root" / FOLDER
    try:
        names = [entry.name.removeprefix("channel") for entry in folder.iterdir()]
    except OSError:
        return frozenset()
    numbers = [int(name) for name in names if name.isdecimal() and int(name) < CHANNELS]
    return frozenset(number for number in numbers if _is_open(folder, root, number, uid))


def _is_open(folder: Path, root: Path | None, number: int, uid: int) -> bool:
    """Whether it is the channel's node, and its mode lets the user read and write."""
    try:
        found = (folder / f"channel{number}").stat()
    except OSError:
        return False
    # where nobody can make device nodes the driver root has plain files: then it must be this very file
    is_device = stat.S_ISCHR(found.st_mode) and found.st_rdev == os.makedev(MAJOR, number)
    if not is_device and not _is_same(found, root / FOLDER / f"channel{number}" if root else None):
        return False
    mine = found.st_uid == uid and found.st_mode & 0o600 == 0o600
    return uid == 0 or found.st_mode & 0o006 == 0o006 or mine


def _is_same(found: os.stat_result, path: Path | None) -> bool:
    return path is not None and path.exists() and os.path.samestat(found, path.stat())
