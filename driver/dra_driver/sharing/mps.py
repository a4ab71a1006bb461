"""MPS control daemons: one for the devices of a claim that are configured alike.

A daemon lives in a folder of its own: ``pipe`` (its sockets), ``log``, and ``shm``, which is /dev/shm of the daemon and
of its clients, so that no container sees the shared memory of the host. It is a child of this process in a session of
its own: it outlives a killed driver, which finds it again by ``pid`` and by its answer. In a pod it ends with the pod,
and the next start starts it anew; clients of a daemon that died get errors from CUDA, whatever the driver does.

Limits are the daemon's, so a container cannot lift them by its environment. They hold for each process. These functions
block: call them in a thread.
"""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dra_driver.errors import EnvironmentFault
from dra_driver.sharing.programs import Programs

CONTROL = "nvidia-cuda-mps-control"
START_S, STOP_S, POLL_S = 10.0, 10.0, 0.02
KEY = re.compile(r"[0-9a-f]{10}")
OWN_SHM = 'mount --bind "$0" /dev/shm && exec "$@"'
MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Daemon:
    """What a daemon serves: UUIDs of devices, and bytes of pinned memory by UUID."""

    key: str
    devices: tuple[str, ...]
    percentage: int | None
    limits: Mapping[str, int]
    multi_user: bool


class MpsDaemons:
    """The daemons below one folder."""

    def __init__(self, folder: Path, programs: Programs) -> None:
        self._folder = folder
        self._programs = programs
        self._children: dict[str, subprocess.Popen[bytes]] = {}

    def folder(self, key: str) -> Path:
        """Where a daemon lives; ``pipe`` and ``shm`` in it are for its clients."""
        return self._folder / key

    def ensure(self, daemon: Daemon) -> None:
        """Start it, unless it runs; its limits are set in both cases.

        Raises:
            EnvironmentFault: it does not start, or refuses a limit.
        """
        if not self.runs(daemon.key):
            self.stop(daemon.key)
            self._start(daemon)
        self._configure(daemon)

    def runs(self, key: str) -> bool:
        """Whether the daemon's process lives; cheap, because it is asked at every scan."""
        pid = self._pid(key)
        return pid is not None and self._is_daemon(pid, key)

    def _answers(self, key: str) -> bool:
        """Whether the daemon takes commands."""
        try:
            self._ask(key, "get_default_active_thread_percentage")
        except EnvironmentFault:
            return False
        return True

    def _start(self, daemon: Daemon) -> None:
        folder = self.folder(daemon.key)
        try:
            for name in ("log", "pipe", "shm"):
                (folder / name).mkdir(mode=0o711, parents=True, exist_ok=True)
            # clients may have any user: the daemon decides whom it serves, as /tmp and /dev/shm do it
            (folder / "shm").chmod(0o1777)
            command = [str(self._programs.path(CONTROL)), "-f", *(["-M"] if daemon.multi_user else [])]
            with (folder / "log" / "start.log").open("wb") as log:
                child = subprocess.Popen(
                    [*with_own_shm(folder / "shm"), *command],
                    env=self._environment(daemon.key, CUDA_VISIBLE_DEVICES=",".join(daemon.devices)),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
            (folder / "pid").write_text(f"{child.pid}\n")
        except OSError as error:
            message = f"cannot start an MPS daemon in {folder}: {error.strerror}"
            raise EnvironmentFault(message) from error
        self._children[daemon.key] = child
        deadline = time.monotonic() + START_S
        while not self._answers(daemon.key):
            if child.poll() is not None or time.monotonic() > deadline:
                text = (folder / "log" / "start.log").read_text(errors="replace")[-300:]
                self.stop(daemon.key)
                message = f"the MPS daemon of {', '.join(daemon.devices)} does not start: {' '.join(text.split()) or 'it says nothing'}"
                raise EnvironmentFault(message)
            time.sleep(POLL_S)

    def _configure(self, daemon: Daemon) -> None:
        lines = []
        if daemon.percentage:
            lines.append(f"set_default_active_thread_percentage {daemon.percentage}")
        for index, device in enumerate(daemon.devices):
            if device in daemon.limits:  # a daemon counts its own devices
                lines.append(f"set_default_device_pinned_mem_limit {index} {daemon.limits[device] // MIB}M")
        if lines:
            self._ask(daemon.key, *lines)

    def stop(self, key: str) -> None:
        """End a daemon and remove its folder; idempotent.

        Raises:
            EnvironmentFault: it does not end, or its folder cannot be removed.
        """
        folder = self.folder(key)
        if not KEY.fullmatch(key) or not folder.exists():
            return
        with contextlib.suppress(EnvironmentFault):
            self._ask(key, "quit -t 5")
        pid = self._pid(key)
        child = self._children.pop(key, None)
        deadline = time.monotonic() + STOP_S
        while pid is not None and self._is_daemon(pid, key) and (child is None or child.poll() is None):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
            if time.monotonic() > deadline:
                message = f"the MPS daemon {pid} in {folder} does not end; end it"
                raise EnvironmentFault(message)
            time.sleep(POLL_S)
        try:
            shutil.rmtree(folder)
        except OSError as error:
            message = f"cannot remove {error.filename or folder}: {error.strerror}"
            raise EnvironmentFault(message) from error

    def stray(self, known: set[str]) -> list[str]:
        """Keys of daemons' folders that are not KNOWN."""
        if not self._folder.is_dir():
            return []
        found = (path.name for path in self._folder.iterdir())
        return sorted(name for name in found if KEY.fullmatch(name) and name not in known)

    def _pid(self, key: str) -> int | None:
        try:
            return int((self.folder(key) / "pid").read_text())
        except (OSError, ValueError):
            return None

    def _is_daemon(self, pid: int, key: str) -> bool:
        """Whether the process is the daemon of this folder; its id may have been used again."""
        try:
            environment = Path(f"/proc/{pid}/environ").read_bytes()
        except OSError:
            return False
        wanted = f"CUDA_MPS_PIPE_DIRECTORY={self.folder(key) / 'pipe'}".encode()
        return wanted in environment.split(b"\0")

    def _ask(self, key: str, *lines: str) -> str:
        text = "".join(f"{line}\n" for line in lines)
        return self._programs.run(CONTROL, text=text, **self._variables(key))

    def _variables(self, key: str) -> dict[str, str]:
        folder = self.folder(key)
        return {
            "CUDA_MPS_PIPE_DIRECTORY": str(folder / "pipe"),
            "CUDA_MPS_LOG_DIRECTORY": str(folder / "log"),
        }

    def _environment(self, key: str, **variables: str) -> dict[str, str]:
        return self._programs.environment(**self._variables(key), **variables)


def with_own_shm(folder: Path) -> list[str]:
    """Arguments before a command so that FOLDER is its /dev/shm; none where that needs rights that we do not have."""
    unshare = shutil.which("unshare")
    if os.geteuid() != 0 or unshare is None:
        return []
    return [unshare, "--mount", "--propagation", "private", "sh", "-c", OWN_SHM, str(folder)]
