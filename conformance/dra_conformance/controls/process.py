"""The control driver as a process: it logs, and with a defect it hangs or ends."""

import os
import sys
import threading
import time

import grpc


def say(text: str) -> None:
    """Log."""
    sys.stderr.write(f"{time.time():.3f} {text}\n")
    sys.stderr.flush()


def end_when_exhausted(servers: list[grpc.Server]) -> None:
    """Stop serving as soon as no descriptor is left, and live on."""
    while True:
        try:
            os.close(os.open(os.devnull, os.O_RDONLY))
        except OSError:
            for server in servers:
                server.stop(grace=None)
            return
        time.sleep(0.01)


def hang() -> None:
    """Wait forever."""
    threading.Event().wait()
