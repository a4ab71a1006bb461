"""The driver as a process, with its folders below one folder."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

COMMAND = [sys.executable, "-c", "import sys; from dra_driver.cli import main; sys.exit(main())"]
DRIVER = "gpu.dra-conformance.dev"
LIMIT_S = 120


def wait_for(what: Callable[[], Any]) -> Any:
    """The first true answer of WHAT."""
    end = time.monotonic() + LIMIT_S
    while time.monotonic() < end:
        if found := what():
            return found
        time.sleep(0.02)
    raise AssertionError(what)


class Driver:
    """A driver process with its folders below one folder."""

    def __init__(self, folder: Path, environment: dict[str, str], kubeconfig: Path, *arguments: str) -> None:
        self.registration = folder / "registry" / f"{DRIVER}-reg.sock"
        self.socket = folder / "plugins" / DRIVER / "dra.sock"
        self.cdi = folder / "cdi"
        self.log = folder / "log"
        options = {
            "node-name": "node-0",
            "kubeconfig": kubeconfig,
            "registry-dir": folder / "registry",
            "plugins-dir": folder / "plugins",
            "cdi-dir": self.cdi,
            "rescan-seconds": "0.1",
        }
        flags = [part for name, value in options.items() for part in (f"--{name}", str(value))]
        with self.log.open("w") as log:
            self.process = subprocess.Popen([*COMMAND, *flags, *arguments], env=environment, stderr=log)

    def __enter__(self) -> Self:
        wait_for(lambda: self.registration.exists() or self.process.poll() is not None)
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(LIMIT_S)
