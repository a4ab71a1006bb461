"""Stand inside the fake node: a mount namespace of this process in which /sys, /proc and /dev have the node's GPUs.

Programs with paths of their own (``/sys/bus/pci/devices``, ``/proc/driver/nvidia``, ``/dev/nvidia0``) then run unmodified.
Nothing outside the namespace changes: it is private, and ends with its last process. Root needs CAP_SYS_ADMIN for it;
everybody else gets it from a user namespace, in which the user's number stays what it was.

The kernel's own file systems take no new files. A folder that lacks one is covered with a small tmpfs: what was there is
bound into it again, and the node's files beside it. Folders that only the node has are bound as they are, so that what
the daemon writes later is seen too.
"""

import ctypes
import os
import stat
import tempfile
from pathlib import Path

from fake_nvml.errors import EnvironmentFault

# linux/sched.h and linux/mount.h
NEW_MOUNTS, NEW_USER = 0x00020000, 0x10000000
BIND, RECURSIVE, PRIVATE, DETACH = 0x1000, 0x4000, 0x40000, 0x2
NVIDIA = "0x10de"
MERGED = (
    "sys/devices",
    "sys/bus/pci/devices",
    "sys/bus/pci/drivers",
    "sys/kernel",
    "sys/module",
    "proc/driver",
    "dev",
)
"""Folders that get the node's entries beside the computer's own."""
_libc = ctypes.CDLL(None, use_errno=True)


def enter(root: Path) -> None:
    """Move this process, which must have one thread, into a namespace that shows the driver root ROOT.

    Raises:
        EnvironmentFault: this computer does not allow it; says what is missing.
    """
    begin()
    show(root)


def begin(in_memory: Path | None = None) -> None:
    """Move this process, which must have one thread, into a mount namespace of its own; nothing is shown there yet.

    Args:
        in_memory: a folder to make, whose files are kept in memory: hundreds of small files cost a disk more than all the rest.

    Raises:
        EnvironmentFault: this computer does not allow it; says what is missing.
    """
    user, group = os.geteuid(), os.getegid()
    try:
        try:
            _unshare(NEW_MOUNTS)
        except PermissionError:
            _unshare(NEW_MOUNTS | NEW_USER)
            # user_namespaces(7): without privilege a group can be mapped only after setgroups is given up
            Path("/proc/self/setgroups").write_text("deny")
            Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
            Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
        _mount("none", "/", flags=RECURSIVE | PRIVATE)
        if in_memory:
            in_memory.mkdir()
            _mount("fake-nvml", in_memory, kind="tmpfs")
    except OSError as error:
        raise _refused(error) from error


def show(root: Path) -> None:
    """Show the driver root ROOT in the namespace that has begun.

    Raises:
        EnvironmentFault: this computer does not allow it; says what is missing.
    """
    try:
        hidden = _hidden()
        for name in MERGED:
            _merge(f"/{name}", f"{root}/{name}", hidden)
        _rows(root)
    except OSError as error:
        raise _refused(error) from error


def let_go(in_memory: Path) -> None:
    """Take away what ``begin`` keeps in memory, so that the folder above it can be removed; a program that is inside keeps its mounts."""
    _libc.umount2(os.fsencode(in_memory), DETACH)


def _refused(error: OSError) -> EnvironmentFault:
    return EnvironmentFault(f"run --mount: this computer allows no private mounts ({error}); {_missing()}")


def _unshare(flags: int) -> None:
    if _libc.unshare(flags):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), "unshare")


def _mount(source: str | Path, target: str | Path, *, kind: str | None = None, flags: int = 0) -> None:
    encoded = kind.encode() if kind else None
    if _libc.mount(os.fsencode(source), os.fsencode(target), encoded, flags, b"mode=755" if kind else None):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), f"mount on {target}")


def _missing() -> str:
    """What somebody has to change, by the switches that distributions have for it."""
    switches = {
        "/proc/sys/kernel/unprivileged_userns_clone": ("0", "kernel.unprivileged_userns_clone=1"),
        "/proc/sys/kernel/apparmor_restrict_unprivileged_userns": ("1", "kernel.apparmor_restrict_unprivileged_userns=0"),
        "/proc/sys/user/max_user_namespaces": ("0", "user.max_user_namespaces=1000"),
    }  # fmt: skip
    for path, (closed, remedy) in switches.items():
        if Path(path).exists() and Path(path).read_text().strip() == closed:
            return f"run it as root, or allow user namespaces with sysctl {remedy}"
    return "run it as root with CAP_SYS_ADMIN, or where user namespaces are allowed"


def _hidden() -> set[str]:
    """Names of the computer's own that would show a second driver: its NVIDIA devices on the bus and in /dev."""
    devices = Path("/sys/bus/pci/devices")
    names = {path.name for path in Path("/dev").iterdir() if path.name.startswith("nvidia")}
    for device in devices.iterdir() if devices.is_dir() else ():
        if (device / "vendor").read_text().strip() == NVIDIA:
            names.add(device.name)
    return names | {"nvidia", "nvidia-caps"}


def _merge(host: str, ours: str, hidden: set[str]) -> None:
    """Show the entries of OURS in the folder HOST beside those that are there."""
    if not Path(ours).is_dir() or not Path(host).is_dir():
        return
    there = {entry.name: entry for entry in os.scandir(host) if entry.name not in hidden}
    mine = {entry.name: entry for entry in os.scandir(ours)}
    both = {name for name in mine if name in there and _is_shared(mine[name], there[name])}
    if mine.keys() - both or len(there) < len(list(os.scandir(host))):
        _cover(host, {**there, **{name: mine[name] for name in mine.keys() - both}})
    for name in both:
        _merge(f"{host}/{name}", f"{ours}/{name}", hidden)


def _is_shared(mine: "os.DirEntry[str]", there: "os.DirEntry[str]") -> bool:
    """Whether both are folders of folders, as host bridges; a folder with files, as a device, is the node's alone."""
    folders = mine.is_dir(follow_symlinks=False) and there.is_dir(follow_symlinks=False)
    return folders and all(entry.is_dir(follow_symlinks=False) for entry in os.scandir(mine.path))


def _cover(host: str, entries: dict[str, "os.DirEntry[str]"]) -> None:
    """A tmpfs over HOST that has ENTRIES: links are made again, everything else is bound.

    The two folders that are covered have hundreds of entries and a start waits for them, so paths are text here.
    """
    folder = os.open(host, os.O_PATH | os.O_CLOEXEC)
    try:
        _mount("fake-nvml", host, kind="tmpfs")
        for name, entry in entries.items():
            # what was in the folder is reached through its handle, now that it is covered
            covered = entry.path == f"{host}/{name}"
            _show(f"/proc/self/fd/{folder}/{name}" if covered else entry.path, f"{host}/{name}")
    finally:
        os.close(folder)


def _show(source: str, target: str) -> None:
    try:
        kind = os.lstat(source).st_mode
        if stat.S_ISLNK(kind):
            os.symlink(os.readlink(source), target)  # noqa: PTH115, PTH211 # paths are text, see _cover
            return
        if stat.S_ISDIR(kind):
            os.mkdir(target)  # noqa: PTH102 # the same
        else:
            os.mknod(target)
        # an empty file of the root stands for a device that only root can make: /dev/null at least opens as one
        plain = stat.S_ISREG(kind) and target.startswith("/dev/") and target.count("/") == 2
        _mount("/dev/null" if plain else source, target, flags=BIND | RECURSIVE)
    except FileNotFoundError:
        Path(target).unlink(missing_ok=True)  # it went away meanwhile, as a terminal does


def _rows(root: Path) -> None:
    """The lists of the kernel with the node's rows: character devices and loaded modules."""
    own = [line for line in (root / "proc/devices").read_text().splitlines() if "nvidia" in line]
    head, blocks, tail = Path("/proc/devices").read_text().partition("\nBlock devices:")
    kept = [line for line in head.splitlines() if "nvidia" not in line]
    _replace(root, "proc/devices", "\n".join([*kept, *own]) + "\n" + blocks + tail)
    modules = Path("/proc/modules")
    if modules.exists():  # a kernel without loadable modules has no such file, and procfs takes none
        listed = [line for line in modules.read_text().splitlines() if not line.startswith("nvidia")]
        _replace(
            root, "proc/modules", "\n".join([*listed, (root / "proc/modules").read_text().strip()]) + "\n"
        )


def _replace(root: Path, name: str, text: str) -> None:
    # a file of this namespace alone: a node can be entered many times, and the mount outlives the name
    handle, made = tempfile.mkstemp(dir=root / "proc", prefix=f".{Path(name).name}.")
    try:
        os.write(handle, text.encode())
        os.fchmod(handle, 0o444)
        _mount(made, f"/{name}", flags=BIND)
    finally:
        os.close(handle)
        Path(made).unlink()
