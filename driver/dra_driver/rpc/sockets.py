"""Paths of UNIX sockets: a stale socket is replaced, one that another process serves is not."""

import contextlib
import os
import re
import socket
import stat
from pathlib import Path

import grpc.aio

from dra_driver.errors import ConfigError, EnvironmentFault

ADDRESS_MAX = 107
"""Usable bytes of a UNIX socket address on Linux (unix(7), sun_path)."""


def clear_socket_path(path: Path) -> None:
    """Make sure that PATH can be bound: create its folder, remove a socket that no process serves.

    Raises:
        ConfigError: the path is too long, or another process answers on it.
        EnvironmentFault: the folder cannot be created, or PATH exists and is no socket.
    """
    length = len(os.fsencode(path))
    if length > ADDRESS_MAX:
        message = f"socket path {path} has {length} bytes, a UNIX socket can have {ADDRESS_MAX}; choose a shorter folder"
        raise ConfigError(message)
    try:
        path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    except OSError as error:
        message = (
            f"cannot use folder {path.parent}: {error.strerror}; make it writable or choose another folder"
        )
        raise EnvironmentFault(message) from error
    if not stat.S_ISSOCK(mode):
        message = f"{path} exists and is not a socket; remove it or choose another folder"
        raise EnvironmentFault(message)
    if answers(path):
        message = f"another process serves {path}; stop it, or give this one another --instance"
        raise ConfigError(message)
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        message = f"cannot remove the stale socket {path}: {error.strerror}; make its folder writable"
        raise EnvironmentFault(message) from error


def remove_ended(folder: Path, name: re.Pattern[str]) -> None:
    """Remove the sockets of ended instances: those in FOLDER with such a NAME that no process serves.

    A process that was killed leaves its own. The kubelet would keep calling the registration socket of an instance that
    never comes back, because the name of the next one is another.
    """
    for path in folder.iterdir():
        with contextlib.suppress(OSError):  # it ends by itself meanwhile, or is not ours to remove
            if name.fullmatch(path.name) and stat.S_ISSOCK(path.lstat().st_mode) and not answers(path):
                path.unlink()


def answers(path: Path) -> bool:
    """Whether a process accepts connections on PATH."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            return False
        return True


async def bind(server: grpc.aio.Server, path: Path) -> None:
    """Start SERVER on the socket PATH, which only this user is allowed to use.

    It is bound under a hidden name and renamed when it answers. The kubelet's watcher ignores hidden files
    (pkg/kubelet/pluginmanager/pluginwatcher/plugin_watcher.go, handleCreateEvent), and calls GetInfo at once when PATH
    appears: between bind and listen it would be refused.

    Raises:
        EnvironmentFault: it cannot be bound.
    """
    hidden = path.with_name(f".{path.name}")
    clear_socket_path(hidden)
    before = os.umask(0o177)  # a chmod after bind would leave a moment in which others can connect
    try:
        server.add_insecure_port(f"unix:{hidden}")
        await server.start()
        hidden.rename(path)
    except (RuntimeError, OSError) as error:
        message = f"cannot listen on {path}: {error}; make its folder writable or choose another one"
        raise EnvironmentFault(message) from error
    finally:
        os.umask(before)
