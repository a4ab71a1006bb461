"""The first thing that runs in a container that is a process: makes its mount namespace, then becomes its command.

A program of its own, run by path with nothing but the standard library, so that a container starts as fast as Python.
Python 3.11 cannot unshare(2), and no version can mount(2), so both come from the C library. As root it needs no more;
anybody else gets a user namespace first, if the machine allows it. Mount points that do not exist are made on a copy of
their folder that only the namespace sees (a tmpfs into which the folder's entries are bound), never on the machine.

Arguments: the plan (JSON file: command, environment, workingDir, mounts, devices, additionalGids, scratch, and
join: the process of the container into which to go instead of making one), and a file
descriptor that gets the reason if the command cannot be started and that closes when it was.
"""

import ctypes
import json
import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

NEW_MOUNTS, NEW_USER = 0x00020000, 0x10000000
READ_ONLY, NO_SUID, NO_DEV, NO_EXEC, REMOUNT, BIND, RECURSIVE, PRIVATE = 1, 2, 4, 8, 32, 4096, 16384, 1 << 18
FLAGS = {"ro": READ_ONLY, "nosuid": NO_SUID, "nodev": NO_DEV, "noexec": NO_EXEC}
LIBC = ctypes.CDLL(None, use_errno=True)


def checked(result: int, what: str) -> None:
    """Raise OSError if a call of the C library failed."""
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def mount(source: str, target: str, flags: int, kind: str | None = None) -> None:
    """Mount SOURCE on TARGET."""
    words = [word.encode() if word is not None else None for word in (source, target, kind)]
    checked(LIBC.mount(*words, ctypes.c_ulong(flags), None), f"cannot mount {source} on {target}")


def enter() -> None:
    """Go into namespaces of our own; what is mounted there stays there."""
    user, group = os.geteuid(), os.getegid()
    flags = NEW_MOUNTS if user == 0 else NEW_MOUNTS | NEW_USER
    checked(LIBC.unshare(flags), "cannot have a mount namespace")
    if user != 0:
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
    mount("none", "/", RECURSIVE | PRIVATE)


class Places:
    """Makes mount points without touching the machine.

    Args:
        scratch: an empty folder that the namespace may use.
    """

    def __init__(self, scratch: str) -> None:
        self._scratch = scratch
        self._own: set[Path] = set()

    def ready(self, path: str, make: Callable[[Path], object]) -> None:
        """See to it that PATH exists; MAKE makes it if it does not."""
        place = Path(path)
        if os.path.lexists(place):
            return
        parent = place.parent
        while not parent.is_dir():
            parent = parent.parent
        if parent not in self._own:
            self._copy(parent)
        for folder in reversed([p for p in place.parents if p.is_relative_to(parent) and p != parent]):
            folder.mkdir()
            self._own.add(folder)
        make(place)

    def _copy(self, folder: Path) -> None:
        """Put a tmpfs with everything that is in FOLDER in its place."""
        is_root = folder == Path("/")
        target = Path(self._scratch) if is_root else folder
        before = os.open(folder, os.O_PATH)
        mount("tmpfs", str(target), 0, "tmpfs")
        for source in Path(f"/proc/self/fd/{before}").iterdir():
            copy = target / source.name
            if source.is_symlink():
                copy.symlink_to(source.readlink())
                continue
            copy.mkdir() if source.is_dir() else copy.touch()
            mount(str(source), str(copy), BIND | RECURSIVE)
        os.close(before)
        if is_root:
            os.chroot(target)
            os.chdir("/")
        self._own.add(folder)


def bind(places: Places, wanted: dict[str, Any]) -> None:
    """A mount of the container."""
    source, target = wanted["hostPath"], wanted["containerPath"]
    options = wanted.get("options") or []
    if wanted.get("type") == "tmpfs":
        places.ready(target, Path.mkdir)
        mount("tmpfs", target, 0, "tmpfs")
        return
    places.ready(target, Path.mkdir if Path(source).is_dir() else Path.touch)
    mount(source, target, BIND | RECURSIVE)
    flags = sum(FLAGS.get(option, 0) for option in options)
    if flags:
        mount(source, target, BIND | REMOUNT | flags)


def device(places: Places, node: dict[str, Any]) -> None:
    """A device node of the container: the host's, or a new one that the node describes."""
    source, target = node["hostPath"], node["path"]
    if os.path.lexists(source):
        if source != target:
            places.ready(target, Path.touch)
            mount(source, target, BIND)
        return
    kinds = {"c": stat.S_IFCHR, "u": stat.S_IFCHR, "b": stat.S_IFBLK, "p": stat.S_IFIFO}
    if node.get("type") not in kinds:
        raise OSError(2, f'failed to stat CDI host device "{source}": no such file or directory')
    mode = kinds[node["type"]] | (node.get("fileMode") or 0o666)
    number = os.makedev(node.get("major") or 0, node.get("minor") or 0)
    places.ready(target, lambda path: os.mknod(path, mode, number))


def join(pid: int) -> None:
    """Go into the namespaces and the root folder of a container's process."""
    root = os.open(f"/proc/{pid}/root", os.O_PATH)
    for name in ("mnt",) if os.geteuid() == 0 else ("user", "mnt"):
        space = os.open(f"/proc/{pid}/ns/{name}", os.O_RDONLY)
        checked(LIBC.setns(space, 0), f"cannot enter the {name} namespace of process {pid}")
        os.close(space)
    os.fchdir(root)
    os.chroot(".")


def become(plan: dict[str, Any]) -> None:
    """Be the container's command, or one beside it; returns only by an OSError."""
    if plan.get("join"):
        join(plan["join"])
        os.chdir(plan["workingDir"] or "/")
        os.execvpe(plan["command"][0], plan["command"], plan["environment"])  # noqa: S606 # that is its purpose
    enter()
    places = Places(plan["scratch"])
    for wanted in plan["mounts"]:
        bind(places, wanted)
    for node in plan["devices"]:
        device(places, node)
    if plan["additionalGids"] and os.geteuid() == 0:
        os.setgroups([*os.getgroups(), *plan["additionalGids"]])
    os.chdir(plan["workingDir"] or "/")
    os.execvpe(plan["command"][0], plan["command"], plan["environment"])  # noqa: S606 # that is its purpose


def main() -> None:
    """Run the plan in the file of the first argument."""
    status = int(sys.argv[2])
    os.set_inheritable(status, False)
    try:
        become(json.loads(Path(sys.argv[1]).read_text()))
    except OSError as error:
        os.write(status, (error.strerror or str(error)).encode())
        sys.exit(128)


if __name__ == "__main__":
    main()
