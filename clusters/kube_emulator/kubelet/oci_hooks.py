"""Runs the OCI hooks that CDI devices bring, as runtimes do, with runc's words for what fails.

Facts: opencontainers/runtime-spec 1.3 (runtime.md, lifecycle; config.md, POSIX-platform hooks) and runc 1.3
libcontainer/configs ``Hooks.Run`` and ``Command.Run``: a hook gets the container's state on stdin and nothing but its own
environment; the first one that fails ends the phase. Only the standard library is used, because ``container_init`` runs
this inside the container.
"""

import json
import os
import subprocess
from collections.abc import Sequence
from typing import Any

BEFORE_START = ("prestart", "createRuntime", "createContainer", "startContainer")
LIMIT_S = 120.0
"""What a hook without a time of its own gets: the kubelet's time for a call of the runtime (``--runtime-request-timeout``)."""
WORDS_MAX = 2048
"""Characters of a hook's output in an error: a container's message has at most 4096 (kubelet MaxContainerTerminationMessageLength)."""


class HookFailed(Exception):
    """A hook failed; the text says which and why."""


def run_hooks(phase: str, hooks: Sequence[dict[str, Any]], state: dict[str, Any]) -> None:
    """Run the hooks of PHASE one after the other.

    Raises:
        HookFailed: one failed; later ones were not run.
    """
    for number, hook in enumerate(hook for hook in hooks if hook["hookName"] == phase):
        try:
            run_hook(hook, state)
        except HookFailed as error:
            message = f"error running {phase} hook #{number}: {error}"
            raise HookFailed(message) from error


def run_hook(hook: dict[str, Any], state: dict[str, Any]) -> None:
    """Run one hook; after its time it is killed and has failed."""
    environment = dict(entry.partition("=")[::2] for entry in hook.get("env") or [])
    limit = float(hook.get("timeout") or LIMIT_S)
    try:
        process = subprocess.Popen(  # the driver names it
            hook.get("args") or [hook["path"]],
            executable=hook["path"],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
    except OSError as error:
        why = os.strerror(error.errno).lower() if error.errno else str(error)
        message = f"error running hook: fork/exec {hook['path']}: {why}, stdout: , stderr: "
        raise HookFailed(message) from error
    with process:
        try:
            output, errors = process.communicate(json.dumps(state).encode(), min(limit, LIMIT_S))
        except subprocess.TimeoutExpired as error:
            process.kill()
            process.wait()  # not for its output: what it started may keep that open
            message = f"hook ran past specified timeout of {min(limit, LIMIT_S):.1f}s"
            raise HookFailed(message) from error
    if process.returncode:
        code = process.returncode
        ended = f"exit status {code}" if code > 0 else f"signal: {-code}"
        message = f"error running hook: {ended}, stdout: {words(output)}, stderr: {words(errors)}"
        raise HookFailed(message)


def words(output: bytes) -> str:
    """The end of what a hook printed."""
    return output.decode(errors="replace").strip()[-WORDS_MAX:]
