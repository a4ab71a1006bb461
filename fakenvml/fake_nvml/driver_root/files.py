"""How the files of a driver root are written: text, bytes, relative links and device nodes.

A root has hundreds of files, and ``fake-nvml run --mount`` waits for it: paths are text here, and a folder is made only
when a file in it could not be.
"""

import os
import stat
from pathlib import Path


def write(path: Path | str, content: str | bytes) -> None:
    """A file, with the folders above it."""
    raw = content.encode() if isinstance(content, str) else content
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
    except FileNotFoundError:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
    try:
        while raw:
            raw = raw[os.write(handle, raw) :]
    finally:
        os.close(handle)


def link(path: Path, target: Path) -> None:
    """A relative link, so that the root can be mounted anywhere."""
    place, folder = os.fspath(path), os.path.dirname(path)  # noqa: PTH120 # paths are text, see above
    text = os.path.relpath(target, folder)
    try:
        os.symlink(text, place)  # noqa: PTH211 # the same
    except FileExistsError:
        path.unlink()
        path.symlink_to(text)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(text)


def device_nodes(folder: Path, wanted: dict[str, tuple[int, int]]) -> None:
    """Character devices {name: (major, minor)} that everybody may open, or empty files where that is not allowed."""
    folder.mkdir(parents=True, exist_ok=True)
    base, before = str(folder), os.umask(0)
    try:
        for stale in folder.iterdir():
            if stale.name in wanted:
                stale.unlink()
        for name, (major, minor) in wanted.items():
            try:
                os.mknod(f"{base}/{name}", 0o666 | stat.S_IFCHR, os.makedev(major, minor))
            except PermissionError:
                os.mknod(f"{base}/{name}", 0o666 | stat.S_IFREG)
    finally:
        os.umask(before)
