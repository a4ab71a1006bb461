"""What the commands that start a cluster share: one-line usage errors, signals, and a command that runs inside a cluster."""

import argparse
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from kube_emulator.errors import UsageError

END_SIGNALS = (signal.SIGTERM, signal.SIGHUP)
COMMAND_GRACE_S = 10.0
"""How long a command may take to end after SIGTERM, before it is killed."""


class OneLineParser(argparse.ArgumentParser):
    """A parser whose usage errors are one line and exit with 2."""

    def error(self, message: str) -> None:  # type: ignore[override] # argparse exits here, and so do we
        """Exit with 2."""
        self.exit(2, f"{self.prog}: {message}; see {self.prog} --help\n")


def node_count(text: str) -> int:
    """Parse a number of nodes; a type for ``add_argument``.

    Raises:
        ArgumentTypeError: TEXT is not a number, or negative.
    """
    if not (text.isascii() and text.isdecimal()):
        message = f"{text!r}: wanted a number of nodes"
        raise argparse.ArgumentTypeError(message)
    return int(text)


def switched_on(text: str) -> bool:
    """Whether the environment variable of a flag without a value switches it on."""
    return text.lower() not in ("", "0", "false")


def prepare_signals(*, wait: bool) -> None:
    """Make SIGTERM and SIGHUP end this process in order; call it before the cluster starts.

    With WAIT, SIGINT and they are blocked instead, also in the threads that the cluster will start: ``run_inside``
    without a command waits for them.
    """
    for number in _end_signals():
        signal.signal(number, _exit)
    if wait:
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, *_end_signals()})


def _end_signals() -> set[signal.Signals]:
    """Those that this process does not ignore: nohup ignores SIGHUP."""
    return {number for number in END_SIGNALS if signal.getsignal(number) is not signal.SIG_IGN}


def run_inside(arguments: Sequence[str], kubeconfig: Path) -> int:
    """Run a command with ``KUBECONFIG`` set; without one wait for SIGINT, SIGTERM or SIGHUP.

    Returns the command's exit code, 128 + n if signal n ended it, as shells do.

    Raises:
        UsageError: the command cannot be run.
    """
    if not arguments:
        print(f"export KUBECONFIG={kubeconfig}", flush=True)
        signal.sigwait({signal.SIGINT, *_end_signals()})
        return 0
    try:
        process = subprocess.Popen(list(arguments), env={**os.environ, "KUBECONFIG": str(kubeconfig)})
    except OSError as error:
        message = f"cannot run {arguments[0]}: {error.strerror}"
        raise UsageError(message) from error
    try:
        while True:
            with contextlib.suppress(KeyboardInterrupt):  # the terminal sent it to the command too
                code = process.wait()
                return code if code >= 0 else 128 - code
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a command that still runs."""
    process.terminate()
    try:
        process.wait(COMMAND_GRACE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _exit(number: int, _frame: object) -> None:
    """Exit as a shell reports a signal; the context managers on the stack stop the cluster."""
    sys.exit(128 + number)
