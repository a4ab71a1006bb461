"""A stand-in for nvidia-imex: the daemon by which the nodes of a domain export memory to each other. Starts, says READY, ends.

It reads the configuration (``-c``, default /etc/nvidia-imex/config.cfg) for where the list of nodes, the log and the
command socket are, and answers ``nvidia-imex-ctl`` there. A node is ready when its own address is in the list, or the
list is empty; no memory is exported.
"""

import json
import signal
import socket
import sys
import time
from pathlib import Path

DEFAULT_CONFIG = Path("/etc/nvidia-imex/config.cfg")
REQUEST_MAX = 1024


def settings(path: Path) -> dict[str, str]:
    """NAME=VALUE lines of a configuration; a file that is not there is empty."""
    lines = path.read_text().splitlines() if path.exists() else []
    pairs = (line.partition("=") for line in lines if "=" in line and not line.startswith("#"))
    return {name.strip(): value.strip() for name, _, value in pairs}


def command_socket(known: dict[str, str]) -> Path:
    """Where the daemon answers."""
    return Path(
        known.get("IMEX_CMD_UNIX_SOCKET")
        or known.get("IMEX_CMD_BIND_INTERFACE_IP")
        or "/var/run/nvidia-imex.sock"
    )


def nodes(known: dict[str, str]) -> list[str]:
    """The addresses of the domain."""
    path = Path(known.get("IMEX_NODE_CONFIG_FILE", "/etc/nvidia-imex/nodes_config.cfg"))
    lines = path.read_text().splitlines() if path.exists() else []
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def status(known: dict[str, str], began_s: float) -> dict[str, object]:
    """What ``nvidia-imex-ctl -N`` prints: this node is ready, the others are whatever they say themselves."""
    rows = {
        str(number): {"host": address, "status": "READY" if number == 0 else "UNKNOWN"}
        for number, address in enumerate(nodes(known))
    }
    return {"status": "UP" if rows else "READY", "nodes": rows, "uptime_s": int(time.time() - began_s)}


def main() -> None:
    """Serve until SIGTERM; SIGUSR1 reads the list of nodes again, which every request does anyway."""
    arguments = sys.argv[1:]
    path = Path(arguments[arguments.index("-c") + 1]) if "-c" in arguments[:-1] else DEFAULT_CONFIG
    known, began = settings(path), time.time()
    where = command_socket(known)
    where.parent.mkdir(parents=True, exist_ok=True)
    where.unlink(missing_ok=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    signal.signal(signal.SIGUSR1, lambda *_: None)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(where))
        listener.listen(16)
        try:
            while True:
                channel, _ = listener.accept()
                with channel:
                    channel.settimeout(5)
                    wanted = channel.recv(REQUEST_MAX).strip()
                    answer = "READY" if wanted == b"-q" else json.dumps(status(known, began))
                    channel.sendall(f"{answer}\n".encode())
        finally:
            where.unlink(missing_ok=True)


if __name__ == "__main__":
    main()
