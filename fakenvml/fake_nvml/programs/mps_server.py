"""A stand-in for nvidia-cuda-mps-server: the process that represents all clients of one user. Started by the control daemon.

It holds nothing itself: what a client takes is counted for the client, as with servers since Volta.
"""

import os
import signal
import sys


def main() -> None:
    """Live until SIGTERM."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    sys.stdout.write(f"[Server {os.getpid():>5}] New server started\n")
    sys.stdout.flush()
    while True:
        signal.pause()


if __name__ == "__main__":
    main()
