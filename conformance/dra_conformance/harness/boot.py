"""A new boot id for a process: what a driver reads to notice that the node was rebooted.

``/proc/sys/kernel/random/boot_id`` is the same for all processes of a machine, so a process that shall see another one gets
a mount namespace of its own, in which a file is bound over it. That needs root and util-linux.
"""

import functools
import os
import shutil
import subprocess
import uuid
from pathlib import Path

BOOT_ID = "/proc/sys/kernel/random/boot_id"
SCRIPT = f'mount --bind "$0" {BOOT_ID} && exec "$@"'
TIMEOUT_S = 10.0


def rebooted(folder: Path) -> list[str] | None:
    """Arguments to put before a command so that it sees a new boot id; None if this machine does not allow it."""
    if not allowed(folder):
        return None
    path = folder / "boot_id"
    path.write_text(f"{uuid.uuid4()}\n")
    return prefix(path)


def prefix(path: Path) -> list[str]:
    """Arguments that bind PATH over the boot id; the command keeps the process id."""
    return ["unshare", "--mount", "--propagation", "private", "sh", "-c", SCRIPT, str(path)]


@functools.cache
def allowed(folder: Path) -> bool:
    """Whether a file in FOLDER can be bound over the boot id."""
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        return False
    path = folder / "boot_id_probe"
    path.write_text("probe\n")
    try:
        done = subprocess.run(
            [*prefix(path), "cat", BOOT_ID], capture_output=True, timeout=TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.stdout == b"probe\n"
