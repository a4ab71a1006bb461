"""A stand-in for nvidia-imex: the daemon by which the nodes of a domain share memory. ``fake_nvml.imex`` has its parts.

``-c CONFIG`` names the configuration (default /etc/nvidia-imex/config.cfg); ``--nogpu`` runs without a GPU, as the real
program can. It stays in the foreground whatever DAEMONIZE says: what starts it here supervises it.
"""

import asyncio
import logging
import os
import sys
from argparse import ArgumentParser
from pathlib import Path

from fake_nvml.errors import FakeNvmlError
from fake_nvml.imex.config import DEFAULT_CONFIG, read
from fake_nvml.imex.daemon import Daemon

NO_GPU = "NO_GPU"


def driver_version() -> str:
    """The version of the driver root that this program is in; NO_GPU outside of one."""
    root = os.environ.get("FAKE_NVIDIA_DRIVER_ROOT", "")
    path = Path(root) / "sys/module/nvidia/version"
    return path.read_text().strip() if root and path.is_file() else NO_GPU


def node_folder() -> Path | None:
    """The folder of the node's driver, which is found as the client library finds it; None if no node serves."""
    folder = Path(os.environ.get("FAKE_NVML_DIR") or "/run/fake-nvml")
    return folder if folder.is_dir() else None


def main() -> None:
    """Serve until SIGTERM; exit code 1 when it cannot start."""
    parser = ArgumentParser(prog="nvidia-imex", allow_abbrev=False)
    parser.add_argument("-c", dest="config", type=Path, default=DEFAULT_CONFIG)
    parser.add_argument("--nogpu", action="store_true")
    asked = parser.parse_args()
    try:
        config = read(asked.config)
        logging.basicConfig(
            filename=config.log, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s"
        )
        version, node = (NO_GPU, None) if asked.nogpu else (driver_version(), node_folder())
        asyncio.run(serve(asked.config, version, node))
    except (FakeNvmlError, OSError) as error:
        print(f"nvidia-imex: {error}", file=sys.stderr)  # noqa: T201 # the program's output
        raise SystemExit(1) from error


async def serve(config: Path, version: str, node: Path | None) -> None:
    """Be the daemon."""
    await Daemon(read(config), version, node).run()


if __name__ == "__main__":
    main()
