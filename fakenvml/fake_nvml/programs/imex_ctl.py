"""A stand-in for nvidia-imex-ctl: ``-q`` prints the local daemon's state, ``-N`` the domain, ``-s`` stops the daemon.

Where the daemon answers is said by its configuration (``-c``), an address (``-i IP PORT``) or a socket (``-u``). ``-j``
prints the domain as JSON. ``-H`` (host names) and ``-n`` (a monitor) are not emulated.
"""

import json
import socket
import sys
from argparse import ArgumentParser
from pathlib import Path

from fake_nvml.errors import UsageError
from fake_nvml.imex.config import DEFAULT_CONFIG, read

TIMEOUT_S = 10.0
"""Longer than the daemon waits for a peer that does not answer."""


def parser() -> ArgumentParser:
    """The command line."""
    made = ArgumentParser(prog="nvidia-imex-ctl", allow_abbrev=False)
    where = made.add_mutually_exclusive_group()
    where.add_argument("-c", dest="config", type=Path, default=DEFAULT_CONFIG)
    where.add_argument("-i", dest="address", nargs=2, metavar=("IP", "PORT"))
    where.add_argument("-u", "--u", dest="socket", type=Path)
    what = made.add_mutually_exclusive_group(required=True)
    what.add_argument("-q", dest="command", action="store_const", const="state")
    what.add_argument("-N", dest="command", action="store_const", const="domain")
    what.add_argument("-s", dest="command", action="store_const", const="stop")
    made.add_argument("-j", dest="json", action="store_true")
    return made


def ask(where: Path | tuple[str, int], request: dict[str, object]) -> str:
    """The daemon's answer.

    Raises:
        OSError: there is none.
    """
    family, target = (socket.AF_UNIX, str(where)) if isinstance(where, Path) else (socket.AF_INET, where)
    with socket.socket(family, socket.SOCK_STREAM) as channel:
        channel.settimeout(TIMEOUT_S)
        channel.connect(target)
        channel.sendall(json.dumps(request).encode() + b"\n")
        with channel.makefile(encoding="utf-8") as answer:
            return answer.read()


def main() -> None:
    """Exit code 0 when the daemon answered, 1 when there is none, 2 for a usage error; stderr is empty on success."""
    asked = parser().parse_args()
    try:
        where = read(asked.config).command
        if asked.socket or asked.address:
            where = asked.socket or (asked.address[0], int(asked.address[1]))
        if where is None:
            message = "commands are switched off by IMEX_CMD_ENABLED=0"
            raise UsageError(message)
        sys.stdout.write(ask(where, {"command": asked.command, "json": asked.json}))
    except (UsageError, ValueError) as error:
        print(f"nvidia-imex-ctl: {error}", file=sys.stderr)  # noqa: T201 # the program's output
        raise SystemExit(2) from error
    except OSError as error:
        why = error.strerror or type(error).__name__
        print(f"Connection to the IMEX daemon failed: {why}", file=sys.stderr)  # noqa: T201 # the same
        raise SystemExit(1) from error


if __name__ == "__main__":
    main()
