"""The program kind with an engine: runs it, and knows its clusters."""

import os
import subprocess
from pathlib import Path

from dra_clusters.errors import EnvironmentFault
from dra_clusters.guard import ProcessGuard
from dra_clusters.kind.engine import Engine
from dra_clusters.kind.failures import explained

DELETE_S = 120.0


class Kind:
    """The program kind with an engine."""

    def __init__(self, path: Path, engine: Engine) -> None:
        self.path = path
        self.engine = engine

    def run(self, *arguments: str, limit_s: float, guard: ProcessGuard | None = None) -> str:
        """Run kind; what it printed.

        Raises:
            EnvironmentFault: it failed, or did not end in time.
        """
        what = f"kind {' '.join(arguments[:3])}"
        process = subprocess.Popen(
            [str(self.path), *arguments],
            env=self.engine.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,  # Ctrl-C of the terminal is for us: we end kind and remove what it made
        )
        if guard is not None:
            guard.add(process.pid)
        try:
            out, err = process.communicate(timeout=limit_s)
        except subprocess.TimeoutExpired as error:
            message = f"{what} did not end within {limit_s:.0f} s"
            raise EnvironmentFault(message) from error
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
            if guard is not None:
                guard.discard(process.pid)
        if process.returncode:
            message = f"{what} failed: {explained(err)}"
            raise EnvironmentFault(message)
        return out

    def clusters(self) -> list[str]:
        """The names of all its clusters."""
        return self.run("get", "clusters", limit_s=DELETE_S).split()

    def delete_command(self, name: str) -> list[str]:
        """What removes a cluster, also from a process that knows nothing of this one."""
        settings = [f"{key}={value}" for key, value in self.engine.settings.items()]
        return [
            "env",
            *settings,
            str(self.path),
            "delete",
            "cluster",
            "--name",
            name,
            "--kubeconfig",
            os.devnull,
        ]
