"""The configuration of nvidia-imex (``/etc/nvidia-imex/config.cfg``) and its list of nodes. Pure, but for reading files."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from fake_nvml.errors import UsageError

DEFAULT_CONFIG = Path("/etc/nvidia-imex/config.cfg")
DEFAULT_NODES = "/etc/nvidia-imex/nodes_config.cfg"
QUORUMS = ("FULL", "RECOVERY", "NONE")
NODES_MAX = 4096
FILE_MAX = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What a daemon is asked to do; names and defaults are those of NVIDIA's file.

    Attributes:
        bind: address that peers connect to; empty: the first address of the list that is one of this machine.
        command: where ``nvidia-imex-ctl`` asks: a path of a UNIX socket, or (address, port).
        quorum: FULL waits for every node before READY; RECOVERY and NONE do not.
        grace_s: how long a lost peer is recovering before it counts as disconnected; negative: for ever.
    """

    node_file: Path = Path(DEFAULT_NODES)
    bind: str = ""
    port: int = 50000
    command: Path | tuple[str, int] | None = ("127.0.0.1", 50005)
    quorum: str = "RECOVERY"
    grace_s: float = -1
    log: Path | None = None


def read(path: Path) -> Config:
    """The configuration in PATH; a file that is not there has every default.

    Raises:
        UsageError: a value is none that nvidia-imex takes.
    """
    return parse(read_text(path) if path.exists() else "", str(path))


def read_text(path: Path) -> str:
    """The text of a file of bounded size.

    Raises:
        UsageError: it cannot be read, or is too large.
    """
    try:
        with path.open("rb") as file:
            content = file.read(FILE_MAX + 1)
    except OSError as error:
        message = f"cannot read {path}: {error.strerror}"
        raise UsageError(message) from error
    if len(content) > FILE_MAX:
        message = f"{path} is larger than {FILE_MAX} bytes"
        raise UsageError(message)
    return content.decode(errors="replace")


def parse(text: str, where: str) -> Config:
    """The configuration in TEXT, which came from WHERE; names that are not known here are ignored.

    Raises:
        UsageError: a value is none that nvidia-imex takes.
    """
    lines = (line.strip() for line in text.splitlines())
    pairs = (line.partition("=") for line in lines if "=" in line and not line.startswith("#"))
    known = {name.strip(): value.strip() for name, _, value in pairs if value.strip()}
    quorum = known.get("IMEX_WAIT_FOR_QUORUM", "RECOVERY")
    if quorum not in QUORUMS:
        message = f"{where}: IMEX_WAIT_FOR_QUORUM={quorum}: wanted one of {', '.join(QUORUMS)}"
        raise UsageError(message)
    return Config(
        node_file=Path(known.get("IMEX_NODE_CONFIG_FILE", DEFAULT_NODES)),
        bind=known.get("BIND_INTERFACE_IP", ""),
        port=number(known, "SERVER_PORT", 50000, where, most=65535),
        command=command_of(known, where),
        quorum=quorum,
        grace_s=number(known, "IMEX_NODE_DISCONNECTED_GRACE_TIME", -1, where, least=-1, most=1 << 31),
        log=Path(known["LOG_FILE_NAME"]) if "LOG_FILE_NAME" in known else None,
    )


def command_of(known: dict[str, str], where: str) -> Path | tuple[str, int] | None:
    """Where commands are answered: a UNIX socket if one is named, else TCP, nowhere if that is switched off."""
    if known.get("IMEX_CMD_ENABLED") == "0":
        return None
    if "IMEX_CMD_UNIX_DOMAIN_PATH" in known:
        return Path(known["IMEX_CMD_UNIX_DOMAIN_PATH"])
    address = known.get("IMEX_CMD_BIND_INTERFACE_IP", "127.0.0.1")
    return address, number(known, "IMEX_CMD_PORT", 50005, where, most=65535)


def number(known: dict[str, str], name: str, default: int, where: str, *, least: int = 0, most: int) -> int:
    """A whole number of the configuration.

    Raises:
        UsageError: it is none, or out of range.
    """
    text = known.get(name, str(default))
    if not text.removeprefix("-").isdecimal() or not least <= int(text) <= most:
        message = f"{where}: {name}={text}: wanted a number from {least} to {most}"
        raise UsageError(message)
    return int(text)


def read_nodes(path: Path) -> tuple[str, ...]:
    """The addresses or names of the domain's nodes in their order, which is their numbers.

    Raises:
        UsageError: the file cannot be read, names no node, one twice, or too many.
    """
    lines = (line.strip() for line in read_text(path).splitlines())
    found = tuple(line for line in lines if line and not line.startswith("#"))
    if not found:
        message = f"{path}: wanted an address or a name a line, found none"
        raise UsageError(message)
    twice = next((name for name in found if found.count(name) > 1), None) if len(found) <= NODES_MAX else None
    if twice is not None or len(found) > NODES_MAX:
        message = f"{path}: {twice} is there twice" if twice else f"{path}: more than {NODES_MAX} nodes"
        raise UsageError(message)
    return found


def map_of(nodes: tuple[str, ...]) -> str:
    """What two daemons compare to see whether they have the same list."""
    return hashlib.sha256("\n".join(nodes).encode()).hexdigest()
