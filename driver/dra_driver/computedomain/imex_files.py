"""The files of an IMEX daemon: its configuration, its list of nodes, and the names of those in ``/etc/hosts``. Pure."""

from collections.abc import Mapping
from pathlib import Path

from dra_driver.computedomain.clique import imex_name

MARK = "compute-domain-daemon-"
SERVER_PORT, COMMAND_PORT = 50000, 50005
"""NVIDIA's defaults."""


def config_of(folder: Path, address: str) -> str:
    """``imexd.cfg`` of a daemon that listens at ADDRESS; its other files are in FOLDER.

    RECOVERY: it is ready without its peers and waits only for those that shared memory before it ended badly.
    """
    values = {
        "LOG_LEVEL": 4,
        "LOG_FILE_NAME": "",
        "DAEMONIZE": 0,
        "BIND_INTERFACE_IP": address,
        "SERVER_PORT": SERVER_PORT,
        "IMEX_NODE_CONFIG_FILE": folder / "nodes.cfg",
        "IMEX_WAIT_FOR_QUORUM": "RECOVERY",
        "IMEX_CMD_ENABLED": 1,
        "IMEX_CMD_PORT": COMMAND_PORT,
        "IMEX_CMD_BIND_INTERFACE_IP": address,
        "IMEX_NODE_DISCONNECTED_GRACE_TIME": -1,
    }
    return "".join(f"{name}={value}\n" for name, value in values.items())


def nodes_of(limit: int) -> str:
    """``nodes.cfg``: a name for every number, whether or not a daemon has it. So the list never changes."""
    return "".join(f"{imex_name(index)}\n" for index in range(limit))


def hosts_of(known: str, addresses: Mapping[str, str]) -> str:
    """The text KNOWN of ``/etc/hosts`` with the daemons' ADDRESSES in place of those that it had."""
    kept = [line for line in known.splitlines() if MARK not in line]
    return "\n".join([*kept, *(f"{address}\t{name}" for name, address in sorted(addresses.items()))]) + "\n"
