"""What the commands that start a cluster share: flags, one-line usage errors, signals, and a command inside a cluster."""

import argparse
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from kube_emulator.errors import UsageError

END_SIGNALS = (signal.SIGTERM, signal.SIGHUP)
COMMAND_GRACE_S = 10.0
"""How long a command may take to end after SIGTERM, before it is killed."""


class OneLineParser(argparse.ArgumentParser):
    """A parser whose usage errors are one line and exit with 2."""

    def error(self, message: str) -> None:  # type: ignore[override] # argparse exits here, and so do we
        """Exit with 2."""
        self.exit(2, f"{self.prog}: {message}; see {self.prog} --help\n")


class PrintVersion(argparse.Action):
    """Prints the version of the distribution, which is read only then: that takes longer than to parse the flags."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        """Print and exit with 0; the flag's ``const`` is the name that is printed."""
        from importlib.metadata import version

        print(f"{self.const} {version('dra-conformance')}")
        parser.exit()


class ClusterFlags:
    """Adds flags to a parser, each with an environment variable: PREFIX and the flag's name, such as ``PREFIX_NODES``."""

    def __init__(self, parser: argparse.ArgumentParser, prefix: str) -> None:
        self._parser = parser
        self._prefix = prefix

    def add(
        self, name: str, text: str, *, default: str | None = "", shown: str = "", **settings: Any
    ) -> None:
        """Add the flag NAME; SHOWN says in the help what the default means, where its value does not."""
        variable = self._variable(name)
        note = f"[${variable}, default{f': {shown}' if shown else f' {default}'}]"
        self._parser.add_argument(
            name, default=os.environ.get(variable, default), help=f"{text} {note}".lstrip(), **settings
        )

    def add_nodes(self) -> None:
        """How many nodes."""
        self.add("--nodes", "nodes with a running kubelet", default="1", type=node_count, metavar="N")

    def add_rbac(self) -> None:
        """Whether the cluster authorizes requests."""
        variable = self._variable("--rbac")
        self._parser.add_argument(
            "--rbac",
            action="store_true",
            default=switched_on(os.environ.get(variable, "")),
            help="let roles decide what users are allowed to do"
            f" [${variable}, default: every known user is allowed everything]",
        )

    def add_switches(self, runtime_config: str = "") -> None:
        """Which feature gates and versions of the API; RUNTIME_CONFIG is the default."""
        self.add("--feature-gates", "", shown="as the release has them", metavar="A=true,B=false")
        self.add(
            "--runtime-config",
            "versions of the API, e.g. api/all=true or resource.k8s.io/v1beta1=true",
            default=runtime_config,
            shown=runtime_config or "stable ones",
            metavar="NAME=true",
        )

    def add_directory(self) -> None:
        """Where the cluster writes."""
        self.add("--dir", "folder for everything it writes", shown="a temporary one", metavar="DIR")

    def _variable(self, name: str) -> str:
        return f"{self._prefix}_{name.removeprefix('--').replace('-', '_').upper()}"


def add_command(parser: argparse.ArgumentParser) -> None:
    """Add the command that runs inside the cluster."""
    parser.add_argument(
        "arguments",
        nargs="*",
        metavar="-- CMD",
        help="a command that runs with KUBECONFIG set; its exit code is returned",
    )


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


def run_inside(
    arguments: Sequence[str], kubeconfig: Path, variables: Mapping[str, str] = MappingProxyType({})
) -> int:
    """Run a command with ``KUBECONFIG`` and VARIABLES set; without one wait for SIGINT, SIGTERM or SIGHUP.

    Returns the command's exit code, 128 + n if signal n ended it, as shells do.

    Raises:
        UsageError: the command cannot be run.
    """
    if not arguments:
        for name, value in variables.items():
            print(f"export {name}={value}")
        print(f"export KUBECONFIG={kubeconfig}", flush=True)
        signal.sigwait({signal.SIGINT, *_end_signals()})
        return 0
    try:
        process = subprocess.Popen(
            list(arguments), env={**os.environ, **variables, "KUBECONFIG": str(kubeconfig)}
        )
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
