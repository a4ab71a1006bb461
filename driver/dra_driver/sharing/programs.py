"""Programs of NVIDIA's driver: found below the driver root, started with its library, limited in time."""

import os
import subprocess
from pathlib import Path

from dra_driver.errors import EnvironmentFault

FOLDERS = ("usr/bin", "bin", "opt/bin", "usr/local/nvidia/bin", "run/nvidia/driver/usr/bin")
LIBRARY_FOLDERS = ("usr/lib/x86_64-linux-gnu", "usr/lib/aarch64-linux-gnu", "usr/lib64", "usr/lib")
TIMEOUT_S = 20.0


class Programs:
    """The programs below one driver root."""

    def __init__(self, driver_root: Path) -> None:
        self._root = driver_root

    def path(self, name: str) -> Path:
        """Where a program is.

        Raises:
            EnvironmentFault: it is not there.
        """
        for folder in FOLDERS:
            found = self._root / folder / name
            if os.access(found, os.X_OK):
                return found
        message = f"no {name} below the driver root {self._root}; install it or give --driver-root"
        raise EnvironmentFault(message)

    def environment(self, **variables: str) -> dict[str, str]:
        """The environment of a program, with the libraries of the driver root first."""
        folders = [str(self._root / folder) for folder in LIBRARY_FOLDERS if (self._root / folder).is_dir()]
        paths = [*folders, *filter(None, [os.environ.get("LD_LIBRARY_PATH", "")])]
        if self._root == Path("/"):
            return {**os.environ, **variables}
        return {**os.environ, "LD_LIBRARY_PATH": ":".join(paths), **variables}

    def run(self, name: str, *arguments: str, text: str = "", **variables: str) -> str:
        """The output of a program, which gets TEXT on its standard input.

        Raises:
            EnvironmentFault: it is not there, fails or takes too long.
        """
        command = [str(self.path(name)), *arguments]
        try:
            done = subprocess.run(
                command,
                input=text,
                env=self.environment(**variables),
                capture_output=True,
                text=True,
                timeout=TIMEOUT_S,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            message = f"{name}: {error}"
            raise EnvironmentFault(message) from error
        if done.returncode:
            shown = " ".join((done.stderr or done.stdout).split())[:300]
            message = f"{' '.join([name, *arguments])} ended with {done.returncode}: {shown}"
            raise EnvironmentFault(message)
        return done.stdout
