"""The container engine of kind clusters: its commands, and podman's configuration where no systemd manages cgroups."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from dra_clusters.errors import EnvironmentFault
from dra_clusters.kind.failures import explained
from dra_clusters.kind.plan import Choice

STEP_S, PULL_S = 60.0, 600.0
CONTAINERS_CONF = """\
# written by dra-cluster: podman without systemd, on cgroup v1 or without CAP_SYS_RESOURCE
[containers]
default_ulimits = ["nofile=20000:20000", "nproc=4096:4096"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
[network]
network_backend = "netavark"
"""
"""Limits below the machine's own: raising them is what needs CAP_SYS_RESOURCE."""


class Engine:
    """docker or podman, as kind uses it."""

    def __init__(self, choice: Choice, folder: Path) -> None:
        """Write the configuration, if there is one, into FOLDER."""
        self.name = choice.engine
        self.settings = {"KIND_EXPERIMENTAL_PROVIDER": choice.engine}
        if choice.private:
            folder.mkdir(parents=True, exist_ok=True)
            file = folder / "containers.conf"
            file.write_text(CONTAINERS_CONF)
            self.settings["CONTAINERS_CONF"] = str(file)

    @property
    def environment(self) -> Mapping[str, str]:
        """What kind and the engine are started with."""
        return {**os.environ, **self.settings}

    def run(self, *arguments: str, stdin: str = "", limit_s: float = STEP_S) -> str:
        """Run a command of the engine; what it printed.

        Raises:
            EnvironmentFault: it failed.
        """
        what = f"{self.name} {' '.join(arguments[:3])}"
        try:
            done = subprocess.run(
                [shutil.which(self.name) or self.name, *arguments],
                env=self.environment,
                input=stdin,
                capture_output=True,
                text=True,
                errors="replace",
                check=False,
                timeout=limit_s,
            )
        except subprocess.TimeoutExpired as error:
            message = f"{what} did not end within {limit_s:.0f} s"
            raise EnvironmentFault(message) from error
        if done.returncode:
            message = f"{what} failed: {explained(done.stderr)}"
            raise EnvironmentFault(message)
        return done.stdout

    def has_image(self, name: str) -> bool:
        """Whether the engine has an image."""
        try:
            self.run("image", "inspect", "--format", "{{.Id}}", name)
        except EnvironmentFault:
            return False
        return True

    def pull(self, name: str) -> None:
        """Pull an image.

        Raises:
            EnvironmentFault: it cannot be.
        """
        self.run("pull", "--quiet", name, limit_s=PULL_S)

    def inside(self, node: str, *command: str, stdin: str = "") -> str:
        """Run a command in a node's container."""
        flags = ("--interactive",) if stdin else ()
        return self.run("exec", *flags, node, *command, stdin=stdin)
