"""Kills processes, and then runs commands, when the process that started them ends without stopping them, as after SIGKILL.

A small guard process holds the read end of a pipe and gets the process ids. When this process ends, however it ends, the
kernel closes the write end, and the guard kills what is left. ``prctl(PR_SET_PDEATHSIG)`` and ``setpriv --pdeathsig`` are
no substitute: they act when the *thread* that started the process ends, so a cluster that was started in a worker thread
would be killed while it is in use.
"""

import contextlib
import json
import subprocess
import sys
from collections.abc import Sequence

SCRIPT = """
import json, os, signal, subprocess, sys
guarded, commands = set(), []
for line in sys.stdin:
    if line[0] == "!":
        commands.append(json.loads(line[1:]))
    elif line[0] == "0":
        commands.clear()
    else:
        (guarded.add if line[0] == "+" else guarded.discard)(int(line[1:]))
for pid in guarded:
    try:
        # a leader's group has only what it started
        (os.killpg if os.getpgid(pid) == pid else os.kill)(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
for command in commands:
    subprocess.run(command, check=False)
"""
CLOSE_S = 10.0


class ProcessGuard:
    """Guards processes from ``add`` until ``discard``."""

    def __init__(self) -> None:
        # a session of its own: Ctrl-C and SIGHUP of the terminal must not end it before this process
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", SCRIPT],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
            text=True,
        )

    def add(self, pid: int) -> None:
        """Kill PID when this process ends."""
        self._send(f"+{pid}")

    def on_death(self, argv: Sequence[str]) -> None:
        """Run ARGV when this process ends, after the guarded ones were killed; it must be harmless when there is nothing to do."""
        self._send("!" + json.dumps(list(argv)))

    def forget_commands(self) -> None:
        """Run none of the commands: what they would remove is removed, or shall stay."""
        self._send("0")

    def discard(self, pid: int) -> None:
        """Leave PID alone: it was waited for, so that its number may be another process soon."""
        self._send(f"-{pid}")

    def close(self) -> None:
        """End the guard; it kills what is still guarded. Idempotent."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.wait(CLOSE_S)

    def _send(self, line: str) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(
            BrokenPipeError
        ):  # the guard was killed; the processes are stopped in ``down``
            self._process.stdin.write(line + "\n")
            self._process.stdin.flush()
