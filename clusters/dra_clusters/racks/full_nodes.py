"""What runs on full nodes: a fake GPU node each, all served by one ``fake-nvml rack serve``, and the reference driver."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from dra_clusters.errors import EnvironmentFault
from dra_clusters.guard import ProcessGuard
from dra_clusters.provider import Node, RackOptions
from dra_clusters.racks.layout import FAKE_NVML, Layout, Tray, shape_flags

DRIVER = (sys.executable, "-c", "import sys; from dra_driver.entry import main; sys.exit(main())")
"""The command of the environment that this runs in, whatever is on the PATH."""
READY_S, STOP_S, PAUSE_S = 180.0, 20.0, 0.02
RESCAN_S = 5
"""How often the drivers look at their GPUs: faults of a fabric make no event."""


def driver_command(node: Node, root: Path, kubeconfig: Path) -> list[str]:
    """The reference driver on NODE with the fake node whose driver root is ROOT."""
    return [
        *(*DRIVER, "--kubeconfig", str(kubeconfig), "--node-name", node.name),
        *("--registry-dir", str(node.registry_dir), "--plugins-dir", str(node.plugins_dir)),
        *("--cdi-dir", str(node.cdi_dir), "--rescan-seconds", str(RESCAN_S)),
        *("--sysfs", str(root / "sys"), "--procfs", str(root / "proc"), "--dev-root", str(root)),
    ]


class FullNodes:
    """The processes of the full nodes of LAYOUT, which write below FOLDER.

    Args:
        kubeconfig: of the drivers.
    """

    def __init__(
        self, options: RackOptions, layout: Layout, nodes: Sequence[Node], folder: Path, kubeconfig: Path
    ) -> None:
        self._options, self._layout, self._folder, self._kubeconfig = options, layout, folder, kubeconfig
        self._nodes = {node.name: node for node in nodes}
        self._guard: ProcessGuard | None = None
        self._racks: subprocess.Popen[bytes] | None = None
        self._drivers: dict[str, subprocess.Popen[bytes]] = {}

    def start(self) -> None:
        """Serve the racks and start a driver on each full node, as soon as its fake node is there.

        Raises:
            EnvironmentFault: something ended, or took too long; the message names its log.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        self._guard = ProcessGuard()
        served = ["rack", "serve", *shape_flags(self._options), "--first", str(self._layout.full)]
        served += ["--driver-roots", "--follow-stdin", "--dir", str(self._folder)]
        self._racks = self._spawn(
            [*FAKE_NVML, *served], self._folder / "fake-nvml.log", {}, ends_with_us=True
        )
        for tray in self._layout.full_trays:
            self._wait((self._folder / tray.folder / "ready").exists, f"node {tray.name} has its GPUs")
            self.start_driver(tray)
        self._wait((self._folder / "ready").exists, "the racks are served")

    def start_driver(self, tray: Tray) -> None:
        """Start the driver of a node."""
        fake, node = self._folder / tray.folder, self._nodes[tray.name]
        self._drivers[tray.name] = self._spawn(
            driver_command(node, fake / "root", self._kubeconfig),
            node.directory / "driver.log",
            {"LD_LIBRARY_PATH": str(fake / "lib"), "FAKE_NVML_DIR": str(fake)},
        )

    def check(self) -> None:
        """See that every driver runs.

        Raises:
            EnvironmentFault: one has ended; the message is what it said last.
        """
        for name, process in self._drivers.items():
            if process.poll() is not None:
                log = self._nodes[name].directory / "driver.log"
                message = f"the driver of {name} ended with {process.returncode}: {log.read_text().strip()[-300:]} ({log})"
                raise EnvironmentFault(message)

    def stop_driver(self, tray: Tray) -> None:
        """Kill the driver of a node, as a loss of power does."""
        process = self._drivers.pop(tray.name, None)
        if process is not None:
            process.kill()
            process.wait()
            if self._guard is not None:
                self._guard.discard(process.pid)

    def stop(self) -> None:
        """End everything."""
        processes = [*self._drivers.values(), *([self._racks] if self._racks else [])]
        for process in processes:
            process.terminate()
        for process in processes:
            try:
                process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if self._racks is not None and self._racks.stdin is not None:
            self._racks.stdin.close()
        if self._guard is not None:
            self._guard.close()

    def _spawn(
        self, command: Sequence[str], log: Path, variables: dict[str, str], *, ends_with_us: bool = False
    ) -> "subprocess.Popen[bytes]":
        """Start a process; one that ENDS_WITH_US follows its standard input."""
        with log.open("ab") as written:
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE if ends_with_us else subprocess.DEVNULL,
                stdout=written,
                stderr=written,
                env={**os.environ, **variables},
                start_new_session=True,  # Ctrl-C ends the command in the cluster first, and then these
            )
        if self._guard is not None:
            self._guard.add(process.pid)
        return process

    def _wait(self, condition: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + READY_S
        while not condition():
            assert self._racks is not None
            if self._racks.poll() is not None or time.monotonic() > deadline:
                log = self._folder / "fake-nvml.log"
                message = f"waited for: {what}; found: {log.read_text().strip()[-300:]} ({log})"
                raise EnvironmentFault(message)
            time.sleep(PAUSE_S)
