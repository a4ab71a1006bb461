"""Domains of real nvidia-imex processes, each with an address of its own on the loopback network."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

PATIENCE_S = 30.0


@dataclass
class Domain:
    """Daemons that are started one by one.

    Attributes:
        nodes: the lines of the list of nodes.
        drivers: the folder of the fake node at an address, if it has one.
    """

    folder: Path
    port: int
    nodes: list[str]
    running: dict[str, subprocess.Popen[str]] = field(default_factory=dict)
    drivers: dict[str, Path] = field(default_factory=dict)

    def write(self, address: str, nodes: list[str] | None = None, **more: str) -> Path:
        """The configuration of one node."""
        place = self.folder / address
        place.mkdir(exist_ok=True)
        (place / "nodes.cfg").write_text("\n".join(nodes or self.nodes) + "\n")
        values = {
            "IMEX_NODE_CONFIG_FILE": place / "nodes.cfg",
            "BIND_INTERFACE_IP": address,
            "SERVER_PORT": self.port,
            "IMEX_CMD_UNIX_DOMAIN_PATH": place / "ctl.sock",
        }
        config = place / "imex.cfg"
        config.write_text("".join(f"{name}={value}\n" for name, value in (values | more).items()))
        return config

    def start(self, address: str, *, version: str = "580.95.05", **more: Any) -> None:
        """Start a daemon and wait until it answers."""
        config, root = self.write(address, **more), self.folder / f"root-{version}"
        (root / "sys/module/nvidia").mkdir(parents=True, exist_ok=True)
        (root / "sys/module/nvidia/version").write_text(version)
        driver = {"FAKE_NVML_DIR": str(self.drivers[address])} if address in self.drivers else {}
        self.running[address] = subprocess.Popen(
            [sys.executable, "-m", "fake_nvml.programs.imex", "-c", str(config)],
            env=os.environ | {"FAKE_NVIDIA_DRIVER_ROOT": str(root)} | driver,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.until(lambda: self.ask(address, "-q").returncode == 0)

    def stop(self, address: str, number: int = signal.SIGTERM) -> int:
        """End a daemon; its exit code."""
        self.running[address].send_signal(number)
        return self.ended(address)

    def ended(self, address: str) -> int:
        """The exit code of a daemon that ends."""
        process = self.running.pop(address)
        code = process.wait(PATIENCE_S)
        if process.stderr:
            process.stderr.close()
        return code

    def ask(self, address: str, *options: str) -> subprocess.CompletedProcess[str]:
        """``nvidia-imex-ctl`` on a node."""
        config = self.folder / address / "imex.cfg"
        command = [sys.executable, "-m", "fake_nvml.programs.imex_ctl", "-c", str(config), *options]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE_S)

    def seen(self, address: str) -> dict[str, Any]:
        """The domain as a node sees it."""
        found: dict[str, Any] = json.loads(self.ask(address, "-N", "-j").stdout)
        return found

    def links(self, address: str) -> dict[str, str]:
        """{host: status} of a node's own connections."""
        [row] = [node for node in self.seen(address)["nodes"].values() if node["host"] == address]
        return {one["host"]: one["status"] for one in row["connections"].values()}

    def until(self, holds: Callable[[], bool]) -> None:
        """Wait for something; each look is a program that runs, so there is no pause."""
        end = monotonic() + PATIENCE_S
        while not holds():
            dead = [name for name, process in self.running.items() if process.poll() is not None]
            assert not dead, f"ended: {dead}"
            assert monotonic() < end


@pytest.fixture
def domain(tmp_path: Path) -> Iterator[Domain]:
    """A domain of two nodes, none started."""
    addresses = ["127.0.0.2", "127.0.0.3"]
    with socket.socket() as probe:
        probe.bind((addresses[0], 0))
        port = probe.getsockname()[1]
    made = Domain(tmp_path, port, addresses)
    yield made
    for address in list(made.running):
        made.stop(address, signal.SIGKILL)
