"""What NVIDIA's own generator, ``nvidia-ctk cdi generate``, says that containers need of NVIDIA's driver.

Only what is the same for every container is taken: mounts, hooks and variables. Device nodes are in the document of each
claim. Needs the program on the PATH of this process, and asks it once for each version of the driver.
"""

import re
import shutil
import subprocess
from pathlib import Path
from typing import TypedDict

import msgspec

from dra_driver.cdi.spec import NO_NVIDIA_RUNTIME, ContainerEdits
from dra_driver.errors import EnvironmentFault

PROGRAM = "nvidia-ctk"
TIMEOUT_S = 60.0


class Generated(TypedDict):
    """What is read of the program's document."""

    containerEdits: ContainerEdits


class NvidiaCtk:
    """The program at PATH, for one driver root."""

    def __init__(self, path: Path, *, root: Path, dev_root: Path, hook: str) -> None:
        self._path = path
        self._flags = (
            *("cdi", "generate", "--mode", "nvml", "--format", "json"),
            *("--driver-root", str(root), "--dev-root", str(dev_root), "--nvidia-cdi-hook-path", hook),
        )

    def edits(self) -> ContainerEdits:
        """Mounts, hooks and variables.

        Raises:
            EnvironmentFault: the program fails, takes too long, or prints something else.
        """
        try:
            found = msgspec.json.decode(printed(self._path, *self._flags), type=Generated)["containerEdits"]
        except msgspec.MsgspecError as error:
            message = f"{self._path} gives no CDI document: {error}"
            raise EnvironmentFault(message) from error
        return {
            # NVIDIA_VISIBLE_DEVICES is in the claim's document, and what no other driver sets stays
            "env": [each for each in found.get("env", []) if each != NO_NVIDIA_RUNTIME],
            "mounts": found.get("mounts", []),
            "hooks": found.get("hooks", []),
        }


def printed(path: Path, *arguments: str) -> bytes:
    """What the program prints.

    Raises:
        EnvironmentFault: it cannot be run, fails, or takes too long.
    """
    try:
        done = subprocess.run([path, *arguments], capture_output=True, timeout=TIMEOUT_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        message = f"{path} cannot be run: {error}"
        raise EnvironmentFault(message) from error
    if done.returncode:
        shown = " ".join(done.stderr.decode(errors="replace").split())[-300:]
        message = f"{path} ended with {done.returncode}: {shown}"
        raise EnvironmentFault(message)
    return done.stdout


def version_of(path: Path) -> str:
    """The version that the program prints, as ``NVIDIA Container Toolkit CLI version 1.18.0`` in its first line.

    Raises:
        EnvironmentFault: it prints none.
    """
    found = re.search(rb"version (\d[-+.\w]*)", printed(path, "--version"))
    if found is None:
        message = f"{path} --version names no version"
        raise EnvironmentFault(message)
    return found[1].decode()


def find_nvidia_ctk() -> Path | None:
    """Where the program is; None if it is not on the PATH."""
    found = shutil.which(PROGRAM)
    return Path(found) if found else None
