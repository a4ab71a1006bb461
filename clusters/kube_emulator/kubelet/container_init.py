"""The first thing that runs in a container that is a process: makes its mount namespace, then becomes its command.

A program of its own, run by path with nothing but the standard library, so that a container starts as fast as Python.
Python 3.11 cannot unshare(2), and no version can mount(2), so both come from the C library. As root it needs no more;
anybody else gets a user namespace first, if the machine allows it. Mount points that do not exist are made on a copy of
their folder that only the namespace sees (a tmpfs into which the folder's entries are bound), never on the machine.

OCI hooks run where the runtime specification says. Those that change the container's files (``ldconfig``, links beside a
library) must not change the machine's, so a container that has hooks sees the machine's system folders through a layer
of its own.

Arguments: the plan (JSON file: command, environment, workingDir, hostname, mounts, devices, additionalGids, hooks, state, bundle, and
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

NEW_MOUNTS, NEW_NAMES, NEW_USER = 0x00020000, 0x04000000, 0x10000000
READ_ONLY, NO_SUID, NO_DEV, NO_EXEC, REMOUNT, BIND, RECURSIVE, PRIVATE = 1, 2, 4, 8, 32, 4096, 16384, 1 << 18
SYSTEM = ("/etc", "/usr", "/lib", "/lib32", "/lib64", "/bin", "/sbin", "/opt")
"""Folders in which hooks change files."""
FLAGS = {"ro": READ_ONLY, "nosuid": NO_SUID, "nodev": NO_DEV, "noexec": NO_EXEC}
LIBC = ctypes.CDLL(None, use_errno=True)


def checked(result: int, what: str) -> None:
    """Raise OSError if a call of the C library failed."""
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def mount(source: str, target: str, flags: int, kind: str | None = None, options: str | None = None) -> None:
    """Mount SOURCE on TARGET."""
    words = [word.encode() if word is not None else None for word in (source, target, kind, options)]
    failed = LIBC.mount(*words[:3], ctypes.c_ulong(flags), words[3])
    checked(failed, f"cannot mount {source} on {target}")


def enter(hostname: str) -> None:
    """Go into namespaces of our own; what is mounted there stays there, and so does the host name."""
    user, group = os.geteuid(), os.getegid()
    flags = NEW_MOUNTS | NEW_NAMES | (NEW_USER if user else 0)
    checked(LIBC.unshare(flags), "cannot have namespaces of its own")
    if user != 0:
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
    name = hostname.encode()
    checked(LIBC.sethostname(name, len(name)), "cannot set the host name")
    mount("none", "/", RECURSIVE | PRIVATE)


class Places:
    """Makes mount points without touching the machine.

    Args:
        bundle: the container's folder; ``top`` and ``layers`` in it are empty and its namespace may use them.
    """

    def __init__(self, bundle: Path) -> None:
        self._bundle = bundle
        self._own: set[Path] = set()
        self._layered: list[Path] = []

    def layer(self) -> None:
        """Lay an empty writable layer over each system folder; what is mounted below one stays visible."""
        layers = self._bundle / "layers"
        mount("tmpfs", str(layers), 0, "tmpfs")
        os.chdir(layers)  # the names of layers in the options of a mount cannot have every character
        for folder in (Path(name) for name in SYSTEM):
            if folder.is_symlink() or not folder.is_dir():
                continue
            kept = [(point, os.open(point, os.O_PATH)) for point in mount_points(folder)]
            for part in ("upper", "work"):
                Path(f"{folder.name}.{part}").mkdir()
            options = f"lowerdir={folder},upperdir={folder.name}.upper,workdir={folder.name}.work"
            mount("overlay", str(folder), 0, "overlay", options)
            for point, before in kept:
                mount(f"/proc/self/fd/{before}", str(point), BIND | RECURSIVE)
                os.close(before)
            self._layered.append(folder)
        os.chdir("/")

    def ready(self, path: str, make: Callable[[Path], object]) -> None:
        """See to it that PATH exists; MAKE makes it if it does not."""
        place = Path(path)
        if os.path.lexists(place):
            return
        parent = place.parent
        while not parent.is_dir():
            parent = parent.parent
        if parent not in self._own and not any(parent.is_relative_to(one) for one in self._layered):
            self._copy(parent)
        for folder in reversed([p for p in place.parents if p.is_relative_to(parent) and p != parent]):
            folder.mkdir()
            self._own.add(folder)
        make(place)

    def _copy(self, folder: Path) -> None:
        """Put a tmpfs with everything that is in FOLDER in its place."""
        is_root = folder == Path("/")
        target = self._bundle / "top" if is_root else folder
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


def mount_points(folder: Path) -> list[Path]:
    """Where something is mounted below FOLDER, but not below another such place."""
    found: list[Path] = []
    for line in Path("/proc/self/mountinfo").read_bytes().splitlines():
        point = Path(line.split(b" ")[4].decode("unicode_escape"))
        inner = any(point.is_relative_to(one) for one in found)
        if point.is_relative_to(folder) and point != folder and not inner:
            found.append(point)
    return found


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
    for name in ("uts", "mnt") if os.geteuid() == 0 else ("user", "uts", "mnt"):
        space = os.open(f"/proc/{pid}/ns/{name}", os.O_RDONLY)
        checked(LIBC.setns(space, 0), f"cannot enter the {name} namespace of process {pid}")
        os.close(space)
    os.fchdir(root)
    os.chroot(".")


def from_outside(work: Callable[[], None]) -> Callable[[], None]:
    """A function that has WORK done by a process which stays in the namespaces of now; raises its OSError."""
    asking, ask = os.pipe()
    answering, answer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(ask)
        os.close(answering)
        try:
            if os.read(asking, 1):
                work()
        except OSError as error:
            os.write(answer, str(error).encode())
        os._exit(0)
    os.close(asking)
    os.close(answer)

    def run() -> None:
        os.write(ask, b"!")
        with os.fdopen(answering, "rb") as stream:
            said = stream.read().decode(errors="replace")
        os.waitpid(child, 0)
        if said:
            raise OSError(said)

    return run


def become(plan: dict[str, Any]) -> None:
    """Be the container's command, or one beside it; returns only by an OSError."""
    if plan.get("join"):
        join(plan["join"])
    else:
        contain(plan)
    os.chdir(plan["workingDir"] or "/")
    os.execvpe(plan["command"][0], plan["command"], plan["environment"])  # noqa: S606 # that is its purpose


def contain(plan: dict[str, Any]) -> None:
    """Make the container around this process; hooks that fail are an OSError with their words."""
    run = hooks_of(plan)
    outside = from_outside(lambda: run("creating", "prestart", "createRuntime")) if run else None
    enter(plan["hostname"])
    places = Places(Path(plan["bundle"]))
    if run:
        places.layer()
    for wanted in plan["mounts"]:
        bind(places, wanted)
    for node in plan["devices"]:
        device(places, node)
    if plan["additionalGids"] and os.geteuid() == 0:
        os.setgroups([*os.getgroups(), *plan["additionalGids"]])
    if run and outside:
        root = Path(plan["bundle"], "rootfs")
        mount("/", str(root), BIND | RECURSIVE)  # hooks refuse to work on "/" itself
        outside()
        run("creating", "createContainer")
        os.chroot(root)
        os.chdir("/")
        run("created", "startContainer")


def hooks_of(plan: dict[str, Any]) -> Callable[..., None] | None:
    """A function that runs the hooks of (status of the container, phases); None if the container has none."""
    if not plan["hooks"]:
        return None
    sys.path.append(str(Path(__file__).parents[2]))  # where this package is: -I and -S leave the library only
    from kube_emulator.kubelet.oci_hooks import HookFailed, run_hooks

    state = plan["state"] | {"pid": os.getpid()}

    def run(status: str, *phases: str) -> None:
        try:
            for phase in phases:
                run_hooks(phase, plan["hooks"], state | {"status": status})
        except HookFailed as error:
            raise OSError(str(error)) from error

    return run


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
