"""How the files of a driver root are written: text, bytes, relative links and device nodes."""

import os
import stat
from pathlib import Path


def write(path: Path, content: str | bytes) -> None:
    """A file, with the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)


def link(path: Path, target: Path) -> None:
    """A relative link, so that the root can be mounted anywhere."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.symlink_to(os.path.relpath(target, path.parent))


def device_node(path: Path, major: int, minor: int) -> None:
    """A character device, or an empty file where that is not allowed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    try:
        os.mknod(path, 0o666 | stat.S_IFCHR, os.makedev(major, minor))
        path.chmod(0o666)
    except PermissionError:
        path.touch(mode=0o666)
