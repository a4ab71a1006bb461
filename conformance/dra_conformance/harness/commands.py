"""Commands of the descriptor that come from its vendor and are not the driver: they run once, and print something."""

import os
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence

from dra_conformance.drivers.programs import find_program
from dra_conformance.errors import HarnessError

SHOWN = 300
"""Characters of the standard error of a command that failed, from its end."""


def run_command(
    what: str, command: Sequence[str], *, timeout_s: float, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Run a command to its end; its program is looked for as the driver's is.

    Args:
        what: the field of the descriptor that has it, for messages.
        command: ``{python}`` in it is this Python.
        timeout_s: seconds after which it is ended.
        environment: variables beside those of this process.

    Raises:
        HarnessError: it cannot be started, takes too long or fails; the text has the end of what it complained.
        UsageError: its program is not there.
    """
    argv = [argument.format_map({"python": sys.executable}) for argument in command]
    try:
        return subprocess.run(
            [find_program(argv[0]), *argv[1:]],
            env={**os.environ, **(environment or {})},
            capture_output=True,
            timeout=timeout_s,
            check=True,
        )
    except (OSError, subprocess.SubprocessError) as error:
        message = f"{what} of the descriptor: {shlex.join(argv)}: {reason(error)}"
        raise HarnessError(message) from error


def reason(error: OSError | subprocess.SubprocessError) -> str:
    """Why a command did not succeed, in one line with the end of what it complained."""
    match error:
        case subprocess.CalledProcessError():
            why = f"ended with {error.returncode}"
        case subprocess.TimeoutExpired():
            why = f"did not end within {error.timeout:g} s"
        case _:
            return str(error)
    complaint = " ".join((error.stderr or b"").decode(errors="replace").split())[-SHOWN:]
    return f"{why}: {complaint}" if complaint else why
