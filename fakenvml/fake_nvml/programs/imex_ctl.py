"""A stand-in for nvidia-imex-ctl: ``-q`` prints READY for this node, ``-N`` the state of the domain as JSON.

``-c CONFIG`` names the daemon's configuration, ``--u=SOCKET`` its command socket.
"""

import socket
import sys
from pathlib import Path

from fake_nvml.programs.imex import DEFAULT_CONFIG, command_socket, settings


def main() -> None:
    """Exit code 0 when the daemon answered, 1 when there is none, 2 for a usage error."""
    arguments = sys.argv[1:]
    path = Path(arguments[arguments.index("-c") + 1]) if "-c" in arguments[:-1] else DEFAULT_CONFIG
    named = [argument.partition("=")[2] for argument in arguments if argument.startswith("--u=")]
    where = Path(named[0]) if named else command_socket(settings(path))
    wanted = next((argument for argument in arguments if argument in ("-q", "-N", "-H")), None)
    if wanted is None:
        print("nvidia-imex-ctl: wanted -q or -N", file=sys.stderr)  # noqa: T201 # the program's output
        raise SystemExit(2)
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as channel:
            channel.connect(str(where))
            channel.sendall(wanted.encode())
            sys.stdout.write(channel.makefile().read())
    except OSError as error:
        print(f"Connection to the IMEX daemon failed: {error.strerror}", file=sys.stderr)  # noqa: T201 # the same
        raise SystemExit(1) from error


if __name__ == "__main__":
    main()
